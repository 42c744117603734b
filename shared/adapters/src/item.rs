//! Items of the control table: building and reading their attributes.

use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// An item as the SDK gives it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A string attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Reads a string attribute.
///
/// # Errors
/// A sentence when it is missing or something else.
pub(crate) fn string<'a>(item: &'a Item, name: &str) -> Result<&'a str, String> {
    match item.get(name) {
        Some(AttributeValue::S(value)) => Ok(value),
        Some(_) => Err(format!("`{name}` is not a string")),
        None => Err(format!("`{name}` is missing")),
    }
}

/// Reads a whole number.
///
/// # Errors
/// A sentence when it is missing, something else, or out of range.
pub(crate) fn whole<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, String> {
    match item.get(name) {
        Some(AttributeValue::N(digits)) => {
            digits.parse().map_err(|_| format!("`{name}` is {digits}, not a whole number in range"))
        }
        Some(_) => Err(format!("`{name}` is not a number")),
        None => Err(format!("`{name}` is missing")),
    }
}
