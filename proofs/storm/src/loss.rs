//! A scene in which one call is lost, beside the same scene in peace.

use crate::said::{Counted, Word, groups, read};
use crate::scenes::Scene;
use crate::stage::Stage;
use crate::start;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use tidegate_domain::alarms::group::{GroupId, Told};
use tidegate_domain::alarms::reason::Why;
use tidegate_fakes::{At, Call, FakeAws, Fault, SentMessage};

/// What is lost, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The how-manyth call of the scene, from 1.
    pub call: u32,
    /// What happens to it.
    pub fault: Fault,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at call {}", self.fault, self.call)
    }
}

/// What people were told of one alarm in one message.
type Fact = (String, Word);

/// A message, as far as it says something that people did not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When it was sent.
    pub at: Timestamp,
    /// To which topic.
    pub topic: String,
    /// Why.
    pub why: Why,
    /// What it says is new, over or flapping.
    pub news: BTreeSet<Fact>,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}:", self.at, self.topic, self.why)?;
        self.news.iter().try_for_each(|(name, word)| write!(f, " {name} {word:?}"))
    }
}

/// How a scene ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// What people know of each group.
    pub told: BTreeMap<GroupId, Vec<(String, Told)>>,
    /// Groups that have something to do.
    pub listed: BTreeSet<GroupId>,
}

/// A scene that was played.
#[derive(Debug)]
pub struct Played {
    /// Its calls.
    pub calls: Vec<Call>,
    /// Its messages.
    pub messages: Vec<Message>,
    /// Its end.
    pub end: End,
    /// Whether an invocation took the table for down, and told what it had without it.
    pub blind: bool,
    /// What was left over: dead letters, a queue that is not empty.
    pub left: Vec<String>,
}

/// Plays a scene.
pub fn play(scene: &Scene, seed: u64, loss: Option<&Loss>) -> Played {
    let aws = FakeAws::at(start());
    if let Some(Loss { call, fault }) = loss {
        aws.inject(At::any().nth(*call), fault.clone());
    }
    let mut stage = Stage::new(aws, seed).under(scene.policy);
    stage.will_come(&scene.sendings);
    stage.run_until(scene.until);
    let mut left = stage.queue.dead.clone();
    if !stage.is_quiet() {
        left.push("something runs or waits".to_owned());
    }
    let messages = messages(scene, &stage.aws).unwrap_or_else(|why| {
        left.push(why);
        Vec::new()
    });
    let mut outcomes = stage.ended.iter().filter_map(|ended| ended.outcome.as_ref());
    let blind = outcomes.any(|outcome| outcome.record.without_table);
    Played { messages, end: end(&stage.aws), calls: stage.calls, blind, left }
}

fn messages(scene: &Scene, aws: &FakeAws) -> Result<Vec<Message>, String> {
    let names = |token: &str| scene.alarms.iter().find(|a| a.name == token).map(|a| &*a.name);
    let mut told: BTreeSet<(String, Fact)> = BTreeSet::new();
    let mut messages = Vec::new();
    for sent in aws.sent_messages() {
        let text = &sent.message.text;
        let news = match groups(text).as_slice() {
            [] => {
                let said = read(text, names).alarms.into_iter();
                said.filter(|(_, word)| *word != Word::Known).collect()
            }
            groups => counted(scene, &sent, groups, &told)?,
        };
        told.extend(news.iter().map(|fact| (sent.topic.clone(), fact.clone())));
        messages.push(Message { at: sent.at, topic: sent.topic, why: sent.message.why, news });
    }
    Ok(messages)
}

/// A digest names few alarms and counts all: its counts must be those of the alarms that fire, of
/// those among them that people were not told of, or of those that are over.
fn counted(
    scene: &Scene,
    sent: &SentMessage,
    groups: &[(&str, Counted)],
    told: &BTreeSet<(String, Fact)>,
) -> Result<BTreeSet<Fact>, String> {
    let mut news = BTreeSet::new();
    for (fleet, counts) in groups {
        let is_critical = sent.message.topic != "warning";
        let states = scene.states(fleet, is_critical, sent.at);
        let counts = [(Word::New, counts.new), (Word::Resolved, counts.resolved)];
        for (word, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            let fires = word == Word::New;
            let all = states.iter().filter(|(_, firing)| **firing == fires);
            let all: Vec<Fact> = all.map(|(name, _)| ((*name).to_owned(), word)).collect();
            let is_told = |fact: &&Fact| told.contains(&(sent.topic.clone(), (*fact).clone()));
            let untold: Vec<Fact> = all.iter().filter(|f| !is_told(f)).cloned().collect();
            let fits = |facts: &Vec<Fact>| u32::try_from(facts.len()) == Ok(count);
            let facts = [all, untold].into_iter().find(fits);
            news.extend(facts.ok_or_else(|| format!("{fleet}: {count} {word:?} of {states:?}"))?);
        }
    }
    Ok(news)
}

fn end(aws: &FakeAws) -> End {
    let mut told = BTreeMap::new();
    for id in aws.alarm_group_ids() {
        let read = aws.alarm_group(&id);
        let Some(state) = read.state.filter(|state| !state.told.is_empty()) else { continue };
        let words = state.told.iter().map(|(f, word)| (f.to_string(), *word));
        told.insert(id, words.collect());
    }
    let listed = aws.alarm_groups().iter().map(|entry| GroupId::of(&entry.key)).collect();
    End { told, listed }
}

/// Whether the play with a loss is as good as the one in peace: nothing that people were told
/// there is missing, nothing is told more than once more, and what is told again stood in one
/// message, unless the table was taken for down.
///
/// # Errors
/// What is not.
pub fn judge(peace: &Played, lossy: &Played) -> Result<u32, String> {
    if !lossy.left.is_empty() {
        return Err(format!("left over: {:?}", lossy.left));
    }
    if lossy.end != peace.end {
        return Err(format!("the end is {:#?}, not {:#?}", lossy.end, peace.end));
    }
    let wanted = times(&peace.messages);
    let got = times(&lossy.messages);
    // Who learns that an alarm flaps has learned that it fired; and where an event comes so late
    // that it says nothing any more, one change less may be no flapping.
    let told = |(topic, (name, word)): &(String, Fact)| {
        let has = |word| got.contains_key(&(topic.clone(), (name.clone(), word)));
        match word {
            Word::New | Word::Flapping => has(Word::New) || has(Word::Flapping),
            _ => has(*word),
        }
    };
    if let Some(missing) = wanted.keys().find(|fact| !told(fact)) {
        return Err(format!("never told: {missing:?}"));
    }
    let often =
        |(fact, count): &(&(String, Fact), &u32)| **count > wanted.get(*fact).copied().unwrap_or(0);
    let twice: BTreeSet<&(String, Fact)> = got.iter().filter(often).map(|(f, _)| f).collect();
    let beyond = got.iter().filter(|(f, c)| **c > wanted.get(*f).copied().unwrap_or(0) + 1);
    if let Some((fact, count)) = beyond.into_iter().next() {
        return Err(format!("told {count} times: {fact:?}"));
    }
    let in_one = lossy.messages.iter().any(|message| {
        twice.iter().all(|(topic, fact)| *topic == message.topic && message.news.contains(fact))
    });
    if !lossy.blind && !in_one {
        return Err(format!("told again, and not of one message: {twice:?}"));
    }
    Ok(u32::from(!twice.is_empty()))
}

/// How often each fact was told to each topic; why it was told again is not news.
fn times(messages: &[Message]) -> BTreeMap<(String, Fact), u32> {
    let mut times = BTreeMap::new();
    for message in messages {
        for fact in &message.news {
            *times.entry((message.topic.clone(), fact.clone())).or_default() += 1;
        }
    }
    times
}
