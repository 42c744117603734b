//! The simulator's world and the strict fakes' are one: the functions' cycle decides the same in
//! both, entry by entry, over a day of the same load with the same trouble.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "it fails by it")]

mod common;

use common::{BUSY, OFF, ON, PLAIN, Whole, cpu_alarm, run, setup};
use jiff::{SignedDuration, Timestamp};
use simulator::generate::{Shape, generate};
use simulator::plant::ZONES;
use simulator::replay::drive::{Setup, TICK_SECOND, WAKE_SECOND};
use simulator::world::faults;
use tidegate_domain::cycle::{Run, cycle};
use tidegate_domain::duty::Duty;
use tidegate_domain::group::Sizes;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::metrics::{
    AlarmState, Comparison, MetricQuery, MetricSpec, Point, QuerySource,
};
use tidegate_domain::signal::{AlarmChange, Signal};
use tidegate_fakes::{AlarmSpec, FakeAws, GroupSpec, Missing, block_on};

/// A zone is lost for two hours of the day.
const TROUBLE: &str = "[[fault]]\nkind = \"zone-lost\"\nzone = \"a\"\nfrom = \"day 0 14:00\"\n\
                       to = \"day 0 16:00\"\n";

fn secs(n: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(n).unwrap())
}

/// The same day in the fakes' world, with the metrics that the simulator's plant showed.
struct Stage<'s> {
    aws: FakeAws,
    setup: &'s Setup<'s>,
    start: Timestamp,
}

impl<'s> Stage<'s> {
    fn set(setup: &'s Setup<'s>, shown: &Whole) -> Self {
        let start = Timestamp::from_second(setup.trace.first * 60).unwrap();
        let aws = FakeAws::at(start - SignedDuration::from_hours(24));
        aws.set_delay(secs(70));
        let stage = Self { aws, setup, start };
        stage.alarms();
        stage.aws.set_now(start);
        let (min, max) = (setup.spec.min, setup.spec.max);
        let sizes = Sizes { min, max, desired: setup.spec.first_need(setup.trace) };
        let group = GroupSpec { sizes, ..GroupSpec::sized(0, 0, 0) }
            .zones(&ZONES)
            .boot(secs(setup.spec.boot_secs))
            .drain(secs(setup.spec.drain_secs));
        stage.aws.add_group(&setup.fleet, group).unwrap();
        stage.metrics(shown);
        stage
    }

    fn at(&self, second: u64) -> Timestamp {
        self.start + secs(second)
    }

    fn alarms(&self) {
        let errors = AlarmName::new("web-errors").unwrap();
        let query = MetricQuery::metric("A Errors Sum".parse().unwrap());
        self.aws.put_alarm(AlarmSpec::new(&errors, query, Comparison::Above, 1.0));
        self.aws.set_alarm(&errors, AlarmState::Ok);
        let query = MetricQuery::metric(cpu());
        let alarm = AlarmSpec::new(&cpu_alarm(), query, Comparison::AtOrAbove, 70.0);
        self.aws.put_alarm(alarm.evaluated(2, 2, Missing::Missing));
        self.aws.take_alarm_changes();
    }

    fn metrics(&self, shown: &Whole) {
        let points = |value: &dyn Fn(usize) -> f64| {
            let point =
                |index: usize| Point { at: self.at(index as u64 * 60), value: value(index) };
            let seen = |index: &usize| self.setup.trace.seen(*index).is_some();
            (0..shown.minutes().len()).filter(seen).map(point).collect::<Vec<_>>()
        };
        let load = &self.setup.policy.load;
        self.aws.put_points(spec(&load.query), points(&|index| self.setup.trace.loads[index]));
        self.aws.put_points(&cpu(), points(&|index| f64::from(shown.minutes()[index].cpu)));
        if let Some(healthy) = &load.healthy {
            let hosts = points(&|index| f64::from(shown.minutes()[index].least));
            self.aws.put_points(spec(healthy), hosts);
        }
    }

    fn play(&self) -> Vec<LedgerEntry> {
        for minute in 0..self.setup.trace.loads.len() as u64 {
            self.strike(minute * 60);
            self.aws.set_now(self.at(minute * 60));
            for change in self.aws.take_alarm_changes() {
                let (state, value) = (change.alarm.state, change.value);
                let (alarm, threshold) = (change.alarm.name, change.alarm.threshold);
                let concerns = self.setup.policy.alarm_names().contains(&alarm);
                if concerns && state != AlarmState::InsufficientData {
                    let at = change.at;
                    self.wake(
                        Duty::Spike,
                        Signal::Alarm(AlarmChange { alarm, state, at, value, threshold }),
                    );
                }
            }
            self.aws.set_now(self.at(minute * 60 + TICK_SECOND));
            self.wake(Duty::Spike, Signal::Tick);
            if (self.setup.trace.first + minute as i64) % 5 == 0 {
                self.aws.set_now(self.at(minute * 60 + WAKE_SECOND));
                self.wake(Duty::Day, Signal::Day);
                self.wake(Duty::Night, Signal::Night { scheduled: Some(self.at(minute * 60)) });
            }
        }
        self.aws.ledger_of(&self.setup.fleet)
    }

    fn strike(&self, second: u64) {
        for fault in &self.setup.faults {
            if fault.from == second {
                self.aws.set_now(self.at(second));
                self.aws.lose_zone(&self.setup.fleet, "a");
            }
            if fault.until == second {
                self.aws.set_now(self.at(second));
                self.aws.restore_zone(&self.setup.fleet, "a");
            }
        }
    }

    fn wake(&self, duty: Duty, signal: Signal) {
        let run = Run {
            function: duty.function(),
            fleet: &self.setup.fleet,
            policy: &self.setup.policy,
            signal,
            dry_run: false,
            policy_fault: None,
            ledger_life: SignedDuration::from_hours(24 * 30),
        };
        block_on(cycle(&self.aws, &run)).unwrap();
    }
}

fn cpu() -> MetricSpec {
    "AWS/EC2 CPUUtilization Average".parse().unwrap()
}

fn spec(query: &MetricQuery) -> &MetricSpec {
    match &query.parts[0].source {
        QuerySource::Metric(spec) => spec,
        QuerySource::Expression(text) => panic!("{text}"),
    }
}

/// An entry as it is read back: its text is short of the last digit of a float.
fn read_back(entry: &LedgerEntry) -> LedgerEntry {
    serde_json::from_str(&serde_json::to_string(entry).unwrap()).unwrap()
}

fn without_ids(entries: impl IntoIterator<Item = LedgerEntry>) -> Vec<LedgerEntry> {
    let blank = |entry: LedgerEntry| LedgerEntry { id: String::new(), ..entry };
    entries.into_iter().map(blank).collect()
}

#[test]
fn both_worlds_decide_the_same_over_a_day() {
    for (name, document, sizing, shape, trouble) in [
        ("everything", BUSY, "", Shape::Crowds, ""),
        ("a zone is lost", BUSY, "", Shape::Week, TROUBLE),
        ("holes", BUSY, "", Shape::Holes, ""),
        ("a rough load", BUSY, "", Shape::Rough, ""),
        ("nothing set", PLAIN, OFF, Shape::Crowds, ""),
        ("sized", PLAIN, ON, Shape::Crowds, ""),
        ("everything, sized", BUSY, ON, Shape::Chat, TROUBLE),
    ] {
        let trace = generate(shape, 1, 4);
        let mut setup = setup(&trace, document, sizing);
        setup.faults = faults::read(trouble, &trace).unwrap();
        let ours = run(&setup);
        let theirs = without_ids(Stage::set(&setup, &ours).play());
        let ours = without_ids(ours.ledger.iter().map(|(_, entry)| read_back(entry)));
        let differ = ours.iter().zip(&theirs).find(|(a, b)| a != b);
        assert_eq!(differ, None, "{name}");
        assert_eq!(ours.len(), theirs.len(), "{name}");
        assert!(ours.len() > 3, "{name}: {}", ours.len());
    }
}
