//! The engine over real stores: each test runs on every adapter.

mod audit;
mod economy;
mod ledger;
