//! `status` over the fakes.

use crate::scene::{NOON, POLICY, at, fleet, put, tick, world};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tidegate_domain::bid::{Bid, Source};
use tidegate_domain::ids::FleetName;
use tidegate_domain::memory::{Forecast, MeasuredLaunch, Memory};
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::{Control, LeaseToken};
use tidegate_fakes::{At, Call, FakeAws, Fault, GroupSpec, block_on};
use tidegate_ops::status::{Question, Status, gather};
use tidegate_ops::{Failure, Report};

fn ask(aws: &FakeAws, fleets: &[FleetName], now: Timestamp) -> Result<Status, Failure> {
    let question = Question { fleets, seed: None, now, place: "control at a test" };
    block_on(gather(aws, &question))
}

fn table(aws: &FakeAws) -> Report {
    ask(aws, &[], at(NOON)).unwrap().table()
}

fn remember(aws: &FakeAws, name: &str, change: impl FnOnce(&mut Memory)) {
    let mut stored = block_on(aws.load(&fleet(name))).unwrap();
    change(&mut stored.memory);
    let token = LeaseToken("test".into());
    block_on(aws.store(&fleet(name), stored.version, &stored.memory, &token)).unwrap();
}

#[test]
fn the_table_has_a_row_for_each_fleet_of_the_policy() {
    let aws = world();
    tick(&aws, "aira-web");
    let report = table(&aws);
    assert_eq!(report.code(), 0, "{:?}", report.troubles);
    let text = report.text;
    let head = "2026-11-20 Fri 05:25 UTC  policy version 3  (control at a test)";
    assert!(text.starts_with(head), "{text}");
    let row = |name: &str| text.lines().find(|l| l.starts_with(name)).unwrap().to_owned();
    let web = row("aira-web ").split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "aira-web owner 6 6 60 4 floor 6, day until 22:00 14:25 MinSize up to 6";
    assert_eq!(web, expected, "{text}");
    assert!(row("aira-api ").contains("floor 1, night until 08:00"), "{text}");
}

#[test]
fn a_block_tells_the_decision_bids_holds_and_memory() {
    let aws = world();
    tick(&aws, "aira-web");
    aws.set_tag(&fleet("aira-web"), "tidegate:hold", "no-scale-in");
    remember(&aws, "aira-web", |memory| {
        let spike = |floor, minutes| Bid {
            source: Source::Spike,
            floor,
            until: Some(at(NOON) + SignedDuration::from_mins(minutes)),
            reason: "aira-web-cpu-high".into(),
        };
        memory.bids = vec![spike(9, 26), spike(8, -1)];
        memory.no_lowering_until = Some(at("2026-11-20T20:00:00Z"));
        memory.launches =
            [58, 97, 71].map(|secs| MeasuredLaunch { id: "".into(), secs }).into_iter().collect();
        memory.forecast = Some(Forecast { day: at("2026-11-22T23:00:00Z"), need: 7 });
    });
    let text = table(&aws).text;
    for line in [
        "  decided     14:25, MinSize up to 6 (spike-step-scaler, tick): the schedule's floor is 6",
        "  bid         9 by spike until 14:51: aira-web-cpu-high",
        "  bid         6 by schedule until 22:00: day",
        "  held        tag tidegate:hold = no-scale-in",
        "  applied     MinSize 6",
        "  no lowering until Sat 05:00: a step was undone",
        "  forecast    the first hour from Mon 08:00 needs 7",
        "  launches    3 measured, 58 to 97 s; the day's capacity is asked for 3 min 37 s ahead",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("8 by spike"), "a bid that ran out is no bid:\n{text}");
}

#[test]
fn json_carries_the_same() {
    let aws = world();
    tick(&aws, "aira-web");
    let report = ask(&aws, &[fleet("aira-web")], at(NOON)).unwrap().json();
    let value: Value = serde_json::from_str(&report.text).unwrap();
    assert_eq!(value["policy"]["version"], 3);
    let web = &value["fleets"][0];
    assert_eq!((&web["fleet"], &web["group"]["min"]), (&"aira-web".into(), &6.into()));
    assert_eq!(web["applied_min"], 6);
    assert_eq!(web["last_decision"]["reason"]["code"], "schedule_floor");
    assert_eq!(value["fleets"].as_array().unwrap().len(), 1);
}

#[test]
fn a_fleet_that_cannot_be_read_does_not_hide_the_other() {
    let aws = world();
    tick(&aws, "aira-web");
    aws.garble_memory(&fleet("aira-api"), "{");
    aws.inject(At::call(Call::Describe).fleet(&fleet("aira-api")), Fault::Throttled);
    let report = table(&aws);
    assert_eq!(report.code(), 1);
    assert_eq!(report.troubles.len(), 2, "{:?}", report.troubles);
    assert!(report.troubles.iter().all(|t| t.starts_with("aira-api: ")));
    assert!(report.text.contains("14:25 MinSize up to 6"), "{}", report.text);
    assert!(report.text.contains("  trouble     DescribeAutoScalingGroups was"), "{}", report.text);
}

#[test]
fn a_missing_group_and_a_fleet_outside_the_policy_are_named() {
    let aws = world();
    aws.add_group(&fleet("other"), GroupSpec::sized(1, 1, 2)).unwrap();
    let report = ask(&aws, &[fleet("other"), fleet("gone")], at(NOON)).unwrap().table();
    assert!(report.text.contains("does not name this fleet"), "{}", report.text);
    assert_eq!(report.troubles, ["gone: there is no such Auto Scaling group"]);
}

#[test]
fn a_faulty_newer_policy_is_told_and_the_older_one_is_shown() {
    let aws = world();
    put(&aws, 4, "version = 1\n[fleets]\n");
    let report = table(&aws);
    assert!(report.text.contains("policy version 3, a newer one is faulty"), "{}", report.text);
    assert!(report.troubles[0].contains("version 4"), "{:?}", report.troubles);
}

#[test]
fn without_a_stored_policy_the_seed_or_a_name_is_needed() {
    let aws = FakeAws::at(at(NOON));
    let error = ask(&aws, &[], at(NOON)).unwrap_err();
    assert_eq!(error.code(), 2);
    assert!(error.to_string().contains("--fleet"), "{error}");
    let seed = Policy::parse(POLICY).unwrap();
    let question = Question { fleets: &[], seed: Some(&seed), now: at(NOON), place: "here" };
    let text = block_on(gather(&aws, &question)).unwrap().table().text;
    assert!(text.contains("the template's policy"), "{text}");
    aws.set_table_missing(true);
    let error = ask(&aws, &[], at(NOON)).unwrap_err();
    assert_eq!(error.code(), 1);
    assert!(error.to_string().contains("ResourceNotFound"), "{error}");
}

#[test]
fn nothing_is_written() {
    let aws = world();
    aws.clear_log();
    table(&aws);
    let calls: Vec<String> = aws.log().iter().map(|logged| format!("{:?}", logged.call)).collect();
    let reads = ["Policies", "Describe", "Load", "Ledger"];
    assert!(calls.iter().all(|call| reads.contains(&call.as_str())), "{calls:?}");
}
