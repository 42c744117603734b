//! What sizing has learned: one item for each fleet, its state as bytes.
//!
//! What must stay true: written against its version; an item that cannot be read is an error and
//! never an empty state.

use crate::aws::Aws;
use crate::control::fleet_key;
use crate::item::{self, Item};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::{LeaseToken, PortError, PortResult, Stored, StoredSizing};
use tidegate_domain::sizing::Sizing;

const KEY: &str = "sizing";

impl Aws {
    /// Reads the item. Eventually consistent, at half the price: an older state only fetches some
    /// minutes again.
    pub(crate) async fn read_sizing(&self, fleet: &FleetName) -> PortResult<Option<StoredSizing>> {
        let call = "GetItem (sizing)";
        let request = self
            .clients
            .dynamodb
            .get_item()
            .table_name(&self.names.control_table)
            .key("pk", item::text(fleet_key(fleet)))
            .key("sk", item::text(KEY))
            .send();
        let answer = self.operation(call)?.run(request).await?;
        let read = |found| stored(found).map_err(|why| PortError::Unreadable { call, why });
        answer.item().map(read).transpose()
    }

    /// Writes the item as the version after `expected`.
    pub(crate) async fn write_sizing(
        &self,
        fleet: &FleetName,
        expected: u64,
        state: &Sizing,
        token: &LeaseToken,
    ) -> PortResult<Stored> {
        let (version, state) = (expected.saturating_add(1), state.to_bytes());
        let request = self
            .clients
            .dynamodb
            .put_item()
            .table_name(&self.names.control_table)
            .item("pk", item::text(fleet_key(fleet)))
            .item("sk", item::text(KEY))
            .item("version", item::number(version))
            .item("state", AttributeValue::B(Blob::new(state.clone())))
            .item("writer", item::text(&token.0));
        let request = match expected {
            0 => request.condition_expression("attribute_not_exists(pk)"),
            _ => request
                .condition_expression("#version = :expected")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":expected", item::number(expected)),
        };
        let ours = |stands: &Item| {
            let by_us = item::fields(stands).string("writer") == Ok(token.0.as_str());
            by_us && bytes(stands) == Ok((version, state.as_slice()))
        };
        self.put_once("PutItem (sizing)", request, version, ours).await
    }
}

fn stored(found: &Item) -> Result<StoredSizing, String> {
    let (version, state) = bytes(found)?;
    Ok(StoredSizing { state: Sizing::from_bytes(state), version })
}

fn bytes(found: &Item) -> Result<(u64, &[u8]), String> {
    let version = item::fields(found).whole("version")?;
    match found.get("state") {
        Some(AttributeValue::B(state)) => Ok((version, state.as_ref())),
        _ => Err("state: no bytes".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_a_state_or_says_what_is_wrong() {
        let state = || AttributeValue::B(Blob::new(Sizing::default().to_bytes()));
        let item = |version: AttributeValue, state: Option<AttributeValue>| {
            let mut item = Item::from([("version".to_owned(), version)]);
            item.extend(state.map(|state| ("state".to_owned(), state)));
            stored(&item)
        };
        let good = item(item::number(7), Some(state())).unwrap();
        assert_eq!((good.version, good.state), (7, Ok(Sizing::default())));
        let damaged = item(item::number(7), Some(AttributeValue::B(Blob::new([1, 2]))));
        assert!(damaged.unwrap().state.is_err());
        for (name, bad) in [
            ("no state", item(item::number(7), None)),
            ("a text", item(item::number(7), Some(item::text("x")))),
            ("no version", item(item::text("seven"), Some(state()))),
        ] {
            assert!(bad.is_err(), "{name}: {bad:?}");
        }
    }
}
