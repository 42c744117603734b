//! What the real planner decides, over these few numbers: `decide` in one mode (`owner`), with
//! a policy that never needs more than its minimum and a spike that asks for [`SPIKE`].

use super::Rules;
use super::state::{
    Action, BAKE, BID, Bid, FLOOR, Ground, Group, Intent, Lowering, Memory, Run, SPIKE, Sizes,
};

/// What a run looks at.
pub(super) struct Sight<'a> {
    pub(super) rules: &'a Rules,
    pub(super) group: &'a Group,
    pub(super) breach: bool,
}

/// Decides, and leaves the next memory in the run.
pub(super) fn decide(sight: &Sight<'_>, run: &mut Run) {
    let mut memory = run.memory;
    let lost_intent = memory.intent.map(|intent| intent.before.min);
    settle_intent(sight, &mut memory);
    note_whose_min(sight, &mut memory, lost_intent);
    note_terminations(&mut memory);
    judge_spike(sight, &mut memory);
    audit(sight, &mut memory);
    let action = act(sight, &memory, run.ground);
    memory.intent = intent_of(action, sight.group.sizes);
    (run.alone, run.memory, run.action, run.expected) = (true, memory, action, sight.group.sizes);
}

/// `remember::settle_intent`.
fn settle_intent(sight: &Sight<'_>, memory: &mut Memory) {
    let Some(intent) = memory.intent.take() else { return };
    let sizes = sight.group.sizes;
    if sizes.min == intent.min && sight.rules.keeps_what_it_applied() {
        memory.applied_min = Some(intent.min);
    }
    let Some(to) = intent.desired else { return };
    let (before, age) = (intent.before.desired, intent.age);
    let step = Some(Lowering { before, to, age, audited: false });
    let shows = sizes.min == intent.min || sight.rules.settles_by_desired();
    if shows && sizes.desired <= to {
        memory.last_lowering = step;
    } else if sight.rules.doubts() {
        memory.doubt = step;
    }
}

/// `remember::note_whose_min`.
fn note_whose_min(sight: &Sight<'_>, memory: &mut Memory, lost_intent: Option<u8>) {
    let min = sight.group.sizes.min;
    let applied = memory.applied_min.unwrap_or(min);
    if min == applied || Some(min) == lost_intent {
        memory.applied_min = Some(min);
    } else if min > applied {
        memory.operator_min = min;
    } else {
        memory.operator_min = 0;
        memory.applied_min = Some(min);
    }
}

/// `remember::note_instances`.
fn note_terminations(memory: &mut Memory) {
    if std::mem::take(&mut memory.missing) {
        memory.last_termination = 0;
    }
}

/// `spike::judge`: the bid lives on while the breach lasts, and never asks for less.
fn judge_spike(sight: &Sight<'_>, memory: &mut Memory) {
    if sight.breach {
        let asked = SPIKE.max(sight.group.sizes.desired).min(sight.rules.max);
        memory.spike = Bid { floor: memory.spike.floor.max(asked), left: BID };
    }
}

/// `undo::audit`: the group's activities tell whose raise our last lowering cut.
fn audit(sight: &Sight<'_>, memory: &mut Memory) {
    let is_due = |step: &Lowering| !step.audited && step.age > 0 && sight.rules.audits();
    if let Some(step) = memory.doubt.take_if(|step| is_due(step)) {
        give_back(sight, memory, step);
    }
    if let Some(step) = memory.last_lowering.filter(is_due) {
        memory.last_lowering = Some(Lowering { audited: true, ..step });
        give_back(sight, memory, step);
    }
}

fn give_back(sight: &Sight<'_>, memory: &mut Memory, step: Lowering) {
    let ours = sight.group.changes.iter().filter(|c| {
        let skew = sight.rules.audit_skew();
        c.to == step.to && c.age <= step.age + skew && c.age + 2 >= step.age
    });
    if let Some(cut) = ours.filter(|c| c.from > step.before).map(|c| c.from).max() {
        let floor = cut.max(memory.undo.floor);
        memory.undo = Bid { floor, left: BID };
    }
}

/// The arbiter and the gate.
fn act(sight: &Sight<'_>, memory: &Memory, ground: Ground) -> Action {
    let sizes = sight.group.sizes;
    let floor = floor_of(memory).min(sight.rules.max);
    if floor > sizes.min {
        let may = ground != Ground::NoMemory || sight.rules.raises_blindly();
        return if may { Action::Raise(floor) } else { Action::Hold };
    }
    let unfinished = memory.last_lowering.is_some() && sight.group.in_service > sizes.desired;
    let vetoed = ground.raises_only() || sight.breach || has_bid(memory) || bakes(memory);
    if vetoed || unfinished || sizes.desired <= floor {
        return Action::Hold;
    }
    let desired = floor.max(sizes.desired - 1);
    Action::Lower(Sizes { min: sizes.min.min(desired), desired })
}

/// The highest live bid.
pub(super) fn floor_of(memory: &Memory) -> u8 {
    FLOOR.max(memory.spike.floor).max(memory.undo.floor).max(memory.operator_min)
}

/// `lowering::spike_veto`.
fn has_bid(memory: &Memory) -> bool {
    memory.spike.left > 0 || memory.undo.left > 0
}

/// `lowering::bake_veto`.
fn bakes(memory: &Memory) -> bool {
    memory.last_termination < BAKE || memory.last_lowering.is_some_and(|step| step.age < BAKE)
}

fn intent_of(action: Action, before: Sizes) -> Option<Intent> {
    match action {
        Action::Hold => None,
        Action::Raise(min) => Some(Intent { min, desired: None, before, age: 0 }),
        Action::Lower(Sizes { min, desired }) => {
            Some(Intent { min, desired: Some(desired), before, age: 0 })
        }
    }
}

/// `Decision::memory_when_applied`.
pub(super) fn applied(rules: &Rules, run: &mut Run) {
    let Some(intent) = run.memory.intent.take() else { return };
    if rules.keeps_what_it_applied() {
        run.memory.applied_min = Some(intent.min);
    }
    if let Some(to) = intent.desired {
        let before = run.expected.desired;
        run.memory.last_lowering = Some(Lowering { before, to, age: 0, audited: false });
    }
}
