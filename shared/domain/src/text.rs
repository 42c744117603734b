//! Text of others: cut on a character boundary, freed of what could break a
//! line, a mail or a reader's eye. Never a failure for size.

/// What stands at the end of a text that was cut.
const MARK: &str = "...[cut]";

/// At most `bytes` bytes of `text`, cut on a character boundary with a mark.
pub fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let room = bytes.saturating_sub(MARK.len());
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= room);
    let kept = end.last().and_then(|end| text.get(..end)).unwrap_or_default();
    let mark = MARK.get(..bytes.min(MARK.len())).unwrap_or_default();
    format!("{kept}{mark}")
}

/// `text` without control and bidirectional formatting characters; line feeds
/// and tabs stay.
pub fn clean(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_treacherous(*c)).collect()
}

/// `text` as one line: cleaned, white space run together, cut to `bytes`.
pub fn line(text: &str, bytes: usize) -> String {
    let words: Vec<String> = text.split_whitespace().map(clean).filter(|w| !w.is_empty()).collect();
    cut(&words.join(" "), bytes)
}

/// Control characters, characters that reorder what is shown
/// (<https://www.unicode.org/reports/tr9/>), and non-characters that XML refuses.
pub(crate) fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_on_a_character_boundary_with_a_mark() {
        assert_eq!(cut("short", 5), "short");
        let cut_text = cut(&"한".repeat(100), 20);
        assert!(cut_text.len() <= 20 && cut_text.ends_with(MARK), "{cut_text}");
        assert_eq!(cut_text.chars().filter(|c| *c == '한').count(), 4);
        for bytes in 0..30 {
            assert!(cut(&"é".repeat(40), bytes).len() <= bytes);
        }
    }

    #[test]
    fn control_and_bidi_characters_go_line_feeds_stay() {
        assert_eq!(clean("a\u{202e}b\u{1b}[31mc\r\nd\te\u{2066}"), "ab[31mc\nd\te");
        assert_eq!(line(" two\n\n  lines\u{0}\u{200f} \u{7} end ", 99), "two lines end");
    }
}
