//! What is no breach and yet worth knowing.

use countersign_core::Report;
use countersign_core::report::Warning;
use leptos::prelude::*;

use super::findings::kind_name;
use super::pages::Pages;
use crate::figures;
use crate::parts::{fact, plain, value};
use crate::words;

/// The list of warnings; nothing where there is none.
pub(crate) fn view(report: &Report) -> impl IntoView + use<> {
    if report.warnings.is_empty() {
        return None;
    }
    let warnings = StoredValue::new(report.warnings.clone());
    let listed = report.warnings.len();
    let total = report.warnings_total;
    let pages = Pages::of("warning-list");
    let item = move |place: usize| warnings.with_value(|all| all.get(place).map(warning));
    Some(view! {
        <section class="warnings" aria-labelledby="warnings-heading">
            <h2 id="warnings-heading">{figures::counted(report.warnings_total, "warning", "warnings")}</h2>
            <p class="hint">"No breach of the ledger's rules, and yet worth knowing."</p>
            <ul class="warning-list" id=pages.list>
                <For each=move || 0..pages.take(listed) key=|place| *place children=item/>
            </ul>
            {pages.more(Signal::stored(listed), Signal::stored(total))}
        </section>
    })
}

fn warning(warning: &Warning) -> impl IntoView + use<> {
    view! {
        <li class="warning" tabindex="-1">
            <div class="warning-title">
                <h3>{words::warning(warning.warning_type)}</h3>
                <code class="kind">{kind_name(&warning.warning_type)}</code>
            </div>
            <p>{warning.message.clone()}</p>
            <dl class="facts">
                {warning.line.map(|line| fact("Line", figures::count(line)))}
                {warning.seq.map(|seq| fact("Entry (seq)", figures::count(seq)))}
                {warning.transaction_id.as_deref().map(|id| fact("Transaction", value(id)))}
                {warning.account.as_deref().map(|account| fact("Account", value(account)))}
                {warning.count.map(|count| fact("Entries concerned", figures::count(count)))}
                {warning.expected.as_ref().map(|expected| fact("Expected", value(&plain(expected))))}
                {warning.found.as_ref().map(|found| fact("Found", value(&plain(found))))}
                {warning.fields.as_ref().map(|fields| fact("Fields", view! { <code class="value">{fields.join(", ")}</code> }))}
            </dl>
        </li>
    }
}
