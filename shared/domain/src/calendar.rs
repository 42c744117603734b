//! The calendar: when it is day, when it is night, in the zone of the policy.
//!
//! Windows are computed as instants, so a local time that the clock skips (it comes as long
//! after the gap as it lies behind the gap's beginning) or repeats (the first of the two
//! counts) starts a window exactly once.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use std::collections::{BTreeMap, BTreeSet};

/// How many days ahead the next day window is looked for: two weeks of holidays and one more.
const HORIZON_DAYS: i32 = 15;

/// A day window: capacity has arrived at `start` and is kept until `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayWindow {
    /// The deadline.
    pub start: Timestamp,
    /// First instant of the night after it.
    pub end: Timestamp,
}

/// "Stay up tonight until 02:00."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StayUp {
    /// Local time until which the evening's day goes on.
    pub until: DateTime,
    /// Why, for the decision's text.
    pub reason: String,
}

/// Weekly day windows in a zone, with holidays and exceptions.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// IANA zone.
    pub zone: TimeZone,
    /// Local time at which the day starts.
    pub day_starts: Time,
    /// Local time at which the night starts; at or before `day_starts` it is tomorrow's.
    pub night_starts: Time,
    /// Weekdays that have a day.
    pub days: BTreeSet<DayOfWeek>,
    /// Dates that count as another weekday.
    pub holidays: BTreeMap<Date, DayOfWeek>,
    /// One-off exceptions.
    pub exceptions: Vec<StayUp>,
}

/// A weekday that can stand in an ordered set; Monday first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayOfWeek(i8);

impl DayOfWeek {
    /// The words of the policy document.
    pub const WORDS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// Reads `mon` .. `sun`.
    pub fn parse(word: &str) -> Option<Self> {
        let index = Self::WORDS.iter().position(|w| *w == word)?;
        Some(Self(i8::try_from(index).ok()?))
    }

    /// `MON` .. `SUN`, as cron writes it.
    pub fn cron(self) -> String {
        let index = usize::try_from(self.0).unwrap_or(0);
        Self::WORDS.get(index).unwrap_or(&"mon").to_uppercase()
    }

    fn of(weekday: Weekday) -> Self {
        Self(weekday.to_monday_zero_offset())
    }
}

/// Where an instant lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The day window that holds it, if it is day.
    pub day: Option<DayWindow>,
    /// The next day window that starts after it, within two weeks.
    pub next: Option<DayWindow>,
}

impl Moment {
    /// With one more window that may hold `now`, or be the next one.
    fn with(self, now: Timestamp, window: DayWindow) -> Self {
        if window.start > now {
            let next = self.next.filter(|next| next.start <= window.start);
            return Self { next: next.or(Some(window)), ..self };
        }
        let longer = self.day.is_none_or(|day| day.end <= window.end);
        if now < window.end && longer { Self { day: Some(window), ..self } } else { self }
    }

    /// The window whose capacity must be there at this instant, counting `lead` before its
    /// start.
    pub fn day_or_lead(&self, now: Timestamp, lead: SignedDuration) -> Option<DayWindow> {
        let ahead = self.next.filter(|w| w.start.duration_since(now) <= lead);
        self.day.or(ahead)
    }
}

impl Calendar {
    /// Where `now` lies.
    pub fn at(&self, now: Timestamp) -> Moment {
        let today = now.to_zoned(self.zone.clone()).date();
        let mut moment = Moment { day: None, next: None };
        for window in self.regular(today) {
            moment = moment.with(now, window);
            // Days come in their order, and looking up a local time is what this costs.
            if window.start > now {
                break;
            }
        }
        let stay = self.exceptions.iter().filter_map(|e| self.exception_window(e));
        stay.fold(moment, |moment, window| moment.with(now, window))
    }

    /// The reason of an exception that keeps `now` in the day, if one does.
    pub fn stay_up(&self, now: Timestamp) -> Option<&StayUp> {
        self.exceptions
            .iter()
            .find(|e| self.exception_window(e).is_some_and(|w| w.start <= now && now < w.end))
    }

    /// The same local time `weeks` weeks earlier.
    pub fn weeks_before(&self, at: Timestamp, weeks: i32) -> Option<Timestamp> {
        let local = at.to_zoned(self.zone.clone());
        local.checked_sub(weeks.weeks()).ok().map(|z| z.timestamp())
    }

    /// The cron of the day's start on its weekdays; `* * 0` style lists, local to the zone.
    pub fn day_cron(&self) -> String {
        let days: Vec<String> = self.days.iter().map(|d| d.cron()).collect();
        format!("{} {} * * {}", self.day_starts.minute(), self.day_starts.hour(), days.join(","))
    }

    /// The weekly windows around a date, ascending.
    fn regular(&self, today: Date) -> impl Iterator<Item = DayWindow> + '_ {
        (-2..=HORIZON_DAYS)
            .filter_map(move |offset| today.checked_add(offset.days()).ok())
            .filter(|date| self.days.contains(&self.weekday(*date)))
            .filter_map(|date| self.window_of(date))
    }

    fn weekday(&self, date: Date) -> DayOfWeek {
        self.holidays.get(&date).copied().unwrap_or(DayOfWeek::of(date.weekday()))
    }

    fn window_of(&self, date: Date) -> Option<DayWindow> {
        let across = self.night_starts <= self.day_starts;
        let last = if across { date.tomorrow().ok()? } else { date };
        self.window(date.to_datetime(self.day_starts), last.to_datetime(self.night_starts))
    }

    /// From the last local night start before `until` up to it: the evening that goes on.
    fn exception_window(&self, stay: &StayUp) -> Option<DayWindow> {
        let same_day = stay.until.time() > self.night_starts;
        let date = stay.until.date();
        let evening = if same_day { date } else { date.yesterday().ok()? };
        self.window(evening.to_datetime(self.night_starts), stay.until)
    }

    /// A skipped start may come after its end: the window happens all the same, as long as it
    /// was meant to be.
    fn window(&self, from: DateTime, until: DateTime) -> Option<DayWindow> {
        let (start, end) = (self.instant(from)?, self.instant(until)?);
        let meant = start.checked_add(from.duration_until(until)).ok()?;
        Some(DayWindow { start, end: if start < end { end } else { meant } })
    }

    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(local).compatible().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(zone: &str, day: &str, night: &str) -> Calendar {
        Calendar {
            zone: TimeZone::get(zone).unwrap(),
            day_starts: day.parse().unwrap(),
            night_starts: night.parse().unwrap(),
            days: ["mon", "tue", "wed", "thu", "fri"]
                .into_iter()
                .filter_map(DayOfWeek::parse)
                .collect(),
            holidays: BTreeMap::new(),
            exceptions: Vec::new(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_in_seoul() {
        let c = calendar("Asia/Seoul", "08:00", "22:00");
        for (when, is_day) in [
            ("2026-11-20T07:59:59+09:00", false),
            ("2026-11-20T08:00:00+09:00", true),
            ("2026-11-20T21:59:59+09:00", true),
            ("2026-11-20T22:00:00+09:00", false),
            ("2026-11-21T12:00:00+09:00", false), // a Saturday
        ] {
            assert_eq!(c.at(at(when)).day.is_some(), is_day, "{when}");
        }
        let next = c.at(at("2026-11-21T12:00:00+09:00")).next.unwrap();
        assert_eq!(next.start, at("2026-11-23T08:00:00+09:00"));
        assert_eq!(c.day_cron(), "0 8 * * MON,TUE,WED,THU,FRI");
    }

    #[test]
    fn a_window_across_midnight() {
        let c = calendar("Asia/Seoul", "18:00", "03:00");
        assert!(c.at(at("2026-11-21T02:00:00+09:00")).day.is_some(), "Friday's evening");
        assert!(c.at(at("2026-11-22T02:00:00+09:00")).day.is_none(), "no Saturday");
    }

    #[test]
    fn holidays_count_as_another_weekday() {
        let mut c = calendar("Asia/Seoul", "08:00", "22:00");
        c.holidays.insert("2027-01-01".parse().unwrap(), DayOfWeek::parse("sun").unwrap());
        c.holidays.insert("2027-01-02".parse().unwrap(), DayOfWeek::parse("mon").unwrap());
        assert!(c.at(at("2027-01-01T12:00:00+09:00")).day.is_none());
        assert!(c.at(at("2027-01-02T12:00:00+09:00")).day.is_some());
    }

    #[test]
    fn staying_up_extends_the_evening_even_at_a_weekend() {
        let mut c = calendar("Asia/Seoul", "08:00", "22:00");
        for until in ["2026-12-31T02:00", "2026-12-26T23:30"] {
            let until = until.parse().unwrap();
            c.exceptions.push(StayUp { until, reason: "launch".into() });
        }
        assert!(c.at(at("2026-12-31T01:59:00+09:00")).day.is_some());
        assert!(c.at(at("2026-12-31T02:00:00+09:00")).day.is_none());
        assert!(c.at(at("2026-12-26T22:30:00+09:00")).day.is_some(), "a Saturday");
        assert!(c.at(at("2026-12-26T21:30:00+09:00")).day.is_none());
        assert_eq!(c.stay_up(at("2026-12-31T01:00:00+09:00")).unwrap().reason, "launch");
        assert_eq!(c.stay_up(at("2026-12-30T21:59:59+09:00")), None, "an ordinary day");
        assert_eq!(c.stay_up(at("2026-12-31T02:00:00+09:00")), None, "it is over");
    }

    #[test]
    fn staying_up_until_the_nights_start_is_a_whole_day() {
        let mut c = calendar("Asia/Seoul", "08:00", "22:00");
        let until = "2026-11-21T22:00".parse().unwrap();
        c.exceptions.push(StayUp { until, reason: "sale".into() });
        let saturday = c.at(at("2026-11-21T12:00:00+09:00")).day.unwrap();
        assert_eq!(saturday.start, at("2026-11-20T22:00:00+09:00"));
        assert_eq!(saturday.end, at("2026-11-21T22:00:00+09:00"));
    }

    #[test]
    fn the_day_counts_from_its_lead_on() {
        let c = calendar("Asia/Seoul", "08:00", "22:00");
        let lead = SignedDuration::from_mins(4);
        let start = |text: &str| c.at(at(text)).day_or_lead(at(text), lead).map(|w| w.start);
        let day = Some(at("2026-11-20T08:00:00+09:00"));
        for (name, when, want) in [
            ("a second too early", "2026-11-20T07:55:59+09:00", None),
            ("exactly the lead", "2026-11-20T07:56:00+09:00", day),
            ("by day", "2026-11-20T21:59:59+09:00", day),
            ("by night", "2026-11-20T22:00:00+09:00", None),
        ] {
            assert_eq!(start(when), want, "{name}");
        }
    }

    #[test]
    fn the_next_window_starts_after_now() {
        let c = calendar("Asia/Seoul", "08:00", "22:00");
        let next = |text: &str| c.at(at(text)).next.unwrap().start;
        let (friday, monday) = ("2026-11-20T08:00:00+09:00", "2026-11-23T08:00:00+09:00");
        assert_eq!(next("2026-11-20T07:59:59+09:00"), at(friday));
        assert_eq!(next(friday), at(monday), "the one that starts now is on");
    }

    #[test]
    fn a_window_that_the_clock_skips_happens_after_the_gap() {
        let mut c = calendar("Europe/Berlin", "02:30", "03:00");
        c.days.extend(DayOfWeek::parse("sun"));
        let next = c.at(at("2027-03-28T01:00:00+01:00")).next.unwrap();
        assert_eq!(next.start, at("2027-03-28T03:30:00+02:00"));
        assert_eq!(next.end, at("2027-03-28T04:00:00+02:00"));
        c.night_starts = "03:30".parse().unwrap();
        let next = c.at(at("2027-03-28T01:00:00+01:00")).next.unwrap();
        assert_eq!(next.end, at("2027-03-28T04:30:00+02:00"), "its end is its start");
    }

    #[test]
    fn a_window_ends_by_the_clock_though_it_jumped_meanwhile() {
        let mut c = calendar("Europe/Berlin", "01:00", "22:00");
        c.days.extend(DayOfWeek::parse("sun"));
        let spring = c.at(at("2027-03-28T12:00:00+02:00")).day.unwrap();
        assert_eq!(spring.end, at("2027-03-28T22:00:00+02:00"));
        let autumn = c.at(at("2026-10-25T12:00:00+01:00")).day.unwrap();
        assert_eq!(autumn.end, at("2026-10-25T22:00:00+01:00"));
    }

    #[test]
    fn a_skipped_start_comes_as_long_after_the_gap_as_it_was_in_it() {
        let mut c = calendar("Europe/Berlin", "02:30", "22:00");
        c.days.extend(DayOfWeek::parse("sun"));
        let night = at("2027-03-28T01:00:00+01:00");
        let next = c.at(night).next.unwrap();
        assert_eq!(next.start, at("2027-03-28T03:30:00+02:00"));
    }

    #[test]
    fn a_repeated_start_happens_once() {
        let mut c = calendar("Europe/Berlin", "02:30", "22:00");
        c.days.extend(DayOfWeek::parse("sun"));
        let first = at("2026-10-25T02:30:00+02:00");
        assert_eq!(c.at(at("2026-10-25T01:00:00+02:00")).next.unwrap().start, first);
        let day = c.at(at("2026-10-25T02:30:00+01:00")).day.unwrap();
        assert_eq!(day.start, first);
    }

    #[test]
    fn weeks_before_keeps_the_local_time() {
        let c = calendar("Europe/Berlin", "08:00", "22:00");
        let after = at("2027-03-30T08:00:00+02:00");
        assert_eq!(c.weeks_before(after, 1), Some(at("2027-03-23T08:00:00+01:00")));
    }
}
