//! Room in a message, counted as JSON writes it: a quote or a line feed takes two bytes.

use super::{MESSAGE_BYTES, RESERVED_BYTES};

/// A text of this length fits into a message once.
pub(super) const ONCE: usize = MESSAGE_BYTES - RESERVED_BYTES;
/// A text of this length fits twice, as `default` and as `email`.
pub(super) const TWICE: usize = ONCE / 2;

/// The bytes of `text` inside of a JSON string.
/// <https://www.rfc-editor.org/rfc/rfc8259#section-7>
pub(super) fn escaped_len(text: &str) -> usize {
    let extra = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\t' | b'\r' | 0x08 | 0x0c => 1,
        0x00..=0x1f => 5,
        _ => 0,
    });
    text.len() + extra.sum::<usize>()
}

/// A text that grows line by line and knows what it takes.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    spent: usize,
    /// Kept for lines that are still to come.
    owed: usize,
}

impl Page {
    /// Keeps room for a line.
    pub fn owe(&mut self, bytes: usize) {
        self.owed += bytes;
    }

    /// Gives room back that was kept.
    pub fn pay(&mut self, bytes: usize) {
        self.owed = self.owed.saturating_sub(bytes);
    }

    /// What a line takes with its line feed.
    pub fn cost(line: &str) -> usize {
        escaped_len(line) + 2
    }

    /// Whether so many bytes more leave room for what is owed, within `most`.
    pub fn has_room(&self, bytes: usize, most: usize) -> bool {
        self.spent + self.owed + bytes <= most
    }

    /// Adds a line, whatever it takes: for what is known to be short.
    pub fn line(&mut self, line: &str) {
        self.spent += Self::cost(line);
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a line if it leaves room for what is owed, within `most`.
    pub fn try_line(&mut self, line: &str, most: usize) -> bool {
        let fits = self.has_room(Self::cost(line), most);
        if fits {
            self.line(line);
        }
        fits
    }

    /// An empty line, unless there is one or nothing stands before it.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.line("");
        }
    }

    /// The text without the last line feeds.
    pub fn finish(self) -> String {
        self.text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_the_one_that_json_writes() {
        for text in ["", "plain", "\"\\\n\t\r", "\u{8}\u{c}\u{1}\u{1f}\u{7f}", "한글 é \u{2028}/"]
        {
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(escaped_len(text), json.len() - 2, "{text:?}");
        }
    }

    #[test]
    fn room_that_is_owed_is_not_given_away() {
        let mut page = Page::default();
        page.line("1234");
        page.owe(Page::cost("must"));
        assert!(!page.try_line("too long", 20), "6 spent, 6 owed, 10 wanted");
        assert!(page.try_line("123456", 20));
        page.pay(Page::cost("must"));
        assert!(page.try_line("must", 20) && !page.try_line("", 20));
        page.gap();
        page.gap();
        page.line("end");
        assert_eq!(page.finish(), "1234\n123456\nmust\n\nend");
    }
}
