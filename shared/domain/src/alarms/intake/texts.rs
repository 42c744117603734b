//! Texts of others as they stand in an alarm: clean, bounded, and told apart where that counts.

use crate::alarms::event::digest;
use crate::text::{cut, is_treacherous};

/// Bytes of a reason and of a description.
pub(crate) const PROSE_BYTES: usize = 1_024;
/// Characters of every other text.
pub(crate) const WORD_CHARS: usize = 255;
/// Characters of an ARN: the longest name and what stands before it.
pub(crate) const ARN_CHARS: usize = 400;
/// What stands at the end of a word that was cut.
const MARK: &str = "...[cut]";

/// A text of sentences: clean and at most 1,024 bytes long; line feeds and tabs stay.
pub fn prose(text: &str) -> String {
    let mut clean = String::new();
    for c in text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_treacherous(*c)) {
        clean.push(c);
        if clean.len() > PROSE_BYTES {
            break;
        }
    }
    cut(&clean, PROSE_BYTES)
}

/// A name or a value: clean, one line, at most 255 characters. Blanks stay: they
/// belong to a name.
pub fn word(text: &str) -> String {
    let clean = clean_start(text, WORD_CHARS + 1);
    if clean.chars().count() <= WORD_CHARS {
        return clean;
    }
    clean.chars().take(WORD_CHARS - MARK.len()).chain(MARK.chars()).collect()
}

/// Like [`word`] with another bound, yet two texts never become one: what had to be changed ends
/// with a digest of what it was.
pub(crate) fn unique(text: &str, chars: usize) -> String {
    let clean = clean_start(text, chars + 1);
    if clean == text && clean.chars().count() <= chars {
        return clean;
    }
    let mark = digest(&[text]);
    let kept = clean.chars().take(chars.saturating_sub(mark.len() + 1));
    kept.chain(['~']).chain(mark.chars()).collect()
}

fn clean_start(text: &str, chars: usize) -> String {
    text.chars().filter(|c| !is_treacherous(*c)).take(chars).collect()
}
