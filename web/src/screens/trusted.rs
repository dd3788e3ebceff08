//! Where the auditor brings keys, kept checkpoints and what is taxed.

use leptos::html::Input;
use leptos::prelude::*;

use crate::trusted::{self, Trusted};

/// The panel of the first screen. What is dropped on it is added to it (see [`crate::page`]).
pub(crate) fn view(trusted: Trusted) -> impl IntoView {
    // What cannot be read is shown, not to be looked for.
    let open = untrack(|| trusted.read().is_err());
    view! {
        <details class="trusted" id="trusted" open=open>
            <summary>
                "Keys, kept checkpoints, taxes: "
                <span class="trusted-state">{move || trusted.in_words()}</span>
            </summary>
            <div class="trusted-body">
                <p class="hint">
                    "A file that agrees with itself could have been made so. The key of whoever runs the ledger shows "
                    "that he signed these entries, and a checkpoint kept from an earlier audit that nothing before it was "
                    "rewritten since. Get keys by another way than the export. They stay in this browser."
                </p>
                {field(&KEYS, trusted.keys, |text| trusted::keys(text).err())}
                {field(&CHECKPOINTS, trusted.checkpoints, |text| trusted::checkpoints(text).err())}
                {field(&WITNESSES, trusted.witnesses, |text| trusted::witnesses(text).err())}
                {field(&TAXES, trusted.taxes, |text| trusted::taxes(text).err())}
                {files(trusted)}
                {remember(trusted)}
            </div>
        </details>
    }
}

/// One of the fields.
struct Field {
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    rows: &'static str,
}

const KEYS: Field = Field {
    id: "keys",
    label: "Verifying keys, one a line",
    hint: "Written name+hash+base64. With a key given, an export that has no checkpoint by it is a finding; of the original ledger, which has none, the verdict says so.",
    rows: "2",
};
const CHECKPOINTS: Field = Field {
    id: "checkpoints",
    label: "Kept checkpoints, one after the other",
    hint: "Whole notes: the ledger’s name, the size, the root, a blank line, and the signatures.",
    rows: "6",
};
const WITNESSES: Field = Field {
    id: "witnesses",
    label: "Witnesses’ keys, one a line",
    hint: "Of independent parties who cosign what they saw. All of those given must have cosigned.",
    rows: "2",
};

const TAXES: Field = Field {
    id: "taxes",
    label: "Table of taxes, as JSON",
    hint: "By type, where the format’s table is not what applies, the rate in ten-thousandths: \
           {\"X_TIP\": {\"rate\": 1000, \"tax_type\": \"tips\"}}",
    rows: "3",
};

fn field(field: &Field, text: RwSignal<String>, fault: fn(&str) -> Option<String>) -> impl IntoView + use<> {
    let Field { id, label, hint, rows } = *field;
    let fault = Memo::new(move |_| fault(&text.get()));
    view! {
        <div class="trusted-field">
            <label for=id>{label}</label>
            <textarea
                id=id rows=rows wrap="off" spellcheck="false" autocomplete="off" autocapitalize="off"
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
                aria-invalid=move || fault.get().is_some().then_some("true")
                aria-describedby=format!("{id}-hint {id}-fault")
            ></textarea>
            <p class="refusal" id=format!("{id}-fault") role="status">{move || fault.get()}</p>
            <p class="hint" id=format!("{id}-hint")>{hint}</p>
        </div>
    }
}

fn files(trusted: Trusted) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let picked = move |_| {
        let Some(input) = input.get_untracked() else { return };
        trusted.add_files(input.files());
        input.set_value("");
    };
    view! {
        <p class="trusted-files">
            <input class="visually-hidden" type="file" id="trusted-file" multiple node_ref=input on:change=picked/>
            <label class="button" for="trusted-file">"Add from files"</label>
            <button type="button" class="button" on:click=move |_| trusted.clear()>"Clear all"</button>
            <span class="hint">"or drop them on this panel"</span>
        </p>
        <p class="refusal" role="status">{move || trusted.refused.get()}</p>
    }
}

fn remember(trusted: Trusted) -> impl IntoView {
    view! {
        <label class="check">
            <input
                type="checkbox" id="remember"
                prop:checked=move || trusted.remembered.get()
                on:change=move |event| trusted.remember(event_target_checked(&event))
            />
            <span>"Remember these in this browser, for the next audit. Unticking forgets them."</span>
        </label>
    }
}
