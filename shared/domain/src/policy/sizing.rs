//! What a fleet's policy says of learned headroom.

use super::reader::{Faults, Reader};
use crate::sizing::Dial;

/// Learned headroom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizingPolicy {
    /// Whether it is learned, and followed.
    pub mode: SizingMode,
    /// The price of unserved load.
    pub dial: Dial,
    /// What the loss of one zone needs is added.
    pub az_reserve: bool,
    /// `capacity_per_instance` was measured; a guess is never sized by tightly.
    pub capacity_confirmed: bool,
}

/// Whether headroom is learned, and followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizingMode {
    /// Neither.
    Off,
    /// Learned and reported.
    Advise,
    /// Followed, in owner mode.
    On,
}

/// Reads a fleet's keys of sizing.
pub(super) fn read(r: &Reader<'_>, faults: &mut Faults) -> SizingPolicy {
    let mode = match r.choice("sizing", faults) {
        "on" => SizingMode::On,
        "off" => SizingMode::Off,
        _ => SizingMode::Advise,
    };
    SizingPolicy {
        mode,
        dial: Dial::parse(r.choice("sla", faults)).unwrap_or_default(),
        az_reserve: r.flag("az_reserve", faults),
        capacity_confirmed: r.flag("capacity_confirmed", faults),
    }
}
