//! What must always hold, and what must be seen to happen.

use super::Protocol;
use super::state::{BID, Broken, FLOOR, Ground, Next, Owner, Run, SPIKE, State};
use stateright::Property;

/// Every property.
pub(super) fn all() -> Vec<Property<Protocol>> {
    let mut all = steps();
    all.extend(states());
    all.extend(seen());
    all
}

fn steps() -> Vec<Property<Protocol>> {
    vec![
        Property::always("desired is never written upward", |_, s: &State| not(s, Broken::Upward)),
        Property::always("one step down in a bake", |_, s: &State| not(s, Broken::SecondStep)),
        Property::always("a raise that was seen is never cut", |_, s: &State| {
            not(s, Broken::VisibleRaise)
        }),
        Property::always("a raise takes nothing away", |_, s: &State| not(s, Broken::RaiseTook)),
        Property::always("a recorded bid is never lost", |_, s: &State| not(s, Broken::LostBid)),
        Property::always("nothing goes below a recorded bid", |_, s: &State| {
            not(s, Broken::BelowBid)
        }),
        Property::always("who is turned away is served", |_, s: &State| not(s, Broken::Forgotten)),
        Property::always("a crash heals within three tries", |_, s: &State| {
            not(s, Broken::Unhealed)
        }),
    ]
}

fn not(s: &State, what: Broken) -> bool {
    s.witness.broken != what
}

fn states() -> Vec<Property<Protocol>> {
    vec![
        Property::always("sizes stay within their bounds", |m: &Protocol, s: &State| {
            let sizes = s.group.sizes;
            FLOOR <= sizes.min && sizes.min <= sizes.desired && sizes.desired <= m.rules.max
        }),
        Property::always("one run has the lease", |_, s: &State| {
            s.runs.iter().flatten().filter(|run| run.leased).count() <= 1
        }),
        Property::always("a cut raise is given back", given_back),
        Property::always("a breach is answered", answered),
        Property::always("in calm it ends at the floor", ends),
    ]
}

fn given_back(m: &Protocol, s: &State) -> bool {
    if s.witness.cut == 0 {
        return true;
    }
    let calm = s.clone().calm(&m.rules).ticked(&m.rules).later(1).ticked(&m.rules);
    calm.witness.cut == 0
}

fn answered(m: &Protocol, s: &State) -> bool {
    if !s.breach || s.group.sizes.desired >= SPIKE {
        return true;
    }
    let calm = s.clone().calm(&m.rules);
    let seen = calm.clone().ticked(&m.rules).group.sizes.min;
    let blind = calm.ticked_blindly(&m.rules).group.sizes.min;
    seen.min(blind) >= SPIKE
}

fn ends(m: &Protocol, s: &State) -> bool {
    let is_calm = s.runs.iter().all(Option::is_none) && !s.breach;
    if !is_calm {
        return true;
    }
    let mut calm = s.clone();
    for _ in 0..=m.rules.max {
        calm = calm.later(BID).ticked(&m.rules).later(1).ticked(&m.rules);
    }
    let person = calm.table.memory.operator_min;
    let floor = FLOOR.max(person.min(s.witness.foreign_min));
    calm.group.sizes.min == floor && calm.group.sizes.desired == floor
}

fn seen() -> Vec<Property<Protocol>> {
    vec![
        Property::sometimes("a raise is cut in the window", |_, s: &State| s.witness.cut > 0),
        Property::sometimes("a raise is given back", |_, s: &State| s.table.memory.undo.left > 0),
        Property::sometimes("a crash leaves a lease behind", |_, s: &State| {
            s.table.lease.is_some_and(|lease| lease.owner == Owner::Gone)
        }),
        Property::sometimes("a run is wanted again", |_, s: &State| {
            s.runs.iter().flatten().any(|run| run.again > 0)
        }),
        Property::sometimes("a raise is made without the table", |_, s: &State| {
            let blind = |r: &&Run| r.ground == Ground::NoMemory && r.next == Next::Raise;
            s.runs.iter().flatten().any(|run| blind(&run))
        }),
        Property::sometimes("two runs at once", |_, s: &State| s.runs.iter().all(Option::is_some)),
        Property::sometimes("a step is found that nobody kept", |_, s: &State| {
            let unkept = s.table.memory.last_lowering.is_none();
            let found = |r: &Run| r.memory.last_lowering.is_some();
            unkept && s.table.memory.intent.is_some() && s.runs.iter().flatten().any(found)
        }),
    ]
}
