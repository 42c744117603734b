//! The state as it is stored: bytes, for a binary attribute of the state's item.
//!
//! Little-endian numbers at fixed places: every `f32` comes back as it was, and the size does not
//! depend on the fleet (less than 24 kB; as text the same numbers would take up to 70). People
//! read the advice instead.
//!
//! Layout: `TGS`, version; capacity (f64, 0 before any minute); newest minute and newest visible
//! one (i64, the smallest number for none); minutes charged (u32); the current rule and the next
//! (u16); load and minutes billed (f32); the fleet as it stood (minutes, billed, load, unserved
//! f32); the open bin's sum (f32) and count (u8); counts (u16 each) and values of the loads (f32)
//! and the forecasts (5 f32), newest first; the bins of day and week (f32, u8); whether the guard
//! speaks early (u8); for each row of the grid, and for the two guards, all lanes of: size and
//! slots, newest first (u16), bake, burst (u8), billed, launches, unserved (f32).

use super::Sizing;
use super::lanes::Row;
use super::outlook::Outlook;
use super::profile::{Bin, Profile};
use super::rule::{FORECASTS, HEADROOMS, RULES};
use super::shadows::{Shadows, Stood};

/// Places of the guards' row that are kept.
const GUARDS: usize = 2;
const MAGIC: [u8; 3] = *b"TGS";
/// Raised with every change of the layout or of the grid.
const VERSION: u8 = 1;
/// Minutes that lie further from the epoch were not written by this code.
const FAR: i64 = 1 << 40;
/// Stands for no minute.
const NONE: i64 = i64::MIN;

/// Why stored bytes are no state. What was learned can be learned again from the metric's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateFault {
    /// Written by code with another grid or layout.
    #[error("a sizing state of version {0}; this code reads version {VERSION}")]
    Version(u8),
    /// Not what this code writes.
    #[error("a damaged sizing state")]
    Damaged,
}

impl StateFault {
    /// Written by newer code: it is not ours to overwrite.
    pub fn is_newer(self) -> bool {
        matches!(self, Self::Version(version) if version > VERSION)
    }
}

impl Sizing {
    /// The state as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(20_000));
        out.put(MAGIC);
        out.put([VERSION]);
        out.put(self.capacity.unwrap_or(0.0).to_le_bytes());
        out.put(self.outlook.minute.unwrap_or(NONE).to_le_bytes());
        out.put(self.outlook.seen.unwrap_or(NONE).to_le_bytes());
        out.put(self.shadows.charged.to_le_bytes());
        out.put(self.shadows.current.to_le_bytes());
        out.put(self.shadows.next.to_le_bytes());
        out.number(self.shadows.load);
        out.number(self.shadows.minutes);
        out.stood(&self.shadows.stood);
        out.outlook(&self.outlook);
        out.shadows(&self.shadows);
        out.0
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// Another version, or bytes that are no state.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateFault> {
        let mut input = Reader(bytes);
        if input.take() != Some(MAGIC) {
            return Err(StateFault::Damaged);
        }
        match input.take().ok_or(StateFault::Damaged)? {
            [VERSION] => {}
            [other] => return Err(StateFault::Version(other)),
        }
        let state = input.sizing().filter(|_| input.0.is_empty());
        state.ok_or(StateFault::Damaged)
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.0.extend_from_slice(&bytes);
    }

    fn number(&mut self, value: f32) {
        self.put(value.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.put(u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes());
    }

    fn outlook(&mut self, outlook: &Outlook) {
        self.number(outlook.bin.0);
        self.put([outlook.bin.1]);
        self.count(outlook.loads.len());
        outlook.loads.iter().for_each(|load| self.number(*load));
        self.count(outlook.forecasts.len());
        outlook.forecasts.iter().flatten().for_each(|load| self.number(*load));
        for bin in outlook.day.bins().iter().chain(outlook.week.bins()) {
            self.number(bin.mean);
            self.put([bin.seen]);
        }
    }

    fn stood(&mut self, stood: &Stood) {
        for sum in [stood.minutes, stood.billed, stood.load, stood.unserved] {
            self.number(sum);
        }
    }

    fn shadows(&mut self, shadows: &Shadows) {
        self.put([u8::from(shadows.early)]);
        shadows.rows.iter().for_each(|row| self.row(row, HEADROOMS));
        self.row(&shadows.guards, GUARDS);
    }

    fn row(&mut self, row: &Row, lanes: usize) {
        let sizes = [&row.size].into_iter().chain(&row.slots);
        for size in sizes.flat_map(|sizes| sizes.iter().take(lanes)) {
            self.put((*size as u16).to_le_bytes());
        }
        for minutes in [&row.bake, &row.burst].into_iter().flat_map(|m| m.iter().take(lanes)) {
            self.put([*minutes as u8]);
        }
        let sums = [&row.billed, &row.launches, &row.unserved];
        sums.into_iter().flat_map(|s| s.iter().take(lanes)).for_each(|sum| self.number(*sum));
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    /// A number that this code could have written: finite, not negative.
    fn number(&mut self) -> Option<f32> {
        let value = f32::from_le_bytes(self.take()?);
        Some(value).filter(|v| v.is_finite() && *v >= 0.0)
    }

    fn whole(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn rule(&mut self) -> Option<u16> {
        self.whole().filter(|place| usize::from(*place) < RULES)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take().map(|[byte]| byte)
    }

    fn minute(&mut self) -> Option<Option<i64>> {
        match i64::from_le_bytes(self.take()?) {
            NONE => Some(None),
            minute if (-FAR..FAR).contains(&minute) => Some(Some(minute)),
            _ => None,
        }
    }

    fn sizing(&mut self) -> Option<Sizing> {
        let capacity = f64::from_le_bytes(self.take()?);
        let (minute, seen) = (self.minute()?, self.minute()?);
        let charged = u32::from_le_bytes(self.take()?);
        let (current, next) = (self.rule()?, self.rule()?);
        let (load, minutes) = (self.number()?, self.number()?);
        let stood = self.stood()?;
        let capacity = match capacity {
            0.0 => None,
            c if c.is_finite() && c > 0.0 => Some(c),
            _ => return None,
        };
        let mut outlook = Box::new(Outlook::new());
        (outlook.minute, outlook.seen) = (minute, seen);
        self.outlook(&mut outlook)?;
        let shadows = Shadows { load, minutes, stood, charged, current, next, ..Shadows::new() };
        let mut shadows = Box::new(shadows);
        self.shadows(&mut shadows)?;
        Some(Sizing { capacity, outlook, shadows })
    }

    fn outlook(&mut self, outlook: &mut Outlook) -> Option<()> {
        outlook.bin = (self.number()?, self.byte()?);
        for _ in 0..self.whole()? {
            outlook.loads.push_back(self.number()?);
        }
        for _ in 0..self.whole()? {
            outlook.forecasts.push_back(self.lanes(FORECASTS, Self::number)?);
        }
        self.profile(&mut outlook.day)?;
        self.profile(&mut outlook.week)
    }

    fn profile(&mut self, profile: &mut Profile) -> Option<()> {
        for bin in profile.bins_mut() {
            *bin = Bin { mean: self.number()?, seen: self.byte()? };
        }
        Some(())
    }

    fn stood(&mut self) -> Option<Stood> {
        let (minutes, billed) = (self.number()?, self.number()?);
        Some(Stood { minutes, billed, load: self.number()?, unserved: self.number()? })
    }

    fn shadows(&mut self, shadows: &mut Shadows) -> Option<()> {
        shadows.early = self.byte()? != 0;
        for row in &mut shadows.rows {
            *row = self.row(HEADROOMS)?;
        }
        shadows.guards = self.row(GUARDS)?;
        Some(())
    }

    fn row(&mut self, lanes: usize) -> Option<Row> {
        let mut row = Row { size: self.lanes(lanes, Self::size)?, ..Row::default() };
        for slot in &mut row.slots {
            *slot = self.lanes(lanes, Self::size)?;
        }
        row.bake = self.lanes(lanes, Self::minutes)?;
        row.burst = self.lanes(lanes, Self::minutes)?;
        row.billed = self.lanes(lanes, Self::number)?;
        row.launches = self.lanes(lanes, Self::number)?;
        row.unserved = self.lanes(lanes, Self::number)?;
        Some(row)
    }

    /// So many numbers; the lanes after them are like the last one.
    fn lanes<const N: usize>(
        &mut self,
        lanes: usize,
        read: impl Fn(&mut Self) -> Option<f32>,
    ) -> Option<[f32; N]> {
        let (mut all, mut last) = ([0.0; N], 0.0);
        for (place, lane) in all.iter_mut().enumerate() {
            last = if place < lanes { read(self)? } else { last };
            *lane = last;
        }
        Some(all)
    }

    fn size(&mut self) -> Option<f32> {
        self.whole().map(f32::from)
    }

    fn minutes(&mut self) -> Option<f32> {
        self.byte().map(f32::from)
    }
}
