//! A load by its breakpoints, straight lines between them.

use jiff::Timestamp;

/// Breakpoints in the order of time; before the first and after the last it is level. Two of
/// one time are a jump.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve(Vec<(Timestamp, f64)>);

impl Curve {
    /// A curve; none without a breakpoint. The times ascend.
    pub fn new(points: Vec<(Timestamp, f64)>) -> Option<Self> {
        (!points.is_empty()).then_some(Self(points))
    }

    /// The load at an instant, in whole units.
    pub fn at(&self, at: Timestamp) -> f64 {
        let after = self.0.partition_point(|(time, _)| *time <= at);
        let next = self.0.get(after);
        let Some((t0, v0)) = after.checked_sub(1).and_then(|n| self.0.get(n)) else {
            return next.map_or(0.0, |(_, value)| *value);
        };
        let Some((t1, v1)) = next else { return *v0 };
        let share = at.duration_since(*t0).as_secs_f64() / t1.duration_since(*t0).as_secs_f64();
        (v0 + (v1 - v0) * share).round()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_lines_jumps_and_level_ends() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let points = [(60, 10.0), (120, 20.0), (120, 50.0), (180, 40.0)];
        let curve = Curve::new(points.map(|(t, v)| (at(t), v)).to_vec()).unwrap();
        for (second, value) in
            [(0, 10.0), (60, 10.0), (90, 15.0), (120, 50.0), (150, 45.0), (999, 40.0)]
        {
            assert_eq!(curve.at(at(second)), value, "{second}");
        }
        assert_eq!(Curve::new(Vec::new()), None);
    }
}
