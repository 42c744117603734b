//! Times, spans and texts as people read them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// Columns of a line; longer ones are wrapped.
pub const COLUMNS: usize = 100;

/// From where times are seen.
#[derive(Debug, Clone)]
pub struct View {
    /// The zone that they are told in.
    pub zone: TimeZone,
    /// What counts as now.
    pub now: Timestamp,
}

impl View {
    /// In this zone at this time.
    pub fn new(zone: TimeZone, now: Timestamp) -> Self {
        Self { zone, now }
    }

    /// The instant in the zone.
    pub fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// The date: `2026-11-20 Fri`.
    pub fn date(&self, at: Timestamp) -> String {
        self.local(at).strftime("%F %a").to_string()
    }

    /// The time, with as much of the date as is needed: `14:21`, `Sat 08:00`,
    /// `2026-12-31 02:00`.
    pub fn time(&self, at: Timestamp) -> String {
        let (at, now) = (self.local(at), self.local(self.now));
        let days = at.timestamp().duration_since(self.now).as_hours().abs() / 24;
        let form = match days {
            _ if at.date() == now.date() => "%R",
            0..6 => "%a %R",
            _ => "%F %R",
        };
        at.strftime(form).to_string()
    }

    /// A text in which every RFC 3339 time stands as [`Self::time`].
    pub fn text(&self, text: &str) -> String {
        let words: Vec<String> = text.split(' ').map(|word| self.word(word)).collect();
        visible(&words.join(" "))
    }

    fn word(&self, word: &str) -> String {
        let bare = word.trim_end_matches(['.', ',', ';', ':', ')']);
        match bare.parse::<Timestamp>() {
            Ok(at) => format!("{}{}", self.time(at), word.get(bare.len()..).unwrap_or_default()),
            Err(_) => word.to_owned(),
        }
    }
}

/// The text with every control and format character as a visible escape: names and reasons
/// come from others, and a terminal obeys what it is sent.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}

/// A span: `45 s`, `3 min 37 s`, `10 min`, `2 h 5 min`.
pub fn span(length: SignedDuration) -> String {
    let secs = length.as_secs().max(0);
    let (large, small) = match secs {
        ..60 => return format!("{secs} s"),
        60..3600 => ((secs / 60, "min"), (secs % 60, "s")),
        _ => ((secs / 3600, "h"), (secs % 3600 / 60, "min")),
    };
    match small.0 {
        0 => format!("{} {}", large.0, large.1),
        _ => format!("{} {} {} {}", large.0, large.1, small.0, small.1),
    }
}

/// A line under a label, wrapped and indented to `indent`.
pub fn labelled(label: &str, indent: usize, text: &str) -> String {
    let mut lines = wrap(text, COLUMNS.saturating_sub(indent)).into_iter();
    let mut out = format!("{label:<indent$}{}\n", lines.next().unwrap_or_default());
    for line in lines {
        out.push_str(&format!("{:indent$}{line}\n", ""));
    }
    out
}

/// The text in lines of at most `width` characters, broken at spaces.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Rows as aligned columns; the first row is the heading, and the columns in `right` are set
/// to the right.
pub fn columns(rows: &[Vec<String>], right: &[usize]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(n, cell)| {
            let width = width(n);
            if right.contains(&n) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View {
        let zone = TimeZone::get("Asia/Seoul").unwrap();
        View::new(zone, "2026-11-20T05:25:00Z".parse().unwrap())
    }

    #[test]
    fn a_time_has_as_much_date_as_it_needs() {
        for (at, told) in [
            ("2026-11-20T14:21:00+09:00", "14:21"),
            ("2026-11-21T08:00:00+09:00", "Sat 08:00"),
            ("2026-11-18T23:00:00+09:00", "Wed 23:00"),
            ("2026-12-31T02:00:00+09:00", "2026-12-31 02:00"),
        ] {
            assert_eq!(view().time(at.parse().unwrap()), told, "{at}");
        }
    }

    #[test]
    fn times_inside_a_text_are_told_in_the_zone() {
        let text = "until 2026-11-20T05:51:00Z; due by 2026-11-20T23:00:00.5Z.";
        assert_eq!(view().text(text), "until 14:51; due by Sat 08:00.");
        assert_eq!(view().text("6 of 9 at 10:00"), "6 of 9 at 10:00");
    }

    #[test]
    fn what_a_terminal_would_obey_is_made_visible() {
        assert_eq!(visible("it's \"한글\" C:\\x"), "it's \"한글\" C:\\x");
        assert_eq!(visible("a\u{1b}[2J\u{202e}b\n"), "a\\u{1b}[2J\\u{202e}b\\n");
    }

    #[test]
    fn spans() {
        for (secs, told) in
            [(45, "45 s"), (217, "3 min 37 s"), (600, "10 min"), (7500, "2 h 5 min")]
        {
            assert_eq!(span(SignedDuration::from_secs(secs)), told);
        }
    }

    #[test]
    fn long_lines_are_wrapped_under_their_label() {
        let text = "word ".repeat(30);
        let out = labelled("  why", 8, &text);
        assert_eq!(out.lines().count(), 2);
        assert!(out.lines().all(|line| line.chars().count() <= COLUMNS));
        assert!(out.lines().nth(1).unwrap().starts_with("        word"));
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["NAME".into(), "MIN".into()], vec!["a".into(), "6".into()]];
        assert_eq!(columns(&rows, &[1]), "NAME  MIN\na       6\n");
    }
}
