//! Metric math as text: its names, and how they are made unique where several queries share
//! one request.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>

use std::collections::BTreeSet;

/// `math` with `prefix` before every one of `ids` in it: whole names only, and nothing inside
/// quotes.
pub fn renamed(math: &str, prefix: &str, ids: &BTreeSet<&str>) -> String {
    let renamed = |word: Word<'_>| match word {
        Word::Name(name) if ids.contains(name) => format!("{prefix}{name}"),
        Word::Name(text) | Word::Other(text) => text.to_owned(),
    };
    words(math).map(renamed).collect()
}

/// Whether the expression asks for every metric of its request, so that it must be alone.
pub fn asks_for_all(math: &str) -> bool {
    words(math).any(|word| word == Word::Name("METRICS"))
}

/// Whether CloudWatch takes the text as an id: a lower-case letter, then letters, digits, `_`.
pub fn is_id(text: &str) -> bool {
    let rest_is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    rest_is_plain && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= 200
}

/// A Metrics Insights query: SQL, in which no ids stand.
pub fn is_select(math: &str) -> bool {
    math.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"))
}

/// A piece of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word<'a> {
    /// An id or a function's name.
    Name(&'a str),
    /// Anything else: numbers, operators, blanks, quoted text.
    Other(&'a str),
}

/// The pieces of an expression; together they are the expression.
pub fn words(math: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = math;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = match first {
            '\'' | '"' => quoted_length(rest, first),
            c if in_word(c) => rest.find(|c| !in_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (word, after) = rest.split_at_checked(length)?;
        rest = after;
        let is_name = first.is_ascii_alphabetic() || first == '_';
        Some(if is_name { Word::Name(word) } else { Word::Other(word) })
    })
}

/// Bytes up to and with the closing quote, or to the end.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_renamed_as_whole_names_outside_quotes() {
        for (math, expected) in [
            ("m1/m", "q7_m1/q7_m"),
            ("m10+m1+am1+m1_", "m10+q7_m1+am1+m1_"),
            ("IF(m1>0, m_1, FILL(e,0))", "IF(q7_m1>0, q7_m_1, FILL(q7_e,0))"),
            ("2*m1+1e3*e", "2*q7_m1+1e3*q7_e"),
            ("SUM([m,m1])", "SUM([q7_m,q7_m1])"),
            ("SEARCH('{A,B} m \"m1\"', 'Sum')+m", "SEARCH('{A,B} m \"m1\"', 'Sum')+q7_m"),
            (r"SEARCH(' \' m ')*m", r"SEARCH(' \' m ')*q7_m"),
            ("'unclosed m", "'unclosed m"),
            ("m\u{20ac}m1", "q7_m\u{20ac}q7_m1"),
            ("", ""),
        ] {
            let ids = BTreeSet::from(["m", "m1", "m_1", "e"]);
            assert_eq!(renamed(math, "q7_", &ids), expected);
        }
    }
}
