//! Serves the built page and the demo ledgers to this machine.

use std::convert::Infallible;
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tower::ServiceExt;
use tower_http::services::ServeDir;
use tower_http::services::fs::ServeFileSystemResponseBody;

const PORT: u16 = 8787;

/// The port that was asked for, or else the first free one from 8787.
pub(crate) fn listen(port: Option<u16>) -> Result<TcpListener> {
    if let Some(port) = port {
        return bind(port).with_context(|| format!("port {port}"));
    }
    let free = (PORT..PORT + 100).map(bind).find(|bound| !matches!(bound, Err(e) if e.kind() == ErrorKind::AddrInUse));
    free.context("no port is free from 8787 on: name one with --port")?.context("no port may be listened on")
}

fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// What is served: the page at /, the demo ledgers at /demo/.
#[derive(Clone)]
pub(crate) struct Site {
    page: ServeDir,
    demo: ServeDir,
    policy: HeaderValue,
}

impl Site {
    pub(crate) fn new(page: &Path, demo: &Path) -> Result<Self> {
        let index = fs::read_to_string(page.join("index.html")).context("the built page has no index.html")?;
        // A page may not say in itself who may frame it.
        let policy = format!("{}; frame-ancestors 'none'", policy(&index).context("the built page has no policy")?);
        Ok(Self { page: ServeDir::new(page), demo: ServeDir::new(demo), policy: policy.try_into()? })
    }

    async fn answer(self, mut request: Request<Incoming>) -> Result<Response<ServeFileSystemResponseBody>, Infallible> {
        let files = match within_demo(request.uri()) {
            Some(uri) => {
                *request.uri_mut() = uri;
                self.demo
            }
            None => self.page,
        };
        let mut response = files.oneshot(request).await?;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy);
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Ok(response)
    }
}

/// Of every answer. Several of the page's files keep their names from build to build, so a browser has to ask.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-cache"),
];

/// The policy that the page gives itself.
fn policy(index: &str) -> Option<&str> {
    let (_, after) = index.split_once("http-equiv=\"Content-Security-Policy\" content=\"")?;
    after.split('"').next()
}

fn within_demo(uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix("/demo")?.strip_prefix('/')?;
    format!("/{rest}").parse::<PathAndQuery>().ok().map(Uri::from)
}

/// Serves until Ctrl-C.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn until_interrupted(listener: TcpListener, site: Site) -> Result<()> {
    tokio::select! {
        served = accept(listener, site) => served,
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

async fn accept(listener: TcpListener, site: Site) -> Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let site = site.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| site.clone().answer(request));
            // A browser that leaves in the middle is no news.
            let _left = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::path::PathBuf;
    use std::thread;

    use super::*;

    const INDEX: &str = r#"<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><p>page</p>"#;

    fn site() -> SocketAddr {
        let top =
            std::env::temp_dir().join(format!("countersign-serve-{}-{:?}", std::process::id(), thread::current().id()));
        let (page, demo): (PathBuf, PathBuf) = (top.join("page"), top.join("demo"));
        fs::create_dir_all(&page).unwrap();
        fs::create_dir_all(&demo).unwrap();
        fs::write(page.join("index.html"), INDEX).unwrap();
        fs::write(page.join("audit_bg.wasm"), b"\0asm").unwrap();
        fs::write(demo.join("demo.jsonl"), "{}\n").unwrap();
        fs::write(top.join("secret"), "secret").unwrap();
        let listener = listen(Some(0)).unwrap();
        let address = listener.local_addr().unwrap();
        let site = Site::new(&page, &demo).unwrap();
        thread::spawn(move || until_interrupted(listener, site));
        address
    }

    fn answer(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn the_page_and_the_demo_files_come_with_the_page_s_policy() {
        let address = site();
        let page = answer(address, "/");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(page.contains("content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n"), "{page}");
        assert!(page.contains("x-content-type-options: nosniff\r\n") && page.ends_with("<p>page</p>"), "{page}");
        let wasm = answer(address, "/audit_bg.wasm?build");
        assert!(
            wasm.contains("content-type: application/wasm\r\n") && wasm.contains("content-length: 4\r\n"),
            "{wasm}"
        );
        assert!(wasm.contains("cache-control: no-cache\r\n"), "{wasm}");
        assert!(answer(address, "/demo/demo.jsonl").ends_with("\r\n\r\n{}\n"));
    }

    #[test]
    fn nothing_else_is_served() {
        let address = site();
        let outside = [
            "/../secret",
            "/demo/../secret",
            "/demo/%2e%2e/secret",
            "/..%2fsecret",
            "/demo//../../secret",
            "/demo/..%5csecret",
        ];
        for path in outside.into_iter().chain(["/demo.jsonl", "/nothing", "/demo/nothing"]) {
            let answer = answer(address, path);
            assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        }
    }
}
