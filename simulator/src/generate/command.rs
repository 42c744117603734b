//! `generate`: a trace out of nothing, to try a policy on.

use super::{MONDAY, Shape, generate_from};
use crate::Failure;
use crate::cli::date;
use crate::trace::{Trace, midnight};
use clap::Args;
use jiff::civil::Date;
use std::io::Write;
use std::path::PathBuf;

/// Below the arguments' help.
pub const HELP: &str = "\
Example: four weeks of people who chat, with a few crowds that nobody announced

  $ tidegate generate --shape chat --days 28 --seed 30 --out chat.csv.gz

The load lies around 1000 a minute, with noise of 3 % that lasts a few minutes. The same shape,
days, seed and start give the same rows on every machine. A minute whose metric was never
published (shape holes) has no value in its row.

Exit codes:
  0  written
  2  the input is wrong: arguments, or the file cannot be written";

/// More days than ten years are no trace (`trace::MOST_MINUTES`).
const MOST_DAYS: i64 = 3_650;

/// The arguments of `generate`.
#[derive(Debug, Clone, Args)]
pub struct Generate {
    /// What the load looks like.
    #[arg(long, value_name = "SHAPE")]
    pub shape: Shape,
    /// Days.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_DAYS))]
    pub days: u32,
    /// Another seed is another trace of the same shape.
    #[arg(long, value_name = "S")]
    pub seed: u64,
    /// The first day, in UTC.
    #[arg(long, value_name = "DATE", default_value = "2026-01-05", value_parser = date)]
    pub start: Date,
    /// Where to; `-` is stdout.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
    /// Pack it; so is a file whose name ends in .gz.
    #[arg(long)]
    pub gzip: bool,
}

/// The bytes of the file: CSV, whole requests.
///
/// # Errors
/// [`Failure::Input`]: the start is so late that the trace's times cannot be written.
pub fn answer(ask: &Generate) -> Result<Vec<u8>, Failure> {
    let last = ask.start.checked_add(jiff::Span::new().days(i64::from(ask.days)));
    let last = last.map_err(|error| Failure::Input(format!("--start and --days: {error}")))?;
    let first = midnight(last).and_then(|_| midnight(ask.start)).unwrap_or(MONDAY);
    let text = rounded(generate_from(ask.shape, ask.days, ask.seed, first)).to_csv();
    let named_so = ask.out.extension().is_some_and(|ending| ending == "gz");
    if ask.gzip || named_so { packed(&text) } else { Ok(text.into_bytes()) }
}

/// A trace of whole requests.
pub fn rounded(mut trace: Trace) -> Trace {
    trace.loads.iter_mut().for_each(|load| *load = load.round());
    trace
}

fn packed(text: &str) -> Result<Vec<u8>, Failure> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let written = gzip.write_all(text.as_bytes()).and_then(|()| gzip.finish());
    written.map_err(|error| Failure::Input(format!("packing: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Rules, read};
    use std::io::Read;
    use std::path::Path;

    fn ask(shape: Shape, out: &str) -> Generate {
        let start = "2026-01-05".parse().unwrap();
        Generate { shape, days: 8, seed: 1, start, out: out.into(), gzip: false }
    }

    #[test]
    fn what_is_written_is_the_trace() {
        for shape in Shape::ALL {
            let bytes = answer(&ask(shape, "-")).unwrap();
            let reading = read(&bytes, &Rules::default()).unwrap();
            let want = rounded(super::super::generate(shape, 8, 1));
            let seen = |trace: &Trace| (0..8 * 1440).map(|n| trace.seen(n)).collect::<Vec<_>>();
            assert_eq!(seen(&reading.trace), seen(&want), "{shape}");
            assert_eq!(reading.notes.is_empty(), shape != Shape::Holes, "{:?}", reading.notes);
        }
    }

    #[test]
    fn packed_by_argument_or_by_name() {
        let plain = answer(&ask(Shape::Flat, "-")).unwrap();
        let named = answer(&ask(Shape::Flat, "x.csv.gz")).unwrap();
        let argued = answer(&Generate { gzip: true, ..ask(Shape::Flat, "-") }).unwrap();
        assert_eq!(named, argued);
        assert!(named.len() * 3 < plain.len());
        assert_eq!(Trace::read(&named), Trace::read(&plain));
    }

    #[test]
    fn a_week_begins_where_it_is_said() {
        let saturday = "2026-01-10".parse().unwrap();
        let bytes = answer(&Generate { start: saturday, ..ask(Shape::Week, "-") }).unwrap();
        let trace = Trace::read(&bytes).unwrap();
        assert!(bytes.starts_with(b"timestamp_utc,requests_per_minute\n2026-01-10T00:00:00Z,"));
        let mean = |day: usize| trace.loads[day * 1440..(day + 1) * 1440].iter().sum::<f64>();
        assert!(mean(0) < 0.8 * mean(2) && mean(7) < 0.8 * mean(6), "Saturday, Sunday, Saturday");
    }

    #[test]
    fn a_start_beyond_the_calendar_is_refused() {
        let late = Generate { start: "9999-12-30".parse().unwrap(), ..ask(Shape::Flat, "-") };
        assert!(answer(&late).unwrap_err().to_string().contains("--start and --days"));
    }

    /// The trace that is shipped is what the command in the README beside it makes.
    #[test]
    fn the_shipped_trace_is_this_codes() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
        let shipped = std::fs::read(folder.join("chat.csv.gz")).unwrap();
        let unpack = |bytes: &[u8]| {
            let mut text = String::new();
            flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
            text
        };
        let made = Generate { days: 28, seed: SHIPPED, ..ask(Shape::Chat, "chat.csv.gz") };
        // Its rows, not its bytes: another version of the packer may pack otherwise.
        assert!(unpack(&shipped) == unpack(&answer(&made).unwrap()), "make it anew");
        assert!(shipped.len() < 200_000, "{}", shipped.len());
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let command = format!("--shape chat --days 28 --seed {SHIPPED} --out");
        assert!(readme.contains(&command), "{command}");
    }

    const SHIPPED: u64 = 30;

    #[test]
    fn people_who_chat() {
        let trace = super::super::generate(Shape::Chat, 28, SHIPPED);
        let at = |day: usize, hour: usize| {
            let from = (day * 24 + hour) * 60;
            trace.loads[from..from + 60].iter().sum::<f64>() / 60.0
        };
        assert!(at(1, 21) > 4.0 * at(1, 4), "evening and night");
        assert!(at(1, 12) < at(1, 10) && at(1, 12) < at(1, 15), "lunch");
        assert!(at(5, 21) < 0.9 * at(1, 21), "Saturday");
        assert!((trace.mean() / 1_000.0 - 1.0).abs() < 0.15, "{}", trace.mean());
    }
}
