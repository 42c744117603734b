//! An item's attributes as a tree: what DynamoDB's JSON and its SDK's types have in common.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>
//!
//! What must stay true: no sentence about an attribute holds anything of what stands in it.

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// An attribute, in the three types of DynamoDB that the table uses. Its `Debug` form says the type
/// and no more.
#[derive(Clone, PartialEq, Eq)]
pub enum Attribute<'a> {
    /// `S`: a string.
    Text(Cow<'a, str>),
    /// `N`: a number, as its digits.
    Number(Cow<'a, str>),
    /// `M`: a map.
    Map(Attributes<'a>),
    /// Any other type.
    Other,
}

/// Attributes by name: an item, or a map in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes<'a>(BTreeMap<Cow<'a, str>, Attribute<'a>>);

impl<'a> Attributes<'a> {
    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'a, str>>, value: Attribute<'a>) -> Self {
        self.0.insert(name.into(), value);
        self
    }

    /// The attributes by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribute<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Whether there is an attribute of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Reads a string.
    ///
    /// # Errors
    /// A sentence when it is missing or something else.
    pub fn text(&self, name: &str) -> Result<&str, String> {
        match self.0.get(name) {
            Some(Attribute::Text(text)) => Ok(text),
            Some(_) => Err(format!("`{name}` is not a string")),
            None => Err(format!("`{name}` is missing")),
        }
    }

    /// Reads something that is kept as a string.
    ///
    /// # Errors
    /// A sentence when it is missing, something else, or not in its form.
    pub fn parsed<T: FromStr<Err = String>>(&self, name: &str) -> Result<T, String> {
        self.text(name)?.parse().map_err(|why| format!("`{name}`: {why}"))
    }

    /// Reads a whole number.
    ///
    /// # Errors
    /// A sentence when it is missing, something else, or out of range.
    pub fn whole<T: FromStr>(&self, name: &str) -> Result<T, String> {
        match self.0.get(name) {
            Some(Attribute::Number(digits)) => {
                digits.parse().map_err(|_| format!("`{name}` is not a whole number in range"))
            }
            Some(_) => Err(format!("`{name}` is not a number")),
            None => Err(format!("`{name}` is missing")),
        }
    }

    /// Reads a map.
    ///
    /// # Errors
    /// A sentence when it is missing or something else.
    pub fn map(&self, name: &str) -> Result<&Self, String> {
        match self.0.get(name) {
            Some(Attribute::Map(map)) => Ok(map),
            Some(_) => Err(format!("`{name}` is not a map")),
            None => Err(format!("`{name}` is missing")),
        }
    }
}

impl<'a> Attribute<'a> {
    /// A string.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A number.
    pub fn number(number: impl ToString) -> Self {
        Self::Number(number.to_string().into())
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Attribute<'a>)> for Attributes<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Attribute<'a>)>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "S({} bytes)", text.len()),
            Self::Number(_) => f.write_str("N"),
            Self::Map(map) => map.fmt(f),
            Self::Other => f.write_str("other"),
        }
    }
}

/// DynamoDB's JSON: `{"S":"text"}`, `{"N":"1"}`, `{"M":{..}}`.
impl Serialize for Attribute<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Text(text) => map.serialize_entry("S", text)?,
            Self::Number(digits) => map.serialize_entry("N", digits)?,
            Self::Map(attributes) => map.serialize_entry("M", attributes)?,
            Self::Other => map.serialize_entry("NULL", &true)?,
        }
        map.end()
    }
}

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A text that is borrowed from the JSON where nothing is escaped in it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Borrowed<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Borrowed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Borrowed<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Borrowed(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Borrowed(Cow::Owned(text.to_owned())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Attribute<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AttributeVisitor)
    }
}

struct AttributeVisitor;

impl<'de> Visitor<'de> for AttributeVisitor {
    type Value = Attribute<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an attribute with its type")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let kind: Option<Borrowed<'de>> = map.next_key()?;
        let kind = kind.ok_or_else(|| M::Error::custom("an attribute without a type"))?;
        let value = match kind.0.as_ref() {
            "S" => Attribute::Text(map.next_value::<Borrowed<'de>>()?.0),
            "N" => Attribute::Number(map.next_value::<Borrowed<'de>>()?.0),
            "M" => Attribute::Map(map.next_value()?),
            _ => {
                map.next_value::<IgnoredAny>()?;
                Attribute::Other
            }
        };
        match map.next_key::<IgnoredAny>()? {
            None => Ok(value),
            Some(_) => Err(M::Error::custom("an attribute of two types")),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Attributes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AttributesVisitor)
    }
}

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attributes by name")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut attributes = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<Borrowed<'de>, Attribute<'de>>()? {
            if attributes.insert(name.0, value).is_some() {
                return Err(M::Error::custom("an attribute that is there twice"));
            }
        }
        Ok(Attributes(attributes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamodbs_json_is_read_and_written() {
        let json = r#"{"a":{"S":"x\n\u00e9"},"b":{"N":"-7"},"c":{"M":{"d":{"S":""}}}}"#;
        let read: Attributes<'_> = serde_json::from_str(json).unwrap();
        assert_eq!((read.text("a"), read.whole("b")), (Ok("x\né"), Ok(-7)));
        assert_eq!(read.map("c").unwrap().text("d"), Ok(""));
        let again = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Attributes<'_>>(&again).unwrap(), read);
    }

    #[test]
    fn other_types_are_there_and_unread() {
        let json =
            r#"{"a":{"BOOL":true},"b":{"L":[{"S":"x"}]},"c":{"NULL":true},"d":{"B":"eA=="}}"#;
        let read: Attributes<'_> = serde_json::from_str(json).unwrap();
        assert!(read.iter().all(|(_, value)| *value == Attribute::Other), "{read:?}");
        assert_eq!(read.text("a"), Err("`a` is not a string".to_owned()));
        assert_eq!(read.whole::<i64>("b"), Err("`b` is not a number".to_owned()));
        assert_eq!(read.map("c").map(drop), Err("`c` is not a map".to_owned()));
        assert_eq!(read.map("x").map(drop), Err("`x` is missing".to_owned()));
    }

    #[test]
    fn what_is_no_attribute_is_refused() {
        for json in [
            "{}x",
            "[]",
            "1",
            r#"{"a":"x"}"#,
            r#"{"a":{}}"#,
            r#"{"a":{"S":1}}"#,
            r#"{"a":{"N":1}}"#,
            r#"{"a":{"M":[]}}"#,
            r#"{"a":{"S":"x","N":"1"}}"#,
            r#"{"a":{"S":"x"},"a":{"S":"y"}}"#,
            r#"{"a":{"S":"\ud800"}}"#,
        ] {
            assert!(serde_json::from_str::<Attributes<'_>>(json).is_err(), "{json}");
        }
        let deep = format!("{}{}", r#"{"a":{"M":"#.repeat(100), "}}".repeat(100));
        assert!(serde_json::from_str::<Attributes<'_>>(&deep).is_err(), "no stack overflows");
    }

    #[test]
    fn nothing_of_a_value_is_shown() {
        let json = r#"{"a":{"S":"canary"},"b":{"N":"31337"},"c":{"M":{"d":{"S":"canary"}}}}"#;
        let read: Attributes<'_> = serde_json::from_str(json).unwrap();
        let shown = format!("{read:?}{:?}", read.whole::<u8>("b"));
        assert!(!shown.contains("canary") && !shown.contains("31337"), "{shown}");
    }
}
