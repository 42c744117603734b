//! The story's clock: read once for an invocation, and only on this machine.

use super::aws;
use super::peer::{Peer, json};
use crate::{Connection, config};
use serde_json::json;
use tidegate_domain::ports::{Clock, PortError};

const DEADLINE: u64 = 4_102_444_800_000;

#[tokio::test]
async fn decisions_follow_the_story_and_leases_the_real_time() {
    let clock = json!({"Item": {"now": {"S": "2030-01-01T03:00:00Z"}}});
    let peer = Peer::answering(vec![json(200, &clock)]);
    let handle = aws(&peer.url).for_invocation(DEADLINE).await.unwrap();
    assert_eq!(handle.now(), "2030-01-01T03:00:00Z".parse().unwrap());
    assert_ne!(handle.wall(), handle.now());
    assert_eq!(peer.asked().len(), 1);
    assert!(peer.asked()[0].body.contains(r#""pk":{"S":"story"}"#), "{:?}", peer.asked());
}

#[tokio::test]
async fn without_a_story_the_real_time_holds() {
    let peer = Peer::answering(vec![json(200, &json!({}))]);
    let handle = aws(&peer.url).for_invocation(DEADLINE).await.unwrap();
    assert!(handle.now() <= handle.wall());
}

#[tokio::test]
async fn an_unreadable_clock_stops_the_invocation() {
    let clock = json!({"Item": {"now": {"S": "three o'clock"}}});
    let peer = Peer::answering(vec![json(200, &clock)]);
    let answer = aws(&peer.url).for_invocation(DEADLINE).await;
    assert!(matches!(answer, Err(PortError::Unreadable { .. })), "{answer:?}");
}

#[test]
fn such_a_build_does_not_start_anywhere_else() {
    for url in [None, Some("https://monitoring.eu-central-1.amazonaws.com")] {
        let answer = Connection::read(|name| match name {
            config::ENDPOINT_URL => url.map(str::to_owned),
            config::REGION => Some("eu-central-1".to_owned()),
            _ => Some("test".to_owned()),
        });
        let error = answer.unwrap_err().to_string();
        assert!(error.contains("must be a loopback address"), "{error}");
    }
}
