//! The store as stories: each begins in a tiny world where everything works, with the store of
//! Seoul.

mod board;
mod bounds;
mod cache;
mod ends;
mod reads;
mod writes;

use super::*;
use crate::sessions::part::FieldName;
use crate::sessions::part::FieldValue;
use crate::sessions::scene::{SEOUL, Scene, at, key, region, run, secs};
use crate::sessions::session::Session;

/// The idle time of these stories.
const IDLE: SignedDuration = SignedDuration::from_mins(60);

fn store() -> SessionStore {
    store_with_shards(1)
}

fn store_with_shards(shards: u16) -> SessionStore {
    let shards = NonZeroU16::new(shards).unwrap();
    SessionStore::new(StoreConfig { region: region(SEOUL), shards })
}

fn life() -> Life {
    Life { not_after: at(86_400_000), idle: IDLE }
}

fn name(text: &str) -> FieldName {
    FieldName::new(text).unwrap()
}

fn set(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(field, value)| (name(field), FieldValue::new(*value))).collect()
}

fn change(pairs: &[(&str, Option<&str>)]) -> Changes {
    let value = |value: &Option<&str>| value.map(FieldValue::new);
    pairs.iter().map(|(field, new)| (name(field), value(new))).collect()
}

/// The values by name, as text.
fn values(session: &Session) -> Vec<(String, String)> {
    let text = |(name, value): (&FieldName, &FieldValue)| {
        (name.as_str().to_owned(), value.expose().to_owned())
    };
    session.values().map(text).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

/// What `get` finds of session `a`.
fn got(store: &SessionStore, scene: &Scene) -> Option<Vec<(String, String)>> {
    run(store.get(scene, &key('a'))).unwrap().as_ref().map(values)
}

/// An application may await the store on any thread.
#[test]
fn the_stores_futures_can_be_sent() {
    fn sendable<T: Send>(_: T) {}
    let (scene, store) = (Scene::new(), store());
    sendable(store.get(&scene, &key('a')));
    sendable(store.touch(&scene, &key('a'), secs(1)));
    sendable(store.end(&scene, &key('a')));
    let word = crate::sessions::scene::word("w");
    sendable(store.add_score(&scene, &word, &word, 1));
    sendable(store.rank(&scene, &word, 1));
}
