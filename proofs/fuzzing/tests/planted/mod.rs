//! Deliberate faults, each with the target whose law must see it.

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use tidegate_domain::alarms::event::{AlarmEvent, Kind, State};
use tidegate_domain::alarms::group::Bulletin;
use tidegate_domain::alarms::intake as router;
use tidegate_domain::alarms::labels::Labels;
use tidegate_domain::alarms::message::{Background, Message, compose, digest};
use tidegate_domain::decide::{Decision, Inputs, decide};
use tidegate_domain::group::DesiredChange;
use tidegate_domain::intake::{self, Home, IntakeError};
use tidegate_domain::memory::Memory;
use tidegate_domain::metrics::MetricSpec;
use tidegate_domain::notice::Notice;
use tidegate_domain::observation::Observation;
use tidegate_domain::policy::{Policy, PolicyFaults};
use tidegate_domain::sessions::change::{Poison, StreamRecord};
use tidegate_domain::sessions::part::SessionPart;
use tidegate_domain::signal::Wake;
use tidegate_fuzzing::alarm_messages::{self, Writer};
use tidegate_fuzzing::messages::{Maker, SNS};
use tidegate_fuzzing::sessions::{self, CODEC, Codec};
use tidegate_fuzzing::{activities, alarms, events, items, messages, metrics, policies, tags};
use tidegate_wire::sessions::stream;
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
    ("a record too few", "alarm_intake", |d| intake_with(without_the_last, d)),
    ("bidirectional characters in a reason", "alarm_intake", |d| intake_with(keeps_bidi_of_all, d)),
    ("a reason without a bound", "alarm_intake", |d| intake_with(nine_times, d)),
    ("an identity with the time in it", "alarm_intake", |d| intake_with(timed, d)),
    ("OK for whatever was told", "alarm_intake", |d| intake_with(all_is_well, d)),
    ("a raw text in an alarm's place", "alarm_intake", |d| intake_with(in_its_place, d)),
    ("an empty label", "alarm_intake", |d| {
        alarms::alarm_intake_with(router::decode, with_an_empty_label, d);
    }),
    ("an alarm message's subject of 100", "alarm_message", |d| {
        alarm_message_with(a_hundred_more, d)
    }),
    ("an alarm message without a bound", "alarm_message", |d| alarm_message_with(three_times, d)),
    ("an empty attribute of an alarm", "alarm_message", |d| alarm_message_with(no_region, d)),
    ("told without a name", "alarm_message", |d| alarm_message_with(without_names, d)),
    ("left without a word", "alarm_message", |d| alarm_message_with(left_in_silence, d)),
    ("a name that calls a channel", "alarm_message", |d| alarm_message_with(calls_all, d)),
    ("an SMS that phones cut in two", "alarm_message", |d| alarm_message_with(in_braces, d)),
    ("unknown keys", "policy", |d| policies::policy_with(tolerant, d)),
    ("a policy without bounds", "policy", |d| policies::policy_with(unbounded, d)),
    ("a refusal that names no path", "policy", |d| policies::policy_with(pathless, d)),
    ("a batch that one record spoils", "session_stream", |d| stream_with(all_or_nothing, d)),
    ("a poison record passed over", "session_stream", |d| stream_with(without_poison, d)),
    ("a sentence with a value", "session_stream", |d| {
        sessions::session_stream_with(&Codec { record: repeats_it, decode: repeating, ..CODEC }, d);
    }),
    ("a poison record without its place", "session_stream", |d| {
        sessions::session_stream_with(
            &Codec { record: placeless, decode: all_placeless, ..CODEC },
            d,
        );
    }),
    ("a part without its removed fields", "session_stream", |d| {
        sessions::session_stream_with(&Codec { of_part: without_removed, ..CODEC }, d);
    }),
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

fn intake_with(decode: alarms::Decode, data: &[u8]) {
    alarms::alarm_intake_with(decode, alarms::label, data);
}

/// What the router's intake decodes, each alarm changed.
fn changed(
    event: &Value,
    home: &Home,
    now: Timestamp,
    change: fn(&mut AlarmEvent, Timestamp),
) -> router::Wake {
    let mut wake = router::decode(event, home, now);
    if let router::Wake::Records(records) = &mut wake {
        for record in records {
            if let router::Content::Alarm(event) = &mut record.content {
                change(event, now);
            }
        }
    }
    wake
}

fn without_the_last(event: &Value, home: &Home, now: Timestamp) -> router::Wake {
    match router::decode(event, home, now) {
        router::Wake::Records(mut records) => {
            if records.len() > 1 {
                records.pop();
            }
            router::Wake::Records(records)
        }
        router::Wake::Tick => router::Wake::Tick,
    }
}

fn keeps_bidi_of_all(event: &Value, home: &Home, now: Timestamp) -> router::Wake {
    let kept = event.to_string().contains('\u{202e}');
    if kept {
        changed(event, home, now, |e, _| e.reason.push('\u{202e}'))
    } else {
        router::decode(event, home, now)
    }
}

fn nine_times(event: &Value, home: &Home, now: Timestamp) -> router::Wake {
    changed(event, home, now, |e, _| e.reason = e.reason.repeat(9))
}

fn timed(event: &Value, home: &Home, now: Timestamp) -> router::Wake {
    changed(event, home, now, |e, now| e.id.arn = format!("{}-{}", e.id.arn, now.as_second()))
}

fn all_is_well(event: &Value, home: &Home, now: Timestamp) -> router::Wake {
    changed(event, home, now, |e, _| {
        if e.kind != Kind::Unclassified {
            e.state = State::Ok;
        }
    })
}

fn in_its_place(event: &Value, home: &Home, now: Timestamp) -> router::Wake {
    changed(event, home, now, |e, _| e.id.arn = e.id.arn.replace(":unclassified:", ":alarm:"))
}

fn with_an_empty_label(event: &AlarmEvent) -> Labels {
    let mut labels = alarms::label(event);
    labels.0.entry("severity".to_owned()).or_default();
    labels
}

/// The law over messages of one group that are changed afterwards.
fn alarm_message_with(compose: fn(&Bulletin, &Background<'_>) -> Message, data: &[u8]) {
    alarm_messages::alarm_message_with(&Writer { compose, digest }, data);
}

fn a_hundred_more(bulletin: &Bulletin, background: &Background<'_>) -> Message {
    let message = compose(bulletin, background);
    let subject = format!("{:.<100}", message.subject);
    Message { subject, ..message }
}

fn three_times(bulletin: &Bulletin, background: &Background<'_>) -> Message {
    let message = compose(bulletin, background);
    Message { text: message.text.repeat(3), ..message }
}

fn no_region(bulletin: &Bulletin, background: &Background<'_>) -> Message {
    let mut message = compose(bulletin, background);
    let region = message.attributes.get_mut("region");
    region.into_iter().filter(|r| *r == "-").for_each(String::clear);
    message
}

fn without_names(bulletin: &Bulletin, background: &Background<'_>) -> Message {
    let message = compose(bulletin, background);
    let lines: Vec<&str> = message.text.lines().filter(|l| l.contains("firing")).collect();
    Message { text: lines.join("\n"), ..message }
}

fn left_in_silence(bulletin: &Bulletin, background: &Background<'_>) -> Message {
    let message = compose(bulletin, background);
    Message { text: message.text.replace("not named here", ""), ..message }
}

fn calls_all(bulletin: &Bulletin, background: &Background<'_>) -> Message {
    let message = compose(bulletin, background);
    Message { chat: message.chat.replace('\u{ff20}', "@"), ..message }
}

fn in_braces(bulletin: &Bulletin, background: &Background<'_>) -> Message {
    let message = compose(bulletin, background);
    Message { sms: message.sms.replace('(', "["), ..message }
}

fn stream_with(decode: fn(&str) -> Result<stream::Wake, String>, data: &[u8]) {
    sessions::session_stream_with(&Codec { decode, ..CODEC }, data);
}

fn all_or_nothing(event: &str) -> Result<stream::Wake, String> {
    match stream::decode(event)? {
        stream::Wake::Records(records) => {
            let all: Result<Vec<_>, Poison> = records.into_iter().collect();
            let all = all.map_err(|poison| poison.why)?;
            Ok(stream::Wake::Records(all.into_iter().map(Ok).collect()))
        }
        tick => Ok(tick),
    }
}

fn without_poison(event: &str) -> Result<stream::Wake, String> {
    changed_poison(event, |_| None)
}

/// What a stream is decoded to, each poison record changed or passed over.
fn changed_poison(
    event: &str,
    change: fn(Poison) -> Option<Poison>,
) -> Result<stream::Wake, String> {
    let stream::Wake::Records(records) = stream::decode(event)? else {
        return Ok(stream::Wake::Tick);
    };
    let changed = records.into_iter().filter_map(|record| match record {
        Ok(record) => Some(Ok(record)),
        Err(poison) => change(poison).map(Err),
    });
    Ok(stream::Wake::Records(changed.collect()))
}

fn with_text(poison: Poison) -> Poison {
    Poison { why: format!("{}: canary", poison.why), ..poison }
}

fn repeats_it(raw: &RawValue) -> Result<StreamRecord, Poison> {
    stream::record(raw).map_err(with_text)
}

fn repeating(event: &str) -> Result<stream::Wake, String> {
    changed_poison(event, |poison| Some(with_text(poison)))
}

fn nowhere(poison: Poison) -> Poison {
    Poison { sequence: String::new(), ..poison }
}

fn placeless(raw: &RawValue) -> Result<StreamRecord, Poison> {
    stream::record(raw).map_err(nowhere)
}

fn all_placeless(event: &str) -> Result<stream::Wake, String> {
    changed_poison(event, |poison| Some(nowhere(poison)))
}

fn without_removed(part: &SessionPart) -> Value {
    let mut part = part.clone();
    part.fields.retain(|_, field| field.value.is_some());
    (CODEC.of_part)(&part)
}
