//! The watch: audits a ledger on a schedule, halts the system on a finding, and tells administrators.
//!
//! Inside: [`Watch`], which goes its rounds when it is told to, and [`Guard`], which has it do so in a thread of
//! its own. Not inside: what an audit checks (that is `countersign_core`'s), and where a replica is (whoever
//! opens it hands it over).
//!
//! An audit reads a snapshot, so no commit waits for it. It is *incremental* or *full*:
//!
//! * An incremental one reads the entries since the last, merges what they amount to with what was saved
//!   ([`Saved`]), and holds all documents against the whole. Where anything is wrong a full one follows at once
//!   and says what. It does not read again what was verified: that is held by its hash and its root.
//! * A full one is what an auditor does with an export: every line, twice where something is wrong.
//!
//! Beside what an export shows it holds the ledger against the saved state (a rewritten history, a dropped tail),
//! the head and the subtrees in the store against the entries, and what the database protects them with against what it
//! was made with ([`Contradiction`]); that last in every round. A saved state that is
//! damaged or contradicts the ledger stays where it is, and is a finding at every audit, until an operator has
//! found out why and calls [`Watch::start_over`].
//!
//! ```text
//! schedule → audit { saved state → snapshot → verdict } → halt → alarm { outlet → delivery → webhook, mail } → result
//! ```

mod alarm;
mod alert;
mod audit;
mod clock;
mod config;
mod contradiction;
mod delivery;
mod files;
mod guard;
mod halt;
mod mail;
mod metrics;
mod outlet;
mod panics;
mod results;
mod rounds;
mod schedule;
mod secret;
mod setup;
mod state;
mod throttle;
mod tls;
mod webhook;

pub use alarm::{Alarm, Counts};
pub use alert::{Alert, Cause, Channel, Failure, MAX_DETAIL, MAX_LINE};
pub use audit::{Audit, AuditError, Kind};
pub use clock::{Clock, SystemClock};
pub use config::{
    Alerts, Config, ConfigError, MAX_ATTEMPTS, MAX_TIMEOUT_SECONDS, MIN_KEEP_DAYS, Mail as MailConfig, StartTls,
    Webhook as WebhookConfig,
};
pub use contradiction::{Contradiction, ContradictionKind};
pub use delivery::{Undelivered, deliver};
pub use guard::{Guard, Stopped};
pub use halt::{Halts, StoreHalt};
pub use mail::Mail;
pub use metrics::{Commits, Metrics};
pub use outlet::MAX_UNDELIVERED;
pub use results::{AuditResult, MAX_RESULTS, Results, Verdict};
pub use rounds::{LOOK, NAME, Watch};
pub use schedule::{Due, MAX_MISSED, Schedule, ScheduleError};
pub use secret::{MAX_SECRET, Secret};
pub use setup::{Counter, Setup, WatchError, tell_unaudited};
pub use state::{FORMAT, MAX_STATE, Mark, Prepared, Saved, StateError, StateFile};
pub use webhook::{Webhook, payload};
