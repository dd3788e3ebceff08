//! The verdict, and beneath it all that the report holds.

use std::sync::Arc;

use countersign_core::Report;
use countersign_core::taxes::{Tax, Taxes};
use leptos::prelude::*;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::{checkpoints, coverage, findings, summary, warnings};
use crate::figures;
use crate::parts::{fact, seal, value, visible};
use crate::protocol::BUILD;
use crate::saving::save;
use crate::session::{InputHash, Session};
use crate::trusted::Brought;
use crate::words;

/// The screen of a verdict.
pub(crate) fn view(session: Session, report: &Arc<Report>) -> impl IntoView + use<> {
    let verdict = words::verdict(report);
    view! {
        <article class="report" data-grade=words::grade(report).name aria-labelledby="verdict-heading">
            <div class=format!("verdict {}", verdict.tone.class())>
                {seal(verdict.tone)}
                <div>
                    <p class="tag" id="verdict-tag">{verdict.tag}</p>
                    <h1 id="verdict-heading" tabindex="-1" aria-describedby="verdict-tag verdict-message">{verdict.heading}</h1>
                    <p class="verdict-message" id="verdict-message">{report.message.clone()}</p>
                    <p class="verdict-of">{summary::in_a_line(report)}</p>
                    {summary::evidence(session, report)}
                </div>
            </div>
            {actions(session, report)}
            {findings::view(report)}
            {trust(session, report)}
            {summary::view(session, report)}
            {warnings::view(report)}
            {checkpoints::view(session, report)}
            {coverage::view(report)}
        </article>
    }
}

fn actions(session: Session, report: &Arc<Report>) -> impl IntoView + use<> {
    let report = Arc::clone(report);
    let saved = once_hashed(session, move || match download(&report, session) {
        Ok(()) => session.kept.set(true),
        Err(reason) => session.announce(format!("The report could not be saved: {reason:?}")),
    });
    let printed = once_hashed(session, move || {
        session.kept.set(true);
        // Once the hash stands on the page, too.
        request_animation_frame(|| drop(window().print()));
    });
    view! {
        <p class="actions">
            <button type="button" class="button primary" on:click=move |_| saved.set(true)>
                {move || label(session, saved, "Download report (JSON)", "Saved")}
            </button>
            <button type="button" class="button" on:click=move |_| printed.set(true)>
                {move || label(session, printed, "Print", "Printed")}
            </button>
            <button type="button" class="button" on:click=move |_| session.start_over()>"Verify another file"</button>
        </p>
    }
}

/// What is done with a report, wherever it is wanted, once the hash of what it is about is known: without that it
/// would be no evidence.
fn once_hashed(session: Session, act: impl Fn() + 'static) -> RwSignal<bool> {
    let wanted = RwSignal::new(false);
    Effect::new(move |_| {
        let is_computing = matches!(session.input_hash.get(), InputHash::Computing(_));
        if wanted.get() && !is_computing {
            wanted.set(false);
            act();
        }
    });
    wanted
}

fn label(session: Session, wanted: RwSignal<bool>, usual: &str, waiting: &str) -> String {
    match session.input_hash.get() {
        InputHash::Computing(percent) if wanted.get() => {
            format!("{waiting} once its SHA-256 is known ({percent} %)")
        }
        _ => usual.to_owned(),
    }
}

/// The grade, what it shows and, as large, what it does not.
fn trust(session: Session, report: &Report) -> impl IntoView + use<> {
    let grade = words::grade(report);
    let limits = grade.limits.iter().copied().chain(words::further_limits(report));
    view! {
        <section class="trust" aria-labelledby="trust-heading">
            <h2 id="trust-heading">"Trust grade: " <span class="grade">{grade.name}</span></h2>
            {ladder(grade.name)}
            {report.signed_at.clone().map(|time| view! {
                <p class="signed-at">"Signed time, earliest of those that cover every entry: " <code>{time}</code></p>
            })}
            {given(&session.given.get_untracked())}
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

/// Which keys it was held to, whole: names are anybody's to choose.
fn given(brought: &Brought) -> impl IntoView + use<> {
    let keys = |term, keys: &[String]| keys.iter().map(|key| fact(term, value(key))).collect_view();
    let kept = brought.checkpoints.len() as u64;
    view! {
        <dl class="facts given">
            {keys("Key given", &brought.keys)}
            {keys("Witness given", &brought.witnesses)}
            {brought.taxes.iter().flat_map(Taxes::iter).map(tax).collect_view()}
            {(kept > 0).then(|| fact("Kept, and given", figures::counted(kept, "checkpoint", "checkpoints")))}
        </dl>
    }
}

/// One line of the table that taxes were held to.
fn tax((kind, Tax { rate, tax_type }): (&str, &Tax)) -> impl IntoView + use<> {
    fact("Tax given", format!("{kind}: {}.{:02} % to {tax_type}", rate / 100, rate % 100))
}

fn ladder(reached: &'static str) -> impl IntoView {
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

/// A report as it is saved: with who verified, and by which keys.
#[derive(Serialize)]
struct Saved {
    #[serde(flatten)]
    report: Report,
    verifier: Verifier,
}

#[derive(Serialize)]
struct Verifier {
    build: &'static str,
    #[serde(flatten)]
    given: Brought,
    /// Why the input has no hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    input_not_hashed: Option<String>,
}

/// Saves the report, with the input's SHA-256.
fn download(report: &Report, session: Session) -> Result<(), JsValue> {
    let mut report = report.clone();
    let mut input_not_hashed = None;
    match session.input_hash.get_untracked() {
        InputHash::Known(hex) => report.input.sha256 = Some(hex),
        InputHash::Failed(reason) => input_not_hashed = Some(reason),
        InputHash::Computing(_) => {}
    }
    let name = visible(report.input.name.as_deref().unwrap_or("ledger"));
    let verifier = Verifier { build: BUILD, given: session.given.get_untracked(), input_not_hashed };
    let json = serde_json::to_string_pretty(&Saved { report, verifier })
        .map_err(|error| JsValue::from_str(&error.to_string()))?;
    save(&format!("{name}.report.json"), "application/json", &json)
}
