//! The burst guard: when demand is above everything asked for, size for where it will be when new
//! capacity arrives.
//!
//! How far it looks is not learned: what a fleet has not seen yet is just what it is for. Whether
//! it speaks of a steep rise before demand is above what was asked for is: where loads jump about
//! every hour that costs more than it saves.

/// Visible minutes of which the lowest is what the burst stands on.
const BASE_MINS: usize = 10;
/// Visible minutes that the guard looks at.
pub(super) const LOOK_MINS: usize = BASE_MINS;
/// A burst counts as over when the guard asked for nothing more in so many minutes; until then
/// its capacity stays. A little more than the time that it takes to arrive and to be seen.
pub const BURST_MINS: u8 = 10;
/// A crowd is sized for at most so many times its present size.
const MOST_GROWTH: f32 = 5.0;
/// A rise within ten minutes that is more than a day's course and noise: 15 %.
const STEEP: f32 = 0.15;
/// Added to the crowd: a burst that is sized a little too small fails people for another delay.
const MARGIN: f32 = 1.25;

/// Load at which a burst arrives after `delay` minutes, from the last visible minutes, newest
/// first, in instances; none when there is no burst to see.
///
/// What stands above the lowest of the last ten minutes is the crowd. It goes on growing at the
/// speed of the newest minute; when that speed has risen twice in a row, by the lesser of the two
/// rises in every further minute. (A step has one rise and a ramp none, so neither is taken for a
/// crowd that doubles.)
pub(super) fn projection(newest_first: &[f32], delay: u32) -> Option<f32> {
    let newest = newest_first.first().copied()?;
    let base = newest_first.iter().take(BASE_MINS).copied().fold(f32::MAX, f32::min);
    let crowd = newest - base;
    if crowd <= 0.0 {
        return None;
    }
    let ago = |n: usize| newest_first.get(n).or(newest_first.last()).copied().unwrap_or(newest);
    let (a, b, c, d) = (ago(0), ago(1), ago(2), ago(3));
    let rise = (a - 2.0 * b + c).min(b - 2.0 * c + d).max(0.0);
    let minutes = delay as f32;
    let more = minutes * (a - b).max(0.0) + minutes * (minutes + 1.0) / 2.0 * rise;
    Some(base + (crowd + more).min(crowd * MOST_GROWTH) * MARGIN)
}

/// Whether the load rises steeply: to above everything of the hour before, and from the lowest of
/// the last ten minutes by more than the course of a day and noise would.
pub(super) fn is_steep<'a>(mut newest_first: impl ExactSizeIterator<Item = &'a f32>) -> bool {
    let known = newest_first.len() > BASE_MINS;
    let newest = newest_first.next().copied().unwrap_or(0.0);
    let (mut lowest, mut highest) = (newest, 0.0_f32);
    for (ago, load) in (1..).zip(newest_first) {
        lowest = if ago < BASE_MINS { lowest.min(*load) } else { lowest };
        highest = highest.max(*load);
    }
    known && newest > highest && newest - lowest > STEEP * lowest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(oldest_first: &[f32]) -> Option<f32> {
        let newest_first: Vec<f32> = oldest_first.iter().rev().copied().collect();
        projection(&newest_first, 6)
    }

    #[test]
    fn a_crowd_is_sized_for_when_capacity_arrives() {
        for (name, loads, want) in [
            ("nothing is known", vec![], None),
            ("one minute", vec![10.0], None),
            ("level", vec![10.0; 12], None),
            ("falling", vec![12.0, 11.0, 10.0], None),
            (
                "a ramp of 2 a minute is at 28",
                vec![10.0, 12.0, 14.0, 16.0],
                Some(10.0 + 18.0 * 1.25),
            ),
            ("its first minute tells", vec![10.0, 10.0, 12.0], Some(10.0 + 10.0 * 1.25)),
            ("a step's second minute", vec![10.0, 10.0, 40.0, 40.0], Some(10.0 + 30.0 * 1.25)),
            ("a step's first one", vec![10.0, 10.0, 40.0], Some(10.0 + 150.0 * 1.25)),
            (
                "it rose by 1, 2, 3 and goes on to 4 .. 9",
                vec![10.0, 20.0, 21.0, 23.0, 26.0],
                Some(10.0 + 55.0 * 1.25),
            ),
            ("a burst that ebbs", vec![10.0, 20.0, 40.0, 39.0], Some(10.0 + 29.0 * 1.25)),
        ] {
            assert_eq!(project(&loads), want, "{name}");
        }
    }

    #[test]
    fn a_rise_is_steep_above_the_hour_and_beyond_noise() {
        let usual = |n: usize| vec![10.0_f32; n];
        let then = |loads: &[f32]| [usual(60), loads.to_vec()].concat();
        for (name, oldest_first, want) in [
            ("level", usual(60), false),
            ("by more than 15 %", then(&[11.6]), true),
            ("by less", then(&[11.4]), false),
            ("within ten minutes", then(&[10.0, 10.3, 10.6, 10.9, 11.2, 11.6]), true),
            ("slowly", (0..60_u8).map(|n| 10.0 + 0.1 * f32::from(n)).collect(), false),
            ("it ebbs", then(&[13.0, 12.0]), false),
            (
                "back to what was there within the hour",
                [vec![12.0], usual(50), vec![12.0]].concat(),
                false,
            ),
            ("too little is known", [usual(9), vec![20.0]].concat(), false),
            ("nothing is known", vec![], false),
        ] {
            assert_eq!(is_steep(oldest_first.iter().rev()), want, "{name}");
        }
    }

    #[test]
    fn an_hour_of_growth_stands_on_its_last_minutes() {
        let hour: Vec<f32> = (0..60_u8).map(|n| 10.0 + f32::from(n)).collect();
        assert_eq!(project(&hour), Some(60.0 + 15.0 * 1.25));
    }
}
