//! Every file in `events/` is served to the function whose folder it lies in, and
//! what comes of it is known. A file that no case names fails the test.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use tidegate_domain::alarms::intake::{self, Content};
use tidegate_domain::intake::Home;
use tidegate_domain::metrics::AlarmState;
use tidegate_domain::sessions::change::{Change, Poison, StreamRecord};
use tidegate_domain::sessions::stamp::RegionName;
use tidegate_fakes::GroupSpec;
use tidegate_tests::stage::{Stage, alarm, cpu_spec, decision_of, document};
use tidegate_wire::sessions::stream;

/// What comes of an event.
enum Comes {
    /// A decision whose reason has this code.
    Code(&'static str),
    /// No decision: the alarm is in no fleet's policy.
    Nothing,
    /// A refusal with these words.
    Refused(&'static str),
}
use Comes::{Code, Nothing, Refused};

/// File, time, whether CPU is high with its alarm in ALARM, what comes of it.
const CASES: [(&str, &str, bool, Comes); 22] = [
    ("nightly-scale-down/schedule.json", NIGHT, false, Code("night_step")),
    ("nightly-scale-down/scheduled-event.json", NIGHT, false, Code("night_step")),
    ("nightly-scale-down/placeholders.json", NIGHT, false, Code("night_step")),
    ("nightly-scale-down/dry-run.json", NIGHT, false, Code("night_step")),
    ("nightly-scale-down/malformed.json", NIGHT, false, Refused("schedule is night, day or tick")),
    ("daytime-scale-up/schedule.json", MORNING, false, Code("schedule_floor")),
    ("daytime-scale-up/scheduled-event.json", MORNING, false, Code("schedule_floor")),
    ("daytime-scale-up/placeholders.json", MORNING, false, Code("schedule_floor")),
    ("daytime-scale-up/dry-run.json", MORNING, false, Code("schedule_floor")),
    ("daytime-scale-up/malformed.json", MORNING, false, Refused("schedule is night, day or tick")),
    ("spike-step-scaler/tick.json", NOON, true, Code("spike_step")),
    ("spike-step-scaler/scheduled-event.json", NOON, true, Code("spike_step")),
    ("spike-step-scaler/alarm.json", NOON, true, Code("spike_step")),
    ("spike-step-scaler/alarm-hostile.json", NOON, true, Code("spike_step")),
    ("spike-step-scaler/alarm-state-change.json", NOON, true, Code("spike_step")),
    ("spike-step-scaler/alarm-sns.json", NOON, true, Code("spike_step")),
    ("spike-step-scaler/alarm-without-threshold.json", NOON, true, Code("spike_step")),
    ("spike-step-scaler/alarm-ok.json", NOON, false, Code("raises_only")),
    ("spike-step-scaler/alarm-insufficient-data.json", NOON, false, Code("raises_only")),
    ("spike-step-scaler/alarm-metric-math.json", NOON, false, Nothing),
    ("spike-step-scaler/alarm-composite.json", NOON, false, Nothing),
    ("spike-step-scaler/malformed.json", NOON, false, Refused("accountId is missing")),
];
const NIGHT: &str = "2026-11-17T13:10:00Z";
const MORNING: &str = "2026-11-17T22:57:00Z";
const NOON: &str = "2026-11-17T05:31:00Z";

const FUNCTIONS: [&str; 5] =
    ["nightly-scale-down", "daytime-scale-up", "spike-step-scaler", "alarm-router", "session-sync"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events")
}

#[test]
fn every_event_file_is_served() {
    for (file, now, high, comes) in &CASES {
        let text = std::fs::read_to_string(folder().join(file)).unwrap();
        let event = serde_json::from_str(&text).unwrap();
        let function = file.split('/').next().unwrap();
        let mut stage = Stage::new(now, &document(&["aira-web"]));
        // By day more is there than the floor asks for, by morning less.
        let there = if *now == MORNING { 2 } else { 10 };
        stage.add_fleet("aira-web", GroupSpec::sized(there, there, 60));
        stage.minutes(20);
        let back = stage.now() - jiff::SignedDuration::from_mins(20);
        if *high {
            let recent = tidegate_domain::metrics::Window { from: back, until: stage.now() };
            stage.aws.put_level(&cpu_spec("aira-web"), recent, 88.0);
            stage.aws.set_alarm(&alarm("aira-web", "cpu-high"), AlarmState::Alarm);
        }
        let served = stage.serve(function, &event);
        match (comes, served) {
            (Code(code), Ok(answer)) => {
                let entry = decision_of(&answer, "aira-web").unwrap();
                // The morning's event is 20 minutes older than the deadline's lead here.
                assert_eq!(entry.reason.code(), *code, "{file}: {entry:?}");
            }
            (Nothing, Ok(answer)) => {
                assert_eq!(answer["decisions"].as_array().unwrap().len(), 0, "{file}");
                assert!(answer["ignored"][0].as_str().unwrap().contains("no fleet's policy"));
            }
            (Refused(why), Err(error)) => {
                assert!(error.to_string().contains(why), "{file}: {error}");
            }
            (_, other) => panic!("{file}: {other:?}"),
        }
    }
}

/// What the alarm router makes of one record: name, kind, state; `foreign` and why.
type Told = [&'static str; 3];

/// File of the alarm router, and what comes of each of its records; none is a tick.
const ALARMS: [(&str, &[Told]); 17] = [
    ("metric.json", &[["aira-web-cpu-high", "metric", "ALARM"]]),
    ("lambda-action.json", &[["aira-web-cpu-high", "metric", "ALARM"]]),
    ("sns.json", &[["aira-web-cpu-high", "metric", "ALARM"]]),
    ("ok.json", &[["aira-web-cpu-high", "metric", "OK"]]),
    ("insufficient-data.json", &[["aira-web-cpu-high", "metric", "INSUFFICIENT_DATA"]]),
    ("metric-math.json", &[["aira-web-use-high", "metric_math", "ALARM"]]),
    ("anomaly-band.json", &[["aira-web-requests-unusual-warning", "anomaly_band", "ALARM"]]),
    ("composite.json", &[["aira-web-overload-critical", "composite", "ALARM"]]),
    ("composite-without-suppressor.json", &[["aira-web-overload", "composite", "ALARM"]]),
    ("contributor.json", &[["tables-throttled", "contributor", "ALARM"]]),
    ("muted.json", &[["aira-api-5xx", "metric", "ALARM"]]),
    ("critical.json", &[["aira-web-latency-critical", "metric", "ALARM"]]),
    ("hostile.json", &[["aira-web-hgih-upc", "metric", "ALARM?"]]),
    ("malformed.json", &[["aira-web-half", "unclassified", "ALARM"]]),
    (
        "sqs.json",
        &[
            ["aira-web-cpu-high", "metric", "ALARM"],
            ["aira-web-requests-unusual-warning", "anomaly_band", "ALARM"],
            ["aira-web-overload", "composite", "ALARM"],
            ["unclassified", "unclassified", "ALARM"],
            ["foreign", "account 999999999999, region ap-northeast-2", ""],
        ],
    ),
    ("tick.json", &[]),
    ("scheduled-event.json", &[]),
];

#[test]
fn every_alarm_file_is_told() {
    let home = Home { account: "000000000000".into(), region: "ap-northeast-2".into() };
    for (file, told) in ALARMS {
        let text = std::fs::read_to_string(folder().join("alarm-router").join(file)).unwrap();
        let event = serde_json::from_str(&text).unwrap();
        let records = match intake::decode(&event, &home, NOON.parse().unwrap()) {
            intake::Wake::Tick => Vec::new(),
            intake::Wake::Records(records) => records,
        };
        let records: Vec<[String; 3]> = records
            .into_iter()
            .map(|record| match record.content {
                Content::Alarm(event) => {
                    let (kind, state) = (event.kind.word(), event.state.word());
                    [event.id.name, kind.to_owned(), state.to_owned()]
                }
                Content::Foreign(why) => ["foreign".to_owned(), why, String::new()],
            })
            .collect();
        assert_eq!(records, told, "{file}");
    }
}

/// What a file of session-sync is: each record in words, `tick`, or why it is refused.
type Read = &'static [&'static str];

const SESSIONS: [(&str, Read); 11] = [
    ("insert.json", &["part ap-northeast-2"]),
    ("modify.json", &["part ap-northeast-2"]),
    ("replicated.json", &["part us-east-1", "tombstone us-east-1", "score 42", "beat us-east-1"]),
    ("remove-by-ttl.json", &["part gone ap-northeast-2"]),
    ("remove-by-hand.json", &["part gone ap-northeast-2", "score gone us-east-1", "beat gone"]),
    (
        "poison.json",
        &[
            "part ap-northeast-2",
            "poison: `v` is 2: written by another version, which this one (1) cannot read",
            "poison: `not_after` is not a number",
            "poison: `NewImage` is not a map of attributes",
            "foreign",
            "part us-east-1",
        ],
    ),
    ("ahead.json", &["part us-east-1, refused"]),
    ("empty.json", &[]),
    ("tick.json", &["tick"]),
    ("scheduled-event.json", &["tick"]),
    (
        "malformed.json",
        &["the event is neither a stream's batch (`Records`) nor the tick's schedule"],
    ),
];

#[test]
fn every_session_file_is_read() {
    for (file, expected) in SESSIONS {
        let text = std::fs::read_to_string(folder().join("session-sync").join(file)).unwrap();
        let read = match stream::decode(&text) {
            Ok(stream::Wake::Tick) => vec!["tick".to_owned()],
            Ok(stream::Wake::Records(records)) => records.into_iter().map(record_word).collect(),
            Err(why) => vec![why],
        };
        assert_eq!(read, expected, "{file}");
    }
}

fn record_word(record: Result<StreamRecord, Poison>) -> String {
    let record = match record {
        Ok(record) => record,
        Err(poison) => {
            assert!(!poison.sequence.is_empty() && poison.of.is_some(), "{poison:?}");
            return format!("poison: {}", poison.why);
        }
    };
    assert!(!record.sequence.is_empty() && record.at.is_some(), "{record:?}");
    match record.change {
        Change::Part(part) => {
            let here = RegionName::new("ap-northeast-2").unwrap();
            let kind = if part.ended.is_some() { "tombstone" } else { "part" };
            let refused = part.is_refused(&here, NOON.parse().unwrap());
            format!("{kind} {}{}", part.id, if refused { ", refused" } else { "" })
        }
        Change::PartGone { id, .. } => format!("part gone {id}"),
        Change::Score(score) => format!("score {}", score.n),
        Change::ScoreGone { region, .. } => format!("score gone {region}"),
        Change::Beat(stamp) => format!("beat {}", stamp.region()),
        Change::BeatGone => "beat gone".to_owned(),
        Change::Foreign => "foreign".to_owned(),
    }
}

#[test]
fn every_event_file_has_its_case() {
    let named = CASES.iter().map(|(file, ..)| (*file).to_owned());
    let alarms = ALARMS.iter().map(|(file, _)| format!("alarm-router/{file}"));
    let sessions = SESSIONS.iter().map(|(file, _)| format!("session-sync/{file}"));
    let named: BTreeSet<String> = named.chain(alarms).chain(sessions).collect();
    let mut there = BTreeSet::new();
    for function in FUNCTIONS {
        for entry in std::fs::read_dir(folder().join(function)).unwrap() {
            let name = entry.unwrap().file_name();
            there.insert(format!("{function}/{}", name.to_str().unwrap()));
        }
    }
    assert_eq!(there, named);
}
