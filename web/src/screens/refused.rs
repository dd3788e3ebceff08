//! An input that is no export: what was seen, what an export looks like, what to do.

use leptos::prelude::*;

use crate::figures;
use crate::parts::{Tone, fact, seal, visible};
use crate::protocol::Refused;
use crate::session::Session;
use crate::words::{self, Refusal};

/// How an export begins, as FORMAT.md has it.
const SAMPLE: &str = "{\"format\":\"countersign/export/2\",\"ledger\":\"example/economy\",\"ledger_id\":\"9b2f5d20…\",\"first_seq\":1,\"personal\":\"full\"}\n{\"seq\":1,\"transaction_id\":\"709b55bd-…\",\"created_at\":\"2026-02-11T15:00:00.000Z\",\"type\":\"SYSTEM_MINT\",…}\n{\"seq\":2,…}";

/// The screen of an unreadable input.
pub(crate) fn view(session: Session, refused: &Refused) -> impl IntoView + use<> {
    let refusal = words::refusal(refused);
    view! {
        <section class="refused" data-code=refused.code.clone() aria-labelledby="refused-heading">
            <div class="verdict neutral">
                {seal(Tone::Neutral)}
                <div>
                    <p class="tag" id="refused-tag">"Not verified"</p>
                    <h1 id="refused-heading" tabindex="-1" aria-describedby="refused-tag refused-message">{refusal.heading}</h1>
                    <p class="verdict-message" id="refused-message">{refusal.meaning}</p>
                </div>
            </div>
            <div class="columns">
                {seen(refused)}
                {advice(refusal)}
            </div>
            {refusal.show_sample.then(sample)}
            <p class="actions">
                <button type="button" class="button primary" on:click=move |_| session.start_over()>"Verify another file"</button>
            </p>
        </section>
    }
}

fn seen(refused: &Refused) -> impl IntoView + use<> {
    let (hex, text) = figures::opening(&refused.opening);
    let opening = (!refused.opening.is_empty()).then(|| {
        fact("First bytes", view! { <code class="opening">{hex}</code><code class="opening text">{text}</code> })
    });
    view! {
        <section aria-labelledby="seen-heading">
            <h2 id="seen-heading">"What was seen"</h2>
            <p class="seen">{sentence(&refused.message)}</p>
            <dl class="facts">
                {fact("File", view! { <span class="file-name">{visible(&refused.name)}</span> })}
                {refused.bytes.map(|bytes| fact("Size", figures::bytes(bytes)))}
                {opening}
                {fact("Code", view! { <code>{refused.code.clone()}</code> })}
            </dl>
        </section>
    }
}

fn advice(refusal: &Refusal) -> impl IntoView + use<> {
    view! {
        <section aria-labelledby="advice-heading">
            <h2 id="advice-heading">"What to do"</h2>
            <ul class="plain-list">{refusal.advice.iter().map(|advice| view! { <li>{*advice}</li> }).collect_view()}</ul>
        </section>
    }
}

fn sample() -> impl IntoView {
    view! {
        <section aria-labelledby="sample-heading">
            <h2 id="sample-heading">"What an export looks like"</h2>
            <p>"A header line, then one line for each entry, then a closing line. The file may be compressed with gzip."</p>
            <pre class="sample"><code>{SAMPLE}</code></pre>
        </section>
    }
}

/// With a capital first letter and a full stop, as messages of the core have neither.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let Some(first) = chars.next() else { return String::new() };
    let end = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}
