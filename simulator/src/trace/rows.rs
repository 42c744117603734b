//! CSV: `timestamp_utc,requests_per_minute`, and for `calibrate` further columns that a header
//! names: `instances`, `cpu`, `latency_ms`.

use super::fault::{Faults, quoted};
use super::minutes::LONGEST_HOLE_MINS;
use super::sheet::{Series, Sheet, is_load, step};
use super::time::Clock;

/// Columns after the second one that are understood.
const FURTHER: [&str; 3] = ["instances", "cpu", "latency_ms"];

/// Reads rows; a first row that begins with no digit is the header.
pub(super) fn read(text: &str) -> Result<Sheet, Faults> {
    let mut table = Table::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if index == 0 && !unquoted(line).starts_with(|c: char| c.is_ascii_digit()) {
            table.header(line);
            continue;
        }
        if let Err(why) = table.row(line) {
            table.faults.add(|| format!("line {}: {why}", index + 1));
        }
    }
    table.sheet()
}

#[derive(Default)]
struct Table {
    clock: Clock,
    minutes: Vec<i64>,
    load: Vec<Option<f64>>,
    further: Vec<Column>,
    /// How many columns the header has; none without a header.
    columns: Option<usize>,
    notes: Vec<String>,
    faults: Faults,
}

struct Column {
    /// Which of a row's cells, counted from 0.
    at: usize,
    name: &'static str,
    values: Vec<Option<f64>>,
}

impl Table {
    fn header(&mut self, line: &str) {
        let names: Vec<String> = line.split(',').map(|n| unquoted(n).to_lowercase()).collect();
        for (at, name) in names.iter().enumerate().skip(2) {
            match FURTHER.iter().find(|known| **known == name.as_str()) {
                Some(known) if self.further.iter().any(|column| column.name == *known) => {
                    self.faults.add(|| format!("line 1: a second column {known}"));
                }
                Some(name) => self.further.push(Column { at, name, values: Vec::new() }),
                None => self.notes.push(format!("the column {} is not used", quoted(name))),
            }
        }
        self.columns = Some(names.len());
    }

    fn row(&mut self, line: &str) -> Result<(), String> {
        let (time, rest) = line
            .split_once(',')
            .ok_or_else(|| format!("expected time,load, got {}", quoted(line)))?;
        let (load, others) = rest.split_once(',').map_or((rest, None), |(l, o)| (l, Some(o)));
        let minute = self.clock.minute(unquoted(time))?;
        self.follows(minute)?;
        let load = value(load)?;
        self.others(line, others)?;
        self.minutes.push(minute);
        self.load.push(load);
        Ok(())
    }

    /// Reads the further columns: all of them, or none when one is wrong.
    fn others(&mut self, line: &str, others: Option<&str>) -> Result<(), String> {
        if others.is_none() && self.columns.is_none_or(|columns| columns <= 2) {
            return Ok(());
        }
        let (got, wanted) = (line.split(',').count(), self.columns.unwrap_or(2));
        if got != wanted {
            return Err(format!("expected {wanted} columns, got {got}"));
        }
        let mut read = Vec::with_capacity(self.further.len());
        for column in &self.further {
            let cell = line.split(',').nth(column.at).unwrap_or_default();
            read.push(value(cell).map_err(|why| format!("{}: {why}", column.name))?);
        }
        self.further.iter_mut().zip(read).for_each(|(column, cell)| column.values.push(cell));
        Ok(())
    }

    fn follows(&self, minute: i64) -> Result<(), String> {
        match self.minutes.last().map(|last| minute - last) {
            Some(0) => Err("its minute stands there twice".to_owned()),
            Some(..0) => {
                Err("its minute does not come after the one before (oldest first)".to_owned())
            }
            Some(ahead) if ahead > LONGEST_HOLE_MINS => {
                Err("more than 15 days after the one before".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn sheet(self) -> Result<Sheet, Faults> {
        let Self { minutes, load, further, notes, mut faults, .. } = self;
        if minutes.is_empty() && faults.count() == 0 {
            let like = "2026-01-05T00:00:00Z,1200";
            faults.add(|| format!("no row of data: expected lines such as {like}"));
        }
        let step = step(minutes.windows(2).map(|pair| match pair {
            [earlier, later] => later - earlier,
            _ => 0,
        }));
        let series = |name: &str, values: Vec<Option<f64>>| Series {
            name: name.to_owned(),
            step,
            points: minutes.iter().zip(values).filter_map(|(m, v)| Some((*m, v?))).collect(),
            ..Series::default()
        };
        let mut found = vec![series("load", load)];
        found.extend(further.into_iter().map(|column| series(column.name, column.values)));
        faults.unless_any(Sheet { series: found, notes })
    }
}

/// A cell's number; none when there is nothing in it.
fn value(cell: &str) -> Result<Option<f64>, String> {
    let cell = unquoted(cell);
    if cell.is_empty() {
        return Ok(None);
    }
    let number = cell.parse::<f64>().ok().filter(|number| is_load(*number));
    // Without the sign of a zero.
    number.map(|number| Some(number + 0.0)).ok_or_else(|| {
        format!("expected a number at or above zero, at most 1e15, got {}", quoted(cell))
    })
}

fn unquoted(cell: &str) -> &str {
    let plain = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let bytes = cell.as_bytes();
    // Nearly every cell: nothing to take off.
    if plain(bytes.first()) && plain(bytes.last()) {
        return cell;
    }
    cell.trim().trim_matches('"')
}
