//! As much as may run does, and no more; whoever is called away finishes; a slow store takes no
//! instance away.

mod support;

use aira::server::Left;
use aira::store::{Answer, Fields, Store, StoreFault};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Browser, Parts, QUICK, STEADY};

#[tokio::test]
async fn beyond_the_limit_a_request_is_refused_at_once_and_told_when_to_come_back() {
    let service = Parts::paced(STEADY).with("AIRA_CONCURRENCY", "2").start().await;
    let kim = service.signed_in("kim").await;
    let running = [kim.begin("One?").await, kim.begin("Two?").await];
    assert!((service.metric("aira_answers_in_flight").await - 2.0).abs() < 0.1);
    let begun = Instant::now();
    let waits: BTreeSet<_> = [kim.ask("3?").await, kim.ask("4?").await, kim.ask("5?").await]
        .map(|reply| {
            assert_eq!((reply.status, reply.json()["error"].as_str()), (503, Some("full")));
            reply.retry_after().unwrap()
        })
        .into();
    assert_eq!(waits, BTreeSet::from([1, 2, 3]), "they do not come back together");
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    for answer in running {
        assert_eq!(Browser::read(answer).await.said().1, "done", "who was in is not disturbed");
    }
    assert_eq!(kim.ask("Now?").await.status, 200);
    assert_eq!(kim.answers().await.len(), 3);
    assert!((service.metric("aira_refused_total{reason=\"full\"}").await - 3.0).abs() < 0.1);
    assert!((service.metric("aira_admission_limit").await - 2.0).abs() < 0.1);
    assert!(service.metric("aira_requests_total{route=\"/chat\",code=\"503\"}").await > 2.0);
}

#[tokio::test]
async fn an_instance_that_is_called_away_says_so_first_and_cuts_no_answer() {
    let parts = Parts::paced(STEADY).with("AIRA_NOTICE_SECONDS", "1");
    let store = Arc::clone(&parts.store);
    let mut service = parts.start().await;
    let other = Parts { store, ..Parts::paced(QUICK) }.start().await;
    let kim = service.signed_in("kim").await;
    assert_eq!(kim.get("/readyz").await.status, 200);
    let first = kim.begin("One?").await;
    service.leave();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let ready = kim.get("/readyz").await;
    assert_eq!((ready.status, ready.json()["state"].as_str()), (503, Some("draining")));
    assert_eq!(kim.get("/healthz").await.status, 200);
    assert!((service.metric("aira_draining").await - 1.0).abs() < 0.1);
    // A balancer that has not noticed loses nothing.
    let late = kim.begin("Two?").await;
    assert_eq!(late.status(), 200);
    assert_eq!(late.headers()["connection"], "close");
    tokio::time::sleep(Duration::from_millis(1000)).await;
    assert!(
        tokio::net::TcpStream::connect(service.base.trim_start_matches("http://")).await.is_err()
    );
    for answer in [first, late] {
        assert_eq!(Browser::read(answer).await.said().1, "done");
    }
    assert_eq!(service.done.await.unwrap(), Left { cut: 0 });
    assert_eq!(kim.moved_to(&other.base).answers().await.len(), 2, "both are kept");
}

#[tokio::test]
async fn the_deadline_ends_what_does_not_end_and_says_how_many() {
    let slow = aira::settings::Timing { token: Duration::from_secs(60), ..STEADY };
    let mut service = Parts::paced(slow).with("AIRA_DRAIN_SECONDS", "1").start().await;
    let kim = service.signed_in("kim").await;
    let _begun = kim.begin("One?").await;
    let from = Instant::now();
    service.leave();
    assert_eq!(service.done.await.unwrap(), Left { cut: 1 });
    assert!(from.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn idle_connections_do_not_hold_an_instance_back() {
    let mut service = Parts::default().start().await;
    let browser = service.browser();
    assert_eq!(browser.get("/healthz").await.status, 200);
    let _silent = tokio::net::TcpStream::connect(service.base.trim_start_matches("http://")).await;
    let from = Instant::now();
    service.leave();
    assert_eq!(service.done.await.unwrap(), Left { cut: 0 });
    assert!(from.elapsed() < Duration::from_secs(5), "{:?}", from.elapsed());
}

/// A store that never answers, or only says no.
struct Broken {
    is_silent: bool,
}

impl Broken {
    fn answer<T: Send + 'static>(&self) -> Answer<'_, T> {
        let is_silent = self.is_silent;
        Box::pin(async move {
            if is_silent {
                std::future::pending::<()>().await;
            }
            Err(StoreFault::Unavailable("it is broken".to_owned()))
        })
    }
}

impl Store for Broken {
    fn create<'a>(&'a self, _: &'a str, _: Fields, _: Duration) -> Answer<'a, ()> {
        self.answer()
    }
    fn get<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Fields>> {
        self.answer()
    }
    fn update<'a>(&'a self, _: &'a str, _: Fields, _: Vec<String>) -> Answer<'a, Fields> {
        self.answer()
    }
    fn touch<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        self.answer()
    }
    fn end<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        self.answer()
    }
}

#[tokio::test]
async fn a_store_that_is_slow_or_broken_fails_requests_and_no_instance() {
    for (is_silent, longest) in [(true, 4), (false, 1)] {
        let store = Arc::new(Broken { is_silent });
        let service = Parts { store, ..Parts::default() }.start().await;
        let mut browser = service.browser();
        let begun = Instant::now();
        let reply = browser.login("kim").await;
        assert_eq!((reply.status, reply.json()["error"].as_str()), (502, Some("store")));
        assert!(begun.elapsed() < Duration::from_secs(longest));
        let begun = Instant::now();
        let ready = browser.get("/readyz").await;
        assert_eq!((ready.status, ready.json()["store"].as_str()), (200, Some("fails")));
        assert!(begun.elapsed() < Duration::from_millis(300), "{:?}", begun.elapsed());
        browser.cookie = Some(format!("aira={}", "0".repeat(64)));
        assert_eq!(browser.call("POST", "/logout", "").await.status, 502, "not out, and told so");
        assert!(service.metric("aira_store_errors_total{operation=\"write\"}").await > 1.0);
    }
}
