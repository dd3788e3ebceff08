//! The page's hold on its Web Workers: one that is given orders, and one in reserve.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, Event, MessageEvent, Worker};

use crate::protocol::{BUILD, News, Order};

/// Who hears what a worker says of its order.
pub(crate) type Hear = Rc<dyn Fn(News)>;

/// The worker at hand, and one in its place: whoever ends an audit ends its worker, and the site that the next would be
/// loaded from may be out of reach by then.
#[derive(Default)]
pub(crate) struct Auditors {
    at_hand: Option<Auditor>,
    reserve: Option<Auditor>,
}

impl Auditors {
    /// Starts one ahead of need; what it says of an order goes to `hear`.
    pub(crate) fn start(&mut self, hear: &Hear) -> Result<(), JsValue> {
        self.at_hand = Some(Auditor::start(hear)?);
        Ok(())
    }

    /// Gives an order to a worker that is free for it.
    pub(crate) fn give(&mut self, order: Order, hear: &Hear) -> Result<(), JsValue> {
        self.stop(hear)?;
        self.keep_reserve(hear)?;
        self.at_hand.as_ref().map_or(Ok(()), |auditor| auditor.give(order))
    }

    /// Ends the worker at hand, unless it is free for an order, and has another in its place.
    pub(crate) fn stop(&mut self, hear: &Hear) -> Result<(), JsValue> {
        if self.at_hand.as_ref().is_some_and(Auditor::is_free) {
            return Ok(());
        }
        match self.reserve.take().filter(Auditor::is_free) {
            Some(reserve) => self.at_hand = Some(reserve),
            None => self.start(hear)?,
        }
        self.keep_reserve(hear)
    }

    /// Loads one for the reserve, where there is none, once the one at hand is: that is needed first. Where it cannot be
    /// had now, nothing is lost: the next order tries again.
    pub(crate) fn keep_reserve(&mut self, hear: &Hear) -> Result<(), JsValue> {
        let is_loaded = self.at_hand.as_ref().is_some_and(Auditor::is_loaded);
        if is_loaded && !self.reserve.as_ref().is_some_and(Auditor::is_free) {
            self.reserve = Some(Auditor::start(hear)?);
        }
        Ok(())
    }
}

/// A worker that audits one input after the other. Dropping it ends the audit at once, whatever it is doing.
struct Auditor {
    worker: Worker,
    state: Rc<RefCell<State>>,
    // Both are called by the worker for as long as it lives.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

/// What is said before the worker listens is lost, so an order waits for its "ready".
enum State {
    Starting(Option<Order>),
    Ready,
    Busy,
    /// It could not be loaded, or failed.
    Gone,
}

impl Auditor {
    fn start(hear: &Hear) -> Result<Self, JsValue> {
        let worker = Worker::new(&format!("audit-boot.js?{BUILD}"))?;
        let state = Rc::new(RefCell::new(State::Starting(None)));
        let on_message = listener(&worker, &state, hear);
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let on_error = {
            let (state, hear) = (Rc::clone(&state), Rc::clone(hear));
            Closure::<dyn FnMut(Event)>::new(move |event: Event| {
                event.prevent_default();
                fail(&state, fault(&event)).into_iter().for_each(&*hear);
            })
        };
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, state, _on_message: on_message, _on_error: on_error })
    }

    /// Whether it would take an order.
    fn is_free(&self) -> bool {
        matches!(*self.state.borrow(), State::Starting(None) | State::Ready)
    }

    fn is_loaded(&self) -> bool {
        matches!(*self.state.borrow(), State::Ready | State::Busy)
    }

    fn give(&self, order: Order) -> Result<(), JsValue> {
        let mut state = self.state.borrow_mut();
        if let State::Starting(waiting) = &mut *state {
            *waiting = Some(order);
            return Ok(());
        }
        *state = State::Busy;
        send(&self.worker, &order)
    }
}

impl Drop for Auditor {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

fn listener(worker: &Worker, state: &Rc<RefCell<State>>, hear: &Hear) -> Closure<dyn FnMut(MessageEvent)> {
    let (worker, state, hear) = (worker.clone(), Rc::clone(state), Rc::clone(hear));
    Closure::new(move |event: MessageEvent| {
        let text = event.data().as_string().unwrap_or_default();
        let told = match serde_json::from_str(&text) {
            Ok(news) => understood(&worker, &state, news),
            Err(error) => fail(&state, format!("the verifier was not understood: {error}")),
        };
        told.into_iter().for_each(&*hear);
    })
}

/// What the page hears of it.
fn understood(worker: &Worker, state: &RefCell<State>, news: News) -> Option<News> {
    match &news {
        News::Ready { build } if build == BUILD => {
            if let Err(reason) = begin(worker, state) {
                return fail(state, format!("{reason:?}"));
            }
        }
        News::Ready { build } => {
            let message = format!("the verifier is of build {build}, the page of build {BUILD}");
            return fail(state, message.clone()).map(|_| News::Crashed { message });
        }
        News::Crashed { message } => return fail(state, message.clone()),
        // With these an audit is over, and the worker listens for the next order.
        News::InputHash(_) | News::InputHashFailed(_) | News::Refused(_) => *state.borrow_mut() = State::Ready,
        News::Progress(_) | News::Verdict(_) | News::Hashing { .. } | News::NotLoaded => {}
    }
    Some(news)
}

/// The worker listens: hands it the order that waits, if any.
fn begin(worker: &Worker, state: &RefCell<State>) -> Result<(), JsValue> {
    let waiting = match state.replace(State::Ready) {
        State::Starting(waiting) => waiting,
        State::Ready | State::Busy | State::Gone => None,
    };
    let Some(order) = waiting else { return Ok(()) };
    state.replace(State::Busy);
    send(worker, &order)
}

/// Told only where there was an order: whoever has none is replaced before he is given one.
fn fail(state: &RefCell<State>, message: String) -> Option<News> {
    match state.replace(State::Gone) {
        State::Starting(Some(_)) => Some(News::NotLoaded),
        State::Busy => Some(News::Crashed { message }),
        State::Starting(None) | State::Ready | State::Gone => None,
    }
}

/// A worker that cannot even be loaded says so by an event without a message.
pub(crate) fn fault(event: &Event) -> String {
    let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
    message.unwrap_or_else(|| "the verifier could not be loaded from this site".to_owned())
}

fn send(worker: &Worker, order: &Order) -> Result<(), JsValue> {
    worker.post_message(&serde_wasm_bindgen::to_value(order)?)
}
