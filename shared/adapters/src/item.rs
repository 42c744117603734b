//! Items of the control table: building and reading their attributes.

use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;
use tidegate_wire::stored::{Attribute, Fields};

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

/// The attributes as [`tidegate_wire::stored`] reads them.
pub(crate) fn fields(item: &Item) -> Fields<'_> {
    item.iter().map(|(name, value)| (name.as_str(), attribute(value))).collect()
}

fn attribute(value: &AttributeValue) -> Attribute<'_> {
    match value {
        AttributeValue::S(text) => Attribute::Text(text),
        AttributeValue::N(digits) => Attribute::Number(digits),
        _ => Attribute::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_keep_their_types() {
        let item = Item::from([
            ("a".to_owned(), text("1")),
            ("b".to_owned(), number(2)),
            ("c".to_owned(), AttributeValue::Bool(true)),
        ]);
        let fields = fields(&item);
        assert_eq!((fields.string("a"), fields.whole("b")), (Ok("1"), Ok(2)));
        assert!(fields.string("c").is_err() && fields.whole::<u32>("c").is_err());
    }
}
