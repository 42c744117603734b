//! Synthetic traces: what a load may look like, seeded.
//!
//! What must stay true: the same shape, days and seed give the same trace on every machine, so
//! nothing but sums, products and whole-number chance is used.

mod chance;
mod command;

pub(crate) use chance::Chance;
pub use command::{Generate, HELP, answer, rounded};

use crate::trace::Trace;
use clap::ValueEnum;
use std::fmt;

/// 2026-01-05T00:00:00Z, a Monday, in minutes since the epoch.
const MONDAY: i64 = 29_459_520;
/// Minutes of a week.
const WEEK: i64 = 7 * 1440;
/// The load around which a trace lies, a minute.
const USUAL: f64 = 1_000.0;
/// Standard deviation of the noise, relative, and what of it lasts to the next minute.
const NOISE: f64 = 0.03;
const NOISE_LASTS: f64 = 0.7;

/// What a load may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Shape {
    /// The same at all times.
    Flat,
    /// Up by day and down by night, less at weekends.
    Week,
    /// The same, and two percent more every day.
    Growth,
    /// Another level every few hours, at once.
    Steps,
    /// A week with unannounced crowds of two to six times, one every other day.
    Crowds,
    /// A week whose metric lacks single minutes and, every fourth day, six hours.
    Holes,
    /// Another level every few minutes, by much.
    Rough,
    /// People who chat: few at night, more from breakfast on, a dip at lunch, most in the
    /// evening, fewer at weekends; and about every nine days a crowd that nobody announced.
    Chat,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 8] = [
        Self::Flat,
        Self::Week,
        Self::Growth,
        Self::Steps,
        Self::Crowds,
        Self::Holes,
        Self::Rough,
        Self::Chat,
    ];

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.to_string() == word)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flat => "flat",
            Self::Week => "week",
            Self::Growth => "growth",
            Self::Steps => "steps",
            Self::Crowds => "crowds",
            Self::Holes => "holes",
            Self::Rough => "rough",
            Self::Chat => "chat",
        })
    }
}

/// A trace of so many days, from a Monday on.
pub fn generate(shape: Shape, days: u32, seed: u64) -> Trace {
    generate_from(shape, days, seed, MONDAY)
}

/// A trace of so many days from the minute `first` on, the first of a day in UTC.
pub fn generate_from(shape: Shape, days: u32, seed: u64, first: i64) -> Trace {
    let mut chance = Chance(seed);
    let mut trace = Trace { first, ..Trace::default() };
    let since_monday = usize::try_from((first - MONDAY).rem_euclid(WEEK)).unwrap_or(0);
    let mut course = Course { level: 1.0, until: 0, crowd: None, since_monday };
    let mut noise = 0.0;
    for minute in 0..days as usize * 1440 {
        let usual = course.at(shape, minute, &mut chance);
        noise = noise * NOISE_LASTS + chance.normal() * NOISE * (1.0 - NOISE_LASTS.powi(2)).sqrt();
        trace.loads.push((USUAL * usual * (1.0 + noise)).max(0.0));
        if shape == Shape::Holes && hidden(minute, &mut chance) {
            trace.hidden.insert(minute);
        }
    }
    trace
}

fn hidden(minute: usize, chance: &mut Chance) -> bool {
    let single = chance.below(50) == 0;
    let (day, of_day) = (minute / 1440, minute % 1440);
    single || (day % 4 == 3 && (540..900).contains(&of_day))
}

/// Where the load is without noise.
struct Course {
    level: f64,
    /// Until when the level stays.
    until: usize,
    crowd: Option<Crowd>,
    /// Minutes from the Monday before the trace to its first.
    since_monday: usize,
}

/// People who come all at once: from `begins` more and more, then all of them, then fewer.
#[derive(Clone, Copy)]
struct Crowd {
    begins: usize,
    comes_mins: usize,
    stays_mins: usize,
    times: f64,
}

impl Course {
    fn at(&mut self, shape: Shape, minute: usize, chance: &mut Chance) -> f64 {
        let of_week = minute + self.since_monday;
        match shape {
            Shape::Flat => 1.0,
            Shape::Week | Shape::Holes => week(of_week),
            Shape::Growth => week(of_week) * (1.0 + 0.02 * minute as f64 / 1440.0),
            Shape::Steps => self.level(minute, (360, 1_800), chance),
            Shape::Rough => self.level(minute, (4, 9), chance),
            Shape::Crowds => week(of_week) * self.crowd(minute, 2, chance),
            Shape::Chat => chat(of_week) * self.crowd(minute, 9, chance),
        }
    }

    /// A level of 0.3 to 3 that stays for some minutes.
    fn level(&mut self, minute: usize, stays: (u64, u64), chance: &mut Chance) -> f64 {
        if minute >= self.until {
            self.level = 0.3 + 2.7 * chance.unit();
            self.until = minute + (stays.0 + chance.below(stays.1 - stays.0)) as usize;
        }
        self.level
    }

    /// One crowd in so many days, in the first half of them.
    fn crowd(&mut self, minute: usize, days: usize, chance: &mut Chance) -> f64 {
        if minute >= self.until {
            self.crowd = Some(Crowd {
                begins: minute + chance.below(720 * days as u64) as usize,
                comes_mins: 1 + chance.below(30) as usize,
                stays_mins: 10 + chance.below(80) as usize,
                times: 2.0 + 4.0 * chance.unit(),
            });
            self.until = minute + 1_440 * days;
        }
        self.crowd.map_or(1.0, |crowd| crowd.at(minute))
    }
}

impl Crowd {
    fn at(&self, minute: usize) -> f64 {
        let Some(age) = minute.checked_sub(self.begins) else { return 1.0 };
        let left = (self.comes_mins + self.stays_mins * 2).saturating_sub(age);
        let come = (age as f64 / self.comes_mins as f64).min(1.0);
        let stayed = (left as f64 / self.stays_mins as f64).min(1.0);
        1.0 + (self.times - 1.0) * come * stayed
    }
}

/// From 0.4 at four at night to 1.6 in the afternoon, 1.0 at weekends.
fn week(minute: usize) -> f64 {
    let of_day = (minute % 1440) as f64;
    let from_peak = ((of_day - 960.0).abs()).min(1_440.0 - (of_day - 960.0).abs()) / 720.0;
    let smooth = from_peak * from_peak * (3.0 - 2.0 * from_peak);
    let weekend = minute / 1440 % 7 >= 5;
    0.4 + 1.2 * (1.0 - smooth) * if weekend { 0.5 } else { 1.0 }
}

/// Hours of a day and the share of the evening's people who are there; smooth between them.
const CHAT: [(f64, f64); 9] = [
    (0.0, 0.62),
    (4.0, 0.18),
    (6.5, 0.24),
    (10.0, 0.72),
    (12.5, 0.60),
    (15.0, 0.74),
    (17.5, 0.66),
    (21.0, 1.0),
    (24.0, 0.62),
];

/// Around 1.0, and fewer at weekends.
fn chat(minute: usize) -> f64 {
    let hour = (minute % 1440) as f64 / 60.0;
    let after = CHAT.iter().find(|(at, _)| *at > hour).copied().unwrap_or((24.0, 0.62));
    let before = CHAT.iter().rev().find(|(at, _)| *at <= hour).copied().unwrap_or((0.0, 0.62));
    let way = (hour - before.0) / (after.0 - before.0);
    let level = before.1 + (after.1 - before.1) * way * way * (3.0 - 2.0 * way);
    let weekend = minute / 1440 % 7 >= 5;
    1.6 * level * if weekend { 0.85 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_trace() {
        for shape in Shape::ALL {
            assert_eq!(Shape::parse(&shape.to_string()), Some(shape));
            let trace = generate(shape, 8, 1);
            assert_eq!(trace, generate(shape, 8, 1), "{shape}");
            assert_ne!(trace, generate(shape, 8, 2), "{shape}");
            assert_eq!(trace.loads.len(), 8 * 1440);
            assert_eq!(trace.hidden.is_empty(), shape != Shape::Holes, "{shape}");
        }
    }

    #[test]
    fn shapes_are_what_they_say() {
        let mean = |trace: &Trace, day: usize| {
            trace.loads.iter().skip(day * 1440).take(1440).sum::<f64>() / 1440.0
        };
        let flat = generate(Shape::Flat, 7, 1);
        assert!((mean(&flat, 3) / USUAL - 1.0).abs() < 0.01);
        let week = generate(Shape::Week, 7, 1);
        assert!((mean(&week, 5) / mean(&week, 4) - 0.7).abs() < 0.02);
        let growth = generate(Shape::Growth, 29, 1);
        assert!((mean(&growth, 28) / mean(&growth, 0) - 1.55).abs() < 0.05);
        let crowds = generate(Shape::Crowds, 28, 1);
        assert!(crowds.peak() > 2.0 * week.peak(), "{}", crowds.peak());
        let changes = |shape| {
            let trace = generate(shape, 7, 1);
            let pairs = trace.loads.windows(2);
            pairs.filter(|w| (w[1] / w[0] - 1.0).abs() > 0.25).count()
        };
        assert!((5..30).contains(&changes(Shape::Steps)), "{}", changes(Shape::Steps));
        assert!(changes(Shape::Rough) > 800, "{}", changes(Shape::Rough));
        assert_eq!(changes(Shape::Week), 0);
    }
}
