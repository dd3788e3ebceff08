//! The page around every screen: heading, footer, drop target, what a screen reader is told, what leaving it asks.

use leptos::prelude::*;
use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::prelude::*;
use web_sys::{BeforeUnloadEvent, DragEvent};

use crate::parts::mark;
use crate::protocol::BUILD;
use crate::screens;
use crate::session::{Session, Stage};
use crate::words;

/// Shows the page.
pub fn run() {
    console_error_panic_hook::set_once();
    mount_to_body(page);
}

fn page() -> impl IntoView {
    let session = Session::new();
    let dragging = RwSignal::new(false);
    accept_drops(session, dragging);
    ask_before_leaving(session);
    view! {
        <a class="skip" href="#content">"Skip to content"</a>
        <header class="masthead">
            <p class="brand">{mark()} <span class="brand-name">"Countersign"</span></p>
            <p class="masthead-note">"Ledger verification"</p>
        </header>
        <main id="content" tabindex="-1">{move || notice(session)} {move || screen(session)}</main>
        <footer class="colophon">
            <p>{words::STAYS_HERE}</p>
            <p class="build">"Build " <code>{BUILD}</code></p>
        </footer>
        <div class="visually-hidden" role="status" aria-live="polite">{move || session.announcement.get()}</div>
        <div class="drop-veil" class:shown=move || dragging.get() aria-hidden="true"><p>"Drop the export to verify it"</p></div>
    }
}

/// What is told while another screen than the first stands, which has its own place for it.
fn notice(session: Session) -> Option<impl IntoView> {
    let elsewhere = !matches!(*session.stage.read(), Stage::Start);
    session.notice.get().filter(|_| elsewhere).map(|notice| view! { <p class="notice">{notice}</p> })
}

fn screen(session: Session) -> AnyView {
    match session.stage.get() {
        Stage::Start => screens::start::view(session).into_any(),
        Stage::Running { name } => screens::running::view(session, &name).into_any(),
        Stage::Verdict(report) => screens::verdict::view(session, &report).into_any(),
        Stage::Refused(refused) => screens::refused::view(session, &refused).into_any(),
        Stage::Crashed { message } => screens::crashed::view(session, message).into_any(),
    }
}

/// A file may be dropped anywhere. Where nothing took the drop, the browser would leave the page for it. Text that is
/// dropped is for the field beneath it.
fn accept_drops(session: Session, dragging: RwSignal<bool>) {
    listen("dragover", move |event: DragEvent| {
        if !carries_files(&event) {
            return;
        }
        event.prevent_default();
        if !dragging.get_untracked() {
            dragging.set(!session.is_running() && !on_the_panel(&event));
        }
    });
    // Leaving an element for its neighbour is told too; only leaving the window names nowhere to go.
    listen("dragleave", move |event: DragEvent| {
        if event.related_target().is_none() {
            dragging.set(false);
        }
    });
    listen("drop", move |event: DragEvent| {
        if !carries_files(&event) {
            return;
        }
        event.prevent_default();
        dragging.set(false);
        let files = event.data_transfer().and_then(|transfer| transfer.files());
        if on_the_panel(&event) {
            session.trusted.add_files(files);
        } else {
            session.open_files(files);
        }
    });
}

/// An audit that runs, or a report that was neither saved nor printed, is gone with the page.
fn ask_before_leaving(session: Session) {
    listen("beforeunload", move |event: BeforeUnloadEvent| {
        if session.would_lose() {
            event.prevent_default();
            // Browsers before 2024 ask for this; what the text is, none shows.
            event.set_return_value("kept by nobody");
        }
    });
}

/// What is dropped where keys and checkpoints are brought is meant for there; not while the panel is closed, where it
/// would not show what became of it.
fn on_the_panel(event: &DragEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|element| element.closest("#trusted[open]").ok().flatten().is_some())
}

fn carries_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|transfer| transfer.types().includes(&"Files".into(), 0))
}

fn listen<E: FromWasmAbi + 'static>(name: &str, heard: impl FnMut(E) + 'static) {
    let listener = Closure::<dyn FnMut(E)>::new(heard);
    // Fails for no name of an event; the page lives as long as its listeners.
    let _ = window().add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener.forget();
}
