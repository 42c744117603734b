//! `silence`, `silences`, `unsilence`: alarms of which nobody is told for a while, by whom and
//! why.
//!
//! What must stay true: matchers are read by the code that will apply them before anything is
//! written; a silence that was ended stays on the record as it was, with another end.

use crate::words::{columns, span, visible};
use crate::{Failure, Report, View};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tidegate_domain::alarms::ports::AlarmStore;
use tidegate_domain::alarms::silence::{Muting, Silence, SilenceFaults};
use tidegate_domain::duty::holding;
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::Control;

/// What is to be silent.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Matchers, separated by commas.
    pub matchers: &'a str,
    /// From then; now unless given.
    pub starts: Option<Timestamp>,
    /// For how long.
    pub length: SignedDuration,
    /// Who asks.
    pub author: &'a str,
    /// Why.
    pub comment: &'a str,
}

/// The zone that times are told in: the policy's, when all its fleets have the same.
pub async fn zone<C: Control>(control: &C, seed: Option<&Policy>) -> TimeZone {
    let unknown = Policy { dry_run: false, fleets: std::collections::BTreeMap::new() };
    let policy = holding(control, seed.unwrap_or(&unknown)).await.policy;
    let mut zones = policy.fleets.values().map(|fleet| &fleet.calendar.zone);
    let first = zones.next().cloned().unwrap_or(TimeZone::UTC);
    if zones.all(|zone| *zone == first) { first } else { TimeZone::UTC }
}

/// Writes a silence.
///
/// # Errors
/// [`Failure::Input`] with everything that is wrong with the wish, or when it would be over
/// already; [`Failure::Undone`] when it cannot be written.
pub async fn put<S: AlarmStore>(
    store: &S,
    wish: &Wish<'_>,
    view: &View,
) -> Result<Report, Failure> {
    let starts = wish.starts.unwrap_or(second(view.now));
    let ends = starts.checked_add(wish.length).map_err(|error| input(&error.to_string()))?;
    let silence = Silence::new(wish.matchers, starts, ends, wish.author, wish.comment);
    let silence =
        silence.map_err(|SilenceFaults(faults)| input(&format!("\n  {}", faults.join("\n  "))))?;
    if silence.ends <= view.now {
        return Err(input(&format!("it would have ended at {}", at(silence.ends, view))));
    }
    store.put_silence(&silence).await.map_err(undone)?;
    let told = format!(
        "{id}: nobody is told of {what}\n  {when}, by {author}: {comment}\n  to end it sooner: \
         make unsilence ID={id}\n",
        id = visible(&silence.id),
        what = visible(&silence.matchers),
        when = term(&silence, view),
        author = visible(&silence.author),
        comment = visible(&silence.comment),
    );
    Ok(Report::of(told))
}

/// The silences that hold or will hold, and with `all` those that were over in the last day.
///
/// # Errors
/// [`Failure::Undone`] when they cannot be read.
pub async fn list<S: AlarmStore>(store: &S, all: bool, now: Timestamp) -> Result<List, Failure> {
    let mut silences = store.silences().await.map_err(undone)?;
    silences.retain(|silence| all || now < silence.ends);
    silences.sort_by(|a, b| (a.ends, &a.id).cmp(&(b.ends, &b.id)));
    Ok(List { silences, all })
}

/// Ends a silence now.
///
/// # Errors
/// [`Failure::Undone`] when there is none of this id, when it is over already, or when it cannot
/// be read or written.
pub async fn end<S: AlarmStore>(store: &S, id: &str, view: &View) -> Result<Report, Failure> {
    let silences = store.silences().await.map_err(undone)?;
    let Some(silence) = silences.into_iter().find(|silence| silence.id == id) else {
        return Err(Failure::Undone(format!("there is no silence {}", visible(id))));
    };
    if silence.ends <= view.now {
        let when = at(silence.ends, view);
        return Err(Failure::Undone(format!("{} was over at {when} already", visible(id))));
    }
    let ended = Silence { ends: second(view.now), ..silence };
    store.put_silence(&ended).await.map_err(undone)?;
    let told = format!(
        "{}: over now; what still fires of {} is told with the next look, within a minute\n",
        visible(&ended.id),
        visible(&ended.matchers)
    );
    Ok(Report::of(told))
}

/// Silences, the one that ends first at the top.
#[derive(Debug, Clone)]
pub struct List {
    silences: Vec<Silence>,
    all: bool,
}

impl List {
    /// For people.
    pub fn text(&self, view: &View) -> Report {
        if self.silences.is_empty() {
            let which = if self.all { "kept" } else { "in force or to come" };
            return Report { notes: vec![format!("no silence is {which}")], ..Report::default() };
        }
        let heading = ["SILENCE", "STATE", "FROM", "UNTIL", "BY", "MATCH", "WHY"];
        let mut rows = vec![heading.map(str::to_owned).to_vec()];
        rows.extend(self.silences.iter().map(|silence| row(silence, view)));
        let zone = view.zone.iana_name().unwrap_or("local time");
        let text = format!("{}\ntimes in {zone}\n", columns(&rows, &[]));
        Report { text, notes: Vec::new(), troubles: self.unreadable() }
    }

    /// As JSON, as they are kept, with their state.
    pub fn json(&self, now: Timestamp) -> Report {
        let all: Vec<Value> = self.silences.iter().map(|silence| value(silence, now)).collect();
        let text = format!("{:#}\n", Value::Array(all));
        Report { text, notes: Vec::new(), troubles: self.unreadable() }
    }

    /// What is kept and silences nothing.
    fn unreadable(&self) -> Vec<String> {
        let faults = self.silences.iter().filter_map(|s| Muting::parse(s.clone()).err());
        faults.map(|fault| visible(&fault)).collect()
    }
}

fn row(silence: &Silence, view: &View) -> Vec<String> {
    let Silence { id, matchers, starts, ends, author, comment } = silence;
    let texts = [author, matchers, comment].map(|text| visible(text));
    let times = [*starts, *ends].map(|time| view.time(time));
    let head = [visible(id), state(silence, view.now).to_owned()];
    head.into_iter().chain(times).chain(texts).collect()
}

fn value(silence: &Silence, now: Timestamp) -> Value {
    let Silence { id, matchers, starts, ends, author, comment } = silence;
    json!({
        "id": id,
        "state": state(silence, now),
        "matchers": matchers,
        "starts": starts,
        "ends": ends,
        "author": author,
        "comment": comment,
    })
}

fn state(silence: &Silence, now: Timestamp) -> &'static str {
    match silence {
        _ if silence.ends <= now => "over",
        _ if now < silence.starts => "to come",
        _ => "holds",
    }
}

/// `until Sat 14:25 (2 h)`, with the start when it is still to come.
fn term(silence: &Silence, view: &View) -> String {
    let length = span(silence.ends.duration_since(silence.starts));
    let until = format!("until {} ({length})", at(silence.ends, view));
    if view.now < silence.starts {
        format!("from {} {until}", view.time(silence.starts))
    } else {
        until
    }
}

/// A time with its zone.
fn at(time: Timestamp, view: &View) -> String {
    format!("{} {}", view.time(time), view.local(time).strftime("%Z"))
}

/// Silences begin and end with a second.
fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn input(what: &str) -> Failure {
    Failure::Input(format!("not a valid silence: {what}"))
}

fn undone(error: impl std::fmt::Display) -> Failure {
    Failure::Undone(error.to_string())
}
