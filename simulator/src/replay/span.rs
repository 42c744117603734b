//! Instants of a trace, as people write them.

use crate::trace::Trace;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What an instant may look like.
pub const FORMS: &str = "2026-01-19T08:00:00Z, 2026-01-19 (its first minute, UTC), day 14 (that many whole days after \
     the trace's first minute) or day 14 08:00";

/// The second of the trace at which this instant lies.
///
/// # Errors
/// It is none of the forms, or lies before the trace or after its end.
pub fn second(text: &str, trace: &Trace) -> Result<u64, String> {
    let first = trace.first.saturating_mul(60);
    let end = u64::try_from(trace.loads.len()).unwrap_or(u64::MAX).saturating_mul(60);
    let at = match text.trim().strip_prefix("day") {
        Some(day) => of_day(day)?,
        None => absolute(text.trim())?.saturating_sub(first),
    };
    match u64::try_from(at) {
        Ok(at) if at <= end => Ok(at),
        Ok(_) => Err(format!("{text:?} comes after the trace's end")),
        Err(_) => Err(format!("{text:?} comes before the trace's first minute")),
    }
}

/// The minute of the trace at which this instant lies.
///
/// # Errors
/// As [`second`], and when it is no whole minute.
pub fn minute(text: &str, trace: &Trace) -> Result<usize, String> {
    let second = second(text, trace)?;
    if second % 60 != 0 {
        return Err(format!("{text:?} is no whole minute"));
    }
    usize::try_from(second / 60).map_err(|error| error.to_string())
}

fn absolute(text: &str) -> Result<i64, String> {
    let midnight = |date: Date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
    let time = text.parse::<Timestamp>().or_else(|_| text.parse::<Date>().and_then(midnight));
    time.map(Timestamp::as_second).map_err(|_| format!("{text:?} is none of {FORMS}"))
}

/// Seconds of `N` or `N HH:MM`, after the word.
fn of_day(text: &str) -> Result<i64, String> {
    let wrong = || format!("{:?} is none of {FORMS}", format!("day{text}"));
    let words: Vec<&str> = text.split_whitespace().collect();
    let (day, of_day) = match words.as_slice() {
        [day] => (day, Some(0)),
        [day, time] => (day, clock(time)),
        _ => return Err(wrong()),
    };
    let day: u32 = day.parse().map_err(|_| wrong())?;
    of_day.map(|secs| i64::from(day) * 86_400 + secs).ok_or_else(wrong)
}

fn clock(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let part = |text: &str, below: u8| text.parse::<u8>().ok().filter(|n| *n < below);
    Some(i64::from(part(hours, 24)?) * 3600 + i64::from(part(minutes, 60)?) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_in_their_forms() {
        // Ten days from 2026-01-05T22:00:00Z on.
        let trace = Trace { first: 29_460_840, loads: vec![0.0; 14_400], ..Trace::default() };
        for (text, want) in [
            ("day 0", Ok(0)),
            ("day 3", Ok(3 * 86_400)),
            ("day 3 08:30", Ok(3 * 86_400 + 30_600)),
            ("day3", Ok(3 * 86_400)),
            ("day 10", Ok(864_000)),
            ("2026-01-05T22:10:00Z", Ok(600)),
            ("2026-01-06T08:10:00+09:00", Ok(4_200)),
            ("2026-01-06", Ok(7_200)),
            ("day 11", Err("after the trace's end")),
            ("2026-01-05", Err("before the trace's first minute")),
            ("day", Err("none of")),
            ("day x", Err("none of")),
            ("day 1 noon", Err("none of")),
            ("day 1 24:00", Err("none of")),
            ("day 1 08:00 UTC", Err("none of")),
            ("yesterday", Err("none of")),
        ] {
            match (second(text, &trace), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{text}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{text}: {got}"),
                (got, want) => panic!("{text}: {got:?}, {want:?}"),
            }
        }
        assert_eq!(minute("2026-01-05T22:10:00Z", &trace), Ok(10));
        assert!(minute("2026-01-05T22:10:30Z", &trace).unwrap_err().contains("no whole minute"));
    }
}
