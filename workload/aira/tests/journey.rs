//! A user's way through the service, over real sockets: in, talk, come back, out.

mod support;

use serde_json::json;
use support::{Parts, QUICK, STEADY, code, new_turn};

#[tokio::test]
async fn a_user_signs_in_talks_comes_back_and_signs_out() {
    let service = Parts::default().start().await;
    let kim = service.signed_in("kim").await;
    let first = kim.ask("What are you?").await;
    assert_eq!(
        (first.status, first.headers["content-type"].as_bytes()),
        (200, &b"text/event-stream"[..])
    );
    let (answer, end) = first.said();
    assert_eq!(end, "done");
    assert!(first.text.matches("data: ").count() > 30, "token by token: {}", first.text);
    let (second, _) = kim.ask("And then?").await.said();
    assert_eq!(kim.answers().await, [answer, second], "a reload keeps the history");
    assert_eq!(kim.get("/history").await.json()["name"], "kim");

    let other = kim.clone();
    let out = kim.call("POST", "/logout", "").await;
    assert_eq!(out.status, 200);
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    for reply in [other.get("/history").await, other.ask("Still there?").await] {
        assert_eq!((reply.status, reply.json()["error"].as_str()), (401, Some("signed_out")));
    }
    assert!(service.metric("aira_sessions_started_total").await >= 1.0);
    assert!((service.metric("aira_sessions_ended_total").await - 1.0).abs() < 0.1);
    assert!(service.metric("aira_tokens_total").await > 60.0);
}

#[tokio::test]
async fn another_instance_knows_the_session_and_keeps_the_words() {
    let parts = Parts::default();
    let store = std::sync::Arc::clone(&parts.store);
    let (one, two) = (parts.start().await, Parts { store, ..Parts::default() }.start().await);
    let here = one.signed_in("kim").await;
    let there = here.moved_to(&two.base);
    let said = [here.ask("One?").await.said().0, there.ask("Two?").await.said().0];
    assert_eq!(here.answers().await, said);
    there.post("/logout", &json!({})).await;
    assert_eq!(here.get("/history").await.status, 401);
}

#[tokio::test]
async fn only_a_name_with_its_code_gets_in() {
    let service = Parts::default().start().await;
    let browser = service.browser();
    for (body, expected) in [
        (json!({ "name": "kim", "code": code("kim") }), 200),
        (json!({ "name": "kim", "code": code("lee") }), 401),
        (json!({ "name": "kim", "code": "" }), 401),
        (json!({ "name": "kim" }), 400),
        (json!("kim"), 400),
    ] {
        let reply = browser.post("/login", &body).await;
        assert_eq!(reply.status, expected, "{body} {}", reply.text);
    }
    let cookie =
        service.browser().login("kim").await.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    for cookie in
        [None, Some("aira=x"), Some("aira=00"), Some(&*format!("aira={}", "0".repeat(64)))]
    {
        let mut browser = service.browser();
        browser.cookie = cookie.map(str::to_owned);
        assert_eq!(browser.get("/history").await.status, 401, "{cookie:?}");
    }
}

#[tokio::test]
async fn whoever_signs_in_again_leaves_no_session_behind() {
    let service = Parts::default().start().await;
    let mut browser = service.signed_in("kim").await;
    let before = browser.clone();
    browser.login("lee").await;
    assert_eq!(before.get("/history").await.status, 401);
    assert_eq!(browser.get("/history").await.json()["name"], "lee");
}

#[tokio::test]
async fn the_same_turn_is_answered_once() {
    let service = Parts::paced(QUICK).start().await;
    let kim = service.signed_in("kim").await;
    let ask = json!({ "turn": new_turn(), "question": "Why?" });
    let first = kim.post("/chat", &ask).await.said();
    assert_eq!(kim.post("/chat", &ask).await.said(), first);
    assert_eq!(kim.answers().await.len(), 1);
}

#[tokio::test]
async fn what_is_no_question_is_refused_before_anything_is_asked() {
    let service =
        Parts::default().with("AIRA_WEB_ORIGIN", "https://chat.example.com").start().await;
    let kim = service.signed_in("kim").await;
    let long = "x".repeat(6001);
    for (turn, question) in
        [("turn-0001", ""), ("turn-0001", "  "), ("t", "Why?"), ("turn-0001", &long)]
    {
        let reply = kim.post("/chat", &json!({ "turn": turn, "question": question })).await;
        assert_eq!(reply.status, 400, "{turn} {}", question.len());
    }
    assert_eq!(kim.call("POST", "/chat", &"x".repeat(16 * 1024 + 1)).await.status, 413);
    assert_eq!(kim.get("/nowhere").await.status, 404);
    for (origin, expected) in [
        ("https://chat.example.com", 400),
        (service.base.as_str(), 400),
        ("https://evil.example.com", 403),
        ("null", 403),
    ] {
        let mut request = kim.request("POST", "/chat", "{}");
        request.headers_mut().insert("origin", origin.parse().unwrap());
        assert_eq!(kim.send(request).await.status(), expected, "{origin}");
    }
}

#[tokio::test]
async fn a_page_that_is_deployed_apart_may_read_with_cookies_and_no_other_may() {
    let service =
        Parts::default().with("AIRA_WEB_ORIGIN", "https://chat.example.com").start().await;
    for (origin, allowed) in
        [("https://chat.example.com", true), ("https://evil.example.com", false)]
    {
        let browser = service.browser();
        let mut request = browser.request("OPTIONS", "/chat", "");
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let reply = browser.send(request).await;
        let header = reply.headers().get("access-control-allow-origin").cloned();
        assert_eq!((reply.status().as_u16(), header.is_some()), (204, allowed), "{origin}");
    }
}

#[tokio::test]
async fn the_page_and_its_files_are_there_and_run_nothing_foreign() {
    let service = Parts::default().start().await;
    let browser = service.browser();
    let index = browser.get("/").await;
    for file in ["style.css", "app.js", "config.js"] {
        assert!(index.text.contains(file), "{file}");
        let reply = browser.get(&format!("/{file}")).await;
        assert_eq!((reply.status, reply.text.is_empty()), (200, false), "{file}");
    }
    assert!(
        index.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    assert!(!index.text.contains("<script>") && !index.text.contains("style="), "nothing inline");
    assert_eq!(browser.get("/healthz").await.text, "ok\n");
}

#[tokio::test]
async fn who_leaves_frees_the_place_and_keeps_nothing() {
    let service = Parts::paced(STEADY).start().await;
    let kim = service.signed_in("kim").await;
    let begun = kim.begin("A long one?").await;
    assert_eq!((begun.status().as_u16(), service.app.gate.running()), (200, 1));
    drop(begun);
    for _ in 0..200 {
        if service.app.gate.running() == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(service.app.gate.running(), 0);
    assert!(kim.answers().await.is_empty());
}
