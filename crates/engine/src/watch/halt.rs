//! Who stops the system on a finding.

use std::sync::Arc;

use countersign_store::Store;

use super::clock::Clock;
use crate::halting::halt;

/// Stops every transaction until an operator lifts it.
pub trait Halts: Send + Sync {
    /// Halts, by name and reason, over whatever halt of another stands. Where the same name's does, that is as good.
    ///
    /// # Errors
    /// Where it could not, in words.
    fn halt(&self, by: &str, reason: &str) -> Result<(), String>;
}

impl<F: Fn(&str, &str) -> Result<(), String> + Send + Sync> Halts for F {
    fn halt(&self, by: &str, reason: &str) -> Result<(), String> {
        self(by, reason)
    }
}

/// Halts by writing to the store itself: for a watch in a process of its own.
pub struct StoreHalt {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl StoreHalt {
    /// Halts the ledger of this store.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

impl Halts for StoreHalt {
    fn halt(&self, by: &str, reason: &str) -> Result<(), String> {
        let clock = self.clock.clone();
        let outcome = halt(&*self.store, by, reason, || self.clock.now(), move |pause| clock.sleep(pause));
        outcome.map(drop).map_err(|error| error.to_string())
    }
}

impl Halts for crate::Engine {
    fn halt(&self, by: &str, reason: &str) -> Result<(), String> {
        self.halt_as(by, reason).map(drop).map_err(|error| error.to_string())
    }
}
