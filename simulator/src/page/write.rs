//! How the report writes text and numbers: the one place of escapes, separators and units.
//!
//! What must stay true: no text of a trace, a policy or a ledger reaches the page unescaped; a
//! number that is none is a dash, never `NaN`; a rounded share never says all or nothing when it
//! is not so.

/// A space that does not break a line.
pub const NBSP: char = '\u{a0}';

/// For HTML and SVG, as content and as a quoted attribute; control characters are replaced.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A text cut to so many characters, an ellipsis included.
pub fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// With this many decimals and commas between thousands.
pub fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut out = String::new();
    if value < 0.0 && plain.contains(|c: char| c.is_ascii_digit() && c != '0') {
        out.push('−');
    }
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if fraction.is_empty() { out } else { format!("{out}.{fraction}") }
}

/// Whole, with commas between thousands.
pub fn count(value: f64) -> String {
    number(value, 0)
}

/// How many of something, in the singular where it is one.
pub fn of_them(value: f64, one: &str, more: &str) -> String {
    format!("{}{NBSP}{}", count(value), if count(value) == "1" { one } else { more })
}

/// A count as one says it: `41.2 million`.
pub fn spoken(value: f64) -> String {
    match value {
        v if v >= 999_950_000.0 => format!("{}{NBSP}billion", number(v / 1e9, 1)),
        v if v >= 999_950.0 => format!("{}{NBSP}million", number(v / 1e6, 1)),
        v => count(v),
    }
}

/// For an axis: `1.2k`, `3M`.
pub fn short(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, "G"),
        v if v >= 1e6 => (value / 1e6, "M"),
        v if v >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    format!("{}{unit}", trimmed(scaled))
}

/// With three digits that count at most, without zeros at the end.
fn trimmed(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    let shown = number(value, decimals);
    if shown.contains('.') {
        shown.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        shown
    }
}

/// A share in percent, by size with more or fewer decimals; `under 0.001 %` and `over 99.9 %`
/// are not nothing and not all.
pub fn percent(value: f64) -> String {
    let shown = match value {
        v if !v.is_finite() => "–".to_owned(),
        v if v <= 0.0 => "0".to_owned(),
        v if v < 0.001 => "under 0.001".to_owned(),
        v if v < 0.0995 => number(v, 3),
        v if v < 9.95 => number(v, 2),
        v if v < 99.95 => number(v, 1),
        v if v < 100.0 => "over 99.9".to_owned(),
        v => count(v),
    };
    format!("{shown}{NBSP}%")
}

/// Instance-hours: whole from ten on.
pub fn hours(value: f64) -> String {
    number(value, if value < 9.95 { 1 } else { 0 })
}

/// US dollars: cents below a hundred.
pub fn dollars(value: f64) -> String {
    let shown = number(value.abs(), if value.abs() < 99.995 { 2 } else { 0 });
    if value <= -0.005 { format!("−${shown}") } else { format!("${shown}") }
}

/// A duration of so many minutes: `7 min`, `3 h 20 min`, `4 days 6 h`.
pub fn lasting(minutes: usize) -> String {
    let (days, hours, mins) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let day = |n| format!("{}{NBSP}day{}", count(n as f64), if n == 1 { "" } else { "s" });
    match (days, hours, mins) {
        (0, 0, m) => format!("{m}{NBSP}min"),
        (0, h, 0) => format!("{h}{NBSP}h"),
        (0, h, m) => format!("{h}{NBSP}h {m}{NBSP}min"),
        (d, 0, _) => day(d),
        (d, h, _) => format!("{} {h}{NBSP}h", day(d)),
    }
}

/// Where `value` stands to `other`: `34 % fewer than`, `as many as`.
pub fn against(value: f64, other: f64) -> Option<String> {
    let times = value / other;
    if !times.is_finite() || other <= 0.0 {
        return None;
    }
    Some(match (times - 1.0) * 100.0 {
        d if d.abs() < 0.05 => "as many as".to_owned(),
        d if d < 0.0 => format!("{}{NBSP}% fewer than", difference(-d)),
        d if d < 300.0 => format!("{}{NBSP}% more than", difference(d)),
        _ => format!("{} times as many as", trimmed(times)),
    })
}

fn difference(percent: f64) -> String {
    number(percent, if percent < 9.95 { 1 } else { 0 })
}

/// A coordinate: one decimal, none where it is zero; zero for what is no number.
pub fn px(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let shown = format!("{value:.1}");
    let shown = shown.strip_suffix(".0").unwrap_or(&shown);
    if shown == "-0" { "0".to_owned() } else { shown.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_the_same_everywhere() {
        let cases: [(&str, String); 32] = [
            ("0", count(0.0)),
            ("0", count(-0.2)),
            ("−1,235", count(-1234.6)),
            ("999", count(999.0)),
            ("1,000", count(1000.0)),
            ("1,234,567.9", number(1_234_567.89, 1)),
            ("–", count(f64::NAN)),
            ("–", count(f64::INFINITY)),
            ("– %", percent(f64::NAN)),
            ("0 %", percent(0.0)),
            ("under 0.001 %", percent(0.0009)),
            ("0.012 %", percent(0.0123)),
            ("0.17 %", percent(0.1698)),
            ("12.3 %", percent(12.34)),
            ("over 99.9 %", percent(99.99)),
            ("100 %", percent(100.0)),
            ("41.2 million", spoken(41_213_000.0)),
            ("1.0 million", spoken(999_960.0)),
            ("3.0 billion", spoken(3e9)),
            ("12,345", spoken(12_345.0)),
            ("9,500", short(9_500.0)),
            ("12k", short(12_000.0)),
            ("1.25M", short(1_250_000.0)),
            ("0.5", short(0.5)),
            ("$3.70", dollars(3.7)),
            ("$1,235", dollars(1234.6)),
            ("−$0.02", dollars(-0.02)),
            ("7 min", lasting(7)),
            ("3 h 20 min", lasting(200)),
            ("1 day", lasting(1_440)),
            ("4 days 6 h", lasting(6_120)),
            ("1 minute", of_them(1.0, "minute", "minutes")),
        ];
        for (wanted, shown) in cases {
            assert_eq!(shown.replace(NBSP, " "), wanted);
        }
    }

    #[test]
    fn comparisons_are_words() {
        let cases = [
            (66.0, 100.0, Some("34 % fewer than")),
            (106.4, 100.0, Some("6.4 % more than")),
            (100.0, 100.0, Some("as many as")),
            (950.0, 100.0, Some("9.5 times as many as")),
            (1.0, 0.0, None),
            (f64::NAN, 1.0, None),
        ];
        for (value, other, wanted) in cases {
            let shown = against(value, other).map(|text| text.replace(NBSP, " "));
            assert_eq!(shown.as_deref(), wanted, "{value} {other}");
        }
    }

    #[test]
    fn text_is_harmless_and_bounded() {
        assert_eq!(
            escape("<b a=\"x\">'&\u{1b}[0m\n"),
            "&lt;b a=&quot;x&quot;&gt;&#39;&amp;\u{fffd}[0m "
        );
        assert_eq!(clip("target tracking", 8), "target…");
        assert_eq!(clip("short", 5), "short");
        assert_eq!(
            (px(f64::NAN), px(-0.01), px(3.04), px(2.25)),
            ("0".into(), "0".into(), "3".into(), "2.2".into())
        );
    }
}
