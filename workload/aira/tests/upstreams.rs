//! An OpenAI-compatible endpoint that answers, is slow, breaks off, errs, refuses.

mod support;

use support::Parts;
use support::upstream::{Act, Upstream};

#[tokio::test]
async fn an_answer_is_passed_on_and_the_endpoint_is_told_what_was_said() {
    let upstream = Upstream::start(Act::Answer(vec!["안", "녕 ", "\"x\"\n"]));
    let service = Parts::asking(&upstream.base).start().await;
    let kim = service.signed_in("kim").await;
    for question in ["First?", "Second?"] {
        assert_eq!(kim.ask(question).await.said(), ("안녕 \"x\"\n".to_owned(), "done".to_owned()));
    }
    let asked = upstream.asked.lock().unwrap();
    let (head, body) = &asked[1];
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer sk-test"), "{head}");
    assert_eq!(
        (body["model"].as_str(), body["stream"].as_bool()),
        (Some("test-model"), Some(true))
    );
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|m| &m["role"]).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert!(!body.to_string().contains("kim"), "the endpoint does not learn who asks");
}

#[tokio::test]
async fn before_the_first_token_a_failure_is_a_status() {
    for (act, status, reason, wait) in [
        (Act::Refuse("429 Too Many Requests\r\nretry-after: 7"), 503, "model_busy", Some(7)),
        (Act::Refuse("503 Unavailable"), 503, "model_busy", Some(1)),
        (Act::Refuse("401 Unauthorized"), 502, "model", None),
        (Act::Cut(vec![]), 502, "model", None),
        (Act::Err(vec![]), 502, "model", None),
        (Act::Answer(vec![]), 502, "model", None),
        (Act::Silent, 504, "model_slow", None),
        (Act::Hang(vec![]), 504, "model_slow", None),
    ] {
        let upstream = Upstream::start(act.clone());
        let service =
            Parts::asking(&upstream.base).with("AIRA_FIRST_TOKEN_SECONDS", "1").start().await;
        let kim = service.signed_in("kim").await;
        let reply = kim.ask("Why?").await;
        assert_eq!(
            (reply.status, reply.json()["error"].as_str()),
            (status, Some(reason)),
            "{act:?}"
        );
        assert_eq!(reply.retry_after(), wait, "{act:?}");
        assert_eq!(service.app.gate.running(), 0, "{act:?}");
    }
}

#[tokio::test]
async fn after_it_a_failure_is_an_event_and_nothing_is_kept() {
    for (act, cut) in [
        (Act::Cut(vec!["Half "]), "Half "),
        (Act::Err(vec!["Half ", "of "]), "Half of "),
        (Act::Hang(vec!["Half "]), "Half "),
    ] {
        let upstream = Upstream::start(act.clone());
        let service =
            Parts::asking(&upstream.base).with("AIRA_FIRST_TOKEN_SECONDS", "1").start().await;
        let kim = service.signed_in("kim").await;
        let reply = kim.ask("Why?").await;
        assert_eq!(reply.said(), (cut.to_owned(), "error model".to_owned()), "{act:?}");
        assert!(!reply.text.contains("canary"), "the endpoint's words are not passed on");
        assert!(kim.answers().await.is_empty(), "{act:?}");
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_ended() {
    let upstream = Upstream::start(Act::Answer(vec!["x"; 500]));
    let service = Parts::asking(&upstream.base).with("AIRA_ANSWER_SECONDS", "1").start().await;
    let kim = service.signed_in("kim").await;
    assert_eq!(kim.ask("Why?").await.said().1, "error model");
    assert_eq!(service.app.gate.running(), 0);
}

#[tokio::test]
async fn nobody_listens_there() {
    let service = Parts::asking("http://127.0.0.1:9").start().await;
    assert_eq!(service.signed_in("kim").await.ask("Why?").await.status, 502);
}
