//! Messages about alarms: whatever the texts of an alarm and of its owner are, SNS, phones and
//! chat take what is built of them, and whoever is counted as told stands in the text.

use crate::messages::readable;
use crate::pieces::Pieces;
use crate::world::{FLEET, NOON};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::alarms::event::{
    AlarmEvent, AlarmId, Fingerprint, Kind, State, WatchedMetric,
};
use tidegate_domain::alarms::group::{Bulletin, Counts, GroupKey, Listed};
use tidegate_domain::alarms::labels::Labels;
use tidegate_domain::alarms::member::Member;
use tidegate_domain::alarms::message::{Background, MESSAGE_BYTES, Message, compose, digest};
use tidegate_domain::alarms::policy::Terms;
use tidegate_domain::alarms::reason::Why;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use tidegate_domain::reason::Reason;
use tidegate_domain::text::line;

/// Alarms of one list that a repetition makes, at most: a bulletin lists no more.
const REPEATED: u32 = 400;
/// Groups of a digest: more than have a line of their own.
const GROUPS: usize = 110;
/// An alarm's name in a text: 255 characters of four bytes.
const NAME_BYTES: usize = 1_020;

/// What makes messages of bulletins.
#[derive(Debug, Clone, Copy)]
pub struct Writer {
    /// Of one group.
    pub compose: fn(&Bulletin, &Background<'_>) -> Message,
    /// Of many.
    pub digest: fn(&str, &[&Bulletin], &Background<'_>) -> Message,
}

/// The one that is deployed.
pub const WRITER: Writer = Writer { compose, digest };

/// A bulletin of texts: the reason's number, topic, thread, title, owner's text, runbook, the
/// fleet's label, a decision's sentence, how often the alarms are repeated; then each alarm: its
/// marks (`new`, `critical`, `flapping`, `over`, `silent`, `unknown`), name, region, severity,
/// metric, comparison with value and threshold, reason, description.
pub fn alarm_message(data: &[u8]) {
    alarm_message_with(&WRITER, data);
}

/// [`alarm_message`] with another writer.
pub fn alarm_message_with(writer: &Writer, data: &[u8]) {
    let mut pieces = Pieces::of(data);
    let number = usize::try_from(pieces.number()).unwrap();
    let why = Why::ALL[number % Why::ALL.len()];
    let mut bulletin = empty(why, &mut pieces);
    let ledger = [decision(&pieces.next())];
    let times = pieces.number().clamp(1, REPEATED);
    list(&mut bulletin, &pieces.rest(), times);
    let background = Background { ledger: &ledger, now: noon() };
    let one = (writer.compose)(&bulletin, &background);
    message_law(&one, &[&bulletin]);
    assert_eq!((&one.topic, one.why), (&bulletin.topic, bulletin.why));
    assert!(one.text.contains(&format!("{} firing", bulletin.counts.firing)), "exact counts");
    let mut quiet = bulletin.clone();
    quiet.why = Why::AllResolved;
    quiet.firing.clear();
    quiet.key.labels.0.insert("fleet".into(), "another".into());
    let many = (writer.digest)(&bulletin.topic, &[&quiet, &bulletin], &background);
    message_law(&many, &[&quiet, &bulletin]);
    let sum = bulletin.counts.firing + quiet.counts.firing;
    assert!(many.text.contains(&format!("Together: {sum} firing")), "exact sums");
    if times == 7 {
        let all = vec![&bulletin; GROUPS];
        message_law(&(writer.digest)(&bulletin.topic, &all, &background), &[&bulletin]);
    }
}

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

fn empty(why: Why, pieces: &mut Pieces) -> Bulletin {
    let (topic, thread) = (pieces.next(), pieces.next());
    let mut template = || Some(pieces.next()).filter(|text| !text.is_empty());
    let (title, text, runbook) = (template(), template(), template());
    let fleet = pieces.next();
    let label = Labels(BTreeMap::from([("fleet".to_owned(), fleet)]));
    let (wait, interval) = (SignedDuration::from_secs(30), SignedDuration::from_mins(5));
    Bulletin {
        key: GroupKey { route: "root".into(), labels: label },
        thread,
        topic: topic.clone(),
        why,
        terms: Terms {
            topic,
            escalate_topic: "escalation".into(),
            severity: "warning".into(),
            group_by: Vec::new(),
            group_wait: wait,
            group_interval: interval,
            repeat_interval: interval,
            escalate_after: interval,
            title,
            text,
            runbook,
        },
        firing: Vec::new(),
        resolved: Vec::new(),
        flapping: Vec::new(),
        counts: Counts::default(),
        first_notice: (why != Why::FirstNotification).then(|| noon() - interval),
    }
}

/// Fills the lists and counts them; more are counted than are listed.
fn list(bulletin: &mut Bulletin, texts: &[String], times: u32) {
    for nth in 0..times {
        for (piece, texts) in texts.chunks(8).enumerate() {
            let listed = alarm(texts, &format!("{nth}-{piece}"));
            let marks = &texts[0];
            if marks.contains("flapping") {
                bulletin.flapping.push(listed);
            } else if listed.member.is_open() {
                bulletin.firing.push(listed);
            } else {
                bulletin.resolved.push(listed);
            }
        }
    }
    let count = |n: usize| u32::try_from(n).unwrap();
    let firing = &bulletin.firing;
    bulletin.counts = Counts {
        firing: count(firing.len()) + times / 2,
        critical: count(firing.iter().filter(|l| l.is_critical).count()),
        new: count(firing.iter().filter(|l| l.is_new).count()),
        resolved: count(bulletin.resolved.len()) + times / 3,
        flapping: count(bulletin.flapping.len()),
        silenced: times,
        inhibited: 0,
        planned: 1,
    };
}

fn alarm(texts: &[String], id: &str) -> Listed {
    let text = |nth: usize| texts.get(nth).cloned().unwrap_or_default();
    let marks = text(0);
    let (is_new, is_critical) = (marks.contains("new"), marks.contains("critical"));
    let is_open = !marks.contains("over");
    let event = event(&marks, &text, id);
    let mut labels = BTreeMap::from([("severity".to_owned(), text(3))]);
    if is_new {
        labels.insert("fleet".to_owned(), FLEET.to_owned());
    }
    let began = noon() - SignedDuration::from_mins(12);
    let member = Member {
        since: is_open.then_some(began),
        arrived: noon(),
        flips: vec![began, event.state_at],
        labels: Labels(labels),
        event,
    };
    Listed { member, is_new, is_critical }
}

fn event(marks: &str, text: &dyn Fn(usize) -> String, id: &str) -> AlarmEvent {
    let how_deep = text(5);
    let mut words = how_deep.split(' ');
    let comparison = words.next().filter(|word| !word.is_empty()).map(str::to_owned);
    let (value, threshold) = (number(words.next()), number(words.next()));
    let metric = text(4);
    let (namespace, name) = metric.split_once(' ').unwrap_or((&metric, ""));
    let pairs = || BTreeMap::from([(namespace.to_owned(), name.to_owned())]);
    AlarmEvent {
        account: "000000000000".into(),
        region: text(2),
        reason: text(6),
        description: text(7),
        value,
        threshold,
        comparison,
        metric: (!metric.is_empty()).then(|| WatchedMetric {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: pairs(),
        }),
        attributes: if marks.contains("series") { pairs() } else { BTreeMap::new() },
        rule: marks.contains("rule").then(|| text(7)),
        ..AlarmEvent::bare(
            AlarmId {
                arn: format!("arn:aws:cloudwatch:{}:{id}", text(2)),
                name: text(1),
                contributor: None,
            },
            if marks.contains("unknown") { Kind::Unclassified } else { Kind::Metric },
            State::from(
                if marks.contains("silent") { "INSUFFICIENT_DATA" } else { marks }.to_owned(),
            ),
            noon() - SignedDuration::from_mins(4),
        )
    }
}

fn number(word: Option<&str>) -> Option<f64> {
    word?.parse().ok()
}

fn decision(text: &str) -> LedgerEntry {
    LedgerEntry {
        id: "run".into(),
        at: noon() - SignedDuration::from_mins(1),
        fleet: FleetName::new(FLEET).unwrap(),
        function: "nightly-scale-down".into(),
        signal: "tick".into(),
        mode: None,
        dry_run: false,
        action: ActionRecord::Raise { min: 12 },
        reason: Reason::OutsideNight,
        text: text.to_owned(),
        notes: Vec::new(),
        bids: Vec::new(),
        observed: None,
        sizing: None,
        memory_version: None,
        outcome: if text.is_empty() { OutcomeWord::Refused } else { OutcomeWord::Applied },
    }
}

/// The law of a message about alarms.
pub fn message_law(message: &Message, bulletins: &[&Bulletin]) {
    let plain = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b));
    let Message { subject, sms, text, .. } = message;
    assert!((1..=99).contains(&subject.len()) && plain(subject), "{subject:?}");
    assert!(!subject.starts_with(' '), "{subject:?}");
    assert!((1..=140).contains(&sms.len()) && plain(sms), "{sms:?}");
    assert!(!sms.contains(['[', ']', '{', '}', '\\', '|', '^', '~', '`']), "{sms:?}");
    assert!(!text.trim().is_empty(), "SNS takes no empty message");
    readable(text);
    for (name, value) in &message.attributes {
        assert!(!value.trim().is_empty() && value.len() <= 255, "{name}: {value:?}");
        assert!(!value.contains(['\n', '\t']), "{name}: {value:?}");
        readable(value);
    }
    size_law(message);
    named_law(message, bulletins);
    chat_law(&message.chat);
}

/// Subject, attributes and structure together are within SNS's bound, and read back.
fn size_law(message: &Message) {
    let structured = message.structured();
    let attributes = message.attributes.iter().map(|(n, v)| n.len() + v.len() + "String".len());
    let whole = structured.len() + message.subject.len() + attributes.sum::<usize>();
    assert!(whole <= MESSAGE_BYTES, "{whole} bytes");
    let value: Value = serde_json::from_str(&structured).unwrap();
    let email = value.get("email").unwrap_or(&value["default"]);
    let all = [&value["default"], email, &value["sms"]];
    assert_eq!(all, [message.text.as_str(), &message.text, &message.sms]);
}

/// Who counts as told was new and critical, and stands in the text by name; whoever does not is
/// one that the text says is left.
fn named_law(message: &Message, bulletins: &[&Bulletin]) {
    let new = bulletins.iter().flat_map(|b| &b.firing).filter(|l| l.is_new && l.is_critical);
    let mut listed = BTreeSet::new();
    let mut last = "";
    for alarm in new {
        let (fingerprint, name) = (alarm.member.fingerprint(), alarm.member.event.id.name.as_str());
        if message.named.contains(&fingerprint) && name != last {
            let shown = line(name, NAME_BYTES);
            assert!(message.text.contains(&shown), "{shown:?} is not in the text");
            last = name;
        }
        listed.insert(fingerprint);
    }
    let strange: Vec<&Fingerprint> = message.named.difference(&listed).collect();
    assert!(strange.is_empty(), "{strange:?} was not listed");
    let left = listed.len() - message.named.len();
    let says_so = message.text.contains("not named here");
    assert!(left == 0 || says_so, "{left} are left without a word");
}

/// The schema's bounds, and nothing in it that calls people or leads them elsewhere.
fn chat_law(chat: &str) {
    assert!(chat.len() <= MESSAGE_BYTES, "{} bytes", chat.len());
    let chat: Value = serde_json::from_str(chat).unwrap();
    assert_eq!((&chat["version"], &chat["source"]), (&"1.0".into(), &"custom".into()));
    let (content, metadata) = (&chat["content"], &chat["metadata"]);
    assert_eq!(content["textType"], "client-markdown");
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().unwrap().iter();
        all.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let (steps, keywords) = (texts(&content["nextSteps"]), texts(&content["keywords"]));
    let [title, description] =
        ["title", "description"].map(|key| content[key].as_str().unwrap().to_owned());
    for (most, texts) in [
        (250, std::slice::from_ref(&title)),
        (8_000, std::slice::from_ref(&description)),
        (350, steps.as_slice()),
        (75, keywords.as_slice()),
    ] {
        for text in texts {
            assert!((1..=most).contains(&text.encode_utf16().count()), "{text:?}");
            readable(text);
        }
    }
    for text in [&title, &description].into_iter().chain(&keywords) {
        assert!(!text.contains(['@', '<', '>']), "{text:?}");
        assert!(!text.contains("://") && !text.contains("]("), "{text:?}");
        let odd = |line: &str| line.matches('`').count() % 2 == 1;
        assert!(!text.lines().any(odd), "code that does not end: {text:?}");
    }
    assert!(!metadata["threadId"].as_str().unwrap().is_empty());
    assert!(texts(&metadata["relatedResources"]).iter().all(|arn| !arn.is_empty()));
    assert!(metadata["additionalContext"].as_object().unwrap().values().all(Value::is_string));
}
