//! How many connections each address has.

use crate::sync::lock;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex},
};

/// The addresses that have connections; never more of them than there are connections.
#[derive(Debug)]
pub(super) struct Peers {
    most: usize,
    open: Mutex<BTreeMap<IpAddr, usize>>,
}

/// The place of one connection, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    peers: Arc<Peers>,
    address: IpAddr,
}

impl Peers {
    /// `most` is how many connections an address may have.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            open: Mutex::default(),
        }
    }

    /// A place for one more connection of an address, if it may have one.
    pub(super) fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut open = lock(&self.open);
        let count = open.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place {
            peers: self.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = lock(&self.peers.open);
        match open.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.remove(&self.address);
            }
        }
    }
}

/// Who an address is counted as: of an IPv6 address the first 64 bits, as one customer of a network has all the rest.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(long) if !long.is_loopback() => {
            let bits = long.to_bits() >> 64 << 64;
            Ipv6Addr::from_bits(bits).into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_places_and_gets_them_back() {
        let peers = Arc::new(Peers::new(2));
        let [one, other]: [IpAddr; 2] = [[10, 0, 0, 1].into(), [10, 0, 0, 2].into()];
        let first = peers.place(one);
        let second = peers.place(one);
        assert!(first.is_some() && second.is_some());
        assert!(peers.place(one).is_none());
        assert!(peers.place(other).is_some());
        drop(first);
        assert!(peers.place(one).is_some());
        drop(second);
        assert!(peers.open.lock().expect("a table").is_empty());
    }

    #[test]
    fn neighbours_in_one_network_are_one() {
        let of = |text: &str| counted(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:0:1::7"), of("2001:db8:0:1:ffff::8"));
        assert_ne!(of("2001:db8:0:1::7"), of("2001:db8:0:2::7"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
