//! Every method of every port ends by itself, whatever the peer does not do.

use super::peer::Peer;
use super::router_scene::{self, arn};
use super::{aws, fleet, with_left};
use crate::Aws;
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};
use tidegate_domain::alarms::ports::{AlarmSource, AlarmStore, MemberWrite, Outlet};
use tidegate_domain::group::Backstop;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::memory::Memory;
use tidegate_domain::metrics::{MetricQuery, Window};
use tidegate_domain::notice::{Notice, Severity};
use tidegate_domain::ports::{
    Clock, Control, Groups, LeaseToken, Metrics, Notices, PortError, PortResult, Stored,
    StoredPolicy,
};
use tidegate_domain::sizing::Sizing;
use tokio::task::JoinSet;

/// A method's name, what it answered, and how long it took.
type Ended = (&'static str, Result<(), PortError>, Duration);

pub(super) fn entry() -> LedgerEntry {
    serde_json::from_value(serde_json::json!({
        "id": "run-1", "at": "2026-03-02T22:10:00Z", "fleet": "web", "function": "f",
        "signal": "tick", "mode": "owner", "dry_run": false, "action": {"kind": "hold"},
        "reason": {"code": "at_floor", "floor": 2}, "text": "t", "notes": [], "bids": [],
        "observed": null, "memory_version": null, "outcome": "held",
    }))
    .unwrap()
}

impl Aws {
    /// [`AlarmStore::keep`] of one member, whose answer is one.
    async fn kept(&self, write: &MemberWrite) -> PortResult<Stored> {
        self.keep(std::slice::from_ref(write)).await.pop().unwrap()
    }
}

/// Every method of every port at once, each on a handle with `left` before its deadline.
async fn all(aws: &Aws, left: Option<Duration>) -> Vec<Ended> {
    let mut running = JoinSet::new();
    macro_rules! start {
        ($($method:ident ( $($argument:expr),* )),+ $(,)?) => {$(
            let handle = left.map_or_else(|| aws.clone(), |left| with_left(aws, left));
            running.spawn(async move {
                let start = Instant::now();
                let answer = handle.$method($($argument),*).await;
                (stringify!($method), answer.map(drop), start.elapsed())
            });
        )+};
    }
    let backstop = || Backstop { min: 6, recurrence: "0 8 * * *".into(), time_zone: "UTC".into() };
    let policy = || StoredPolicy { version: 1, document: "version = 1".into() };
    let token = || LeaseToken("t".into());
    let now = || "2026-03-02T22:10:00Z".parse::<Timestamp>().unwrap();
    let query = || MetricQuery::metric("N M Sum".parse().unwrap());
    let alarm = || AlarmName::new("cpu").unwrap();
    let notice = || Notice::new(&fleet(), Severity::Warning, "k", "s");
    let hour = move || Window::before(now(), SignedDuration::from_hours(1));
    start! {
        describe(&fleet()), evidence(&fleet(), now()), set_min(&fleet(), 2),
        set_desired(&fleet(), 2), put_backstop(&fleet(), &backstop()),
        alarms(&[alarm()]), read(&[query()], hour()),
        policies(), put_policy(&policy()), acquire(&fleet(), &token(), now(), now()),
        release(&fleet(), &token()), load(&fleet()),
        store(&fleet(), 0, &Memory::default(), &token()), append(&entry(), now()),
        sizing(&fleet()), put_sizing(&fleet(), 0, &Sizing::default(), &token()),
        ledger(&fleet(), 10), publish(&notice()),
        groups(), open(&[router_scene::opening()], "s"),
        settle(&router_scene::group(), None, None), members(&[router_scene::id("a")]),
        kept(&router_scene::write("a", 0)), forget(&[router_scene::id("a")]),
        take(&router_scene::group(), &token(), now(), now()),
        leave(&router_scene::group(), &token()), group(&router_scene::group()),
        mark(&router_scene::state(), 0, &token()), silences(),
        put_silence(&router_scene::silence("s-1")), spend("critical", 1, 1, 5),
        firing(), named(&["a".to_owned()]), tags(&arn("a")),
        send(&router_scene::message("critical", "critical")),
    }
    let ended = running.join_all().await;
    assert_eq!(ended.len(), 35, "every method of every port but the clock's");
    ended
}

async fn all_end_within(peer: Peer, left: Option<Duration>, bound: Duration) {
    for (method, answer, took) in all(&aws(&peer.url), left).await {
        let unavailable = matches!(answer, Err(PortError::Unavailable { .. }));
        assert!(unavailable, "{method}: {answer:?}");
        assert!(took < bound, "{method} took {took:?}, not {bound:?}");
    }
}

const SLACK: Duration = Duration::from_millis(400);

#[tokio::test]
async fn against_a_silent_peer_every_call_ends_two_seconds_before_the_deadline() {
    let left = Duration::from_millis(3_000);
    all_end_within(Peer::silent(), Some(left), left - Duration::from_secs(2) + SLACK).await;
}

#[tokio::test]
async fn against_a_peer_that_never_accepts_too() {
    let left = Duration::from_millis(2_500);
    all_end_within(Peer::deaf(), Some(left), left - Duration::from_secs(2) + SLACK).await;
}

#[tokio::test]
async fn no_call_takes_more_than_eight_seconds_however_much_time_is_left() {
    let left = Duration::from_secs(600);
    all_end_within(Peer::silent(), Some(left), Duration::from_secs(8) + SLACK).await;
}

#[tokio::test]
async fn a_silent_peer_is_tried_three_times_inside_one_operation() {
    // The attempts' own timeouts are what makes the difference: the first one is given up
    // early enough for two more.
    let peer = Peer::silent();
    let start = Instant::now();
    let error = aws(&peer.url).describe(&fleet()).await.unwrap_err();
    let took = start.elapsed();
    assert!(took > Duration::from_secs(6) && took < Duration::from_millis(8_400), "{took:?}");
    assert_eq!(peer.asked().len(), 3);
    assert!(error.to_string().contains("DescribeAutoScalingGroups"), "{error}");
}

#[tokio::test]
async fn less_than_two_seconds_before_the_deadline_nothing_is_sent() {
    let peer = Peer::answering(vec![super::peer::xml(200, "<x/>")]);
    let ended = all(&aws(&peer.url), Some(Duration::from_millis(1_900))).await;
    for (method, answer, took) in ended {
        let Err(PortError::Unavailable { why, .. }) = answer else { panic!("{method}") };
        assert!(why.contains("less than 2 s"), "{method}: {why}");
        assert!(took < Duration::from_millis(100), "{method} took {took:?}");
    }
    assert!(peer.asked().is_empty());
}

#[tokio::test]
async fn a_refused_connection_is_an_answer_within_a_second_with_its_cause() {
    let peer = Peer::gone();
    for (method, answer, took) in all(&aws(&peer.url), None).await {
        let error = answer.unwrap_err();
        assert!(error.to_string().to_lowercase().contains("refused"), "{method}: {error}");
        assert!(matches!(error, PortError::Unavailable { .. }), "{method}: {error:?}");
        assert!(took < Duration::from_secs(2), "{method} took {took:?}");
    }
}

#[tokio::test]
async fn a_handle_for_an_invocation_counts_down_to_its_deadline() {
    let aws = aws(&Peer::gone().url);
    assert_eq!(aws.time_left(), SignedDuration::from_mins(15));
    let deadline = aws.wall().as_millisecond() + 30_000;
    let handle = aws.for_invocation(u64::try_from(deadline).unwrap()).await;
    if crate::HAS_STORY {
        // The story's clock could not be read: the peer is gone.
        assert!(handle.is_err());
        return;
    }
    let left = handle.unwrap().time_left().as_millis();
    assert!((29_000..=30_000).contains(&left), "{left}");
    assert_eq!(aws.for_invocation(0).await.unwrap().time_left(), SignedDuration::ZERO);
    let watched = aws.for_invocation(600_000).await.unwrap().time_left();
    assert!(watched > SignedDuration::from_mins(10), "cargo lambda watch knows no deadline");
}
