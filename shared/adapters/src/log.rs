//! JSON lines on stdout, and the small `tracing` subscriber that turns the libraries'
//! warnings into such lines. (tracing-subscriber would be a tenth of the binary.)

use crate::clock;
use serde_json::{Map, Value, json};
use std::fmt;
use std::io::Write as _;
use tidegate_wire::{record, text};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Bytes of one text in a line.
const TEXT_BYTES: usize = 4_000;

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the record.
    Info,
    /// Something narrows what may be done.
    Warn,
    /// Something was not done.
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Writes one line: time, level, message, and `fields` (a JSON object) beside them.
pub fn line(level: Level, message: &str, fields: Value) {
    let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
    write(&with_head(level.word(), message, fields));
}

/// Sends the libraries' warnings and errors to stdout as JSON lines. Further calls do
/// nothing.
pub fn init() {
    let _ = tracing::subscriber::set_global_default(Warnings);
}

/// Writes a value as one line; a stdout that is gone is no reason to fail.
pub(crate) fn write(value: &Value) {
    let mut line = value.to_string();
    line.push('\n');
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

fn with_head(level: &str, message: &str, fields: Map<String, Value>) -> Value {
    record::headed(clock::wall(), level, message, fields)
}

/// Events of level WARN and above, without spans.
struct Warnings;

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= tracing::Level::WARN
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        fields.rest.insert("target".to_owned(), json!(metadata.target()));
        write(&with_head(metadata.level().as_str(), &fields.message, fields.rest));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        // Spans are disabled; any id will do.
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    rest: Map<String, Value>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.rest.insert(field.name().to_owned(), json!(text::cut(&text, TEXT_BYTES)));
        }
    }
}
