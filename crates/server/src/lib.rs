//! Serves a ledger over HTTP: exports, checkpoints, the economy, the built dashboard.
//!
//! Inside: [`Server`] on hyper, one file a resource in `routes`, what is authenticated ([`Token`]), limited
//! ([`Limits`]) and said of what goes wrong (RFC 9457). Not inside: what an order may do (`countersign_engine`),
//! where the ledger is kept (`countersign_store`), TLS, which a proxy before it brings.
//!
//! ```text
//! connection → service { route → caller → body → resource } → answer
//! ```
//!
//! Unless configured otherwise it listens on this machine alone, reads only, and answers nobody without a token.

mod answer;
mod app;
mod body;
mod call;
mod caller;
mod client;
mod code;
mod config;
mod door;
mod export;
mod host;
mod limits;
mod metrics;
mod order;
mod problem;
mod query;
mod readiness;
mod room;
mod routes;
mod server;
mod service;
mod site;
mod token;

pub use app::Ledger;
pub use config::{Config, Folder, PORT};
pub use limits::Limits;
pub use server::{Server, ServerError};
pub use token::{Role, Token};
