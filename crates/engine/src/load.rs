//! A load to measure an engine under: so many callers, each of whom pays again as soon as he was answered.
//!
//! Callers are no threads, as those of a server are not: they share as many as there are cores (pgbench's `--client`
//! and `--jobs`). A thread for each would measure how fast the system wakes threads.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use countersign_core::settle::Order;
use serde::Serialize;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::receipt::Receipt;
use crate::request::{NewAccount, Request};

/// How heavy a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Callers, each of whom waits for his answer.
    pub callers: usize,
    /// Accounts that pay one another.
    pub accounts: usize,
    /// For how long.
    pub lasts: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Callers.
    pub callers: usize,
    /// Transactions settled, each durable before it was answered.
    pub transactions: u64,
    /// Of one second.
    pub per_second: f64,
    /// Half of all answers came within so many milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 did.
    pub p99_ms: f64,
    /// All did.
    pub longest_ms: f64,
}

/// Callers that prepare a ledger.
const OPENERS: usize = 64;
/// What each account starts with; no load uses it up.
const FUNDS: &str = "900000000";

/// Opens the accounts that a load needs, and puts money into each.
///
/// # Errors
/// The first that the engine brings.
pub fn prepare(engine: &Engine, accounts: usize) -> Result<(), EngineError> {
    let open = |n: usize| {
        engine.open_account(NewAccount { id: account(n), username: Some(format!("player {n}")) })?;
        engine.settle(Request::of(mint(n))).map(drop)
    };
    std::thread::scope(|scope| {
        let openers: Vec<_> =
            (0..OPENERS).map(|k| scope.spawn(move || (k..accounts).step_by(OPENERS).try_for_each(open))).collect();
        openers.into_iter().try_for_each(|opener| opener.join().unwrap_or(Err(EngineError::Stopped)))
    })
}

/// Puts a load on an engine whose ledger is prepared.
///
/// # Errors
/// The first that the engine brings.
pub fn run(engine: &Engine, load: &Load) -> Result<Figures, EngineError> {
    let over = AtomicBool::new(false);
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(load.callers);
    let answered: Result<Vec<Vec<Duration>>, EngineError> = std::thread::scope(|scope| {
        let share = |thread: usize| (thread..load.callers).step_by(threads);
        let callers = |thread| share(thread).map(|caller| Caller::new(load.accounts, caller)).collect();
        let crowds: Vec<_> = (0..threads).map(|thread| Crowd::new(engine, callers(thread))).collect();
        let over = &over;
        let crowds: Vec<_> = crowds.into_iter().map(|crowd| scope.spawn(move || crowd.call(over))).collect();
        std::thread::sleep(load.lasts);
        over.store(true, Ordering::Relaxed);
        crowds.into_iter().map(|crowd| crowd.join().unwrap_or(Err(EngineError::Stopped))).collect()
    });
    let took = began.elapsed();
    Ok(figures(load.callers, answered?.concat(), took))
}

type Told = (usize, Result<Receipt, EngineError>);

/// Callers that share a thread.
struct Crowd<'a> {
    engine: &'a Engine,
    callers: Vec<Caller>,
    tell: Sender<Told>,
    told: Receiver<Told>,
}

struct Caller {
    orders: Box<dyn Iterator<Item = Order> + Send>,
    asked: Instant,
}

impl Caller {
    fn new(accounts: usize, seed: usize) -> Self {
        Self { orders: Box::new(orders(accounts, seed as u64)), asked: Instant::now() }
    }
}

impl<'a> Crowd<'a> {
    fn new(engine: &'a Engine, callers: Vec<Caller>) -> Self {
        let (tell, told) = channel();
        Self { engine, callers, tell, told }
    }

    /// How long each answer took, until it is over and everybody has his last one.
    fn call(mut self, over: &AtomicBool) -> Result<Vec<Duration>, EngineError> {
        let (mut answered, mut waiting) = (Vec::new(), self.callers.len());
        (0..waiting).for_each(|caller| self.ask(caller));
        while waiting > 0 {
            let (caller, outcome) = self.told.recv().map_err(|_| EngineError::Stopped)?;
            outcome?;
            answered.push(self.callers[caller].asked.elapsed());
            if over.load(Ordering::Relaxed) {
                waiting -= 1;
            } else {
                self.ask(caller);
            }
        }
        Ok(answered)
    }

    fn ask(&mut self, caller: usize) {
        let Caller { orders, asked } = &mut self.callers[caller];
        let request = Request::of(orders.next().unwrap_or_default());
        let tell = self.tell.clone();
        *asked = Instant::now();
        self.engine.submit(request, move |outcome| drop(tell.send((caller, outcome))));
    }
}

/// Transfers between accounts picked evenly, each taxed; the same for the same seed.
pub fn orders(accounts: usize, seed: u64) -> impl Iterator<Item = Order> {
    let count = accounts.max(2) as u64;
    // SplitMix64, whose every state is a good one (Steele, Lea and Flood, OOPSLA 2014).
    let mut state = seed.wrapping_mul(0xd134_2543_de82_ef95);
    let mut random = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    std::iter::repeat_with(move || {
        let sender = random() % count;
        let receiver = (sender + 1 + random() % (count - 1)) % count;
        let (whole, cents) = (1 + random() % 90, random() % 100);
        transfer(sender, receiver, format!("{whole}.{cents:02}"))
    })
}

fn transfer(sender: u64, receiver: u64, amount: String) -> Order {
    Order {
        kind: "TRANSFER".to_owned(),
        sender_id: account(sender),
        receiver_id: account(receiver),
        currency: Some("EURO".to_owned()),
        amount: Some(amount),
        ..Order::default()
    }
}

fn mint(n: usize) -> Order {
    Order {
        kind: "SYSTEM_MINT".to_owned(),
        sender_id: "SYSTEM".to_owned(),
        receiver_id: account(n),
        currency: Some("EURO".to_owned()),
        amount: Some(FUNDS.to_owned()),
        operator_id: Some("load".to_owned()),
        ..Order::default()
    }
}

fn account(n: impl std::fmt::Display) -> String {
    format!("load-{n:0>6}")
}

fn figures(callers: usize, mut answered: Vec<Duration>, took: Duration) -> Figures {
    answered.sort_unstable();
    let at = |share: usize| {
        let place = (answered.len() * share / 100).min(answered.len().saturating_sub(1));
        answered.get(place).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    let transactions = answered.len() as u64;
    #[expect(clippy::cast_precision_loss, reason = "a figure to be looked at")]
    let per_second = transactions as f64 / took.as_secs_f64();
    Figures { callers, transactions, per_second, p50_ms: at(50), p99_ms: at(99), longest_ms: at(100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_orders_and_nobody_pays_himself() {
        let some: Vec<Order> = orders(10, 7).take(1000).collect();
        assert_eq!(some, orders(10, 7).take(1000).collect::<Vec<_>>());
        assert_ne!(some, orders(10, 8).take(1000).collect::<Vec<_>>());
        assert!(some.iter().all(|order| order.sender_id != order.receiver_id));
    }

    #[test]
    fn figures_are_those_of_the_times() {
        let times = (1..=200).rev().map(Duration::from_millis).collect();
        let figures = figures(4, times, Duration::from_secs(2));
        assert_eq!((figures.transactions, figures.per_second), (200, 100.0));
        assert_eq!((figures.p50_ms, figures.p99_ms, figures.longest_ms), (101.0, 199.0, 200.0));
    }
}
