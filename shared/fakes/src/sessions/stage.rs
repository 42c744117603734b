//! What all twins of one world share: the time, whose turn it is, and what goes wrong on purpose.

use crate::Fault;
use crate::faults::Refusal;
use crate::run::Turn;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidegate_domain::ports::{PortError, PortResult};
use tidegate_domain::sessions::stamp::RegionName;

/// A client waits this long for an answer.
const PATIENCE: SignedDuration = SignedDuration::from_secs(8);

/// A call of one of the ports of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionCall {
    /// `PartTable::parts`
    Parts,
    /// `PartTable::put_part`
    PutPart,
    /// `PartTable::scores`
    Scores,
    /// `PartTable::score`
    Score,
    /// `PartTable::put_score`
    PutScore,
    /// `PartTable::beat`
    Beat,
    /// `PartTable::beats`
    Beats,
    /// `EpochItem::epoch`
    Epoch,
    /// `EpochItem::doubt`
    Doubt,
    /// `SessionCache::apply`
    CacheApply,
    /// `SessionCache::read`
    CacheRead,
    /// `SessionCache::fill`
    CacheFill,
    /// `SessionCache::rank`
    CacheRank,
    /// `SessionCache::fill_shard`
    CacheFillShard,
}

impl SessionCall {
    /// The AWS call and its object; for the cache, the port's own word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parts => "Query session",
            Self::PutPart => "PutItem session",
            Self::Scores => "Query score",
            Self::Score => "GetItem score",
            Self::PutScore => "PutItem score",
            Self::Beat => "PutItem beat",
            Self::Beats => "Query beat",
            Self::Epoch => "GetItem session-epoch",
            Self::Doubt => "PutItem session-epoch",
            Self::CacheApply => "cache apply",
            Self::CacheRead => "cache read",
            Self::CacheFill => "cache fill",
            Self::CacheRank => "cache rank",
            Self::CacheFillShard => "cache fill shard",
        }
    }

    /// Whether it goes to the cache.
    pub const fn is_cache(self) -> bool {
        matches!(
            self,
            Self::CacheApply
                | Self::CacheRead
                | Self::CacheFill
                | Self::CacheRank
                | Self::CacheFillShard
        )
    }
}

/// Which calls a fault is for: every call, until narrowed.
#[derive(Debug, Clone, Default)]
pub struct SessionAt {
    call: Option<SessionCall>,
    region: Option<RegionName>,
    skip: u32,
    times: Option<u32>,
}

impl SessionAt {
    /// Every call of every port.
    pub fn any() -> Self {
        Self::default()
    }

    /// Every call of one kind.
    pub fn call(call: SessionCall) -> Self {
        Self { call: Some(call), ..Self::default() }
    }

    /// Only calls of this region.
    #[must_use]
    pub fn region(mut self, region: &RegionName) -> Self {
        self.region = Some(region.clone());
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

    /// Counts the call if it is meant, and tells whether it is one of the wanted ones.
    fn takes(&mut self, call: SessionCall, region: &RegionName) -> bool {
        let meant = self.call.is_none_or(|one| one == call)
            && self.region.as_ref().is_none_or(|one| one == region);
        if !meant {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        match &mut self.times {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }
}

/// The time of a world and its troubles; clones share them.
///
/// A process that dies is a future that is dropped: [`Fault::CrashBefore`] and
/// [`Fault::CrashAfter`] are calls without an answer here.
#[derive(Debug, Clone)]
pub struct Stage(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    interleave: bool,
    plans: Vec<(SessionAt, Fault)>,
    calls: BTreeMap<SessionCall, u64>,
}

impl Stage {
    /// A world at this time, in which nothing goes wrong.
    pub fn at(now: Timestamp) -> Self {
        let (plans, calls) = (Vec::new(), BTreeMap::new());
        Self(Arc::new(Mutex::new(State { now, interleave: false, plans, calls })))
    }

    /// The time, by AWS's clocks.
    pub fn now(&self) -> Timestamp {
        self.lock().now
    }

    /// Lets time pass.
    pub fn advance(&self, time: SignedDuration) {
        let mut state = self.lock();
        state.now = state.now.checked_add(time).unwrap_or(state.now);
    }

    /// From now on every call gives other tasks a turn before it takes effect.
    pub fn interleave(&self) {
        self.lock().interleave = true;
    }

    /// Lets calls fail.
    pub fn inject(&self, at: SessionAt, fault: Fault) {
        self.lock().plans.push((at, fault));
    }

    /// Takes away every fault.
    pub fn heal(&self) {
        self.lock().plans.clear();
    }

    /// How many calls were made, by kind.
    pub fn calls(&self) -> BTreeMap<SessionCall, u64> {
        self.lock().calls.clone()
    }

    pub(super) fn turn(&self) -> Turn {
        Turn::given(self.lock().interleave)
    }

    /// Makes one call: faults, effect, answer.
    pub(super) fn call<T>(
        &self,
        call: SessionCall,
        region: &RegionName,
        effect: impl FnOnce(Timestamp) -> Result<T, Refusal>,
    ) -> PortResult<T> {
        let fault = self.begin(call, region);
        let lost = match &fault {
            None => false,
            Some(Fault::LostAnswer | Fault::CrashAfter) => true,
            Some(Fault::Slow(time)) => {
                self.advance(*time.min(&PATIENCE));
                if *time > PATIENCE {
                    return Err(Fault::Slow(*time).error(call.name()));
                }
                false
            }
            Some(fault) => return Err(fault.error(call.name())),
        };
        let answer = effect(self.now()).map_err(|refusal| refusal.of(call.name()))?;
        if lost { Err(Fault::LostAnswer.error(call.name())) } else { Ok(answer) }
    }

    /// Counts a call; its fault.
    pub(super) fn begin(&self, call: SessionCall, region: &RegionName) -> Option<Fault> {
        let mut state = self.lock();
        *state.calls.entry(call).or_default() += 1;
        let mut found = None;
        for (at, fault) in &mut state.plans {
            if at.takes(call, region) && found.is_none() {
                found = Some(fault.clone());
            }
        }
        state.plans.retain(|(at, _)| at.times != Some(0));
        found
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refusal in the words of DynamoDB.
pub(super) fn invalid(words: &str) -> Refusal {
    Refusal::Refused(format!("ValidationException: {words}"))
}

/// For callers outside of a call.
pub(super) fn refused(call: SessionCall, refusal: Refusal) -> PortError {
    refusal.of(call.name())
}
