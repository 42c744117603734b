//! A load trace: one value a minute, as a metric publishes it.
//!
//! What must stay true: a row that is not understood is refused with its line and the reason;
//! minutes are consecutive, and a minute that the file leaves out is known to be left out.

use jiff::Timestamp;
use std::collections::BTreeSet;
use std::io::Read;

/// More minutes in a row than this are a mistake of the file, not a hole in it (15 days).
const LONGEST_HOLE: usize = 15 * 1440;

/// Load by the minute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// The first minute, counted since the epoch.
    pub first: i64,
    /// Load of each minute, in the source's unit per minute.
    pub loads: Vec<f64>,
    /// Indices of minutes whose metric was never published; their load is the one before.
    pub hidden: BTreeSet<usize>,
}

/// Why a file is no trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It cannot be unpacked or is no text.
    #[error("not readable: {0}")]
    Unreadable(String),
    /// A row is wrong.
    #[error("line {line}: {why}")]
    Row {
        /// Counted from 1, the header included.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There is no row.
    #[error("no row of data: expected lines such as 2026-01-05T00:00:00Z,1200")]
    Empty,
}

impl Trace {
    /// Reads `time,load` rows, plain or gzip; a first row that is no data is the header.
    ///
    /// # Errors
    /// The first row that is wrong, with its line: no time, seconds in it, a time that does not
    /// come after the one before, a load that is no number at or above zero, a hole of more than
    /// 15 days.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let text = unpack(bytes).map_err(|error| Fault::Unreadable(error.to_string()))?;
        let mut trace = Self::default();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || (number == 0 && !line.starts_with(char::is_numeric)) {
                continue;
            }
            let why = |why| Fault::Row { line: number + 1, why };
            let (minute, load) = row(line).map_err(why)?;
            trace.push(minute, load).map_err(why)?;
        }
        if trace.loads.is_empty() { Err(Fault::Empty) } else { Ok(trace) }
    }

    /// The mean load.
    pub fn mean(&self) -> f64 {
        self.loads.iter().sum::<f64>() / (self.loads.len().max(1) as f64)
    }

    /// The highest load.
    pub fn peak(&self) -> f64 {
        self.loads.iter().copied().fold(0.0, f64::max)
    }

    /// What the metric shows of a minute; none where it was never published.
    pub fn seen(&self, index: usize) -> Option<f64> {
        self.loads.get(index).copied().filter(|_| !self.hidden.contains(&index))
    }

    fn push(&mut self, minute: i64, load: f64) -> Result<(), String> {
        let Some(last) = self.loads.last().copied() else {
            self.first = minute;
            self.loads.push(load);
            return Ok(());
        };
        let at = usize::try_from(minute - self.first).unwrap_or(0);
        if at < self.loads.len() {
            return Err("its minute does not come after the one before".to_owned());
        }
        if at - self.loads.len() > LONGEST_HOLE {
            return Err("more than 15 days after the one before".to_owned());
        }
        self.hidden.extend(self.loads.len()..at);
        self.loads.resize(at, last);
        self.loads.push(load);
        Ok(())
    }
}

fn unpack(bytes: &[u8]) -> std::io::Result<String> {
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(bytes).read_to_string(&mut text)?;
    } else {
        let mut plain = bytes;
        plain.read_to_string(&mut text)?;
    }
    Ok(text)
}

fn row(line: &str) -> Result<(i64, f64), String> {
    let (time, load) =
        line.split_once(',').ok_or_else(|| format!("expected time,load, got {line:?}"))?;
    let at: Timestamp = time
        .trim()
        .parse()
        .map_err(|_| format!("{time:?} is no time such as 2026-01-05T00:00:00Z"))?;
    let seconds = at.as_second();
    if seconds.rem_euclid(60) != 0 {
        return Err(format!("{time:?} is no whole minute"));
    }
    let load = load.trim().parse::<f64>().ok().filter(|l| l.is_finite() && *l >= 0.0);
    let load = load.ok_or_else(|| format!("a load is a number at or above zero, got {line:?}"))?;
    Ok((seconds.div_euclid(60), load))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const ROWS: &str = "timestamp_utc,requests_per_minute\n\
        2026-01-05T00:00:00Z,1.5\n2026-01-05T00:01:00Z,2\n\n2026-01-05T00:04:00Z,7\n";

    #[test]
    fn a_minute_that_is_left_out_is_known_to_be() {
        let trace = Trace::read(ROWS.as_bytes()).unwrap();
        assert_eq!(trace.first, 29_459_520);
        assert_eq!(trace.loads, [1.5, 2.0, 2.0, 2.0, 7.0]);
        assert_eq!(
            [1, 2, 3, 4, 5].map(|n| trace.seen(n)),
            [Some(2.0), None, None, Some(7.0), None]
        );
        assert_eq!((trace.mean(), trace.peak()), (2.9, 7.0));
    }

    #[test]
    fn gzip_is_the_same_trace() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(ROWS.as_bytes()).unwrap();
        let packed = gzip.finish().unwrap();
        assert_eq!(Trace::read(&packed), Trace::read(ROWS.as_bytes()));
        let cut = Trace::read(&packed[..packed.len() / 2]);
        assert!(matches!(cut, Err(Fault::Unreadable(_))), "{cut:?}");
    }

    #[test]
    fn a_wrong_row_is_refused_with_its_line() {
        let first = "t,l\n2026-01-05T00:00:00Z,1\n";
        for (name, row, why) in [
            ("no comma", "2026-01-05T00:01:00Z 1", "expected time,load"),
            ("no time", "yesterday,1", "is no time"),
            ("seconds", "2026-01-05T00:01:30Z,1", "is no whole minute"),
            ("twice", "2026-01-05T00:00:00Z,1", "does not come after"),
            ("backwards", "2026-01-04T00:00:00Z,1", "does not come after"),
            ("far ahead", "2027-01-05T00:00:00Z,1", "more than 15 days"),
            ("negative", "2026-01-05T00:01:00Z,-1", "at or above zero"),
            ("NaN", "2026-01-05T00:01:00Z,NaN", "at or above zero"),
            ("no number", "2026-01-05T00:01:00Z,many", "at or above zero"),
        ] {
            let error = Trace::read(format!("{first}{row}\n").as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("line 3: ") && error.contains(why), "{name}: {error}");
        }
        assert_eq!(Trace::read(b"t,l\n"), Err(Fault::Empty));
    }
}
