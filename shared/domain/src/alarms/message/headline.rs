//! The short forms: the subject, and the SMS. The word of the state stands first.

use super::alarm::{self, depth};
use super::facts::{Facts, NONE, SEVERAL, Stage, name};
use super::words;
use crate::alarms::reason::Why;
use crate::text::line;

/// SNS takes "less than 100 characters".
const SUBJECT_CHARS: usize = 99;
/// SNS sends 140 ASCII characters as one message.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const SMS_CHARS: usize = 140;
/// Stands where a short form was cut.
const DOTS: &str = "...";
/// Bytes of a severity in a headline: it is a word.
const SEVERITY_BYTES: usize = 24;

/// One line of printable ASCII, 1 to 99 characters.
pub(super) fn subject(facts: &Facts<'_>) -> String {
    let (front, tail) = (front(facts), tail(facts));
    match &facts.bulletin.terms.title {
        Some(title) => {
            let filled = facts.fill(title, None, |value| line(value, 1_020));
            fit(&format!("{}: ", state(facts)), &filled, "", SUBJECT_CHARS)
        }
        None => fit(&front, &what(facts), &tail, SUBJECT_CHARS),
    }
}

/// The subject with every character of the names, for those who can read them.
pub(super) fn headline(facts: &Facts<'_>) -> String {
    match &facts.bulletin.terms.title {
        Some(title) => {
            let filled = facts.fill(title, None, |value| line(value, 1_020));
            line(&format!("{}: {filled}", state(facts)), 2_048)
        }
        None => format!("{}{}{}", front(facts), what(facts), tail(facts)),
    }
}

/// At most 140 characters of ASCII that every phone shows as they are.
pub(super) fn sms(facts: &Facts<'_>) -> String {
    let mut text = fit(&front(facts), &what(facts), &tail(facts), SUBJECT_CHARS);
    let lead = facts.listed().first();
    let is_over = facts.stage == Stage::Resolved;
    let deep = lead.filter(|_| !is_over).and_then(|l| depth(&l.member.event));
    let since = lead.and_then(|l| match l.member.since {
        Some(since) => Some(format!("since {}", words::moment_near(since, facts.now))),
        None => alarm::since(l, facts.now),
    });
    for more in [deep, since].into_iter().flatten() {
        let more = ascii(&more);
        if text.len() + 2 + more.len() <= SMS_CHARS {
            text = format!("{text}; {more}");
        }
    }
    short_message(&text)
}

/// A text as an SMS: the signs that take two places in GSM's alphabet, or none, are replaced.
/// <https://www.etsi.org/deliver/etsi_ts/123000_123099/123038/>
pub(super) fn short_message(text: &str) -> String {
    let text = ascii(text);
    let plain = text.chars().map(|c| match c {
        '[' | '{' => '(',
        ']' | '}' => ')',
        '\\' | '|' => '/',
        '^' | '`' => '\'',
        '~' => '-',
        c => c,
    });
    cut(&plain.collect::<String>(), SMS_CHARS)
}

/// The word of the state.
pub(super) fn state(facts: &Facts<'_>) -> String {
    match (facts.bulletin.why, facts.stage) {
        (Why::Escalated, _) => "ESCALATED".to_owned(),
        (Why::RepeatIntervalElapsed, Stage::Firing) => {
            format!("STILL FIRING ({})", facts.known_for())
        }
        (Why::RepeatIntervalElapsed, Stage::Flapping) => {
            format!("STILL FLAPPING ({})", facts.known_for())
        }
        (_, stage) => stage.word().to_uppercase(),
    }
}

/// The state, and the severity of what fires.
fn front(facts: &Facts<'_>) -> String {
    let state = state(facts);
    if state == "FIRING" {
        format!("{state} {}: ", line(&facts.severity, SEVERITY_BYTES))
    } else {
        format!("{state}: ")
    }
}

/// The most telling alarm, its fleet first.
fn what(facts: &Facts<'_>) -> String {
    let Some(lead) = facts.listed().first() else {
        return super::facts::group(&facts.bulletin.key);
    };
    let (name, fleet) = (name(lead), facts.fleet.as_str());
    if fleet == NONE || fleet == SEVERAL {
        return name;
    }
    let rest = name.strip_prefix(fleet).map(|rest| rest.trim_start_matches(['-', '_', '.', ' ']));
    match rest {
        Some("") => name,
        Some(rest) => format!("{fleet} {rest}"),
        None => format!("{fleet} {name}"),
    }
}

/// How many more there are.
fn tail(facts: &Facts<'_>) -> String {
    let (count, new) = (facts.count(), facts.bulletin.counts.new);
    let more = match count.saturating_sub(1) {
        0 => String::new(),
        more => format!(" +{more} more"),
    };
    let joined = facts.bulletin.why == Why::NewAlertsInGroup && new < count && new > 0;
    if joined { format!("{more}, {new} new") } else { more }
}

/// `front`, as much of `what` as fits, `tail`: on one line of printable ASCII.
pub(super) fn fit(front: &str, what: &str, tail: &str, chars: usize) -> String {
    let (front, tail) = (ascii(front), ascii(tail));
    let room = chars.saturating_sub(front.len() + tail.len());
    let whole = format!("{front}{}{tail}", cut(&line(&ascii(what), usize::MAX), room));
    match cut(&line(&whole, usize::MAX), chars) {
        text if text.is_empty() => "Tidegate".to_owned(),
        text => text,
    }
}

/// At most `chars` of an ASCII text, with dots where it was cut.
fn cut(text: &str, chars: usize) -> String {
    if text.len() <= chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars.saturating_sub(DOTS.len())).collect();
    let dots: String = DOTS.chars().take(chars).collect();
    format!("{kept}{dots}")
}

/// Printable ASCII: a blank for white space, a question mark for everything else.
fn ascii(text: &str) -> String {
    let plain = |c: char| match c {
        c if (' '..='~').contains(&c) => c,
        c if c.is_whitespace() => ' ',
        _ => '?',
    };
    text.chars().map(plain).collect()
}
