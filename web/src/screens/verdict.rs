//! The verdict, and beneath it all that the report holds.

use std::sync::Arc;

use countersign_core::Report;
use countersign_core::report::TrustGrade;
use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use super::{checkpoints, coverage, findings, summary, warnings};
use crate::parts::seal;
use crate::session::{InputHash, Session};
use crate::words;

/// The screen of a verdict.
pub(crate) fn view(session: Session, report: &Arc<Report>) -> impl IntoView + use<> {
    let verdict = words::verdict(report);
    view! {
        <article class="report" data-grade=words::grade(report.trust_grade).name aria-labelledby="verdict-heading">
            <div class=format!("verdict {}", verdict.tone.class())>
                {seal(verdict.tone)}
                <div>
                    <p class="tag">{verdict.tag}</p>
                    <h1 id="verdict-heading" tabindex="-1">{verdict.heading}</h1>
                    <p class="verdict-message">{report.message.clone()}</p>
                    <p class="verdict-of">{summary::in_a_line(report)}</p>
                </div>
            </div>
            {actions(session, report)}
            {findings::view(report)}
            {trust(report)}
            {summary::view(session, report)}
            {warnings::view(report)}
            {checkpoints::view(report)}
            {coverage::view(report)}
        </article>
    }
}

fn actions(session: Session, report: &Arc<Report>) -> impl IntoView + use<> {
    let report = Arc::clone(report);
    let save = move |_| {
        if let Err(reason) = download(&report, &session.input_hash.get_untracked()) {
            session.announcement.set(format!("The report could not be saved: {reason:?}"));
        }
    };
    view! {
        <p class="actions">
            <button type="button" class="button primary" on:click=save>"Download report (JSON)"</button>
            <button type="button" class="button" on:click=move |_| drop(window().print())>"Print"</button>
            <button type="button" class="button" on:click=move |_| session.start_over()>"Verify another file"</button>
        </p>
    }
}

/// The grade, what it shows and, as large, what it does not.
fn trust(report: &Report) -> impl IntoView + use<> {
    let grade = words::grade(report.trust_grade);
    let limits = grade.limits.iter().copied().chain((report.format == 1).then_some(words::FORMAT_1_LIMIT));
    view! {
        <section class="trust" aria-labelledby="trust-heading">
            <h2 id="trust-heading">"Trust grade: " <span class="grade">{grade.name}</span></h2>
            {ladder(report.trust_grade)}
            {report.signed_at.clone().map(|time| view! {
                <p class="signed-at">"Signed time, earliest of those that cover every entry: " <code>{time}</code></p>
            })}
            <div class="columns">
                <div>
                    <h3>"What it shows"</h3>
                    <p>{grade.shows}</p>
                </div>
                <div>
                    <h3>"What it does not show"</h3>
                    <ul class="plain-list">{limits.map(|limit| view! { <li>{limit}</li> }).collect_view()}</ul>
                </div>
            </div>
        </section>
    }
}

fn ladder(grade: TrustGrade) -> impl IntoView {
    let reached = words::grade(grade).name;
    let steps = words::LADDER.iter().map(|(name, takes)| {
        let here = *name == reached;
        view! {
            <li class="step" class:here=here aria-current=here.then_some("step")>
                <span class="step-name">{*name}</span>
                <span class="step-takes">{*takes}</span>
            </li>
        }
    });
    view! { <ol class="ladder" aria-label="Trust grades, from the weakest">{steps.collect_view()}</ol> }
}

/// Saves the report, with the input's SHA-256 where it is known by now.
fn download(report: &Report, input_hash: &InputHash) -> Result<(), JsValue> {
    let mut report = report.clone();
    if let InputHash::Known(hex) = input_hash {
        report.input.sha256 = Some(hex.clone());
    }
    let json = serde_json::to_string_pretty(&report).map_err(|error| JsValue::from_str(&error.to_string()))?;
    let kind = BlobPropertyBag::new();
    kind.set_type("application/json");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&json.into()), &kind)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let anchor: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    anchor.set_href(&url);
    anchor.set_download(&format!("{}.report.json", report.input.name.as_deref().unwrap_or("ledger")));
    anchor.click();
    // The browser reads the address only after this turn.
    set_timeout(move || drop(Url::revoke_object_url(&url)), std::time::Duration::from_secs(60));
    Ok(())
}
