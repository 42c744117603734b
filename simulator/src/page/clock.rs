//! Minutes of a trace as people of the policy's zone tell them, and the ticks of a time axis.
//!
//! What must stay true: an unknown zone is UTC and is called so; around a change of the clock a
//! tick stands where its label says.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// The clock of the policy's zone over a trace.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
    /// The zone's name.
    pub name: String,
    /// The trace's first minute, counted since the epoch.
    first: i64,
}

/// One place of a time axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// The minute of the trace.
    pub minute: f64,
    /// What is written there.
    pub label: String,
}

/// What lies between two ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Minutes(i32),
    Days(i32),
    Weeks(i32),
    Months(i32),
}

const STEPS: [Step; 20] = [
    Step::Minutes(1),
    Step::Minutes(5),
    Step::Minutes(15),
    Step::Minutes(30),
    Step::Minutes(60),
    Step::Minutes(120),
    Step::Minutes(180),
    Step::Minutes(360),
    Step::Minutes(720),
    Step::Days(1),
    Step::Days(2),
    Step::Weeks(1),
    Step::Weeks(2),
    Step::Weeks(4),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(60),
];

impl Clock {
    /// The clock of an IANA zone.
    pub fn new(zone: &str, first: i64) -> Self {
        match TimeZone::get(zone) {
            Ok(found) => Self { zone: found, name: zone.to_owned(), first },
            Err(_) => Self { zone: TimeZone::UTC, name: "UTC".to_owned(), first },
        }
    }

    fn at(&self, minute: f64) -> Zoned {
        let seconds = self.first as f64 * 60.0 + minute * 60.0;
        let at = Timestamp::from_second(seconds as i64).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(self.zone.clone())
    }

    fn minute_of(&self, at: &Zoned) -> f64 {
        at.timestamp().as_second() as f64 / 60.0 - self.first as f64
    }

    fn show(&self, minute: f64, format: &str) -> String {
        self.at(minute).strftime(format).to_string()
    }

    /// `Tue 3 Feb 2026, 19:04`.
    pub fn moment(&self, minute: f64) -> String {
        self.show(minute, "%a %-d %b %Y, %H:%M")
    }

    /// `3 Feb 19:04`.
    pub fn brief(&self, minute: f64) -> String {
        self.show(minute, "%-d %b %H:%M")
    }

    /// `19:04`.
    pub fn time(&self, minute: f64) -> String {
        self.show(minute, "%H:%M")
    }

    /// `Tue 3 Feb 2026`.
    pub fn day(&self, minute: f64) -> String {
        self.show(minute, "%a %-d %b %Y")
    }

    /// The hour of the day.
    pub fn hour(&self, minute: usize) -> usize {
        usize::try_from(self.at(minute as f64).hour()).unwrap_or(0)
    }

    /// Minutes until the hour of the day can be another one: to the next quarter of an hour.
    pub fn same_hour_for(&self, minute: usize) -> usize {
        let since = self.first.saturating_add(i64::try_from(minute).unwrap_or(i64::MAX));
        15 - usize::try_from(since.rem_euclid(15)).unwrap_or(0)
    }

    /// The local day around a minute: its first minute and the one after its last; they may lie
    /// outside the trace.
    pub fn day_around(&self, minute: f64) -> (f64, f64) {
        let date = self.at(minute).date();
        (self.midnight(date), date.tomorrow().map_or(minute + 1.0, |next| self.midnight(next)))
    }

    fn midnight(&self, date: Date) -> f64 {
        self.instant(date, 0).unwrap_or(0.0)
    }

    fn instant(&self, date: Date, minute_of_day: i32) -> Option<f64> {
        let (hour, minute) = ((minute_of_day / 60) as i8, (minute_of_day % 60) as i8);
        let zoned = date.at(hour, minute, 0, 0).to_zoned(self.zone.clone()).ok()?;
        Some(self.minute_of(&zoned))
    }

    /// The ticks between two minutes, `most` of them at most: on round hours, days, Mondays or
    /// firsts of a month.
    pub fn ticks(&self, begin: f64, end: f64, most: usize) -> Vec<Tick> {
        let fits = |step: &Step| (end - begin) / step.minutes() <= most as f64;
        let step = STEPS.into_iter().find(fits).unwrap_or(Step::Months(120));
        let (mut date, last) = (self.at(begin).date(), self.at(end).date());
        let mut ticks: Vec<Tick> = Vec::new();
        while date <= last {
            for minute_of_day in step.of_day(date) {
                let Some(minute) = self.instant(date, minute_of_day) else { continue };
                let after = ticks.last().is_none_or(|tick| tick.minute < minute);
                if after && (begin..=end).contains(&minute) {
                    ticks.push(Tick {
                        minute,
                        label: self.show(minute, step.format(minute_of_day)),
                    });
                }
            }
            let Ok(next) = date.checked_add(1.day()) else { break };
            date = next;
        }
        ticks
    }
}

impl Step {
    fn minutes(self) -> f64 {
        match self {
            Self::Minutes(n) => f64::from(n),
            Self::Days(n) => f64::from(n) * 1_440.0,
            Self::Weeks(n) => f64::from(n) * 10_080.0,
            Self::Months(n) => f64::from(n) * 43_800.0,
        }
    }

    /// The minutes of this day that have a tick.
    fn of_day(self, date: Date) -> Vec<i32> {
        // Days since a Monday.
        let since = date.since(jiff::civil::date(1970, 1, 5)).map_or(0, |span| span.get_days());
        let month = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
        let hit = match self {
            Self::Minutes(n) => return (0..1_440 / n).map(|place| place * n).collect(),
            Self::Days(n) => since.rem_euclid(n) == 0,
            Self::Weeks(n) => since.rem_euclid(7 * n) == 0,
            Self::Months(n) => date.day() == 1 && month.rem_euclid(n) == 0,
        };
        if hit { vec![0] } else { Vec::new() }
    }

    fn format(self, minute_of_day: i32) -> &'static str {
        match self {
            Self::Minutes(_) if minute_of_day > 0 => "%H:%M",
            Self::Months(n) if n >= 12 => "%Y",
            Self::Months(_) => "%b",
            _ => "%-d %b",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 5 January 2026, 00:00 UTC.
    const FIRST: i64 = 29_459_520;

    fn labels(zone: &str, minutes: f64, most: usize) -> Vec<String> {
        let ticks = Clock::new(zone, FIRST).ticks(0.0, minutes, most);
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_in_the_zone() {
        let cases = [
            ("UTC", 60.0, 5, "5 Jan 00:15 00:30 00:45 01:00"),
            ("UTC", 1_440.0, 5, "5 Jan 06:00 12:00 18:00 6 Jan"),
            ("Asia/Seoul", 1_440.0, 5, "12:00 18:00 6 Jan 06:00"),
            ("Asia/Kathmandu", 1_440.0, 5, "06:00 12:00 18:00 6 Jan"),
            ("UTC", 7.0 * 1_440.0, 12, "5 Jan 6 Jan 7 Jan 8 Jan 9 Jan 10 Jan 11 Jan 12 Jan"),
            ("UTC", 28.0 * 1_440.0, 5, "5 Jan 12 Jan 19 Jan 26 Jan 2 Feb"),
            ("UTC", 365.0 * 1_440.0, 6, "Mar May Jul Sep Nov Jan"),
            ("UTC", 365.0 * 14_400.0, 6, "2030 2035"),
        ];
        for (zone, minutes, most, wanted) in cases {
            assert_eq!(labels(zone, minutes, most).join(" "), wanted, "{zone} {minutes}");
        }
    }

    #[test]
    fn a_change_of_the_clock_moves_ticks_and_days() {
        // 29 March 2026: Berlin skips from 02:00 to 03:00.
        let clock = Clock::new("Europe/Berlin", FIRST);
        let at = 83.0 * 1_440.0;
        let (begin, end) = clock.day_around(at);
        assert_eq!(end - begin, 23.0 * 60.0);
        assert_eq!(clock.day(at), "Sun 29 Mar 2026");
        let ticks = clock.ticks(begin, end, 24);
        assert!(ticks.windows(2).all(|pair| pair[0].minute < pair[1].minute));
        let labels: Vec<&str> = ticks.iter().map(|tick| tick.label.as_str()).take(4).collect();
        assert_eq!(labels, ["29 Mar", "01:00", "03:00", "04:00"]);
    }

    #[test]
    fn an_unknown_zone_is_utc_and_says_so() {
        let clock = Clock::new("Mars/Olympus", FIRST);
        assert_eq!(
            (clock.name.as_str(), clock.moment(90.0)),
            ("UTC", "Mon 5 Jan 2026, 01:30".into())
        );
        assert_eq!((clock.hour(90), clock.same_hour_for(90), clock.same_hour_for(89)), (1, 15, 1));
    }
}
