//! The arbiter: the floor is the highest live bid, within the fleet's limits.

use crate::bid::{Bid, Source};
use crate::policy::FleetPolicy;
use jiff::Timestamp;

/// What bounds every bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Never below.
    pub min: u32,
    /// Never above: the smaller of `MaxSize` and the budget.
    pub ceiling: u32,
}

impl Limits {
    /// The policy's limits for a group with this `MaxSize`. Where they contradict, `MaxSize`
    /// wins: AWS would refuse anything above it.
    pub fn of(policy: &FleetPolicy, max: u32) -> Self {
        let ceiling = policy.budget_max.min(max);
        Self { min: policy.min.min(ceiling), ceiling }
    }

    /// A capacity within the limits.
    pub fn clamp(self, capacity: u32) -> u32 {
        capacity.clamp(self.min, self.ceiling)
    }
}

/// The arbiter's ruling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The floor, within the limits.
    pub floor: u32,
    /// Who won; the schedule where nobody bids above the minimum.
    pub source: Source,
    /// What the winner asked for, before the limits.
    pub asked: u32,
}

/// Rules over the bids that are live at `now`.
pub fn rule(bids: &[Bid], limits: Limits, now: Timestamp) -> Ruling {
    let live = bids.iter().filter(|b| b.is_live(now));
    let winner = live.max_by_key(|b| (b.floor, b.source));
    let (asked, source) = winner.map_or((limits.min, Source::Schedule), |b| (b.floor, b.source));
    Ruling { floor: limits.clamp(asked), source, asked }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::{Adjustment, Step, StepTable};

    fn bid(source: Source, floor: u32, until: Option<i64>) -> Bid {
        let until = until.map(|s| Timestamp::from_second(s).unwrap());
        Bid { source, floor, until, reason: String::new() }
    }

    #[test]
    fn a_step_beyond_the_maximum_reaches_the_maximum() {
        let step = Step { from: Some(0.0), to: None, add: 3 };
        let table = StepTable::new(Adjustment::Change, vec![step]).unwrap();
        let limits = Limits { min: 1, ceiling: 3 };
        assert_eq!(limits.clamp(table.apply(2, 5.0).unwrap()), 3);
    }

    #[test]
    fn the_highest_live_bid_wins_within_the_limits() {
        let now = Timestamp::from_second(100).unwrap();
        let limits = Limits { min: 2, ceiling: 10 };
        let cases = [
            ("nobody bids", vec![], 2, Source::Schedule),
            ("below the minimum", vec![bid(Source::Schedule, 1, None)], 2, Source::Schedule),
            (
                "spike above schedule",
                vec![bid(Source::Schedule, 4, None), bid(Source::Spike, 7, Some(101))],
                7,
                Source::Spike,
            ),
            (
                "an expired bid does not count",
                vec![bid(Source::Schedule, 4, None), bid(Source::Spike, 7, Some(100))],
                4,
                Source::Schedule,
            ),
            ("the ceiling binds", vec![bid(Source::Operator, 99, None)], 10, Source::Operator),
        ];
        for (name, bids, floor, source) in cases {
            let ruling = rule(&bids, limits, now);
            assert_eq!((ruling.floor, ruling.source), (floor, source), "{name}");
        }
    }
}
