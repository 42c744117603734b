//! Sizing: how much capacity above the load is right, learned from what each way of answering
//! that would have cost.
//!
//! A *rule* is a forecast, a hold and a headroom. Each minute of the load is charged once, in
//! order, to every rule's shadow: billed instances, launches, and K times the load that it would
//! not have served, given that capacity arrives a boot time late and goes through the gate. The
//! sums forget over days; every 15 minutes the cheapest rule becomes current. A burst guard sits
//! on top. K is the operator's dial ([`Dial`]).
//!
//! Its family: moving-window recommenders chosen by argmin over a cost (Autopilot, EuroSys 2020),
//! the newsvendor, follow the leader.
//!
//! What must stay true: the advice follows from the minutes up to the newest charged one and the
//! terms, and from nothing else; a minute counts once, however often and in whatever portions it
//! is delivered; a state that was stored and read is the same state; storing it takes less than
//! 40 kB whatever the fleet.

mod advice;
mod dial;
mod document;
mod guard;
mod lanes;
mod outlook;
mod profile;
mod rule;
mod shadows;
mod terms;

pub use advice::{Advice, Ground};
pub use dial::Dial;
pub use document::StateFault;
pub use guard::BURST_MINS;
pub use rule::{Forecast, RULES, Rule};
pub use terms::{LAG_MINS, NoCapacity, Rails, Terms};

use crate::metrics::Point;
use outlook::Outlook;
use shadows::{CHOICE_MINS, Demand, Shadows};
use std::collections::BTreeMap;

/// Minutes to be charged before a learned rule is followed: two days.
pub const LEARNING_MINS: u32 = 2_880;
/// More than this many minutes cannot be caught up: minute data lives 15 days.
pub const CATCH_UP_MINS: i64 = 15 * 1440;
/// The state is kept when a stretch of so many minutes ended: until then the metric tells again.
pub const STORED_EVERY_MINS: i64 = 15;
/// What a fleet had is taken for this many minutes before it was seen.
const FLEET_KNOWN_MINS: i64 = 15;
/// More capacity in service than this is a mistake.
const MOST_UNITS: f64 = 1e6;

/// What was learned of one fleet's load.
#[derive(Debug, Clone, PartialEq)]
pub struct Sizing {
    /// The load of one instance that everything here is measured in.
    capacity: Option<f64>,
    // On the heap: a state is handed on many times a minute, and is 20 kB.
    outlook: Box<Outlook>,
    shadows: Box<Shadows>,
}

impl Default for Sizing {
    fn default() -> Self {
        Self {
            capacity: None,
            outlook: Box::new(Outlook::new()),
            shadows: Box::new(Shadows::new()),
        }
    }
}

impl Sizing {
    /// The first minute that was not charged yet, counted since the epoch; none before any.
    pub fn next_minute(&self) -> Option<i64> {
        self.outlook.minute.map(|minute| minute + 1)
    }

    /// Minutes that were charged at this capacity.
    pub fn charged(&self) -> u32 {
        self.shadows.charged
    }

    /// Whether a learned rule is followed.
    pub fn has_learned(&self) -> bool {
        self.shadows.charged >= LEARNING_MINS
    }

    /// Charges every minute up to `newest` (counted since the epoch) that was not charged yet.
    /// Points of other minutes are ignored; a minute without a point that is a load counts as
    /// missing for good.
    ///
    /// `fleet` is the capacity in service (instances, or units where instances are weighted) at
    /// times: a minute takes the first one at it or within a quarter of an hour after it. Where
    /// there is none, the minute is left out of the record of the fleet as it stood.
    pub fn catch_up(&mut self, points: &[Point], fleet: &[Point], newest: i64, terms: &Terms) {
        let (loads, fleet) = (by_minute(points), by_minute(fleet));
        let earliest = newest - CATCH_UP_MINS + 1;
        let first = self.next_minute().or(loads.keys().next().copied());
        let Some(first) = first.filter(|first| *first <= newest) else { return };
        if first < earliest && self.outlook.minute.is_some() {
            self.outlook.forget_lately();
        }
        for minute in first.max(earliest)..=newest {
            let mut stood = fleet.range(minute..=minute + FLEET_KNOWN_MINS);
            let stood = stood.next().map(|(_, units)| *units);
            self.charge(minute, loads.get(&minute).copied(), stood, terms);
        }
    }

    /// Charges a minute (counted since the epoch) if it comes after the newest charged one. None,
    /// or what is no load: the metric is missing. `stood` is the capacity that was in service in
    /// that minute, if it is known.
    pub fn charge(&mut self, minute: i64, load: Option<f64>, stood: Option<f64>, terms: &Terms) {
        if self.next_minute().is_some_and(|next| minute < next) {
            return;
        }
        self.measure_in(terms);
        let load = load.and_then(|load| terms.units(load));
        self.outlook.take(minute, load, terms.delay_mins());
        if let Some(load) = load {
            self.shadows.charge(load, terms);
        }
        if let Some(units) = stood.filter(|units| (0.0..=MOST_UNITS).contains(units)) {
            self.shadows.stood.charge(units as f32, load);
        }
        let (newest, held) = (self.outlook.newest(), self.outlook.held());
        let burst = self.outlook.burst(terms.delay_mins());
        let (steep, blind) = (self.outlook.is_steep(), self.outlook.is_blind());
        self.shadows.decide(minute, &Demand { newest, held, burst, steep, blind }, terms);
        if minute.rem_euclid(CHOICE_MINS) == CHOICE_MINS - 1 {
            self.shadows.choose(terms);
        }
    }

    /// The rule that holds.
    pub fn rule(&self, terms: &Terms) -> Rule {
        let learned = Rule::at(usize::from(self.shadows.current));
        let followed = self.has_learned() && terms.is_confirmed();
        learned.filter(|_| followed).unwrap_or(Rule::FIRST)
    }

    /// Loads are kept in instances: at another capacity they are other numbers, and what was
    /// charged is void.
    fn measure_in(&mut self, terms: &Terms) {
        let before = self.capacity.replace(terms.capacity());
        if let Some(before) = before.filter(|before| *before != terms.capacity()) {
            self.outlook.rescale((before / terms.capacity()) as f32);
            *self.shadows = Shadows::new();
        }
    }
}

fn by_minute(points: &[Point]) -> BTreeMap<i64, f64> {
    points.iter().map(|p| (p.at.as_second().div_euclid(60), p.value)).collect()
}

#[cfg(test)]
mod tests;
