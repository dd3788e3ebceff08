//! The engine over real stores: each test runs on every adapter.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod audit;
mod crash;
mod damage;
mod double;
mod economy;
mod halt;
mod keys;
mod known;
mod ledger;
#[path = "../watch/logs.rs"]
mod logs;
mod model;
mod naive;
mod overlap;
mod process;
mod race;
mod refusals;
mod retry;
mod shield;
mod time;
mod waiting;
