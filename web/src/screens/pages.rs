//! A long list, a page at a time; on paper, all of it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::figures;
use crate::parts::printing;

/// How many are shown before somebody asks for more.
const PAGE: usize = 50;

/// How much of a list is shown.
#[derive(Clone, Copy)]
pub(crate) struct Pages {
    /// Its element's id; its items take the focus.
    pub(crate) list: &'static str,
    shown: RwSignal<usize>,
    pub(crate) printing: ReadSignal<bool>,
}

impl Pages {
    pub(crate) fn of(list: &'static str) -> Self {
        Self { list, shown: RwSignal::new(PAGE), printing: printing() }
    }

    /// How many of so many are shown.
    pub(crate) fn take(self, listed: usize) -> usize {
        if self.printing.get() { listed } else { self.shown.get().min(listed) }
    }

    /// From the first on again.
    pub(crate) fn begin_anew(self) {
        self.shown.set(PAGE);
    }

    /// Shows so many, and leads to the first that is new.
    fn extend_to(self, shown: usize) {
        let before = self.shown.get_untracked();
        self.shown.set(shown);
        request_animation_frame(move || {
            let item = format!("#{} > li:nth-child({})", self.list, before + 1);
            let item = document().query_selector(&item).ok().flatten();
            if let Some(item) = item.and_then(|item| item.dyn_into::<HtmlElement>().ok()) {
                let _ = item.focus();
            }
        });
    }

    /// Asks for more, and says what the report itself does not list of `total`.
    pub(crate) fn more(self, listed: Signal<usize>, total: Signal<u64>) -> impl IntoView {
        let buttons = move || {
            let (shown, all) = (self.take(listed.get()), listed.get());
            let (left, next) = (all - shown, PAGE.min(all - shown));
            let rest = (left > next).then(|| {
                let label = format!("Show all {}", figures::count(all as u64));
                view! { <button type="button" class="button quiet" on:click=move |_| self.extend_to(all)>{label}</button> }
            });
            (left > 0).then(|| {
                let label = format!("Show {next} more");
                let so_far = format!("{} of {} shown", figures::count(shown as u64), figures::count(all as u64));
                view! {
                    <button type="button" class="button" on:click=move |_| self.extend_to(shown + next)>{label}</button>
                    {rest}
                    <span class="muted">{so_far}</span>
                }
            })
        };
        let unlisted = move || {
            let (listed, total) = (listed.get() as u64, total.get());
            (total > listed).then(|| {
                let says = format!("The report lists {} of {}.", figures::count(listed), figures::count(total));
                view! { <p class="hint">{says}</p> }
            })
        };
        view! { <div class="more">{buttons}</div>{unlisted} }
    }
}
