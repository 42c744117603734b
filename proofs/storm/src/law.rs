//! What must hold after a storm, judged by what people could read and by what really happened.

use crate::Storm;
use crate::alarms::Alarm;
use crate::said::{Counted, counts, named};
use crate::stage::Stage;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_fakes::SentMessage;

/// What people were told in a play.
#[derive(Debug)]
pub struct Report {
    /// When each alarm was first named.
    pub named: BTreeMap<String, Timestamp>,
    /// Messages.
    pub messages: usize,
    /// The most that one topic was sent in a second of the clock.
    pub busiest: u32,
    /// The sum of what the messages count as new, by topic.
    pub new: BTreeMap<String, u32>,
    /// The sum of what they count as resolved, by topic.
    pub resolved: BTreeMap<String, u32>,
    /// Critical alarms that nobody named, and how long the others took.
    pub critical: Lateness,
    /// The first critical alarm of each fleet.
    pub first: Lateness,
}

/// How long it took until alarms were named.
#[derive(Debug, Default)]
pub struct Lateness {
    /// The longest.
    pub longest: SignedDuration,
    /// Those that were never named.
    pub never: Vec<String>,
}

impl Report {
    /// Reads the messages that were sent so far.
    pub fn of(stage: &Stage, storm: &Storm) -> Self {
        let sent = stage.aws.sent_messages();
        let truth = storm.by_name();
        let named = first_named(&sent, &truth);
        let critical = truth.values().filter(|(alarm, _)| alarm.is_critical);
        let mut first: BTreeMap<&str, (&Alarm, Timestamp)> = BTreeMap::new();
        for (alarm, at) in critical.clone().copied() {
            let entry = first.entry(&alarm.fleet).or_insert((alarm, at));
            if at < entry.1 {
                *entry = (alarm, at);
            }
        }
        Self {
            critical: lateness(critical.copied(), &named),
            first: lateness(first.into_values(), &named),
            named,
            messages: sent.len(),
            busiest: busiest(&sent),
            new: sums(&sent, |c| c.new),
            resolved: sums(&sent, |c| c.resolved),
        }
    }
}

fn first_named(
    sent: &[SentMessage],
    truth: &BTreeMap<&str, (&Alarm, Timestamp)>,
) -> BTreeMap<String, Timestamp> {
    let mut first = BTreeMap::new();
    for message in sent {
        let known = |token: &str| truth.get_key_value(token).map(|(name, _)| *name);
        for name in named(&message.message.text, known) {
            first.entry(name.to_owned()).or_insert(message.at);
        }
    }
    first
}

/// A message is under way for up to this long: it counts in the second in which it set out.
const UNDER_WAY: SignedDuration = SignedDuration::from_millis(15);
/// Messages that a topic may be sent in one second.
pub const MOST: u32 = 5;

/// The most messages that one topic was sent in one second. One that arrives as a second begins
/// counts in the second before, if that has room.
fn busiest(sent: &[SentMessage]) -> u32 {
    let mut seconds: BTreeMap<(&str, i64), u32> = BTreeMap::new();
    for message in sent {
        let before = (message.at - UNDER_WAY).as_second();
        let count = |second| seconds.get(&(message.topic.as_str(), second)).copied().unwrap_or(0);
        let earlier = before < message.second && count(before) < MOST;
        let second = if earlier { before } else { message.second };
        *seconds.entry((message.topic.as_str(), second)).or_default() += 1;
    }
    seconds.into_values().max().unwrap_or(0)
}

fn sums(sent: &[SentMessage], pick: impl Fn(&Counted) -> u32) -> BTreeMap<String, u32> {
    let mut sums: BTreeMap<String, u32> = BTreeMap::new();
    for message in sent {
        *sums.entry(message.topic.clone()).or_default() += pick(&counts(&message.message.text));
    }
    sums
}

fn lateness<'a>(
    alarms: impl Iterator<Item = (&'a Alarm, Timestamp)>,
    named: &BTreeMap<String, Timestamp>,
) -> Lateness {
    let mut late = Lateness::default();
    for (alarm, fired) in alarms {
        match named.get(&alarm.name) {
            Some(at) => late.longest = late.longest.max(at.duration_since(fired)),
            None => late.never.push(alarm.name.clone()),
        }
    }
    late
}

/// Alarms that the router follows as told, over all its groups.
pub fn told(stage: &Stage) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for id in stage.aws.alarm_group_ids() {
        let read = stage.aws.alarm_group(&id);
        let Some(state) = read.state else { continue };
        let members = read.members.into_iter().map(|kept| kept.member);
        let known = members.filter(|m| state.told.contains_key(&m.fingerprint()));
        told.extend(known.map(|member| member.event.id.name));
    }
    told
}
