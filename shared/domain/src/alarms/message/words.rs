//! Numbers, times and counts as people read them.

use crate::alarms::group::Counts;
use jiff::{SignedDuration, Timestamp};

/// `2026-11-17 05:31 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `05:31 UTC`, with the date when it is not `now`'s.
pub(super) fn moment_near(at: Timestamp, now: Timestamp) -> String {
    let day = |t: Timestamp| t.strftime("%Y-%m-%d").to_string();
    if day(at) == day(now) { at.strftime("%H:%M UTC").to_string() } else { moment(at) }
}

/// `40 s`, `12 min`, `4 h`, `4 h 10 min`, `3 days 4 h`; nothing is shorter than `0 s`.
pub(super) fn span(length: SignedDuration) -> String {
    let secs = length.as_secs().max(0);
    let (mins, hours, days) = (secs / 60, secs / 3600, secs / 86_400);
    match (days, hours, mins) {
        (0, 0, 0) => format!("{secs} s"),
        (0, 0, _) => format!("{mins} min"),
        (0 | 1, _, _) => two(hours, "h", mins % 60, "min"),
        _ => two(days, "days", hours % 24, "h"),
    }
}

fn two(whole: i64, unit: &str, rest: i64, small: &str) -> String {
    if rest == 0 { format!("{whole} {unit}") } else { format!("{whole} {unit} {rest} {small}") }
}

/// At most four digits after the point, none that say nothing; very large and very small ones
/// with an exponent.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return "not a number".to_owned();
    }
    if !(1e-3..1e12).contains(&value.abs()) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `1 alarm`, `2 alarms`.
pub(super) fn many(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// `5 firing (2 critical, 3 new), 1 resolved, 2 silenced`: but for those that fire, what there is
/// none of is left out.
pub(super) fn counts(c: &Counts) -> String {
    let part = |count: u32, word: &str| (count > 0).then(|| format!("{count} {word}"));
    let inner: Vec<String> =
        [part(c.critical, "critical"), part(c.new, "new")].into_iter().flatten().collect();
    let firing = match inner.as_slice() {
        [] => format!("{} firing", c.firing),
        inner => format!("{} firing ({})", c.firing, inner.join(", ")),
    };
    let all = [
        Some(firing),
        part(c.flapping, "flapping"),
        part(c.resolved, "resolved"),
        part(c.silenced, "silenced"),
        part(c.inhibited, "explained by another alarm"),
        part(c.planned, "planned"),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (secs, expected) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (15_000, "4 h 10 min"),
            (86_400, "24 h"),
            (172_799, "47 h 59 min"),
            (172_800, "2 days"),
            (273_600, "3 days 4 h"),
        ] {
            assert_eq!(span(SignedDuration::from_secs(secs)), expected, "{secs}");
        }
    }

    #[test]
    fn numbers() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (2.31, "2.31"),
            (0.123_456, "0.1235"),
            (100.0, "100"),
            (1e11, "100000000000"),
            (1e12, "1.000e12"),
            (0.0005, "5.000e-4"),
            (f64::NAN, "not a number"),
            (f64::INFINITY, "not a number"),
        ] {
            assert_eq!(number(value), expected, "{value}");
        }
    }

    #[test]
    fn what_there_is_none_of_is_not_counted() {
        let all = Counts {
            firing: 5,
            critical: 2,
            new: 3,
            resolved: 1,
            flapping: 4,
            silenced: 2,
            inhibited: 1,
            planned: 1,
        };
        assert_eq!(
            counts(&all),
            "5 firing (2 critical, 3 new), 4 flapping, 1 resolved, 2 silenced, 1 explained by \
             another alarm, 1 planned"
        );
        assert_eq!(counts(&Counts { firing: 1, ..Counts::default() }), "1 firing");
        assert_eq!(counts(&Counts { firing: 1, new: 1, ..Counts::default() }), "1 firing (1 new)");
        assert_eq!(counts(&Counts { resolved: 2, ..Counts::default() }), "0 firing, 2 resolved");
    }

    #[test]
    fn a_moment_of_another_day_has_its_date() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-17T05:31:00Z");
        assert_eq!(moment_near(at("2026-11-17T00:01:59Z"), now), "00:01 UTC");
        assert_eq!(moment_near(at("2026-11-16T23:59:00Z"), now), "2026-11-16 23:59 UTC");
    }
}
