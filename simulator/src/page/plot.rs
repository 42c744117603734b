//! Drawing by own hand: a frame with its two scales, paths over minutes, axes, legends.
//!
//! What must stay true: where a pixel column holds several minutes it is drawn from their lowest
//! to their highest, never as their mean; a coordinate is finite and within the frame; text is
//! placed by a width that is rather too large, so that labels do not meet.

use super::clock::Clock;
use super::write::{escape, px, short};
use std::fmt::Write;
use std::ops::Range;

/// Pixels that a character of 12 px takes at most, on average.
pub const CHAR: f64 = 7.0;

/// A drawing's measures in pixels. Every chart is drawn for wide and for narrow screens, so that
/// its text keeps its size; the page shows the one that fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// The class that says when it is shown.
    pub name: &'static str,
    /// Of the whole drawing.
    pub width: f64,
    /// Of the margins beside a frame.
    pub left: f64,
    /// The same on the right.
    pub right: f64,
    /// Height of the main chart's frame.
    pub tall: f64,
    /// Height of a day's frame.
    pub low: f64,
    /// Labels that a time axis has room for.
    pub labels: usize,
}

/// For wide screens.
pub const WIDE: Size = Size {
    name: "wide",
    width: 1060.0,
    left: 48.0,
    right: 64.0,
    tall: 300.0,
    low: 210.0,
    labels: 12,
};
/// For phones.
pub const NARROW: Size = Size {
    name: "narrow",
    width: 358.0,
    left: 34.0,
    right: 46.0,
    tall: 230.0,
    low: 180.0,
    labels: 5,
};

/// An area with a scale of minutes and one of values from zero.
#[derive(Debug, Clone)]
pub struct Frame {
    pub size: Size,
    pub top: f64,
    pub height: f64,
    /// The minutes of the trace that it shows; never empty.
    pub minutes: Range<usize>,
    /// The value at its top.
    pub highest: f64,
    /// From the names of the units to its top.
    pub units: f64,
}

impl Frame {
    pub fn new(size: Size, top: f64, height: f64, minutes: Range<usize>) -> Self {
        let minutes = minutes.start..minutes.end.max(minutes.start + 1);
        Self { size, top, height, minutes, highest: 1.0, units: 11.0 }
    }

    /// With the names of the units so far above it.
    pub fn units(self, units: f64) -> Self {
        Self { units, ..self }
    }

    /// With a scale that holds this value.
    pub fn up_to(self, highest: f64) -> Self {
        let finite = if highest.is_finite() { highest } else { 1.0 };
        Self { highest: finite.max(1e-9), ..self }
    }

    pub fn right(&self) -> f64 {
        self.size.width - self.size.right
    }

    pub fn inner(&self) -> f64 {
        self.right() - self.size.left
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub fn x(&self, minute: f64) -> f64 {
        let (begin, end) = (self.minutes.start as f64, self.minutes.end as f64);
        let share = (minute.clamp(begin, end) - begin) / (end - begin);
        self.size.left + self.inner() * share
    }

    pub fn y(&self, value: f64) -> f64 {
        let share = (value / self.highest).clamp(0.0, 1.0);
        self.top + self.height * (1.0 - if share.is_finite() { share } else { 0.0 })
    }

    /// The minutes, cut into one range for each pixel column.
    pub fn columns(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (begin, count) = (self.minutes.start, self.minutes.len());
        let columns = count.min(self.inner() as usize).max(1);
        let edge = move |column: usize| begin + column * count / columns;
        (0..columns).map(move |column| edge(column)..edge(column + 1))
    }

    /// The lowest and highest value of each pixel column.
    pub fn envelope(&self, value: impl Fn(usize) -> f64) -> Vec<(Range<usize>, f64, f64)> {
        let span = |minutes: &Range<usize>| {
            let values = minutes.clone().map(&value);
            values.fold((f64::INFINITY, 0.0), |(low, high), v| (v.min(low), v.max(high)))
        };
        self.columns()
            .map(|minutes| (span(&minutes).0, span(&minutes).1, minutes))
            .map(|(l, h, m)| (m, l, h))
            .collect()
    }

    /// A closed path around an envelope; a line where each column holds one value.
    pub fn band(&self, envelope: &[(Range<usize>, f64, f64)]) -> String {
        let mut path = self.edge(envelope, "M");
        let mut last = String::new();
        for (minutes, low, _) in envelope.iter().rev() {
            let y = px(self.y(*low));
            if y != last {
                let _ = write!(path, "H{}V{y}", px(self.x(minutes.end as f64)));
                last = y;
            }
        }
        let _ = write!(path, "H{}Z", px(self.size.left));
        path
    }

    /// The upper edge of an envelope.
    pub fn edge(&self, envelope: &[(Range<usize>, f64, f64)], move_to: &str) -> String {
        let (mut path, mut last) = (String::new(), String::new());
        for (minutes, _, high) in envelope {
            let (x, y) = (px(self.x(minutes.start as f64)), px(self.y(*high)));
            if path.is_empty() {
                let _ = write!(path, "{move_to}{x} {y}");
            } else if y != last {
                let _ = write!(path, "H{x}V{y}");
            }
            last = y;
        }
        path + &format!("H{}", px(self.right()))
    }

    /// The area under the upper edge.
    pub fn area(&self, envelope: &[(Range<usize>, f64, f64)]) -> String {
        let floor = px(self.bottom());
        format!("{}V{floor}H{}Z", self.edge(envelope, "M"), px(self.size.left))
    }

    /// Horizontal rules and numbers of instances on the left, and of requests a minute on the
    /// right.
    pub fn scales(&self, capacity: f64) -> String {
        let mut out = String::new();
        for value in steps(self.highest, self.height / 34.0) {
            let y = self.y(value);
            let _ = write!(
                out,
                r#"<path class="grid" d="M{} {}H{}"/><text class="tick end" x="{}" y="{}">{}</text>"#,
                px(self.size.left),
                px(y),
                px(self.right()),
                px(self.size.left - 6.0),
                px(y + 4.0),
                short(value),
            );
        }
        let (right, top) = (self.right(), px(self.top - self.units));
        for value in steps(self.highest * capacity, self.height / 34.0) {
            let y = self.y(value / capacity);
            let _ = write!(
                out,
                r#"<path class="grid" d="M{} {}h4"/><text class="tick" x="{}" y="{}">{}</text>"#,
                px(right),
                px(y),
                px(right + 7.0),
                px(y + 4.0),
                short(value),
            );
        }
        out + &format!(
            r#"<text class="unit" x="{}" y="{top}">instances</text><text class="unit end" x="{}" y="{top}">requests/min</text>"#,
            px(2.0),
            px(self.size.width - 2.0),
        )
    }

    /// The time axis at a height: ticks, labels, and the zone.
    pub fn times(&self, clock: &Clock, y: f64, told: &str) -> String {
        let (begin, end) = (self.minutes.start as f64, self.minutes.end as f64);
        let mut out = format!(
            r#"<path class="axis" d="M{} {}H{}"/>"#,
            px(self.size.left),
            px(y),
            px(self.right())
        );
        for tick in clock.ticks(begin, end, self.size.labels * 5) {
            let _ =
                write!(out, r#"<path class="axis" d="M{} {}v3"/>"#, px(self.x(tick.minute)), px(y));
        }
        for tick in clock.ticks(begin, end, self.size.labels) {
            let x = px(self.x(tick.minute));
            let _ = write!(
                out,
                r#"<path class="axis" d="M{x} {}v6"/><text class="tick mid" x="{x}" y="{}">{}</text>"#,
                px(y),
                px(y + 18.0),
                escape(&tick.label),
            );
        }
        let middle = px((self.size.left + self.right()) / 2.0);
        out + &format!(
            r#"<text class="unit mid" x="{middle}" y="{}">{}</text>"#,
            px(y + 36.0),
            escape(told)
        )
    }
}

/// Round values from zero up to `highest`, about so many.
pub fn steps(highest: f64, wanted: f64) -> Vec<f64> {
    if !(highest.is_finite() && highest > 0.0) {
        return vec![0.0];
    }
    let rough = highest / wanted.max(1.0);
    let unit = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * unit);
    let step = step.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(rough);
    (0..=(highest / step * 1.000_001) as u32).map(|place| f64::from(place) * step).collect()
}

/// One entry of a legend.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The class of its sample: `line`, `band` or `mark` and what it shows.
    pub class: &'static str,
    /// How the sample is drawn.
    pub sample: Sample,
    /// What it means.
    pub text: String,
}

/// How a legend's sample is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    Area,
    /// An area with a line of the class's name and `-line` on top.
    Band,
    Line,
    Bar,
    Up,
    Down,
}

/// A legend from `top` on, broken into lines; and its height.
pub fn legend(size: Size, top: f64, keys: &[Key]) -> (String, f64) {
    let (mut x, mut y) = (2.0, top + 12.0);
    let mut out = String::new();
    for key in keys {
        let text = super::write::clip(&key.text, ((size.width - 34.0) / CHAR) as usize);
        let width = 28.0 + text.chars().count() as f64 * CHAR;
        if x > 2.0 && x + width > size.width {
            (x, y) = (2.0, y + 20.0);
        }
        let _ = write!(
            out,
            r#"<path class="{}" d="{}"/><text class="key" x="{}" y="{}">{}</text>"#,
            key.class,
            key.sample.path(x, y - 4.0),
            px(x + 26.0),
            px(y),
            escape(&text),
        );
        if key.sample == Sample::Band {
            let line = Sample::Line.path(x, y - 9.0);
            let _ = write!(out, r#"<path class="{}-line" d="{line}"/>"#, key.class);
        }
        x += width + 14.0;
    }
    (out, y - top + 8.0)
}

impl Sample {
    /// Its outline, 20 px wide around a height.
    fn path(self, x: f64, y: f64) -> String {
        let (left, middle) = (px(x), px(x + 10.0));
        match self {
            Self::Area | Self::Band => format!("M{left} {}h20v10h-20Z", px(y - 5.0)),
            Self::Line => format!("M{left} {}h20", px(y)),
            Self::Bar => format!("M{middle} {}v12", px(y - 6.0)),
            Self::Up => up(x + 10.0, y, 5.0),
            Self::Down => down(x + 10.0, y, 5.0),
        }
    }
}

/// A triangle that points up.
pub fn up(x: f64, y: f64, r: f64) -> String {
    format!("M{} {}l{} {}h{}Z", px(x), px(y - r), px(r), px(2.0 * r), px(-2.0 * r))
}

/// A triangle that points down.
pub fn down(x: f64, y: f64, r: f64) -> String {
    format!("M{} {}l{} {}h{}Z", px(x), px(y + r), px(r), px(-2.0 * r), px(-2.0 * r))
}

/// Places for labels of a width, in order, as near as can be to where they want to be, between
/// two edges; they overlap only when there is no room at all.
pub fn spread(wanted: &[f64], width: f64, left: f64, right: f64) -> Vec<f64> {
    let mut places: Vec<f64> = Vec::new();
    for (index, want) in wanted.iter().enumerate() {
        let least = places.last().map_or(left, |last| last + width);
        let most = right - width * (wanted.len() - 1 - index) as f64;
        places.push(want.max(least).min(most));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_shows_its_lowest_and_its_highest_minute() {
        let frame = Frame::new(NARROW, 0.0, 100.0, 0..100_000).up_to(10.0);
        let envelope = frame.envelope(|minute| if minute == 54_321 { 10.0 } else { 1.0 });
        assert_eq!(envelope.len(), frame.inner() as usize);
        assert_eq!(
            envelope.iter().filter(|(_, low, high)| (*low, *high) == (1.0, 10.0)).count(),
            1
        );
        assert_eq!(envelope.iter().map(|(minutes, ..)| minutes.len()).sum::<usize>(), 100_000);
        let day = Frame::new(WIDE, 0.0, 100.0, 30..60);
        assert_eq!(
            day.columns().collect::<Vec<_>>(),
            (30..60).map(|m| m..m + 1).collect::<Vec<_>>()
        );
    }

    #[test]
    fn axes_are_round_and_few() {
        assert_eq!(steps(23.0, 5.0), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(steps(1.0, 5.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(steps(f64::NAN, 5.0), [0.0]);
        for highest in [0.003, 7.0, 99.0, 5_000.0, 3e9] {
            assert!((3..=8).contains(&steps(highest, 6.0).len()), "{highest}");
        }
    }

    #[test]
    fn labels_step_aside() {
        assert_eq!(spread(&[50.0, 51.0, 52.0], 10.0, 0.0, 100.0), [50.0, 60.0, 70.0]);
        assert_eq!(spread(&[98.0, 99.0], 10.0, 0.0, 100.0), [90.0, 100.0]);
        assert_eq!(spread(&[-5.0], 10.0, 0.0, 100.0), [0.0]);
    }

    #[test]
    fn a_frame_survives_odd_values() {
        let frame = Frame::new(WIDE, 0.0, 100.0, 5..5).up_to(f64::NAN);
        assert!(frame.x(f64::MAX).is_finite() && frame.y(f64::INFINITY).is_finite());
        assert_eq!(frame.y(f64::NAN), 100.0);
    }
}
