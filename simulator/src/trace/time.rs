//! Times of rows, as whole minutes since the epoch.
//!
//! The usual forms have fixed widths and are read digit by digit, with the date looked up once a
//! day; every other form is left to jiff. What must stay true: both say the same.

use super::fault::quoted;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Reads times, and remembers the last date.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// `YYYYMMDD` and the first minute of that day.
    last: Option<(u32, i64)>,
}

impl Clock {
    /// `2026-01-05T00:00:00Z`, any other RFC 3339 time, or `2026-01-05 00:00[:00]`, which is UTC.
    ///
    /// # Errors
    /// What is wrong with it: no time, or not a whole minute.
    pub fn minute(&mut self, text: &str) -> Result<i64, String> {
        match self.usual(text.as_bytes()) {
            Some(minute) => Ok(minute),
            None => whole_minute(any(text).ok_or_else(|| no_time(text))?, || quoted(text)),
        }
    }

    /// `YYYY-MM-DD` `T` or a blank, `HH:MM`, and nothing or `:00`, and nothing or `Z`.
    fn usual(&mut self, text: &[u8]) -> Option<i64> {
        let [a, b, c, d, b'-', e, f, b'-', g, h, b'T' | b' ', i, j, b':', k, l, rest @ ..] = text
        else {
            return None;
        };
        if !matches!(rest, b"" | b":00" | b":00Z") {
            return None;
        }
        let (hour, minute) = (number(&[*i, *j])?, number(&[*k, *l])?);
        let date = number(&[*a, *b, *c, *d, *e, *f, *g, *h])?;
        let midnight = self.midnight(date)?;
        (hour < 24 && minute < 60).then(|| midnight + i64::from(hour * 60 + minute))
    }

    /// The first minute of a date, written `YYYYMMDD`.
    fn midnight(&mut self, date: u32) -> Option<i64> {
        if let Some((_, minute)) = self.last.filter(|(last, _)| *last == date) {
            return Some(minute);
        }
        let year = i16::try_from(date / 10_000).ok()?;
        let month = i8::try_from(date / 100 % 100).ok()?;
        let day = i8::try_from(date % 100).ok()?;
        let minute = midnight(Date::new(year, month, day).ok()?)?;
        self.last = Some((date, minute));
        Some(minute)
    }
}

/// The first minute of a date in UTC.
pub(crate) fn midnight(date: Date) -> Option<i64> {
    let start = date.to_zoned(TimeZone::UTC).ok()?;
    Some(start.timestamp().as_second().div_euclid(60))
}

/// A minute as `2026-01-05T00:00:00Z`.
pub(crate) fn text(minute: i64) -> String {
    let at = Timestamp::from_second(minute.saturating_mul(60));
    at.map_or_else(|_| format!("minute {minute}"), |at| at.to_string())
}

/// The minute that begins at `at`.
pub(super) fn whole_minute(at: Timestamp, said: impl FnOnce() -> String) -> Result<i64, String> {
    let since = at.duration_since(Timestamp::UNIX_EPOCH);
    let minutes = since.as_secs().div_euclid(60);
    if since == SignedDuration::from_secs(minutes.saturating_mul(60)) {
        return Ok(minutes);
    }
    Err(format!("{} is no whole minute", said()))
}

/// Any form that is understood.
pub(super) fn any(text: &str) -> Option<Timestamp> {
    let civil = |text: &str| {
        let local: DateTime = text.parse().ok()?;
        local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    text.parse().ok().or_else(|| civil(text).filter(|_| text.len() > "2026-01-05".len()))
}

fn no_time(text: &str) -> String {
    format!("{} is no time such as 2026-01-05T00:00:00Z", quoted(text))
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum: u32, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YEAR: i64 = 29_453_760;

    #[test]
    fn forms_of_a_time() {
        for (text, minutes_later) in [
            ("2026-01-01T00:00:00Z", 0),
            ("2026-01-01T23:59:00Z", 1439),
            ("2026-01-01 00:01", 1),
            ("2026-01-01 00:01:00", 1),
            ("2026-01-01T00:01", 1),
            ("2026-01-01T09:00:00+09:00", 0),
            ("2026-01-01T00:01:00.000Z", 1),
            ("2025-12-31T19:00:00-05:00", 0),
            ("2026-02-28T00:00:00Z", 58 * 1440),
        ] {
            assert_eq!(Clock::default().minute(text), Ok(NEW_YEAR + minutes_later), "{text}");
        }
    }

    #[test]
    fn what_is_no_minute() {
        for (text, why) in [
            ("2026-02-29T00:00:00Z", "is no time"),
            ("2026-13-01T00:00:00Z", "is no time"),
            ("2026-01-01T24:00:00Z", "is no time"),
            ("2026-01-01T00:60:00Z", "is no time"),
            ("2026-01-01", "is no time"),
            ("", "is no time"),
            ("1767571200", "is no time"),
            ("2026-01-01T00:00:30Z", "is no whole minute"),
            ("2026-01-01T00:00:00.5Z", "is no whole minute"),
            ("1969-12-31T23:59:59.5Z", "is no whole minute"),
        ] {
            let error = Clock::default().minute(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn the_fast_way_says_what_jiff_says() {
        let mut clock = Clock::default();
        // Steps of 25 h 17 min over 60 years: every hour, month and leap year.
        for step in 0..20_000_i64 {
            let minute = step * 1_517 - 5_000_000;
            let text = text(minute);
            assert_eq!(clock.usual(text.as_bytes()), Some(minute), "{text}");
            assert_eq!(any(&text).map(|at| at.as_second()), Some(minute * 60), "{text}");
        }
    }
}
