//! Sixteen shadows side by side: one forecast and hold under every headroom.
//!
//! The same arithmetic runs over all lanes without a branch, so that the compiler makes vector
//! instructions of it. Sizes are whole numbers in `f32`: up to 65,535 they and their percentages
//! are exact.
//!
//! What must stay true: a lane does what one controller would do, see the plain version in the
//! tests.

use super::guard::BURST_MINS;
use super::rule::{HEADROOM, HEADROOMS};
use super::terms::Terms;

/// A number for each lane.
pub(super) type Lanes = [f32; HEADROOMS];
/// Slots of the sizes that are on their way; minutes share one when the boot is long.
pub(super) const SLOTS: usize = 8;
/// Billed for each launch on top of its boot: a minute of draining, and one for the wear of a
/// launch (requests, checks, cold caches).
const START_MINS: f32 = 2.0;
/// The cheapest of many rules on the past is in part the luckiest; what it fails to serve
/// afterwards is rather half as much again.
const CAUTION: f32 = 1.5;

/// What a minute means to every lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Minute {
    /// The newest visible load.
    pub newest: f32,
    /// Where a burst will be, as a size; zero when there is none to see.
    pub guard: f32,
    /// The gate is open for what has baked.
    pub open: bool,
    /// Percent of the capacity that one lowering takes at most.
    pub percent: f32,
    /// Minutes between lowerings.
    pub bake_mins: f32,
    /// A slot of the sizes on their way begins.
    pub opens: bool,
}

/// Sixteen shadows.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Row {
    /// Instances asked for.
    pub size: Lanes,
    /// Minutes until the next lowering.
    pub bake: Lanes,
    /// Minutes until a burst is over.
    pub burst: Lanes,
    /// Billed instance-minutes.
    pub billed: Lanes,
    /// Launches.
    pub launches: Lanes,
    /// Instance-minutes of load that was not served.
    pub unserved: Lanes,
    /// The least size in each of the last slots, newest first.
    pub slots: [Lanes; SLOTS],
}

/// One shadow's record.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Record {
    /// Billed instance-minutes.
    pub billed: f32,
    /// Launches.
    pub launches: f32,
    /// Instance-minutes of load that was not served.
    pub unserved: f32,
}

/// What every headroom asks for at this expectation.
pub(super) fn asked(units: f32, terms: &Terms) -> Lanes {
    let (least, most) = terms.sizes();
    HEADROOM.map(|headroom| whole(units * headroom).clamp(least, most))
}

/// Instances for a need, rounded up.
fn whole(units: f32) -> f32 {
    // A load of exactly so many instances needs no further one for the rounding of `f32`.
    let units = (units - 1e-4).clamp(0.0, 65_536.0);
    let near = nearest(units);
    if near < units { near + 1.0 } else { near }
}

/// The nearest whole number: above 2^23 there is no place for a fraction. (`floor` and `ceil` are
/// calls where the instruction set has none.)
fn nearest(number: f32) -> f32 {
    const NO_FRACTION: f32 = 8_388_608.0;
    (number + NO_FRACTION) - NO_FRACTION
}

impl Row {
    /// Charges a load to what serves it: the least that was asked for in these slots.
    pub fn charge(&mut self, load: f32, slots: (usize, usize)) {
        let mut serving = [f32::MAX; HEADROOMS];
        for slot in self.slots.iter().take(slots.1).skip(slots.0) {
            for (least, size) in serving.iter_mut().zip(slot) {
                *least = if *size < *least { *size } else { *least };
            }
        }
        for (unserved, serving) in self.unserved.iter_mut().zip(serving) {
            let short = load - serving;
            *unserved += if short > 0.0 { short } else { 0.0 };
        }
    }

    /// One minute of each controller: its rule, the guard on top, the gate's rails. `steep` is
    /// above zero where the guard speaks of a steep rise too.
    pub fn decide(&mut self, minute: &Minute, asked: &Lanes, steep: &Lanes) {
        let before = self.size;
        let lanes = self.size.iter_mut().zip(&mut self.bake).zip(&mut self.burst);
        for (((size, bake), burst), (asked, steep)) in lanes.zip(asked.iter().zip(steep)) {
            (*size, *bake, *burst) = follow(minute, (*size, *bake, *burst), (*asked, *steep));
        }
        let sums = self.billed.iter_mut().zip(&mut self.launches);
        for ((billed, launches), (size, before)) in sums.zip(self.size.iter().zip(before)) {
            *billed += size;
            *launches += if *size > before { size - before } else { 0.0 };
        }
        self.shift(minute.opens);
    }

    /// The sums forget a little.
    pub fn forget(&mut self, kept: f32) {
        for sums in [&mut self.billed, &mut self.launches, &mut self.unserved] {
            sums.iter_mut().for_each(|sum| *sum *= kept);
        }
    }

    /// What each lane cost, in instance-minutes.
    pub fn costs(&self, price: f32) -> Lanes {
        let mut costs = self.billed;
        let sums = self.launches.iter().zip(&self.unserved);
        for (cost, (launches, unserved)) in costs.iter_mut().zip(sums) {
            *cost = *cost + START_MINS * launches + price * CAUTION * unserved;
        }
        costs
    }

    pub fn record(&self, lane: usize) -> Record {
        let at = |lanes: &Lanes| lanes.get(lane).copied().unwrap_or(0.0);
        Record {
            billed: at(&self.billed),
            launches: at(&self.launches),
            unserved: at(&self.unserved),
        }
    }

    fn shift(&mut self, opens: bool) {
        if opens {
            self.slots.rotate_right(1);
        }
        let [newest, ..] = &mut self.slots;
        for (slot, size) in newest.iter_mut().zip(&self.size) {
            *slot = if opens || *size < *slot { *size } else { *slot };
        }
    }
}

/// The size, the bake and the burst after a minute.
fn follow(
    minute: &Minute,
    (size, bake, burst): (f32, f32, f32),
    (asked, steep): (f32, f32),
) -> (f32, f32, f32) {
    let (bake, burst) = (higher(bake - 1.0, 0.0), higher(burst - 1.0, 0.0));
    let more = (burst + steep > 0.0) & (minute.guard > size);
    let burst = if more | (minute.newest > size) { f32::from(BURST_MINS) } else { burst };
    let held = higher(higher(asked, minute.guard), size);
    let asked = if burst > 0.0 { held } else { asked };
    let share = size * minute.percent / 100.0;
    let near = nearest(share);
    let step = higher(if near > share { near - 1.0 } else { near }, 1.0);
    let lowers = asked < size;
    let goes = lowers & minute.open & (bake <= 0.0);
    let kept = if goes { higher(asked, size - step) } else { size };
    let bake = if goes { minute.bake_mins } else { bake };
    (if lowers { kept } else { asked }, bake, burst)
}

/// As `f32::max` of two numbers, in one instruction.
fn higher(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
