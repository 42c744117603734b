//! Items of the tables: building and reading their attributes.

use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;
use tidegate_wire::sessions::tree::{Attribute as TreeAttribute, Attributes};
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

/// An item as [`tidegate_wire::sessions`] reads it.
pub(crate) fn attributes(item: &Item) -> Attributes<'_> {
    item.iter().map(|(name, value)| (name.as_str().into(), tree(value))).collect()
}

fn tree(value: &AttributeValue) -> TreeAttribute<'_> {
    match value {
        AttributeValue::S(text) => TreeAttribute::Text(text.as_str().into()),
        AttributeValue::N(digits) => TreeAttribute::Number(digits.as_str().into()),
        AttributeValue::M(map) => TreeAttribute::Map(attributes(map)),
        _ => TreeAttribute::Other,
    }
}

/// An item of [`tidegate_wire::sessions`] as the SDK takes it.
pub(crate) fn of_attributes(attributes: &Attributes<'_>) -> Item {
    attributes.iter().map(|(name, value)| (name.to_owned(), of_tree(value))).collect()
}

fn of_tree(value: &TreeAttribute<'_>) -> AttributeValue {
    match value {
        TreeAttribute::Text(text) => AttributeValue::S(text.as_ref().to_owned()),
        TreeAttribute::Number(digits) => AttributeValue::N(digits.as_ref().to_owned()),
        TreeAttribute::Map(map) => AttributeValue::M(of_attributes(map)),
        TreeAttribute::Other => AttributeValue::Null(true),
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

    #[test]
    fn a_tree_goes_there_and_back() {
        let inner = Attributes::default().with("v", TreeAttribute::text("x"));
        let tree = Attributes::default()
            .with("a", TreeAttribute::number(-7))
            .with("m", TreeAttribute::Map(inner))
            .with("o", TreeAttribute::Other);
        assert_eq!(attributes(&of_attributes(&tree)), tree);
    }
}
