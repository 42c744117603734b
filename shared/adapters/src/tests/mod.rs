//! The adapters against peers of our own on the loopback address: silent, refusing,
//! throttling, forgetful ones. What a real table or group does is tested on the local
//! endpoint by the crate `tidegate-tests`.

mod answers;
mod lost;
mod peer;
mod router_outlet;
mod router_scene;
mod router_source;
mod router_store;
mod sessions;
mod silent;
mod stored;
#[cfg(feature = "story")]
mod story;

use crate::{Aws, Connection, MoreTopics, RouterSettings, Topics, config};
use std::time::{Duration, Instant};
use tidegate_domain::ids::FleetName;

/// The variables that every function has, for a peer at `url`.
fn variable(name: &str, url: &str) -> Option<String> {
    let value = match name {
        config::REGION => "eu-central-1",
        config::ENDPOINT_URL => url,
        config::ACCESS_KEY_ID | config::SECRET_ACCESS_KEY => "test",
        _ => return None,
    };
    Some(value.to_owned())
}

fn topic(name: &str) -> String {
    format!("arn:aws:sns:eu-central-1:123456789012:{name}")
}

/// A handle on the peer at `url`, without a deadline.
pub(crate) fn aws(url: &str) -> Aws {
    let connection = Connection::read(|name| variable(name, url));
    let topics = Topics { warning: topic("warning"), critical: topic("critical") };
    Aws::connect(&connection.unwrap(), "control", Some(topics))
}

/// A handle with all of the router's topics: `escalation` is `boss`, `data` is `data-team`.
pub(crate) fn router(url: &str) -> Aws {
    let connection = Connection::read(|name| variable(name, url));
    let settings = RouterSettings {
        connection: connection.unwrap(),
        control_table: "control".to_owned(),
        topics: Topics { warning: topic("warning"), critical: topic("critical") },
        more_topics: MoreTopics {
            escalation: Some(topic("boss")),
            chat: Some(topic("chat")),
            named: [("data".to_owned(), topic("data-team"))].into(),
        },
        seed_document: String::new(),
        account: "123456789012".to_owned(),
    };
    Aws::for_router(&settings)
}

/// A handle with this much time before its deadline.
pub(crate) fn with_left(aws: &Aws, left: Duration) -> Aws {
    Aws { deadline: Some(Instant::now() + left), ..aws.clone() }
}

pub(crate) fn fleet() -> FleetName {
    FleetName::new("web").unwrap()
}
