//! The story's clock, for an accelerated day on a local endpoint: one item of the
//! control table says what time decisions and metric windows take it to be.
//! Leases, deadlines and retention keep the real time.
//!
//! What must stay true: this file is compiled only with the feature `story`, which
//! deployable artifacts lack, and such a build does not start unless its endpoint
//! is this machine ([`crate::config`]).

use crate::aws::Aws;
use crate::item;
use jiff::Timestamp;
use tidegate_domain::ports::{PortError, PortResult};

/// A query, because every function may ask one, and no other read.
const CALL: &str = "Query (story's clock)";

impl Aws {
    /// The story's time; `None` while no story is told, which leaves the real time.
    pub(crate) async fn story_now(&self) -> PortResult<Option<Timestamp>> {
        let request = self
            .clients
            .dynamodb
            .query()
            .table_name(&self.names.control_table)
            .key_condition_expression("pk = :pk AND sk = :sk")
            .expression_attribute_values(":pk", item::text("story"))
            .expression_attribute_values(":sk", item::text("clock"))
            .consistent_read(true)
            .send();
        let answer = self.operation(CALL)?.run(request).await?;
        answer
            .items()
            .first()
            .map(|found| item::fields(found).string("now").and_then(parse))
            .transpose()
            .map_err(|why| PortError::Unreadable { call: CALL, why })
    }
}

fn parse(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|error| format!("`now` is {text:?}: {error}"))
}
