//! Five-field Unix cron in a time zone, as Auto Scaling's scheduled actions take it.
//!
//! A time that the zone's clock skips happens when the clock has moved on; a time that it
//! repeats happens once.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// How far ahead an occurrence is looked for: a leap day comes within eight years.
const HORIZON_DAYS: u32 = 8 * 366;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A recurrence: the set bits of each field are its values.
#[derive(Debug, Clone)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    month_days: u64,
    months: u64,
    week_days: u64,
    /// Day of month and day of week are both given: either one is enough.
    either_day: bool,
    zone: TimeZone,
}

impl Cron {
    /// Reads a recurrence and its IANA zone.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str, zone: &str) -> Result<Self, String> {
        let zone = TimeZone::get(zone).map_err(|_| format!("invalid time zone {zone:?}"))?;
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, month_day, month, week_day] = fields.as_slice() else {
            return Err(format!("{text:?} has not five fields"));
        };
        // Day 7 is Sunday too.
        let week_days = field(week_day, 0, 7, &DAYS)?;
        Ok(Self {
            minutes: field(minute, 0, 59, &[])?,
            hours: field(hour, 0, 23, &[])?,
            month_days: field(month_day, 1, 31, &[])?,
            months: field(month, 1, 12, &MONTHS)?,
            week_days: week_days | (week_days >> 7),
            either_day: *month_day != "*" && *week_day != "*",
            zone,
        })
    }

    /// The first occurrence after an instant.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let today = after.to_zoned(self.zone.clone()).date();
        (0..HORIZON_DAYS)
            .filter_map(|ahead| today.checked_add(i64::from(ahead).days()).ok())
            .filter(|date| self.has_day(*date))
            .find_map(|date| self.times(date).filter(|at| *at > after).min())
    }

    fn has_day(&self, date: Date) -> bool {
        let in_month = has(self.month_days, date.day());
        let in_week = has(self.week_days, date.weekday().to_sunday_zero_offset());
        let day = if self.either_day { in_month || in_week } else { in_month && in_week };
        day && has(self.months, date.month())
    }

    fn times(&self, date: Date) -> impl Iterator<Item = Timestamp> {
        let minutes = move |hour| (0..60).map(move |minute| (hour, minute));
        (0..24)
            .filter(|hour| has(self.hours, *hour))
            .flat_map(minutes)
            .filter(|(_, minute)| has(self.minutes, *minute))
            .filter_map(move |(hour, minute)| self.instant(date.at(hour, minute, 0, 0)))
    }

    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        self.zone.to_timestamp(local).ok()
    }
}

fn has(set: u64, value: i8) -> bool {
    u32::try_from(value).is_ok_and(|bit| set & (1 << bit) != 0)
}

fn field(text: &str, low: u32, high: u32, words: &[&str]) -> Result<u64, String> {
    text.split(',').try_fold(0, |set, part| Ok(set | range(part, low, high, words)?))
}

fn range(text: &str, low: u32, high: u32, words: &[&str]) -> Result<u64, String> {
    let bad = || format!("{text:?} is not a list of values from {low} to {high}");
    let (span, step) = text.split_once('/').map_or((text, None), |(s, n)| (s, Some(n)));
    let step = step.map_or(Ok(1), str::parse::<usize>).map_err(|_| bad())?;
    let value = |word: &str| value(word, low, words).filter(|n| (low..=high).contains(n));
    let (first, last) = match span.split_once('-') {
        None if span == "*" => (low, high),
        None => value(span).map(|n| (n, n)).ok_or_else(bad)?,
        Some((a, b)) => value(a).zip(value(b)).ok_or_else(bad)?,
    };
    if first > last || step == 0 {
        return Err(bad());
    }
    Ok((first..=last).step_by(step).fold(0, |set, bit| set | (1 << bit)))
}

fn value(word: &str, low: u32, words: &[&str]) -> Option<u32> {
    let named = words.iter().position(|w| w.eq_ignore_ascii_case(word));
    match named {
        Some(index) => u32::try_from(index).ok().map(|index| index + low),
        None => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, zone: &str, after: &str) -> String {
        let cron = Cron::parse(cron, zone).unwrap();
        cron.next(after.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn occurrences() {
        let seoul = "Asia/Seoul";
        let cases = [
            ("weekdays", "0 8 * * MON-FRI", seoul, "2026-03-06T00:00:00Z", "2026-03-08T23:00:00Z"),
            ("a list", "0 8 * * MON,WED", seoul, "2026-03-09T00:00:00Z", "2026-03-10T23:00:00Z"),
            ("strictly after", "0 8 * * *", seoul, "2026-03-05T23:00:00Z", "2026-03-06T23:00:00Z"),
            ("steps", "*/15 * * * *", "UTC", "2026-03-05T23:01:00Z", "2026-03-05T23:15:00Z"),
            ("7 is Sunday", "0 0 * * 7", "UTC", "2026-03-05T00:00:00Z", "2026-03-08T00:00:00Z"),
            ("either day", "0 0 9 * SUN", "UTC", "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z"),
            ("a month", "0 0 1 JAN *", "UTC", "2026-03-08T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("leap day", "0 0 29 2 *", "UTC", "2026-03-08T00:00:00Z", "2028-02-29T00:00:00Z"),
            (
                "skipped by the clock",
                "30 2 * * *",
                "Europe/Berlin",
                "2026-03-28T12:00:00Z",
                "2026-03-29T01:30:00Z",
            ),
            (
                "repeated by the clock: once",
                "30 2 * * *",
                "Europe/Berlin",
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z",
            ),
        ];
        for (name, cron, zone, after, expected) in cases {
            assert_eq!(next(cron, zone, after), expected, "{name}");
        }
    }

    #[test]
    fn bad_ones_are_refused() {
        for (cron, zone) in [
            ("0 8 * *", "UTC"),
            ("60 8 * * *", "UTC"),
            ("0 8 * * MON-", "UTC"),
            ("0 8 * * FRI-MON", "UTC"),
            ("0 8 0 * *", "UTC"),
            ("*/0 * * * *", "UTC"),
            ("0 8 * * *", "Mars/Olympus"),
        ] {
            assert!(Cron::parse(cron, zone).is_err(), "{cron} {zone}");
        }
    }

    #[test]
    fn a_day_that_never_comes_has_no_occurrence() {
        let cron = Cron::parse("0 0 31 2 *", "UTC").unwrap();
        assert_eq!(cron.next(Timestamp::UNIX_EPOCH), None);
    }
}
