//! What AWS does: the group's rules, the table's conditional writes, time.

use super::state::{
    BAKE, Broken, Change, Ground, IDLE, LEASE, Lease, Memory, Next, Owner, Run, Sizes, State,
    Table, Witness,
};
use super::{Luck, Rules};

impl State {
    /// The run in this slot.
    pub(super) fn run(&self, slot: usize) -> Option<&Run> {
        self.runs.get(slot)?.as_ref()
    }

    pub(super) fn run_mut(&mut self, slot: usize) -> Option<&mut Run> {
        self.runs.get_mut(slot)?.as_mut()
    }

    pub(super) fn put(&mut self, slot: usize, run: Option<Run>) {
        if let Some(place) = self.runs.get_mut(slot) {
            *place = run;
        }
    }

    /// UpdateAutoScalingGroup: desired follows into the new bound and never otherwise.
    pub(super) fn set_min(&mut self, min: u8) {
        let desired = self.group.sizes.desired.max(min);
        self.resize(Sizes { min, desired });
    }

    /// SetDesiredCapacity by us; false when AWS refuses it.
    pub(super) fn set_desired(&mut self, desired: u8) -> bool {
        let Sizes { min, desired: from } = self.group.sizes;
        if desired < min {
            return false;
        }
        if desired < from {
            self.group.changes.push(Change { from, to: desired, age: 0 });
        }
        self.resize(Sizes { min, desired });
        true
    }

    /// Someone else sets desired upward.
    pub(super) fn raise_natively(&mut self, desired: u8) {
        let min = self.group.sizes.min;
        self.resize(Sizes { min, desired });
        self.note_raise();
    }

    fn resize(&mut self, to: Sizes) {
        let from = std::mem::replace(&mut self.group.sizes, to);
        self.group.in_service = self.group.in_service.max(to.desired);
        if to.desired > from.desired {
            self.witness.since_step = BAKE;
        }
        if to.desired >= self.witness.cut {
            self.witness.cut = 0;
        }
    }

    /// For the proof: whoever is lowering now has not seen this raise.
    pub(super) fn note_raise(&mut self) {
        let desired = self.group.sizes.desired;
        let lowers = |run: &&mut Run| matches!(run.next, Next::LowerMin | Next::LowerDesired);
        for run in self.runs.iter_mut().flatten().filter(lowers) {
            run.unseen = run.unseen.max(desired);
        }
    }

    /// For the proof: a `MinSize` that the memory cannot know of.
    pub(super) fn note_foreign_min(&mut self) {
        self.witness.foreign_min = self.witness.foreign_min.max(self.group.sizes.min);
    }

    /// For the proof: the raise of a run without memory is such a one.
    pub(super) fn note_blind(&mut self, slot: usize) {
        let ground = self.run(slot).map(|run| run.ground);
        if ground == Some(Ground::NoMemory) {
            self.note_foreign_min();
        }
    }

    /// For the proof: so may be the raise of a run that has the memory without the lease, whose
    /// record another run may overwrite; and one whose answer a run without memory never had.
    pub(super) fn note_unleased(&mut self, slot: usize, luck: Luck) {
        let ground = self.run(slot).map(|run| run.ground);
        let unsure = match luck {
            Luck::Fails => false,
            Luck::Lost => ground != Some(Ground::Whole),
            _ => ground == Some(Ground::NoLease),
        };
        if unsure {
            self.note_foreign_min();
        }
    }

    /// For the proof: judges a fall of desired from `from` by the run in this slot.
    pub(super) fn judge_fall(&mut self, slot: usize, from: u8) {
        let desired = self.group.sizes.desired;
        if desired >= from {
            return;
        }
        let Some(run) = self.run(slot) else { return };
        let (unseen, expected) = (run.unseen, run.expected.desired);
        if unseen >= from {
            self.witness.cut = self.witness.cut.max(from);
        } else if from > expected {
            self.breaks(Broken::VisibleRaise);
        } else if self.witness.since_step < BAKE {
            self.breaks(Broken::SecondStep);
        }
        self.witness.since_step = 0;
    }

    /// The first thing that breaks is the one that is told.
    pub(super) fn breaks(&mut self, what: Broken) {
        if self.witness.broken == Broken::Nothing {
            self.witness.broken = what;
        }
    }

    /// A unit of time: terminations are seen, lives and leases run down.
    pub(super) fn pass(&mut self) {
        let gone = self.group.in_service > self.group.sizes.desired;
        self.group.in_service = self.group.sizes.desired;
        let cut = self.witness.cut;
        self.group.changes.iter_mut().for_each(|c| c.age = older(c.age));
        self.group.changes.retain(|c| c.age < BAKE || cut > 0);
        self.table.pass(gone);
        for run in self.runs.iter_mut().flatten() {
            run.life = run.life.saturating_sub(1);
            run.memory.pass(gone);
        }
        self.witness.since_step = older(self.witness.since_step);
        self.witness.idle = (self.witness.idle + 1).min(IDLE);
    }

    /// The run in this slot is no more.
    pub(super) fn end(&mut self, slot: usize) {
        if self.run(slot).is_some_and(|run| run.next == Next::Claim) {
            self.note_foreign_min();
        }
        self.put(slot, None);
        if let Some(lease) = &mut self.table.lease
            && lease.owner == Owner::Slot(slot)
        {
            (lease.owner, lease.wanted) = (Owner::Gone, false);
        }
        self.table.forget_lease();
    }

    /// The memory is written by the run in this slot, if its version stands.
    pub(super) fn store(&mut self, slot: usize, rules: &Rules) -> bool {
        let Some(run) = self.run(slot) else { return false };
        if !run.fresh && rules.compare_and_set() {
            return false;
        }
        let memory = run.memory;
        if memory == self.table.memory {
            return true;
        }
        self.judge_store(&memory);
        self.table.memory = memory;
        self.outdate(slot);
        true
    }

    /// The memory was written by the run in this slot: what others read is old.
    pub(super) fn outdate(&mut self, slot: usize) {
        for (other, run) in self.runs.iter_mut().enumerate() {
            if let Some(run) = run {
                run.fresh = other == slot;
            }
        }
    }

    fn judge_store(&mut self, new: &Memory) {
        let old = &self.table.memory;
        let lost = old.spike.left > new.spike.left || old.undo.left > new.undo.left;
        if lost || old.spike.floor > new.spike.floor || old.undo.floor > new.undo.floor {
            self.breaks(Broken::LostBid);
        }
    }
}

impl Table {
    /// Takes the lease if it is free or run out. A mark in one that ran out is taken off.
    pub(super) fn acquire(&mut self, slot: usize, rules: &Rules) -> bool {
        if self.lease.is_some_and(|lease| lease.left > 0) {
            return false;
        }
        let left = if rules.lease_outlives_its_holder() { LEASE } else { LEASE - 1 };
        self.lease = Some(Lease { owner: Owner::Slot(slot), left, wanted: false });
        true
    }

    fn pass(&mut self, gone: bool) {
        self.memory.pass(gone);
        if let Some(lease) = &mut self.lease {
            lease.left = lease.left.saturating_sub(1);
        }
        self.forget_lease();
    }

    /// A lease that ran out and whose token nobody has is as good as none.
    fn forget_lease(&mut self) {
        self.lease = self.lease.filter(|l| l.left > 0 || l.owner != Owner::Gone);
    }
}

impl Memory {
    fn pass(&mut self, gone: bool) {
        self.missing |= gone;
        self.last_termination = older(self.last_termination);
        for bid in [&mut self.spike, &mut self.undo] {
            bid.left = bid.left.saturating_sub(1);
            if bid.left == 0 {
                bid.floor = 0;
            }
        }
        if let Some(intent) = &mut self.intent {
            intent.age = older(intent.age);
        }
        for step in [&mut self.last_lowering, &mut self.doubt].into_iter().flatten() {
            step.age = older(step.age);
        }
    }
}

/// Nothing asks for more than the bake.
fn older(age: u8) -> u8 {
    (age + 1).min(BAKE)
}

impl Witness {
    /// At the beginning: nothing was ever lowered.
    pub(super) fn new() -> Self {
        Self { since_step: BAKE, ..Self::default() }
    }
}

impl Ground {
    /// Whether nothing may be lowered on it.
    pub(super) fn raises_only(self) -> bool {
        self != Self::Whole
    }
}
