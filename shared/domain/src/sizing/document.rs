//! The state as it is stored: bytes, for a binary attribute of the state's item.
//!
//! Little-endian numbers at fixed places: every `f32` comes back as it was, and the size does not
//! depend on the fleet (less than 20 kB; as text the same numbers would take up to 60). People
//! read the advice instead.
//!
//! Layout: `TGS`, version; capacity (f64, 0 before any minute); newest minute and newest visible
//! one (i64, the smallest number for none); minutes charged (u32), current rule (u16), load and
//! minutes billed (f32); the fleet as it stood (minutes, billed, load, unserved f32); the open bin's sum (f32) and count (u8); counts (u16 each) and values of the loads (f32) and
//! the forecasts (4 f32), newest first; the bins of day and week (f32, u8); the shadows (size u16,
//! bake u8, burst u8, billed, launches, unserved f32); the slots (u16), newest first.

use super::Sizing;
use super::outlook::Outlook;
use super::profile::{Bin, Profile};
use super::rule::RULES;
use super::shadows::{Shadow, Shadows, Stood};

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
        for shadow in &shadows.all {
            self.put(shadow.size.to_le_bytes());
            self.put([shadow.bake, shadow.burst]);
            self.number(shadow.billed);
            self.number(shadow.launches);
            self.number(shadow.unserved);
        }
        shadows.slots.iter().flatten().for_each(|size| self.put(size.to_le_bytes()));
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
        let current = self.whole().filter(|place| usize::from(*place) < RULES)?;
        let (load, minutes) = (self.number()?, self.number()?);
        let stood = self.stood()?;
        let capacity = match capacity {
            0.0 => None,
            c if c.is_finite() && c > 0.0 => Some(c),
            _ => return None,
        };
        let mut outlook = Outlook::new();
        (outlook.minute, outlook.seen) = (minute, seen);
        self.outlook(&mut outlook)?;
        let mut shadows = Shadows { load, minutes, stood, charged, current, ..Shadows::new() };
        self.shadows(&mut shadows)?;
        Some(Sizing { capacity, outlook, shadows })
    }

    fn outlook(&mut self, outlook: &mut Outlook) -> Option<()> {
        outlook.bin = (self.number()?, self.byte()?);
        for _ in 0..self.whole()? {
            outlook.loads.push_back(self.number()?);
        }
        for _ in 0..self.whole()? {
            let [a, b, c, d] = [self.number()?, self.number()?, self.number()?, self.number()?];
            outlook.forecasts.push_back([a, b, c, d]);
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
        for shadow in &mut shadows.all {
            *shadow = Shadow {
                size: self.whole()?,
                bake: self.byte()?,
                burst: self.byte()?,
                billed: self.number()?,
                launches: self.number()?,
                unserved: self.number()?,
            };
        }
        for size in shadows.slots.iter_mut().flatten() {
            *size = self.whole()?;
        }
        Some(())
    }
}
