//! The session table ([`tidegate_wire::sessions`] has its items): parts of sessions and scores, and
//! the beats.
//!
//! What must stay true: a write is conditional on the stamp that was seen, and one whose answer was
//! lost counts as done when what stands there has our writer; reads are strongly consistent and
//! complete, or an error; an item that cannot be read hides no other; no text of this file holds
//! anything of an item but its sort key.

use crate::item::{self, Item};
use crate::put::put_if;
use crate::replica::Replica;
use crate::table;
use crate::telemetry::{self, Level};
use jiff::Timestamp;
use serde_json::json;
use tidegate_domain::ports::{PortError, PortResult};
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{Found, PartTable, Put};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};
use tidegate_wire::sessions::item as wire;
use tidegate_wire::sessions::tree::Attributes;

impl PartTable for Replica {
    async fn parts(&self, key: &SessionKey) -> PortResult<Found<SessionPart>> {
        let items = self.partition("Query (session)", &wire::session_pk(key)).await?;
        Ok(found(&items, wire::part))
    }

    async fn put_part(&self, part: &SessionPart, seen: Option<&Stamp>) -> PortResult<Put> {
        self.put_mine("PutItem (session)", &wire::of_part(part), seen).await
    }

    async fn scores(&self, shard: &ShardKey) -> PortResult<Found<ScorePart>> {
        let items = self.partition("Query (scores)", &shard.to_string()).await?;
        Ok(found(&items, wire::score))
    }

    async fn score(
        &self,
        shard: &ShardKey,
        member: &BoardWord,
        region: &RegionName,
    ) -> PortResult<Option<ScorePart>> {
        let call = "GetItem (score)";
        let (pk, sk) = (shard.to_string(), wire::score_sk(member, region));
        let stands = self.item(call, &self.names.session_table, &pk, &sk).await?;
        let score = stands.map(|stands| wire::score(&item::attributes(&stands))).transpose();
        score.map_err(|why| PortError::Unreadable { call, why })
    }

    async fn put_score(&self, part: &ScorePart, seen: Option<&Stamp>) -> PortResult<Put> {
        self.put_mine("PutItem (score)", &wire::of_score(part), seen).await
    }

    async fn beat(&self, stamp: &Stamp, expires: Timestamp) -> PortResult<()> {
        let beat = item::of_attributes(&wire::of_beat(stamp, expires));
        let table = &self.names.session_table;
        let request = self.dynamodb.put_item().table_name(table).set_item(Some(beat)).send();
        self.operation("PutItem (beat)")?.run(request).await.map(drop)
    }

    async fn beats(&self) -> PortResult<Vec<Stamp>> {
        let items = self.partition("Query (beats)", wire::BEATS).await?;
        let Found { parts, unreadable } = found(&items, wire::beat);
        for (region, why) in unreadable {
            let text = format!("the session table holds a beat that cannot be read: {why}");
            telemetry::line(Level::Warn, &text, json!({ "item": region }));
        }
        Ok(parts)
    }
}

impl Replica {
    async fn partition(&self, call: &'static str, pk: &str) -> PortResult<Vec<Item>> {
        let query = || self.dynamodb.query().table_name(&self.names.session_table);
        table::partition(query, || self.operation(call), pk).await
    }

    /// Writes an item of our own region against the stamp that was seen there.
    async fn put_mine(
        &self,
        call: &'static str,
        new: &Attributes<'_>,
        seen: Option<&Stamp>,
    ) -> PortResult<Put> {
        let table = &self.names.session_table;
        let new_item = item::of_attributes(new);
        let request = self.dynamodb.put_item().table_name(table).set_item(Some(new_item));
        let request = match seen {
            None => request.condition_expression("attribute_not_exists(pk)"),
            Some(seen) => request
                .condition_expression("#written = :seen")
                .expression_attribute_names("#written", "written")
                .expression_attribute_values(":seen", item::text(seen.to_string())),
        };
        let Some(stands) = put_if(&self.operation(call)?, request).await? else {
            return Ok(Put::Written);
        };
        // Two writers of a region may make the same stamp at once: the writer alone tells them apart.
        let stands = item::attributes(&stands);
        let is_ours = stands.text("writer").is_ok_and(|writer| new.text("writer") == Ok(writer));
        Ok(if is_ours { Put::Written } else { Put::Conflict })
    }
}

/// Everything of a partition, what cannot be read by its sort key.
fn found<T>(items: &[Item], read: fn(&Attributes<'_>) -> Result<T, String>) -> Found<T> {
    let mut found = Found { parts: Vec::new(), unreadable: Vec::new() };
    for stands in items {
        let attributes = item::attributes(stands);
        match read(&attributes) {
            Ok(part) => found.parts.push(part),
            Err(why) => {
                let place = attributes.text("sk").unwrap_or_default().to_owned();
                found.unreadable.push((place, why));
            }
        }
    }
    found
}
