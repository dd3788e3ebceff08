//! The facts of a report: the file, the ledger, how long it took.

use countersign_core::Report;
use countersign_core::report::EntryPlace;
use leptos::prelude::*;

use crate::figures;
use crate::parts::{fact, hash, value, visible};
use crate::protocol::BUILD;
use crate::session::{InputHash, Session};
use crate::words;

/// What the verdict is about: file, size, entries.
pub(crate) fn in_a_line(report: &Report) -> String {
    let entries = figures::counted(report.total_transactions, "entry", "entries");
    let name = visible(report.input.name.as_deref().unwrap_or("the input"));
    let warnings = match report.warnings_total {
        0 => String::new(),
        count => format!(" · {}", figures::counted(count, "warning", "warnings")),
    };
    format!("{name} · {} · {entries} · format {}{warnings}", figures::bytes(report.input.bytes), report.format)
}

/// Ledger, file and performance.
pub(crate) fn view(session: Session, report: &Report) -> impl IntoView + use<> {
    view! {
        <section class="summary" aria-labelledby="summary-heading">
            <h2 id="summary-heading">"What was verified"</h2>
            {ledger(report)}
            <h3>"The file"</h3>
            {input(session, report)}
            <h3>"The audit"</h3>
            {performance(report)}
        </section>
    }
}

fn ledger(report: &Report) -> impl IntoView + use<> {
    let name = match &report.ledger {
        Some(name) => view! { <span class="file-name">{visible(name)}</span> }.into_any(),
        None => view! { <span class="muted">"not stated by this format"</span> }.into_any(),
    };
    // What is about the file as a whole is at no entry.
    let has_place = report.findings.iter().any(|finding| finding.index.is_some());
    let before = report.transactions_verified_before_failure.filter(|_| has_place);
    view! {
        <dl class="facts">
            {fact("Entries", figures::count(report.total_transactions))}
            {before.map(|before| fact("Before the first finding", figures::counted(before, "entry", "entries")))}
            {fact(if words::is_vouched_for(report) { "Ledger" } else { "Ledger (as stated)" }, name)}
            {fact("Format", report.format.to_string())}
            {fact("First entry", place(report.first_transaction.as_ref()))}
            {fact("Last entry", place(report.last_transaction.as_ref()))}
            {report.head.as_deref().map(|head| fact("Head hash", hash(head)))}
            {report.root.as_deref().map(|root| fact("Merkle root", hash(root)))}
        </dl>
    }
}

fn place(place: Option<&EntryPlace>) -> AnyView {
    match place {
        Some(place) => view! {
            {value(&place.id)} " "
            <span class="when">{place.timestamp.clone()}</span>
        }
        .into_any(),
        None => view! { <span class="muted">"none"</span> }.into_any(),
    }
}

fn input(session: Session, report: &Report) -> impl IntoView + use<> {
    view! {
        <dl class="facts">
            {file(report)}
            {fact("SHA-256", view! { <span id="input-sha256">{move || input_hash(&session.input_hash.get())}</span> })}
        </dl>
    }
}

fn file(report: &Report) -> impl IntoView + use<> {
    let bytes = report.input.bytes;
    let exact = (bytes >= 1000).then(|| format!(" ({} bytes)", figures::count(bytes)));
    view! {
        {fact("Name", view! { <span class="file-name">{report.input.name.as_deref().map_or("–".to_owned(), visible)}</span> })}
        {fact("Size", view! { {figures::bytes(bytes)}{exact} })}
    }
}

/// What a verdict on paper is about, on its first page: which bytes, when, by what.
pub(crate) fn evidence(session: Session, report: &Report) -> impl IntoView + use<> {
    view! {
        <dl class="facts evidence">
            {file(report)}
            {fact("SHA-256", move || input_hash(&session.input_hash.get()))}
            {report.verified_at.clone().map(|at| fact("Verified at (UTC)", at))}
            {fact("Verified by", format!("Countersign, build {BUILD}"))}
        </dl>
    }
}

fn input_hash(known: &InputHash) -> AnyView {
    match known {
        InputHash::Computing(0) => view! { <span class="muted">"computing…"</span> }.into_any(),
        InputHash::Computing(percent) => {
            view! { <span class="muted">{format!("computing… {percent} %")}</span> }.into_any()
        }
        InputHash::Known(hex) => hash(hex).into_any(),
        InputHash::Failed(reason) => {
            view! { <span class="muted">{format!("not computed: {reason}")}</span> }.into_any()
        }
    }
}

fn performance(report: &Report) -> impl IntoView + use<> {
    let each = format!("{} ms", report.performance.average_time_per_transaction_ms);
    view! {
        <dl class="facts">
            {report.verified_at.clone().map(|at| fact("Verified at (UTC)", view! { <span class="when">{at}</span> }))}
            {fact("Time taken", figures::duration(report.verification_time_ms))}
            {fact("Entries per second", figures::count(report.performance.transactions_per_second))}
            {fact("Time per entry", each)}
        </dl>
    }
}
