//! The item of the control table that holds the epoch of the region's cache.
//!
//! What must stay true: the number only rises; a doubt that stands covers everybody who doubts
//! meanwhile; a doubt whose answer was lost is known by its writer.

use crate::clock::random_hex;
use crate::item::{self, Item};
use crate::put::put_if;
use crate::replica::Replica;
use jiff::Timestamp;
use tidegate_domain::ports::{PortError, PortResult};
use tidegate_domain::sessions::ports::{Epoch, EpochItem};
use tidegate_wire::sessions::item as wire;

/// Rounds of "somebody else was faster": who was it has put the epoch in doubt, so that the second
/// round is the last one unless a doubt ran out meanwhile.
const ROUNDS: usize = 4;
const READ: &str = "GetItem (epoch)";
const DOUBT: &str = "PutItem (epoch)";

impl EpochItem for Replica {
    async fn epoch(&self) -> PortResult<Epoch> {
        let table = &self.names.control_table;
        let stands = self.item(READ, table, wire::EPOCH_PK, wire::EPOCH_SK).await?;
        stands.map_or_else(|| Ok(Epoch::default()), |stands| epoch_of(READ, &stands))
    }

    async fn doubt(&self, now: Timestamp, until: Timestamp) -> PortResult<Epoch> {
        let mut stands = self.epoch().await?;
        for _ in 0..ROUNDS {
            if stands.doubt_until.is_some_and(|standing| standing >= now) {
                return Ok(stands);
            }
            let next = Epoch {
                number: stands.number.saturating_add(1),
                doubt_until: Timestamp::from_millisecond(until.as_millisecond()).ok(),
            };
            match self.put_epoch(next, stands.number).await? {
                None => return Ok(next),
                Some(other) => stands = other,
            }
        }
        let why = "others were faster every time".to_owned();
        Err(PortError::Throttled { call: DOUBT, why })
    }
}

impl Replica {
    /// Writes an epoch against the number that stands there (0: perhaps nothing); else what does.
    async fn put_epoch(&self, epoch: Epoch, seen: u64) -> PortResult<Option<Epoch>> {
        let writer = random_hex();
        let new = item::of_attributes(&wire::of_epoch(&epoch, &writer));
        let table = &self.names.control_table;
        let request = self.dynamodb.put_item().table_name(table).set_item(Some(new));
        let request = match seen {
            0 => request.condition_expression("attribute_not_exists(pk) OR #number = :seen"),
            _ => request.condition_expression("#number = :seen"),
        };
        let request = request
            .expression_attribute_names("#number", "number")
            .expression_attribute_values(":seen", item::number(seen));
        let Some(stands) = put_if(&self.operation(DOUBT)?, request).await? else {
            return Ok(None);
        };
        if item::attributes(&stands).text("writer") == Ok(writer.as_str()) {
            // The first answer was lost.
            return Ok(None);
        }
        // An item that somebody has removed is none.
        if stands.is_empty() {
            Ok(Some(Epoch::default()))
        } else {
            epoch_of(DOUBT, &stands).map(Some)
        }
    }
}

fn epoch_of(call: &'static str, stands: &Item) -> PortResult<Epoch> {
    wire::epoch(&item::attributes(stands)).map_err(|why| PortError::Unreadable { call, why })
}
