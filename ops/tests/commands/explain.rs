//! `explain` over the fakes.

use crate::scene::{NOON, at, fleet, tick, world};
use jiff::SignedDuration;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::ports::Control;
use tidegate_fakes::{FakeAws, block_on};
use tidegate_ops::Report;
use tidegate_ops::explain::gather;

fn explain(aws: &FakeAws, name: &str, last: u32) -> Report {
    block_on(gather(aws, &fleet(name), last, None, at(NOON))).unwrap().text()
}

#[test]
fn decisions_come_newest_first_in_the_policys_zone() {
    let aws = world();
    tick(&aws, "aira-web");
    aws.advance(SignedDuration::from_mins(5));
    tick(&aws, "aira-web");
    let text = explain(&aws, "aira-web", 10).text;
    let title = "aira-web: the last 2 decisions, newest first (Asia/Seoul)\n\n2026-11-20 Fri\n";
    assert!(text.starts_with(title), "{text}");
    let times: Vec<&str> = text.lines().filter_map(|l| l.split_once("  ")).map(|c| c.0).collect();
    let times: Vec<&str> = times.into_iter().filter(|t| !t.is_empty()).collect();
    assert_eq!(times, ["14:30:00", "14:25:00"], "{text}");
    for line in [
        "14:25:00  MinSize up to 6 (spike-step-scaler, tick)",
        "          saw: min 4, desired 4, max 60, 4 in service",
        "          bid: 6 by schedule until 22:00: day",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(explain(&aws, "aira-web", 1).text.matches("saw:").count(), 1);
}

#[test]
fn a_terminal_is_not_at_the_mercy_of_names() {
    let aws = world();
    let mut entry: LedgerEntry = tick(&aws, "aira-web");
    entry.notes = vec!["tag \u{1b}[2Jgone\u{202e}".into()];
    entry.id = "other".into();
    let expires = at(NOON) + SignedDuration::from_hours(1);
    block_on(aws.append(&entry, expires)).unwrap();
    let text = explain(&aws, "aira-web", 10).text;
    assert!(text.contains("note: tag \\u{1b}[2Jgone\\u{202e}"), "{text}");
}

#[test]
fn json_is_the_ledger_as_it_is_kept() {
    let aws = world();
    let entry = tick(&aws, "aira-web");
    let told = block_on(gather(&aws, &fleet("aira-web"), 5, None, at(NOON))).unwrap().json();
    let entries: Vec<LedgerEntry> = serde_json::from_str(&told.text).unwrap();
    assert_eq!(entries, [entry]);
}

#[test]
fn an_empty_ledger_is_said_and_a_missing_table_is_a_failure() {
    let aws = world();
    let report = explain(&aws, "aira-web", 5);
    assert!(report.text.is_empty());
    assert_eq!(report.notes, ["the ledger holds nothing of aira-web"]);
    aws.set_table_missing(true);
    let failure = block_on(gather(&aws, &fleet("aira-web"), 5, None, at(NOON))).unwrap_err();
    assert_eq!(failure.code(), 1);
}

#[test]
fn a_fleet_outside_the_policy_is_told_in_utc() {
    let aws = world();
    tick(&aws, "aira-web");
    let empty = FakeAws::at(at(NOON));
    let entry = aws.ledger_of(&fleet("aira-web")).remove(0);
    block_on(empty.append(&entry, at(NOON) + SignedDuration::from_hours(1))).unwrap();
    let text = explain(&empty, "aira-web", 5).text;
    assert!(text.contains("(UTC; the policy does not name this fleet)"), "{text}");
    assert!(text.contains("05:25:00"), "{text}");
}
