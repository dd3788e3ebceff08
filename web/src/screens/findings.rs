//! The findings: a list that opens one by one, a page at a time, by kind where that is asked for.

use std::sync::Arc;

use countersign_core::Report;
use countersign_core::report::{ErrorType, Finding};
use leptos::ev::Event;
use leptos::html::Details;
use leptos::prelude::*;
use serde::Serialize;
use wasm_bindgen::JsCast;

use super::entry;
use super::pages::Pages;
use crate::figures;
use crate::parts::{plain, value, visible};
use crate::words;

/// What was asked of all that are shown: that they be open, or closed.
type Asked = RwSignal<Option<bool>>;

/// The list of findings; nothing where there is none.
pub(crate) fn view(report: &Arc<Report>) -> impl IntoView + use<> {
    if report.findings.is_empty() {
        return None;
    }
    let pages = Pages::of("finding-list");
    let asked: Asked = RwSignal::new(None);
    let kind = RwSignal::new(None);
    let matching = {
        let report = Arc::clone(report);
        // On paper there is no filter.
        Memo::new(move |_| of_kind(&report, kind.get().filter(|_| !pages.printing.get())))
    };
    let total = {
        let (all, by_type) = (report.findings_total, report.findings_by_type.clone());
        Signal::derive(move || kind.get().map_or(all, |kind| by_type.get(&kind).copied().unwrap_or_default()))
    };
    let listed = Signal::derive(move || matching.with(Vec::len));
    let item = {
        let report = Arc::clone(report);
        move |place: usize| finding(&report, place, asked, pages.printing)
    };
    Some(view! {
        <section class="findings" aria-labelledby="findings-heading">
            <div class="section-head">
                <h2 id="findings-heading">{figures::counted(report.findings_total, "finding", "findings")}</h2>
                <div class="section-acts">
                    <button type="button" class="button quiet" on:click=move |_| asked.set(Some(true))>"Open all shown"</button>
                    <button type="button" class="button quiet" on:click=move |_| asked.set(Some(false))>"Close all"</button>
                </div>
            </div>
            {kinds(report, kind, pages)}
            <ol class="finding-list" id=pages.list>
                <For
                    each=move || matching.with(|places| places[..pages.take(places.len())].to_vec())
                    key=|place| *place
                    children=item
                />
            </ol>
            {pages.more(listed, total)}
        </section>
    })
}

/// The places of those of a kind, or of all.
fn of_kind(report: &Report, kind: Option<ErrorType>) -> Vec<usize> {
    let is_wanted = |finding: &Finding| kind.is_none_or(|kind| finding.error_type == kind);
    (0..).zip(&report.findings).filter(|(_, finding)| is_wanted(finding)).map(|(place, _)| place).collect()
}

/// How many of each kind, where there are several; pressed, only those are shown.
fn kinds(report: &Report, chosen: RwSignal<Option<ErrorType>>, pages: Pages) -> impl IntoView + use<> {
    (report.findings_by_type.len() > 1).then(|| {
        let items = report.findings_by_type.iter().map(|(kind, count)| {
            let kind = *kind;
            let is_chosen = move || chosen.get() == Some(kind);
            let choose = move |_| {
                chosen.update(|chosen| *chosen = Some(kind).filter(|_| *chosen != Some(kind)));
                pages.begin_anew();
            };
            view! {
                <li>
                    <button type="button" class="kind-choice" aria-pressed=move || is_chosen().to_string() on:click=choose>
                        <code class="kind">{kind_name(&kind)}</code> " " {figures::count(*count)}
                    </button>
                </li>
            }
        });
        view! { <ul class="kinds" aria-label="Show only findings of one kind">{items.collect_view()}</ul> }
    })
}

/// One finding. What it holds is made only when it is first opened: a thousand would be slow at once.
fn finding(report: &Arc<Report>, place: usize, asked: Asked, printing: ReadSignal<bool>) -> impl IntoView + use<> {
    let at_first = place == 0 || asked.get_untracked() == Some(true);
    let is_made = RwSignal::new(at_first);
    // As the reader left it; on paper each is open.
    let left_open = StoredValue::new(at_first);
    let details = NodeRef::<Details>::new();
    let show = move |open: bool| {
        if open {
            is_made.set(true);
        }
        details.get().inspect(|details| details.set_open(open)).is_some()
    };
    // At every press, so that what was closed by hand since is opened again.
    Effect::new(move |_| {
        if let Some(open) = asked.get() {
            left_open.set_value(open);
            show(open);
        }
    });
    Effect::new(move |was: Option<bool>| {
        let (was, now) = (was.unwrap_or_default(), printing.get());
        let is_done = was == now || show(now || left_open.get_value());
        if is_done { now } else { was }
    });
    let toggled = move |event: Event| {
        let details = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let is_open = details.is_some_and(|details| details.has_attribute("open"));
        if is_open {
            is_made.set(true);
        }
        if !printing.get_untracked() {
            left_open.set_value(is_open);
        }
    };
    let head = report.findings.get(place).map(|finding| head(finding, place));
    let report = Arc::clone(report);
    let body = move || is_made.get().then(|| report.findings.get(place).map(|finding| entry::view(finding, place)));
    view! {
        <li class="finding" tabindex="-1">
            <details node_ref=details open=at_first on:toggle=toggled>
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
        <h3 class="finding-title">{words::finding(finding.error_type, finding.cause)}</h3>
        <span class="finding-at">{if at.is_empty() { "whole file".to_owned() } else { at.join(" · ") }}</span>
        <code class="kind">{kind_name(&finding.error_type)}</code>
        <span class="finding-brief">
            {finding.transaction_id.as_deref().map(value)} " "
            {brief(finding).map(|brief| view! { <span>{brief}</span> })}
        </span>
    }
}

/// What tells a finding from others of its kind.
fn brief(finding: &Finding) -> Option<String> {
    let modified = finding.modified_fields.iter().flatten();
    let mut changes: Vec<String> =
        modified.map(|m| format!("{}: {}, was {}", m.field, plain(&m.found), plain(&m.original))).collect();
    let more = changes.len().saturating_sub(2);
    changes.truncate(2);
    if more > 0 {
        changes.push(format!("and {more} more"));
    }
    let concerned = [&finding.account, &finding.tax_type, &finding.currency, &finding.field];
    let concerned = concerned.into_iter().flatten().map(|text| visible(text));
    let all: Vec<String> =
        if changes.is_empty() { which(finding).into_iter().chain(concerned).collect() } else { changes };
    (!all.is_empty()).then(|| all.join(", "))
}

/// Which entries it is about, where that is not the one it stands at.
fn which(finding: &Finding) -> Option<String> {
    let missing = finding.missing.map(|missing| format!("missing: {}", entry::seq_range(missing)));
    let moved = || finding.seqs.as_deref().map(|seqs| format!("not in place: {}", entry::seq_list(seqs, 8)));
    let count = || finding.count.map(|count| figures::counted(count, "entry", "entries"));
    missing.or_else(moved).or_else(count)
}

/// The name by which programs know a kind of finding or warning.
pub(crate) fn kind_name(kind: &impl Serialize) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
