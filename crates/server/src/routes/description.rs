//! What the interface says of itself.

use std::sync::Arc;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::problem::Problem;

const OPENAPI: &str = include_str!("../../openapi.json");

pub(super) async fn show(_app: Arc<App>, _call: Call) -> Result<Answer, Problem> {
    Ok(answer::text("application/json", OPENAPI))
}
