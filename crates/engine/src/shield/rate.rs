//! So many requests from one address within so many seconds, in memory: a restart forgets them.
//!
//! A window is cut into [`SLOTS`]; a request counts until its whole slot has left the window. So nobody is
//! let through early, and somebody may wait for up to one slot more. Memory is bounded by
//! [`MAX_ADDRESSES`], whatever the limit.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ShieldRefusal;

/// Most addresses that are remembered. Past it the half that was silent longest is forgotten.
pub(crate) const MAX_ADDRESSES: usize = 131_072;
/// Parts of a window.
const SLOTS: u64 = 30;
/// Longest window, in seconds.
const MAX_SECONDS: u32 = 86_400;

/// Requests by address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    /// Whether they are counted.
    pub enabled: bool,
    /// So many are taken; refused ones do not count.
    pub requests: u32,
    /// Within so many seconds.
    pub seconds: u32,
}

impl Default for Rate {
    /// 10 requests within 5 minutes.
    fn default() -> Self {
        Self { enabled: true, requests: 10, seconds: 300 }
    }
}

impl Rate {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.requests == 0 || !(1..=MAX_SECONDS).contains(&self.seconds) {
            return Err(format!("shield.rate: requests is at least 1, seconds 1 to {MAX_SECONDS}"));
        }
        Ok(())
    }

    fn slot_ms(&self) -> u64 {
        (u64::from(self.seconds) * 1000).div_ceil(SLOTS)
    }
}

/// Requests of one address by slot, the oldest first; at most [`SLOTS`] + 1 of them.
type Slots = VecDeque<(u64, u32)>;

/// What was asked from where, lately.
#[derive(Debug)]
pub(crate) struct Counter {
    rate: Rate,
    /// Heard of lately; moves to `earlier` once it is half of what is remembered.
    recent: HashMap<IpAddr, Slots>,
    earlier: HashMap<IpAddr, Slots>,
    half: usize,
}

impl Counter {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, recent: HashMap::new(), earlier: HashMap::new(), half: MAX_ADDRESSES / 2 }
    }

    /// Takes a request that came `now` after the counting began.
    pub(crate) fn admit(&mut self, address: IpAddr, now: Duration) -> Result<(), ShieldRefusal> {
        if !self.rate.enabled {
            return Ok(());
        }
        let slot_ms = self.rate.slot_ms();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let slot = now_ms / slot_ms;
        let limit = self.rate.requests;
        let slots = self.slots(network(address));
        while slots.front().is_some_and(|(at, _)| at + SLOTS < slot) {
            slots.pop_front();
        }
        let count = slots.iter().fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
        if count >= limit {
            let free_at = slots.front().map_or(slot, |(at, _)| at + SLOTS + 1) * slot_ms;
            return Err(ShieldRefusal::RateLimited { retry_after_s: (free_at - now_ms).div_ceil(1000).max(1) });
        }
        match slots.back_mut() {
            Some((at, count)) if *at == slot => *count += 1,
            _ => slots.push_back((slot, 1)),
        }
        Ok(())
    }

    fn slots(&mut self, network: IpAddr) -> &mut Slots {
        if !self.recent.contains_key(&network) {
            if self.recent.len() >= self.half {
                self.earlier = std::mem::take(&mut self.recent);
            }
            let known = self.earlier.remove(&network);
            self.recent.insert(network, known.unwrap_or_default());
        }
        self.recent.entry(network).or_default()
    }
}

/// Whom an address stands for: of IPv6 a whole /64, which is what one subscriber has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter() -> Counter {
        Counter::new(Rate::default())
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_eleventh_within_five_minutes_waits() {
        let (mut counter, address) = (counter(), "203.0.113.7".parse().unwrap());
        for second in 0..10 {
            counter.admit(address, at(second)).unwrap();
        }
        let Err(ShieldRefusal::RateLimited { retry_after_s }) = counter.admit(address, at(10)) else { panic!() };
        assert!((290..=310).contains(&retry_after_s), "{retry_after_s}");
        counter.admit("203.0.113.8".parse().unwrap(), at(10)).unwrap();
        assert!(counter.admit(address, at(9 + retry_after_s)).is_err());
        counter.admit(address, at(10 + retry_after_s)).unwrap();
    }

    #[test]
    fn whoever_keeps_asking_is_not_punished_for_it() {
        let (mut counter, address) = (counter(), "203.0.113.7".parse().unwrap());
        (0..10).for_each(|_| counter.admit(address, at(0)).unwrap());
        (1..310).for_each(|second| assert!(counter.admit(address, at(second)).is_err(), "{second}"));
        counter.admit(address, at(310)).unwrap();
    }

    #[test]
    fn a_64_of_ipv6_is_one_address_and_mapped_ipv4_is_ipv4() {
        let mut counter = counter();
        for host in 1..=10_u16 {
            counter.admit(format!("2001:db8::{host:x}").parse().unwrap(), at(0)).unwrap();
        }
        assert!(counter.admit("2001:db8::ffff".parse().unwrap(), at(0)).is_err());
        counter.admit("2001:db8:0:1::1".parse().unwrap(), at(0)).unwrap();
        assert_eq!(network("::ffff:1.2.3.4".parse().unwrap()), network("1.2.3.4".parse().unwrap()));
    }

    #[test]
    fn memory_is_bounded_and_the_one_who_asks_is_not_forgotten() {
        let (mut counter, loud) = (counter(), "203.0.113.7".parse().unwrap());
        counter.half = 100;
        (0..10).for_each(|_| counter.admit(loud, at(0)).unwrap());
        for stranger in 0..1_000_u32 {
            counter.admit(IpAddr::V4(stranger.into()), at(1)).unwrap();
            assert!(counter.admit(loud, at(1)).is_err());
            assert!(counter.recent.len() + counter.earlier.len() <= 200);
        }
    }

    #[test]
    fn a_limit_of_any_size_costs_the_same() {
        let mut counter = Counter::new(Rate { requests: u32::MAX, ..Rate::default() });
        let address = "203.0.113.7".parse().unwrap();
        for n in 0..5_000 {
            counter.admit(address, at(n)).unwrap();
        }
        assert!(counter.recent[&address].len() <= usize::try_from(SLOTS).unwrap() + 1);
    }
}
