//! The findings: a list that opens one by one, a page at a time.

use std::sync::Arc;

use countersign_core::Report;
use countersign_core::report::Finding;
use leptos::ev::Event;
use leptos::html::Details;
use leptos::prelude::*;
use serde::Serialize;
use wasm_bindgen::JsCast;

use super::entry;
use crate::figures;
use crate::words;

/// How many are shown before somebody asks for more.
pub(crate) const PAGE: usize = 50;

/// The list of findings; nothing where there is none.
pub(crate) fn view(report: &Arc<Report>) -> impl IntoView + use<> {
    if report.findings.is_empty() {
        return None;
    }
    let listed = report.findings.len();
    let shown = RwSignal::new(PAGE.min(listed));
    let open_all = RwSignal::new(0_u32);
    // What is printed is all that is listed, open.
    let printed = window_event_listener(leptos::ev::Custom::<Event>::new("beforeprint"), move |_| {
        shown.set(listed);
        open_all.update(|asked| *asked += 1);
    });
    on_cleanup(move || printed.remove());
    let item = {
        let report = Arc::clone(report);
        move |place: usize| finding(&report, place, open_all)
    };
    Some(view! {
        <section class="findings" aria-labelledby="findings-heading">
            <div class="section-head">
                <h2 id="findings-heading">{figures::counted(report.findings_total, "finding", "findings")}</h2>
                <button type="button" class="button quiet" on:click=move |_| open_all.update(|asked| *asked += 1)>
                    "Open all shown"
                </button>
            </div>
            {kinds(report)}
            <ol class="finding-list">
                <For each=move || 0..shown.get() key=|place| *place children=item/>
            </ol>
            {more(shown, listed, report.findings_total)}
        </section>
    })
}

/// How many of each kind, where there are several.
fn kinds(report: &Report) -> impl IntoView + use<> {
    (report.findings_by_type.len() > 1).then(|| {
        let items = report.findings_by_type.iter().map(|(kind, count)| {
            view! { <li><code class="kind">{kind_name(kind)}</code> " " {figures::count(*count)}</li> }
        });
        view! { <ul class="kinds" aria-label="Findings by kind">{items.collect_view()}</ul> }
    })
}

/// One finding. What it holds is made only when it is first opened: a thousand would be slow at once.
fn finding(report: &Arc<Report>, place: usize, open_all: RwSignal<u32>) -> impl IntoView + use<> {
    let opened = RwSignal::new(place == 0);
    let wanted = Memo::new(move |_| open_all.get() > 0);
    let details = NodeRef::<Details>::new();
    // At every press, so that what was closed by hand since is opened again.
    Effect::new(move |_| {
        if open_all.get() > 0
            && let Some(details) = details.get()
        {
            details.set_open(true);
        }
    });
    let toggled = move |event: Event| {
        let open = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if open.is_some_and(|details| details.has_attribute("open")) {
            opened.set(true);
        }
    };
    let head = report.findings.get(place).map(|finding| head(finding, place));
    let report = Arc::clone(report);
    let body = move || {
        (opened.get() || wanted.get()).then(|| report.findings.get(place).map(|finding| entry::view(finding, place)))
    };
    view! {
        <li class="finding">
            <details node_ref=details open=move || place == 0 || wanted.get() on:toggle=toggled>
                <summary>{head}</summary>
                {body}
            </details>
        </li>
    }
}

fn head(finding: &Finding, place: usize) -> impl IntoView + use<> {
    let line = finding.line.map(|line| format!("line {}", figures::count(line)));
    let seq = finding.seq.map(|seq| format!("seq {}", figures::count(seq)));
    let at: Vec<String> = line.into_iter().chain(seq).collect();
    view! {
        <span class="finding-number">{figures::count(place as u64 + 1)}</span>
        <span class="finding-title">{words::finding(finding.error_type, finding.cause)}</span>
        <span class="finding-at">{if at.is_empty() { "whole file".to_owned() } else { at.join(" · ") }}</span>
        <code class="kind">{kind_name(&finding.error_type)}</code>
    }
}

/// Asks for the next page of a list, and says what the report itself does not list.
pub(crate) fn more(shown: RwSignal<usize>, listed: usize, total: u64) -> impl IntoView {
    let button = move || {
        let left = listed.saturating_sub(shown.get());
        (left > 0).then(|| {
            let next = left.min(PAGE);
            view! {
                <button type="button" class="button" on:click=move |_| shown.update(|shown| *shown += next)>
                    {format!("Show {next} more")}
                </button>
                <span class="muted">{format!("{} of {} shown", figures::count(shown.get() as u64), figures::count(listed as u64))}</span>
            }
        })
    };
    let unlisted = (total > listed as u64).then(|| {
        view! { <p class="hint">{format!("The report lists {} of {}.", figures::count(listed as u64), figures::count(total))}</p> }
    });
    view! { <div class="more">{button}</div>{unlisted} }
}

/// The name by which programs know a kind of finding or warning.
pub(crate) fn kind_name(kind: &impl Serialize) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
