//! The verifier itself failed: no verdict on anything.

use leptos::prelude::*;

use crate::parts::{Tone, seal};
use crate::session::Session;
use crate::words;

/// The screen of a verifier that failed.
pub(crate) fn view(session: Session, message: String) -> impl IntoView {
    view! {
        <section class="refused" data-code="CRASHED" aria-labelledby="crashed-heading">
            <div class="verdict neutral">
                {seal(Tone::Neutral)}
                <div>
                    <p class="tag" id="crashed-tag">"Not verified"</p>
                    <h1 id="crashed-heading" tabindex="-1" aria-describedby="crashed-tag crashed-message">{words::CRASHED}</h1>
                    <p class="verdict-message" id="crashed-message">
                        "This is a fault of the program or a limit of this browser, no verdict on the ledger."
                    </p>
                </div>
            </div>
            <h2>"What is known"</h2>
            <pre class="sample"><code>{message}</code></pre>
            <h2>"What to do"</h2>
            <ul class="plain-list">
                <li>"Reload the page, so that the page and its verifier are of the same build, and open the file again."</li>
                <li>"If the file is very large, verify it with the countersign command, which needs less memory."</li>
            </ul>
            <p class="actions">
                <button type="button" class="button primary" on:click=move |_| session.start_over()>"Verify another file"</button>
            </p>
        </section>
    }
}
