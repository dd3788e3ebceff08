//! What waits in the queue: a task, and whom to tell.

use std::time::Instant;

use countersign_core::books::Account;
use countersign_core::hash::Hash;
use countersign_core::settle::Order;

use crate::error::EngineError;
use crate::halting::Halted;
use crate::receipt::Receipt;
use crate::request::{AccountChange, NewAccount};

/// What the sequencer is to do.
#[derive(Debug)]
pub(crate) enum Task {
    Settle { order: Box<Order>, key: Option<Key> },
    Open { account: NewAccount, by: Option<String> },
    Change { id: String, change: AccountChange, by: String, reason: String },
    Halt { by: String, reason: String },
    Resume { by: String, reason: String, of: Option<String> },
}

/// An idempotency key, and the hash of what was asked with it.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) asked: Hash,
}

/// What comes of a task.
#[derive(Clone, Debug)]
pub(crate) enum Answered {
    Receipt(Box<Receipt>),
    Account(Account),
    Halt(Halted),
    Done,
}

pub(crate) type Outcome = Result<Answered, EngineError>;

/// A task and whom to tell.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) task: Task,
    pub(crate) since: Instant,
    pub(crate) reply: Reply,
}

impl Ticket {
    pub(crate) fn new(task: Task, reply: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self { task, since: Instant::now(), reply: Reply(Some(Box::new(reply))) }
    }

    /// Tells what came of it, once.
    pub(crate) fn answer(&mut self, outcome: Outcome) {
        let mut outcome = outcome;
        if let Ok(Answered::Receipt(receipt)) = &mut outcome {
            // To the microsecond, as the audit's times are.
            receipt.time_taken_ms = (self.since.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        }
        self.reply.send(outcome);
    }
}

/// Whom to tell. Whoever is told nothing else is told that the engine has stopped.
pub(crate) struct Reply(Option<Box<dyn FnOnce(Outcome) + Send>>);

impl Reply {
    fn send(&mut self, outcome: Outcome) {
        if let Some(tell) = self.0.take() {
            tell(outcome);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(Err(EngineError::Stopped));
        }
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}
