//! Each reason in a table, whole incidents as stories with a clock of their own.

mod bounds;
mod stories;

use super::*;
use crate::alarms::event::{AlarmEvent, AlarmId, Kind, State};
use crate::alarms::inhibit::Rule;
use crate::alarms::matcher::{Matcher, Operator};
use crate::alarms::member::{Taken, take};
use crate::alarms::policy::Route;
use jiff::SignedDuration;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + secs).unwrap()
}

fn secs(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

fn terms() -> Terms {
    Terms {
        topic: "critical".to_owned(),
        escalate_topic: "escalation".to_owned(),
        severity: "warning".to_owned(),
        group_by: vec!["fleet".to_owned()],
        group_wait: secs(30),
        group_interval: secs(300),
        repeat_interval: secs(14_400),
        escalate_after: secs(900),
        title: None,
        text: None,
        runbook: None,
    }
}

fn is(label: &str, value: &str) -> Matcher {
    let (label, value) = (label.to_owned(), value.to_owned());
    Matcher { label, operator: Operator::Equal, value, regex: None }
}

fn policy() -> AlarmPolicy {
    let root = Route {
        id: "{}".to_owned(),
        matchers: Vec::new(),
        goes_on: false,
        terms: terms(),
        children: Vec::new(),
    };
    let critical_first = Rule::new(
        vec![is("severity", "critical")],
        vec![is("severity", "warning")],
        vec!["resource".to_owned()],
    );
    AlarmPolicy {
        root,
        max_per_second: 5,
        inhibit: vec![critical_first],
        flap_changes: 3,
        flap_window: secs(600),
    }
}

fn event(name: &str, state: State, secs: i64) -> AlarmEvent {
    let arn = format!("arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm:{name}");
    AlarmEvent {
        account: "000000000000".to_owned(),
        region: "ap-northeast-2".to_owned(),
        reason: "Threshold Crossed".to_owned(),
        ..AlarmEvent::bare(
            AlarmId { arn, name: name.to_owned(), contributor: None },
            Kind::Metric,
            state,
            at(secs),
        )
    }
}

/// `c-…` is critical; the resource is what stands after the `@`.
fn labels(name: &str) -> Labels {
    let severity = if name.starts_with("c-") { "critical" } else { "warning" };
    let resource = name.split_once('@').map_or(name, |(_, resource)| resource);
    let pairs = [("severity", severity), ("resource", resource), ("alarm", name)];
    Labels(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).into())
}

/// A group, what is known of its alarms, and a clock.
struct Story {
    policy: AlarmPolicy,
    terms: Terms,
    state: GroupState,
    members: BTreeMap<Fingerprint, Member>,
    silences: Vec<Muting>,
    explained: BTreeSet<String>,
    plans: BTreeMap<Fingerprint, Plan>,
    clock: i64,
}

impl Story {
    fn begin() -> Self {
        let key = GroupKey { route: "{}".to_owned(), labels: Labels::default() };
        Self {
            policy: policy(),
            terms: terms(),
            state: GroupState::new(key),
            members: BTreeMap::new(),
            silences: Vec::new(),
            explained: BTreeSet::new(),
            plans: BTreeMap::new(),
            clock: 0,
        }
    }

    fn at(&mut self, clock: i64) -> &mut Self {
        self.clock = clock;
        self
    }

    fn takes(&mut self, event: AlarmEvent) -> &mut Self {
        let fingerprint = event.id.fingerprint();
        let labels = labels(&event.id.name);
        let known = self.members.get(&fingerprint);
        if let Taken::Keep(member) = take(known, event, labels, at(self.clock)) {
            self.members.insert(fingerprint, *member);
        }
        self
    }

    fn fires(&mut self, name: &str) -> &mut Self {
        self.takes(event(name, State::Alarm, self.clock))
    }

    fn ends(&mut self, name: &str) -> &mut Self {
        self.takes(event(name, State::Ok, self.clock))
    }

    fn verdict(&self) -> Verdict {
        let members: Vec<Member> = self.members.values().cloned().collect();
        let around = Surroundings {
            policy: &self.policy,
            terms: &self.terms,
            silences: &self.silences,
            explained: &self.explained,
            plans: &self.plans,
            now: at(self.clock),
        };
        decide(&self.state, &members, &around)
    }

    /// Everything that is told now, as `REASON topic: firing / resolved / flapping`; the reason
    /// alone when nothing is.
    fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..20 {
            let verdict = self.verdict();
            let Some(bulletin) = &verdict.bulletin else {
                if told.is_empty() {
                    told.push(verdict.why.to_string());
                }
                return told;
            };
            let names = |listed: &[Listed]| {
                let name = |l: &Listed| {
                    let mark = if l.is_new { "*" } else { "" };
                    format!("{}{mark}", l.member.event.id.name)
                };
                listed.iter().map(name).collect::<Vec<_>>().join(" ")
            };
            told.push(format!(
                "{} {}: {} / {} / {}",
                verdict.why,
                bulletin.topic,
                names(&bulletin.firing),
                names(&bulletin.resolved),
                names(&bulletin.flapping)
            ));
            self.state = verdict.next.clone();
        }
        panic!("it never ends: {told:?}");
    }

    /// In how many seconds the group is looked at again.
    fn due(&self) -> Option<i64> {
        self.verdict().due.map(|due| due.duration_since(at(self.clock)).as_secs())
    }
}
