//! Deliberate faults, each with the target whose law must see it.

use serde_json::Value;
use std::collections::BTreeSet;
use tidegate_domain::decide::{Decision, Inputs, decide};
use tidegate_domain::group::DesiredChange;
use tidegate_domain::intake::{self, Home, IntakeError};
use tidegate_domain::memory::Memory;
use tidegate_domain::metrics::MetricSpec;
use tidegate_domain::notice::Notice;
use tidegate_domain::observation::Observation;
use tidegate_domain::policy::{Policy, PolicyFaults};
use tidegate_domain::signal::Wake;
use tidegate_fuzzing::messages::{Maker, SNS};
use tidegate_fuzzing::{activities, events, items, messages, metrics, policies, tags};
use tidegate_wire::{activity, expression, text};

type Fault = (&'static str, &'static str, fn(&[u8]));

/// The fault in words, the target, its law over the faulty code.
pub const FAULTS: &[Fault] = &[
    ("events of any account", "event", |d| events::event_with(of_anybody, d)),
    ("alarms of any account", "event_fields", |d| events::event_fields_with(of_anybody, d)),
    ("a value that only one shape tells", "event_fields", |d| {
        events::event_fields_with(without_value_in_sns, d);
    }),
    ("a refusal without a reason", "event", |d| events::event_with(says_nothing, d)),
    ("a forgotten field", "memory", |d| items::memory_with(forgets_the_next_look, d)),
    ("bidirectional characters", "message", |d| {
        messages::message_with(&Maker { body: keeps_bidi, ..SNS }, d);
    }),
    ("a body without a bound", "message", |d| {
        messages::message_with(&Maker { body: |n| text::clean(&n.body) + ".", ..SNS }, d);
    }),
    ("a subject of 100 characters", "message", |d| {
        messages::message_with(&Maker { subject: a_hundred, ..SNS }, d);
    }),
    ("an empty attribute", "message", |d| {
        messages::message_with(&Maker { attributes: fleet_as_it_is, ..SNS }, d);
    }),
    ("metrics without dimensions", "metric", |d| {
        metrics::metric_with(without_dimensions, expression::renamed, d);
    }),
    ("ids renamed inside of quotes", "metric", |d| {
        metrics::metric_with(|spec| spec.to_string(), everywhere, d);
    }),
    ("the first change of a cause", "activity", |d| activities::activity_with(first_change, d)),
    ("unknown keys", "policy", |d| policies::policy_with(tolerant, d)),
    ("a policy without bounds", "policy", |d| policies::policy_with(unbounded, d)),
    ("a refusal that names no path", "policy", |d| policies::policy_with(pathless, d)),
    ("tags that nobody reads", "tags", |d| tags::tags_with(&blind_to_tags, d)),
];

fn of_anybody(event: &Value, _: &Home) -> Result<Wake, IntakeError> {
    intake::decode(event, &events::home())
}

fn without_value_in_sns(event: &Value, home: &Home) -> Result<Wake, IntakeError> {
    let mut event = event.clone();
    if let Some(message) = event.pointer_mut("/Records/0/Sns/Message") {
        let text = message.as_str().unwrap_or_default().replace("reasonData", "reasonText");
        *message = text.into();
    }
    intake::decode(&event, home)
}

fn says_nothing(event: &Value, home: &Home) -> Result<Wake, IntakeError> {
    intake::decode(event, home).map_err(|_| IntakeError::Malformed(String::new()))
}

fn forgets_the_next_look(memory: &Memory) -> String {
    serde_json::to_string(&Memory { next_look: None, ..memory.clone() }).unwrap()
}

fn keeps_bidi(notice: &Notice) -> String {
    let kept = |c: &char| !c.is_control() || ['\n', '\t'].contains(c);
    let text: String = notice.body.chars().filter(kept).collect();
    text::cut(&format!("{text}."), 200_000)
}

fn a_hundred(notice: &Notice) -> String {
    (SNS.subject)(&Notice { subject: notice.subject.repeat(2), ..notice.clone() }) + "."
}

fn fleet_as_it_is(notice: &Notice) -> [(&'static str, String); 2] {
    [("severity", "warning".to_owned()), ("fleet", text::line(notice.fleet.as_str(), 1_000))]
}

fn without_dimensions(spec: &MetricSpec) -> String {
    format!("{} {} {}", spec.namespace, spec.name, spec.statistic)
}

fn everywhere(math: &str, prefix: &str, ids: &BTreeSet<&str>) -> String {
    let bare = math.replace(['"', '\''], " ");
    let new = expression::renamed(&bare, prefix, ids);
    if new == bare { math.to_owned() } else { new }
}

fn first_change(cause: &str) -> Option<DesiredChange> {
    let (head, rest) = cause.split_once("changing")?;
    let first = rest.split("changing").next()?;
    activity::desired_change(&format!("{head}changing{first}"))
}

fn tolerant(document: &str) -> Result<Policy, PolicyFaults> {
    Policy::parse(&document.replace("nobody_asked_for_this = 1", ""))
}

fn unbounded(document: &str) -> Result<Policy, PolicyFaults> {
    let mut policy = Policy::parse(document)?;
    policy.fleets.values_mut().for_each(|fleet| fleet.lower.step_percent += 1);
    Ok(policy)
}

fn pathless(document: &str) -> Result<Policy, PolicyFaults> {
    Policy::parse(document).map_err(|faults| {
        let what = |fault: &String| fault.split(": ").last().unwrap_or_default().to_owned();
        PolicyFaults(faults.0.iter().map(what).collect())
    })
}

fn blind_to_tags(i: &Inputs<'_>) -> Decision {
    let mut observation: Observation = i.observation.clone();
    observation.group.tags.clear();
    decide(&Inputs { observation: &observation, ..*i })
}
