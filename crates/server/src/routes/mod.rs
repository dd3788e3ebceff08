//! Every resource: its path, its methods, who may use them.

mod accounts;
mod acts;
mod checkpoint;
mod description;
mod entries;
mod erasures;
mod export;
mod halt;
mod health;
mod history;
mod metrics;
mod proof;
mod stats;
mod transactions;
mod treasury;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use hyper::Method;

use crate::answer::Answer;
use crate::app::App;
use crate::call::Call;
use crate::caller::Access;
use crate::problem::Problem;
use crate::query::decoded;
use crate::token::Role;

type Outcome = Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>>;

/// One method of a resource.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) writes: bool,
    /// Whether an answer may take as long to begin as an export.
    pub(crate) is_slow: bool,
    pub(crate) handler: Box<dyn Fn(Arc<App>, Call) -> Outcome + Send + Sync>,
}

fn route<F>(method: Method, path: &'static str, access: Access, handler: fn(Arc<App>, Call) -> F) -> Route
where
    F: Future<Output = Result<Answer, Problem>> + Send + 'static,
{
    let writes = method != Method::GET;
    let is_slow = false;
    Route { method, path, access, writes, is_slow, handler: Box::new(move |app, call| Box::pin(handler(app, call))) }
}

const EVERYBODY: Access = Access::Everybody;
const AUDITOR: Access = Access::Role(Role::Auditor);
const OPERATOR: Access = Access::Role(Role::Operator);
const ADMIN: Access = Access::Role(Role::Admin);

fn all() -> Vec<Route> {
    let (get, post) = (Method::GET, Method::POST);
    vec![
        route(get.clone(), "/healthz", EVERYBODY, health::alive),
        route(get.clone(), "/readyz", EVERYBODY, health::ready),
        route(get.clone(), "/metrics", AUDITOR, metrics::show),
        route(get.clone(), "/api/v1/openapi.json", EVERYBODY, description::show),
        Route { is_slow: true, ..route(get.clone(), "/api/v1/export", AUDITOR, export::show) },
        route(get.clone(), "/api/v1/checkpoint", AUDITOR, checkpoint::show),
        route(get.clone(), "/api/v1/proof", AUDITOR, proof::show),
        route(get.clone(), "/api/v1/entries", AUDITOR, entries::list),
        route(get.clone(), "/api/v1/entries/{entry}", AUDITOR, entries::show),
        route(get.clone(), "/api/v1/accounts", AUDITOR, accounts::frozen),
        route(post.clone(), "/api/v1/accounts", ADMIN, accounts::open),
        route(get.clone(), "/api/v1/accounts/{account}", AUDITOR, accounts::show),
        route(Method::PATCH, "/api/v1/accounts/{account}", ADMIN, accounts::change),
        route(get.clone(), "/api/v1/accounts/{account}/history", AUDITOR, history::show),
        route(post.clone(), "/api/v1/accounts/{account}/freeze", ADMIN, accounts::freeze),
        route(post.clone(), "/api/v1/accounts/{account}/unfreeze", ADMIN, accounts::unfreeze),
        route(get.clone(), "/api/v1/acts", AUDITOR, acts::list),
        route(get.clone(), "/api/v1/stats", AUDITOR, stats::show),
        route(get, "/api/v1/treasury", AUDITOR, treasury::show),
        route(post.clone(), "/api/v1/treasury/withdrawals", ADMIN, treasury::withdraw),
        route(post.clone(), "/api/v1/transactions", OPERATOR, transactions::order),
        route(post.clone(), "/api/v1/erasures", ADMIN, erasures::erase),
        route(post.clone(), "/api/v1/halt", ADMIN, halt::halt),
        route(post, "/api/v1/resume", ADMIN, halt::resume),
    ]
}

/// The methods of one path.
pub(crate) struct Resource {
    pub(crate) path: &'static str,
    pub(crate) routes: Vec<Route>,
}

impl Resource {
    /// The route of a method; HEAD is GET without a body.
    pub(crate) fn route(&self, method: &Method) -> Option<&Route> {
        let sought = if method == Method::HEAD { &Method::GET } else { method };
        self.routes.iter().find(|route| route.method == sought)
    }

    /// For `Allow`; methods that write only where the server does.
    pub(crate) fn allowed(&self, writable: bool) -> String {
        let served = self.routes.iter().filter(|route| writable || !route.writes);
        let mut methods: Vec<&str> = served.map(|route| route.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.join(", ")
    }
}

/// All resources by path.
pub(crate) struct Routes(matchit::Router<Resource>);

impl Routes {
    /// The table, which is the same for every server.
    pub(crate) fn all() -> &'static Self {
        static ALL: LazyLock<Routes> = LazyLock::new(|| Routes::new().expect("no two paths of the table are one"));
        &ALL
    }

    fn new() -> Result<Self, String> {
        let mut resources: Vec<Resource> = Vec::new();
        for route in all() {
            match resources.iter_mut().find(|resource| resource.path == route.path) {
                Some(resource) => resource.routes.push(route),
                None => resources.push(Resource { path: route.path, routes: vec![route] }),
            }
        }
        let mut router = matchit::Router::new();
        for resource in resources {
            router.insert(resource.path, resource).map_err(|error| error.to_string())?;
        }
        Ok(Self(router))
    }

    /// The resource of a path, and the parts of the path that it names.
    pub(crate) fn find(&self, path: &str) -> Option<(&Resource, Vec<(String, String)>)> {
        let found = self.0.at(path).ok()?;
        let parameters = found.params.iter().map(|(name, text)| Some((name.to_owned(), decoded(text)?)));
        Some((found.value, parameters.collect::<Option<_>>()?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Method and path, sorted.
    type Listed = Vec<(String, String)>;

    fn documented() -> Listed {
        let description: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
        let mut listed = Listed::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            let methods = methods.as_object().unwrap().keys();
            listed.extend(methods.map(|method| (method.to_uppercase(), path.clone())));
        }
        listed.sort();
        listed
    }

    #[test]
    fn what_is_served_is_documented_and_the_other_way_round() {
        let mut served: Listed =
            all().into_iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
        served.sort();
        assert_eq!(served, documented());
    }

    #[test]
    fn parts_of_a_path_are_read_as_they_were_meant() {
        let routes = Routes::new().unwrap();
        let (resource, parameters) = routes.find("/api/v1/accounts/a%3Ab/history").unwrap();
        assert_eq!(resource.path, "/api/v1/accounts/{account}/history");
        assert_eq!(parameters, [("account".to_owned(), "a:b".to_owned())]);
        for path in
            ["/api/v1/accounts/", "/api/v1/accounts/%ff", "/api/v1/accounts/a/b", "/api/v1/stats/", "/API/V1/stats"]
        {
            assert!(routes.find(path).is_none(), "{path}");
        }
        assert_eq!(routes.find("/api/v1/stats").unwrap().0.allowed(true), "GET, HEAD, OPTIONS");
        assert_eq!(routes.find("/api/v1/halt").unwrap().0.allowed(false), "OPTIONS");
    }
}
