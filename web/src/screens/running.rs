//! An audit under way: how far, how fast, how long still, and how to stop it.

use leptos::prelude::*;

use crate::figures;
use crate::parts::{fact, visible};
use crate::protocol::Progress;
use crate::session::Session;
use crate::words;

/// The screen of a running audit.
pub(crate) fn view(session: Session, name: &str) -> impl IntoView {
    let progress = session.progress;
    view! {
        <section class="running" aria-labelledby="running-heading">
            <p class="eyebrow">"Verifying"</p>
            <h1 id="running-heading" class="file-name" tabindex="-1">{visible(name)}</h1>
            {bar(progress)}
            <p class="pass">{move || words::reading(&progress.get())}</p>
            <dl class="facts gauges">
                {fact("Read", move || read(&progress.get()))}
                {fact("Entries checked", move || figures::count(progress.get().entries))}
                {fact("Entries per second", move || rate(&progress.get()))}
                {fact("Time left in this reading", move || left(&progress.get()))}
            </dl>
            <p class="actions">
                <button type="button" class="button" on:click=move |_| session.cancel()>"Cancel"</button>
            </p>
        </section>
    }
}

/// Without a value the bar says that the size is not known.
fn bar(progress: RwSignal<Progress>) -> impl IntoView {
    let value = move || progress.get().fraction().map(|fraction| format!("{fraction:.4}"));
    let percent = move || progress.get().fraction().map(|fraction| format!("{} %", percent(fraction)));
    view! {
        <div class="bar-row">
            <progress class="bar" role="progressbar" aria-label="Verification progress" max="1" value=value></progress>
            <span class="bar-percent" aria-hidden="true">{percent}</span>
        </div>
    }
}

/// Rounded down: 100 % is said only of what is done.
fn percent(fraction: f64) -> u64 {
    figures::rounded((fraction * 100.0).floor())
}

fn read(progress: &Progress) -> String {
    let read = figures::bytes(progress.bytes);
    match progress.total {
        Some(total) => format!("{read} of {}", figures::bytes(total)),
        None => read,
    }
}

fn rate(progress: &Progress) -> String {
    progress.rate().map_or_else(|| "–".to_owned(), |rate| figures::count(figures::rounded(rate)))
}

fn left(progress: &Progress) -> String {
    progress.left_ms().map_or_else(|| "–".to_owned(), figures::left)
}
