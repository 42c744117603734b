//! The protocol of the controller as a model: the lease, the memory, the intent, the writes to
//! the group, other people's raises, time. The checker visits every state that any order of
//! these events leads to; `tests/model.rs` runs it, `docs/decisions/0010` tells what it found.
//!
//! What must stay true: each action here is one call of the cycle, in the cycle's order, and
//! reacts to its answer as the cycle does. A change of the code on the right is a change here.
//!
//! | here | there |
//! |---|---|
//! | [`Event::Begin`] | `cycle_planned_by`: `acquire`, then `Once::load`; a busy lease is marked |
//! | `Next::Look` | `describe`, `look::glance`, `look::closer`, then `decide` |
//! | `planner::settle_intent`, `note_whose_min`, `note_terminations` | `decide/remember.rs` |
//! | `planner::judge_spike` | `spike::judge`: a breach bids `SPIKE` or what is desired |
//! | `planner::audit` | `undo::audit` |
//! | `planner::act` | `arbiter::rule`, `lowering::gate`: bids, bake, unfinished step |
//! | `Next::Record` | `Once::apply`: `keep`, a conflict is void, an error is `forget` |
//! | `Next::Raise`, `Next::Claim` | `set_min`; `Once::claim` |
//! | `Next::LookAgain`, `LowerMin`, `LowerDesired` | `Once::lower` |
//! | `planner::applied` | `Decision::memory_when_applied` |
//! | `Next::Keep` | `Once::finish`: `keep_if_changed` |
//! | `Next::Release` | `with_lease` |
//! | `Run::fresh` | the version of the memory's compare-and-set |
//! | [`Luck`], [`Event::Crash`] | an error, a lost answer, a slow one; death around any call |
//! | [`Event::Pass`] | a unit of time, 50 s: who outlived its deadline is killed, leases run down |
//!
//! Two runs at a time, capacities from one to `max`, one step down is one instance. Left out:
//! vetoes (they only hold), floor mode, the backstop, notices, dry runs. `INTENT_LIFE` cannot be
//! reached: no run lives that long. A tick is supposed to look at least once in the time of a
//! lease, and a bid to outlive two dead runs; AWS is supposed to show a change's activity to a
//! look that comes a unit later (`AUDIT_AFTER`).

mod calm;
mod planner;
mod properties;
mod rules;
mod run;
mod state;
mod world;

pub use rules::{Flaw, Rules};
pub use state::Budget;
use state::{Broken, FLOOR, Group, IDLE, Memory, Next, Owner, Run, Sizes, State, Table, Witness};
use stateright::{Model, Property};

/// How a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Luck {
    /// It is done and answered.
    Fine,
    /// It fails and nothing happened.
    Fails,
    /// It happened and the answer is lost.
    Lost,
    /// It is done; a unit of time ends before the answer.
    Slow,
    /// It happened, and the SDK makes it again.
    Again,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An event wakes a function: the lease, then the memory.
    Begin(Luck, Luck),
    /// The run in this slot makes its next call.
    Call(usize, Next, Luck),
    /// The run in this slot dies before its next call, which is after the last one.
    Crash(usize),
    /// A unit of time.
    Pass,
    /// Target tracking or a person raises desired by one.
    Raise,
    /// A person raises `MinSize` by one.
    Person,
    /// The spike alarm's state changes.
    Breach(bool),
}

/// The model.
#[derive(Debug, Clone)]
pub struct Protocol {
    /// Its rules.
    pub rules: Rules,
    /// How often what may happen.
    pub budget: Budget,
}

impl Model for Protocol {
    type State = State;
    type Action = Event;

    fn init_states(&self) -> Vec<State> {
        let top = self.rules.max - 1;
        [FLOOR, top].map(|min| self.beginning(Sizes { min, desired: top })).to_vec()
    }

    fn actions(&self, s: &State, out: &mut Vec<Event>) {
        if s.witness.broken != Broken::Nothing {
            return;
        }
        self.begins(s, out);
        for (slot, run) in s.runs.iter().enumerate() {
            if let Some(run) = run {
                calls(self, s, slot, run, out);
            }
        }
        self.outside(s, out);
    }

    fn next_state(&self, last: &State, event: Event) -> Option<State> {
        let mut s = last.clone();
        self.happen(&mut s, event);
        Some(s.ordered())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

impl Protocol {
    /// A group that was met and stands still.
    fn beginning(&self, sizes: Sizes) -> State {
        let memory = Memory { applied_min: Some(sizes.min), ..Memory::default() };
        State {
            group: Group { sizes, in_service: sizes.desired, changes: Vec::new() },
            table: Table { memory, lease: None },
            runs: [None, None],
            breach: false,
            budget: self.budget,
            witness: Witness::new(),
        }
    }

    fn begins(&self, s: &State, out: &mut Vec<Event>) {
        if s.runs.iter().all(Option::is_some) {
            return;
        }
        out.push(Event::Begin(Luck::Fine, Luck::Fine));
        if s.budget.faults > 0 {
            out.push(Event::Begin(Luck::Fails, Luck::Fine));
            out.push(Event::Begin(Luck::Lost, Luck::Fine));
            out.push(Event::Begin(Luck::Fine, Luck::Fails));
        }
        if s.budget.faults > 1 {
            out.push(Event::Begin(Luck::Fails, Luck::Fails));
        }
    }

    fn outside(&self, s: &State, out: &mut Vec<Event>) {
        let all_live = s.runs.iter().flatten().all(|run| run.life > 0);
        if s.witness.idle < IDLE && (all_live || s.budget.faults > 0) {
            out.push(Event::Pass);
        }
        let max = self.rules.max;
        if s.budget.raises > 0 && s.group.sizes.desired < max {
            out.push(Event::Raise);
        }
        if s.budget.people > 0 && s.group.sizes.min < max {
            out.push(Event::Person);
        }
        if s.breach {
            out.push(Event::Breach(false));
        } else if s.budget.breaches > 0 {
            out.push(Event::Breach(true));
        }
    }

    fn happen(&self, s: &mut State, event: Event) {
        let rules = &self.rules;
        s.spend(event);
        s.note_company(event);
        match event {
            Event::Begin(lease, load) => {
                let slot = usize::from(s.run(0).is_some());
                run::begin(rules, s, slot, lease, load);
            }
            Event::Call(slot, _, luck) => run::step(rules, s, slot, luck),
            Event::Crash(slot) => s.crash(rules, slot),
            Event::Pass => s.pass_with_deadlines(rules),
            Event::Raise => s.raise_natively(s.group.sizes.desired + 1),
            Event::Person => {
                let before = s.group.sizes.desired;
                s.set_min(s.group.sizes.min + 1);
                s.note_foreign_min();
                if s.group.sizes.desired > before {
                    s.note_raise();
                }
            }
            Event::Breach(on) => s.breach = on,
        }
    }
}

fn calls(m: &Protocol, s: &State, slot: usize, run: &Run, out: &mut Vec<Event>) {
    out.push(Event::Call(slot, run.next, Luck::Fine));
    if s.budget.faults == 0 {
        return;
    }
    out.push(Event::Crash(slot));
    out.push(Event::Call(slot, run.next, Luck::Fails));
    if matches!(run.next, Next::Look | Next::LookAgain | Next::Claim) {
        return;
    }
    out.push(Event::Call(slot, run.next, Luck::Lost));
    if run.next == Next::LowerDesired {
        let all_live = s.runs.iter().flatten().all(|run| run.life > 0);
        let luck = if m.rules.asks_once() { Luck::Slow } else { Luck::Again };
        if all_live || luck == Luck::Again {
            out.push(Event::Call(slot, run.next, luck));
        }
    }
}

impl State {
    fn spend(&mut self, event: Event) {
        let bad = |luck: Luck| u8::from(luck != Luck::Fine);
        let late = |s: &Self| s.runs.iter().flatten().any(|run| run.life == 0);
        let faults = match event {
            Event::Begin(lease, load) => bad(lease) + bad(load),
            Event::Call(_, _, luck) => bad(luck),
            Event::Crash(_) => 1,
            Event::Pass => u8::from(late(self)),
            _ => 0,
        };
        self.budget.faults = self.budget.faults.saturating_sub(faults);
        self.budget.raises -= u8::from(event == Event::Raise);
        self.budget.people -= u8::from(event == Event::Person);
        self.budget.breaches -= u8::from(event == Event::Breach(true));
    }

    /// For the proof: who looked is not alone any more when anything else happens.
    fn note_company(&mut self, event: Event) {
        for (slot, run) in self.runs.iter_mut().enumerate() {
            let own = matches!(event, Event::Call(s, ..) | Event::Crash(s) if s == slot);
            if let Some(run) = run {
                run.alone &= own;
            }
        }
    }

    fn crash(&mut self, rules: &Rules, slot: usize) {
        if !self.heals(rules, slot) {
            self.breaks(Broken::Unhealed);
        }
        self.end(slot);
    }

    /// Who has no life left is killed before time passes.
    fn pass_with_deadlines(&mut self, rules: &Rules) {
        for slot in 0..self.runs.len() {
            if self.run(slot).is_some_and(|run| run.life == 0) {
                self.crash(rules, slot);
            }
        }
        self.pass();
    }

    /// Which slot a run has says nothing: the same runs are one state.
    fn ordered(mut self) -> Self {
        let [first, second] = &mut self.runs;
        if first < second {
            std::mem::swap(first, second);
            if let Some(lease) = &mut self.table.lease
                && let Owner::Slot(slot) = &mut lease.owner
            {
                *slot = 1 - *slot;
            }
        }
        self
    }
}
