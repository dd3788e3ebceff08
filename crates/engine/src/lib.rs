//! Settles orders: a sequencer over a store, the shield before it, and the watch that audits it.
//!
//! Inside: the [`Engine`], which takes requests from any number of callers and writes them in batches; the
//! [`shield`]; the [`notary`], which has checkpoints signed. Not inside: what an order may do (that is
//! settled in `countersign_core::settle`, without I/O) and where the ledger is kept (`countersign_store`).
//!
//! ```text
//! submit → shield → queue → sequencer { load, where anything is not known → draft → commit } → reply
//! ```

pub mod config;
mod draft;
mod engine;
mod error;
mod footing;
mod halting;
mod known;
pub mod load;
mod making;
mod metrics;
pub mod notary;
mod queue;
mod receipt;
mod request;
mod sequencer;
mod shared;
pub mod shield;
pub mod stamps;
mod ticket;
mod totals;
mod vouching;
mod wanted;
pub mod watch;

pub use config::Config;
pub use engine::{Engine, Parts};
pub use error::EngineError;
pub use halting::{Halted, halt_store};
pub use metrics::{Histogram, Metrics};
pub use receipt::{Party, Receipt};
pub use request::{AccountChange, MAX_KEY, NewAccount, Origin, Request};
pub use sequencer::MAX_BATCH;
pub use shared::MAX_QUEUE;
pub use shield::ShieldRefusal;
