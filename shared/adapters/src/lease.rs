//! Leases: who changes a fleet's group now, who tells of a group of alarms. Each stands beside
//! what it guards, under the partition key `pk`.
//!
//! What must stay true: at most one owner until the lease has run out by the real
//! clock; who finds it taken leaves a mark, and the owner sees the mark before the
//! lease is free; our own token in the item is our own lease, whichever answer was lost.

use crate::aws::Aws;
use crate::call::Operation;
use crate::errors::Failure;
use crate::item::{self, Item};
use crate::put::{CONDITION, Place};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure as OnFailure;
use jiff::Timestamp;
use tidegate_domain::ports::{Lease, LeaseToken, PortError, PortResult, Released};
use tidegate_wire::stored;

/// Rounds of "taken, so mark it; gone, so take it".
const ROUNDS: usize = 3;
const ACQUIRE: &str = "UpdateItem (lease)";
const MARK: &str = "UpdateItem (lease wanted)";
const RELEASE: &str = "DeleteItem (lease)";

/// What the table said to a try.
enum Try {
    Taken,
    /// Somebody's: the owner's token.
    Held(String),
    /// It changed under our hands.
    Moved,
}

impl Aws {
    pub(crate) async fn acquire_lease(
        &self,
        pk: &str,
        token: &LeaseToken,
        wall: Timestamp,
        until: Timestamp,
    ) -> PortResult<Lease> {
        for _ in 0..ROUNDS {
            match self.try_lease(pk, token, wall, until).await? {
                Try::Taken => return Ok(Lease::Taken),
                Try::Held(owner) if self.mark_wanted(pk, &owner, token).await? => {
                    return Ok(Lease::Busy);
                }
                Try::Held(_) | Try::Moved => {}
            }
        }
        // It changed hands in every round: whoever has it now took it after we came, and
        // so looks at everything that we were called for. No mark is needed.
        Ok(Lease::Busy)
    }

    /// Takes the lease when it is free or run out, or extends our own. A mark that stands
    /// in a lease that had run out is taken off: the run that begins now answers it.
    async fn try_lease(
        &self,
        pk: &str,
        token: &LeaseToken,
        wall: Timestamp,
        until: Timestamp,
    ) -> PortResult<Try> {
        let request = self
            .lease(pk)
            .update_expression("SET #owner = :token, until_ms = :until REMOVE wanted")
            .condition_expression("attribute_not_exists(pk) OR until_ms < :wall")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":token", item::text(&token.0))
            .expression_attribute_values(":until", item::number(until.as_millisecond()))
            .expression_attribute_values(":wall", item::number(wall.as_millisecond()))
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        let operation = self.operation(ACQUIRE)?;
        let Some(held) = conditional(&operation, request).await? else {
            return Ok(Try::Taken);
        };
        let unreadable = |why| PortError::Unreadable { call: ACQUIRE, why };
        if held.is_empty() {
            return Ok(Try::Moved);
        }
        let held = item::fields(&held);
        let owner = stored::lease_owner(&held).map_err(unreadable)?;
        if owner != token.0 {
            return Ok(Try::Held(owner.to_owned()));
        }
        let stands = stored::lease_until_ms(&held).map_err(unreadable)?;
        if stands >= until.as_millisecond() {
            // The first answer was lost.
            return Ok(Try::Taken);
        }
        self.extend(pk, token, until).await
    }

    async fn extend(&self, pk: &str, token: &LeaseToken, until: Timestamp) -> PortResult<Try> {
        let request = self
            .lease(pk)
            .update_expression("SET until_ms = :until")
            .condition_expression("#owner = :token")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":token", item::text(&token.0))
            .expression_attribute_values(":until", item::number(until.as_millisecond()));
        let refusal = conditional(&self.operation(ACQUIRE)?, request).await?;
        Ok(if refusal.is_none() { Try::Taken } else { Try::Moved })
    }

    /// Marks the lease of `owner`; false when it is no longer that owner's.
    async fn mark_wanted(&self, pk: &str, owner: &str, token: &LeaseToken) -> PortResult<bool> {
        let request = self
            .lease(pk)
            .update_expression("SET wanted = :token")
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", item::text(owner))
            .expression_attribute_values(":token", item::text(&token.0));
        Ok(conditional(&self.operation(MARK)?, request).await?.is_none())
    }

    /// Deletes our lease unless it is marked; a mark is taken off instead.
    pub(crate) async fn release_lease(&self, pk: &str, token: &LeaseToken) -> PortResult<Released> {
        let request = self
            .delete(&place(pk))
            .condition_expression("#owner = :token AND attribute_not_exists(wanted)")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":token", item::text(&token.0))
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send();
        let operation = self.operation(RELEASE)?;
        let failure = match operation.send(request).await {
            Ok(_) => return Ok(Released::Free),
            Err(failure) => failure,
        };
        if failure.code() != Some(CONDITION) {
            return Err(failure.port(RELEASE));
        }
        let is_ours = deleted_not(&failure)
            .is_some_and(|held| stored::lease_owner(&item::fields(held)) == Ok(token.0.as_str()));
        if is_ours { self.take_mark_off(pk, token).await } else { Ok(Released::Free) }
    }

    async fn take_mark_off(&self, pk: &str, token: &LeaseToken) -> PortResult<Released> {
        let request = self
            .lease(pk)
            .update_expression("REMOVE wanted")
            .condition_expression("#owner = :token")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":token", item::text(&token.0));
        let refusal = conditional(&self.operation(RELEASE)?, request).await?;
        Ok(if refusal.is_none() { Released::Wanted } else { Released::Free })
    }

    fn lease(&self, pk: &str) -> UpdateItemFluentBuilder {
        self.update(&place(pk))
    }
}

fn place(pk: &str) -> Place {
    Place { pk: pk.to_owned(), sk: "lease".to_owned() }
}

/// Sends an update; when its condition did not hold, the item that stood there (empty
/// when there was none, or none was asked for).
pub(crate) async fn conditional(
    operation: &Operation,
    request: UpdateItemFluentBuilder,
) -> PortResult<Option<Item>> {
    match operation.send(request.send()).await {
        Ok(_) => Ok(None),
        Err(failure) if failure.code() == Some(CONDITION) => {
            Ok(Some(updated_not(&failure).cloned().unwrap_or_default()))
        }
        Err(failure) => Err(failure.port(operation.name())),
    }
}

fn updated_not(failure: &Failure<UpdateItemError>) -> Option<&Item> {
    match failure.service()? {
        UpdateItemError::ConditionalCheckFailedException(refusal) => refusal.item(),
        _ => None,
    }
}

fn deleted_not(failure: &Failure<DeleteItemError>) -> Option<&Item> {
    match failure.service()? {
        DeleteItemError::ConditionalCheckFailedException(refusal) => refusal.item(),
        _ => None,
    }
}
