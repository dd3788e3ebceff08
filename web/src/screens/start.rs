//! Where an export is chosen: a file, a demo file, or an address of this site.

use gloo_net::http::Request;
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Deserialize;
use web_sys::Url;

use super::trusted;
use crate::figures;
use crate::session::Session;

/// The list of demo files, where the server has one.
const DEMO: &str = "demo/index.json";

/// A file that the page is served with.
#[derive(Clone, Deserialize)]
struct Demo {
    name: String,
    what: String,
    bytes: u64,
}

#[derive(Deserialize)]
struct DemoIndex {
    files: Vec<Demo>,
}

/// The first screen.
pub(crate) fn view(session: Session) -> impl IntoView {
    view! {
        <section class="start" aria-labelledby="start-heading">
            <h1 id="start-heading" tabindex="-1">"Verify a ledger export"</h1>
            <p class="lead">
                "See for yourself whether an export still agrees with its hashes, and if not, what was altered, removed, "
                "inserted or reordered, and where. Every hash is recomputed by this page, on this machine; "
                <strong>"nothing of your file leaves it"</strong>"."
            </p>
            {move || session.notice.get().map(|notice| view! { <p class="notice">{notice}</p> })}
            {picker(session)}
            {trusted::view(session.trusted)}
            {demos(session)}
            {address(session)}
        </section>
    }
}

fn picker(session: Session) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let opened = move |_| {
        let Some(input) = input.get_untracked() else { return };
        session.open_files(input.files());
        // So that the same file can be picked again.
        input.set_value("");
    };
    view! {
        <div class="picker">
            <input class="visually-hidden" type="file" id="file" node_ref=input on:change=opened aria-describedby="file-hint"/>
            <label class="button primary" for="file">"Choose an export"</label>
            <p class="picker-or">"or drop it anywhere on this page"</p>
            <p class="hint" id="file-hint">
                "Countersign exports (.jsonl, .jsonl.gz), and exports of the original MongoDB ledger "
                "(mongoexport JSON, .bson, .bson.gz). Files of many gigabytes are read piece by piece."
            </p>
        </div>
    }
}

fn demos(session: Session) -> impl IntoView {
    let demos = RwSignal::new(Vec::<Demo>::new());
    spawn_local(async move {
        // A server without demo files answers with an error or another page: then there is no list.
        if let Ok(response) = Request::get(DEMO).send().await
            && response.ok()
            && let Ok(index) = response.json::<DemoIndex>().await
        {
            demos.set(index.files);
        }
    });
    move || {
        let files = demos.get();
        (!files.is_empty()).then(|| {
            view! {
                <section class="demos" aria-labelledby="demos-heading">
                    <h2 id="demos-heading">"Try it on a demo ledger"</h2>
                    <ul class="demo-list">{files.into_iter().map(|demo| demo_item(session, demo)).collect_view()}</ul>
                </section>
            }
        })
    }
}

fn demo_item(session: Session, demo: Demo) -> impl IntoView {
    let Demo { name, what, bytes } = demo;
    let opened = {
        let name = name.clone();
        move |_| {
            let path = format!("demo/{}", String::from(js_sys::encode_uri_component(&name)));
            if let Ok(url) = same_origin(&path) {
                session.open_address(url, name.clone());
            }
        }
    };
    view! {
        <li>
            <button type="button" class="demo" on:click=opened>
                <span class="demo-name">{name}</span>
                <span class="demo-what">{what}</span>
                <span class="demo-bytes">{figures::bytes(bytes)}</span>
            </button>
        </li>
    }
}

fn address(session: Session) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let refusal = RwSignal::new(None::<String>);
    let submitted = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(input) = input.get_untracked() else { return };
        match same_origin(input.value().trim()) {
            Ok(url) => session.open_address(url.clone(), file_name(&url)),
            Err(reason) => {
                refusal.set(Some(reason));
                let _ = input.focus();
            }
        }
    };
    view! {
        <details class="address">
            <summary>"Open an address on this site"</summary>
            <form on:submit=submitted novalidate>
                <label for="address">"Address of the export"</label>
                <div class="address-row">
                    <input
                        id="address" type="text" inputmode="url" autocomplete="off" spellcheck="false"
                        placeholder="/exports/ledger.jsonl" node_ref=input
                        aria-invalid=move || refusal.get().is_some().then_some("true")
                        aria-describedby="address-hint address-refusal"
                    />
                    <button type="submit" class="button">"Verify"</button>
                </div>
                <p class="refusal" id="address-refusal" role="alert">{move || refusal.get()}</p>
                <p class="hint" id="address-hint">"Only addresses of this site are opened; the page can reach no other."</p>
            </form>
        </details>
    }
}

/// The absolute address, where it is one of this page's own origin.
fn same_origin(address: &str) -> Result<String, String> {
    if address.is_empty() {
        return Err("Enter the address of an export on this site, for example /exports/ledger.jsonl.".to_owned());
    }
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    let url = Url::new_with_base(address, &base).map_err(|_| "This is not an address.".to_owned())?;
    let own = window().location().origin().unwrap_or_default();
    // A blob: address names an origin too, and is no address of this site.
    let on_the_web = matches!(url.protocol().as_str(), "http:" | "https:");
    if on_the_web && url.origin() == own {
        return Ok(url.href());
    }
    Err(format!(
        "This address belongs to another site. Only addresses of {own} are opened, so that nothing you verify \
         here is known elsewhere. Download the file, then choose it above."
    ))
}

fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(path);
    js_sys::decode_uri_component(last).map_or_else(|_| last.to_owned(), String::from)
}
