//! The control table's plain operations: reading a partition or many items, removing one under a
//! condition, and the count of what a topic was sent.

use crate::alarm_items::{self, entry_place, spent_place};
use crate::aws::Aws;
use crate::call::Operation;
use crate::clock::random_hex;
use crate::errors::Failure;
use crate::item::{self, Item};
use crate::lease::conditional;
use crate::put::{CONDITION, Place};
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure as OnFailure;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tidegate_domain::alarms::group::GroupId;
use tidegate_domain::ports::{PortError, PortResult};
use tidegate_wire::stored::{self, Spent};

/// Pages of one partition that are read at most; a page holds 1 MB. A group of ten thousand
/// alarms has about thirty.
const PAGES: usize = 100;
/// Keys that one `BatchGetItem` takes.
const KEYS: usize = 100;
/// Requests for the keys that were left over (busy partitions, answers above 16 MB).
const ROUNDS: usize = 6;
/// The pause before the second request; it doubles.
const PAUSE: Duration = Duration::from_millis(50);
/// Rounds of "somebody else was faster". Two invocations run at once.
const SPENDERS: usize = 6;

impl Aws {
    /// Every item of a partition, in the order of its sort keys.
    pub(crate) async fn partition(&self, call: &'static str, pk: &str) -> PortResult<Vec<Item>> {
        let query = || self.clients.dynamodb.query().table_name(&self.names.control_table);
        partition(query, || self.operation(call), pk).await
    }

    /// The items that stand at these places.
    pub(crate) async fn items(
        &self,
        call: &'static str,
        places: BTreeSet<Place>,
    ) -> PortResult<BTreeMap<Place, Item>> {
        let mut found = BTreeMap::new();
        let keys: Vec<Item> = places.iter().map(key).collect();
        for keys in keys.chunks(KEYS) {
            let items = self.batch(&self.operation(call)?, keys.to_vec()).await?;
            found.extend(items.into_iter().filter_map(|i| Some((alarm_items::place(&i)?, i))));
        }
        Ok(found)
    }

    /// The items with these keys; what DynamoDB leaves over is asked for again.
    async fn batch(&self, operation: &Operation, mut keys: Vec<Item>) -> PortResult<Vec<Item>> {
        let (call, table) = (operation.name(), self.names.control_table.as_str());
        let refused = |why: String| PortError::Refused { call, why };
        let mut items = Vec::new();
        let mut pause = PAUSE;
        for _ in 0..ROUNDS {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let wanted = wanted.build().map_err(|error| refused(error.to_string()))?;
            let request = self.clients.dynamodb.batch_get_item().request_items(table, wanted);
            let mut answer = operation.run(request.send()).await?;
            keys = left_over(&mut answer, table);
            let tables = answer.responses.unwrap_or_default();
            items.extend(tables.into_values().flatten());
            if keys.is_empty() {
                return Ok(items);
            }
            operation.rest(pause).await;
            pause *= 2;
        }
        let why = format!("{} keys were left unprocessed", keys.len());
        Err(PortError::Throttled { call, why })
    }

    /// Takes a group off the list if its stamp is still `seen`.
    pub(crate) async fn remove_entry(
        &self,
        group: &GroupId,
        seen: Option<&str>,
    ) -> PortResult<bool> {
        let request = self.delete(&entry_place(group));
        let request = match seen {
            None => request.condition_expression("attribute_not_exists(pk)"),
            // One that is gone already is off the list, perhaps by our own first attempt.
            Some(seen) => request
                .condition_expression("attribute_not_exists(pk) OR #stamp = :seen")
                .expression_attribute_names("#stamp", "stamp")
                .expression_attribute_values(":seen", item::text(seen)),
        };
        self.delete_if("DeleteItem (group)", request).await
    }

    pub(crate) async fn forget_one(&self, place: &Place) -> PortResult<()> {
        let request = self.delete(place).send();
        self.operation("DeleteItem (alarm)")?.run(request).await.map(drop)
    }

    async fn delete_if(
        &self,
        call: &'static str,
        request: DeleteItemFluentBuilder,
    ) -> PortResult<bool> {
        match self.operation(call)?.send(request.send()).await {
            Ok(_) => Ok(true),
            Err(failure) if is_condition(&failure) => Ok(false),
            Err(failure) => Err(failure.port(call)),
        }
    }

    /// Takes up to `want` of what is left of `most` in this second. One item for each topic: its
    /// newest second and what was used of it.
    pub(crate) async fn spend_of(
        &self,
        topic: &str,
        second: i64,
        want: u32,
        most: u32,
    ) -> PortResult<u32> {
        // Nothing is known yet: the first round is right when nobody sent in this second.
        let mut seen = None;
        for _ in 0..SPENDERS {
            let (mine, used) = match seen {
                Some(Spent { second: newer, .. }) if newer > second => return Ok(0),
                Some(Spent { second: same, used }) if same == second => {
                    (want.min(most.saturating_sub(used)), used)
                }
                _ => (want, 0),
            };
            if mine == 0 {
                return Ok(0);
            }
            let spent = Spent { second, used: used.saturating_add(mine) };
            match self.spend_once(topic, spent, seen).await? {
                None => return Ok(mine),
                stands => seen = stands,
            }
        }
        // Somebody else was faster every time: what there is left is for them.
        Ok(0)
    }

    /// Writes what was spent if `seen` stands there; else what does.
    async fn spend_once(
        &self,
        topic: &str,
        spent: Spent,
        seen: Option<Spent>,
    ) -> PortResult<Option<Spent>> {
        let call = "UpdateItem (spent)";
        let writer = random_hex();
        let request = self
            .update(&spent_place(topic))
            .update_expression("SET #second = :second, #used = :used, #writer = :writer")
            .expression_attribute_names("#second", "second")
            .expression_attribute_names("#used", "used")
            .expression_attribute_names("#writer", "writer")
            .expression_attribute_values(":second", item::number(spent.second))
            .expression_attribute_values(":used", item::number(spent.used))
            .expression_attribute_values(":writer", item::text(&writer))
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        let request = match seen {
            Some(seen) if seen.second == spent.second => request
                .condition_expression("#second = :second AND #used = :seen")
                .expression_attribute_values(":seen", item::number(seen.used)),
            _ => request.condition_expression("attribute_not_exists(pk) OR #second < :second"),
        };
        let Some(stands) = conditional(&self.operation(call)?, request).await? else {
            return Ok(None);
        };
        let stands = item::fields(&stands);
        if stands.string("writer") == Ok(writer.as_str()) {
            // The first answer was lost.
            return Ok(None);
        }
        stored::spent(&stands).map(Some).map_err(|why| PortError::Unreadable { call, why })
    }

    pub(crate) fn update(&self, place: &Place) -> UpdateItemFluentBuilder {
        let request = self.clients.dynamodb.update_item().table_name(&self.names.control_table);
        request.set_key(Some(key(place)))
    }

    pub(crate) fn delete(&self, place: &Place) -> DeleteItemFluentBuilder {
        let request = self.clients.dynamodb.delete_item().table_name(&self.names.control_table);
        request.set_key(Some(key(place)))
    }
}

/// Every item of a partition of a table, in the order of its sort keys: strongly consistent, and
/// complete or an error. Each page has an operation of its own.
pub(crate) async fn partition(
    query: impl Fn() -> QueryFluentBuilder,
    operation: impl Fn() -> PortResult<Operation>,
    pk: &str,
) -> PortResult<Vec<Item>> {
    let mut items = Vec::new();
    let mut start = None;
    let mut call = "Query";
    for _ in 0..PAGES {
        let request = query()
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", item::text(pk))
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .send();
        let operation = operation()?;
        call = operation.name();
        let answer = operation.run(request).await?;
        start = answer.last_evaluated_key;
        items.extend(answer.items.unwrap_or_default());
        if start.is_none() {
            return Ok(items);
        }
    }
    Err(PortError::Unreadable { call, why: format!("more than {PAGES} pages") })
}

fn is_condition(failure: &Failure<DeleteItemError>) -> bool {
    failure.code() == Some(CONDITION)
}

fn key(place: &Place) -> Item {
    let attribute = |name: &str, value: &str| (name.to_owned(), item::text(value));
    Item::from([attribute("pk", &place.pk), attribute("sk", &place.sk)])
}

/// The keys that DynamoDB did not get to.
fn left_over(answer: &mut BatchGetItemOutput, table: &str) -> Vec<Item> {
    let left = answer.unprocessed_keys.take().and_then(|mut tables| tables.remove(table));
    left.map(|left| left.keys).unwrap_or_default()
}
