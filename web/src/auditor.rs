//! The page's hold on its Web Worker: started ahead of need, given one order, ended with it.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, Event, MessageEvent, Worker};

use crate::protocol::{BUILD, News, Order};

/// A worker that audits one input. Dropping it ends the audit at once, whatever it is doing.
pub(crate) struct Auditor {
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
    Spent,
}

impl Auditor {
    /// Starts a worker; what it says goes to `hear`.
    pub(crate) fn start(hear: impl Fn(News) + Clone + 'static) -> Result<Self, JsValue> {
        let worker = Worker::new(&format!("audit-boot.js?{BUILD}"))?;
        let state = Rc::new(RefCell::new(State::Starting(None)));
        let on_message = listener(&worker, &state, hear.clone());
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let on_error = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            event.prevent_default();
            hear(News::Crashed { message: fault(&event) });
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, state, _on_message: on_message, _on_error: on_error })
    }

    /// Whether it has had its order.
    pub(crate) fn is_spent(&self) -> bool {
        matches!(*self.state.borrow(), State::Spent | State::Starting(Some(_)))
    }

    /// Gives it its one order.
    pub(crate) fn give(&self, order: Order) -> Result<(), JsValue> {
        let mut state = self.state.borrow_mut();
        if let State::Starting(waiting) = &mut *state {
            *waiting = Some(order);
            return Ok(());
        }
        *state = State::Spent;
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

fn listener(
    worker: &Worker,
    state: &Rc<RefCell<State>>,
    hear: impl Fn(News) + 'static,
) -> Closure<dyn FnMut(MessageEvent)> {
    let (worker, state) = (worker.clone(), Rc::clone(state));
    Closure::new(move |event: MessageEvent| {
        let text = event.data().as_string().unwrap_or_default();
        match serde_json::from_str(&text) {
            Ok(News::Ready { build }) if build == BUILD => {
                if let Err(reason) = begin(&worker, &state) {
                    hear(News::Crashed { message: format!("{reason:?}") });
                }
            }
            Ok(News::Ready { build }) => {
                hear(News::Crashed { message: format!("the verifier is of build {build}, the page of build {BUILD}") });
            }
            Ok(news) => hear(news),
            Err(error) => hear(News::Crashed { message: format!("the verifier was not understood: {error}") }),
        }
    })
}

/// The worker listens: hands it the order that waits, if any.
fn begin(worker: &Worker, state: &RefCell<State>) -> Result<(), JsValue> {
    let waiting = match state.replace(State::Ready) {
        State::Starting(waiting) => waiting,
        State::Ready | State::Spent => None,
    };
    let Some(order) = waiting else { return Ok(()) };
    state.replace(State::Spent);
    send(worker, &order)
}

/// A worker that cannot even be loaded says so by an event without a message.
pub(crate) fn fault(event: &Event) -> String {
    let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
    message.unwrap_or_else(|| "the verifier could not be loaded from this site".to_owned())
}

fn send(worker: &Worker, order: &Order) -> Result<(), JsValue> {
    worker.post_message(&serde_wasm_bindgen::to_value(order)?)
}
