//! One run, call by call: what `cycle` does with an answer, an error, an answer that was lost.

use super::planner::{self, Sight};
use super::state::{
    Action, Broken, Ground, LIFE, MOST_RUNS, Memory, Next, Owner, Run, Sizes, State,
};
use super::{Luck, Rules};

/// Begins a run in a free slot: the lease, then the memory. `Cycle::cycle_planned_by`.
pub(super) fn begin(rules: &Rules, s: &mut State, slot: usize, lease: Luck, load: Luck) {
    let free = s.table.lease.is_none_or(|lease| lease.left == 0);
    let leased = lease != Luck::Fails && s.table.acquire(slot, rules);
    if !free && lease == Luck::Fine {
        return turn_away(rules, s);
    }
    let run = Run {
        next: Next::Look,
        life: LIFE,
        leased: leased && lease == Luck::Fine,
        ground: if lease == Luck::Fine { Ground::Whole } else { Ground::NoLease },
        fresh: true,
        memory: Memory::default(),
        action: Action::Hold,
        expected: Sizes::default(),
        failed: false,
        again: 0,
        unseen: 0,
        alone: false,
    };
    s.put(slot, Some(run));
    read(rules, s, slot, load);
}

/// Who finds the lease taken leaves a mark and goes.
fn turn_away(rules: &Rules, s: &mut State) {
    let Some(lease) = &mut s.table.lease else { return };
    if matches!(lease.owner, Owner::Slot(_)) {
        lease.wanted = rules.marks();
        s.witness.turned_away = true;
    }
}

/// `Once::load`.
fn read(rules: &Rules, s: &mut State, slot: usize, luck: Luck) {
    let stored = s.table.memory;
    let Some(run) = s.run_mut(slot) else { return };
    (run.next, run.fresh, run.action, run.unseen) = (Next::Look, true, Action::Hold, 0);
    (run.expected, run.memory) = (Sizes::default(), stored);
    let leased = run.leased;
    run.ground = if leased { Ground::Whole } else { run.ground };
    let theirs = run.ground == Ground::NoLease && stored.intent.is_some();
    if luck != Luck::Fine {
        (run.ground, run.memory) = (Ground::NoMemory, Memory::default());
    } else if theirs && rules.leaves_others_intents() {
        run.ground = Ground::NoMemory;
    }
    s.witness.turned_away &= !leased;
}

/// Makes the next call of the run in this slot.
pub(super) fn step(rules: &Rules, s: &mut State, slot: usize, luck: Luck) {
    let Some(run) = s.run(slot) else { return };
    match run.next {
        Next::Look => look(rules, s, slot, luck),
        Next::Record => record(rules, s, slot, luck),
        Next::Raise => raise(rules, s, slot, luck),
        Next::Claim => claim(s, slot, luck),
        Next::LookAgain => look_again(rules, s, slot, luck),
        Next::LowerMin => lower_min(rules, s, slot, luck),
        Next::LowerDesired => lower_desired(rules, s, slot, luck),
        Next::Keep => keep(rules, s, slot, luck),
        Next::Release => release(rules, s, slot, luck),
    }
}

/// Describe, decide, and whether there is time to act.
fn look(rules: &Rules, s: &mut State, slot: usize, luck: Luck) {
    let (group, breach) = (s.group.clone(), s.breach);
    let Some(run) = s.run_mut(slot) else { return };
    if luck != Luck::Fine {
        return fail(run, Next::Release);
    }
    let memory = run.memory;
    planner::decide(&Sight { rules, group: &group, breach }, run);
    let out_of_time = run.action != Action::Hold && run.life == 0;
    let whole = run.ground == Ground::Whole;
    let unrecorded = run.ground == Ground::NoMemory;
    run.next = match run.action {
        _ if out_of_time => Next::Release,
        Action::Hold if unrecorded || run.memory == memory => Next::Release,
        Action::Hold => Next::Keep,
        _ if unrecorded || !rules.records() => after_record(run),
        _ => Next::Record,
    };
    tidy(run);
    if whole && !out_of_time {
        s.witness.idle = 0;
    }
}

/// What was decided matters no more once nothing is to be kept.
fn tidy(run: &mut Run) {
    if run.next == Next::Release {
        (run.memory, run.action) = (Memory::default(), Action::Hold);
        (run.expected, run.unseen) = (Sizes::default(), 0);
        (run.fresh, run.alone) = (false, false);
    }
}

fn after_record(run: &Run) -> Next {
    match run.action {
        Action::Hold => Next::Keep,
        Action::Raise(_) => Next::Raise,
        Action::Lower(_) => Next::LookAgain,
    }
}

/// The intent, by compare-and-set. Who cannot record it raises all the same.
fn record(rules: &Rules, s: &mut State, slot: usize, luck: Luck) {
    judge_record(rules, s, slot);
    let stored = luck != Luck::Fails && s.store(slot, rules);
    let Some(run) = s.run_mut(slot) else { return };
    run.next = match luck {
        Luck::Fine if !stored => Next::Release,
        Luck::Fine => after_record(run),
        _ => {
            run.ground = Ground::NoMemory;
            after_record(run)
        }
    };
    tidy(run);
}

/// For the proof: what is recorded as a lowering is not below what the table holds.
fn judge_record(rules: &Rules, s: &mut State, slot: usize) {
    let Some(&Run { action: Action::Lower(to), fresh, .. }) = s.run(slot) else { return };
    if !fresh && rules.compare_and_set() {
        return;
    }
    let memory = &s.table.memory;
    if to.desired < memory.spike.floor.max(memory.undo.floor) {
        s.breaks(Broken::BelowBid);
    }
}

/// A raise is one write of `MinSize`.
fn raise(rules: &Rules, s: &mut State, slot: usize, luck: Luck) {
    let Some(&Run { action: Action::Raise(floor), .. }) = s.run(slot) else { return };
    let before = s.group.sizes.desired;
    if luck != Luck::Fails {
        write_raise(rules, s, floor);
        let after = s.group.sizes.desired;
        if after < before {
            s.breaks(Broken::RaiseTook);
        } else if after > before {
            s.note_raise();
        }
    }
    s.note_unleased(slot, luck);
    let Some(run) = s.run_mut(slot) else { return };
    if luck == Luck::Fine && run.ground == Ground::NoMemory {
        run.next = Next::Claim;
        return;
    }
    close(rules, run, luck, true);
}

/// `Once::claim`: another run's intent stands, and so does a `MinSize` that is as high.
fn claim(s: &mut State, slot: usize, luck: Luck) {
    let Some(&Run { action: Action::Raise(floor), .. }) = s.run(slot) else { return };
    let stored = &mut s.table.memory;
    let other = stored.intent.is_some_and(|theirs| theirs.min != floor);
    let known = stored.applied_min.is_none_or(|applied| applied >= floor);
    if luck == Luck::Fine && !other && !known {
        (stored.applied_min, stored.intent) = (Some(floor), None);
        // Whoever looked in between took it for a person's already.
        let taken = stored.operator_min == floor;
        s.outdate(slot);
        if taken {
            s.note_blind(slot);
        }
    } else {
        s.note_blind(slot);
    }
    let Some(run) = s.run_mut(slot) else { return };
    run.next = Next::Release;
    tidy(run);
}

fn write_raise(rules: &Rules, s: &mut State, floor: u8) {
    if rules.raises_by_min() {
        return s.set_min(floor);
    }
    let before = s.group.sizes.desired;
    s.set_desired(floor);
    s.set_min(floor.min(s.group.sizes.desired));
    if s.group.sizes.desired > before {
        s.breaks(Broken::Upward);
    }
}

/// The last look before a lowering: void if a size differs.
fn look_again(rules: &Rules, s: &mut State, slot: usize, luck: Luck) {
    let sizes = s.group.sizes;
    let Some(run) = s.run_mut(slot) else { return };
    run.unseen = 0;
    let Action::Lower(to) = run.action else { return };
    let void = run.ground.raises_only() || (rules.looks_again() && sizes != run.expected);
    if luck != Luck::Fine {
        return fail(run, Next::Keep);
    }
    if void {
        run.memory.intent = None;
        run.next = Next::Keep;
    } else if to.min < run.expected.min {
        run.next = Next::LowerMin;
    } else {
        run.next = Next::LowerDesired;
    }
    skip_keep(run);
}

fn lower_min(_rules: &Rules, s: &mut State, slot: usize, luck: Luck) {
    let Some(&Run { action: Action::Lower(to), .. }) = s.run(slot) else { return };
    if luck != Luck::Fails {
        s.set_min(to.min);
    }
    let Some(run) = s.run_mut(slot) else { return };
    match luck {
        Luck::Fine => run.next = Next::LowerDesired,
        _ => fail(run, Next::Keep),
    }
}

fn lower_desired(rules: &Rules, s: &mut State, slot: usize, luck: Luck) {
    let Some(&Run { action: Action::Lower(to), .. }) = s.run(slot) else { return };
    let from = s.group.sizes.desired;
    let to = if rules.writes_absolutely() { to.desired } else { from.saturating_sub(1) };
    let done = luck != Luck::Fails && s.set_desired(to);
    if done {
        s.judge_fall(slot, from);
        if to > from {
            s.breaks(Broken::Upward);
        }
    }
    if luck == Luck::Slow {
        s.pass();
    }
    let Some(run) = s.run_mut(slot) else { return };
    if luck != Luck::Again || !done {
        close(rules, run, luck, done);
    }
}

/// After the last write: the memory as it is when the write was seen to be done, or as it was.
fn close(rules: &Rules, run: &mut Run, luck: Luck, done: bool) {
    run.next = Next::Keep;
    if matches!(luck, Luck::Fine | Luck::Slow) && done {
        planner::applied(rules, run);
    } else {
        run.failed = true;
    }
    skip_keep(run);
}

fn fail(run: &mut Run, next: Next) {
    (run.failed, run.next) = (true, next);
    skip_keep(run);
    tidy(run);
}

fn skip_keep(run: &mut Run) {
    if run.next == Next::Keep {
        (run.action, run.expected, run.unseen) = (Action::Hold, Sizes::default(), 0);
        if run.ground == Ground::NoMemory {
            run.next = Next::Release;
        }
    }
    tidy(run);
}

/// `Once::finish`: a conflict stands, what another run wrote is newer.
fn keep(rules: &Rules, s: &mut State, slot: usize, luck: Luck) {
    if luck != Luck::Fails {
        s.store(slot, rules);
    }
    let Some(run) = s.run_mut(slot) else { return };
    run.next = Next::Release;
    run.failed |= luck != Luck::Fine;
    tidy(run);
}

/// Gives the lease back unless somebody wants it; then runs once more, or, out of time or
/// failed, gives it back with the mark taken off.
fn release(rules: &Rules, s: &mut State, slot: usize, luck: Luck) {
    let ours = s.table.lease.is_some_and(|lease| lease.owner == Owner::Slot(slot));
    let wanted = s.table.lease.is_some_and(|lease| lease.wanted);
    let Some(run) = s.run_mut(slot) else { return };
    let (failed, last, leased) = (run.failed, run.again + 1 >= MOST_RUNS, run.leased);
    let late = run.life == 0;
    if !leased || luck == Luck::Fails || !ours {
        return s.end(slot);
    }
    if wanted {
        run.again += 1;
        if let Some(lease) = &mut s.table.lease {
            lease.wanted = false;
        }
        if luck != Luck::Fine || last {
            return s.end(slot);
        }
        if !failed && !late {
            read(rules, s, slot, Luck::Fine);
        }
        return;
    }
    if s.witness.turned_away && !failed && !late {
        s.breaks(Broken::Forgotten);
    }
    s.table.lease = None;
    s.end(slot);
}
