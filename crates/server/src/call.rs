//! A request on its way to its resource.

use hyper::body::Incoming;
use hyper::{HeaderMap, Method};

use crate::caller::Caller;
use crate::client::Client;
use crate::problem::Problem;
use crate::query::Query;

/// A request on its way to its resource.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Option<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) body: Incoming,
    pub(crate) caller: Caller,
    pub(crate) client: Client,
}

impl Call {
    /// A part of the path.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// What stands after the `?`; only `known` names may.
    pub(crate) fn query(&self, known: &[&str]) -> Result<Query, Problem> {
        Query::read(self.query.as_deref(), known)
    }
}
