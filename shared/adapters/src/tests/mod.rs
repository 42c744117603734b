//! The adapters against peers of our own on the loopback address: silent, refusing,
//! throttling, forgetful ones. What a real table or group does is tested on the local
//! endpoint by the crate `tidegate-tests`.

mod answers;
mod lost;
mod peer;
mod silent;
#[cfg(feature = "story")]
mod story;

use crate::{Aws, Connection, Topics};
use std::time::{Duration, Instant};
use tidegate_domain::ids::FleetName;

/// A handle on the peer at `url`, without a deadline.
pub(crate) fn aws(url: &str) -> Aws {
    let connection = Connection::read(|name| match name {
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ENDPOINT_URL" => Some(url.to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        _ => None,
    });
    let topic = |name: &str| format!("arn:aws:sns:eu-central-1:123456789012:{name}");
    let topics = Topics { warning: topic("warning"), critical: topic("critical") };
    Aws::connect(&connection.unwrap(), "control", Some(topics))
}

/// A handle with this much time before its deadline.
pub(crate) fn with_left(aws: &Aws, left: Duration) -> Aws {
    Aws { deadline: Some(Instant::now() + left), ..aws.clone() }
}

pub(crate) fn fleet() -> FleetName {
    FleetName::new("web").unwrap()
}
