//! Bytes as a few texts, divided by ASCII's unit separator: readable in an editor, and cut
//! anew by every mutation.

/// The separator.
const SEPARATOR: char = '\u{1f}';

/// The texts, one after the other; empty where there are no more.
pub(crate) struct Pieces(std::vec::IntoIter<String>);

impl Pieces {
    /// Divides the bytes; what is not UTF-8 becomes U+FFFD.
    pub fn of(data: &[u8]) -> Self {
        let text = String::from_utf8_lossy(data);
        Self(text.split(SEPARATOR).map(str::to_owned).collect::<Vec<_>>().into_iter())
    }

    /// The next text.
    pub fn next(&mut self) -> String {
        self.0.next().unwrap_or_default()
    }

    /// The next text as a number; 0 when it is none.
    pub fn number(&mut self) -> u32 {
        self.next().trim().parse().unwrap_or(0)
    }

    /// All that is left.
    pub fn rest(self) -> Vec<String> {
        self.0.collect()
    }
}
