//! Leases in the control table: one protocol, whatever they are held for.

use jiff::Timestamp;
use std::collections::BTreeMap;
use tidegate_domain::ports::{Lease, LeaseToken, Released};

/// A lease as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLease {
    /// Who holds it.
    pub owner: LeaseToken,
    /// Until when, in real time.
    pub until: Timestamp,
    /// Somebody else has asked for it.
    pub wanted: bool,
}

/// Leases by what they are held for: a fleet, a group of alarms.
#[derive(Debug)]
pub(crate) struct Leases<K>(BTreeMap<K, HeldLease>);

impl<K> Default for Leases<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Clone> Leases<K> {
    /// The lease as it is stored, run out or not.
    pub fn get(&self, key: &K) -> Option<HeldLease> {
        self.0.get(key).cloned()
    }

    /// Free, run out or already ours: ours. A retry of our own keeps who wanted it meanwhile.
    pub fn take(
        &mut self,
        key: &K,
        token: &LeaseToken,
        (wall, until): (Timestamp, Timestamp),
    ) -> Lease {
        let held = self.0.get_mut(key);
        if let Some(lease) = held {
            if lease.owner != *token && wall <= lease.until {
                lease.wanted = true;
                return Lease::Busy;
            }
            let wanted = lease.wanted && lease.owner == *token;
            *lease = HeldLease { owner: token.clone(), until, wanted };
            return Lease::Taken;
        }
        let lease = HeldLease { owner: token.clone(), until, wanted: false };
        self.0.insert(key.clone(), lease);
        Lease::Taken
    }

    /// Free, unless somebody wanted it: then the mark goes and the lease stays ours.
    pub fn leave(&mut self, key: &K, token: &LeaseToken) -> Released {
        match self.0.get_mut(key) {
            Some(lease) if lease.owner == *token && lease.wanted => {
                lease.wanted = false;
                Released::Wanted
            }
            Some(lease) if lease.owner == *token => {
                self.0.remove(key);
                Released::Free
            }
            _ => Released::Free,
        }
    }
}
