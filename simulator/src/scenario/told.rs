//! A played script as lines for people: the text of an expected file.
//!
//! What must stay true: nothing of this machine is in it; times are the policy's zone's, with its
//! name where the clock is changed; sentences are those of the ledger, word for word.

use super::play::{Line, Played, What};
use super::script::Script;
use super::sums::Sums;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use tidegate_domain::group::Sizes;
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use tidegate_domain::metrics::AlarmState;
use tidegate_domain::notice::{Notice, Severity};
use tidegate_domain::text::clean;
use tidegate_fakes::{SizeChange, Writer};

/// No line is longer, if its words let it.
const WIDTH: usize = 100;
/// Sentences stand under the times.
const INDENT: usize = 10;
/// Width of a function's name.
const NAME: usize = 19;

/// The text of a script's expected file.
pub fn text(name: &str, script: &Script, played: &Played) -> String {
    let page = Page::new(script);
    let mut out = format!(
        "{name}: {}, {} to {}, {}\n",
        script.fleet,
        page.day(script.from) + " " + &page.minute(script.from),
        page.day(script.until) + " " + &page.minute(script.until),
        page.zone.iana_name().unwrap_or("UTC"),
    );
    let mut day = String::new();
    for line in &played.lines {
        let today = page.day(line.at);
        if today != day {
            let _ = write!(out, "\n{today}\n");
            day = today;
        }
        page.line(&mut out, line);
    }
    out.push_str(&sums(&played.sums));
    out
}

/// How times are written.
struct Page {
    zone: TimeZone,
    /// The clock is changed in this story: times carry the zone's name.
    changes: bool,
}

impl Page {
    fn new(script: &Script) -> Self {
        let zone = script.zone();
        let offset = |at: Timestamp| zone.to_offset(at);
        let changes = offset(script.from) != offset(script.until);
        Self { zone, changes }
    }

    fn day(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%a %Y-%m-%d").to_string()
    }

    fn minute(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M").to_string()
    }

    fn time(&self, at: Timestamp) -> String {
        let form = if self.changes { "%H:%M:%S %Z" } else { "%H:%M:%S" };
        at.to_zoned(self.zone.clone()).strftime(form).to_string()
    }

    fn line(&self, out: &mut String, line: &Line) {
        let time = self.time(line.at);
        let head = |out: &mut String, text: &str| {
            let _ = writeln!(out, "{time}  {}", text.trim_end());
        };
        match &line.what {
            What::Happens(words) => match words.split_once(": ") {
                Some((what, words)) => {
                    head(out, &format!(">> {what}:"));
                    under(out, words);
                }
                None => head(out, &format!(">> {words}")),
            },
            What::Alarm(name, state, value) => {
                let read = value.map(|value| format!(" at {value:.1}")).unwrap_or_default();
                head(out, &format!("alarm {name} goes to {}{read}", state_word(*state)));
            }
            What::Resized(change) => head(out, &resized(change)),
            What::LaunchesFailed(zones, words) => {
                let zones: Vec<&str> = zones.iter().map(String::as_str).collect();
                head(out, &format!("launches fail in {}", zones.join(", ")));
                under(out, words);
            }
            What::Decided(entry, after) => {
                head(out, &decided(entry, *after));
                under(out, &entry.text);
                let followed = entry.sizing.iter().filter(|sizing| sizing.acts);
                followed.for_each(|sizing| under(out, &format!("sizing: {}", sizing.text)));
                entry.notes.iter().for_each(|note| under(out, &format!("note: {note}")));
            }
            What::Told(notice) => told(out, notice, head),
            What::Fails(function, error) => {
                head(out, &format!("{function:NAME$} fails"));
                under(out, error);
            }
            What::Recovers(function, failed) => {
                head(out, &format!("{function:NAME$} succeeds again, {failed} runs had failed"));
            }
        }
    }
}

fn state_word(state: AlarmState) -> &'static str {
    match state {
        AlarmState::Ok => "OK",
        AlarmState::Alarm => "ALARM",
        AlarmState::InsufficientData => "INSUFFICIENT_DATA",
    }
}

fn resized(change: &SizeChange) -> String {
    let who = match change.by {
        Writer::Tidegate => "Tidegate",
        Writer::Outside => "the operator",
        Writer::Tracking => "target tracking",
        Writer::ScheduledAction => "the group's own scheduled action",
    };
    format!("{who}: {}", sizes(change.from, change.to))
}

/// What differs between the sizes.
fn sizes(from: Sizes, to: Sizes) -> String {
    let named = [
        ("min", from.min, to.min),
        ("desired", from.desired, to.desired),
        ("max", from.max, to.max),
    ];
    let changed = named.iter().filter(|(_, from, to)| from != to);
    let told: Vec<String> =
        changed.map(|(name, from, to)| format!("{name} {from} -> {to}")).collect();
    told.join(", ")
}

/// Who, what, the sizes before and after, what serves, the load where it was judged, the size that
/// sizing advises, the mode.
fn decided(entry: &LedgerEntry, after: Sizes) -> String {
    let verb = match (entry.outcome, entry.action) {
        (OutcomeWord::Applied, ActionRecord::Raise { .. }) => "raises",
        (OutcomeWord::Applied, _) => "lowers",
        (OutcomeWord::DryRun, _) => "would act",
        (OutcomeWord::Refused, _) => "REFUSED",
        (OutcomeWord::Held, _) => "holds",
        _ => "does not act",
    };
    let mut facts = Vec::new();
    if let Some(seen) = entry.observed {
        let before = Sizes { min: seen.min, max: seen.max, desired: seen.desired };
        let changed = sizes(before, after);
        let level = format!("min {}, desired {}", seen.min, seen.desired);
        facts.push(if changed.is_empty() { level } else { changed });
        facts.push(format!("{} serve", seen.in_service));
        let load = seen.load.zip(seen.need);
        facts.extend(load.map(|(load, need)| format!("load {}, need {need}", grouped(load))));
    }
    facts.extend(entry.sizing.as_ref().map(|sizing| format!("sizing {}", sizing.size)));
    facts.extend(entry.mode.map(|mode| format!("{mode:?}").to_lowercase()));
    format!("{:NAME$} {verb:7} {}", entry.function, facts.join("; "))
}

fn told(out: &mut String, notice: &Notice, head: impl Fn(&mut String, &str)) {
    let severity = match notice.severity {
        Severity::Warning => "WARNING to people",
        Severity::Critical => "CRITICAL to people",
    };
    head(out, &format!("{severity}: {}", notice.subject));
    let known = notice.subject.strip_prefix(&format!("{}: ", notice.fleet));
    for line in notice.body.lines().filter(|line| {
        let line = line.trim_end_matches('.');
        line != notice.subject && Some(line) != known
    }) {
        under(out, &format!("| {line}"));
    }
}

/// A sentence under its line, in lines that are not too long.
fn under(out: &mut String, text: &str) {
    let mark = if text.starts_with("| ") { "| " } else { "" };
    let text = clean(text);
    let mut line = String::new();
    for word in text.trim_start_matches("| ").split_whitespace() {
        let full = INDENT + mark.len() + line.len() + 1 + word.len() > WIDTH;
        if full && !line.is_empty() {
            let _ = writeln!(out, "{:INDENT$}{mark}{line}", "");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{:INDENT$}{mark}{line}", "");
}

fn sums(sums: &Sums) -> String {
    let share = if sums.load > 0.0 { 100.0 * sums.unserved / sums.load } else { 0.0 };
    let mut out = String::from("\nsums\n");
    let mut row = |name: &str, text: String| {
        let _ = writeln!(out, "  {name:16} {text}");
    };
    row("instance-hours", format!("{:.2}", sums.instance_hours));
    let (unserved, load) = (grouped(sums.unserved), grouped(sums.load));
    row("unserved load", format!("{unserved} of {load} ({share:.3} %)"));
    row("in service", format!("{} to {}", sums.least, sums.most));
    let Sums { runs, raised, lowered, failed, .. } = sums;
    row("runs", format!("{runs}: {raised} raised, {lowered} lowered, {failed} failed"));
    let Sums { launched, failed_launches, terminated, .. } = sums;
    row("instances", format!("{launched} launched, {terminated} terminated"));
    row("failed launches", failed_launches.to_string());
    row("notices", format!("{} critical, {} warning", sums.critical, sums.warnings));
    let _ = writeln!(out, "calls");
    for (call, n) in &sums.calls {
        let _ = writeln!(out, "  {:>7}  {call}", grouped(f64::from(*n)));
    }
    out
}

/// A whole number with its thousands apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 && digit.is_ascii_digit() {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in
            [(0.0, "0"), (999.0, "999"), (1000.0, "1,000"), (1_234_567.4, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_long_sentence_is_broken_between_words() {
        let mut out = String::new();
        under(&mut out, &format!("| {}", "word ".repeat(40)));
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines.len() == 3 && lines.iter().all(|l| l.len() <= WIDTH), "{out}");
        assert!(lines.iter().all(|l| l.starts_with("          | word")), "{out}");
    }

    #[test]
    fn only_sizes_that_change_are_told() {
        let from = Sizes { min: 2, max: 20, desired: 10 };
        assert_eq!(sizes(from, Sizes { min: 6, ..from }), "min 2 -> 6");
        let to = Sizes { min: 8, desired: 8, ..from };
        assert_eq!(sizes(from, to), "min 2 -> 8, desired 10 -> 8");
        assert_eq!(sizes(from, from), "");
    }
}
