//! Files that anybody may have: the built dashboard, and folders that the operator names.

use std::fs;
use std::path::Path;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use tower::ServiceExt;
use tower_http::services::ServeDir;

use crate::answer::{Answer, whole};
use crate::config::Config;
use crate::problem::Problem;

/// All folders that are served.
pub(crate) struct Sites {
    page: Option<ServeDir>,
    /// The page's own policy, which files beside it share.
    policy: Option<HeaderValue>,
    folders: Vec<(String, ServeDir)>,
}

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

impl Sites {
    pub(crate) fn new(config: &Config) -> Result<Self, String> {
        let policy = config.page.as_deref().map(policy).transpose()?;
        let folders = config.folders.iter().map(|folder| (folder.at.clone(), files(&folder.path)));
        Ok(Self { page: config.page.as_deref().map(files), policy, folders: folders.collect() })
    }

    /// Answers what is no resource of the interface.
    pub(crate) async fn answer(&self, method: &Method, uri: &Uri, headers: HeaderMap) -> Result<Answer, Problem> {
        let nothing = || Problem::not_found("such resource");
        let (files, uri) = match self.within_folder(uri.path()) {
            Some((files, path)) => (files, path.parse::<PathAndQuery>().map(Uri::from).map_err(|_| nothing())?),
            None => (self.page.as_ref().ok_or_else(nothing)?, uri.clone()),
        };
        let mut request = Request::new(Empty::<Bytes>::new());
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method.clone(), uri, headers);
        let answer = files.clone().oneshot(request).await.map_err(Problem::internal)?;
        self.judge(answer.map(whole))
    }

    fn within_folder<'a>(&self, path: &'a str) -> Option<(&ServeDir, &'a str)> {
        let rest = path.strip_prefix('/')?;
        let (first, _) = rest.split_once('/')?;
        let (_, files) = self.folders.iter().find(|(at, _)| at == first)?;
        Some((files, &rest[first.len()..]))
    }

    fn judge(&self, mut answer: Answer) -> Result<Answer, Problem> {
        match answer.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => {}
            StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE => {}
            StatusCode::METHOD_NOT_ALLOWED => {
                let allowed = HeaderValue::from_static("GET, HEAD");
                return Err(Problem::new("METHOD_NOT_ALLOWED", "files are only read").header(ALLOW, allowed));
            }
            status if status.is_server_error() => return Err(Problem::internal("a file could not be read")),
            _ => return Err(Problem::not_found("such file")),
        }
        let headers = answer.headers_mut();
        if let Some(policy) = &self.policy {
            headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        }
        // Several of the page's files keep their names from build to build, so a browser has to ask.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
        Ok(answer)
    }
}

fn files(path: &Path) -> ServeDir {
    ServeDir::new(path)
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
