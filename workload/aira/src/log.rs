//! One JSON object a line on stdout: when, how bad, what, and figures. Never what a user wrote or is
//! called, a token, a code, an address.

use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::sync::OnceLock;

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Nothing.
    Info,
    /// Something that others are to look at some day.
    Warn,
    /// Somebody did not get what they asked for.
    Error,
}

/// In UTC, to the microsecond.
fn now() -> String {
    let micros = i64::try_from(crate::now_micros()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_microsecond(micros).unwrap_or_default().to_string()
}

/// Writes a line; `fields` is an object.
pub fn line(level: Level, message: &str, fields: Value) {
    let level = match level {
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    };
    let mut whole = Map::from_iter([
        ("timestamp".to_owned(), json!(now())),
        ("level".to_owned(), json!(level)),
        ("message".to_owned(), json!(message)),
    ]);
    if let Value::Object(fields) = fields {
        whole.extend(fields);
    }
    SINK.get_or_init(|| print)(&Value::Object(whole).to_string());
}

/// From now on lines go there: for the test that reads them. The first one who says so is heard.
pub fn divert(to: fn(&str)) {
    let _ = SINK.set(to);
}

static SINK: OnceLock<fn(&str)> = OnceLock::new();

/// Whoever closed our stdout does not want to hear it.
fn print(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
