//! The lines that say what happens: a time, and a phrase.

use super::head::seconds;
use super::whole;
use crate::scenario::script::{Event, Happening, Metric, Service, Size};
use crate::scenario::time::Cursor;
use jiff::Timestamp;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::metrics::AlarmState;

/// Every phrase, for who wrote another one.
const PHRASES: &str = "\
launches fail: WORDS; launches in ZONE fail: WORDS; launches succeed; launches in ZONE succeed; \
zone ZONE lost; zone ZONE back; metrics lost until TIME; metric NAME lost until TIME; \
auto scaling down until TIME; control table down until TIME; cloudwatch down until TIME; \
sns down until TIME; functions dead until TIME; operator sets MinSize N (or MaxSize, desired); \
tag NAME = VALUE; tag NAME off; refresh STATUS; suspend PROCESS; resume PROCESS; \
alarm NAME ALARM (or OK); boot N s; backstop deleted";

/// Reads a line.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn read(line: usize, words: &[&str], cursor: &mut Cursor) -> Result<Happening, String> {
    let (at, phrase) = cursor.read(words)?;
    let mut later = cursor.clone();
    let event = launches(phrase)
        .or_else(|| state(phrase))
        .map(Ok)
        .or_else(|| span(phrase, &mut later))
        .or_else(|| person(phrase));
    let words = phrase.join(" ");
    let unknown = || Err(format!("it says {words:?}; known: {PHRASES}"));
    let event = event.unwrap_or_else(unknown)?;
    Ok(Happening { line, at, event, words })
}

fn launches(phrase: &[&str]) -> Option<Event> {
    let own = |word: &str| word.to_owned();
    Some(match phrase {
        ["launches", "fail:", words @ ..] => Event::LaunchesFail(None, words.join(" ")),
        ["launches", "in", zone, "fail:", words @ ..] => {
            Event::LaunchesFail(Some(own(zone)), words.join(" "))
        }
        ["launches", "succeed"] => Event::LaunchesSucceed(None),
        ["launches", "in", zone, "succeed"] | ["zone", zone, "back"] => {
            Event::LaunchesSucceed(Some(own(zone)))
        }
        ["zone", zone, "lost"] => Event::ZoneLost(own(zone)),
        _ => return None,
    })
}

/// Phrases that cannot be wrong once they are known.
fn state(phrase: &[&str]) -> Option<Event> {
    let own = |word: &str| word.to_owned();
    Some(match phrase {
        ["tag", name, "off"] => Event::Tag(own(name), None),
        ["tag", name, "=", value @ ..] => Event::Tag(own(name), Some(value.join(" "))),
        ["refresh", status] => Event::Refresh(own(status)),
        ["suspend", process] => Event::Suspend(own(process)),
        ["resume", process] => Event::Resume(own(process)),
        ["backstop", "deleted"] => Event::BackstopDeleted,
        _ => return None,
    })
}

/// Phrases that last until a time.
fn span(phrase: &[&str], cursor: &mut Cursor) -> Option<Result<Event, String>> {
    let split = phrase.iter().position(|word| *word == "until")?;
    let (what, time) = phrase.split_at_checked(split)?;
    let mut until = || {
        let (until, rest) = cursor.read(time.get(1..).unwrap_or_default())?;
        if rest.is_empty() { Ok(until) } else { Err(format!("after the time: {}", rest.join(" "))) }
    };
    let make: Box<dyn Fn(Timestamp) -> Event> = match what {
        ["metrics", "lost"] => Box::new(|until| Event::MetricLost(None, until)),
        ["metric", name, "lost"] => {
            let Some(metric) = Metric::parse(name) else {
                let known: Vec<&str> = Metric::WORDS.iter().map(|(word, _)| *word).collect();
                return Some(Err(format!("a metric ({}), got {name:?}", known.join(", "))));
            };
            Box::new(move |until| Event::MetricLost(Some(metric), until))
        }
        ["auto", "scaling", "down"] => down(Service::AutoScaling),
        ["control", "table", "down"] => down(Service::Table),
        ["cloudwatch", "down"] => down(Service::CloudWatch),
        ["sns", "down"] => down(Service::Sns),
        ["functions", "dead"] => Box::new(Event::FunctionsDead),
        _ => return None,
    };
    Some(until().map(make))
}

fn down(service: Service) -> Box<dyn Fn(Timestamp) -> Event> {
    Box::new(move |until| Event::Down(service, until))
}

fn person(phrase: &[&str]) -> Option<Result<Event, String>> {
    Some(match phrase {
        ["operator", "sets", "MinSize", n] => whole(n).map(|n| Event::Operator(Size::Min, n)),
        ["operator", "sets", "MaxSize", n] => whole(n).map(|n| Event::Operator(Size::Max, n)),
        ["operator", "sets", "desired", n] => whole(n).map(|n| Event::Operator(Size::Desired, n)),
        ["alarm", name, state @ ("ALARM" | "OK")] => AlarmName::new(*name)
            .map(|name| Event::Alarm(name, AlarmState::parse(state)))
            .map_err(|error| error.to_string()),
        ["boot", n, "s"] => seconds(&format!("{n} s")).map(Event::Boot),
        _ => return None,
    })
}
