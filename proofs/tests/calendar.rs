//! The calendar against an oracle that was written the other way round, minute by minute
//! around every change of the clocks from 2020 to 2040.
//!
//! The calendar asks the zone which instant a local time is. The oracle walks through real
//! minutes, notes what the clocks show, and lets a window begin and end when its civil minute
//! comes: one that the clocks repeat comes the first time, one that they skip comes as long
//! after the jump as it lies behind the jump's beginning. Its changes of the clocks are found
//! by looking at the offset of every hour, its weekdays by counting days.
//!
//! What must stay true: both agree at every minute; a window that the clocks skip or repeat
//! happens exactly once, without a flicker; deadlines never go back; the native backstop's
//! cron restores the day at the minute at which the calendar starts it.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test")]
#![expect(clippy::indexing_slicing, reason = "a civil minute out of reach fails the test")]
#![expect(clippy::panic, reason = "a minute on which they differ fails the test")]

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use tidegate_domain::calendar::{Calendar, DayOfWeek, DayWindow, Moment, StayUp};
use tidegate_domain::group::Backstop;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::Groups;
use tidegate_fakes::{FakeAws, GroupSpec, block_on};
use tidegate_proofs::length::length;

/// A day has as many civil minutes.
const DAY: i64 = 24 * 60;
/// Compared before and after every change.
const AROUND: i64 = 3 * 60;
/// Zones with changes, and how many they have in these 21 years. Santiago's clocks jump at
/// midnight: the skipped minutes are the first of their day.
const CHANGING: [(&str, usize); 4] = [
    ("Europe/Berlin", 42),
    ("America/New_York", 42),
    ("Australia/Lord_Howe", 42),
    ("America/Santiago", 42),
];

/// 2020-01-01 and 2041-01-01, in minutes since the epoch.
fn years() -> (i64, i64) {
    let minute = |text: &str| text.parse::<Timestamp>().unwrap().as_second() / 60;
    (minute("2020-01-01T00:00Z"), minute("2041-01-01T00:00Z"))
}

fn instant(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

/// Minutes that the zone's clocks are ahead of UTC.
fn offset(zone: &TimeZone, minute: i64) -> i64 {
    let seconds = i64::from(zone.to_offset(instant(minute)).seconds());
    assert_eq!(seconds % 60, 0, "an offset of whole minutes");
    seconds / 60
}

/// From `at` on the clocks show `after` instead of `before` (minutes ahead of UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    at: i64,
    before: i64,
    after: i64,
}

impl Change {
    fn at(zone: &TimeZone, at: i64) -> Self {
        Self { at, before: offset(zone, at - 1), after: offset(zone, at) }
    }
}

/// The changes that the zone's table tells.
fn told(zone: &TimeZone) -> Vec<Change> {
    let (from, until) = years();
    zone.following(instant(from))
        .map(|t| t.timestamp().as_second() / 60)
        .take_while(|minute| *minute < until)
        .map(|minute| Change::at(zone, minute))
        .filter(|change| change.before != change.after)
        .collect()
}

/// The changes that show when every hour is looked at.
fn found(zone: &TimeZone) -> Vec<Change> {
    let (from, until) = years();
    let mut found = Vec::new();
    for hour in (from..until).step_by(60) {
        let before = offset(zone, hour);
        if before == offset(zone, hour + 60) {
            continue;
        }
        let minute = (hour + 1..=hour + 60).find(|m| offset(zone, *m) != before).unwrap();
        found.push(Change::at(zone, minute));
    }
    found
}

/// What the clocks of a zone show: civil minutes since the first of January 1970.
struct Clocks<'a> {
    zone: &'a str,
    changes: &'a [Change],
    /// Before the first change, and all the time where there is none.
    first: i64,
}

impl Clocks<'_> {
    fn shown(&self, minute: i64) -> i64 {
        let passed = self.changes.iter().rev().find(|c| c.at <= minute);
        minute + passed.map_or(self.first, |c| c.after)
    }
}

/// The real minute at which each civil minute comes, for some days around a centre.
struct Comes {
    from: i64,
    at: Vec<i64>,
}

impl Comes {
    fn around(clocks: &Clocks<'_>, centre: i64) -> Self {
        let begin = centre - 5 * DAY;
        let from = clocks.shown(begin);
        let mut at = Vec::new();
        for minute in begin..centre + 18 * DAY {
            let due = from + i64::try_from(at.len()).unwrap();
            let shown = clocks.shown(minute);
            // What was skipped comes as if the clocks had gone on.
            at.extend((due..shown).map(|skipped| minute + skipped - due));
            if shown >= due {
                at.push(minute);
            }
        }
        Self { from, at }
    }

    fn of(&self, civil: i64) -> i64 {
        self.at[usize::try_from(civil - self.from).unwrap()]
    }
}

/// A calendar in plain numbers: minutes of the day, days since the first of January 1970,
/// weekdays with Monday as 0.
#[derive(Debug, Clone)]
struct Wish {
    day: i64,
    night: i64,
    days: BTreeSet<i64>,
    holidays: BTreeMap<i64, i64>,
    until: Option<i64>,
}

/// From a real minute up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    start: i64,
    end: i64,
}

/// The first of January 1970 was a Thursday.
fn weekday(date: i64) -> i64 {
    (date + 3).rem_euclid(7)
}

impl Wish {
    fn has_day(&self, date: i64) -> bool {
        let counts_as = self.holidays.get(&date).copied().unwrap_or(weekday(date));
        self.days.contains(&counts_as)
    }

    /// The regular windows of these dates.
    fn regular(&self, comes: &Comes, dates: impl Iterator<Item = i64>) -> Vec<Span> {
        let length = (self.night - self.day).rem_euclid(DAY);
        let window = |date: i64| {
            let civil = date * DAY + self.day;
            span(comes, civil, civil + length)
        };
        dates.filter(|date| self.has_day(*date)).map(window).collect()
    }

    /// The evening that goes on: back from its end to the night's start before it.
    fn evening(&self, comes: &Comes) -> Option<Span> {
        let until = self.until?;
        let start = (until - DAY..until).rev().find(|civil| civil.rem_euclid(DAY) == self.night);
        Some(span(comes, start.unwrap(), until))
    }

    fn calendar(&self, zone: &str) -> Calendar {
        let time = |minute: i64| {
            let (hour, minute) = (minute / 60, minute % 60);
            Time::new(i8::try_from(hour).unwrap(), i8::try_from(minute).unwrap(), 0, 0).unwrap()
        };
        let date = |days: i64| Date::constant(1970, 1, 1).checked_add(days.days()).unwrap();
        let day = |n: i64| DayOfWeek::parse(DayOfWeek::WORDS[usize::try_from(n).unwrap()]).unwrap();
        let stay = |until: i64| StayUp {
            until: date(until.div_euclid(DAY)).to_datetime(time(until.rem_euclid(DAY))),
            reason: "launch".into(),
        };
        Calendar {
            zone: TimeZone::get(zone).unwrap(),
            day_starts: time(self.day),
            night_starts: time(self.night),
            days: self.days.iter().map(|d| day(*d)).collect(),
            holidays: self.holidays.iter().map(|(d, as_)| (date(*d), day(*as_))).collect(),
            exceptions: self.until.map(stay).into_iter().collect(),
        }
    }
}

/// A window between civil minutes. Where its start is skipped up to its end and beyond, it
/// happens all the same, as long as it was meant to be.
fn span(comes: &Comes, from: i64, until: i64) -> Span {
    let (start, end) = (comes.of(from), comes.of(until));
    Span { start, end: if end > start { end } else { start + until - from } }
}

/// Times of the day at which a window may start or end: around what the change skips or
/// repeats, inside it, at its edges.
fn hot(change: Change) -> Vec<i64> {
    let (a, b) = (change.at + change.before, change.at + change.after);
    let (low, high) = (a.min(b), a.max(b));
    let times = [low - 1, low, i64::midpoint(low, high), high - 1, high, high + 1];
    times.map(|civil| civil.rem_euclid(DAY)).to_vec()
}

/// Every pair of a day's and a night's start with at least one of them at the change.
fn starts(change: Change) -> Vec<(i64, i64)> {
    let cold = [0, 8 * 60, 22 * 60 + 30];
    let hot = hot(change);
    let inside = hot.iter().flat_map(|a| hot.iter().map(|b| (*a, *b)));
    let across = hot.iter().flat_map(|a| cold.into_iter().flat_map(|b| [(*a, b), (b, *a)]));
    inside.chain(across).filter(|(day, night)| day != night).collect()
}

/// Days, holidays and an exception around the date of the change.
const VARIANTS: usize = 7;

fn wish((day, night): (i64, i64), variant: usize, change: Change) -> Wish {
    let date = (change.at + change.after).div_euclid(DAY);
    let only = |date: i64| BTreeSet::from([weekday(date)]);
    let all = BTreeSet::from([0, 1, 2, 3, 4, 5, 6]);
    let most = || all.iter().copied().filter(|d| *d != 5).collect();
    let (days, holiday, until) = match variant {
        0 => (all, None, None),
        1 => (only(date), None, None),
        2 => (only(date - 1), None, None),
        3 => (BTreeSet::from([0, 1, 2, 3, 4]), Some(0), None),
        4 => (most(), Some(5), None),
        // Until half past one, and until the last minute that the change touches.
        5 => (only(date - 1), None, Some(date * DAY + 90)),
        _ => (only(date + 3), None, Some((change.at + change.before.max(change.after)) - 1)),
    };
    let holidays = holiday.map(|counts_as| (date, counts_as)).into_iter().collect();
    Wish { day, night, days, holidays, until }
}

/// Where a minute lies, by the oracle.
fn judge(regular: &[Span], evening: Option<Span>, minute: i64) -> (Option<Span>, Option<Span>) {
    let all = || regular.iter().copied().chain(evening);
    let holds = |s: &Span| s.start <= minute && minute < s.end;
    let day = all().filter(holds).max_by_key(|s| s.end);
    let next = all().filter(|s| minute < s.start).min_by_key(|s| s.start);
    (day, next)
}

fn as_span(window: DayWindow) -> Span {
    let minute = |at: Timestamp| {
        assert_eq!(at.as_second() % 60, 0, "{at}");
        at.as_second() / 60
    };
    Span { start: minute(window.start), end: minute(window.end) }
}

/// Compares one wish at every minute around a change, and watches the laws on the way. The
/// answer is how many minutes were compared.
fn compare(clocks: &Clocks<'_>, comes: &Comes, wish: &Wish, centre: i64) -> usize {
    let calendar = wish.calendar(clocks.zone);
    let date = clocks.shown(centre).div_euclid(DAY);
    let regular = wish.regular(comes, date - 4..=date + 15);
    let evening = wish.evening(comes);
    let mut law = Law::default();
    let minutes = centre - AROUND..=centre + AROUND;
    for minute in minutes.clone() {
        let Moment { day, next } = calendar.at(instant(minute));
        let (day, next) = (day.map(as_span), next.map(as_span));
        if (day, next) != judge(&regular, evening, minute) {
            let at = instant(minute).to_zoned(calendar.zone);
            let oracle = judge(&regular, evening, minute);
            panic!("{at}: {wish:?}: {day:?} then {next:?}, the oracle says {oracle:?}");
        }
        law.watch(minute, day, next);
        let stays = evening.is_some_and(|e| e.start <= minute && minute < e.end);
        assert_eq!(calendar.stay_up(instant(minute)).is_some(), stays, "{minute}: {wish:?}");
    }
    if evening.is_none() {
        let due = (date - 3..=date + 3).filter(|d| wish.has_day(*d));
        let due = due.map(|d| comes.of(d * DAY + wish.day)).filter(|m| minutes.contains(m));
        let due: Vec<i64> = due.collect();
        let begun: Vec<i64> = law.days.iter().map(|d| d.start).collect();
        let begun: Vec<i64> = begun.into_iter().filter(|m| minutes.contains(m)).collect();
        assert_eq!(begun, due, "each window begins once: {wish:?}");
    }
    minutes.count()
}

/// What holds from minute to minute, whatever the windows are.
#[derive(Default)]
struct Law {
    /// Every window that was on, in order.
    days: Vec<Span>,
    deadline: i64,
}

impl Law {
    fn watch(&mut self, minute: i64, day: Option<Span>, next: Option<Span>) {
        let next = next.unwrap();
        assert!(minute < next.start && self.deadline <= next.start, "deadlines go on: {minute}");
        self.deadline = next.start;
        let Some(day) = day else { return };
        assert!(day.start <= minute && minute < day.end);
        if self.days.last() != Some(&day) {
            assert!(!self.days.contains(&day), "a window that was over is back: {minute}");
            self.days.push(day);
        }
    }
}

/// The group's own scheduled action restores the day at each start, and at no other minute.
fn check_backstop(clocks: &Clocks<'_>, comes: &Comes, wish: &Wish, centre: i64) -> usize {
    let date = clocks.shown(centre).div_euclid(DAY);
    let starts = wish.regular(comes, date - 2..=date + 2).into_iter().map(|s| s.start);
    let starts: Vec<i64> = starts.filter(|s| (s - centre).abs() < AROUND).collect();
    let aws = FakeAws::at(instant(centre - AROUND));
    let fleet = FleetName::new("web").unwrap();
    aws.add_group(&fleet, GroupSpec::sized(1, 1, 9)).unwrap();
    let recurrence = wish.calendar(clocks.zone).day_cron();
    let backstop = Backstop { min: 2, recurrence, time_zone: clocks.zone.into() };
    block_on(aws.put_backstop(&fleet, &backstop)).unwrap();
    let min_at = |minute: i64| {
        aws.set_now(instant(minute));
        let min = aws.sizes(&fleet).unwrap().min;
        aws.outside_set_min(&fleet, 1).unwrap();
        min
    };
    for start in &starts {
        assert_eq!(min_at(start - 1), 1, "before {start}: {wish:?}");
        assert_eq!(min_at(*start), 2, "at {start}: {wish:?}");
    }
    assert_eq!(min_at(centre + AROUND - 1), 1, "once each: {wish:?}");
    starts.len()
}

/// What was compared.
#[derive(Debug, Default)]
struct Count {
    around: usize,
    minutes: usize,
    backstops: usize,
}

fn prove(zone: &str, changes: &[Change], centres: &[Change]) -> Count {
    let tz = TimeZone::get(zone).unwrap();
    let clocks = Clocks { zone, changes, first: offset(&tz, years().0) };
    let mut count = Count { around: centres.len(), ..Count::default() };
    // At small length every change takes half of the pairs, each with one variant; the next
    // change takes the other half, and each pair the next variant.
    let variants = usize::try_from(length(1, 7)).unwrap();
    let stride = usize::try_from(length(2, 1)).unwrap();
    for (n, centre) in centres.iter().enumerate() {
        let comes = Comes::around(&clocks, centre.at);
        // Spring and autumn take turns, so that both have every pair.
        let pairs = starts(*centre).into_iter().enumerate().skip(n / 2 % stride);
        for (m, pair) in pairs.step_by(stride) {
            for variant in (n + m..).take(variants) {
                let wish = wish(pair, variant % VARIANTS, *centre);
                count.minutes += compare(&clocks, &comes, &wish, centre.at);
                if wish.holidays.is_empty() && wish.until.is_none() {
                    count.backstops += check_backstop(&clocks, &comes, &wish, centre.at);
                }
            }
        }
    }
    count
}

#[test]
fn every_change_of_the_clocks_minute_by_minute() {
    let run = |zone: &'static str, expected: usize| {
        let tz = TimeZone::get(zone).unwrap();
        let changes = told(&tz);
        assert_eq!(changes, found(&tz), "{zone}");
        assert_eq!(changes.len(), expected, "{zone}");
        prove(zone, &changes, &changes)
    };
    let runs = CHANGING.map(|(zone, n)| (zone, thread::spawn(move || run(zone, n))));
    let mut sum = Count::default();
    for (zone, run) in runs {
        let Count { around, minutes, backstops } = run.join().unwrap();
        println!("{zone}: {around} changes, {minutes} minutes, {backstops} backstops");
        sum = Count {
            around: sum.around + around,
            minutes: sum.minutes + minutes,
            backstops: sum.backstops + backstops,
        };
    }
    assert!(sum.minutes > 1_900_000 && sum.backstops > 1_000, "{sum:?}");
}

#[test]
fn seoul_has_no_change_and_ordinary_midnights() {
    let tz = TimeZone::get("Asia/Seoul").unwrap();
    assert_eq!((told(&tz), found(&tz)), (vec![], vec![]));
    let (from, until) = years();
    // Nine hours ahead; every 190 days, so that all weekdays and seasons are there. What would
    // be an hour's jump says which times of the day are tried.
    let midnights = (from..until).step_by(190 * 24 * 60).map(|m| m - 9 * 60);
    let centres: Vec<Change> =
        midnights.map(|at| Change { at, before: 9 * 60, after: 10 * 60 }).collect();
    assert!(centres.len() > 40);
    let Count { around, minutes, backstops } = prove("Asia/Seoul", &[], &centres);
    println!("Asia/Seoul: {around} midnights, {minutes} minutes, {backstops} backstops");
}

#[test]
fn lord_howe_moves_its_clocks_by_half_an_hour() {
    let changes = told(&TimeZone::get("Australia/Lord_Howe").unwrap());
    assert!(changes.iter().all(|c| (c.after - c.before).abs() == 30), "{changes:?}");
}
