//! Files that anybody may have: the built dashboard, and folders that the operator names.

use std::path::{Path, PathBuf};
use std::{fs, io};

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use tower_http::services::ServeDir;

use crate::answer::{Answer, empty, whole};
use crate::config::Config;
use crate::problem::Problem;
use crate::query::decoded;

/// All folders that are served.
pub(crate) struct Sites {
    page: Option<Files>,
    /// The page's own policy, which files beside it share.
    policy: Option<HeaderValue>,
    folders: Vec<(String, Files)>,
}

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// What files have of methods.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

impl Sites {
    pub(crate) fn new(config: &Config) -> Result<Self, String> {
        let policy = config.page.as_deref().map(policy).transpose()?;
        let folders = config.folders.iter().map(|folder| (folder.at.clone(), Files::of(&folder.path)));
        Ok(Self { page: config.page.as_deref().map(Files::of), policy, folders: folders.collect() })
    }

    /// Answers what is no resource of the interface, whose own addresses are never files.
    pub(crate) async fn answer(&self, method: &Method, uri: &Uri, headers: HeaderMap) -> Result<Answer, Problem> {
        let nothing = || Problem::not_found("such resource");
        if uri.path() == "/api" || uri.path().starts_with("/api/") {
            return Err(nothing());
        }
        let (files, within) = self.files(uri.path()).ok_or_else(nothing)?;
        match *method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return Ok(options()),
            _ => return Err(Problem::new("METHOD_NOT_ALLOWED", "files are only read").header(ALLOW, METHODS)),
        }
        if within.is_empty() {
            return redirect(uri);
        }
        let answer = files.answer(method, within, headers).await?;
        if answer.status().is_redirection() && answer.status() != StatusCode::NOT_MODIFIED {
            return redirect(uri);
        }
        self.judge(answer, uri.path())
    }

    /// Whose files a path asks for, and the path in there; of a folder itself, without the slash, there is none.
    fn files<'a>(&self, path: &'a str) -> Option<(&Files, &'a str)> {
        let rest = path.strip_prefix('/')?;
        let (first, _) = rest.split_once('/').unwrap_or((rest, ""));
        let folder = self.folders.iter().find(|(at, _)| at == first);
        folder.map(|(_, files)| (files, &rest[first.len()..])).or_else(|| Some((self.page.as_ref()?, path)))
    }

    fn judge(&self, mut answer: Answer, path: &str) -> Result<Answer, Problem> {
        match answer.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => {}
            StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE => {}
            status if status.is_server_error() => return Err(Problem::internal("a file could not be read")),
            _ => return Err(Problem::not_found("such file")),
        }
        let headers = answer.headers_mut();
        if let Some(policy) = &self.policy {
            headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        }
        if Path::new(path).extension().is_some_and(|ending| ending == "jsonl") && headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
        }
        // Several of the page's files keep their names from build to build, so a browser has to ask.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
        Ok(answer)
    }
}

/// A folder whose files are served: what lies in it, and whose name does not begin with a dot.
struct Files {
    root: PathBuf,
    serve: ServeDir,
}

impl Files {
    fn of(root: &Path) -> Self {
        Self { root: root.to_owned(), serve: ServeDir::new(root) }
    }

    async fn answer(&self, method: &Method, path: &str, headers: HeaderMap) -> Result<Answer, Problem> {
        let nothing = || Problem::not_found("such file");
        if !self.holds(path).await.map_err(of_file)? {
            return Err(nothing());
        }
        let uri = path.parse::<PathAndQuery>().map(Uri::from).map_err(|_| nothing())?;
        let mut request = Request::new(Empty::<Bytes>::new());
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method.clone(), uri, headers);
        Ok(self.serve.clone().try_call(request).await.map_err(of_file)?.map(whole))
    }

    /// Whether a path names something in the folder: by no name that begins with a dot, and by no link out of it.
    async fn holds(&self, path: &str) -> io::Result<bool> {
        let Some(path) = decoded(path) else { return Ok(false) };
        if path.split('/').any(|part| part.starts_with('.')) {
            return Ok(false);
        }
        let root = tokio::fs::canonicalize(&self.root).await?;
        let target = tokio::fs::canonicalize(self.root.join(path.trim_start_matches('/'))).await?;
        Ok(target.starts_with(root))
    }
}

/// A name that no file can have is one of no file.
fn of_file(error: io::Error) -> Problem {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound, PermissionDenied};
    match error.kind() {
        InvalidFilename | InvalidInput | NotADirectory | NotFound | PermissionDenied => Problem::not_found("such file"),
        _ => Problem::internal(error),
    }
}

fn options() -> Answer {
    let mut answer = empty();
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer.headers_mut().insert(ALLOW, METHODS);
    answer
}

/// To the same address with a slash behind it, in words that hold wherever a proxy has put it.
fn redirect(uri: &Uri) -> Result<Answer, Problem> {
    let (_, last) = uri.path().rsplit_once('/').unwrap_or_default();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut answer = empty();
    *answer.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let location = HeaderValue::try_from(format!("./{last}/{query}")).map_err(Problem::internal)?;
    answer.headers_mut().insert(LOCATION, location);
    Ok(answer)
}

/// The policy that the page gives itself, and who may frame it, which a page may not say in itself.
fn policy(page: &Path) -> Result<HeaderValue, String> {
    let index = page.join("index.html");
    let text = fs::read_to_string(&index).map_err(|error| format!("page: {}: {error}", index.display()))?;
    let own = text.split_once("http-equiv=\"Content-Security-Policy\" content=\"");
    let own = own.and_then(|(_, after)| after.split('"').next());
    let own = own.ok_or_else(|| format!("page: {} has no Content-Security-Policy", index.display()))?;
    HeaderValue::try_from(format!("{own}; frame-ancestors 'none'"))
        .map_err(|_| format!("page: the Content-Security-Policy of {} is no header", index.display()))
}
