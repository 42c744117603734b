//! The connection: in time, without a storm, with a password, through TLS.

#![expect(clippy::expect_used, reason = "a proof that cannot be played fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tidegate_cache::{Limits, Login, RedisCache};
use tidegate_cache_proofs::{Mode, Reply, Server, scenes};
use tidegate_domain::sessions::ports::{CacheError, CacheRead, CacheWrite, FillMark, SessionCache};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, pki_types::PrivateKeyDer};

async fn read(cache: &RedisCache) -> Result<CacheRead, CacheError> {
    cache.read(&scenes::key(1), 1, &FillMark("00c0ffee00c0ffee".to_owned())).await
}

fn every_day(server: &Server) -> RedisCache {
    scenes::cache_with(&server.url(), None, Limits::default())
}

#[tokio::test]
async fn a_call_ends_within_its_budget_whatever_the_server_does() {
    let server = Server::start(Mode::Alone);
    let (connected, new) = (every_day(&server), every_day(&server));
    assert!(read(&connected).await.is_ok());
    assert_eq!(server.admin().say(&["CLIENT", "PAUSE", "3000", "ALL"]), Reply::Text("OK".into()));
    for (what, cache) in [("connected", &connected), ("new", &new), ("again", &connected)] {
        let began = Instant::now();
        assert!(read(cache).await.is_err(), "{what}");
        let took = began.elapsed();
        println!("{what}: {took:.0?}");
        // Two hundred, and what a busy machine adds.
        assert!(took < Duration::from_millis(400), "{what}: {took:?}");
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    for cache in [&connected, &new] {
        assert!(read(cache).await.is_ok(), "after the pause");
    }
}

#[tokio::test]
async fn what_the_server_lost_meanwhile_is_no_failure() {
    let mut server = Server::start(Mode::Alone);
    let cache = every_day(&server);
    assert!(read(&cache).await.is_ok());
    for words in [&["SCRIPT", "FLUSH"][..], &["CLIENT", "KILL", "TYPE", "normal"]] {
        server.admin().try_say(words).ok();
        assert!(read(&cache).await.is_ok(), "after {words:?}");
    }
    server.kill();
    server.restart();
    assert!(read(&cache).await.is_ok(), "after a restart that nobody saw");
}

/// A replica that takes over lacks what the last server confirmed just before: the writer is told
/// once, and so doubts what was filled until now.
#[tokio::test]
async fn a_writer_is_told_once_that_another_server_answers() {
    let mut server = Server::start(Mode::Alone);
    let cache = every_day(&server);
    let writes = [CacheWrite::Doubt(scenes::key(1))];
    assert_eq!(cache.apply(&writes).await, Ok(()), "the first server");
    server.admin().try_say(&["CLIENT", "KILL", "TYPE", "normal"]).ok();
    assert_eq!(cache.apply(&writes).await, Ok(()), "a new connection to the same one");
    server.kill();
    server.restart();
    assert!(read(&cache).await.is_ok(), "a reader is not told");
    let told = cache.apply(&writes).await.expect_err("another server");
    assert!(told.0.starts_with("another server answers"), "{told}");
    assert_eq!(cache.apply(&writes).await, Ok(()), "told once");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_asked_seldom() {
    // A peer that takes connections, counts and closes them.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("redis://{}", listener.local_addr().expect("an address"));
    let knocks = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&knocks);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            drop(connection);
        }
    });
    let cache = scenes::cache_with(&url, None, Limits::default());
    let (began, mut calls) = (Instant::now(), 0_u32);
    while began.elapsed() < Duration::from_secs(4) {
        let many = (0..20).map(|_| read(&cache));
        for one in many {
            assert!(one.await.is_err());
            calls += 1;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let knocks = knocks.load(Ordering::Relaxed);
    println!("{calls} calls in 4 s, {knocks} connections");
    assert!((3..=16).contains(&knocks), "{knocks} connections");
    assert!(calls > 1_000, "{calls} calls");
}

#[tokio::test]
async fn a_login_is_given_as_a_value() {
    for mode in [Mode::Alone, Mode::Cluster] {
        let server = Server::start(mode);
        let mut admin = server.admin();
        let user = ["ACL", "SETUSER", "tide", "on", ">secret-2", "~tg:*", "+@all"];
        assert_eq!(admin.say(&user), Reply::Text("OK".into()));
        let default = ["ACL", "SETUSER", "default", ">secret-1", "on"];
        assert_eq!(admin.say(&default), Reply::Text("OK".into()));
        assert_eq!(
            admin.say(&["CONFIG", "SET", "requirepass", "secret-1"]),
            Reply::Text("OK".into())
        );
        let login = |text: &str| Some(Login::from_secret(text).expect("a login"));
        let cases = [
            (login("secret-1"), true),
            (login(r#"{"username":"tide","password":"secret-2"}"#), true),
            (login("secret-2"), false),
            (login(r#"{"username":"tide","password":"secret-1"}"#), false),
            (None, false),
        ];
        for (at, (login, wanted)) in cases.into_iter().enumerate() {
            let cache = scenes::cache_with(&server.url(), login, Limits::default());
            let answer = read(&cache).await;
            assert_eq!(answer.is_ok(), wanted, "{mode:?}, login {at}: {answer:?}");
        }
    }
}

/// A server behind TLS, with a certificate for `localhost` of an authority of its own.
async fn behind_tls(server: &Server) -> (u16, Vec<u8>) {
    let names = vec!["localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let chain = vec![made.cert.der().clone()];
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().expect("versions");
    let config = config.with_no_client_auth().with_single_cert(chain, key).expect("a server");
    let (acceptor, inner) = (TlsAcceptor::from(Arc::new(config)), server.port());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((outer, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outer) = acceptor.accept(outer).await else { return };
                let Ok(mut inner) = TcpStream::connect(("127.0.0.1", inner)).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
            });
        }
    });
    (port, made.cert.pem().into_bytes())
}

#[tokio::test]
async fn with_tls_the_certificate_is_checked() {
    let server = Server::start(Mode::Alone);
    let (port, authority) = behind_tls(&server).await;
    let patient = Limits { budget: Duration::from_secs(5), ..Limits::default() };
    let cache = |url: String| scenes::cache_with(&url, None, patient);
    let trusted = cache(format!("rediss://localhost:{port}")).trusting(authority.clone());
    let answer = read(&trusted).await;
    assert!(answer.is_ok(), "{answer:?}");
    // An authority that nobody knows, another name, no TLS.
    assert!(read(&cache(format!("rediss://localhost:{port}"))).await.is_err());
    let elsewhere = cache(format!("rediss://127.0.0.1:{port}")).trusting(authority);
    assert!(read(&elsewhere).await.is_err());
    assert!(read(&cache(format!("redis://localhost:{port}"))).await.is_err());
}
