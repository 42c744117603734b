//! Matchers on labels, in Alertmanager's syntax: `name = "value"`, `!=`, `=~`, `!~`.
//!
//! What must stay true: a regular expression matches the whole value and is compiled once,
//! within a bound; a matcher that was read and printed is read as the same one again; a label
//! that no alarm can have is a fault, not a matcher that never holds.
//!
//! Source of the syntax: Alertmanager's configuration, "matcher"; of its meaning: an absent
//! label has the empty value, so `severity = ""` holds where there is none.

mod expression;

use crate::alarms::labels::Labels;
use expression::Expression;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// Labels that an alarm can have, besides [`FAMILIES`].
pub const LABELS: [&str; 10] = [
    "alarm",
    "namespace",
    "metric",
    "region",
    "account",
    "kind",
    "resource",
    "fleet",
    "service",
    "severity",
];
/// What the other labels begin with: a metric's dimensions, an alarm's tags.
pub const FAMILIES: [&str; 2] = ["dimension.", "tag."];

/// Bytes of one value and of one label's name; a name of AWS has 255 characters at most.
const LONGEST: usize = 1_024;
/// Bytes of a list of matchers: it is part of a route's id, which every group keeps.
pub const LONGEST_LIST: usize = 2_000;
/// One condition on one label. A regular expression matches the whole value.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label.
    pub label: String,
    /// How it compares.
    pub operator: Operator,
    /// With what, as it was written.
    pub value: String,
    /// The compiled expression of `=~` and `!~`.
    pub(crate) regex: Option<Expression>,
}

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

/// Whether every matcher holds; no matcher always holds.
pub fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|m| m.matches(labels))
}

/// Reads a list: matchers separated by commas, with or without braces around them. An empty
/// text is an empty list.
///
/// # Errors
/// What is wrong, in words: the syntax, an unknown label, a broken expression, too long a text.
pub fn parse_all(text: &str) -> Result<Vec<Matcher>, String> {
    if text.len() > LONGEST_LIST {
        return Err(format!("at most {LONGEST_LIST} bytes of matchers, got {}", text.len()));
    }
    let inner = text.trim();
    let inner = match (inner.strip_prefix('{'), inner.ends_with('}')) {
        (Some(rest), true) => rest.strip_suffix('}').unwrap_or(rest),
        (None, false) => inner,
        _ => return Err(format!("a brace without the other one in {inner:?}")),
    };
    let mut scanner = Scanner { text: inner, rest: inner.chars().peekable() };
    let mut found = Vec::new();
    while !scanner.is_done() {
        found.push(scanner.matcher()?);
        match scanner.next_after_blanks() {
            None | Some(',') => {}
            Some(other) => return Err(scanner.wrong(&format!("a comma, got {other:?}"))),
        }
    }
    Ok(found)
}

/// The list in the form that [`parse_all`] reads, with braces, sorted: equal lists have equal
/// texts.
pub fn canonical(matchers: &[Matcher]) -> String {
    let mut texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    format!("{{{}}}", texts.join(", "))
}

/// Whether an alarm can have a label of this name.
///
/// # Errors
/// The name with the known ones.
pub fn known_label(name: &str) -> Result<(), String> {
    let in_family = FAMILIES.iter().any(|f| name.strip_prefix(f).is_some_and(|n| !n.is_empty()));
    if name.len() > LONGEST {
        return Err(format!("a label's name of at most {LONGEST} bytes, got {}", name.len()));
    }
    if LABELS.contains(&name) || in_family {
        return Ok(());
    }
    let known = LABELS.join(", ");
    Err(format!("unknown label {name:?}; known: {known}, dimension.NAME, tag.KEY"))
}

impl Matcher {
    /// Builds a matcher.
    ///
    /// # Errors
    /// What is wrong, in words: an unknown label, an expression that is broken or too big, a
    /// severity that no alarm can have.
    pub fn new(label: &str, operator: Operator, value: &str) -> Result<Self, String> {
        known_label(label)?;
        if value.len() > LONGEST {
            return Err(format!("a value of at most {LONGEST} bytes, got {}", value.len()));
        }
        let regex = match operator {
            Operator::Equal | Operator::NotEqual => None,
            Operator::Matches | Operator::MatchesNot => Some(Expression::new(value)?),
        };
        if label == "severity" && regex.is_none() && value.chars().any(char::is_uppercase) {
            let lower = value.to_lowercase();
            return Err(format!("severities are in lower case: {lower:?}, got {value:?}"));
        }
        Ok(Self { label: label.to_owned(), operator, value: value.to_owned(), regex })
    }

    /// Reads one matcher, such as `alarm =~ "aira-.*"`. A value of plain characters needs no
    /// quotes.
    ///
    /// # Errors
    /// As [`parse_all`]; also none, or more than one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut found = parse_all(text)?;
        match (found.pop(), found.is_empty()) {
            (Some(matcher), true) => Ok(matcher),
            _ => Err(format!("one matcher such as severity = \"critical\", got {text:?}")),
        }
    }

    /// Whether the condition holds.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label);
        let found = self.regex.as_ref().is_some_and(|regex| regex.is_match(value));
        match self.operator {
            Operator::Equal => value == self.value,
            Operator::NotEqual => value != self.value,
            Operator::Matches => found,
            Operator::MatchesNot => !found,
        }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.label, self.operator, &self.value) == (&other.label, other.operator, &other.value)
    }
}

impl Eq for Matcher {}

impl Operator {
    /// The sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }
}

impl fmt::Display for Matcher {
    /// The form that [`Matcher::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (label, sign) = (&self.label, self.operator.sign());
        if label.chars().any(is_reserved) {
            f.write_str(&quoted(label))?;
        } else {
            f.write_str(label)?;
        }
        write!(f, "{sign}{}", quoted(&self.value))
    }
}

fn quoted(text: &str) -> String {
    let inner = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{inner}\"")
}

/// What a text without quotes cannot have.
fn is_reserved(c: char) -> bool {
    c.is_whitespace() || matches!(c, '{' | '}' | '!' | '=' | '~' | ',' | '\\' | '"' | '\'' | '`')
}

struct Scanner<'a> {
    text: &'a str,
    rest: Peekable<Chars<'a>>,
}

impl Scanner<'_> {
    fn matcher(&mut self) -> Result<Matcher, String> {
        let label = self.text_or_word("a label")?;
        let operator = self.operator()?;
        let value = self.text_or_word("a value (\"\" for an empty one)")?;
        Matcher::new(&label, operator, &value)
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let first = self.next_after_blanks();
        let second = self.rest.next_if(|c| matches!(c, '=' | '~'));
        match (first, second) {
            (Some('='), None) => Ok(Operator::Equal),
            (Some('!'), Some('=')) => Ok(Operator::NotEqual),
            (Some('='), Some('~')) => Ok(Operator::Matches),
            (Some('!'), Some('~')) => Ok(Operator::MatchesNot),
            _ => Err(self.wrong("one of = != =~ !~ after the label")),
        }
    }

    fn text_or_word(&mut self, what: &str) -> Result<String, String> {
        self.skip_blanks();
        if self.rest.next_if_eq(&'"').is_some() {
            return self.rest_of_quoted();
        }
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| !is_reserved(*c)) {
            word.push(c);
        }
        if word.is_empty() { Err(self.wrong(what)) } else { Ok(word) }
    }

    /// Up to the closing quote. A backslash takes `"`, `\` and `n` in; before anything else it
    /// stands for itself, so that an expression needs no second one.
    fn rest_of_quoted(&mut self) -> Result<String, String> {
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return Ok(text),
                '\\' => match self.rest.next_if(|c| matches!(c, '"' | '\\' | 'n')) {
                    Some('n') => text.push('\n'),
                    Some(c) => text.push(c),
                    None => text.push('\\'),
                },
                c => text.push(c),
            }
        }
        Err(self.wrong("a closing quote"))
    }

    fn skip_blanks(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
    }

    fn next_after_blanks(&mut self) -> Option<char> {
        self.skip_blanks();
        self.rest.next()
    }

    fn is_done(&mut self) -> bool {
        self.skip_blanks();
        self.rest.peek().is_none()
    }

    fn wrong(&self, wanted: &str) -> String {
        let (text, left) = (self.text.trim(), self.rest.clone().count());
        let at = self.text.chars().count().saturating_sub(left);
        format!("{wanted} is needed near character {at} of {text:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn texts_and_what_they_are_read_as() {
        for (text, printed) in [
            (r#"severity = "critical""#, r#"severity="critical""#),
            ("severity=critical", r#"severity="critical""#),
            (" severity  !=  info ", r#"severity!="info""#),
            (r#"{severity="critical"}"#, r#"severity="critical""#),
            (r#"alarm =~ "TargetTracking-.*""#, r#"alarm=~"TargetTracking-.*""#),
            ("alarm =~ TargetTracking-.*", r#"alarm=~"TargetTracking-.*""#),
            (r#"alarm !~ "a\.b""#, r#"alarm!~"a\\.b""#),
            (r#"alarm = "a \"b\", c\\""#, r#"alarm="a \"b\", c\\""#),
            (r#"alarm = "two\nlines""#, r#"alarm="two\nlines""#),
            (r#"severity = """#, r#"severity="""#),
            ("dimension.LoadBalancer = app/web/1", r#"dimension.LoadBalancer="app/web/1""#),
            (r#""tag.cost center" = "42""#, r#""tag.cost center"="42""#),
            ("alarm = 한국어", r#"alarm="한국어""#),
        ] {
            let matcher = Matcher::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(matcher.to_string(), printed, "{text}");
            assert_eq!(Matcher::parse(printed), Ok(matcher), "{printed} reads back");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let long = format!("alarm = {}", "x".repeat(1_025));
        let list = format!("alarm = \"{}\"", "x".repeat(2_000));
        for (text, why) in [
            ("", "one matcher such as"),
            ("fleet = a, fleet = b", "one matcher such as"),
            ("severity", "one of = != =~ !~"),
            ("severity ! critical", "one of = != =~ !~"),
            ("severity == critical", "one of = != =~ !~"),
            ("severity ~ critical", "one of = != =~ !~"),
            ("= critical", "a label is needed near character 0"),
            ("severity =", "a value (\"\" for an empty one) is needed"),
            ("severity = 'critical'", "a value (\"\" for an empty one) is needed"),
            ("severity = \"critical", "a closing quote is needed"),
            ("severity = \"critical\" fleet = web", "a comma, got 'f'"),
            ("severity = a b", "a comma, got 'b'"),
            ("{severity = critical", "a brace without the other"),
            ("severity = critical}", "a brace without the other"),
            ("severty = critical", "unknown label \"severty\"; known: alarm, namespace"),
            ("dimension. = x", "unknown label \"dimension.\""),
            ("severity = Critical", "lower case: \"critical\", got \"Critical\""),
            ("severity != INFO", "lower case"),
            ("alarm =~ \"(\"", "the regular expression \"(\" cannot be used"),
            ("alarm =~ \"a)|(b\"", "the regular expression \"a)|(b\" cannot be used"),
            ("alarm =~ \"(?x)a #\"", "cannot be used"),
            ("alarm =~ \"(a{100}){100}\"", "cannot be used"),
            (long.as_str(), "a value of at most 1024 bytes, got 1025"),
            (list.as_str(), "at most 2000 bytes of matchers"),
        ] {
            let error = Matcher::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_list_is_separated_by_commas() {
        for (text, printed) in [
            ("", "{}"),
            ("{}", "{}"),
            ("fleet = web", r#"{fleet="web"}"#),
            ("fleet = web,", r#"{fleet="web"}"#),
            (
                r#"{ severity = "critical" , alarm =~ "a,b|c" }"#,
                r#"{alarm=~"a,b|c", severity="critical"}"#,
            ),
            ("fleet = web, fleet = web", r#"{fleet="web"}"#),
        ] {
            let matchers = parse_all(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(canonical(&matchers), printed, "{text}");
            let again = parse_all(printed).unwrap();
            assert_eq!(canonical(&again), printed, "{printed} reads back");
        }
        for (text, why) in [
            (",", "a label is needed"),
            ("fleet = a,, fleet = b", "a label is needed"),
            ("fleet = a, severty = b", "unknown label"),
        ] {
            let error = parse_all(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_matcher_holds_or_does_not() {
        let alarm = labels(&[("alarm", "aira-web-5xx-critical"), ("severity", "critical")]);
        for (text, holds) in [
            ("severity = critical", true),
            ("severity = warning", false),
            ("severity != warning", true),
            ("severity != critical", false),
            ("alarm =~ aira-.*", true),
            ("alarm =~ aira-", false),
            ("alarm =~ 5xx", false),
            ("alarm =~ .*5xx.*", true),
            ("alarm =~ \"a|.*critical\"", true),
            ("alarm =~ \".*critical|z\"", true),
            ("alarm =~ \"aira|critical\"", false),
            ("alarm !~ aira-.*", false),
            ("alarm !~ 5xx", true),
            ("alarm =~ \"AIRA-.*\"", false),
            ("alarm =~ \"(?i)AIRA-.*\"", true),
            // An absent label has the empty value, as in Alertmanager.
            ("fleet = \"\"", true),
            ("fleet != \"\"", false),
            ("fleet = web", false),
            ("fleet != web", true),
            ("fleet =~ .*", true),
            ("fleet =~ .+", false),
            ("fleet !~ .+", true),
            ("fleet =~ \"|web\"", true),
        ] {
            let matcher = Matcher::parse(text).unwrap();
            assert_eq!(matcher.matches(&alarm), holds, "{text}");
        }
    }

    #[test]
    fn all_of_a_list_must_hold() {
        let alarm = labels(&[("fleet", "web"), ("severity", "critical")]);
        for (text, holds) in [
            ("", true),
            ("fleet = web", true),
            ("fleet = web, severity = critical", true),
            ("fleet = web, severity = warning", false),
            ("fleet = api, severity = critical", false),
        ] {
            assert_eq!(all_match(&parse_all(text).unwrap(), &alarm), holds, "{text}");
        }
    }

    #[test]
    fn every_value_reads_back() {
        for value in ["", "\\", "\"", "\\\"", "\\n", "\n", "a\\.b", "{}", "a,b", " ", "'", "`=~!"] {
            let matcher = Matcher::new("alarm", Operator::Equal, value).unwrap();
            let again = Matcher::parse(&matcher.to_string());
            assert_eq!(again, Ok(matcher), "{value:?}");
        }
        for label in ["tag.a=b", "tag.a b", "dimension.x\"y", "tag.aws:stack"] {
            let matcher = Matcher::new(label, Operator::NotEqual, "x").unwrap();
            assert_eq!(Matcher::parse(&matcher.to_string()), Ok(matcher), "{label:?}");
        }
    }
}
