//! Messages: texts as they are, one case each in `golden/`; rules in tables; laws over hostile
//! texts.

mod laws;
mod lists;
mod rules;

use super::*;
use crate::alarms::event::{AlarmEvent, AlarmId, Kind, State, WatchedMetric};
use crate::alarms::group::{Counts, GroupKey, Listed};
use crate::alarms::labels::Labels;
use crate::alarms::member::Member;
use crate::alarms::policy::Terms;
use crate::ids::FleetName;
use crate::ledger::{ActionRecord, OutcomeWord};
use crate::reason::Reason;
use jiff::SignedDuration;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A time of the day on which everything here happens.
fn clock(time: &str) -> Timestamp {
    at(&format!("2026-11-17T{time}:00Z"))
}

fn labels(all: &[(&str, &str)]) -> Labels {
    Labels(all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
}

/// Latency of `aira-web`, critical, firing since 05:19.
fn latency() -> Listed {
    let metric = WatchedMetric {
        namespace: "AWS/ApplicationELB".into(),
        name: "TargetResponseTime".into(),
        dimensions: BTreeMap::from([(
            "LoadBalancer".to_owned(),
            "app/aira/50dc6c495c0c9188".to_owned(),
        )]),
    };
    let name = "aira-web-latency-critical";
    let event = AlarmEvent {
        account: "123456789012".into(),
        region: "ap-northeast-2".into(),
        reason: "Threshold Crossed: 3 out of the last 3 datapoints [2.31 (17/11/26 05:18:00), 2.2 \
                 (17/11/26 05:17:00), 1.9 (17/11/26 05:16:00)] were greater than the threshold \
                 (1.0)."
            .into(),
        description: "p99 of answers to players, in seconds".into(),
        value: Some(2.31),
        threshold: Some(1.0),
        comparison: Some(">".into()),
        metric: Some(metric),
        ..AlarmEvent::bare(
            AlarmId {
                arn: format!("arn:aws:cloudwatch:ap-northeast-2:123456789012:alarm:{name}"),
                name: name.into(),
                contributor: None,
            },
            Kind::Metric,
            State::Alarm,
            clock("05:19"),
        )
    };
    let labels =
        labels(&[("fleet", "aira-web"), ("service", "aira-web"), ("severity", "critical")]);
    let (since, flips) = (Some(event.state_at), vec![event.state_at]);
    let arrived = clock("05:19") + SignedDuration::from_secs(2);
    let member = Member { event, labels, since, arrived, flips };
    Listed { member, is_new: true, is_critical: true }
}

/// Another alarm of the same fleet, a warning.
fn warning(name: &str, metric: &str, value: f64, threshold: f64) -> Listed {
    let mut listed = latency();
    listed.is_critical = false;
    let Member { event, labels, .. } = &mut listed.member;
    labels.0.insert("severity".into(), "warning".into());
    event.id.arn = format!("arn:aws:cloudwatch:ap-northeast-2:123456789012:alarm:{name}");
    event.id.name = name.into();
    let (namespace, metric) = metric.split_once(' ').unwrap();
    event.metric = Some(WatchedMetric {
        namespace: namespace.into(),
        name: metric.into(),
        dimensions: match namespace {
            "AWS/EC2" => {
                BTreeMap::from([("AutoScalingGroupName".to_owned(), "aira-web".to_owned())])
            }
            _ => BTreeMap::new(),
        },
    });
    (event.value, event.threshold) = (Some(value), Some(threshold));
    event.reason =
        format!("Threshold Crossed: 1 datapoint [{value}] was greater than {threshold}.");
    event.description = String::new();
    listed
}

fn known(mut listed: Listed) -> Listed {
    listed.is_new = false;
    listed
}

/// Over since `time`.
fn over(mut listed: Listed, time: &str) -> Listed {
    let member = &mut listed.member;
    member.event.state = State::Ok;
    member.event.state_at = clock(time);
    member.event.value = Some(0.4);
    member.event.reason = "Threshold Crossed: 1 datapoint [0.4] was not greater than 1.0.".into();
    member.arrived = clock(time);
    member.since = None;
    member.flips.push(clock(time));
    known(listed)
}

fn terms() -> Terms {
    Terms {
        topic: "critical".into(),
        escalate_topic: "escalation".into(),
        severity: "warning".into(),
        group_by: vec!["fleet".into(), "service".into()],
        group_wait: SignedDuration::from_secs(30),
        group_interval: SignedDuration::from_mins(5),
        repeat_interval: SignedDuration::from_hours(4),
        escalate_after: SignedDuration::from_mins(15),
        title: None,
        text: None,
        runbook: Some("https://wiki.example.com/runbooks/{alarm}?fleet={fleet}".into()),
    }
}

fn bulletin(why: Why, firing: Vec<Listed>) -> Bulletin {
    let key = GroupKey {
        route: "root".into(),
        labels: labels(&[("fleet", "aira-web"), ("service", "aira-web")]),
    };
    let count = |n: usize| u32::try_from(n).unwrap();
    let counts = Counts {
        firing: count(firing.len()),
        critical: count(firing.iter().filter(|l| l.is_critical).count()),
        new: count(firing.iter().filter(|l| l.is_new).count()),
        ..Counts::default()
    };
    let first = (why != Why::FirstNotification).then(|| clock("05:20"));
    Bulletin {
        key,
        thread: "5d41402abc4b2a76b9719d911017c592-0".into(),
        topic: "critical".into(),
        why,
        terms: terms(),
        firing,
        resolved: Vec::new(),
        flapping: Vec::new(),
        counts,
        first_notice: first,
    }
}

fn decision(time: &str, action: ActionRecord, text: &str) -> LedgerEntry {
    let outcome = match action {
        ActionRecord::Hold => OutcomeWord::Held,
        _ => OutcomeWord::Applied,
    };
    LedgerEntry {
        id: "run".into(),
        at: clock(time),
        fleet: FleetName::new("aira-web").unwrap(),
        function: "spike-step-scaler".into(),
        signal: "alarm".into(),
        mode: None,
        dry_run: false,
        action,
        reason: Reason::OutsideNight,
        text: text.into(),
        notes: Vec::new(),
        bids: Vec::new(),
        observed: None,
        sizing: None,
        memory_version: None,
        outcome,
    }
}

/// A step that was taken, and now its capacity warms up.
fn stepping() -> Vec<LedgerEntry> {
    vec![
        decision(
            "05:30",
            ActionRecord::Hold,
            "aira-web-cpu reads 68.0, and the capacity that its band asks for (12) is already \
             warming up",
        ),
        decision(
            "05:20",
            ActionRecord::Raise { min: 12 },
            "aira-web-cpu reads 71.0 above its threshold 50: from a warm base of 9 the step table \
             asks for 12",
        ),
    ]
}

fn composed(bulletin: &Bulletin, ledger: &[LedgerEntry], now: &str) -> Message {
    compose(bulletin, &Background { ledger, now: clock(now) })
}

/// Everything that people and filters see of a message.
fn shown(message: &Message) -> String {
    let chat: serde_json::Value = serde_json::from_str(&message.chat).unwrap();
    let attributes: Vec<String> =
        message.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!(
        "SUBJECT {}\nSMS {}\nATTRIBUTES {}\n--- TEXT\n{}\n--- CHAT\n{}\n",
        message.subject,
        message.sms,
        attributes.join(" "),
        message.text,
        serde_json::to_string_pretty(&chat).unwrap()
    )
}

fn warnings() -> [Listed; 3] {
    [
        warning("aira-web-cpu", "AWS/EC2 CPUUtilization", 71.0, 50.0),
        warning("aira-web-network", "AWS/EC2 NetworkOut", 9.5e8, 5e8),
        warning("queue-depth", "AWS/SQS ApproximateNumberOfMessagesVisible", 1250.0, 1000.0),
    ]
}

fn first_critical() -> Message {
    composed(&bulletin(Why::FirstNotification, vec![latency()]), &stepping(), "05:31")
}

fn first_with_warnings() -> Message {
    let mut firing = vec![latency()];
    firing.extend(warnings());
    let mut bulletin = bulletin(Why::FirstNotification, firing);
    bulletin.counts.silenced = 2;
    bulletin.counts.inhibited = 1;
    bulletin.counts.planned = 1;
    bulletin.terms.text = Some("Team Aira, on call: +82 2 555 0100.\n{alarm} first.".into());
    composed(&bulletin, &stepping(), "05:31")
}

fn new_members() -> Message {
    let [cpu, network, queue] = warnings();
    let mut late = network;
    late.member.arrived = clock("05:27");
    let mut series = queue;
    series.member.event.kind = Kind::Contributor;
    series.member.event.attributes = BTreeMap::from([("QueueName".to_owned(), "jobs".to_owned())]);
    let bulletin =
        bulletin(Why::NewAlertsInGroup, vec![known(latency()), late, series, known(cpu)]);
    composed(&bulletin, &[], "05:31")
}

fn repeat() -> Message {
    let mut silent = known(latency());
    silent.member.event.state = State::InsufficientData;
    silent.member.event.state_at = clock("08:50");
    let [cpu, ..] = warnings();
    let bulletin = bulletin(Why::RepeatIntervalElapsed, vec![silent, known(cpu)]);
    composed(&bulletin, &[], "09:20")
}

fn escalated() -> Message {
    let mut bulletin = bulletin(Why::Escalated, vec![known(latency())]);
    bulletin.topic = "escalation".into();
    let dry = LedgerEntry {
        dry_run: true,
        outcome: OutcomeWord::DryRun,
        ..decision("05:30", ActionRecord::Raise { min: 14 }, "the step table asks for 14")
    };
    composed(&bulletin, &[dry], "05:35")
}

fn flapping() -> Message {
    let mut flapping = latency();
    flapping.member.flips = ["05:19", "05:22", "05:24", "05:27"].map(clock).to_vec();
    let mut bulletin = bulletin(Why::Flapping, Vec::new());
    bulletin.flapping = vec![flapping];
    bulletin.counts.flapping = 1;
    composed(&bulletin, &[], "05:28")
}

fn resolved() -> Message {
    let [cpu, ..] = warnings();
    let mut bulletin = bulletin(Why::AllResolved, Vec::new());
    bulletin.resolved = vec![over(latency(), "05:38"), over(cpu, "05:40")];
    bulletin.counts.resolved = 2;
    let lowered = decision(
        "05:41",
        ActionRecord::Lower { min: 6, desired: Some(11) },
        "quiet again: the load needs 5, so 12 goes down to 11 on the way to 6",
    );
    composed(&bulletin, &[lowered], "05:42")
}

fn digest_of_three() -> Message {
    let first = bulletin(Why::FirstNotification, {
        let mut firing = vec![latency()];
        firing.extend(warnings());
        firing
    });
    let mut over_now = bulletin(Why::AllResolved, Vec::new());
    over_now.resolved = vec![over(warnings()[0].clone(), "05:28")];
    over_now.counts.resolved = 1;
    over_now.key.labels = labels(&[("fleet", "aira-batch"), ("service", "aira-batch")]);
    let mut database = warning("orders-db-connections", "AWS/RDS DatabaseConnections", 95.0, 90.0);
    database.member.labels = labels(&[("service", "orders"), ("severity", "warning")]);
    database.member.event.region = "us-east-1".into();
    let mut orders = bulletin(Why::NewAlertsInGroup, vec![database]);
    orders.key.labels = labels(&[("service", "orders")]);
    let background = Background { ledger: &[], now: clock("05:31") };
    digest("critical", &[&orders, &over_now, &first], &background)
}

#[test]
fn texts_are_as_they_were_read_and_found_good() {
    for (name, message, golden) in [
        ("first-critical", first_critical(), include_str!("../golden/first-critical.txt")),
        (
            "first-with-warnings",
            first_with_warnings(),
            include_str!("../golden/first-with-warnings.txt"),
        ),
        ("new-members", new_members(), include_str!("../golden/new-members.txt")),
        ("repeat", repeat(), include_str!("../golden/repeat.txt")),
        ("escalated", escalated(), include_str!("../golden/escalated.txt")),
        ("flapping", flapping(), include_str!("../golden/flapping.txt")),
        ("resolved", resolved(), include_str!("../golden/resolved.txt")),
        ("digest", digest_of_three(), include_str!("../golden/digest.txt")),
    ] {
        let shown = shown(&message);
        assert!(shown == golden, "{name} is now\n{shown}");
    }
}
