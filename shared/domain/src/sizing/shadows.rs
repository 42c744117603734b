//! Every rule's shadow: what the fleet would be, had the rule been followed, and what that would
//! have cost.
//!
//! A shadow runs under the real rails: capacity arrives a boot time late, goes in the gate's
//! steps, and the burst guard sits on top. So a rule is charged for what this controller would
//! have done with it, not for what it would like.
//!
//! What must stay true: a shadow follows from the minutes that were charged and the terms; its
//! sums forget at the same minutes of every hour, however the minutes were delivered.

use super::guard::BURST_MINS;
use super::rule::{FORECASTS, HEADROOM, HOLDS, RULES};
use super::terms::{Rails, Terms};

/// The sums forget with a mean age of four days (a half-life of 2.8), so they read as the sums
/// of the last four days.
pub(super) const MEMORY_MINS: u32 = 4 * 1440;
/// Minutes between choices.
pub(super) const CHOICE_MINS: i64 = 15;
/// Billed for each launch on top of its boot: a minute of draining, and one for the wear of a
/// launch (requests, checks, cold caches).
const START_MINS: f32 = 2.0;
/// The cheapest of many rules on the past is in part the luckiest; what it fails to serve
/// afterwards is rather half as much again.
const CAUTION: f32 = 1.5;
/// Slots of the sizes that are on their way; minutes share one when the boot is long.
pub(super) const SLOTS: usize = 8;

/// One rule's shadow.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Shadow {
    /// Instances asked for.
    pub size: u16,
    /// Minutes until the next lowering.
    pub bake: u8,
    /// Minutes until a burst is over.
    pub burst: u8,
    /// Billed instance-minutes.
    pub billed: f32,
    /// Launches.
    pub launches: f32,
    /// Instance-minutes of load that was not served.
    pub unserved: f32,
}

impl Shadow {
    /// What it cost, in instance-minutes.
    pub fn cost(&self, price: f32) -> f32 {
        self.billed + START_MINS * self.launches + price * CAUTION * self.unserved
    }
}

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
    pub all: Vec<Shadow>,
    /// The least size of each rule in each of the last slots, newest first.
    pub slots: [Vec<u16>; SLOTS],
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
}

/// What the rules decide on.
pub(super) struct Demand {
    /// The newest visible load.
    pub newest: f32,
    /// The highest forecast, by forecast and hold.
    pub held: [[f32; HOLDS]; FORECASTS],
    /// Where a burst will be.
    pub burst: Option<f32>,
    /// The metric is lost: nothing is lowered.
    pub blind: bool,
}

impl Shadows {
    pub fn new() -> Self {
        let slots = std::array::from_fn(|_| vec![0; RULES]);
        Self {
            all: vec![Shadow::default(); RULES],
            slots,
            load: 0.0,
            minutes: 0.0,
            stood: Stood::default(),
            charged: 0,
            current: 0,
        }
    }

    /// Charges a minute's load to every rule.
    pub fn charge(&mut self, load: f32, terms: &Terms) {
        let serving = self.serving(terms);
        for (shadow, serving) in self.all.iter_mut().zip(serving) {
            shadow.unserved += (load - f32::from(serving)).max(0.0);
        }
        self.load += load;
        self.charged = self.charged.saturating_add(1);
    }

    /// Lets every rule decide, and bills the minute that its decision holds for.
    pub fn decide(&mut self, minute: i64, demand: &Demand, terms: &Terms) {
        let guard = demand.burst.map_or(0, |units| terms.size(units));
        let rails = Some(terms.rails()).filter(|_| !demand.blind);
        let series = demand.held.iter().flatten();
        for (units, shadows) in series.zip(self.all.chunks_exact_mut(HEADROOM.len())) {
            for (headroom, shadow) in HEADROOM.iter().zip(shadows) {
                let (before, asked) = (shadow.size, terms.size(units * headroom));
                shadow.follow(asked, guard, demand.newest, rails);
                shadow.billed += f32::from(shadow.size);
                shadow.launches += f32::from(shadow.size.saturating_sub(before));
            }
        }
        self.minutes += 1.0;
        self.shift(minute, terms);
    }

    /// The cheapest rule becomes current, and the sums forget a little.
    pub fn choose(&mut self, terms: &Terms) {
        let price = terms.dial().price();
        let current = self.get(self.current).cost(price);
        let costs = self.all.iter().map(|shadow| shadow.cost(price));
        let cheapest = costs.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((place, _)) = cheapest.filter(|(_, cost)| *cost < current) {
            self.current = u16::try_from(place).unwrap_or(0);
        }
        let kept = 1.0 - CHOICE_MINS as f32 / MEMORY_MINS as f32;
        for shadow in &mut self.all {
            shadow.billed *= kept;
            shadow.launches *= kept;
            shadow.unserved *= kept;
        }
        self.load *= kept;
        self.minutes *= kept;
        self.stood.forget(kept);
    }

    pub fn get(&self, place: u16) -> Shadow {
        self.all.get(usize::from(place)).copied().unwrap_or_default()
    }

    /// The cheapest rule but the current one.
    pub fn next_best(&self, price: f32) -> Shadow {
        let others = self.all.iter().enumerate().filter(|(n, _)| *n != usize::from(self.current));
        let best = others.min_by(|a, b| a.1.cost(price).total_cmp(&b.1.cost(price)));
        best.map_or_else(Shadow::default, |(_, shadow)| *shadow)
    }

    /// What serves the next minute to be charged: the least that was asked for while the
    /// instances of then would have booted.
    fn serving(&self, terms: &Terms) -> Vec<u16> {
        let width = slot_mins(terms);
        let (from, to) = ((terms.lag_mins() - 1) / width, (terms.delay_mins() - 1).div_ceil(width));
        let mut serving = vec![u16::MAX; RULES];
        let slots = self.slots.iter().take(to as usize + 1).skip(from as usize);
        for slot in slots {
            serving.iter_mut().zip(slot).for_each(|(least, size)| *least = (*least).min(*size));
        }
        serving
    }

    /// Puts the sizes into the minute's slot.
    fn shift(&mut self, minute: i64, terms: &Terms) {
        let opens = minute.rem_euclid(i64::from(slot_mins(terms))) == 0;
        if opens {
            self.slots.rotate_right(1);
        }
        let [newest, ..] = &mut self.slots;
        for (slot, shadow) in newest.iter_mut().zip(&self.all) {
            *slot = if opens { shadow.size } else { shadow.size.min(*slot) };
        }
    }
}

/// Minutes of a slot: one, unless the boot is long.
fn slot_mins(terms: &Terms) -> u32 {
    terms.delay_mins().div_ceil(SLOTS as u32 - 1).max(1)
}

impl Shadow {
    /// One minute of the controller: the rule, the guard on top, the gate's rails (none: it is
    /// shut).
    fn follow(&mut self, asked: u16, guard: u16, newest: f32, rails: Option<Rails>) {
        self.bake = self.bake.saturating_sub(1);
        self.burst = self.burst.saturating_sub(1);
        if speaks(guard, newest, self.size, self.burst > 0) {
            self.burst = BURST_MINS;
        }
        let asked = if self.burst > 0 { asked.max(guard).max(self.size) } else { asked };
        if asked >= self.size {
            self.size = asked;
        } else if let (0, Some(rails)) = (self.bake, rails) {
            let step = (u32::from(self.size) * rails.step_percent / 100).max(1);
            let least = u32::from(self.size).saturating_sub(step);
            self.size = asked.max(u16::try_from(least).unwrap_or(0));
            self.bake = rails.bake_mins;
        }
    }
}

/// Whether the guard has something to say: demand is above everything asked for, or a burst goes
/// on and will be.
pub(super) fn speaks(guard: u16, newest: f32, asked: u16, in_burst: bool) -> bool {
    newest > f32::from(asked) || (in_burst && guard > asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbiter::Limits;
    use jiff::SignedDuration;

    const RAILS: Rails = Rails { step_percent: 20, bake_mins: 10 };

    fn terms(boot_secs: i64) -> Terms {
        let limits = Limits { min: 1, ceiling: 1_000 };
        Terms::new(1.0, SignedDuration::from_secs(boot_secs), limits, RAILS).unwrap()
    }

    /// Minutes of a constant forecast, without a burst.
    fn expecting(units: f32) -> Demand {
        Demand { newest: units, held: [[units; HOLDS]; FORECASTS], burst: None, blind: false }
    }

    #[test]
    fn capacity_serves_a_delay_after_the_minute_that_asked_for_it() {
        for (boot_secs, delays) in [(60, 3..=3), (180, 5..=5), (600, 12..=14), (3_600, 62..=71)] {
            let (terms, mut shadows) = (terms(boot_secs), Shadows::new());
            (0..200).for_each(|minute| shadows.decide(minute, &expecting(10.0), &terms));
            let before = shadows.serving(&terms)[0];
            // The first minute that asks for more is 200; it serves the minute 200 + delay.
            let served = (200..).find(|minute| {
                let more = shadows.serving(&terms)[0] > before;
                shadows.decide(*minute, &expecting(20.0), &terms);
                more
            });
            let delay = served.unwrap() - 200;
            assert!(delays.contains(&delay), "boot {boot_secs}: {delay}");
        }
    }

    #[test]
    fn a_shadow_goes_down_in_the_gates_steps() {
        let mut shadow = Shadow { size: 20, ..Shadow::default() };
        let sizes: Vec<u16> = (0..31)
            .map(|_| {
                shadow.follow(5, 0, 0.0, Some(RAILS));
                shadow.size
            })
            .collect();
        let want = [[16; 10], [13; 10], [11; 10]].concat();
        assert_eq!(sizes[..30], want);
        assert_eq!(sizes[30], 9);
        (0..60).for_each(|_| shadow.follow(5, 0, 0.0, None));
        assert_eq!(shadow.size, 9, "nothing goes while the metric is lost");
    }

    #[test]
    fn a_burst_keeps_what_it_asked_for() {
        let mut shadow = Shadow { size: 10, ..Shadow::default() };
        shadow.follow(10, 30, 12.0, Some(RAILS));
        assert_eq!((shadow.size, shadow.burst), (30, BURST_MINS));
        let kept = (0..).find(|_| {
            shadow.follow(10, 20, 12.0, Some(RAILS));
            shadow.size < 30
        });
        assert_eq!(kept, Some(usize::from(BURST_MINS) - 1));
        assert_eq!(shadow.size, 24);
    }

    #[test]
    fn the_guard_speaks_of_demand_above_and_of_bursts_that_go_on() {
        for (name, guard, newest, asked, in_burst, want) in [
            ("quiet", 0, 9.0, 10, false, false),
            ("as much as was asked for", 20, 10.0, 10, false, false),
            ("above", 20, 10.1, 10, false, true),
            ("a burst goes on", 20, 9.0, 10, true, true),
            ("a burst for which enough was asked", 10, 9.0, 10, true, false),
        ] {
            assert_eq!(speaks(guard, newest, asked, in_burst), want, "{name}");
        }
    }

    #[test]
    fn what_is_not_served_is_charged_and_forgotten_over_days() {
        let (terms, mut shadows) = (terms(60), Shadows::new());
        (0..20).for_each(|minute| shadows.decide(minute, &expecting(10.0), &terms));
        shadows.charge(14.0, &terms);
        // The first rule asks for 10 x 1.02.
        assert_eq!((shadows.get(0).unserved, shadows.load), (3.0, 14.0));
        let day = 1440 / CHOICE_MINS;
        (0..4 * day).for_each(|_| shadows.choose(&terms));
        assert!((shadows.load / 14.0 - 0.368).abs() < 0.001, "{}", shadows.load);
    }

    #[test]
    fn the_cheapest_rule_holds_and_a_tie_changes_nothing() {
        let mut shadows = Shadows { current: 7, ..Shadows::new() };
        shadows.choose(&terms(60));
        assert_eq!(shadows.current, 7);
        shadows.all.iter_mut().for_each(|shadow| shadow.billed = 100.0);
        shadows.all[300] = Shadow { billed: 60.0, launches: 1.0, ..Shadow::default() };
        shadows.all[301] = Shadow { billed: 50.0, unserved: 0.1, ..Shadow::default() };
        shadows.choose(&terms(60).with_dial(super::super::Dial::Thrifty));
        assert_eq!(shadows.current, 300, "62 against 65");
        let next = shadows.next_best(100.0);
        assert!((next.unserved - 0.1).abs() < 0.001);
    }
}
