//! The control plane is down from 02:00 to 10:00, as in October 2025, and the schedules, an
//! alarm and Lambda's retries go on: nothing is lowered, a group is asked for at most once a
//! minute, people are told once within five minutes, and after it the day's floor is asked for
//! within two ticks, without a burst.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails in a helper fails the test"
)]

use jiff::{SignedDuration, Timestamp};
use tidegate_domain::decide::decide;
use tidegate_domain::group::Sizes;
use tidegate_fakes::{At, Call, FakeAws, Fault, Logged, SizeChange, Writer};
use tidegate_histories::deployed::{Deployed, busiest_minute, forget_the_last_try};
use tidegate_histories::stage::{Scene, fleet};

/// 02:00 in Seoul, on a Thursday.
const FROM: &str = "2026-03-26T02:00:00+09:00";
/// The day begins at 08:00; this is two hours into it.
const UNTIL: &str = "2026-03-26T10:00:00+09:00";
/// A day's floor.
const FLOOR: u32 = 6;
/// Between one failed call and the next.
const PAUSE: SignedDuration = SignedDuration::from_secs(55);

/// What goes wrong from [`FROM`] on.
type Outage = Vec<(fn(Call) -> bool, Fault)>;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn secs(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

fn mins(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// A group at 01:30: this many in service, all of them `MinSize`.
fn scene(size: u32) -> Scene {
    Scene {
        policy: 0,
        minute: 810,
        min: size,
        above: 0,
        floor_mode: false,
        foreign_unit: false,
        missing: false,
    }
}

/// At its night floor: nothing was ever lowered, so no backstop of ours raises it by day.
const SMALL: u32 = 2;
/// On its way down when the outage begins; AWS's own scheduled action raises it by day.
const LARGE: u32 = 14;

/// The group with the outage, played until two hours after its end.
struct Story {
    deployed: Deployed,
    from: Timestamp,
    until: Timestamp,
    /// The sizes at the second tick after the end, ten minutes and two hours after it.
    sizes: [Sizes; 3],
}

fn play(size: u32, outage: &Outage, until: Timestamp, before: fn(&FakeAws)) -> Story {
    let mut deployed = Deployed::new(&scene(size), decide).before_every_event(before);
    let from = at(FROM);
    let keeps_memory = !outage.iter().any(|(down, _)| down(Call::Load));
    deployed.theatre.truth.may_forget = !keeps_memory;
    for (down, fault) in outage {
        deployed.theatre.aws.inject(At::all(*down).from(from).until(until), fault.clone());
    }
    let go = |deployed: &mut Deployed, to| {
        deployed.until(to).unwrap_or_else(|broken| panic!("{broken}"));
        deployed.theatre.aws.sizes(fleet()).unwrap()
    };
    go(&mut deployed, until);
    // The second tick after it comes within the second minute.
    let sizes = [secs(120), mins(10), mins(120)].map(|later| go(&mut deployed, until + later));
    Story { deployed, from, until, sizes }
}

fn story(size: u32, outage: &Outage) -> Story {
    play(size, outage, at(UNTIL), |_| ())
}

impl Story {
    fn during(&self) -> Vec<Logged> {
        self.deployed.calls(self.from, self.until)
    }

    fn changes(&self, from: Timestamp, until: Timestamp) -> Vec<SizeChange> {
        let ours = |c: &SizeChange| c.by == Writer::Tidegate && from <= c.at && c.at < until;
        let changes = self.deployed.theatre.aws.size_changes(fleet());
        changes.into_iter().filter(ours).collect()
    }

    /// Keys of what was told during the outage, with the seconds since it began.
    fn told(&self) -> Vec<(String, i64)> {
        let sent = self.deployed.theatre.aws.published().into_iter();
        let meant = sent.filter(|s| self.from <= s.at && s.at < self.until);
        meant.map(|s| (s.notice.key, s.at.duration_since(self.from).as_secs())).collect()
    }

    /// The busiest minute of the two hours after the end.
    fn busiest_after(&self) -> usize {
        busiest(&self.deployed.calls(self.until, self.until + mins(120)))
    }

    /// The busiest minute of all, where nothing goes wrong.
    fn busiest_ever(&self) -> usize {
        busiest(&self.deployed.calls(Timestamp::MIN, Timestamp::MAX))
    }
}

fn times(calls: &[Logged]) -> Vec<Timestamp> {
    calls.iter().map(|l| l.at).collect()
}

fn busiest(calls: &[Logged]) -> usize {
    busiest_minute(&times(calls))
}

/// The shortest time between two of these calls.
fn closest(calls: &[Logged]) -> SignedDuration {
    let times = times(calls);
    let pairs = times.windows(2).map(|pair| pair[1].duration_since(pair[0]));
    pairs.min().unwrap_or(SignedDuration::MAX)
}

fn all_down(fault: Fault) -> Outage {
    vec![(Call::is_groups, fault)]
}

fn is_cloudwatch(call: Call) -> bool {
    matches!(call, Call::Alarms | Call::Read)
}

#[test]
fn eight_hours_without_auto_scaling() {
    for size in [SMALL, LARGE] {
        let quiet = story(size, &vec![]);
        for (name, outage) in [
            ("silent", all_down(Fault::Unavailable)),
            ("throttled", all_down(Fault::Throttled)),
            ("slow until the time-out", all_down(Fault::Slow(secs(30)))),
            (
                "CloudWatch is down too",
                vec![(Call::is_groups, Fault::Unavailable), (is_cloudwatch, Fault::Unavailable)],
            ),
        ] {
            let story = story(size, &outage);
            let calls = story.during();
            println!(
                "{size} at first, {name}: {} calls in {} invocations, {} s apart, told {:?}, \
                 after it {} calls in the busiest minute ({} without an outage), {:?}",
                calls.len(),
                story.deployed.invocations.len(),
                closest(&calls).as_secs(),
                story.told(),
                story.busiest_after(),
                quiet.busiest_ever(),
                story.sizes,
            );
            assert_eq!(story.changes(story.from, story.until), [], "{name}: changed meanwhile");
            // A call is a call of a port.
            assert!(calls.iter().all(|l| l.call == Call::Describe && l.result.is_err()));
            assert_eq!(busiest(&calls), 1, "{name}: calls in one minute of the clock");
            assert!(closest(&calls) >= PAUSE, "{name}: two calls in a row");
            assert!(calls.len() >= 240, "{name}: and no two ticks in a row rest");
            let reads =
                |l: &Logged| is_cloudwatch(l.call) && story.from <= l.at && l.at < story.until;
            assert_eq!(story.deployed.theatre.aws.calls(reads).len(), 0, "{name}: reads");
            let told = story.told();
            assert!(
                matches!(told.as_slice(), [(key, 240..=300)] if key == "describe"),
                "{name}: {told:?}"
            );
            recovered(name, &story, &quiet, quiet.busiest_ever());
        }
    }
}

/// Within two ticks the day's floor is asked for; two hours later all is as without an outage.
fn recovered(name: &str, story: &Story, quiet: &Story, most: usize) {
    let [soon, _, later] = story.sizes;
    assert!(soon.min >= FLOOR && soon.desired >= FLOOR, "{name}: after two ticks {soon:?}");
    assert_eq!(later, quiet.sizes[2], "{name}: two hours later");
    let after = story.busiest_after();
    assert!(after <= most, "{name}: a burst of {after} calls a minute");
}

/// A raise that cannot be written is told within five minutes, and every hour.
fn raise_was_told(name: &str, story: &Story, failed: &[Logged]) {
    let first = failed[0].at.duration_since(story.from).as_secs();
    let told = story.told().into_iter().filter(|(key, _)| key == "group-writes");
    let told: Vec<i64> = told.map(|(_, secs)| secs - first).collect();
    println!("{name}: told {told:?} s after the first write that failed");
    assert!(matches!(told.as_slice(), [240..=300, 3_600..=4_200]), "{name}: {told:?}");
}

#[test]
fn whenever_it_ends_the_second_tick_after_it_has_asked_for_the_day() {
    for second in (0..60).step_by(7) {
        let end = at(UNTIL) + secs(second);
        let story = play(SMALL, &all_down(Fault::Unavailable), end, |_| ());
        let ticks: Vec<_> = story.deployed.ticks.iter().filter(|t| **t >= end).collect();
        let raised = story.changes(end, end + mins(10));
        println!("ends {second:2} s after 10:00: raised {:?}", raised.first().map(|c| c.at));
        let first = raised.first().unwrap();
        assert!(first.to.min == FLOOR && first.at <= *ticks[1], "{second}: {first:?} {ticks:?}");
        assert_eq!(raised.len(), 1, "{second}: raised once");
        assert_eq!((story.sizes[1].min, story.sizes[1].desired), (FLOOR, FLOOR));
    }
}

#[test]
fn eight_hours_in_which_only_writes_fail() {
    for (size, fault) in [
        (SMALL, Fault::Unavailable),
        (SMALL, Fault::Throttled),
        (LARGE, Fault::Unavailable),
        (LARGE, Fault::Slow(secs(30))),
    ] {
        let quiet = story(size, &vec![]);
        let name = format!("{size} at first, writes: {fault:?}");
        let story = story(size, &vec![(Call::is_group_write, fault)]);
        let calls = story.during();
        let failed: Vec<_> = calls.iter().filter(|l| l.result.is_err()).cloned().collect();
        println!(
            "{name}: {} calls, {} failed, {} in the busiest minute, failed ones {} s apart, \
             told {:?}, after it {} calls in the busiest minute, {:?}",
            calls.len(),
            failed.len(),
            busiest(&calls),
            closest(&failed).as_secs(),
            story.told(),
            story.busiest_after(),
            story.sizes,
        );
        assert_eq!(story.changes(story.from, story.until), [], "{name}: changed meanwhile");
        assert_eq!(busiest(&failed), 1, "{name}: failed calls in one minute of the clock");
        assert!(closest(&failed) >= PAUSE, "{name}: two failed calls in a row");
        assert!(busiest(&calls) <= quiet.busiest_ever(), "{name}: more calls than without it");
        recovered(&name, &story, &quiet, quiet.busiest_ever());
        if size == SMALL {
            raise_was_told(&name, &story, &failed);
        }
    }
}

/// Then no run can know of another: one call for each invocation, and no more.
#[test]
fn without_the_control_table_every_invocation_asks_once() {
    let outage: Outage =
        vec![(Call::is_groups, Fault::Unavailable), (Call::is_control, Fault::Unavailable)];
    let story = story(SMALL, &outage);
    let calls = story.during();
    let within = |t: &&Timestamp| (story.from..story.until).contains(*t);
    let invoked: Vec<_> =
        story.deployed.invocations.iter().copied().filter(|t| within(&t)).collect();
    println!(
        "without the control table: {} calls, {} in the busiest minute, told {} times, first \
         {:?}",
        calls.len(),
        busiest(&calls),
        story.told().len(),
        story.told().first(),
    );
    assert_eq!(times(&calls), invoked, "one call for each invocation");
    assert_eq!(story.changes(story.from, story.until), [], "changed meanwhile");
    // Both schedules, the tick, two of its retries, and an alarm or a retry of the schedules.
    assert_eq!(busiest(&calls), 6, "calls in one minute of the clock");
    let told = story.told();
    assert!(told.iter().all(|(key, _)| key == "describe") && told[0].1 <= 15 * 60, "{told:?}");
    for quarter in 0..32 {
        let told = told.iter().filter(|(_, secs)| secs / (15 * 60) == quarter).count();
        assert!((1..=3).contains(&told), "quarter {quarter}: told {told} times");
    }
    // What failed before the end is still tried again after it.
    recovered("without the control table", &story, &self::story(SMALL, &vec![]), 6);
}

#[test]
fn without_the_mark_of_the_last_try_the_bound_is_broken() {
    let outage = all_down(Fault::Unavailable);
    let story = play(SMALL, &outage, at(UNTIL), forget_the_last_try);
    let calls = story.during();
    println!("without the mark: {} calls, {} in the busiest minute", calls.len(), busiest(&calls));
    assert!(busiest(&calls) >= 4 && closest(&calls) < secs(5));
}
