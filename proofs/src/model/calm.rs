//! What becomes of a state when nothing more goes wrong: runs end, time passes, ticks come.

use super::state::{Sizes, State};
use super::{Luck, Rules, run};

/// Calls of one run at most; more is a loop.
const CALLS: usize = 40;
/// Tries within which a crash is healed (failures.md).
const TRIES: usize = 3;

impl State {
    /// Every run makes its calls to its end.
    pub(super) fn finished(mut self, rules: &Rules) -> Self {
        for slot in 0..self.runs.len() {
            self.finish(rules, slot);
        }
        self
    }

    fn finish(&mut self, rules: &Rules, slot: usize) {
        for _ in 0..CALLS {
            if self.run(slot).is_none() {
                return;
            }
            run::step(rules, self, slot, Luck::Fine);
        }
    }

    /// A run of its own, from its begin to its end.
    pub(super) fn ticked(mut self, rules: &Rules) -> Self {
        run::begin(rules, &mut self, 0, Luck::Fine, Luck::Fine);
        self.finish(rules, 0);
        self
    }

    /// A run that reaches neither lease nor memory.
    pub(super) fn ticked_blindly(mut self, rules: &Rules) -> Self {
        run::begin(rules, &mut self, 0, Luck::Fails, Luck::Fails);
        self.finish(rules, 0);
        self
    }

    /// After `units` of time.
    pub(super) fn later(mut self, units: u8) -> Self {
        for _ in 0..units {
            self.pass();
        }
        self
    }

    /// Runs end, and whatever lease is left runs out.
    pub(super) fn calm(self, rules: &Rules) -> Self {
        let mut calm = self.finished(rules);
        while calm.table.lease.is_some_and(|lease| lease.left > 0) {
            calm.pass();
        }
        calm
    }

    /// Three tries, as if the lease of a run that is no more ran out in no time.
    pub(super) fn tried(mut self, rules: &Rules) -> Sizes {
        for _ in 0..TRIES {
            self.table.lease = None;
            self = self.ticked(rules);
        }
        self.group.sizes
    }

    /// Whether three tries after the run in this slot dies here end as if it had not. Where
    /// something else happened since it looked, there is nothing to compare with.
    pub(super) fn heals(&self, rules: &Rules, slot: usize) -> bool {
        let others = self.runs.iter().enumerate().any(|(i, r)| i != slot && r.is_some());
        let alone = self.run(slot).is_some_and(|run| run.alone && run.leased);
        if others || !alone {
            return true;
        }
        let mut crashed = self.clone();
        crashed.end(slot);
        crashed.tried(rules) == self.clone().finished(rules).tried(rules)
    }
}
