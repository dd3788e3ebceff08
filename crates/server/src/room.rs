//! How many connections there are: in all, and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Room for connections.
#[derive(Debug)]
pub(crate) struct Room {
    most: usize,
    most_by_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// One connection's place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    room: Arc<Room>,
    network: Option<IpAddr>,
}

impl Room {
    pub(crate) fn new(most: usize, most_by_address: usize) -> Self {
        Self { most, most_by_address, taken: Mutex::default() }
    }

    /// A place, where there is one. `address`: whose share it comes from; `None` where many are behind one.
    pub(crate) fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let network = address.map(network);
        let mut taken = self.taken();
        if taken.all >= self.most {
            return None;
        }
        if let Some(network) = network {
            let share = taken.by_network.entry(network).or_default();
            if *share >= self.most_by_address {
                return None;
            }
            *share += 1;
        }
        taken.all += 1;
        Some(Place { room: Arc::clone(self), network })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        taken.all -= 1;
        let Some(network) = self.network else { return };
        if let Some(share) = taken.by_network.get_mut(&network) {
            *share -= 1;
            if *share == 0 {
                taken.by_network.remove(&network);
            }
        }
    }
}

/// What one holder has for himself: an address of version 4, 64 bits of one of version 6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn nobody_takes_more_than_his_share_and_all_of_them_no_more_than_there_is() {
        let room = Arc::new(Room::new(4, 2));
        let first = room.enter(address("192.0.2.1")).unwrap();
        let second = room.enter(address("::ffff:192.0.2.1")).unwrap();
        assert!(room.enter(address("192.0.2.1")).is_none());
        drop(first);
        let third = room.enter(address("192.0.2.1")).unwrap();
        let others = [room.enter(address("192.0.2.2")).unwrap(), room.enter(None).unwrap()];
        assert!(room.enter(address("192.0.2.3")).is_none() && room.enter(None).is_none());
        drop((second, third, others));
        assert!(room.taken().by_network.is_empty() && room.taken().all == 0);
    }

    #[test]
    fn addresses_of_one_holder_share_what_one_has() {
        let room = Arc::new(Room::new(9, 1));
        let _place = room.enter(address("2001:db8::1")).unwrap();
        assert!(room.enter(address("2001:db8::ffff:0:0:2")).is_none());
        assert!(room.enter(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn who_stands_for_many_is_bounded_by_all_alone() {
        let room = Arc::new(Room::new(3, 1));
        let places: Vec<_> = (0..3).map(|_| room.enter(None).unwrap()).collect();
        assert!(room.enter(None).is_none());
        drop(places);
    }
}
