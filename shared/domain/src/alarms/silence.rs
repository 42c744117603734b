//! Silences: somebody asked not to be told, for a while, and said why.
//!
//! What must stay true: a silence has an end, an author and a reason, and never holds for every
//! alarm; the same request has the same id, so that asking twice is asking once.

use crate::alarms::event::digest;
use crate::alarms::labels::Labels;
use crate::alarms::matcher::{LABELS, Matcher, all_match, parse_all};
use crate::text;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest silence: what is silent for longer is a route to `none`, in the policy.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Characters of an author's name.
const AUTHOR: usize = 100;
/// Characters of a comment.
const COMMENT: usize = 500;

/// A silence as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// What it is called by, such as `s-1f0c6a83`.
    pub id: String,
    /// Matchers in Alertmanager's syntax, separated by commas.
    pub matchers: String,
    /// From then.
    pub starts: Timestamp,
    /// Until then.
    pub ends: Timestamp,
    /// Who asked.
    pub author: String,
    /// Why.
    pub comment: String,
}

/// What is wrong with a silence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid silence: {}", .0.join("; "))]
pub struct SilenceFaults(pub Vec<String>);

impl Silence {
    /// A silence from `starts` until `ends`, at most 31 days. Author and comment lose control
    /// characters; the id follows from all the rest.
    ///
    /// # Errors
    /// Every fault at once: matchers that cannot be read, are none, or hold for every alarm; an
    /// end that is not after the start, or too late; no author, no comment, or too long ones.
    pub fn new(
        matchers: &str,
        starts: Timestamp,
        ends: Timestamp,
        author: &str,
        comment: &str,
    ) -> Result<Self, SilenceFaults> {
        let mut faults = Vec::new();
        faults.extend(narrow(matchers).err());
        if ends <= starts {
            faults.push(format!("it ends at {ends}, which is not after its start at {starts}"));
        } else if ends.duration_since(starts) > LONGEST {
            faults
                .push("it lasts longer than 31 days; a route to the topic none is for ever".into());
        }
        let author = bounded("author", author, AUTHOR, &mut faults);
        let comment = bounded("comment", comment, COMMENT, &mut faults);
        if !faults.is_empty() {
            return Err(SilenceFaults(faults));
        }
        let (from, to) = (starts.to_string(), ends.to_string());
        let digits = digest(&[matchers, &from, &to, &author, &comment]);
        let id = format!("s-{}", digits.chars().take(8).collect::<String>());
        Ok(Self { id, matchers: matchers.to_owned(), starts, ends, author, comment })
    }
}

fn bounded(what: &str, given: &str, most: usize, faults: &mut Vec<String>) -> String {
    let text = text::line(given, usize::MAX);
    match text.chars().count() {
        0 => faults.push(format!("the {what} is missing")),
        n if n > most => faults.push(format!("the {what} has {n} characters, at most {most}")),
        _ => {}
    }
    text
}

/// Matchers that do not hold for every alarm.
fn narrow(matchers: &str) -> Result<Vec<Matcher>, String> {
    let read = parse_all(matchers)?;
    if read.is_empty() {
        return Err("it has no matcher, so it would hold for every alarm".to_owned());
    }
    // As in Alertmanager, one matcher must ask for something. Every alarm has some value of most
    // labels, so asking for any value is asking for nothing.
    let nothing = Labels::default();
    let anything = LABELS.map(|name| (name.to_owned(), "any value at all".to_owned()));
    if all_match(&read, &nothing) || all_match(&read, &Labels(anything.into())) {
        return Err(format!("{matchers:?} would hold for every alarm, or nearly every one"));
    }
    Ok(read)
}

/// A silence whose matchers could be read.
#[derive(Debug, Clone)]
pub struct Muting {
    /// What is kept.
    pub silence: Silence,
    /// All must hold.
    pub matchers: Vec<Matcher>,
}

impl Muting {
    /// Reads the matchers of a silence that was kept.
    ///
    /// # Errors
    /// Its id, and why it holds for nothing: its matchers cannot be read, are none, or hold for
    /// every alarm.
    pub fn parse(silence: Silence) -> Result<Self, String> {
        let matchers = narrow(&silence.matchers)
            .map_err(|why| format!("silence {}: {why}", text::line(&silence.id, AUTHOR)))?;
        Ok(Self { silence, matchers })
    }

    /// Whether it holds now for this alarm.
    pub fn mutes(&self, labels: &Labels, now: Timestamp) -> bool {
        let Silence { starts, ends, .. } = &self.silence;
        *starts <= now && now < *ends && all_match(&self.matchers, labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-22T{text}Z").parse().unwrap()
    }

    fn silence(matchers: &str) -> Result<Silence, SilenceFaults> {
        Silence::new(matchers, at("10:00:00"), at("12:00:00"), "kim", "load test")
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn a_silence_holds_from_its_start_until_before_its_end() {
        let muting = Muting::parse(silence("fleet = web, severity != critical").unwrap()).unwrap();
        let warning = labels(&[("fleet", "web"), ("severity", "warning")]);
        let critical = labels(&[("fleet", "web"), ("severity", "critical")]);
        for (name, labels, time, wanted) in [
            ("before", &warning, "09:59:59.999", false),
            ("start", &warning, "10:00:00", true),
            ("within", &warning, "11:00:00", true),
            ("last instant", &warning, "11:59:59.999", true),
            ("end", &warning, "12:00:00", false),
            ("another alarm", &critical, "11:00:00", false),
        ] {
            assert_eq!(muting.mutes(labels, at(time)), wanted, "{name}");
        }
    }

    #[test]
    fn the_same_request_has_the_same_id() {
        let one = silence("fleet = web").unwrap();
        assert_eq!(one, silence("fleet = web").unwrap());
        assert!(one.id.len() == 10 && one.id.starts_with("s-"), "{}", one.id);
        let (starts, ends) = (one.starts, one.ends);
        let hour = SignedDuration::from_hours(1);
        let others = [
            silence("fleet = api"),
            Silence::new("fleet = web", starts + hour, ends, "kim", "load test"),
            Silence::new("fleet = web", starts, ends + hour, "kim", "load test"),
            Silence::new("fleet = web", starts, ends, "lee", "load test"),
            Silence::new("fleet = web", starts, ends, "kim", "deploy"),
        ];
        for other in others {
            assert_ne!(other.unwrap().id, one.id);
        }
    }

    #[test]
    fn what_would_silence_everything_is_refused() {
        for (matchers, valid) in [
            ("", false),
            ("{}", false),
            ("alarm =~ .*", false),
            ("alarm =~ .+", false),
            ("alarm != \"\", region =~ .+", false),
            ("severity != critical", false),
            ("fleet = \"\"", false),
            ("severty = warning", false),
            ("alarm =~ aira-.*", true),
            ("alarm =~ .+, fleet = web", true),
            ("region = ap-northeast-2", true),
            ("severity = warning", true),
            ("tag.team =~ .+", true),
        ] {
            assert_eq!(silence(matchers).is_ok(), valid, "{matchers}");
            let kept = Silence { matchers: matchers.into(), ..silence("fleet = web").unwrap() };
            assert_eq!(Muting::parse(kept).is_ok(), valid, "{matchers}");
        }
    }

    #[test]
    fn every_fault_is_said_at_once() {
        let (start, second) = (at("10:00:00"), SignedDuration::from_secs(1));
        let bad = |ends, author: &str, comment: &str| {
            let silence = Silence::new("fleet = web", start, ends, author, comment);
            silence.unwrap_err().to_string()
        };
        let (long_name, long_text) = ("x".repeat(101), "한".repeat(501));
        for (name, text, why) in [
            ("at once", bad(start, "kim", "x"), "not after its start"),
            ("backwards", bad(start - second, "kim", "x"), "not after its start"),
            ("for ever", bad(start + LONGEST + second, "kim", "x"), "longer than 31 days"),
            ("nobody", bad(start + second, " \u{7}", "x"), "the author is missing"),
            ("no reason", bad(start + second, "kim", "\n"), "the comment is missing"),
            ("long author", bad(start + second, &long_name, "x"), "101 characters, at most 100"),
            ("long comment", bad(start + second, "kim", &long_text), "501 characters, at most 500"),
        ] {
            assert!(text.contains(why), "{name}: {text}");
        }
        let faults = Silence::new("", start, start, "", "").unwrap_err();
        assert_eq!(faults.0.len(), 4, "{faults}");
    }

    #[test]
    fn limits_are_within() {
        let start = at("10:00:00");
        let (author, comment) = ("x".repeat(100), "한".repeat(500));
        let made = Silence::new("fleet = web", start, start + LONGEST, &author, &comment).unwrap();
        assert_eq!((made.author, made.comment), (author, comment));
        let made = Silence::new("fleet = web", start, start + LONGEST, " k\u{1b}im ", "a\nb");
        let made = made.unwrap();
        assert_eq!((made.author.as_str(), made.comment.as_str()), ("kim", "a b"));
    }

    #[test]
    fn a_kept_silence_that_cannot_be_read_is_named() {
        let kept = Silence { matchers: "fleet".into(), ..silence("fleet = web").unwrap() };
        let why = Muting::parse(kept.clone()).unwrap_err();
        assert!(why.starts_with(&format!("silence {}: one of =", kept.id)), "{why}");
    }
}
