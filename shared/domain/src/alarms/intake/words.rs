//! What CloudWatch's sentences tell where an event has no field for it. An alarm over many time
//! series and every SNS notification have the newest value only there.

/// `>`, `>=`, `<` or `<=`, by the operator's name or else by the reason's words; none for bands
/// and composites. "was not greater than the threshold" is said of a `>` alarm that is OK.
pub(super) fn comparison(operator: Option<&str>, reason: &str) -> Option<String> {
    let named = match operator {
        Some("GreaterThanThreshold") => Some(">"),
        Some("GreaterThanOrEqualToThreshold") => Some(">="),
        Some("LessThanThreshold") => Some("<"),
        Some("LessThanOrEqualToThreshold") => Some("<="),
        _ => None,
    };
    let told = || {
        [
            ("greater than or equal to the threshold", ">="),
            ("less than or equal to the threshold", "<="),
            ("greater than the threshold", ">"),
            ("less than the threshold", "<"),
        ]
        .into_iter()
        .find_map(|(words, sign)| reason.contains(words).then_some(sign))
    };
    named.or_else(told).map(str::to_owned)
}

/// `... the threshold (70.0).`
pub(super) fn threshold(reason: &str) -> Option<f64> {
    let (_, rest) = reason.split_once(" the threshold (")?;
    number(rest.split_once(')')?.0)
}

/// `... datapoints [88.3 (17/11/26 05:29:00), 81.9 (17/11/26 05:28:00)] ...`: the newest is first.
pub(super) fn value(reason: &str) -> Option<f64> {
    let (_, rest) = reason.split_once(" [")?;
    number(rest.split_once(" (")?.0)
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|n: &f64| n.is_finite())
}
