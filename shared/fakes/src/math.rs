//! Metric math, the part of it that Tidegate's policies use: ids, numbers, `+ - * / ( )`,
//! `METRICS()`, `[a, b]`, `FILL`, `SUM`, `AVG`, `MIN`, `MAX`, `ABS`, `CEIL`, `FLOOR`.
//! Anything else is refused by name.
//!
//! As CloudWatch does it: arithmetic of two series has a point only where both have one;
//! `SUM` and its like over several series use those that have a point; a division by zero
//! has no point. `SUM` of one series (a number in CloudWatch) is refused as unsupported.

use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::metrics::{MetricSpec, QueryPart, QuerySource};

/// Values by start of the period, in epoch seconds.
pub(crate) type Line = BTreeMap<i64, f64>;

/// One query, ready to be evaluated.
pub(crate) struct Math<'a> {
    pub parts: &'a [QueryPart],
    /// Starts of all periods, for `FILL`.
    pub frame: &'a [i64],
    /// Reads a metric.
    pub leaf: &'a dyn Fn(&MetricSpec) -> Line,
}

#[derive(Debug, Clone)]
enum Value {
    Number(f64),
    Line(Line),
    Lines(Vec<Line>),
}

type Answer<T> = Result<T, String>;

impl Math<'_> {
    /// The series that this id stands for.
    ///
    /// # Errors
    /// What is wrong with the query, in words.
    pub fn series(&self, result: &str) -> Answer<Line> {
        self.check_ids()?;
        match self.value(result, &[])? {
            Value::Line(line) => Ok(line),
            Value::Number(_) => Err(format!("{result} is a number, not a time series")),
            Value::Lines(_) => Err(format!("{result} is more than one time series")),
        }
    }

    fn check_ids(&self) -> Answer<()> {
        let mut seen = BTreeSet::new();
        for QueryPart { id, .. } in self.parts {
            let starts = id.starts_with(|c: char| c.is_ascii_lowercase());
            let goes_on = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !(starts && goes_on && id.len() <= 255) {
                return Err(format!("id {id:?} does not match ^[a-z][a-zA-Z0-9_]*$"));
            }
            if !seen.insert(id) {
                return Err(format!("id {id} is not unique"));
            }
        }
        Ok(())
    }

    fn value(&self, id: &str, trail: &[&str]) -> Answer<Value> {
        let unknown = || format!("no such id: {id}");
        let part = self.parts.iter().find(|part| part.id == id).ok_or_else(unknown)?;
        match &part.source {
            QuerySource::Metric(spec) => Ok(Value::Line((self.leaf)(spec))),
            QuerySource::Expression(_) if trail.contains(&id) => {
                Err(format!("{id} refers to itself"))
            }
            QuerySource::Expression(text) => {
                let tokens = tokens(text)?;
                let trail = [trail, &[id]].concat();
                let mut reader = Reader { math: self, trail: &trail, tokens: &tokens };
                let value = reader.sum()?;
                reader.at_end()?;
                Ok(value)
            }
        }
    }

    fn metrics(&self) -> Vec<Line> {
        let metric = |part: &QueryPart| match &part.source {
            QuerySource::Metric(spec) => Some((self.leaf)(spec)),
            QuerySource::Expression(_) => None,
        };
        self.parts.iter().filter_map(metric).collect()
    }

    fn fill(&self, mut line: Line, with: f64) -> Line {
        for start in self.frame {
            line.entry(*start).or_insert(with);
        }
        line
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Sign(char),
}

fn tokens(text: &str) -> Answer<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |pick: fn(char) -> bool| rest.find(|c| !pick(c)).unwrap_or(rest.len());
        let length = if first.is_ascii_digit() || first == '.' {
            word(|c| c.is_ascii_digit() || c == '.')
        } else if first.is_ascii_alphabetic() {
            word(|c| c.is_ascii_alphanumeric() || c == '_')
        } else if "+-*/(),[]".contains(first) {
            1
        } else {
            return Err(format!("unsupported in an expression: {first:?} in {text:?}"));
        };
        let (token, after) = rest.split_at(length);
        tokens.push(read_token(token)?);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn read_token(text: &str) -> Answer<Token> {
    match text.chars().next() {
        Some(c) if c.is_ascii_digit() || c == '.' => {
            text.parse().map(Token::Number).map_err(|_| format!("not a number: {text}"))
        }
        Some(c) if c.is_ascii_alphabetic() => Ok(Token::Name(text.to_owned())),
        Some(c) => Ok(Token::Sign(c)),
        None => Err("nothing where something is expected".to_owned()),
    }
}

/// Reads an expression and evaluates it on the way.
struct Reader<'a> {
    math: &'a Math<'a>,
    /// The expressions in whose evaluation this one stands.
    trail: &'a [&'a str],
    tokens: &'a [Token],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn take(&mut self, sign: char) -> bool {
        let found = self.tokens.first() == Some(&Token::Sign(sign));
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, sign: char) -> Answer<()> {
        if self.take(sign) { Ok(()) } else { Err(format!("{sign:?} is missing")) }
    }

    fn at_end(&self) -> Answer<()> {
        match self.tokens.first() {
            None => Ok(()),
            Some(token) => Err(format!("unexpected: {token:?}")),
        }
    }

    fn sum(&mut self) -> Answer<Value> {
        let mut left = self.product()?;
        loop {
            if self.take('+') {
                left = both(left, self.product()?, |a, b| Some(a + b))?;
            } else if self.take('-') {
                left = both(left, self.product()?, |a, b| Some(a - b))?;
            } else {
                return Ok(left);
            }
        }
    }

    fn product(&mut self) -> Answer<Value> {
        let mut left = self.factor()?;
        loop {
            if self.take('*') {
                left = both(left, self.factor()?, |a, b| Some(a * b))?;
            } else if self.take('/') {
                left = both(left, self.factor()?, |a, b| (b != 0.0).then(|| a / b))?;
            } else {
                return Ok(left);
            }
        }
    }

    fn factor(&mut self) -> Answer<Value> {
        if self.take('-') {
            return both(Value::Number(0.0), self.factor()?, |a, b| Some(a - b));
        }
        if self.take('(') {
            let inner = self.sum()?;
            self.expect(')')?;
            return Ok(inner);
        }
        if self.take('[') {
            return self.list();
        }
        match self.next().cloned() {
            Some(Token::Number(number)) => Ok(Value::Number(number)),
            Some(Token::Name(name)) if self.take('(') => self.function(&name),
            Some(Token::Name(id)) => self.math.value(&id, self.trail),
            other => Err(format!("unexpected: {other:?}")),
        }
    }

    fn list(&mut self) -> Answer<Value> {
        let mut lines = Vec::new();
        loop {
            match self.sum()? {
                Value::Line(line) => lines.push(line),
                other => return Err(format!("not a time series in [...]: {other:?}")),
            }
            if !self.take(',') {
                self.expect(']')?;
                return Ok(Value::Lines(lines));
            }
        }
    }

    fn function(&mut self, name: &str) -> Answer<Value> {
        if name == "METRICS" {
            self.expect(')')?;
            return Ok(Value::Lines(self.math.metrics()));
        }
        let argument = self.sum()?;
        let value = match name {
            "FILL" => {
                self.expect(',')?;
                let with = self.sum()?;
                self.fill(argument, with)
            }
            "SUM" => across(argument, |v| v.iter().sum()),
            "AVG" => across(argument, mean),
            "MIN" => across(argument, |v| v.iter().copied().fold(f64::INFINITY, f64::min)),
            "MAX" => across(argument, |v| v.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            "ABS" => both(argument, Value::Number(0.0), |a, _| Some(a.abs())),
            "CEIL" => both(argument, Value::Number(0.0), |a, _| Some(a.ceil())),
            "FLOOR" => both(argument, Value::Number(0.0), |a, _| Some(a.floor())),
            _ => Err(format!("unsupported function: {name}")),
        }?;
        self.expect(')')?;
        Ok(value)
    }

    fn fill(&self, argument: Value, with: Value) -> Answer<Value> {
        let Value::Number(with) = with else {
            return Err(format!("unsupported: FILL with {with:?}"));
        };
        match argument {
            Value::Line(line) => Ok(Value::Line(self.math.fill(line, with))),
            Value::Lines(lines) => {
                let filled = lines.into_iter().map(|line| self.math.fill(line, with));
                Ok(Value::Lines(filled.collect()))
            }
            Value::Number(number) => Err(format!("FILL of a number: {number}")),
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    values.iter().sum::<f64>() / f64::from(count)
}

/// Point by point over several series, with those that have one.
fn across(value: Value, combine: fn(&[f64]) -> f64) -> Answer<Value> {
    let Value::Lines(lines) = value else {
        return Err("unsupported: a function over a single series; use METRICS() or [..]".into());
    };
    let mut columns: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (start, value) in lines.into_iter().flatten() {
        columns.entry(start).or_default().push(value);
    }
    let combined = columns.into_iter().map(|(start, values)| (start, combine(&values)));
    Ok(Value::Line(combined.collect()))
}

/// Point by point over two operands, where both have one and a result exists.
fn both(a: Value, b: Value, operate: fn(f64, f64) -> Option<f64>) -> Answer<Value> {
    use Value::{Line as L, Number as N};
    match (a, b) {
        (N(a), N(b)) => operate(a, b).map(N).ok_or_else(|| "division by zero".to_owned()),
        (L(a), N(b)) => Ok(L(each(a, |_, a| operate(a, b)))),
        (N(a), L(b)) => Ok(L(each(b, |_, b| operate(a, b)))),
        (L(a), L(b)) => Ok(L(each(a, |start, a| operate(a, *b.get(&start)?)))),
        (a, b) => Err(format!("unsupported: arithmetic of {a:?} and {b:?}")),
    }
}

fn each(line: Line, value: impl Fn(i64, f64) -> Option<f64>) -> Line {
    line.into_iter().filter_map(|(start, v)| Some((start, value(start, v)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(text: &str) -> Answer<Vec<(i64, f64)>> {
        let spec = |name: &str| format!("N {name} Sum").parse::<MetricSpec>().unwrap();
        let metric = |id: &str| QueryPart { id: id.into(), source: QuerySource::Metric(spec(id)) };
        let expression = QuerySource::Expression(text.to_owned());
        let parts = [metric("a"), metric("b"), QueryPart { id: "e".into(), source: expression }];
        let leaf = |spec: &MetricSpec| match spec.name.as_str() {
            "a" => Line::from([(0, 6.0), (60, 8.0)]),
            _ => Line::from([(0, 2.0), (120, 0.0)]),
        };
        let math = Math { parts: &parts, frame: &[0, 60, 120], leaf: &leaf };
        math.series("e").map(|line| line.into_iter().collect())
    }

    #[test]
    fn values() {
        let cases: [(&str, &[(i64, f64)]); 13] = [
            ("a", &[(0, 6.0), (60, 8.0)]),
            ("a + b", &[(0, 8.0)]),
            ("a - 2 * 3", &[(0, 0.0), (60, 2.0)]),
            ("(a - 2) * 3", &[(0, 12.0), (60, 18.0)]),
            ("-a", &[(0, -6.0), (60, -8.0)]),
            ("a / b", &[(0, 3.0)]),
            ("12 / b", &[(0, 6.0)]),
            ("FILL(b, 0) + FILL(a,0)", &[(0, 8.0), (60, 8.0), (120, 0.0)]),
            ("SUM(METRICS())", &[(0, 8.0), (60, 8.0), (120, 0.0)]),
            ("AVG([a, b])", &[(0, 4.0), (60, 8.0), (120, 0.0)]),
            ("MAX([a,b]) / 1.5", &[(0, 4.0), (60, 8.0 / 1.5), (120, 0.0)]),
            ("SUM(FILL(METRICS(), 1))", &[(0, 8.0), (60, 9.0), (120, 1.0)]),
            ("CEIL(a / 4)", &[(0, 2.0), (60, 2.0)]),
        ];
        for (text, expected) in cases {
            assert_eq!(eval(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_it_cannot_do_it_refuses() {
        let cases = [
            ("SUM(a)", "single series"),
            ("RATE(a)", "unsupported function"),
            ("IF(a > 1, a, b)", "unsupported"),
            ("a +", "unexpected"),
            ("(a", "missing"),
            ("a b", "unexpected"),
            ("c", "no such id"),
            ("e + 1", "refers to itself"),
            ("METRICS()", "more than one"),
            ("1 + 1", "is a number"),
            ("METRICS() + a", "unsupported"),
            ("1.2.3 * a", "not a number"),
        ];
        for (text, why) in cases {
            let error = eval(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn aws_wants_lower_case_unique_ids() {
        let part = |id: &str| QueryPart {
            id: id.to_owned(),
            source: QuerySource::Metric("N m Sum".parse().unwrap()),
        };
        let series = |ids: &[&str]| {
            let parts: Vec<QueryPart> = ids.iter().map(|id| part(id)).collect();
            let leaf = |_: &MetricSpec| Line::new();
            Math { parts: &parts, frame: &[], leaf: &leaf }.series("m")
        };
        assert!(series(&["m"]).is_ok());
        assert!(series(&["m", "m_2X"]).is_ok());
        assert!(series(&["m", "M2"]).is_err());
        assert!(series(&["m", "m-2"]).is_err());
        assert!(series(&["m", "m"]).is_err());
    }
}
