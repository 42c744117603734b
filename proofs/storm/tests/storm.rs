//! Ten thousand alarm events in a minute: what people get, when, and that nothing is missing.

use jiff::SignedDuration;
use std::collections::BTreeMap;
use tidegate_domain::alarms::group::Counts;
use tidegate_domain::alarms::reason::Why;
use tidegate_fakes::FakeAws;
use tidegate_histories::length::{length, seed};
use tidegate_storm::alarms::{Alarm, Shape};
use tidegate_storm::law::{MOST, Report, told};
use tidegate_storm::scenes::Scene;
use tidegate_storm::{Stage, Storm, Trouble, start};

fn secs(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

/// A storm of a seed, on a stage where it has not begun.
fn stage(shape: Shape, seed: u64) -> (Stage, Storm) {
    let storm = Storm::new(shape, start(), seed);
    let mut stage = Stage::new(FakeAws::at(start()), seed);
    stage.will_come(&storm.sendings);
    (stage, storm)
}

fn show(name: &str, seed: u64, stage: &Stage, report: &Report) {
    println!(
        "{name}, seed {seed}: {} invocations, {} calls, {} messages, at most {} a second; first \
         critical named after {:.1} s, every one within {:.1} s",
        stage.ended.len(),
        stage.calls.len(),
        report.messages,
        report.busiest,
        report.first.longest.as_secs_f64(),
        report.critical.longest.as_secs_f64(),
    );
}

/// Nothing was lost: no dead letter, nothing left in the queue, everything that fires is told.
fn nothing_is_lost(stage: &Stage, storm: &Storm) {
    assert!(stage.is_quiet(), "the queue is empty and nothing runs");
    assert_eq!(stage.queue.dead, Vec::<String>::new());
    let told = told(stage);
    let lost: Vec<&str> = storm.alarms.iter().map(|a| a.name.as_str()).collect();
    let lost: Vec<&str> = lost.into_iter().filter(|name| !told.contains(*name)).collect();
    assert_eq!(lost, Vec::<&str>::new(), "{} told", told.len());
}

/// What the router says that it sent, by topic.
fn counted(stage: &Stage, pick: impl Fn(&Counts) -> u32) -> BTreeMap<String, u32> {
    let mut sums = BTreeMap::new();
    let outcomes = stage.ended.iter().filter_map(|ended| ended.outcome.as_ref());
    for message in outcomes.flat_map(|outcome| &outcome.record.messages) {
        *sums.entry(message.topic.clone()).or_default() += pick(&message.counts);
    }
    sums
}

#[test]
fn a_storm_is_a_few_messages_and_nothing_is_missing() {
    for seed in (0..length(3, 30)).map(|n| seed().wrapping_add(n)) {
        let (mut stage, storm) = stage(Shape::FULL, seed);
        stage.run_until(start() + secs(620));
        let report = Report::of(&stage, &storm);
        show("storm", seed, &stage, &report);
        assert_eq!(storm.sendings.len(), 10_000);
        assert_eq!(report.first.never, Vec::<String>::new());
        assert!(report.first.longest <= secs(5), "{:?}", report.first);
        assert_eq!(report.critical.never, Vec::<String>::new());
        assert!(report.critical.longest <= secs(90), "{:?}", report.critical);
        assert!(report.messages <= 100, "{} messages", report.messages);
        assert!(report.busiest <= MOST, "{} in a second", report.busiest);
        nothing_is_lost(&stage, &storm);
        let truth = BTreeMap::from([
            ("critical".to_owned(), storm.count(true)),
            ("warning".to_owned(), storm.count(false)),
        ]);
        assert_eq!(report.new, truth, "what the texts say is what happened");
        assert_eq!(counted(&stage, |counts| counts.new), truth, "and what the router says");
    }
}

#[test]
fn its_end_is_told_with_exact_counts() {
    let seed = seed();
    let (mut stage, storm) = stage(Shape { events: 3_000, ..Shape::FULL }, seed);
    let over = start() + secs(400);
    stage.will_come(&storm.ends(start(), over).sendings);
    stage.run_until(over + secs(310));
    let report = Report::of(&stage, &storm);
    show("storm and its end", seed, &stage, &report);
    assert!(stage.is_quiet() && stage.queue.dead.is_empty());
    let truth = BTreeMap::from([
        ("critical".to_owned(), storm.count(true)),
        ("warning".to_owned(), storm.count(false)),
    ]);
    assert_eq!((&report.new, &report.resolved), (&truth, &truth));
    assert_eq!(stage.aws.alarm_groups(), [], "nothing is left to do");
    assert!(told(&stage).is_empty() && report.busiest <= MOST);
}

#[test]
fn calls_that_fail_by_chance_lose_nothing() {
    let shape = Shape { events: 3_000, ..Shape::FULL };
    for seed in (0..length(3, 30)).map(|n| seed().wrapping_add(n)) {
        let (mut stage, storm) = stage(shape, seed);
        stage.trouble = Trouble { throttled: 10, lost: 10, died: 2 };
        stage.run_until(start() + secs(620));
        stage.trouble = Trouble::default();
        stage.run_until(start() + secs(1_220));
        let report = Report::of(&stage, &storm);
        show("trouble", seed, &stage, &report);
        assert_eq!(report.critical.never, Vec::<String>::new());
        assert!(report.busiest <= MOST, "{} in a second", report.busiest);
        nothing_is_lost(&stage, &storm);
    }
}

/// Each invocation may send two messages and two more for each second that it lasts.
fn keeps_its_own_bound(stage: &Stage) {
    let mut by_run: BTreeMap<u64, i64> = BTreeMap::new();
    for sent in stage.aws.sent_messages() {
        *by_run.entry(sent.run).or_default() += 1;
    }
    for ended in &stage.ended {
        let lasted = ended.ended.duration_since(ended.began).as_secs();
        let sent = by_run.get(&ended.run).copied().unwrap_or(0);
        assert!(sent <= 2 + 2 * lasted, "run {}: {sent} in {lasted} s", ended.run);
    }
}

#[test]
fn without_the_table_every_critical_group_is_told_within_a_bound() {
    for seed in (0..length(3, 30)).map(|n| seed().wrapping_add(n)) {
        let (mut stage, storm) = stage(Shape::FULL, seed);
        stage.aws.set_table_missing(true);
        stage.run_until(start() + secs(100));
        let report = Report::of(&stage, &storm);
        show("without the table", seed, &stage, &report);
        keeps_its_own_bound(&stage);
        assert_eq!(report.first.never, Vec::<String>::new());
        assert!(report.first.longest <= secs(10), "{:?}", report.first);
        stage.aws.set_table_missing(false);
        stage.run_until(start() + secs(920));
        let report = Report::of(&stage, &storm);
        show("with it again", seed, &stage, &report);
        assert!(report.busiest <= MOST, "{} in a second", report.busiest);
        assert_eq!(report.critical.never, Vec::<String>::new());
        nothing_is_lost(&stage, &storm);
    }
}

#[test]
fn warnings_of_a_resource_that_is_critical_wait_and_are_counted() {
    let seed = seed();
    let shape = Shape { events: 2_000, shadowed: 50, ..Shape::FULL };
    let (mut stage, storm) = stage(shape, seed);
    stage.run_until(start() + secs(620));
    let report = Report::of(&stage, &storm);
    show("shadowed", seed, &stage, &report);
    let told = told(&stage);
    let critical: BTreeMap<_, _> =
        storm.alarms.iter().filter(|a| a.is_critical).map(|a| (&a.instance, &a.name)).collect();
    let mut waiting = 0;
    for alarm in storm.alarms.iter().filter(|alarm| !told.contains(&alarm.name)) {
        assert!(!alarm.is_critical && critical.contains_key(&alarm.instance), "{alarm:?}");
        waiting += 1;
    }
    assert!(waiting > 100, "{waiting}");
    assert_eq!(report.new["critical"], storm.count(true));
    assert_eq!(report.new["warning"] + waiting, storm.count(false));
}

/// More groups than messages, escalated to a topic that is not configured, while new ones come.
#[test]
fn a_topic_that_stands_in_for_another_gets_no_more_for_it() {
    let mut scene = Scene::all()
        .into_iter()
        .find(|s| s.name.starts_with("more"))
        .unwrap_or_else(|| unreachable!("the scene with many groups"));
    for number in 0..6 {
        scene.alarms.push(Alarm::new(6 + number, &format!("shop-{number:02}"), true));
        scene.sends(6 + number, "ALARM", 296);
    }
    for escalation in [true, false] {
        let aws = FakeAws::at(start());
        if !escalation {
            aws.remove_alarm_topic("escalation");
        }
        let mut stage = Stage::new(aws, seed()).under(scene.policy);
        stage.will_come(&scene.sendings);
        stage.run_until(scene.until);
        let rates = stage.aws.highest_rates();
        assert!(rates.values().all(|rate| *rate <= 2), "{rates:?}");
        let sent = stage.aws.sent_messages();
        let escalated = sent.iter().filter(|s| s.message.why == Why::Escalated).count();
        assert!(escalated > 0 && rates.contains_key("escalation") == escalation, "{rates:?}");
    }
}
