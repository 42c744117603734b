//! A stage for the router's stories: alarms that change, events that come or get lost, minutes
//! that pass.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tidegate_domain::alarms::event::{AlarmEvent, Kind, State, WatchedMetric};
use tidegate_domain::alarms::intake::identify;
use tidegate_domain::alarms::router::{Outcome, Router};
use tidegate_domain::intake::Home;
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::{Control as _, Stored, StoredPolicy};
use tidegate_fakes::{FakeAws, SentMessage, block_on};

pub const ACCOUNT: &str = "000000000000";
pub const REGION: &str = "ap-northeast-2";

const FLEET: &str = r#"version = 1
[fleets.aira-web]
min = 2
time_zone = "Asia/Seoul"
load = { expression = "requests", metrics = { requests = "AWS/ApplicationELB RequestCount Sum LoadBalancer=app/aira/1" } }
capacity_per_instance = 600
day = { starts = "08:00", floor = 6 }
night = { starts = "22:00", floor = 2 }
"#;

/// A policy document with this `[alarms]`.
pub fn document(alarms: &str) -> String {
    let document = format!("{FLEET}{alarms}");
    Policy::parse(&document).expect("a valid policy");
    document
}

pub struct Stage {
    pub aws: FakeAws,
    pub router: Router,
    shown: usize,
    ids: u32,
}

impl Stage {
    pub fn new(alarms: &str) -> Self {
        let aws = FakeAws::at("2026-03-06T11:00:00Z".parse().unwrap());
        Self { aws, router: router(alarms), shown: 0, ids: 0 }
    }

    pub fn now(&self) -> Timestamp {
        use tidegate_domain::ports::Clock as _;
        self.aws.now()
    }

    /// Time passes; nothing else happens.
    pub fn wait(&mut self, secs: i64) -> &mut Self {
        self.aws.advance(SignedDuration::from_secs(secs));
        self
    }

    /// An alarm changes, and its event gets lost.
    pub fn silently(&mut self, name: &str, state: State) -> &mut Self {
        self.aws.set_described(alarm(name, state, self.now()));
        self
    }

    /// An alarm changes, and its event comes through the queue.
    pub fn changes(&mut self, name: &str, state: State) -> Outcome {
        self.silently(name, state.clone());
        let event = event(name, &state, self.now());
        self.batch(&[event])
    }

    pub fn fires(&mut self, name: &str) -> Outcome {
        self.changes(name, State::Alarm)
    }

    pub fn ends(&mut self, name: &str) -> Outcome {
        self.changes(name, State::Ok)
    }

    /// Events come as one batch of the queue.
    pub fn batch(&mut self, events: &[Value]) -> Outcome {
        let records = events.iter().map(|event| {
            self.ids += 1;
            json!({
                "messageId": format!("m-{}", self.ids),
                "eventSource": "aws:sqs",
                "awsRegion": REGION,
                "body": event.to_string(),
            })
        });
        let event = json!({ "Records": records.collect::<Vec<_>>() });
        self.serve(&event)
    }

    pub fn tick(&mut self) -> Outcome {
        self.serve(&json!({ "schedule": "tick" }))
    }

    /// Ticks, one each minute.
    pub fn ticks(&mut self, minutes: u32) -> &mut Self {
        for _ in 0..minutes {
            self.wait(60);
            let outcome = self.tick();
            assert_eq!(outcome.error, None);
        }
        self
    }

    pub fn serve(&self, event: &Value) -> Outcome {
        block_on(self.router.serve(&self.aws.new_run(), event))
    }

    /// What was told since the last look, as `REASON topic: subject`.
    pub fn told(&mut self) -> Vec<String> {
        let sent = self.aws.sent_messages();
        let fresh = sent.get(self.shown..).unwrap_or_default();
        self.shown = sent.len();
        let line =
            |s: &SentMessage| format!("{} {}: {}", s.message.why, s.topic, s.message.subject);
        fresh.iter().map(line).collect()
    }

    /// The reasons and topics alone.
    pub fn whys(&mut self) -> Vec<String> {
        let cut = |line: String| line.split_once(':').map(|(head, _)| head.to_owned());
        self.told().into_iter().filter_map(cut).collect()
    }

    pub fn put_policy(&self, version: u32, alarms: &str) {
        let policy = StoredPolicy { version, document: document(alarms) };
        let stored = block_on(self.aws.put_policy(&policy));
        assert_eq!(stored, Ok(Stored::Version(version.into())));
    }
}

pub fn router(alarms: &str) -> Router {
    let home = Home { account: ACCOUNT.to_owned(), region: REGION.to_owned() };
    Router::new(home, &document(alarms)).expect("a valid policy")
}

pub fn arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}")
}

/// An alarm as `DescribeAlarms` has it.
pub fn alarm(name: &str, state: State, state_at: Timestamp) -> AlarmEvent {
    AlarmEvent {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        reason: "Threshold Crossed: 1 datapoint [9.0] was greater than the threshold (5.0).".into(),
        value: Some(9.0),
        threshold: Some(5.0),
        comparison: Some(">".to_owned()),
        metric: Some(WatchedMetric {
            namespace: "Aira".to_owned(),
            name: "Latency".to_owned(),
            dimensions: BTreeMap::from([("Alarm".to_owned(), name.to_owned())]),
        }),
        ..AlarmEvent::bare(identify(&arn(name), name, None), Kind::Metric, state, state_at)
    }
}

/// The EventBridge event of a change.
pub fn event(name: &str, state: &State, at: Timestamp) -> Value {
    let at = format!("{}+0000", at.strftime("%Y-%m-%dT%H:%M:%S.%3f"));
    json!({
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": ACCOUNT,
        "time": at,
        "region": REGION,
        "resources": [arn(name)],
        "detail": {
            "alarmName": name,
            "state": {
                "value": state.word(),
                "reason": "Threshold Crossed: 1 datapoint [9.0] was greater than the threshold (5.0).",
                "timestamp": at,
            },
            "configuration": { "metrics": [{
                "id": "m",
                "metricStat": {
                    "metric": {
                        "namespace": "Aira", "name": "Latency", "dimensions": { "Alarm": name }
                    },
                    "period": 60,
                    "stat": "Average"
                },
                "returnData": true
            }] }
        }
    })
}
