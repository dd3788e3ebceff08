//! What waits for one channel, in the order of what happened.

use std::collections::VecDeque;
use std::sync::Arc;

use super::alert::{Alert, Channel};

/// Alerts that wait for a channel to come back; of more, the oldest are dropped.
pub const MAX_UNDELIVERED: usize = 100;

/// When an alert is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// As soon as the channel is free, with all its tries.
    Next,
    /// As soon as the channel is free, with one try: it failed before.
    Again,
    /// It is under way.
    UnderWay,
    /// Once what waits is tried again.
    Later,
}

/// A channel, and what waits for it or is under way through it: one alert at a time.
#[derive(Debug)]
pub(super) struct Outlet {
    channel: Arc<dyn Channel>,
    waiting: VecDeque<(Turn, Alert)>,
}

impl Outlet {
    pub(super) fn new(channel: Box<dyn Channel>) -> Self {
        Self { channel: channel.into(), waiting: VecDeque::new() }
    }

    pub(super) fn channel(&self) -> &Arc<dyn Channel> {
        &self.channel
    }

    /// Whether this is what an alert was kept for.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.channel.name() == name || self.channel.former_name() == Some(name)
    }

    /// What did not arrive yet, the oldest first.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Alert> {
        self.waiting.iter().map(|(_, alert)| alert)
    }

    /// Takes up what waited before a restart.
    pub(super) fn keep(&mut self, alert: Alert) {
        self.put(Turn::Later, alert);
    }

    /// Has an alert sent: behind what was told of the same before and waits.
    pub(super) fn push(&mut self, alert: &Alert) {
        let is_behind = self.waiting.iter().any(|(turn, earlier)| *turn == Turn::Later && earlier.key == alert.key);
        self.put(if is_behind { Turn::Later } else { Turn::Next }, alert.clone());
    }

    fn put(&mut self, turn: Turn, alert: Alert) {
        if self.waiting.len() >= MAX_UNDELIVERED
            && let Some(oldest) = self.waiting.iter().position(|(turn, _)| *turn != Turn::UnderWay)
        {
            self.waiting.remove(oldest);
        }
        self.waiting.push_back((turn, alert));
    }

    /// Has what waits tried again.
    pub(super) fn try_again(&mut self) {
        let later = self.waiting.iter_mut().filter(|(turn, _)| *turn == Turn::Later);
        later.for_each(|(turn, _)| *turn = Turn::Again);
    }

    /// What to send now, and how often to try; `None` where nothing is, or something is under way.
    pub(super) fn start(&mut self) -> Option<(Alert, u32)> {
        if self.is_busy() {
            return None;
        }
        let (turn, alert) = self.waiting.iter_mut().find(|(turn, _)| matches!(turn, Turn::Next | Turn::Again))?;
        let tries = if *turn == Turn::Next { self.channel.attempts() } else { 1 };
        *turn = Turn::UnderWay;
        Some((alert.clone(), tries))
    }

    /// Whether something is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.waiting.iter().any(|(turn, _)| *turn == Turn::UnderWay)
    }

    /// What was under way arrived.
    pub(super) fn arrived(&mut self) {
        self.waiting.retain(|(turn, _)| *turn != Turn::UnderWay);
    }

    /// It did not: it waits, what is tried again is left alone for this time, and what is told of the same stays behind.
    pub(super) fn failed(&mut self) {
        let failed = self.waiting.iter().find(|(turn, _)| *turn == Turn::UnderWay);
        let key = failed.map(|(_, alert)| alert.key.clone()).unwrap_or_default();
        for (turn, alert) in &mut self.waiting {
            if *turn != Turn::Next || alert.key == key {
                *turn = Turn::Later;
            }
        }
    }
}
