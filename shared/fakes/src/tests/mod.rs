//! The fakes' rules, each by the fact of AWS that it stands for.

mod alarms;
mod control;
mod faults;
mod launches;
mod metrics;
mod outlet;
mod router;
mod schedules;
mod sizes;
mod tracking;

use crate::{FakeAws, GroupSpec};
use jiff::{SignedDuration, Timestamp};
use std::fmt::Debug;
use tidegate_domain::group::{ActivityKind, Sizes};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::{PortError, PortResult};

/// A Friday, 20:00 in Seoul.
const EVENING: &str = "2026-03-06T11:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn mins(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn fleet() -> FleetName {
    FleetName::new("aira-web").unwrap()
}

/// A world in the evening with one group.
fn with(spec: GroupSpec) -> FakeAws {
    let aws = FakeAws::at(at(EVENING));
    aws.add_group(&fleet(), spec).unwrap();
    aws
}

fn sizes(aws: &FakeAws) -> Sizes {
    aws.sizes(&fleet()).unwrap()
}

/// In service, booting, leaving.
fn phases(aws: &FakeAws) -> [u32; 3] {
    let group = aws.group(&fleet()).unwrap();
    let leaving = group.weigh(|i| i.lifecycle == tidegate_domain::group::Lifecycle::Terminating);
    [group.in_service(), group.pending(), leaving]
}

/// Activities of a kind.
fn count(aws: &FakeAws, kind: ActivityKind) -> usize {
    aws.activities(&fleet()).iter().filter(|a| a.kind == kind).count()
}

#[track_caller]
fn refused<T: Debug>(answer: PortResult<T>, words: &str) {
    match answer {
        Err(PortError::Refused { why, .. }) => assert!(why.contains(words), "{why}"),
        other => panic!("not refused: {other:?}"),
    }
}
