//! Other workers that take stretches of the first reading, so that it has as many processors as the machine lends.
//! They are ended with whoever called them.

use std::collections::BTreeMap;

use countersign_core::segment::Segment;
use countersign_core::surveyor::Context;
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use gloo_timers::callback::Timeout;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, Event, MessageEvent, Worker};

use super::scope;
use super::stretches::Stretches;
use crate::auditor::fault;
use crate::fingerprint::Key;
use crate::protocol::{BUILD, News, Order};

/// Most that are called: past it the browser, which reads the file for all, has no more to give.
const MOST: u8 = 4;
/// How long the first is waited for, in milliseconds: he is loaded from the site, which may have become unreachable.
const PATIENCE_MS: u32 = 2000;
/// How many stretches may be under way or wait for one before them, for each colleague.
const AHEAD: u64 = 2;

/// Colleagues of one audit, and what they are at.
pub(super) struct Colleagues {
    all: Vec<Colleague>,
    /// How many of them have not failed.
    present: usize,
    heard: UnboundedReceiver<Heard>,
    context: String,
    key: Key,
    /// Places in `all` of who has nothing to do.
    idle: Vec<usize>,
    /// How many stretches were given away, and how many were handed on.
    given: u64,
    handed_on: u64,
    /// Those done whose turn has not come, by number, with their bytes.
    done: BTreeMap<u64, Done>,
    /// Whether all stretches were given away.
    over: bool,
    // Says who comes late, if the audit lasts as long.
    _late: Timeout,
}

struct Colleague {
    worker: Worker,
    /// Number and bytes of the stretch he is at.
    at: Option<(u64, u64)>,
    /// Whether he failed.
    is_missing: bool,
    // Both are called by the worker for as long as it lives.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

/// A stretch that is done.
pub(super) struct Done {
    pub(super) segment: Box<Segment>,
    pub(super) bytes: u64,
    /// Of those bytes, see [`crate::fingerprint`].
    pub(super) print: u64,
}

/// What is heard, of a colleague by his place.
enum Heard {
    Ready(usize),
    Surveyed(usize, Result<(Box<Segment>, u64), String>),
    Crashed(usize, String),
    /// Whoever is not ready now comes late.
    Late,
}

impl Colleagues {
    /// As many as the machine has processors, within a limit; none where it has but one.
    pub(super) fn call(context: &Context, key: Key) -> Self {
        let (say, heard) = unbounded();
        let processors = scope().navigator().hardware_concurrency();
        let count = (2..=MOST).rev().find(|count| f64::from(*count) <= processors).unwrap_or(0);
        let all: Vec<_> = (0..count).map_while(|place| Colleague::call(usize::from(place), &say).ok()).collect();
        let late = Timeout::new(PATIENCE_MS, move || drop(say.unbounded_send(Heard::Late)));
        Self {
            present: all.len(),
            all,
            heard,
            context: serde_json::to_string(context).unwrap_or_default(),
            key,
            idle: Vec::new(),
            given: 0,
            handed_on: 0,
            done: BTreeMap::new(),
            over: false,
            _late: late,
        }
    }

    /// What the next stretch amounts to; none where all are taken, or nobody takes any.
    pub(super) async fn next(&mut self, stretches: &mut Stretches) -> Result<Option<Done>, JsValue> {
        loop {
            self.give(stretches).await?;
            if let Some(next) = self.done.remove(&self.handed_on) {
                self.handed_on += 1;
                return Ok(Some(next));
            }
            let nothing_is_out = self.given == self.handed_on;
            if nothing_is_out && (self.over || self.present == 0) {
                return Ok(None);
            }
            match self.heard.recv().await {
                Ok(Heard::Ready(place)) => self.idle.push(place),
                Ok(Heard::Surveyed(place, surveyed)) => self.keep(place, surveyed)?,
                Ok(Heard::Crashed(place, message)) => self.miss(place, &message),
                Ok(Heard::Late) if self.given == 0 => return Ok(None),
                Ok(Heard::Late) => {}
                Err(_) => return Ok(None),
            }
        }
    }

    /// Gives stretches to whoever has none, unless too many wait for one before them.
    async fn give(&mut self, stretches: &mut Stretches) -> Result<(), JsValue> {
        while !self.over
            && self.given < self.handed_on + AHEAD * self.all.len() as u64
            && let Some(place) = self.idle.pop()
        {
            match stretches.next().await? {
                Some((lines, bytes)) => {
                    self.all[place].give(lines, &self.context, self.key)?;
                    self.all[place].at = Some((self.given, bytes));
                    self.given += 1;
                }
                None => self.over = true,
            }
        }
        Ok(())
    }

    /// Goes on without a colleague who failed. Nothing is lost where he was at nothing.
    fn miss(&mut self, place: usize, message: &str) {
        if self.all[place].at.is_some() {
            wasm_bindgen::throw_str(message);
        }
        self.idle.retain(|idle| *idle != place);
        self.present -= usize::from(!std::mem::replace(&mut self.all[place].is_missing, true));
    }

    fn keep(&mut self, place: usize, surveyed: Result<(Box<Segment>, u64), String>) -> Result<(), JsValue> {
        let (segment, print) = surveyed.map_err(|reason| JsValue::from_str(&reason))?;
        if let Some((number, bytes)) = self.all[place].at.take() {
            self.done.insert(number, Done { segment, bytes, print });
        }
        self.idle.push(place);
        Ok(())
    }
}

impl Colleague {
    /// Starts a worker; what it says is said under its place.
    fn call(place: usize, say: &UnboundedSender<Heard>) -> Result<Self, JsValue> {
        let worker = Worker::new(&format!("audit-boot.js?{BUILD}"))?;
        let (of_message, of_error) = (say.clone(), say.clone());
        // Nobody hears what is said once the audit is over.
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let _ = of_message.unbounded_send(Heard::of(place, &event.data()));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let on_error = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            event.prevent_default();
            let _ = of_error.unbounded_send(Heard::Crashed(place, fault(&event)));
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, at: None, is_missing: false, _on_message: on_message, _on_error: on_error })
    }

    fn give(&self, lines: Blob, context: &str, key: Key) -> Result<(), JsValue> {
        let order = Order::Stretch { lines, context: context.to_owned(), key };
        self.worker.post_message(&serde_wasm_bindgen::to_value(&order)?)
    }
}

impl Drop for Colleague {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Heard {
    /// Of what a colleague said: a stretch's answer as bytes, everything else as news.
    fn of(place: usize, said: &JsValue) -> Self {
        if let Some(buffer) = said.dyn_ref::<ArrayBuffer>() {
            return match postcard::from_bytes(&Uint8Array::new(buffer).to_vec()) {
                Ok(surveyed) => Self::Surveyed(place, surveyed),
                Err(error) => Self::Crashed(place, format!("a stretch's answer was not understood: {error}")),
            };
        }
        match serde_json::from_str(&said.as_string().unwrap_or_default()) {
            Ok(News::Ready { build }) if build == BUILD => Self::Ready(place),
            Ok(News::Crashed { message }) => Self::Crashed(place, message),
            _ => Self::Crashed(place, "a colleague of another build, or none".to_owned()),
        }
    }
}
