//! `uninstall` over the fakes: after real runs of the cycle.

use crate::scene::{NOON, at, fleet, tick, world};
use jiff::SignedDuration;
use tidegate_domain::group::Backstop;
use tidegate_domain::memory::Memory;
use tidegate_domain::ports::{Control, Groups};
use tidegate_fakes::{At, Call, FakeAws, Fault, block_on};
use tidegate_ops::uninstall::{Ask, Functions, Step, look, plan, run};
use tidegate_ops::{Failure, Report};

const WEB: &str = "aira-web";
const ASK: Ask = Ask { backstop: false, min: None, functions: Functions::Gone, yes: true };

/// After Tidegate's first run, which raised MinSize from 4 to 6; with a backstop and a tag.
fn attached() -> FakeAws {
    let aws = world();
    tick(&aws, WEB);
    assert_eq!(aws.sizes(&fleet(WEB)).unwrap().min, 6);
    let backstop = Backstop { min: 6, recurrence: "0 8 * * *".into(), time_zone: "UTC".into() };
    block_on(aws.put_backstop(&fleet(WEB), &backstop)).unwrap();
    aws.set_tag(&fleet(WEB), "tidegate:floor", "3");
    aws.set_tag(&fleet(WEB), "team", "aira");
    aws
}

fn uninstall(aws: &FakeAws, ask: Ask) -> Result<Report, Failure> {
    let traces = block_on(look(aws, &fleet(WEB), "in a test"))?;
    block_on(run(aws, &traces, &ask))
}

fn steps(aws: &FakeAws, ask: Ask) -> Vec<Step> {
    plan(&block_on(look(aws, &fleet(WEB), "in a test")).unwrap(), &ask).steps
}

fn min(aws: &FakeAws) -> u32 {
    aws.sizes(&fleet(WEB)).unwrap().min
}

#[test]
fn the_group_is_as_it_was_found() {
    let aws = attached();
    let report = uninstall(&aws, Ask { backstop: true, ..ASK }).unwrap();
    for line in [
        "aira-web: MinSize 6, desired 6, MaxSize 60\n",
        "  will    delete the scheduled action tidegate-restore\n",
        "  will    set MinSize from 6 to 4: it was 4 when Tidegate first looked, at 2026-11-20T05:25:00Z\n",
        "  will    take off the tags tidegate:floor\n",
        "\ndone\n",
    ] {
        assert!(report.text.contains(line), "{line}\n{}", report.text);
    }
    let group = aws.group(&fleet(WEB)).unwrap();
    assert_eq!((group.sizes.min, group.sizes.desired, group.sizes.max), (4, 6, 60));
    assert_eq!(group.tags.into_keys().collect::<Vec<_>>(), ["team"]);
    assert_eq!(aws.backstop(&fleet(WEB)), None);
    let memory = block_on(aws.load(&fleet(WEB))).unwrap();
    assert_eq!(memory.memory, Memory::default(), "attached again, it begins anew");
}

#[test]
fn a_second_run_finds_nothing_left() {
    let aws = attached();
    uninstall(&aws, Ask { backstop: true, ..ASK }).unwrap();
    aws.clear_log();
    let report = uninstall(&aws, Ask { backstop: true, ..ASK }).unwrap();
    assert!(report.text.contains("nothing is left to do"), "{}", report.text);
    assert!(aws.log().iter().all(|logged| !logged.call.is_write()));
}

#[test]
fn unless_told_it_only_shows_and_keeps_the_backstop() {
    let aws = attached();
    aws.clear_log();
    let report = uninstall(&aws, Ask { yes: false, functions: Functions::Running, ..ASK }).unwrap();
    assert!(report.text.contains("nothing was changed; YES=1"), "{}", report.text);
    assert!(
        report.text.contains("  leaves  the scheduled action tidegate-restore"),
        "{}",
        report.text
    );
    assert!(report.text.contains("  first   the schedules are enabled"), "{}", report.text);
    assert!(aws.log().iter().all(|logged| !logged.call.is_write()));
}

#[test]
fn nothing_is_changed_while_functions_may_write() {
    for functions in [Functions::Running, Functions::Unknown] {
        let aws = attached();
        let error = uninstall(&aws, Ask { functions, ..ASK }).unwrap_err();
        assert_eq!((error.code(), min(&aws)), (1, 6));
        assert!(error.to_string().contains("nothing was changed"), "{error}");
    }
    assert!(uninstall(&attached(), Ask { functions: Functions::Stopped, ..ASK }).is_ok());
}

#[test]
fn a_min_size_that_somebody_else_set_stays() {
    let aws = attached();
    aws.outside_set_min(&fleet(WEB), 5).unwrap();
    let report = uninstall(&aws, ASK).unwrap();
    assert_eq!(min(&aws), 5);
    let left = "  leaves  MinSize 5: somebody else set it, Tidegate had applied 6\n";
    assert!(report.text.contains(left), "{}", report.text);
    let asked = steps(&aws, Ask { min: Some(3), ..ASK });
    assert!(matches!(asked.as_slice(), [Step::SetMin { from: 5, to: 3, .. }]), "{asked:?}");
}

#[test]
fn what_cannot_be_set_stays_with_the_reason() {
    let aws = attached();
    let report = uninstall(&aws, Ask { min: Some(61), ..ASK }).unwrap();
    assert!(report.text.contains("61 is above MaxSize 60"), "{}", report.text);
    assert_eq!(min(&aws), 6);
}

/// A month later the ledger's other entries are gone; the first look is kept for ten years.
#[test]
fn the_first_look_outlives_the_ledger() {
    let aws = attached();
    aws.set_now(at(NOON) + SignedDuration::from_hours(24 * 365));
    let set = steps(&aws, ASK);
    assert!(set.iter().any(|step| matches!(step, Step::SetMin { to: 4, .. })), "{set:?}");
    assert_eq!(block_on(aws.ledger(&fleet(WEB), 10)).unwrap().len(), 1);
}

#[test]
fn without_a_first_look_min_size_stays() {
    let aws = world();
    let mut memory = Memory { applied_min: Some(4), ..Memory::default() };
    let token = tidegate_domain::ports::LeaseToken("t".into());
    block_on(aws.store(&fleet(WEB), 0, &memory, &token)).unwrap();
    let report = uninstall(&aws, Ask { yes: false, ..ASK }).unwrap();
    assert!(report.text.contains("no longer tells what it was"), "{}", report.text);
    memory.applied_min = None;
    block_on(aws.store(&fleet(WEB), 1, &memory, &token)).unwrap();
    assert_eq!(steps(&aws, ASK), [], "it never wrote");
}

#[test]
fn who_is_stopped_half_way_goes_on() {
    for call in [Call::RemoveBackstop, Call::SetMin, Call::RemoveTags, Call::Store] {
        let aws = attached();
        aws.inject(At::call(call).nth(1), Fault::Throttled);
        let ask = Ask { backstop: true, ..ASK };
        let error = uninstall(&aws, ask).unwrap_err();
        assert!(error.to_string().contains("run it again to go on"), "{error}");
        uninstall(&aws, ask).unwrap();
        assert_eq!((min(&aws), aws.backstop(&fleet(WEB))), (4, None), "{call}");
        assert_eq!(steps(&aws, ask), []);
    }
}

#[test]
fn what_cannot_be_read_is_no_plan() {
    for call in [Call::Setup, Call::Schedules, Call::Load, Call::FirstEntry] {
        let aws = attached();
        aws.inject(At::call(call), Fault::Denied);
        assert_eq!(uninstall(&aws, ASK).unwrap_err().code(), 1, "{call}");
        assert_eq!(min(&aws), 6);
    }
    let error = block_on(look(&world(), &fleet("ghost"), "in a test")).unwrap_err();
    assert_eq!(error.code(), 2);
}
