//! Expressions over a whole value: compiled once, and not even run where text is enough.
//!
//! What must stay true: an expression holds exactly where the regular expression `^(?:...)$`
//! does. Every alarm of a group is held against every rule, again and again, and nearly all
//! expressions are a text with `.*` before, after, or at both ends: comparing texts is a hundred
//! times as fast.

use regex_lite::{Regex, RegexBuilder};

/// Bytes of a compiled expression: some hundred times what an alarm's name needs, and a match
/// stays below a millisecond.
const REGEX_BYTES: usize = 1 << 16;

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Expression {
    regex: Regex,
    /// The same as texts, one of which must fit; none where it is not that simple.
    texts: Option<Vec<Text>>,
}

impl Expression {
    /// Compiles an expression that is to hold for a whole value.
    ///
    /// # Errors
    /// Why it cannot be used: it is broken, or too big.
    pub(super) fn new(expression: &str) -> Result<Self, String> {
        let build = |text: &str| RegexBuilder::new(text).size_limit(REGEX_BYTES).build();
        let wrong = |why| format!("the regular expression {expression:?} cannot be used: {why}");
        // By itself first: `a)|(b` is one only between the anchors.
        build(expression).map_err(wrong)?;
        let regex = build(&format!("^(?:{expression})$")).map_err(wrong)?;
        Ok(Self { regex, texts: expression.split('|').map(Text::read).collect() })
    }

    /// Whether it holds for the whole value.
    pub fn is_match(&self, value: &str) -> bool {
        match &self.texts {
            // A dot stands for every character but this one.
            Some(texts) if !value.contains('\n') => texts.iter().any(|text| text.fits(value)),
            _ => self.regex.is_match(value),
        }
    }
}

/// A text with anything, or nothing, before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Text {
    anything_before: bool,
    text: String,
    anything_after: bool,
}

impl Text {
    /// None when there is more to the expression than that.
    fn read(expression: &str) -> Option<Self> {
        let (anything_before, rest) = match expression.strip_prefix(".*") {
            Some(rest) => (true, rest),
            None => (false, expression),
        };
        let (anything_after, inner) = match rest.strip_suffix(".*") {
            Some(inner) => (true, inner),
            None => (false, rest),
        };
        let mut text = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => text.push(chars.next().filter(char::is_ascii_punctuation)?),
                '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => {
                    return None;
                }
                c => text.push(c),
            }
        }
        Some(Self { anything_before, text, anything_after })
    }

    fn fits(&self, value: &str) -> bool {
        match (self.anything_before, self.anything_after) {
            (false, false) => value == self.text,
            (false, true) => value.starts_with(&self.text),
            (true, false) => value.ends_with(&self.text),
            (true, true) => value.contains(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_expressions_are_texts() {
        for (expression, simple) in [
            ("", true),
            (".*", true),
            ("TargetTracking-.*", true),
            (".*region-down.*", true),
            ("db|cache", true),
            ("a\\.b", true),
            (".*-critical|page-.*|", true),
            (".*.*", true),
            ("a.*b", false),
            ("a.b", false),
            (".+", false),
            ("a\\d", false),
            ("a\\", false),
            ("(?i)a", false),
            ("(a|b)c", false),
            ("[a|b]", false),
            ("a{2}", false),
            ("^a$", false),
        ] {
            let texts: Option<Vec<Text>> = expression.split('|').map(Text::read).collect();
            assert_eq!(texts.is_some(), simple, "{expression}");
        }
    }

    /// Every expression of up to four signs of a small alphabet, on every value of up to three.
    #[test]
    fn a_text_holds_exactly_where_the_expression_does() {
        let values = words(&["a", "b", ".", "\n"], 3);
        let mut simple = 0;
        for expression in words(&["a", "b", ".*", "|", "\\.", "."], 4) {
            let Ok(compiled) = Expression::new(&expression) else { continue };
            simple += usize::from(compiled.texts.is_some());
            for value in &values {
                let wanted = compiled.regex.is_match(value);
                assert_eq!(compiled.is_match(value), wanted, "{expression} on {value:?}");
            }
        }
        assert!(simple > 300, "{simple}");
    }

    /// Every sequence of up to `most` of the signs.
    fn words(signs: &[&str], most: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..most {
            last = last.iter().flat_map(|w| signs.iter().map(move |s| format!("{w}{s}"))).collect();
            all.extend(last.iter().cloned());
        }
        all
    }
}
