//! Every rule's shadow: what the fleet would be, had the rule been followed, and what that would
//! have cost.
//!
//! A shadow runs under the real rails: capacity arrives a boot time late, goes in the gate's
//! steps, and the burst guard sits on top. So a rule is charged for what this controller would
//! have done with it, not for what it would like.
//!
//! Two more shadows follow the rule that holds, one under a guard that waits until demand is
//! above everything asked for, one under a guard that speaks of a steep rise too. Which of them
//! was cheaper is the guard for all.
//!
//! What must stay true: a shadow follows from the minutes that were charged and the terms; its
//! sums forget at the same minutes of every hour, however the minutes were delivered.

use super::lanes::{self, Minute, Record, Row};
use super::rule::{FORECASTS, HEADROOMS, HOLDS};
use super::terms::Terms;

pub(super) use super::lanes::SLOTS;

/// The sums forget with a mean age of four days (a half-life of 2.8), so they read as the sums
/// of the last four days.
pub(super) const MEMORY_MINS: u32 = 4 * 1440;
/// Minutes between choices.
pub(super) const CHOICE_MINS: i64 = 15;
/// The guard that speaks early is kept until it costs so much more than the one that waits: what
/// it is for comes seldom.
const EARLY_IS_WORTH: f32 = 1.005;
/// Rows of the grid, a forecast and a hold each.
pub(super) const ROWS: usize = FORECASTS * HOLDS;
/// In the row of the guards the first one waits; from here on they speak early.
const EARLY: usize = 1;

/// The fleet as it stood, in the minutes of which it is known: the same sums, forgotten alike.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Stood {
    /// Minutes.
    pub minutes: f32,
    /// Instance-minutes in service.
    pub billed: f32,
    /// Load, in instance-minutes.
    pub load: f32,
    /// Of it not served, in instance-minutes.
    pub unserved: f32,
}

impl Stood {
    /// Takes a minute: what was in service, and the load if it is known.
    pub fn charge(&mut self, serving: f32, load: Option<f32>) {
        self.minutes += 1.0;
        self.billed += serving;
        self.load += load.unwrap_or(0.0);
        self.unserved += load.map_or(0.0, |load| (load - serving).max(0.0));
    }

    fn forget(&mut self, kept: f32) {
        self.minutes *= kept;
        self.billed *= kept;
        self.load *= kept;
        self.unserved *= kept;
    }
}

/// The shadows of all rules.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shadows {
    /// The grid: forecasts, in them holds, in them headrooms.
    pub rows: Vec<Row>,
    /// The rule that holds, under either guard.
    pub guards: Row,
    /// Load of the same minutes, in instance-minutes.
    pub load: f32,
    /// The minutes that were billed.
    pub minutes: f32,
    /// The fleet as it stood.
    pub stood: Stood,
    /// Minutes that were charged.
    pub charged: u32,
    /// The place of the rule that holds.
    pub current: u16,
    /// The place of the cheapest of the others when it was chosen.
    pub next: u16,
    /// The guard speaks of a steep rise before demand is above everything asked for.
    pub early: bool,
}

/// What the rules decide on.
pub(super) struct Demand {
    /// The newest visible load.
    pub newest: f32,
    /// The highest forecast, by forecast and hold.
    pub held: [[f32; HOLDS]; FORECASTS],
    /// Where a burst will be.
    pub burst: Option<f32>,
    /// The load rises steeply.
    pub steep: bool,
    /// The metric is lost: nothing is lowered.
    pub blind: bool,
}

impl Shadows {
    pub fn new() -> Self {
        Self {
            rows: vec![Row::default(); ROWS],
            guards: Row::default(),
            load: 0.0,
            minutes: 0.0,
            stood: Stood::default(),
            charged: 0,
            current: 0,
            next: 0,
            early: true,
        }
    }

    /// Charges a minute's load to every rule.
    pub fn charge(&mut self, load: f32, terms: &Terms) {
        let slots = on_their_way(terms);
        self.rows.iter_mut().chain([&mut self.guards]).for_each(|row| row.charge(load, slots));
        self.load += load;
        self.charged = self.charged.saturating_add(1);
    }

    /// Lets every rule decide, and bills the minute that its decision holds for.
    pub fn decide(&mut self, minute: i64, demand: &Demand, terms: &Terms) {
        let seen = minute_of(minute, demand, terms);
        let steep = f32::from(u8::from(demand.steep));
        let of_all = if self.early { [steep; HEADROOMS] } else { [0.0; HEADROOMS] };
        let (series, (of_row, lane)) = (demand.held.as_flattened(), split(self.current));
        for (row, units) in self.rows.iter_mut().zip(series) {
            row.decide(&seen, &lanes::asked(*units, terms), &of_all);
        }
        let units = series.get(of_row).copied().unwrap_or(0.0);
        let of_rule = lanes::asked(units, terms).get(lane).copied().unwrap_or(0.0);
        let mut of_guards = [0.0; HEADROOMS];
        of_guards.iter_mut().skip(EARLY).for_each(|lane| *lane = steep);
        self.guards.decide(&seen, &[of_rule; HEADROOMS], &of_guards);
        self.minutes += 1.0;
    }

    /// The cheapest rule and the cheaper guard become current, and the sums forget a little.
    pub fn choose(&mut self, terms: &Terms) {
        let price = terms.dial().price();
        let (place, cost) = self.cheapest(price, None);
        if cost < self.cost(self.current, price) {
            self.current = place;
        }
        self.next = self.cheapest(price, Some(self.current)).0;
        let [waiting, early, ..] = self.guards.costs(price);
        self.early = early <= EARLY_IS_WORTH * waiting;
        let kept = 1.0 - CHOICE_MINS as f32 / MEMORY_MINS as f32;
        self.rows.iter_mut().chain([&mut self.guards]).for_each(|row| row.forget(kept));
        self.load *= kept;
        self.minutes *= kept;
        self.stood.forget(kept);
    }

    pub fn get(&self, place: u16) -> Record {
        let (row, lane) = split(place);
        self.rows.get(row).map_or_else(Record::default, |row| row.record(lane))
    }

    /// The first of the cheapest rules and what it cost, without the one that is left out.
    fn cheapest(&self, price: f32, without: Option<u16>) -> (u16, f32) {
        let mut best = (0, f32::MAX);
        let costs = self.rows.iter().map(|row| row.costs(price));
        for (place, cost) in (0_u16..).zip(costs.flatten()) {
            if cost < best.1 && Some(place) != without {
                best = (place, cost);
            }
        }
        best
    }

    fn cost(&self, place: u16, price: f32) -> f32 {
        let (row, lane) = split(place);
        let costs = self.rows.get(row).map(|row| row.costs(price));
        costs.and_then(|costs| costs.get(lane).copied()).unwrap_or(f32::MAX)
    }
}

/// The row and the lane of a rule.
fn split(place: u16) -> (usize, usize) {
    (usize::from(place) / HEADROOMS, usize::from(place) % HEADROOMS)
}

/// The slots of what serves the next minute to be charged, from and to: the least that was asked
/// for while the instances of then would have booted.
fn on_their_way(terms: &Terms) -> (usize, usize) {
    let width = slot_mins(terms);
    let (from, to) = ((terms.lag_mins() - 1) / width, (terms.delay_mins() - 1).div_ceil(width));
    (from as usize, to as usize + 1)
}

fn minute_of(minute: i64, demand: &Demand, terms: &Terms) -> Minute {
    let rails = terms.rails();
    Minute {
        newest: demand.newest,
        guard: demand.burst.map_or(0.0, |units| f32::from(terms.size(units))),
        open: !demand.blind,
        percent: rails.step_percent.min(100) as f32,
        bake_mins: f32::from(rails.bake_mins),
        opens: minute.rem_euclid(i64::from(slot_mins(terms))) == 0,
    }
}

/// Minutes of a slot: one, unless the boot is long.
fn slot_mins(terms: &Terms) -> u32 {
    terms.delay_mins().div_ceil(SLOTS as u32 - 1).max(1)
}

#[cfg(test)]
mod tests;
