//! Step scaling exactly as EC2 Auto Scaling does it.
//!
//! Source: EC2 Auto Scaling user guide, "Step and simple scaling policies":
//! bounds are relative to the alarm's threshold; above it the lower bound is
//! inclusive and the upper exclusive, below it the other way round; percent
//! results round down above 1, to 1 between 0 and 1, and mirrored below zero.

use serde::{Deserialize, Serialize};

/// EC2 accepts at most this many steps in a policy.
pub const MAX_STEPS: usize = 20;

/// How a step's amount is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// `ChangeInCapacity`: add the amount.
    Change,
    /// `PercentChangeInCapacity` with `MinAdjustmentMagnitude`.
    Percent {
        /// Least change in capacity units, whatever the percentage gives; 0 for none.
        min_magnitude: u32,
    },
    /// `ExactCapacity`: the amount is the capacity.
    Exact,
}

/// One step: bounds relative to the threshold, and its amount.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// `MetricIntervalLowerBound`; none is minus infinity.
    pub from: Option<f64>,
    /// `MetricIntervalUpperBound`; none is plus infinity.
    pub to: Option<f64>,
    /// `ScalingAdjustment`: capacity units or percent.
    pub add: i32,
}

impl Step {
    fn holds(&self, excess: f64) -> bool {
        let lower = self.from.unwrap_or(f64::NEG_INFINITY);
        let upper = self.to.unwrap_or(f64::INFINITY);
        if excess >= 0.0 {
            lower <= excess && (excess < upper || upper == f64::INFINITY)
        } else {
            (lower < excess || lower == f64::NEG_INFINITY) && excess <= upper
        }
    }
}

/// A validated table of steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepTable {
    adjustment: Adjustment,
    steps: Vec<Step>,
}

impl StepTable {
    /// Checks EC2's rules for a table.
    ///
    /// # Errors
    /// Every rule that is broken, a sentence each: number of steps, bounds in order,
    /// no gap, no overlap, open ends.
    pub fn new(adjustment: Adjustment, mut steps: Vec<Step>) -> Result<Self, Vec<String>> {
        let low = |s: &Step| s.from.unwrap_or(f64::NEG_INFINITY);
        steps.sort_by(|a, b| low(a).total_cmp(&low(b)));
        let mut faults: Vec<String> = steps.iter().filter_map(bound_fault).collect();
        faults.extend(seam_faults(&steps));
        faults.extend(end_faults(&steps));
        if steps.is_empty() || steps.len() > MAX_STEPS {
            faults.push(format!("1 to {MAX_STEPS} steps are needed, got {}", steps.len()));
        }
        if faults.is_empty() { Ok(Self { adjustment, steps }) } else { Err(faults) }
    }

    /// How the steps' amounts are applied.
    pub fn adjustment(&self) -> Adjustment {
        self.adjustment
    }

    /// The steps, from the lowest band up.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The amount of the band that `excess` (metric minus threshold) lies in.
    pub fn amount(&self, excess: f64) -> Option<i32> {
        self.steps.iter().find(|s| s.holds(excess)).map(|s| s.add)
    }

    /// Capacity after the band's step from `base` (capacity units), not yet clamped to the
    /// group's sizes; none when no band holds `excess`. Never below zero.
    pub fn apply(&self, base: u32, excess: f64) -> Option<u32> {
        let amount = i64::from(self.amount(excess)?);
        let base = i64::from(base);
        let wanted = match self.adjustment {
            Adjustment::Change => base.saturating_add(amount),
            Adjustment::Exact => amount,
            Adjustment::Percent { min_magnitude } => {
                base.saturating_add(percent(base, amount, min_magnitude))
            }
        };
        Some(u32::try_from(wanted.max(0)).unwrap_or(u32::MAX))
    }
}

/// `amount` percent of `base` with EC2's rounding and least magnitude.
fn percent(base: i64, amount: i64, min_magnitude: u32) -> i64 {
    let hundredths = base.saturating_mul(amount);
    let change = match hundredths {
        0 => return 0,
        1..100 => 1,
        -99..0 => -1,
        // Integer division drops the fraction: down above 1, toward zero below -1.
        whole => whole / 100,
    };
    change.signum() * change.abs().max(i64::from(min_magnitude))
}

fn bound_fault(step: &Step) -> Option<String> {
    let finite = [step.from, step.to].into_iter().flatten().all(f64::is_finite);
    match (step.from, step.to) {
        _ if !finite => Some("bounds must be finite numbers".to_owned()),
        (None, None) => Some("a step needs at least one bound".to_owned()),
        (Some(from), Some(to)) if from >= to => Some(format!("from {from} must lie below to {to}")),
        _ => None,
    }
}

fn seam_faults(steps: &[Step]) -> impl Iterator<Item = String> {
    steps.iter().zip(steps.iter().skip(1)).filter_map(|(a, b)| match (a.to, b.from) {
        (Some(to), Some(from)) if to < from => Some(format!("gap between {to} and {from}")),
        (Some(to), Some(from)) if to > from => Some(format!("overlap from {from} to {to}")),
        (Some(_), Some(_)) => None,
        _ => Some("only the lowest step may lack from, only the highest to".to_owned()),
    })
}

fn end_faults(steps: &[Step]) -> Vec<String> {
    let mut faults = Vec::new();
    if steps.first().and_then(|s| s.from).is_some_and(|from| from < 0.0) {
        faults.push("the lowest step lies below the threshold, so it must lack from".to_owned());
    }
    if steps.last().and_then(|s| s.to).is_some_and(|to| to > 0.0) {
        faults.push("the highest step lies above the threshold, so it must lack to".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(from: Option<f64>, to: Option<f64>, add: i32) -> Step {
        Step { from, to, add }
    }

    fn example() -> StepTable {
        let steps = vec![
            step(Some(0.0), Some(10.0), 0),
            step(Some(10.0), Some(20.0), 10),
            step(Some(20.0), None, 30),
            step(Some(-10.0), Some(0.0), 0),
            step(Some(-20.0), Some(-10.0), -10),
            step(None, Some(-20.0), -30),
        ];
        StepTable::new(Adjustment::Percent { min_magnitude: 0 }, steps).unwrap()
    }

    #[test]
    fn the_user_guides_example() {
        for (metric, base, want) in
            [(60.0, 10, 11), (70.0, 11, 14), (40.0, 14, 13), (30.0, 13, 10), (50.0, 10, 10)]
        {
            assert_eq!(example().apply(base, metric - 50.0), Some(want), "{metric} at {base}");
        }
    }

    #[test]
    fn percent_rounds_as_ec2_does() {
        for (base, amount, want) in
            [(127, 10, 12), (4, 10, 1), (4, -10, -1), (667, -1, -6), (100, -1, -1), (100, 1, 1)]
        {
            assert_eq!(percent(base, amount, 0), want, "{amount} % of {base}");
        }
        assert_eq!(percent(4, 25, 2), 2);
        assert_eq!(percent(4, -25, 2), -2);
        assert_eq!(percent(0, 25, 2), 0);
    }

    #[test]
    fn bounds_belong_to_one_side() {
        for (excess, want) in
            [(9.99, 0), (10.0, 10), (19.99, 10), (20.0, 30), (-10.0, -10), (-9.99, 0), (-20.0, -30)]
        {
            assert_eq!(example().amount(excess), Some(want), "{excess}");
        }
    }

    #[test]
    fn below_the_threshold_a_band_begins_above_its_lower_bound() {
        let band = step(Some(-20.0), Some(-10.0), -10);
        for (excess, holds) in [(-20.0, false), (-19.99, true), (-10.0, true), (-9.99, false)] {
            assert_eq!(band.holds(excess), holds, "{excess}");
        }
    }

    #[test]
    fn steps_are_listed_from_the_lowest_band_up() {
        let table = example();
        let amounts: Vec<i32> = table.steps().iter().map(|s| s.add).collect();
        assert_eq!(amounts, [-30, -10, 0, 0, 10, 30]);
    }

    #[test]
    fn a_table_may_end_at_the_threshold() {
        let below = StepTable::new(Adjustment::Change, vec![step(None, Some(0.0), -1)]).unwrap();
        assert_eq!((below.amount(-1.0), below.amount(1.0)), (Some(-1), None));
        let above = StepTable::new(Adjustment::Change, vec![step(Some(0.0), None, 1)]).unwrap();
        assert_eq!((above.amount(-1.0), above.amount(1.0)), (None, Some(1)));
    }

    #[test]
    fn change_and_exact() {
        let table = |kind, add| StepTable::new(kind, vec![step(Some(0.0), None, add)]).unwrap();
        assert_eq!(table(Adjustment::Change, 3).apply(2, 1.0), Some(5));
        assert_eq!(table(Adjustment::Exact, 7).apply(2, 1.0), Some(7));
        assert_eq!(table(Adjustment::Change, -3).apply(2, 1.0), Some(0));
        assert_eq!(table(Adjustment::Change, 3).apply(2, -1.0), None);
    }

    #[test]
    fn broken_tables_say_why() {
        let cases = [
            (vec![], "1 to 20 steps"),
            (vec![step(Some(0.0), Some(5.0), 1), step(Some(6.0), None, 2)], "gap"),
            (vec![step(Some(0.0), Some(7.0), 1), step(Some(6.0), None, 2)], "overlap"),
            (vec![step(Some(0.0), Some(7.0), 1)], "must lack to"),
            (vec![step(Some(-7.0), Some(0.0), 1)], "must lack from"),
            (vec![step(None, None, 1)], "at least one bound"),
            (vec![step(Some(f64::NAN), None, 1)], "finite"),
            (vec![step(Some(7.0), Some(3.0), 1)], "must lie below"),
            (vec![step(Some(0.0), None, 1), step(Some(3.0), None, 1)], "only the lowest"),
        ];
        for (steps, why) in cases {
            let faults = StepTable::new(Adjustment::Change, steps).unwrap_err().join("; ");
            assert!(faults.contains(why), "{faults}");
        }
    }
}
