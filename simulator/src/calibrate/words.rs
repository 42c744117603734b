//! The estimate in words.

use super::Answer;
use super::bootstrap::DRAWS;
use std::fmt::Write as _;
use tidegate_domain::text::clean;

/// The labels' column.
const INDENT: usize = 10;

/// The estimate, what it rests on, and the policy's lines.
pub(super) fn of(answer: &Answer) -> String {
    let Answer { from, until, used, at_or_above, slo, .. } = answer;
    let high = answer.high.map_or("beyond the data".to_owned(), figure);
    let (estimate, low) = (figure(answer.estimate), figure(answer.low));
    let mut out = String::new();
    let _ = writeln!(
        out,
        "one instance serves {estimate} a minute at {slo} (95 of 100: {low} to {high})\n"
    );
    line(&mut out, "data", &format!("{used} steady minutes from {from} to {until}"));
    line(&mut out, "", &answer.dropped.to_string());
    let near =
        format!("{at_or_above} of them at the estimate or above, up to {}", figure(answer.reached));
    line(&mut out, "near", &near);
    let way = if slo.ends_with("CPU") {
        "a line through medians of similar load (Theil, Sen)"
    } else {
        "a monotone regression through medians of similar load"
    };
    line(&mut out, "way", way);
    let drawn = format!("{DRAWS} draws of blocks of {} minutes", answer.block);
    line(&mut out, "interval", &drawn);
    answer.notes.iter().for_each(|note| line(&mut out, "note", note));
    let day = |time: &str| time.split('T').next().unwrap_or_default().to_owned();
    let _ = writeln!(
        out,
        "\nFor the policy, the interval's lower end:\n\n\
         capacity_per_instance = {}\n\
         # capacity_confirmed = true   # for sizing = \"on\": {slo}, measured {} to {}",
        answer.capacity_per_instance,
        day(from),
        day(until)
    );
    clean(&out)
}

fn line(out: &mut String, label: &str, text: &str) {
    let _ = writeln!(out, "{}", format!("  {label:<INDENT$}{text}").trim_end());
}

/// A number with as many digits as people read.
pub(super) fn figure(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size >= 0.1 => format!("{number:.2}"),
        _ => format!("{number:.5}"),
    }
}
