//! One region's replica of the session table, with what stands beside it: the epoch in the control
//! table, the real clock, random digits.
//!
//! What must stay true: it calls DynamoDB alone, so that a program that uses it carries no other
//! client; lives and times to live are real time, also in a build that follows a story's clock.

use crate::aws::instant_of;
use crate::call::Operation;
use crate::clients::sdk_config;
use crate::clock::{random_hex, time_left, wall};
use crate::config::{Connection, SessionSettings};
use crate::item::{self, Item};
use aws_sdk_dynamodb::Client;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegate_domain::ports::{Clock, LeaseToken, PortResult};
use tidegate_domain::sessions::ports::{Dice, Rest};

/// The session table, the epoch, the clock. Cloning is cheap: the client is shared.
#[derive(Debug, Clone)]
pub struct Replica {
    pub(crate) dynamodb: Client,
    pub(crate) names: Arc<Names>,
    deadline: Option<Instant>,
}

/// The tables.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) control_table: String,
    pub(crate) session_table: String,
}

impl Replica {
    /// Builds the client; talks to nobody.
    pub fn new<C>(settings: &SessionSettings<C>) -> Self {
        Self::connect(&settings.connection, &settings.session_table, &settings.control_table)
    }

    /// Builds the client; talks to nobody.
    pub fn connect(connection: &Connection, session_table: &str, control_table: &str) -> Self {
        let names = Names {
            control_table: control_table.to_owned(),
            session_table: session_table.to_owned(),
        };
        let dynamodb = Client::new(&sdk_config(connection));
        Self { dynamodb, names: Arc::new(names), deadline: None }
    }

    /// A handle for one invocation, all of whose calls end 2 s before `deadline` (Lambda's, in
    /// milliseconds since the epoch).
    #[must_use]
    pub fn for_invocation(&self, deadline: u64) -> Self {
        Self { deadline: instant_of(deadline), ..self.clone() }
    }

    pub(crate) fn operation(&self, name: &'static str) -> PortResult<Operation> {
        Operation::begin(name, self.deadline)
    }

    /// An item of one of the tables, strongly consistent.
    pub(crate) async fn item(
        &self,
        call: &'static str,
        table: &str,
        pk: &str,
        sk: &str,
    ) -> PortResult<Option<Item>> {
        let request = self
            .dynamodb
            .get_item()
            .table_name(table)
            .key("pk", item::text(pk))
            .key("sk", item::text(sk))
            .consistent_read(true)
            .send();
        Ok(self.operation(call)?.run(request).await?.item)
    }
}

impl Clock for Replica {
    fn now(&self) -> Timestamp {
        wall()
    }

    fn wall(&self) -> Timestamp {
        wall()
    }

    fn time_left(&self) -> SignedDuration {
        time_left(self.deadline)
    }

    fn token(&self) -> LeaseToken {
        LeaseToken(random_hex())
    }
}

impl Dice for Replica {
    fn digits(&self) -> String {
        random_hex().chars().take(16).collect()
    }
}

impl Rest for Replica {
    async fn rest(&self, time: SignedDuration) {
        tokio::time::sleep(Duration::try_from(time).unwrap_or_default()).await;
    }
}
