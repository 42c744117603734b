//! The policy commands over the fakes.

use crate::scene::{NOON, POLICY, at, put, world};
use tidegate_domain::ports::Control;
use tidegate_fakes::{At, Call, FakeAws, Fault, block_on};
use tidegate_ops::policy::{check, prepare, show, store};

#[test]
fn a_document_is_compared_and_stored_as_the_next_version() {
    let aws = world();
    let new = POLICY.replace("floor = 6", "floor = 8");
    let draft = block_on(prepare(&aws, &new, None)).unwrap();
    assert_eq!(draft.version, 4);
    let expected = "against version 3:\n  ~ fleets.aira-web.day.floor: 6 -> 8\n";
    assert_eq!(draft.changes, expected);
    let report = block_on(store(&aws, &draft)).unwrap();
    assert!(report.text.starts_with("stored as version 4"), "{}", report.text);
    assert_eq!(block_on(aws.policies()).unwrap()[0].document, new);
}

#[test]
fn preparing_writes_nothing() {
    let aws = world();
    block_on(prepare(&aws, &POLICY.replace("min = 2", "min = 1"), None)).unwrap();
    assert_eq!(block_on(aws.policies()).unwrap().len(), 1);
}

#[test]
fn every_fault_is_told_and_nothing_is_asked_of_aws() {
    let aws = world();
    aws.clear_log();
    let bad = POLICY.replace("floor = 6", "floor = -6").replace("Asia/Seoul", "Asia/Soul");
    let failure = block_on(prepare(&aws, &bad, None)).unwrap_err();
    let text = failure.to_string();
    assert_eq!(failure.code(), 2);
    assert!(text.contains("day.floor") && text.contains("Asia/Soul"), "{text}");
    assert!(aws.log().is_empty());
}

#[test]
fn faults_of_the_alarms_are_told_with_the_others() {
    let aws = world();
    let alarms = "[alarms]\ntopic = 1\n[[alarms.routes]]\nmatch = ['flet = web']\n";
    let bad = format!("{}{alarms}", POLICY.replace("floor = 6", "floor = -6"));
    for failure in
        [block_on(prepare(&aws, &bad, None)).unwrap_err(), check(&bad, at(NOON)).unwrap_err()]
    {
        let text = failure.to_string();
        assert_eq!(failure.code(), 2);
        for path in ["day.floor", "alarms.topic: ", "alarms.routes[0].match[0]: unknown label"] {
            assert!(text.contains(path), "{path} in {text}");
        }
    }
}

#[test]
fn changed_alarms_are_shown_by_route() {
    let aws = world();
    let new = format!("{POLICY}[alarms]\nroutes = []\nmax_per_second = 2\n");
    let draft = block_on(prepare(&aws, &new, None)).unwrap();
    assert_eq!(
        draft.changes,
        "against version 3:\n  + alarms.max_per_second = 2\n  \
         - alarms.routes {}/{alarm=~\"TargetTracking-.*\"}: topic none\n  \
         - alarms.routes {}/{severity=\"critical\"}: topic critical\n"
    );
}

#[test]
fn a_stored_version_with_bad_alarms_is_named() {
    let aws = world();
    put(&aws, 4, &format!("{POLICY}[alarms]\ntopic = 1\n"));
    let draft = block_on(prepare(&aws, POLICY, None)).unwrap();
    assert!(draft.changes.starts_with("version 4 has alarms that are not valid\n"), "{draft:?}");
    let notes = block_on(show(&aws, None)).unwrap().notes;
    assert!(notes[0].contains("version 4, not valid"), "{notes:?}");
}

#[test]
fn the_same_document_is_refused() {
    let failure = block_on(prepare(&world(), POLICY, None)).unwrap_err();
    assert_eq!(failure.code(), 1);
    assert!(failure.to_string().contains("version 3 already"), "{failure}");
}

#[test]
fn somebody_elses_version_is_never_overwritten() {
    let aws = world();
    let ours = POLICY.replace("floor = 6", "floor = 8");
    let theirs = POLICY.replace("floor = 6", "floor = 7");
    let draft = block_on(prepare(&aws, &ours, None)).unwrap();
    put(&aws, 4, &theirs);
    let failure = block_on(store(&aws, &draft)).unwrap_err();
    assert_eq!(failure.code(), 1);
    assert!(failure.to_string().contains("somebody else stored version 4"), "{failure}");
    assert_eq!(block_on(aws.policies()).unwrap()[0].document, theirs);
}

#[test]
fn the_first_version_is_compared_with_the_templates_when_it_is_known() {
    let aws = FakeAws::at(at(NOON));
    let draft = block_on(prepare(&aws, POLICY, None)).unwrap();
    assert_eq!(draft.version, 1);
    assert!(draft.changes.contains("no version is stored yet"), "{}", draft.changes);
    let seed = POLICY.replace("floor = 6", "floor = 5");
    let draft = block_on(prepare(&aws, POLICY, Some(&seed))).unwrap();
    assert!(draft.changes.contains("~ fleets.aira-web.day.floor: 5 -> 6"), "{}", draft.changes);
}

#[test]
fn a_stored_version_that_is_not_valid_is_followed_by_the_next() {
    let aws = world();
    put(&aws, 4, "version = [");
    let draft = block_on(prepare(&aws, POLICY, None)).unwrap();
    assert_eq!(draft.version, 5);
    assert!(draft.changes.contains("version 4 is not valid"), "{}", draft.changes);
    assert!(draft.changes.contains("cannot be read"), "{}", draft.changes);
}

#[test]
fn a_write_that_fails_says_so() {
    let aws = world();
    let draft = block_on(prepare(&aws, &format!("{POLICY}# new\n"), None)).unwrap();
    assert!(draft.changes.contains("only comments"), "{}", draft.changes);
    aws.inject(At::call(Call::PutPolicy), Fault::Denied);
    let failure = block_on(store(&aws, &draft)).unwrap_err();
    assert!(failure.to_string().contains("not permitted"), "{failure}");
}

#[test]
fn a_version_is_shown_as_it_was_stored() {
    let aws = world();
    put(&aws, 4, "version = [");
    let report = block_on(show(&aws, Some(3))).unwrap();
    assert_eq!(report.text, POLICY);
    let report = block_on(show(&aws, None)).unwrap();
    assert_eq!(report.notes, ["version 4, not valid; there are 4, 3"]);
    let failure = block_on(show(&aws, Some(9))).unwrap_err();
    assert!(failure.to_string().contains("not among the newest: 4, 3"), "{failure}");
    assert!(block_on(show(&FakeAws::at(at(NOON)), None)).is_err());
}

#[test]
fn a_valid_policy_is_told_in_words() {
    let text = check(POLICY, at(NOON)).unwrap().text;
    for line in [
        "a valid policy for 2 fleets\n",
        "\naira-web (Asia/Seoul)\n",
        "  load      requests = AWS/ApplicationELB RequestCount Sum\n",
        "  day       mon tue wed thu fri, 08:00 to 22:00: at least 6, in service by 08:00\n",
        "  night     at least 2, and 1.3 times the measured need\n",
        "  except    2026-11-23 counts as sun\n",
        "  except    up until 2026-12-31 02:00: launch\n",
        "  today     2026-11-20 Fri: 08:00 to 22:00; it is day at 14:25\n",
        "  then      2026-11-24 Tue 08:00 to 22:00\n",
        "from 6 warm: 0 to 15 becomes 7, from 15 becomes\n            9\n",
    ] {
        assert!(text.contains(line), "{line:?}\n{text}");
    }
    let web = text.split("aira-web (").nth(1).unwrap();
    assert!(!web.contains("2026-11-23 Mon"), "a holiday has no day:\n{text}");
}

#[test]
fn an_invalid_policy_is_refused_with_every_fault() {
    let failure = check("version = 2\n[fleets]\n", at(NOON)).unwrap_err();
    assert_eq!(failure.code(), 2);
    assert!(failure.to_string().starts_with("not a valid policy, 2 faults:\n  version:"));
}
