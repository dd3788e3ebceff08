//! Exports of the ledger.

use std::sync::Arc;

use hyper::Method;

use crate::answer::Answer;
use crate::app::App;
use crate::call::Call;
use crate::export::{Conditions, Download, Form, PARAMETERS, begin};
use crate::problem::Problem;

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let download = Download {
        form: Form::read(&call.query(PARAMETERS)?, &call.headers, &call.caller)?,
        conditions: Conditions::of(&call.headers),
        is_head: call.method == Method::HEAD,
        may_sign: call.caller.sees_personal_data(),
    };
    begin(app, download).await
}
