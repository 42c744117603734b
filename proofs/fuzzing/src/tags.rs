//! Operator tags: a hold holds, a floor is kept, and what cannot be read counts as a hold.

use crate::pieces::Pieces;
use crate::world::{NIGHT, World};
use jiff::Timestamp;
use tidegate_domain::cycle::Planner;
use tidegate_domain::decide::decide;
use tidegate_domain::ledger::ActionRecord;
use tidegate_domain::ports::Clock;
use tidegate_domain::signal::Signal;
use tidegate_fakes::GroupSpec;

/// Values of the tags `tidegate:hold`, `tidegate:floor`, `tidegate:until`; an empty piece is no
/// tag, one blank is an empty tag.
pub fn tags(data: &[u8]) {
    tags_with(&decide, data);
}

/// [`tags`] with another planner.
pub fn tags_with(planner: &Planner<'_>, data: &[u8]) {
    let mut pieces = Pieces::of(data);
    let values = [pieces.next(), pieces.next(), pieces.next()];
    let names = ["tidegate:hold", "tidegate:floor", "tidegate:until"];
    let mut spec = GroupSpec::sized(8, 12, 60);
    for (name, value) in names.iter().zip(&values).filter(|(_, value)| !value.is_empty()) {
        spec = spec.tag(name, value);
    }
    let world = World { planner, ..World::quiet(NIGHT, spec) };
    let entry = world.serve("fuzz", &Signal::Night { scheduled: None }, false);
    let [hold, floor, until] = values.each_ref().map(|value| value.trim());
    let until = until.parse::<Timestamp>();
    if matches!(until, Ok(until) if until <= world.aws.now()) {
        return;
    }
    let given = |value: &String| !value.is_empty();
    let lowered = matches!(entry.action, ActionRecord::Lower { .. });
    let [hold_tag, floor_tag, until_tag] = &values;
    let unreadable =
        given(until_tag) && until.is_err() || given(floor_tag) && floor.parse::<u32>().is_err();
    let held = given(hold_tag) && hold != "none";
    assert!(!lowered || !unreadable && !held, "lowered in spite of {values:?}");
    if !unreadable && hold == "all" {
        assert!(world.aws.group_writes(&world.fleet).is_empty(), "written in spite of {values:?}");
    }
    if let (false, Ok(floor)) = (unreadable, floor.parse::<u32>())
        && hold != "all"
    {
        assert!(world.sizes().min >= floor.min(40), "{:?} under a floor of {floor}", world.sizes());
    }
}
