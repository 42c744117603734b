//! Side effects, by what they mean: one call of a port may stand for several.

use std::collections::BTreeMap;
use std::fmt;
use tidegate_domain::duty::Duty;
use tidegate_domain::ids::FleetName;
use tidegate_fakes::{Call, FakeAws, Logged};

/// What a call changes in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The lease is taken.
    Lease,
    /// The lease is given back.
    Release,
    /// The memory is kept before the group is written, with the intent.
    Intent,
    /// The memory is kept at the end.
    Memory,
    /// The decision goes into the ledger.
    Ledger,
    /// `MinSize` goes up.
    Raise,
    /// `MinSize` goes down.
    LowerMin,
    /// Desired capacity goes down.
    LowerDesired,
    /// The backstop is written.
    Backstop,
    /// A warning goes out.
    Warning,
    /// A critical notice goes out.
    Critical,
    /// A write that this table does not know: its call must be added here and get a scene.
    Unknown(Call),
}

impl Effect {
    /// Every effect that is known.
    pub const ALL: [Self; 11] = [
        Self::Lease,
        Self::Release,
        Self::Intent,
        Self::Memory,
        Self::Ledger,
        Self::Raise,
        Self::LowerMin,
        Self::LowerDesired,
        Self::Backstop,
        Self::Warning,
        Self::Critical,
    ];

    /// Whether a function has this effect at all: by day nothing is lowered on a schedule.
    pub fn is_of(self, duty: Duty) -> bool {
        let lowers = matches!(self, Self::LowerMin | Self::LowerDesired | Self::Backstop);
        !(lowers && duty == Duty::Day)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// The effect of each call, in order; none for a call that only reads. `before` is the world
/// before the first of them.
pub fn effects(before: &FakeAws, log: &[Logged]) -> Vec<Option<Effect>> {
    let fleets = log.iter().filter_map(|call| call.fleet.clone());
    let mut mins: BTreeMap<FleetName, u32> =
        fleets.filter_map(|fleet| Some((fleet.clone(), before.sizes(&fleet)?.min))).collect();
    let calls = log.iter().enumerate();
    calls.map(|(n, call)| effect(call, log.get(n + 1..).unwrap_or_default(), &mut mins)).collect()
}

fn effect(call: &Logged, later: &[Logged], mins: &mut BTreeMap<FleetName, u32>) -> Option<Effect> {
    Some(match call.call {
        Call::Acquire => Effect::Lease,
        Call::Release => Effect::Release,
        Call::Append => Effect::Ledger,
        Call::PutBackstop => Effect::Backstop,
        Call::SetDesired => Effect::LowerDesired,
        Call::SetMin => {
            let min: u32 = call.args.strip_prefix("min=")?.parse().ok()?;
            let before = mins.insert(call.fleet.clone()?, min)?;
            if min < before { Effect::LowerMin } else { Effect::Raise }
        }
        Call::Store => {
            let same = |l: &&Logged| l.fleet == call.fleet && l.run == call.run;
            let next = later.iter().filter(same).find(|l| l.call.is_write());
            let writes = next.is_some_and(|l| l.call.is_group_write());
            if writes { Effect::Intent } else { Effect::Memory }
        }
        Call::Publish if call.args.starts_with("Critical") => Effect::Critical,
        Call::Publish => Effect::Warning,
        other if other.is_write() => Effect::Unknown(other),
        _ => return None,
    })
}
