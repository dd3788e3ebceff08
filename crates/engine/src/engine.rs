//! The engine: what callers hold.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use countersign_core::books::Account;
use countersign_core::kind::Kind;
use countersign_core::settle::Order;
use countersign_core::timestamp::Timestamp;
use countersign_store::{Halt, SignedCheckpoint, Store, StoreError, Wanted};

use crate::config::Config;
use crate::error::EngineError;
use crate::footing::Footing;
use crate::halting::{Halted, check_operator, halt_store_as};
use crate::known::Known;
use crate::making::Overlap;
use crate::metrics::Metrics;
use crate::notary::{Notary, Signer, Voucher};
use crate::queue::NotTaken;
use crate::receipt::Receipt;
use crate::request::{AccountChange, NewAccount, Request, fingerprint};
use crate::sequencer::Sequencer;
use crate::shared::Shared;
use crate::shield::rate::Counter;
use crate::shield::velocity::Windows;
use crate::stamps::{Stamps, SystemStamps};
use crate::ticket::{Answered, Key, Outcome, Task, Ticket};

/// Settles orders over a store. Cheap to clone; all clones are one engine, which stops with the last of them.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// What an engine is given beside its store and its configuration.
#[derive(Debug)]
pub struct Parts {
    /// Who signs checkpoints, where somebody does.
    pub signer: Option<Arc<dyn Signer>>,
    /// Where times, ids and salts come from.
    pub stamps: Box<dyn Stamps>,
}

impl Default for Parts {
    /// Nobody signs; the system's own clock and randomness.
    fn default() -> Self {
        Self { signer: None, stamps: Box::new(SystemStamps::default()) }
    }
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    config: Arc<Config>,
    shared: Arc<Shared>,
    voucher: Option<Arc<Voucher>>,
    rate: Mutex<Counter>,
    started: Instant,
    sequencer: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    /// Starts on a store, once the ledger's last entry bears out its head. Where somebody signs, what was written
    /// since his last checkpoint is read and verified first.
    ///
    /// # Errors
    /// [`EngineError::Config`] where what is configured makes no sense; [`StoreError::Damaged`] where the head
    /// is not borne out; those of the database.
    pub fn start(store: Arc<dyn Store>, config: Config) -> Result<Self, EngineError> {
        Self::start_with(store, config, Parts::default())
    }

    /// The same with a signer, or with another clock.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub fn start_with(store: Arc<dyn Store>, config: Config, parts: Parts) -> Result<Self, EngineError> {
        config.check().map_err(EngineError::Config)?;
        let Parts { signer, mut stamps } = parts;
        let head = store.load(&Wanted::default())?.head;
        let footing = Footing::find(&*store, &head)?;
        let voucher = signer.map(|signer| Arc::new(Voucher::new(signer)));
        voucher.as_ref().map_or(Ok(()), |voucher| voucher.check(&*store, &head))?;
        let last = voucher.as_ref().map_or(Ok(None), |voucher| voucher.latest(&*store, head.seq))?;
        let notary = Notary::new(voucher.clone(), &config, last.as_ref(), stamps.now());
        let found = (head.time.unwrap_or_else(|| stamps.now()), Instant::now());
        let (config, shared) = (Arc::new(config), Arc::new(Shared::new(footing)));
        let sequencer = Sequencer {
            store: store.clone(),
            config: config.clone(),
            shared: shared.clone(),
            stamps,
            notary,
            known: Known::default(),
            windows: Windows::default(),
            overlap: Overlap::new(&*store),
            written: None,
            forget_at: Instant::now(),
            found,
            linger: Duration::ZERO,
            is_ahead: false,
        };
        let thread = std::thread::Builder::new().name("sequencer".to_owned());
        let guard = Abandon(shared.clone());
        let sequencer = thread.spawn(move || {
            let _guard = guard;
            sequencer.run();
        });
        let sequencer = sequencer.map_err(StoreError::Io)?;
        let rate = Mutex::new(Counter::new(config.shield.rate.clone()));
        let (started, sequencer) = (Instant::now(), Mutex::new(Some(sequencer)));
        Ok(Self { inner: Arc::new(Inner { store, config, shared, voucher, rate, started, sequencer }) })
    }

    /// Settles an order, and waits for it to be written durably.
    ///
    /// # Errors
    /// Why it was not.
    pub fn settle(&self, request: Request) -> Result<Receipt, EngineError> {
        let (tell, told) = sync_channel(1);
        self.submit(request, move |receipt| drop(tell.send(receipt)));
        told.recv().unwrap_or(Err(EngineError::Stopped))
    }

    /// Has an order settled. `reply` is called once, when it is written durably or will not be: on the
    /// sequencer's thread, which must not be kept waiting, or at once on this one.
    pub fn submit(&self, request: Request, reply: impl FnOnce(Result<Receipt, EngineError>) + Send + 'static) {
        match self.admit(request) {
            Ok(task) => self.enqueue(Ticket::new(task, |outcome| reply(outcome.map(receipt))), false),
            Err(error) => {
                self.inner.shared.metrics().note_refused(error.code(), 1);
                reply(Err(error));
            }
        }
    }

    /// Opens an account, in nobody's name.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where there is such an account; a refusal where the id is none.
    pub fn open_account(&self, account: NewAccount) -> Result<Account, EngineError> {
        self.open_account_by(account, None)
    }

    /// Opens an account. `by`: who does, 1 to 64 bytes of text, for the record of acts.
    ///
    /// # Errors
    /// As [`Engine::open_account`].
    pub fn open_account_by(&self, account: NewAccount, by: Option<&str>) -> Result<Account, EngineError> {
        by.map_or(Ok(()), check_operator)?;
        self.wait_for(Task::Open { account, by: by.map(str::to_owned) }, false).map(account_of)
    }

    /// Changes whether an account may be used, or its name. That may be done while the ledger is halted. `by` and
    /// `reason`: who does, 1 to 64 bytes of text, and why, up to 2,000, for the record of acts; no name that is to go
    /// belongs there.
    ///
    /// # Errors
    /// A refusal where there is no such account, or no reason.
    pub fn change_account(
        &self,
        id: &str,
        change: AccountChange,
        by: &str,
        reason: &str,
    ) -> Result<Account, EngineError> {
        check_operator(by)?;
        let [id, by, reason] = [id, by, reason].map(str::to_owned);
        self.wait_for(Task::Change { id, change, by, reason }, false).map(account_of)
    }

    /// Halts the ledger: once this returns, no transaction is taken by anybody, whatever waits. A halt that
    /// stands already is returned as it is. A ledger that is damaged is halted too.
    ///
    /// # Errors
    /// A refusal where there is no name, the watch's, or no reason; those of the database.
    pub fn halt(&self, by: &str, reason: &str) -> Result<Halted, EngineError> {
        check_operator(by)?;
        self.halt_as(by, reason)
    }

    /// The same in any name: in the watch's it takes the place of anybody else's.
    pub(crate) fn halt_as(&self, by: &str, reason: &str) -> Result<Halted, EngineError> {
        let task = Task::Halt { by: by.to_owned(), reason: reason.to_owned() };
        let halted = match self.wait_for(task, true) {
            Ok(Answered::Halt(halted)) => halted,
            Ok(other) => unexpected(&other),
            // It failed with its batch, or nobody is there to carry it out; alone it may not.
            Err(EngineError::Store(_) | EngineError::GaveUp { .. } | EngineError::Stopped) => {
                halt_store_as(&*self.inner.store, by, reason)?
            }
            Err(error) => return Err(error),
        };
        let Halt { by, reason, at } = &halted.halt;
        log::warn!("the ledger is halted by {by} since {at}: {reason}");
        Ok(halted)
    }

    /// Lifts a halt, whoever's but the watch's.
    ///
    /// # Errors
    /// As [`Engine::resume_of`].
    pub fn resume(&self, by: &str, reason: &str) -> Result<(), EngineError> {
        self.resume_of(None, by, reason)
    }

    /// Lifts a halt. `of`: who had halted; where it is given it must be his halt that stands, and without it the watch's
    /// is not lifted. Where none stands nothing is done.
    ///
    /// # Errors
    /// [`EngineError::HaltNotNamed`]; as [`Engine::halt`].
    pub fn resume_of(&self, of: Option<&str>, by: &str, reason: &str) -> Result<(), EngineError> {
        check_operator(by)?;
        let of = of.map(str::to_owned);
        self.wait_for(Task::Resume { by: by.to_owned(), reason: reason.to_owned(), of }, true)?;
        log::warn!("the ledger is resumed by {by}: {reason}");
        Ok(())
    }

    /// Signs a checkpoint of the ledger as it is now, and keeps it; `None` where nobody signs.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where the entries do not bear it out; those of the database.
    pub fn checkpoint(&self) -> Result<Option<SignedCheckpoint>, EngineError> {
        let Some(voucher) = &self.inner.voucher else { return Ok(None) };
        let (store, now) = (&*self.inner.store, SystemStamps::default().now());
        if now >= Timestamp::MAX {
            return Err(EngineError::Clock);
        }
        let head = self.inner.shared.head(store)?;
        voucher.check(store, &head)?;
        let checkpoint = voucher.vouch(store, head.seq, now)?;
        store.keep_checkpoint(&checkpoint)?;
        self.inner.shared.metrics().checkpoints += 1;
        Ok(Some(checkpoint))
    }

    /// Whether orders could be carried out now: the sequencer is there, and the ledger goes on from where it left it.
    ///
    /// # Errors
    /// [`EngineError::Stopped`]; [`StoreError::Damaged`] where the ledger went back or is another one; those of the
    /// database.
    pub fn can_go_on(&self) -> Result<(), EngineError> {
        if self.inner.shared.queue.is_closed() {
            return Err(EngineError::Stopped);
        }
        self.inner.shared.head(&*self.inner.store)?;
        Ok(())
    }

    /// Who signs for the ledger, where somebody does.
    #[must_use]
    pub fn voucher(&self) -> Option<&Arc<Voucher>> {
        self.inner.voucher.as_ref()
    }

    /// What it settles over.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.inner.store
    }

    /// How it is configured.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// What it counted since it was started.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let queue_length = self.inner.shared.queue.len();
        Metrics { queue_length, ..self.inner.shared.metrics().clone() }
    }

    /// Takes nothing any more, works off what waits, and returns once everybody has his answer.
    pub fn shutdown(self) {
        self.inner.stop();
    }

    /// What stands at the door: what needs no look at the ledger.
    fn admit(&self, request: Request) -> Result<Task, EngineError> {
        if let Some(address) = request.origin.ip_address
            && !is_ordered_by_operator(&request.order)
        {
            let mut rate = self.inner.rate.lock().unwrap_or_else(PoisonError::into_inner);
            rate.admit(address, self.inner.started.elapsed())?;
        }
        request.check_key()?;
        let (order, key) = request.into_order();
        self.inner.config.shield.payload.admit(&order)?;
        let key = key.map(|text| Key { text, asked: fingerprint(&order) });
        Ok(Task::Settle { order: Box::new(order), key })
    }

    fn enqueue(&self, ticket: Ticket, urgent: bool) {
        let queue = &self.inner.shared.queue;
        let pushed = if urgent { queue.push_urgent(ticket) } else { queue.push(ticket) };
        match pushed {
            Ok(()) => {}
            Err(NotTaken::Full(ticket)) => self.turn_away(ticket, EngineError::Overloaded),
            Err(NotTaken::Closed(ticket)) => self.turn_away(ticket, EngineError::Stopped),
        }
    }

    fn turn_away(&self, mut ticket: Ticket, error: EngineError) {
        self.inner.shared.metrics().note_refused(error.code(), 1);
        ticket.answer(Err(error));
    }

    fn wait_for(&self, task: Task, urgent: bool) -> Outcome {
        let (tell, told) = sync_channel(1);
        self.enqueue(Ticket::new(task, move |outcome| drop(tell.send(outcome))), urgent);
        told.recv().unwrap_or(Err(EngineError::Stopped))
    }
}

impl Inner {
    fn stop(&self) {
        self.shared.queue.close();
        let sequencer = self.sequencer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(sequencer) = sequencer else { return };
        // A reply may hold the last engine; its own thread ends without being waited for.
        if sequencer.thread().id() != std::thread::current().id() && sequencer.join().is_err() {
            log::error!("the sequencer had failed");
        }
    }
}

/// Tells everybody who still waits, should the sequencer ever fail.
struct Abandon(Arc<Shared>);

impl Drop for Abandon {
    fn drop(&mut self) {
        drop(self.0.queue.abandon());
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Administrators are not held off: least of all in the rush in which they freeze accounts. Who may order such a
/// thing is the caller's business.
fn is_ordered_by_operator(order: &Order) -> bool {
    Kind::parse(&order.kind).is_some_and(|kind| kind.needs_operator() == Some(true))
}

fn receipt(answered: Answered) -> Receipt {
    match answered {
        Answered::Receipt(receipt) => *receipt,
        other => unexpected(&other),
    }
}

fn account_of(answered: Answered) -> Account {
    match answered {
        Answered::Account(account) => account,
        other => unexpected(&other),
    }
}

fn unexpected(answered: &Answered) -> ! {
    unreachable!("a task was answered with something else: {answered:?}")
}
