//! Faults, crashes, hooks, the log, interleaving.

use super::router::{key, message, write};
use super::*;
use crate::{At, Call, Fault, Writer, block_on};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tidegate_domain::alarms::group::{GroupId, GroupState};
use tidegate_domain::alarms::ports::{AlarmSource, AlarmStore, Opening, Outlet};
use tidegate_domain::alarms::silence::Silence;
use tidegate_domain::attach::Attach;
use tidegate_domain::group::Backstop;
use tidegate_domain::memory::Memory;
use tidegate_domain::metrics::{MetricQuery, Window};
use tidegate_domain::notice::{Notice, Severity};
use tidegate_domain::ports::{Clock, Control, Groups, LeaseToken, Metrics, Notices, StoredPolicy};
use tidegate_domain::sizing::Sizing;

fn world() -> FakeAws {
    with(GroupSpec::sized(2, 4, 20))
}

fn set_min(aws: &FakeAws, min: u32) -> PortResult<()> {
    block_on(aws.set_min(&fleet(), min))
}

#[test]
fn each_fault_has_its_error_and_its_effect() {
    let unavailable = |e: &PortError| matches!(e, PortError::Unavailable { .. });
    let throttled = |e: &PortError| matches!(e, PortError::Throttled { .. });
    let denied = |e: &PortError| matches!(e, PortError::Denied { .. });
    let refused = |e: &PortError| matches!(e, PortError::Refused { .. });
    let unreadable = |e: &PortError| matches!(e, PortError::Unreadable { .. });
    type Check = fn(&PortError) -> bool;
    let cases: [(Fault, Check, u32); 8] = [
        (Fault::Throttled, throttled, 2),
        (Fault::Unavailable, unavailable, 2),
        (Fault::LostAnswer, unavailable, 6),
        (Fault::Denied, denied, 2),
        (Fault::Refused("ValidationError".into()), refused, 2),
        (Fault::Unreadable("half an answer".into()), unreadable, 2),
        (Fault::CrashBefore, unavailable, 2),
        (Fault::CrashAfter, unavailable, 6),
    ];
    for (fault, is, min) in cases {
        let aws = world();
        aws.inject(At::call(Call::SetMin), fault.clone());
        let error = set_min(&aws, 6).unwrap_err();
        assert!(is(&error), "{fault:?}: {error:?}");
        assert_eq!(sizes(&aws).min, min, "{fault:?}");
    }
}

#[test]
fn a_crash_before_an_effect_ends_the_run_too() {
    let aws = world();
    aws.inject(At::any().nth(1), Fault::CrashBefore);
    assert!(set_min(&aws, 5).is_err());
    assert!(aws.has_crashed() && set_min(&aws, 6).is_err());
    assert_eq!(sizes(&aws).min, 2);
}

#[test]
fn a_crash_ends_the_run_and_no_other() {
    let aws = world();
    let [other, third] = [aws.new_run(), aws.new_run()];
    third.set_time_left(SignedDuration::ZERO);
    assert!(other.time_left() > SignedDuration::ZERO, "each has its own");
    aws.inject(At::call(Call::SetMin).nth(1), Fault::CrashAfter);
    assert!(set_min(&aws, 5).is_err());
    assert!(aws.has_crashed());
    assert!(set_min(&aws, 6).is_err());
    assert!(block_on(aws.describe(&fleet())).is_err());
    assert_eq!(sizes(&aws).min, 5, "nothing of it reaches AWS any more");
    set_min(&other, 7).unwrap();
    aws.restart();
    set_min(&aws, 8).unwrap();
    assert_eq!(aws.log().len(), 3, "calls of a dead process are not made");
}

#[test]
fn which_calls_a_fault_strikes() {
    let struck = |at: At| {
        let aws = world();
        aws.inject(at, Fault::Throttled);
        let answers = (0..4).map(|_| {
            let failed = set_min(&aws, 3).is_err();
            aws.advance(mins(1));
            failed
        });
        answers.collect::<Vec<_>>()
    };
    let call = || At::call(Call::SetMin);
    let other = FleetName::new("other").unwrap();
    let cases = [
        ("every", At::any(), [true; 4]),
        ("the second", call().nth(2), [false, true, false, false]),
        ("the next two", call().times(2), [true, true, false, false]),
        ("until", call().until(at("2026-03-06T11:01:00Z")), [true, false, false, false]),
        ("from", call().from(at("2026-03-06T11:02:00Z")), [false, false, true, true]),
        ("writes", At::all(Call::is_write), [true; 4]),
        ("another call", At::call(Call::Describe), [false; 4]),
        ("another fleet", call().fleet(&other), [false; 4]),
        ("this fleet", call().fleet(&fleet()).nth(1), [true, false, false, false]),
    ];
    for (name, at, expected) in cases {
        assert_eq!(struck(at), expected, "{name}");
    }
}

#[test]
fn a_fault_strikes_the_metrics_of_one_fleet_by_what_they_mention() {
    let aws = world();
    aws.inject(At::call(Call::Read).mentioning("TargetGroup=sick"), Fault::Throttled);
    let read = |group: &str| {
        let spec = format!("AWS/ApplicationELB RequestCount Sum TargetGroup={group}");
        let query = MetricQuery::metric(spec.parse().unwrap());
        block_on(aws.read(&[query], Window::before(at(EVENING), mins(15))))
    };
    assert!(read("sick").is_err());
    assert!(read("well").is_ok());
}

#[test]
fn healing_takes_faults_and_hooks_away() {
    let aws = world();
    aws.inject(At::any(), Fault::Denied);
    aws.before(At::any(), |aws| aws.set_tag(&fleet(), "hook", "ran"));
    aws.heal();
    set_min(&aws, 3).unwrap();
    assert!(aws.group(&fleet()).unwrap().tags.is_empty());
}

#[test]
fn a_slow_call_takes_time_and_ends_by_itself() {
    let aws = world();
    let secs = SignedDuration::from_secs;
    aws.set_time_left(secs(20));
    aws.inject(At::any().nth(1), Fault::Slow(secs(5)));
    set_min(&aws, 5).unwrap();
    assert_eq!((aws.time_left(), aws.now()), (secs(15), at("2026-03-06T11:00:05Z")));
    aws.inject(At::any(), Fault::Slow(secs(3600)));
    assert!(matches!(set_min(&aws, 6), Err(PortError::Unavailable { .. })));
    assert_eq!(aws.time_left(), secs(7), "the operation timeout is 8 s");
    assert!(set_min(&aws, 6).is_err());
    assert_eq!(aws.time_left(), secs(2), "or what is left, less 2 s");
    assert!(set_min(&aws, 6).is_err());
    assert_eq!((aws.time_left(), sizes(&aws).min), (secs(2), 5));
}

#[test]
fn a_slow_call_may_fail_at_its_end() {
    let aws = world();
    aws.inject(At::any(), Fault::Throttled);
    aws.inject(At::any(), Fault::Slow(SignedDuration::from_secs(4)));
    assert!(matches!(set_min(&aws, 6), Err(PortError::Throttled { .. })));
    assert_eq!(aws.now(), at("2026-03-06T11:00:04Z"));
}

#[test]
fn somebody_raises_between_our_observation_and_our_write() {
    let aws = world();
    aws.before(At::call(Call::SetMin).nth(1), |aws| {
        aws.outside_set_desired(&fleet(), 9).unwrap();
    });
    let seen = block_on(aws.describe(&fleet())).unwrap().unwrap().sizes.desired;
    set_min(&aws, 6).unwrap();
    assert_eq!((seen, sizes(&aws).desired), (4, 9), "a raise through MinSize cuts nobody's");
    let order: Vec<Writer> = aws.size_changes(&fleet()).iter().map(|c| c.by).collect();
    assert_eq!(order, [Writer::Outside, Writer::Tidegate]);
}

#[test]
fn a_hook_may_call_the_ports_itself() {
    let aws = world();
    aws.after(At::any(), |aws| {
        let tags = aws.group(&fleet()).unwrap().tags.len();
        aws.set_tag(&fleet(), &tags.to_string(), "");
        set_min(&aws.new_run(), 7).unwrap();
    });
    set_min(&aws, 5).unwrap();
    assert_eq!(sizes(&aws).min, 7, "after ours");
    assert_eq!(aws.group(&fleet()).unwrap().tags.len(), 1, "its own calls do not run it again");
}

#[test]
fn the_log_says_what_was_called_when_and_how_it_ended() {
    let aws = world();
    aws.inject(At::call(Call::SetMin).nth(2), Fault::Throttled);
    block_on(aws.describe(&fleet())).unwrap();
    set_min(&aws, 5).unwrap();
    aws.advance(mins(1));
    set_min(&aws, 6).unwrap_err();
    let token = LeaseToken("t".into());
    block_on(aws.release(&fleet(), &token)).unwrap();
    let log = aws.log();
    let calls: Vec<_> = log.iter().map(|l| (l.seq, l.call, l.result.is_ok())).collect();
    let expected = [
        (1, Call::Describe, true),
        (2, Call::SetMin, true),
        (3, Call::SetMin, false),
        (4, Call::Release, true),
    ];
    assert_eq!(calls, expected);
    assert_eq!((log[1].args.as_str(), log[2].at), ("min=5", at("2026-03-06T11:01:00Z")));
    assert_eq!(aws.group_writes(&fleet()).len(), 2);
    assert_eq!(aws.busiest(mins(1), |l| l.call.is_groups()), 2);
    assert_eq!(aws.busiest(mins(2), |l| l.call.is_groups()), 3);
    aws.clear_log();
    assert_eq!((aws.log().len(), aws.busiest(mins(1), |_| true)), (0, 0));
}

#[test]
fn names_of_calls_are_unique() {
    let names: std::collections::BTreeSet<_> = Call::ALL.iter().map(|c| c.name()).collect();
    assert_eq!(names.len(), Call::ALL.len());
    let writes = Call::ALL.iter().filter(|c| c.is_write()).count();
    let control = Call::ALL.iter().filter(|c| c.is_control()).count();
    let router = Call::ALL.iter().filter(|c| c.is_router()).count();
    assert_eq!((writes, control, router), (23, 24, 18));
}

#[test]
fn futures_are_ready_at_once_unless_they_are_to_interleave() {
    let aws = world();
    let f = fleet();
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(pin!(aws.describe(&f)).poll(&mut context), Poll::Ready(Ok(Some(_)))));
    aws.interleave();
    for (name, mut call) in every_call(&aws, &f) {
        assert!(call.as_mut().poll(&mut context).is_pending(), "{name}");
        assert!(call.as_mut().poll(&mut context).is_ready(), "{name}");
    }
    let made: std::collections::BTreeSet<_> = aws.log().iter().map(|l| l.call).collect();
    assert_eq!(made.len(), Call::ALL.len() - 1, "all but the chat form, which is not configured");
}

type AnyCall<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Each call of each port, whatever it answers.
fn every_call<'a>(aws: &'a FakeAws, fleet: &'a FleetName) -> Vec<(&'static str, AnyCall<'a>)> {
    let (token, now) = (LeaseToken("t".into()), at(EVENING));
    let policy = StoredPolicy { version: 1, document: String::new() };
    let backstop = Backstop { min: 1, recurrence: "0 8 * * *".into(), time_zone: "UTC".into() };
    let notice = Notice::new(fleet, Severity::Warning, "k", "s");
    let entry = super::control::entry("id", EVENING);
    let (t, t2, t3, t4) = (token.clone(), token.clone(), token.clone(), token);
    let window = Window::before(now, mins(5));
    let mut calls: Vec<(&'static str, AnyCall<'a>)> = vec![
        ("describe", Box::pin(async { drop(aws.describe(fleet).await) })),
        ("evidence", Box::pin(async move { drop(aws.evidence(fleet, now).await) })),
        ("set_min", Box::pin(async { drop(aws.set_min(fleet, 3).await) })),
        ("set_desired", Box::pin(async { drop(aws.set_desired(fleet, 3).await) })),
        ("put_backstop", Box::pin(async move { drop(aws.put_backstop(fleet, &backstop).await) })),
        ("alarms", Box::pin(async { drop(aws.alarms(&[]).await) })),
        ("read", Box::pin(async move { drop(aws.read(&[], window).await) })),
        ("policies", Box::pin(async { drop(aws.policies().await) })),
        ("put_policy", Box::pin(async move { drop(aws.put_policy(&policy).await) })),
        ("acquire", Box::pin(async move { drop(aws.acquire(fleet, &t, now, now).await) })),
        ("release", Box::pin(async move { drop(aws.release(fleet, &t2).await) })),
        ("load", Box::pin(async { drop(aws.load(fleet).await) })),
        (
            "store",
            Box::pin(async move { drop(aws.store(fleet, 0, &Memory::default(), &t3).await) }),
        ),
        ("sizing", Box::pin(async { drop(aws.sizing(fleet).await) })),
        (
            "put_sizing",
            Box::pin(async move { drop(aws.put_sizing(fleet, 0, &Sizing::default(), &t4).await) }),
        ),
        ("append", Box::pin(async move { drop(aws.append(&entry, now).await) })),
        ("ledger", Box::pin(async { drop(aws.ledger(fleet, 1).await) })),
        ("publish", Box::pin(async move { drop(aws.publish(&notice).await) })),
    ];
    calls.extend(every_call_of_the_router(aws));
    calls.extend(every_call_of_the_operator(aws, fleet));
    calls
}

fn every_call_of_the_operator<'a>(
    aws: &'a FakeAws,
    fleet: &'a FleetName,
) -> Vec<(&'static str, AnyCall<'a>)> {
    vec![
        ("setup", Box::pin(async { drop(aws.setup(fleet).await) })),
        ("schedules", Box::pin(async { drop(aws.schedules(fleet).await) })),
        ("scalers", Box::pin(async { drop(aws.scalers(fleet).await) })),
        ("hooks", Box::pin(async { drop(aws.hooks(fleet).await) })),
        ("first_entry", Box::pin(async { drop(aws.first_entry(fleet).await) })),
        ("remove_backstop", Box::pin(async { drop(aws.remove_backstop(fleet).await) })),
        (
            "remove_tags",
            Box::pin(async { drop(aws.remove_tags(fleet, &["t".to_owned()].into()).await) }),
        ),
    ]
}

fn every_call_of_the_router(aws: &FakeAws) -> Vec<(&'static str, AnyCall<'_>)> {
    let (token, now) = (LeaseToken("t".into()), at(EVENING));
    let (t, t2) = (token.clone(), token.clone());
    let group = || GroupId::of(&key("api"));
    let silence = Silence {
        id: "s".into(),
        matchers: String::new(),
        starts: now,
        ends: now,
        author: String::new(),
        comment: String::new(),
    };
    vec![
        ("groups", Box::pin(async { drop(aws.groups().await) })),
        (
            "open",
            Box::pin(
                async move { drop(aws.open(&[Opening { key: key("api"), due: now }], "s").await) },
            ),
        ),
        ("settle", Box::pin(async move { drop(aws.settle(&group(), None, None).await) })),
        ("members", Box::pin(async { drop(aws.members(&[]).await) })),
        ("keep", Box::pin(async { drop(aws.keep(&[write("a", 0)]).await) })),
        ("forget", Box::pin(async { drop(aws.forget(&[write("a", 0).id]).await) })),
        ("take", Box::pin(async move { drop(aws.take(&group(), &t, now, now).await) })),
        ("leave", Box::pin(async move { drop(aws.leave(&group(), &t2).await) })),
        ("group", Box::pin(async move { drop(AlarmStore::group(aws, &group()).await) })),
        (
            "mark",
            Box::pin(async move {
                drop(aws.mark(&GroupState::new(key("api")), 0, &token).await);
            }),
        ),
        ("silences", Box::pin(async { drop(aws.silences().await) })),
        ("put_silence", Box::pin(async move { drop(aws.put_silence(&silence).await) })),
        ("spend", Box::pin(async { drop(aws.spend("critical", 1, 1, 5).await) })),
        ("firing", Box::pin(async { drop(aws.firing().await) })),
        ("named", Box::pin(async { drop(aws.named(&[]).await) })),
        ("tags", Box::pin(async { drop(aws.tags("arn").await) })),
        ("send", Box::pin(async { drop(aws.send(&message("critical")).await) })),
    ]
}

#[test]
fn a_chat_form_is_a_call_of_its_own() {
    let aws = world();
    aws.set_chat_topic(Some(crate::Topic::Open));
    aws.interleave();
    let message = message("critical");
    let mut context = Context::from_waker(Waker::noop());
    let mut send = pin!(aws.send(&message));
    assert!(send.as_mut().poll(&mut context).is_pending());
    assert!(send.as_mut().poll(&mut context).is_pending(), "others have a turn in between");
    assert!(send.as_mut().poll(&mut context).is_ready());
    let calls: Vec<Call> = aws.log().iter().map(|l| l.call).collect();
    assert_eq!(calls, [Call::Send, Call::Chat]);
}

#[test]
fn the_same_calls_give_the_same_world() {
    let history = || {
        let aws = world();
        aws.fail_launches(&fleet(), "ap-northeast-2b", "no", Some(at("2026-03-06T11:04:00Z")));
        set_min(&aws, 9).unwrap();
        aws.advance(mins(3));
        aws.lose_zone(&fleet(), "ap-northeast-2c");
        aws.advance(mins(7));
        format!("{:?} {:?} {:?}", aws.group(&fleet()), aws.activities(&fleet()), aws.log())
    };
    assert_eq!(history(), history());
}
