//! Target tracking: the scale-out net of an `owner` fleet, the trimmer of a `floor` fleet.
//!
//! After AWS's documentation: out when the newest 3 minutes are all above the target, in
//! when the newest 15 are all below 90 % of it, in proportion to the metric, within the
//! bounds, never in while instances are warming or within a warm-up of its last act. AWS
//! does not publish its exact arithmetic.

use crate::fleet::{Fleet, Phase, Writer};
use crate::metrics::Store;
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::group::{ScalingPolicy, Sizes};
use tidegate_domain::metrics::{MetricQuery, Window};

/// Minutes above the target before it scales out.
const OUT_MINUTES: usize = 3;
/// Minutes below [`IN_SHARE`] of the target before it scales in.
const IN_MINUTES: usize = 15;
/// The share of the target below which it scales in.
const IN_SHARE: f64 = 0.9;
/// How far back the newest minutes are looked for; older ones do not count.
const LOOK_BACK: SignedDuration = SignedDuration::from_mins(20);

/// A target-tracking policy on a metric per instance, such as average CPU.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracking {
    /// Its name.
    pub name: String,
    /// The metric, by the minute.
    pub query: MetricQuery,
    /// The value it aims at.
    pub target: f64,
    /// It may lower desired capacity (`DisableScaleIn: false`).
    pub scale_in: bool,
    /// From `InService` until an instance counts.
    pub warm_up: SignedDuration,
}

impl Tracking {
    /// A policy with a warm-up of five minutes.
    pub fn new(name: &str, query: MetricQuery, target: f64, scale_in: bool) -> Self {
        let warm_up = SignedDuration::from_mins(5);
        Self { name: name.to_owned(), query, target, scale_in, warm_up }
    }

    /// The policy as DescribePolicies shows it.
    pub(crate) fn policy(&self) -> ScalingPolicy {
        ScalingPolicy { name: self.name.clone(), can_scale_in: self.scale_in }
    }
}

impl Fleet {
    /// Looks at the metric once a minute.
    pub fn track(&mut self, now: Timestamp, metrics: &Store) {
        if self.is_suspended("AlarmNotification") || self.deleting {
            return;
        }
        let Some(tracking) = self.tracking.clone() else { return };
        let window = Window::before(now, LOOK_BACK);
        let series = metrics.query(&tracking.query, window, now).unwrap_or_default();
        let newest_first: Vec<f64> = series.iter().rev().map(|point| point.value).collect();
        if let Some(desired) = self.tracked(now, &tracking, &newest_first) {
            let to = Sizes { desired, ..self.sizes };
            let why = format!("a monitor alarm in state ALARM triggered policy {}", tracking.name);
            self.resize(now, Writer::Tracking, to, &why);
            self.last_move = Some(now);
        }
    }

    /// The desired capacity that tracking wants, when it wants another one.
    fn tracked(&self, now: Timestamp, tracking: &Tracking, newest: &[f64]) -> Option<u32> {
        let Sizes { min, max, desired } = self.sizes;
        let whole = |minutes: usize| newest.get(..minutes);
        let over = whole(OUT_MINUTES)?.iter().all(|value| *value > tracking.target);
        let low = tracking.target * IN_SHARE;
        let under = whole(IN_MINUTES).is_some_and(|values| values.iter().all(|v| *v < low));
        let ratio = newest.first()? / tracking.target;
        let wanted = scaled(self.serving_units(), ratio).clamp(min, max);
        let out = over && wanted > desired;
        let inward = under && tracking.scale_in && wanted < desired && self.is_warm(now, tracking);
        (out || inward).then_some(wanted)
    }

    fn serving_units(&self) -> u32 {
        self.count(|unit| unit.phase == Phase::Serving).saturating_mul(self.spec.weight)
    }

    fn is_warm(&self, now: Timestamp, tracking: &Tracking) -> bool {
        let booting = self.count(|unit| matches!(unit.phase, Phase::Booting { .. })) > 0;
        let since = self.last_move.map(|at| now.duration_since(at));
        !booting && since.is_none_or(|since| since >= tracking.warm_up)
    }
}

/// `units * ratio`, rounded up.
fn scaled(units: u32, ratio: f64) -> u32 {
    let product = (f64::from(units) * ratio).ceil();
    // A cast of a float saturates, and takes NaN to zero.
    product as u32
}
