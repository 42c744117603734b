//! What a newer version stored, met by this one: nothing is lowered, capacity still goes up, people
//! are told, and what the newer one wrote stands.
#![expect(clippy::unwrap_used, reason = "a story that cannot be told is a failed test")]

use tidegate_domain::ledger::{ActionRecord, LedgerEntry};
use tidegate_domain::ports::{Control, StoredPolicy};
use tidegate_fakes::block_on;
use tidegate_tests::stage::{Stage, document, web};

/// A Friday evening in Seoul, when the night has begun and nobody is there.
const NIGHT: &str = "2026-03-06T14:00:00Z";

/// A fleet of nine at night, which one decision after the other would lower.
fn evening() -> Stage {
    let stage = Stage::usual(NIGHT, 6, 9);
    stage.schedules(1, |_, _| {});
    stage
}

fn lowers(entry: &LedgerEntry) -> bool {
    matches!(entry.action, ActionRecord::Lower { .. })
}

/// How often capacity was lowered within an hour.
fn lowered(stage: &Stage) -> usize {
    let mut steps = 0;
    stage.schedules(60, |_, entry| steps += usize::from(lowers(entry)));
    steps
}

/// A memory with a field that a later version might have.
fn newer_memory(stage: &Stage) -> String {
    let memory = serde_json::to_string(&stage.aws.memory(&web()).unwrap().memory).unwrap();
    memory.replacen('{', r#"{"from_a_later_version":1,"#, 1)
}

#[test]
fn without_anything_newer_the_night_lowers() {
    assert!(lowered(&evening()) > 1);
}

#[test]
fn under_a_newer_policy_nothing_is_lowered_and_people_are_told_once() {
    let stage = evening();
    let newer = document(&["web"]).replacen("version = 1", "version = 2", 1);
    for (version, document) in [(1, document(&["web"])), (2, newer)] {
        block_on(stage.aws.put_policy(&StoredPolicy { version, document })).unwrap();
    }
    assert_eq!(lowered(&stage), 0);
    let told = stage.told().iter().filter(|key| key.starts_with("policy")).count();
    assert_eq!(told, 1, "{:?}", stage.told());
}

#[test]
fn with_a_newer_memory_nothing_is_lowered_and_it_stands() {
    let stage = evening();
    let newer = newer_memory(&stage);
    stage.aws.garble_memory(&web(), &newer);
    let before = stage.min_desired();
    for _ in 0..60 {
        let _ = stage.serve("spike-step-scaler", &serde_json::json!({ "schedule": "tick" }));
        let _ = stage.serve("nightly-scale-down", &stage.night_event());
        stage.minutes(1);
    }
    assert_eq!(stage.min_desired(), before);
    let told = stage.told();
    assert_eq!(
        told, ["memory"; 4],
        "every quarter of an hour, since nothing says that it was told"
    );
    assert!(block_on(stage.aws.load(&web())).is_err(), "it was not overwritten");
}

#[test]
fn with_a_newer_memory_the_morning_still_comes() {
    let stage = evening();
    stage.aws.garble_memory(&web(), &newer_memory(&stage));
    stage.aws.outside_set_min(&web(), 2).unwrap();
    stage.until("2026-03-08T23:00:00Z");
    let _ = stage.serve("daytime-scale-up", &serde_json::json!({ "schedule": "day" }));
    assert_eq!(stage.sizes().min, 6, "the day's floor");
}

#[test]
fn an_entry_of_a_newer_version_hides_no_other() {
    let stage = evening();
    let _ = lowered(&stage);
    let all = block_on(stage.aws.ledger(&web(), 100)).unwrap();
    stage.aws.garble_ledger(&web(), r#"{"from_a_later_version":1}"#);
    assert_eq!(block_on(stage.aws.ledger(&web(), 100)).unwrap(), all[1..]);
}

#[test]
fn what_a_newer_version_has_learned_is_left_alone() {
    let stage = evening();
    let mut newer = tidegate_domain::sizing::Sizing::default().to_bytes();
    newer[3] = 200;
    stage.aws.garble_sizing(&web(), &newer);
    let steps = lowered(&stage);
    assert_eq!(stage.aws.sizing_of(&web()).unwrap().1, newer);
    assert!(steps > 1, "sizing only advises: the night goes on");
}
