//! The ports' contracts on the real adapters and the local endpoint. What the endpoint
//! cannot show is printed with its reason and must stand in `docs/local-endpoint.md`.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::alarms::event::AlarmEvent;
use tidegate_domain::alarms::group::{GroupId, GroupKey, GroupState};
use tidegate_domain::alarms::labels::Labels;
use tidegate_domain::alarms::member::Member;
use tidegate_domain::alarms::ports::{AlarmStore, GroupEntry, MemberId, MemberWrite, Opening};
use tidegate_domain::ids::FleetName;
use tidegate_domain::memory::Memory;
use tidegate_domain::metrics::{MetricQuery, MetricSpec, Point, Window};
use tidegate_domain::ports::{
    Clock, Control, Groups, Lease, Metrics, PortError, Released, Stored, StoredPolicy,
};
use tidegate_tests::contract::{self, Arrange, GroupScene};
use tidegate_tests::endpoint::loss::Relay;
use tidegate_tests::endpoint::root;
use tidegate_tests::endpoint::stage::{LACKS, LocalStage};

async fn stage() -> LocalStage {
    match LocalStage::start().await {
        Ok(stage) => stage,
        Err(stop) => panic!("{stop:?}"),
    }
}

#[tokio::test]
async fn every_contract_holds_on_the_local_endpoint() {
    let report = contract::run(&stage().await, &contract::all()).await;
    println!("{report}");
    assert!(report.failed.is_empty(), "{report}");
    let told: BTreeSet<String> = documented("## Contract cases that it cannot show");
    let seen: BTreeSet<String> = report.unsupported.keys().cloned().collect();
    assert_eq!(seen, told, "docs/local-endpoint.md lists other cases than the suite reports");
}

#[test]
fn the_facts_that_the_endpoint_lacks_are_documented() {
    let told = documented("## Facts of AWS that it does not show");
    let known: BTreeSet<String> = LACKS.iter().map(|(fact, _)| format!("{fact:?}")).collect();
    assert_eq!(known, told, "docs/local-endpoint.md lists other facts than the stage");
}

/// The first column of the table under a heading, without its head.
fn documented(heading: &str) -> BTreeSet<String> {
    let file = root().join("docs/local-endpoint.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (_, section) = text.split_once(heading).unwrap_or_else(|| panic!("{heading} is missing"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

#[tokio::test]
async fn an_effect_whose_answer_is_lost_happens_once_and_is_known() {
    let stage = stage().await;
    let relay = Relay::to(stage.endpoint().url()).unwrap();
    let world = stage.world_through(relay.url()).unwrap();
    let fleet = FleetName::new("lossy").unwrap();
    let (mine, theirs) = (world.token(), world.token());
    let wall = world.wall();
    let until = wall + SignedDuration::from_secs(60);

    relay.lose(1);
    assert_eq!(world.acquire(&fleet, &mine, wall, until).await, Ok(Lease::Taken));
    assert_eq!(world.acquire(&fleet, &theirs, wall, until).await, Ok(Lease::Busy));

    let memory = Memory { applied_min: Some(4), ..Memory::default() };
    relay.lose(1);
    assert_eq!(world.store(&fleet, 0, &memory, &mine).await, Ok(Stored::Version(1)));
    relay.lose(1);
    assert_eq!(world.store(&fleet, 1, &memory, &mine).await, Ok(Stored::Version(2)));
    assert_eq!(world.store(&fleet, 1, &memory, &theirs).await, Ok(Stored::Conflict));
    let loaded = world.load(&fleet).await.unwrap();
    assert_eq!((loaded.version, loaded.memory), (2, memory));

    relay.lose(1);
    assert_eq!(world.release(&fleet, &mine).await, Ok(Released::Wanted));
    relay.lose(1);
    assert_eq!(world.release(&fleet, &mine).await, Ok(Released::Free));

    let policy = StoredPolicy { version: 1, document: "version = 1".to_owned() };
    relay.lose(1);
    assert_eq!(world.put_policy(&policy).await, Ok(Stored::Version(1)));
    assert_eq!(world.put_policy(&policy).await, Ok(Stored::Conflict));

    let group = stage.group(&GroupScene::sized(2, 4, 10)).await.unwrap();
    relay.lose(1);
    world.set_min(&group, 3).await.unwrap();
    assert_eq!(world.describe(&group).await.unwrap().unwrap().sizes.min, 3);
    // Desired capacity is written in one attempt: it happened, and the run knows that it cannot
    // tell.
    relay.lose(1);
    let written = world.set_desired(&group, 3).await;
    assert!(matches!(written, Err(PortError::Unavailable { .. })), "{written:?}");
    assert_eq!(world.describe(&group).await.unwrap().unwrap().sizes.desired, 3);
    assert_eq!(relay.lost(), 8, "every loss met the call that it was meant for");
}

#[tokio::test]
async fn two_answers_lost_in_a_row_are_still_one_effect() {
    let stage = stage().await;
    let relay = Relay::to(stage.endpoint().url()).unwrap();
    let world = stage.world_through(relay.url()).unwrap();
    let fleet = FleetName::new("lossy").unwrap();
    let token = world.token();
    relay.lose(2);
    let stored = world.store(&fleet, 0, &Memory::default(), &token).await;
    assert_eq!((stored, relay.lost()), (Ok(Stored::Version(1)), 2));
}

#[tokio::test]
async fn of_many_runs_at_once_one_has_the_lease_and_the_others_leave_their_mark() {
    let stage = stage().await;
    let world = stage.world();
    let fleet = FleetName::new("wanted").unwrap();
    let wall = world.wall();
    let until = wall + SignedDuration::from_secs(60);
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (world, fleet, token) = (world.clone(), fleet.clone(), world.token());
        running.spawn(
            async move { (world.acquire(&fleet, &token, wall, until).await.unwrap(), token) },
        );
    }
    let answers = running.join_all().await;
    let holders: Vec<_> = answers.iter().filter(|(lease, _)| *lease == Lease::Taken).collect();
    assert_eq!(holders.len(), 1, "{answers:?}");
    let holder = &holders[0].1;
    assert_eq!(world.release(&fleet, holder).await, Ok(Released::Wanted));
    assert_eq!(world.release(&fleet, holder).await, Ok(Released::Free));
}

#[tokio::test]
async fn series_of_several_queries_come_back_in_their_order() {
    let stage = stage().await;
    let world = stage.world();
    let spec = |name: &str| -> MetricSpec { format!("Many {name} Sum D=1").parse().unwrap() };
    let newest = world.now().as_second().div_euclid(60) * 60 - 120;
    let at = |back: i64| Timestamp::from_second(newest - 60 * back).unwrap();
    for (name, value) in [("A", 1.0), ("B", 2.0), ("C", 3.0)] {
        let points = [Point { at: at(1), value }, Point { at: at(0), value: value * 10.0 }];
        stage.put_points(&spec(name), &points).await.unwrap();
    }
    let queries = ["C", "A", "B", "None"].map(|name| MetricQuery::metric(spec(name)));
    let window = Window::before(world.now(), SignedDuration::from_mins(15));
    let series = world.read(&queries, window).await.unwrap();
    let values: Vec<Vec<f64>> =
        series.iter().map(|points| points.iter().map(|p| p.value).collect()).collect();
    assert_eq!(values, [vec![3.0, 30.0], vec![1.0, 10.0], vec![2.0, 20.0], vec![]]);
}

#[tokio::test]
async fn what_the_router_writes_and_hears_nothing_of_happens_once_and_is_known() {
    let stage = stage().await;
    let relay = Relay::to(stage.endpoint().url()).unwrap();
    let world = stage.world_through(relay.url()).unwrap();
    let group = GroupId::of(&group_key());
    let [mine, theirs] = [world.token(), world.token()];
    let wall = world.wall();
    let until = wall + SignedDuration::from_secs(60);

    relay.lose(1);
    assert_eq!(world.take(&group, &mine, wall, until).await, Ok(Lease::Taken));
    assert_eq!(world.take(&group, &theirs, wall, until).await, Ok(Lease::Busy));
    relay.lose(1);
    assert_eq!(world.leave(&group, &mine).await, Ok(Released::Wanted));
    relay.lose(1);
    assert_eq!(world.leave(&group, &mine).await, Ok(Released::Free));

    for expected in [0, 1] {
        relay.lose(1);
        let stored = world.keep(&[member_write(expected)]).await;
        assert_eq!(stored, [Ok(Stored::Version(expected + 1))]);
    }
    assert_eq!(world.keep(&[member_write(1)]).await, [Ok(Stored::Conflict)]);
    let state = GroupState::new(group_key());
    relay.lose(1);
    assert_eq!(world.mark(&state, 0, &mine).await, Ok(Stored::Version(1)));
    assert_eq!(world.mark(&state, 0, &theirs).await, Ok(Stored::Conflict));

    relay.lose(1);
    world.open(&[Opening { key: group_key(), due: wall }], "s-1").await.unwrap();
    let entry = world.groups().await.unwrap().pop().unwrap();
    let next = GroupEntry { stamp: "s-2".to_owned(), ..entry };
    relay.lose(1);
    assert_eq!(world.settle(&group, Some("s-1"), Some(&next)).await, Ok(true));
    relay.lose(1);
    assert_eq!(world.settle(&group, Some("s-2"), None).await, Ok(true));
    assert_eq!(world.groups().await, Ok(vec![]));

    relay.lose(1);
    assert_eq!(world.spend("critical", 100, 3, 5).await, Ok(3));
    assert_eq!(world.spend("critical", 100, 3, 5).await, Ok(2));
    assert_eq!(relay.lost(), 10, "every loss met the call that it was meant for");
}

#[tokio::test]
async fn whoever_asks_at_once_a_second_gives_no_more_than_most() {
    let stage = stage().await;
    let world = stage.world();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let world = world.clone();
        running.spawn(async move { world.spend("critical", 100, 2, 5).await.unwrap() });
    }
    let given: u32 = running.join_all().await.into_iter().sum();
    // Who is overtaken again and again gets nothing: what is left then is for the next one.
    let left = world.spend("critical", 100, 5, 5).await.unwrap();
    assert_eq!(given + left, 5);
    assert!(given >= 2, "{given}");
}

#[tokio::test]
async fn of_many_who_write_a_member_at_once_one_does() {
    let stage = stage().await;
    let world = stage.world();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let world = world.clone();
        running.spawn(async move { world.keep(&[member_write(0)]).await.pop().unwrap() });
    }
    let answers = running.join_all().await;
    let written = answers.iter().filter(|answer| **answer == Ok(Stored::Version(1)));
    assert_eq!(written.count(), 1, "{answers:?}");
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

fn group_key() -> GroupKey {
    let labels = Labels(BTreeMap::from([("fleet".to_owned(), "lossy".to_owned())]));
    GroupKey { route: "root".to_owned(), labels }
}

fn member_write(expected: u64) -> MemberWrite {
    let event: AlarmEvent = serde_json::from_value(serde_json::json!({
        "id": {"arn": "arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm:cpu", "name": "cpu"},
        "account": "000000000000", "region": "ap-northeast-2", "kind": "metric",
        "state": "ALARM", "state_at": "2026-03-02T22:10:00Z", "reason": "r", "description": "d",
        "value": null, "threshold": 80.0, "comparison": ">", "metric": null,
    }))
    .unwrap();
    let id = MemberId { group: GroupId::of(&group_key()), fingerprint: event.id.fingerprint() };
    let (at, labels) = (event.state_at, Labels::default());
    let member = Member { event, labels, since: Some(at), arrived: at, flips: vec![at] };
    MemberWrite { id, member, expected, expires: None }
}
