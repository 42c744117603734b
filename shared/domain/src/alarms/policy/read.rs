//! Reads `[alarms]` key by key; what a route does not set it has from its parent.

use super::{AlarmPolicy, DEFAULTS, NOBODY, PLACEHOLDERS, Route, Terms};
use crate::alarms::inhibit::Rule;
use crate::alarms::matcher::{self, LONGEST_LIST, Matcher, Operator, canonical, known_label};
use crate::policy::reader::{Faults, Reader, parsed};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// Routes below each other; deeper ones are no tree that anybody can follow.
const DEEPEST: usize = 8;
/// Routes in the tree: each alarm is held against all of them.
const MOST_ROUTES: usize = 200;
/// Rules of inhibition.
const MOST_RULES: usize = 50;
/// Characters of a title, a text, a runbook.
const TEMPLATE: usize = 1_000;
/// Characters of a topic's name and of a severity.
const WORD: usize = 60;
/// All labels, in `group_by`.
const EVERY_LABEL: &str = "...";

/// Reads the table; with faults the policy is not to be used.
pub(super) fn read(table: &Table, faults: &mut Faults) -> AlarmPolicy {
    let r = Reader::open("alarms", "alarms", table, faults);
    let builtin: Table = DEFAULTS.parse().unwrap_or_default();
    let given_or_builtin = |key| if r.has(key) { table } else { &builtin };
    let open =
        |key| Reader::open("alarms", "alarms", given_or_builtin(key), &mut Faults::default());
    let terms = Inherits { r: &r, parent: None }.terms(faults);
    let mut tree = Tree { faults, count: 0 };
    let children = tree.routes(&open("routes"), &terms, "{}", 1);
    AlarmPolicy {
        root: Route { id: "{}".into(), matchers: Vec::new(), goes_on: false, terms, children },
        max_per_second: r.whole("max_per_second", faults),
        inhibit: rules(&open("inhibit"), faults),
        flap_changes: r.whole("flap_changes", faults),
        flap_window: secs(r.whole("flap_window_secs", faults)),
    }
}

fn secs(n: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(n))
}

/// A table whose keys are inherited where they are absent; without a parent they have defaults.
struct Inherits<'a> {
    r: &'a Reader<'a>,
    parent: Option<&'a Terms>,
}

impl<'a> Inherits<'a> {
    fn terms(&self, faults: &mut Faults) -> Terms {
        Terms {
            topic: self.word("topic", |t| &t.topic, faults),
            escalate_topic: self.word("escalate_topic", |t| &t.escalate_topic, faults),
            severity: self.word("severity", |t| &t.severity, faults),
            group_by: self.group_by(faults),
            group_wait: self.time("group_wait_secs", |t| t.group_wait, faults),
            group_interval: self.time("group_interval_secs", |t| t.group_interval, faults),
            repeat_interval: self.time("repeat_interval_secs", |t| t.repeat_interval, faults),
            escalate_after: self.time("escalate_after_secs", |t| t.escalate_after, faults),
            title: self.template("title", |t| &t.title, faults),
            text: self.template("text", |t| &t.text, faults),
            runbook: self.template("runbook", |t| &t.runbook, faults),
        }
    }

    /// The parent, for a key that is not set here.
    fn inherited(&self, key: &'static str) -> Option<&'a Terms> {
        self.parent.filter(|_| !self.r.has(key))
    }

    fn time(
        &self,
        key: &'static str,
        of: impl Fn(&Terms) -> SignedDuration,
        faults: &mut Faults,
    ) -> SignedDuration {
        self.inherited(key).map_or_else(|| secs(self.r.whole(key, faults)), of)
    }

    fn word(
        &self,
        key: &'static str,
        of: impl Fn(&Terms) -> &String,
        faults: &mut Faults,
    ) -> String {
        if let Some(parent) = self.inherited(key) {
            return of(parent).clone();
        }
        let read = self.r.parsed(key, faults, |text| match text {
            NOBODY if key == "escalate_topic" => {
                Err("a topic; escalate_after_secs = 0 escalates to nobody".to_owned())
            }
            text => word(text),
        });
        read.unwrap_or_else(|| self.r.default_text(key).to_owned())
    }

    fn group_by(&self, faults: &mut Faults) -> Vec<String> {
        let key = "group_by";
        if let Some(parent) = self.inherited(key) {
            return parent.group_by.clone();
        }
        if !self.r.has(key) {
            return self.r.default_text(key).split(", ").map(str::to_owned).collect();
        }
        let labels = self.r.list(key, faults, |text| match text {
            EVERY_LABEL => Ok(text.to_owned()),
            _ => known_label(text).map(|()| text.to_owned()),
        });
        if labels.len() > 1 && labels.iter().any(|label| label == EVERY_LABEL) {
            faults.add(&self.r.at(key), "\"...\" are all labels; it stands alone");
        }
        once_each(&self.r.at(key), &labels, faults);
        labels
    }

    fn template(
        &self,
        key: &'static str,
        of: impl Fn(&Terms) -> &Option<String>,
        faults: &mut Faults,
    ) -> Option<String> {
        if let Some(parent) = self.inherited(key) {
            return of(parent).clone();
        }
        self.r.parsed(key, faults, template).filter(|text| !text.is_empty())
    }
}

fn once_each(path: &str, labels: &[String], faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for label in labels.iter().filter(|label| !seen.insert(label.as_str())) {
        faults.add(path, format!("{label:?} stands there twice"));
    }
}

fn word(text: &str) -> Result<String, String> {
    let fits = (1..=WORD).contains(&text.len());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if fits && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err(format!("1 to {WORD} lower-case letters, digits and hyphens, got {text:?}"))
}

fn template(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if length > TEMPLATE {
        return Err(format!("at most {TEMPLATE} characters, got {length}"));
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else {
            return Err("a { without its }".to_owned());
        };
        if !PLACEHOLDERS.contains(&name) {
            let known = PLACEHOLDERS.join("}, {");
            return Err(format!("unknown placeholder {{{name}}}; known: {{{known}}}"));
        }
        rest = tail;
    }
    Ok(text.to_owned())
}

/// The tree while it is built.
struct Tree<'f> {
    faults: &'f mut Faults,
    count: usize,
}

impl Tree<'_> {
    /// The routes under the one with this id; they are `depth` deep.
    fn routes(&mut self, above: &Reader<'_>, parent: &Terms, id: &str, depth: usize) -> Vec<Route> {
        let (at, values) = (above.at("routes"), above.array("routes", self.faults));
        if depth > DEEPEST && !values.is_empty() {
            self.faults.add(&at, format!("routes are nested at most {DEEPEST} deep"));
            return Vec::new();
        }
        let mut found = Vec::new();
        for (n, value) in values.iter().enumerate() {
            let path = format!("{at}[{n}]");
            if let Some(r) = self.open(&path, value)
                && let Some(matchers) = self.matchers(&r, &found)
            {
                let id = child_id(id, &matchers, &found);
                let goes_on = r.flag("continue", self.faults);
                let terms = Inherits { r: &r, parent: Some(parent) }.terms(self.faults);
                let children = self.routes(&r, &terms, &id, depth + 1);
                found.push(Route { id, matchers, goes_on, terms, children });
            }
        }
        found
    }

    fn open<'a>(&mut self, path: &str, value: &'a Value) -> Option<Reader<'a>> {
        self.count += 1;
        if self.count == MOST_ROUTES + 1 {
            self.faults.add(path, format!("at most {MOST_ROUTES} routes are allowed"));
        }
        match value {
            Value::Table(table) => Some(Reader::open("alarms.routes", path, table, self.faults)),
            other => {
                self.faults.add(path, format!("a table, got {other}"));
                None
            }
        }
    }

    /// A route's matchers; none with a fault in them.
    fn matchers(&mut self, r: &Reader<'_>, earlier: &[Route]) -> Option<Vec<Matcher>> {
        let path = r.at("match");
        let matchers = matchers(&path, r.value("match", self.faults)?, self.faults)?;
        let texts = |list: &[Matcher]| list.iter().map(ToString::to_string).collect();
        let asked: BTreeSet<String> = texts(&matchers);
        let takes_all = |route: &&Route| !route.goes_on && texts(&route.matchers).is_subset(&asked);
        if let Some(first) = earlier.iter().find(takes_all) {
            let what = canonical(&first.matchers);
            let why = "stands before it without `continue` and takes whatever it would";
            self.faults.add(&path, format!("never reached: {what} {why}"));
        }
        Some(matchers)
    }
}

/// The id of a route under `parent`, told apart from equal siblings before it.
fn child_id(parent: &str, matchers: &[Matcher], earlier: &[Route]) -> String {
    let own = canonical(matchers);
    match earlier.iter().filter(|route| canonical(&route.matchers) == own).count() {
        0 => format!("{parent}/{own}"),
        n => format!("{parent}/{own}#{}", n + 1),
    }
}

/// Matchers in any of their forms: a table of equalities, a list of texts, one text.
fn matchers(path: &str, value: &Value, faults: &mut Faults) -> Option<Vec<Matcher>> {
    let before = faults.0.len();
    let mut found = Vec::new();
    match value {
        Value::Table(table) => equalities("", path, table, &mut Found { list: &mut found, faults }),
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                let read = parsed(&format!("{path}[{n}]"), item, faults, matcher::parse_all);
                found.extend(read.into_iter().flatten());
            }
        }
        text => found.extend(parsed(path, text, faults, matcher::parse_all).into_iter().flatten()),
    }
    let length = canonical(&found).len();
    if length > LONGEST_LIST {
        faults.add(path, format!("at most {LONGEST_LIST} bytes of matchers, got {length}"));
    }
    (faults.0.len() == before).then_some(found)
}

struct Found<'f> {
    list: &'f mut Vec<Matcher>,
    faults: &'f mut Faults,
}

/// `{ severity = "critical" }`; `dimension.NAME` without quotes is a table in a table.
fn equalities(prefix: &str, path: &str, table: &Table, found: &mut Found<'_>) {
    for (key, value) in table {
        let (label, path) = (format!("{prefix}{key}"), format!("{path}.{key}"));
        if let Value::Table(inner) = value {
            equalities(&format!("{label}."), &path, inner, found);
            continue;
        }
        let equal = |text: &str| Matcher::new(&label, Operator::Equal, text);
        found.list.extend(parsed(&path, value, found.faults, equal));
    }
}

fn rules(alarms: &Reader<'_>, faults: &mut Faults) -> Vec<Rule> {
    let (at, values) = (alarms.at("inhibit"), alarms.array("inhibit", faults));
    if values.len() > MOST_RULES {
        faults.add(&at, format!("at most {MOST_RULES} rules, got {}", values.len()));
    }
    let rules = values.iter().enumerate();
    rules.filter_map(|(n, value)| rule(&format!("{at}[{n}]"), value, faults)).collect()
}

fn rule(path: &str, value: &Value, faults: &mut Faults) -> Option<Rule> {
    let Value::Table(table) = value else {
        faults.add(path, format!("a table, got {value}"));
        return None;
    };
    let r = Reader::open("alarms.inhibit", path, table, faults);
    let mut side = |key| matchers(&r.at(key), r.value(key, faults)?, faults);
    let (source, target) = (side("source"), side("target"));
    if source.as_ref().is_some_and(Vec::is_empty) {
        faults.add(&r.at("source"), "at least one matcher: not every alarm explains the others");
    }
    let equal = r.list("equal", faults, |label| known_label(label).map(|()| label.to_owned()));
    once_each(&r.at("equal"), &equal, faults);
    Some(Rule::new(source?, target?, equal))
}
