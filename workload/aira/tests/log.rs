//! The log is one JSON object a line, ties an answer to its request, and holds nothing of a user.

mod support;

use serde_json::Value;
use support::upstream::{Act, Upstream};
use support::{LOG, Parts, code};

#[tokio::test]
async fn nothing_that_a_user_says_or_is_called_is_logged() {
    let (user, word) = ("canary-user", "canary-word");
    let upstream = Upstream::start(Act::Err(vec!["canary-answer"]));
    let mut said = Vec::new();
    for parts in [Parts::default(), Parts::asking(&upstream.base)] {
        let service = parts.start().await;
        let browser = service.signed_in(user).await;
        said.push(browser.cookie.clone().unwrap());
        let reply = browser.ask(word).await;
        let id = reply.headers["x-request-id"].to_str().unwrap().to_owned();
        let of_it = LOG.lock().unwrap().iter().filter(|line| line.contains(&id)).count();
        assert_eq!(of_it, 2, "the request, and what its answer came to");
        browser.get(&format!("/{word}")).await;
        browser.call("POST", "/chat", word).await;
        browser.call("POST", "/login", word).await;
        browser.call("POST", "/logout", "").await;
    }
    said.push(code(user));
    let log = LOG.lock().unwrap();
    assert!(log.len() > 12, "{log:?}");
    for line in log.iter() {
        let read: Value = serde_json::from_str(line).unwrap();
        assert!(read["timestamp"].is_string() && read["level"].is_string(), "{line}");
        assert!(!line.contains("canary"), "{line}");
        for secret in &said {
            assert!(!line.contains(secret.split('=').next_back().unwrap()), "{line}");
        }
    }
}
