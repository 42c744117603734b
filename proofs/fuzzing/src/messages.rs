//! Texts to people and to the log: whatever is in them, SNS takes the message, no reader's eye
//! is led astray, and a line of the log is one line.

use crate::pieces::Pieces;
use crate::world::NOON;
use serde_json::{Map, Value, json};
use tidegate_domain::ids::FleetName;
use tidegate_domain::notice::{Notice, Severity};
use tidegate_wire::record::headed;
use tidegate_wire::{message as sns, text};

/// What makes a message of a notice.
#[derive(Debug, Clone, Copy)]
pub struct Maker {
    /// The subject.
    pub subject: fn(&Notice) -> String,
    /// The body.
    pub body: fn(&Notice) -> String,
    /// What a subscription filters by.
    pub attributes: fn(&Notice) -> [(&'static str, String); 2],
}

/// The one that is deployed.
pub const SNS: Maker =
    Maker { subject: sns::subject, body: sns::body, attributes: sns::attributes };

/// A notice and a log line: severity, fleet, subject, body, and `fill` where the body is
/// repeated beyond the bound of a message.
pub fn message(data: &[u8]) {
    message_with(&SNS, data);
}

/// [`message`] with another maker.
pub fn message_with(maker: &Maker, data: &[u8]) {
    let mut pieces = Pieces::of(data);
    let severity = if pieces.number() == 0 { Severity::Warning } else { Severity::Critical };
    let fleet = FleetName::new(pieces.next()).or_else(|_| FleetName::new("web")).unwrap();
    let (subject, body) = (pieces.next(), pieces.next());
    text_law(&body);
    let times = match pieces.next().as_str() {
        "fill" => sns::MESSAGE_BYTES / body.len().max(1) + 1,
        _ => 1,
    };
    let made = Notice::new(&fleet, severity, "key", &subject);
    assert!(made.subject.len() <= sns::SUBJECT_BYTES);
    let raw = Notice { subject: subject.clone(), ..made.clone() };
    notice_law(maker, &made.body(body.clone()));
    notice_law(maker, &raw.body(body.repeat(times)));
    text_law(&subject);
    let fields = Map::from_iter([(subject, json!(body))]);
    let line = line_law(&headed(NOON.parse().unwrap(), "WARN", &body, fields));
    let back: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&back["level"], &back["timestamp"]),
        (&json!("WARN"), &json!("2026-11-17T05:31:00.000Z"))
    );
}

/// The law of a message to people.
pub fn notice_law(maker: &Maker, notice: &Notice) {
    let (subject, body) = ((maker.subject)(notice), (maker.body)(notice));
    assert!((1..=99).contains(&subject.len()), "{subject:?}");
    assert!(subject.bytes().all(|b| (b' '..=b'~').contains(&b)), "{subject:?}");
    assert!(!body.trim().is_empty(), "SNS takes no empty message");
    readable(&body);
    let attributes = (maker.attributes)(notice);
    for (name, value) in &attributes {
        assert!(!value.is_empty(), "SNS takes no empty attribute: {name}");
        assert!(!value.contains(['\n', '\t']), "{name}: {value:?}");
        readable(value);
    }
    let attributes: usize =
        attributes.iter().map(|(n, v)| n.len() + v.len() + "String".len()).sum();
    let whole = subject.len() + body.len() + attributes;
    assert!(whole <= sns::MESSAGE_BYTES, "{whole} bytes");
}

/// No control characters but line feeds and tabs, none that reorder what is shown
/// (<https://www.unicode.org/reports/tr9/>, table 4 and the marks), none that XML forbids.
pub(crate) fn readable(text: &str) {
    for c in text.chars() {
        let code = u32::from(c);
        let control = code < 0x20 && c != '\n' && c != '\t' || (0x7f..=0x9f).contains(&code);
        let bidi = [0x061c, 0x200e, 0x200f].contains(&code)
            || (0x202a..=0x202e).contains(&code)
            || (0x2066..=0x2069).contains(&code);
        assert!(!control && !bidi && ![0xfffe, 0xffff].contains(&code), "U+{code:04X}");
    }
}

/// Cleaning and cutting: what is clean stays, what is cut is a beginning.
fn text_law(given: &str) {
    let clean = text::clean(given);
    readable(&clean);
    assert_eq!(text::clean(&clean), clean, "cleaning twice is cleaning once");
    for bytes in [0, 1, 7, 8, 9, 99, given.len().saturating_sub(1), given.len()] {
        let cut = text::cut(given, bytes);
        assert!(cut.len() <= bytes, "{} of {bytes} bytes", cut.len());
        let kept = cut.strip_suffix("...[cut]").filter(|kept| given.starts_with(kept));
        let done = if given.len() <= bytes { cut == given } else { bytes < 8 || kept.is_some() };
        assert!(done, "{given:?} at {bytes} became {cut:?}");
        let line = text::line(given, bytes);
        assert!(line.len() <= bytes && !line.contains(['\n', '\t', '\r']), "{line:?}");
        readable(&line);
    }
}

/// A value of the log is one line of JSON that reads back as the value.
pub fn line_law(value: &Value) -> String {
    let line = value.to_string();
    assert!(!line.bytes().any(|b| b < 0x20), "{line:?}");
    let back: Value = serde_json::from_str(&line).unwrap();
    assert!(same(&back, value), "{line} is not {value:?}");
    line
}

/// Whether two values are the same. serde_json reads a number to one part in 10^15, which is
/// enough for what is measured; nothing that is counted is a fraction.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) if x.is_f64() && y.is_f64() => {
            let (x, y) = (x.as_f64().unwrap(), y.as_f64().unwrap());
            (x - y).abs() <= 1e-15 * x.abs().max(f64::MIN_POSITIVE)
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.keys().eq(y.keys()) && x.values().zip(y.values()).all(|(x, y)| same(x, y))
        }
        _ => a == b,
    }
}
