//! What goes wrong on purpose, what happens in between, and what was called.
//!
//! A fault or a hook is bound to calls by [`At`]: which call, which fleet, the how-manyth
//! of them counted from the injection, between which times.

use crate::{Call, FakeAws, Logged, State};
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::{PortError, PortResult};

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Throttled after all retries; no effect.
    Throttled,
    /// No answer; no effect.
    Unavailable,
    /// The effect happened, its answer was lost (`Unavailable`).
    LostAnswer,
    /// Not permitted; no effect.
    Denied,
    /// Refused with these words, such as `ScalingActivityInProgress`; no effect.
    Refused(String),
    /// An answer that cannot be read; no effect.
    Unreadable(String),
    /// The process dies before the call reaches AWS. Every later call of that run fails with
    /// `Unavailable` and no effect, until [`FakeAws::restart`].
    CrashBefore,
    /// The process dies after the effect, before the answer.
    CrashAfter,
    /// AWS takes this long. Both clocks move on and the run's time left shrinks; beyond the
    /// client's operation timeout the answer is `Unavailable`, and there is no effect.
    Slow(SignedDuration),
}

impl Fault {
    /// What the caller of this call sees.
    pub(crate) fn error(&self, call: &'static str) -> PortError {
        let why = |text: &str| text.to_owned();
        match self {
            Self::Throttled => PortError::Throttled { call, why: why("Rate exceeded") },
            Self::Denied => PortError::Denied { call, why: why("AccessDenied: not authorized") },
            Self::Refused(words) => PortError::Refused { call, why: words.clone() },
            Self::Unreadable(words) => PortError::Unreadable { call, why: words.clone() },
            Self::Unavailable => PortError::Unavailable { call, why: why("connection reset") },
            Self::LostAnswer => PortError::Unavailable { call, why: why("the answer was lost") },
            Self::CrashBefore | Self::CrashAfter => crashed(call),
            Self::Slow(_) => PortError::Unavailable { call, why: why("timed out") },
        }
    }
}

fn crashed(call: &'static str) -> PortError {
    PortError::Unavailable { call, why: "the process has died".to_owned() }
}

/// Which calls a fault or a hook is for: every call, until narrowed.
#[derive(Debug, Clone, Default)]
pub struct At {
    pick: Pick,
    fleet: Option<FleetName>,
    words: Option<String>,
    skip: u32,
    times: Option<u32>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    seen: u32,
}

#[derive(Debug, Clone, Copy, Default)]
enum Pick {
    #[default]
    Any,
    One(Call),
    Where(fn(Call) -> bool),
}

impl At {
    /// Every call of every port.
    pub fn any() -> Self {
        Self::default()
    }

    /// Every call of one kind.
    pub fn call(call: Call) -> Self {
        Self { pick: Pick::One(call), ..Self::default() }
    }

    /// Every call that the predicate takes, such as [`Call::is_write`].
    pub fn all(pick: fn(Call) -> bool) -> Self {
        Self { pick: Pick::Where(pick), ..Self::default() }
    }

    /// Only calls for this fleet.
    #[must_use]
    pub fn fleet(mut self, fleet: &FleetName) -> Self {
        self.fleet = Some(fleet.clone());
        self
    }

    /// Only calls whose arguments (as the log shows them) contain this text, such as a
    /// metric's dimension or an alarm's name: those calls carry no fleet.
    #[must_use]
    pub fn mentioning(mut self, words: &str) -> Self {
        self.words = Some(words.to_owned());
        self
    }

    /// Only the `n`th of them from now on; the next one is the first.
    #[must_use]
    pub fn nth(mut self, n: u32) -> Self {
        (self.skip, self.times) = (n.saturating_sub(1), Some(1));
        self
    }

    /// Only the next `n` of them.
    #[must_use]
    pub fn times(mut self, n: u32) -> Self {
        self.times = Some(n);
        self
    }

    /// Only from this story time on.
    #[must_use]
    pub fn from(mut self, from: Timestamp) -> Self {
        self.from = Some(from);
        self
    }

    /// Only before this story time.
    #[must_use]
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// Counts the call if it is meant, and tells whether it is one of the wanted ones.
    fn takes(&mut self, asked: &Asked<'_>, now: Timestamp) -> bool {
        let meant = match self.pick {
            Pick::Any => true,
            Pick::One(one) => one == asked.call,
            Pick::Where(pick) => pick(asked.call),
        };
        let here = (self.fleet.is_none() || self.fleet.as_ref() == asked.fleet)
            && self.words.as_ref().is_none_or(|words| asked.args.contains(words));
        let then = self.from.is_none_or(|t| t <= now) && self.until.is_none_or(|t| now < t);
        if !(meant && here && then) {
            return false;
        }
        self.seen = self.seen.saturating_add(1);
        let last = self.times.map_or(u32::MAX, |times| self.skip.saturating_add(times));
        (self.skip.saturating_add(1)..=last).contains(&self.seen)
    }
}

/// A call as it is asked for.
struct Asked<'a> {
    call: Call,
    fleet: Option<&'a FleetName>,
    args: &'a str,
}

type Act = Box<dyn FnMut(&FakeAws) + Send>;

struct Hook {
    at: At,
    before: bool,
    /// Out while it runs, so that its own calls do not run it again.
    act: Option<Act>,
}

/// Everything injected, and the log.
#[derive(Default)]
pub(crate) struct Faults {
    plans: Vec<(At, Fault)>,
    hooks: Vec<Hook>,
    pub log: Vec<Logged>,
    /// Calls are not logged.
    pub unlogged: bool,
    seq: u64,
}

impl FakeAws {
    /// Lets calls fail.
    pub fn inject(&self, at: At, fault: Fault) {
        self.lock().faults.plans.push((at, fault));
    }

    /// Takes away every fault and every hook.
    pub fn heal(&self) {
        let mut state = self.lock();
        state.faults.plans.clear();
        state.faults.hooks.clear();
    }

    /// Runs a closure just before a call takes effect: somebody else acts between our
    /// observation and our write. The closure may use every method, ports included.
    pub fn before(&self, at: At, act: impl FnMut(&Self) + Send + 'static) {
        self.hook(at, true, Box::new(act));
    }

    /// Runs a closure just after a call took effect, before its answer.
    pub fn after(&self, at: At, act: impl FnMut(&Self) + Send + 'static) {
        self.hook(at, false, Box::new(act));
    }

    fn hook(&self, at: At, before: bool, act: Act) {
        self.lock().faults.hooks.push(Hook { at, before, act: Some(act) });
    }

    /// Makes one call: hooks, faults, effect, hooks, log.
    pub(crate) fn call<T>(
        &self,
        call: Call,
        fleet: Option<&FleetName>,
        args: String,
        effect: impl FnOnce(&mut State) -> Result<T, Refusal>,
    ) -> PortResult<T> {
        if self.lock().run(self.run).crashed {
            return Err(crashed(call.name()));
        }
        let asked = Asked { call, fleet, args: &args };
        let (seq, faults) = self.lock().begin(self.run, &asked);
        self.run_hooks(&asked, true);
        let answer = self.perform(&asked, &faults, effect);
        let result = answer.as_ref().map(drop).map_err(Clone::clone);
        self.lock().faults.close(seq, result);
        answer
    }

    fn perform<T>(
        &self,
        asked: &Asked<'_>,
        faults: &[Fault],
        effect: impl FnOnce(&mut State) -> Result<T, Refusal>,
    ) -> PortResult<T> {
        let call = asked.call;
        for fault in faults {
            self.lock().suffer(self.run, fault).map_err(|()| fault.error(call.name()))?;
        }
        let answer = effect(&mut self.lock()).map_err(|refusal| refusal.error(call))?;
        self.run_hooks(asked, false);
        let lost = |f: &&Fault| matches!(f, Fault::LostAnswer | Fault::CrashAfter);
        let Some(fault) = faults.iter().find(lost) else { return Ok(answer) };
        self.lock().run(self.run).crashed |= *fault == Fault::CrashAfter;
        Err(fault.error(call.name()))
    }

    fn run_hooks(&self, asked: &Asked<'_>, before: bool) {
        let due = self.lock().due_hooks(asked, before);
        for index in due {
            let act = self.lock().faults.hooks.get_mut(index).and_then(|hook| hook.act.take());
            let Some(mut act) = act else { continue };
            act(self);
            if let Some(hook) = self.lock().faults.hooks.get_mut(index) {
                hook.act = Some(act);
            }
        }
    }
}

impl State {
    fn begin(&mut self, run: u64, asked: &Asked<'_>) -> (u64, Vec<Fault>) {
        let (at, time_left) = (self.now, self.run(run).time_left);
        let faults = &mut self.faults;
        faults.seq += 1;
        let (seq, call) = (faults.seq, asked.call);
        if !faults.unlogged {
            let (fleet, args, result) = (asked.fleet.cloned(), asked.args.to_owned(), Ok(()));
            faults.log.push(Logged { seq, run, call, fleet, args, at, time_left, result });
        }
        let plans = faults.plans.iter_mut();
        let mut firing: Vec<Fault> = plans
            .filter_map(|(plan, fault)| plan.takes(asked, at).then(|| fault.clone()))
            .collect();
        // A slow call may go wrong at its end.
        firing.sort_by_key(|fault| !matches!(fault, Fault::Slow(_)));
        (seq, firing)
    }

    /// What a fault does before the effect; `Err` when the call ends here.
    fn suffer(&mut self, run: u64, fault: &Fault) -> Result<(), ()> {
        match fault {
            Fault::LostAnswer | Fault::CrashAfter => Ok(()),
            Fault::Slow(length) => self.wait(run, *length),
            Fault::CrashBefore => {
                self.run(run).crashed = true;
                Err(())
            }
            _ => Err(()),
        }
    }

    /// Lets a call take its time, up to the client's operation timeout.
    fn wait(&mut self, run: u64, length: SignedDuration) -> Result<(), ()> {
        let reserve = SignedDuration::from_secs(2);
        let room = self.run(run).time_left.saturating_sub(reserve).max(SignedDuration::ZERO);
        let timeout = SignedDuration::from_secs(8).min(room);
        let taken = length.min(timeout);
        self.run(run).time_left = self.run(run).time_left.saturating_sub(taken);
        self.pass(taken);
        if length > timeout { Err(()) } else { Ok(()) }
    }

    fn due_hooks(&mut self, asked: &Asked<'_>, before: bool) -> Vec<usize> {
        let now = self.now;
        let hooks = self.faults.hooks.iter_mut().enumerate();
        hooks
            .filter(|(_, hook)| hook.before == before && hook.act.is_some())
            .filter_map(|(index, hook)| hook.at.takes(asked, now).then_some(index))
            .collect()
    }
}

impl Faults {
    fn close(&mut self, seq: u64, result: PortResult<()>) {
        if let Ok(index) = self.log.binary_search_by_key(&seq, |l| l.seq)
            && let Some(entry) = self.log.get_mut(index)
        {
            entry.result = result;
        }
    }
}

/// Why a fake does not do what was asked, before the call's name is put to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As [`PortError::Refused`].
    Refused(String),
    /// As [`PortError::Throttled`]: busy, come again later.
    Busy(String),
    /// As [`PortError::Denied`].
    Denied(String),
    /// As [`PortError::Unreadable`].
    Unreadable(String),
}

impl Refusal {
    /// A ValidationError with these words.
    pub fn invalid(words: impl fmt::Display) -> Self {
        Self::Refused(format!("ValidationError: {words}"))
    }

    /// The port's error for a call.
    pub fn error(self, call: Call) -> PortError {
        self.of(call.name())
    }

    /// The port's error for a call of this name.
    pub fn of(self, call: &'static str) -> PortError {
        match self {
            Self::Refused(why) => PortError::Refused { call, why },
            Self::Busy(why) => PortError::Throttled { call, why },
            Self::Denied(why) => PortError::Denied { call, why },
            Self::Unreadable(why) => PortError::Unreadable { call, why },
        }
    }
}
