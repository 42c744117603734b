//! A notice as SNS takes it. A notice that SNS refuses reaches nobody, so whatever its texts
//! are, what is built here is accepted.

use crate::text;
use tidegate_domain::notice::{Notice, Severity};

/// SNS's bound for a message with its attributes.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
pub const MESSAGE_BYTES: usize = 262_144;
/// Kept for the subject and the attributes (a fleet's name has up to 255 characters).
const ATTRIBUTE_BYTES: usize = 2_048;
/// "Less than 100 characters".
pub const SUBJECT_BYTES: usize = 99;

/// What a subscription can filter by: names and values.
pub fn attributes(notice: &Notice) -> [(&'static str, String); 2] {
    // SNS takes no empty value, and a name may consist of characters that are taken out.
    let fleet = match text::line(notice.fleet.as_str(), ATTRIBUTE_BYTES / 2) {
        line if line.is_empty() => "?".to_owned(),
        line => line,
    };
    [("severity", word(notice.severity).to_owned()), ("fleet", fleet)]
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// Printable ASCII, on one line, with something in it.
pub fn subject(notice: &Notice) -> String {
    let printable = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
    let ascii: String = notice.subject.chars().map(printable).collect();
    match text::line(&ascii, SUBJECT_BYTES) {
        line if line.is_empty() => "Tidegate".to_owned(),
        line => line,
    }
}

/// The body without treacherous characters, within SNS's bound; never empty.
pub fn body(notice: &Notice) -> String {
    match text::cut(&text::clean(&notice.body), MESSAGE_BYTES - ATTRIBUTE_BYTES) {
        text if text.trim().is_empty() => subject(notice),
        text => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_domain::ids::FleetName;

    fn notice(subject: &str, body: &str) -> Notice {
        let fleet = FleetName::new("web").unwrap();
        Notice { subject: subject.to_owned(), ..Notice::new(&fleet, Severity::Warning, "k", "s") }
            .body(body)
    }

    #[test]
    fn both_attributes_are_there() {
        let [severity, fleet] = attributes(&notice("s", "b"));
        assert_eq!(severity, ("severity", "warning".to_owned()));
        assert_eq!(fleet, ("fleet", "web".to_owned()));
        let unseen = FleetName::new("\u{202e}\u{2066}").unwrap();
        let [_, fleet] = attributes(&Notice::new(&unseen, Severity::Warning, "k", "s"));
        assert_eq!(fleet, ("fleet", "?".to_owned()), "an empty value would be refused");
    }

    #[test]
    fn a_subject_is_what_sns_takes() {
        for (given, expected) in
            [("plain", "plain"), ("  two\nlines\u{202e} ", "two?lines?"), ("", "Tidegate")]
        {
            assert_eq!(subject(&notice(given, "b")), expected);
        }
        assert_eq!(subject(&notice(&"x".repeat(500), "b")).len(), SUBJECT_BYTES);
    }

    #[test]
    fn a_body_fits_and_is_never_empty() {
        let huge = body(&notice("s", &"한글\u{2066}".repeat(100_000)));
        assert!(huge.len() <= MESSAGE_BYTES - ATTRIBUTE_BYTES);
        assert!(huge.ends_with("...[cut]") && !huge.contains('\u{2066}'));
        assert_eq!(body(&notice("the subject", "\u{1b}\n")), "the subject");
        assert_eq!(body(&notice("s", "a\nb\u{7}")), "a\nb");
    }
}
