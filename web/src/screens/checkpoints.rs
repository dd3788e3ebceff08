//! The checkpoints of an audit, and what each is worth.

use countersign_core::Report;
use countersign_core::report::{CheckpointSource, CheckpointView, SignedBy};
use leptos::prelude::*;

use crate::figures;
use crate::parts::{fact, hash, value, visible};
use crate::saving::save;
use crate::session::Session;

/// Most that are shown; the downloaded report has them all.
const MAX_SHOWN: usize = 50;

/// Every checkpoint, where there is any.
pub(crate) fn view(session: Session, report: &Report) -> impl IntoView + use<> {
    let all = report.checkpoints.len();
    (all > 0).then(|| {
        let shown = report.checkpoints.iter().take(MAX_SHOWN);
        let items = shown.map(|shown| checkpoint(session, shown)).collect_view();
        let more = all.saturating_sub(MAX_SHOWN);
        let more = (more > 0).then(|| {
            let more = figures::counted(more as u64, "more checkpoint", "more checkpoints");
            view! { <p class="muted">{format!("{more}: the downloaded report has them all.")}</p> }
        });
        view! {
            <section class="checkpoints" aria-labelledby="checkpoints-heading">
                <h2 id="checkpoints-heading">"Checkpoints"</h2>
                <ul class="checkpoint-list">{items}</ul>
                {more}
            </section>
        }
    })
}

fn checkpoint(session: Session, checkpoint: &CheckpointView) -> impl IntoView + use<> {
    let of = checkpoint
        .size
        .map_or("A note".to_owned(), |size| format!("A checkpoint of {}", figures::counted(size, "entry", "entries")));
    let place = match checkpoint.source {
        CheckpointSource::Embedded => "in the file",
        CheckpointSource::Kept => "that you kept",
    };
    let (worth, class) = match (checkpoint.counts, checkpoint.contradicts) {
        (true, _) => ("counts", "worth counts"),
        (false, true) => ("contradicts this file", "worth contradicts"),
        (false, false) => ("does not count", "worth"),
    };
    view! {
        <li class="checkpoint">
            <div class="checkpoint-title">
                <h3>{format!("{of}, {place}")}</h3>
                <span class=class>{worth}</span>
            </div>
            <dl class="facts">
                {checkpoint.why.clone().map(|why| fact("Why", why))}
                {checkpoint.origin.as_deref().map(|origin| fact("Ledger", view! { <span class="file-name">{visible(origin)}</span> }))}
                {checkpoint.root.as_deref().map(|root| fact("Root", hash(root)))}
                {checkpoint.signed_by.iter().map(signer).collect_view()}
            </dl>
            {checkpoint.note.clone().map(|note| keeping(session, checkpoint.size.unwrap_or_default(), note))}
        </li>
    }
}

/// What the next audit is to be held to, as a file.
fn keeping(session: Session, size: u64, note: String) -> impl IntoView {
    let save = move |_| {
        if let Err(reason) = save(&format!("checkpoint-{size}.txt"), "text/plain", &note) {
            session.announce(format!("The checkpoint could not be saved: {reason:?}"));
        }
    };
    view! {
        <p class="muted">"Keep it where whoever runs the ledger cannot write, and give it to the next audit."</p>
        <p class="actions">
            <button type="button" class="button" on:click=save>"Save this checkpoint"</button>
        </p>
    }
}

fn signer(signer: &SignedBy) -> impl IntoView + use<> {
    let role = if signer.witness { "Cosigned by witness" } else { "Signed by" };
    let time = signer.signed_at.clone().map(|time| view! { <span class="when">{format!("signed time {time}")}</span> });
    fact(role, view! { {value(&signer.key)} " " {time} })
}
