//! Conditional puts, and items that carry a version.
//!
//! What must stay true: a put whose answer was lost, and which the SDK therefore tried again,
//! finds its own mark in the item that refused it and counts as done; an item that DynamoDB
//! would not take is refused before it is sent.

use crate::aws::Aws;
use crate::call::Operation;
use crate::errors::Failure;
use crate::item::{self, Item};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure as OnFailure;
use jiff::Timestamp;
use tidegate_domain::ports::{PortError, PortResult, Stored};

/// DynamoDB's code for a condition that did not hold.
pub(crate) const CONDITION: &str = "ConditionalCheckFailedException";
/// DynamoDB's bound for an item.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const ITEM_BYTES: usize = 400 * 1024;
/// Kept for everything but the document: keys, numbers, tokens.
const OTHER_BYTES: usize = 1_024;

/// Where an item stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

/// A document to be written as version `expected + 1` if `expected` stands there (0: nothing).
#[derive(Debug, Clone)]
pub(crate) struct NewVersion {
    pub(crate) call: &'static str,
    pub(crate) place: Place,
    pub(crate) document: String,
    pub(crate) expected: u64,
    /// Whose write it is: a token that no other write of this version has.
    pub(crate) writer: String,
    /// When DynamoDB may remove it.
    pub(crate) expires: Option<Timestamp>,
}

/// What a versioned put came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Put {
    /// Written as this version.
    Done(u64),
    /// Not written: the item that stands there (empty when there is none).
    Refused(Item),
}

impl From<Put> for Stored {
    fn from(put: Put) -> Self {
        match put {
            Put::Done(version) => Self::Version(version),
            Put::Refused(_) => Self::Conflict,
        }
    }
}

impl NewVersion {
    fn version(&self) -> PortResult<u64> {
        let refused = |why: &str| PortError::Refused { call: self.call, why: why.to_owned() };
        self.expected.checked_add(1).ok_or_else(|| refused("there is no further version"))
    }

    pub(crate) fn is_ours(&self, stands: &Item) -> bool {
        let stands = item::fields(stands);
        stands.whole("version").ok() == self.expected.checked_add(1)
            && stands.string("writer") == Ok(self.writer.as_str())
            && stands.string("doc") == Ok(self.document.as_str())
    }
}

impl Aws {
    /// Writes a version against the one that stands there.
    pub(crate) async fn put_version(&self, new: &NewVersion) -> PortResult<Put> {
        let request = match new.expected {
            0 => self.put_request(new)?.condition_expression("attribute_not_exists(pk)"),
            expected => self
                .put_request(new)?
                .condition_expression("#version = :expected")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":expected", item::number(expected)),
        };
        let version = new.version()?;
        Ok(match self.put_if(new.call, request).await? {
            None => Put::Done(version),
            Some(stands) if new.is_ours(&stands) => Put::Done(version),
            Some(stands) => Put::Refused(stands),
        })
    }

    /// The put of a version, without its condition.
    pub(crate) fn put_request(&self, new: &NewVersion) -> PortResult<PutItemFluentBuilder> {
        check_size(new.call, &new.document)?;
        let request = self
            .clients
            .dynamodb
            .put_item()
            .table_name(&self.names.control_table)
            .item("pk", item::text(&new.place.pk))
            .item("sk", item::text(&new.place.sk))
            .item("version", item::number(new.version()?))
            .item("doc", item::text(&new.document))
            .item("writer", item::text(&new.writer));
        Ok(match new.expires {
            None => request,
            Some(expires) => request.item("expires_at", item::number(expires.as_second())),
        })
    }

    /// Puts an item under its condition; when that did not hold, the item that stands there
    /// (empty when there is none).
    pub(crate) async fn put_if(
        &self,
        call: &'static str,
        request: PutItemFluentBuilder,
    ) -> PortResult<Option<Item>> {
        put_if(&self.operation(call)?, request).await
    }
}

/// Puts an item under its condition; when that did not hold, the item that stands there (empty when
/// there is none).
pub(crate) async fn put_if(
    operation: &Operation,
    request: PutItemFluentBuilder,
) -> PortResult<Option<Item>> {
    let request = request.return_values_on_condition_check_failure(OnFailure::AllOld).send();
    match operation.send(request).await {
        Ok(_) => Ok(None),
        Err(failure) if failure.code() == Some(CONDITION) => {
            Ok(Some(refused_by(&failure).cloned().unwrap_or_default()))
        }
        Err(failure) => Err(failure.port(operation.name())),
    }
}

/// Refuses a document that does not fit into an item: DynamoDB would, with words that name
/// nothing.
pub(crate) fn check_size(call: &'static str, document: &str) -> PortResult<()> {
    if document.len() <= ITEM_BYTES - OTHER_BYTES {
        return Ok(());
    }
    let why = format!("a document of {} bytes; an item holds {ITEM_BYTES}", document.len());
    Err(PortError::Refused { call, why })
}

/// The item that a condition did not hold on.
fn refused_by(failure: &Failure<PutItemError>) -> Option<&Item> {
    match failure.service()? {
        PutItemError::ConditionalCheckFailedException(refusal) => refusal.item(),
        _ => None,
    }
}
