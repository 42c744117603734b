//! Ten thousand sessions whose values, keys and passwords are canaries, through every call of the
//! cache and every way in which one fails: no error, no report, no `Debug` and no log line of any
//! library on the way repeats one.

#![expect(clippy::expect_used, reason = "a proof that cannot be played fails")]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tidegate_cache::{CacheUrl, Limits, Login, RedisCache, session_key, shard_keys};
use tidegate_cache_proofs::{Admin, Mode, Reply, Server, scenes};
use tidegate_domain::sessions::part::{PartId, SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{CacheError, CacheWrite, FillMark, SessionCache};

/// In every value and password.
const VALUE: &str = "canary";
/// In every key, beyond the eight digits that a key shows of itself.
const KEY: &str = "feedfacecafe";
/// Sessions.
const SESSIONS: u32 = 10_000;
const EPOCH: u64 = 1;

/// Everything that was said, by errors and by libraries.
static SAID: Mutex<String> = Mutex::new(String::new());

fn said() -> MutexGuard<'static, String> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hear(what: &impl Debug) {
    said().push_str(&format!("{what:?}\n"));
}

/// Hears every line that a library logs, however fine.
struct Ear;

impl log::Log for Ear {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        said().push_str(&format!("{} {}\n", record.target(), record.args()));
    }

    fn flush(&self) {}
}

fn key(n: u32) -> SessionKey {
    SessionKey::new(&format!("{:08x}{KEY}{n:044x}", 0)).expect("a key")
}

fn part(n: u32, write: u32) -> SessionPart {
    let (now, region) = (scenes::now(), scenes::region(n));
    let (cart, token) = (format!("{VALUE}-cart-{n}"), format!("{VALUE}-token-{n}"));
    let id = PartId { region: region.clone(), generation: 0 };
    let fields = [("cart", cart.as_str()), ("token", token.as_str())];
    scenes::part(&key(n), id, scenes::stamp(&region, now, write), now, &fields)
}

/// Every call of the port for some sessions. The errors, by their texts.
async fn every_call(cache: &RedisCache, sessions: std::ops::Range<u32>) -> BTreeSet<String> {
    let mut errors = BTreeSet::new();
    let mut keep = |error: Option<CacheError>| {
        if let Some(error) = error {
            hear(&error);
            errors.insert(error.to_string());
        }
    };
    let writes: Vec<_> = sessions.clone().map(|n| CacheWrite::Part(Box::new(part(n, 1)))).collect();
    hear(&writes);
    keep(cache.apply(&writes).await.err());
    let shard = scenes::shard(&format!("{VALUE}-board"), 0);
    for n in sessions {
        let mark = FillMark(format!("{n:016x}"));
        let read = cache.read(&key(n), EPOCH, &mark).await;
        hear(&read);
        keep(read.err());
        let filled = cache.fill(&key(n), &mark, EPOCH, &[part(n, 2)]).await;
        keep(filled.err());
        let read = cache.read(&key(n), EPOCH, &mark).await;
        hear(&read);
        keep(read.err());
        let SessionPart { key, id, written, .. } = part(n, 1);
        let gone = CacheWrite::PartGone { key: key.clone(), id, written: written.clone() };
        let score = scenes::score(&shard, "member", i64::from(n), written);
        let writes = [gone, CacheWrite::Doubt(key), CacheWrite::Score(score.clone())];
        keep(cache.apply(&writes).await.err());
        keep(cache.rank(&shard, 3, EPOCH, &mark).await.err());
        keep(cache.fill_shard(&shard, &mark, EPOCH, &[score]).await.err());
    }
    errors
}

/// What goes wrong, and what is to be said of it.
struct Trouble {
    what: &'static str,
    make: fn(&mut Admin),
    heal: fn(&mut Admin),
    says: &'static str,
}

fn ok(admin: &mut Admin, words: &[&str]) {
    assert!(!matches!(admin.say(words), Reply::Refused(_)), "{words:?}");
}

const TROUBLES: [Trouble; 7] = [
    Trouble {
        what: "paused",
        make: |admin| ok(admin, &["CLIENT", "PAUSE", "2000", "ALL"]),
        // Answered when it is over.
        heal: |admin| ok(admin, &["PING"]),
        says: "no answer within 60 ms",
    },
    Trouble {
        what: "connections closed and scripts forgotten",
        make: |admin| {
            ok(admin, &["SCRIPT", "FLUSH"]);
            ok(admin, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        },
        heal: |_| {},
        says: "",
    },
    Trouble {
        what: "a replica",
        make: |admin| ok(admin, &["REPLICAOF", "127.0.0.1", "9"]),
        heal: |admin| ok(admin, &["REPLICAOF", "NO", "ONE"]),
        says: "the server said READONLY",
    },
    Trouble {
        what: "no memory",
        make: |admin| ok(admin, &["CONFIG", "SET", "maxmemory", "1"]),
        heal: |admin| ok(admin, &["CONFIG", "SET", "maxmemory", "0"]),
        says: "the server said OOM",
    },
    Trouble {
        what: "keys of another kind",
        make: |admin| {
            for n in 0..SESSIONS {
                ok(admin, &["SET", &session_key(&key(n)), VALUE]);
            }
            let [parts, order] = shard_keys(&scenes::shard(&format!("{VALUE}-board"), 0));
            ok(admin, &["MSET", &parts, VALUE, &order, VALUE]);
        },
        heal: |admin| ok(admin, &["FLUSHALL"]),
        says: "the server said WRONGTYPE",
    },
    Trouble {
        what: "values that nobody can read",
        make: |admin| {
            for n in 0..SESSIONS {
                let (key, value) = (session_key(&key(n)), format!("{VALUE} {{\"{VALUE}\":"));
                ok(admin, &["HSET", &key, "c", "1", "f", VALUE, "p:us-east-1#9", &value]);
            }
        },
        heal: |admin| ok(admin, &["FLUSHALL"]),
        says: "a part that cannot be read",
    },
    Trouble {
        what: "a password is wanted",
        make: |admin| {
            ok(admin, &["CONFIG", "SET", "requirepass", VALUE]);
            ok(admin, &["AUTH", VALUE]);
            ok(admin, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        },
        heal: |admin| ok(admin, &["CONFIG", "SET", "requirepass", ""]),
        says: "the login was refused",
    },
];

fn limits() -> Limits {
    Limits { budget: Duration::from_millis(60), connect: Duration::from_millis(200) }
}

async fn in_peace_and_in_trouble(mode: Mode, sessions: u32) {
    let mut server = Server::start(mode);
    let mut admin = server.admin();
    let errors = every_call(&scenes::patient(&server.url()), 0..sessions).await;
    assert_eq!(errors, BTreeSet::new(), "{mode:?}, in peace");
    for Trouble { what, make, heal, says } in TROUBLES {
        if mode == Mode::Cluster && what == "a replica" {
            // A cluster's node refuses to become one that way.
            continue;
        }
        // A cache that is connected, and one that has to connect.
        let before = scenes::cache_with(&server.url(), None, limits());
        assert_eq!(every_call(&before, 0..1).await, BTreeSet::new(), "before {what}");
        make(&mut admin);
        let login = Login::new(None, format!("{VALUE}-wrong"));
        let login = (what == "a password is wanted").then_some(login);
        let after = scenes::cache_with(&server.url(), login, limits());
        let mut errors = every_call(&before, 0..5).await;
        errors.extend(every_call(&after, 5..10).await);
        heal(&mut admin);
        println!("{mode:?}, {what}: {errors:?}");
        let is_said = errors.iter().any(|error| error.contains(says));
        assert!(is_said != says.is_empty(), "{what}: {errors:?}");
    }
    let before = scenes::cache_with(&server.url(), None, limits());
    assert_eq!(every_call(&before, 0..1).await, BTreeSet::new(), "before the end");
    server.kill();
    let errors = every_call(&before, 0..50).await;
    println!("{mode:?}, killed: {errors:?}");
    assert!(!errors.is_empty());
}

#[tokio::test]
async fn nothing_repeats_a_value_a_key_or_a_password() {
    log::set_logger(&Ear).expect("the only one");
    log::set_max_level(log::LevelFilter::Trace);
    in_peace_and_in_trouble(Mode::Alone, SESSIONS).await;
    in_peace_and_in_trouble(Mode::Cluster, 500).await;
    for bad in ["redis://:canary@h", "redis://canary@h", "canary://h", "redis://h/canary"] {
        hear(&bad.parse::<CacheUrl>().map(|_| ()));
    }
    hear(&Login::from_secret("{\"canary\":1}").map(|_| ()));
    let said = said();
    println!("{} lines heard, {} bytes", said.lines().count(), said.len());
    assert!(said.lines().count() > 2 * SESSIONS as usize);
    for canary in [VALUE, KEY] {
        let line = said.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "{canary}");
    }
}
