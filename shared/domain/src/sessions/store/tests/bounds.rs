//! Bounds: what is checked before anything is written.

use super::*;
use crate::sessions::part::{Field, MAX_BYTES, MAX_FIELDS};
use crate::sessions::scene::{VIRGINIA, fields, part, stamp};

fn long(bytes: usize) -> String {
    "v".repeat(bytes)
}

fn numbered(count: usize) -> Fields {
    (0..count).map(|i| (name(&i.to_string()), FieldValue::new(""))).collect()
}

#[test]
fn a_new_session_is_within_its_bounds() {
    let within = |secs: i64, idle: i64| Life {
        not_after: at(0) + SignedDuration::from_secs(secs),
        idle: SignedDuration::from_millis(idle),
    };
    let day = 86_400;
    let half = Life { not_after: at(999), idle: IDLE };
    let big = |bytes: usize| set(&[("ab", &long(bytes - 2))]);
    for (case, fields, life, expected) in [
        ("good", set(&[("a", "1")]), within(day, 1), None),
        ("the longest life", set(&[]), within(400 * day, 1), None),
        ("too long a life", set(&[]), within(400 * day + 1, 1), Some(Limit::NotAfter)),
        ("no life", set(&[]), within(0, 1), Some(Limit::NotAfter)),
        ("less than a second", set(&[]), half, Some(Limit::NotAfter)),
        (
            "the last time",
            set(&[]),
            Life { not_after: Timestamp::MAX, idle: IDLE },
            Some(Limit::NotAfter),
        ),
        ("no idle time", set(&[]), within(day, 0), Some(Limit::Idle)),
        ("a negative one", set(&[]), within(day, -1), Some(Limit::Idle)),
        ("an endless one", set(&[]), Life { idle: SignedDuration::MAX, ..within(day, 1) }, None),
        ("the most bytes", big(MAX_BYTES), within(day, 1), None),
        ("one more", big(MAX_BYTES + 1), within(day, 1), Some(Limit::Bytes)),
        ("the most fields", numbered(MAX_FIELDS), within(day, 1), None),
        ("one field more", numbered(MAX_FIELDS + 1), within(day, 1), Some(Limit::Fields)),
    ] {
        let (scene, store) = (Scene::new(), store());
        let made = run(store.create(&scene, &key('a'), &fields, life));
        match expected {
            None => assert!(made.is_ok(), "{case}: {made:?}"),
            Some(limit) => assert_eq!(made, Err(limit.into()), "{case}"),
        }
        assert_eq!(scene.calls("put_part"), usize::from(expected.is_none()), "{case}");
    }
}

#[test]
fn an_endless_idle_time_ends_with_the_session() {
    let (scene, store) = (Scene::new(), store());
    let life = Life { idle: SignedDuration::MAX, ..life() };
    let made = run(store.create(&scene, &key('a'), &set(&[]), life)).unwrap();
    assert_eq!(made.live_until, made.not_after);
}

#[test]
fn an_update_and_a_touch_have_an_idle_time() {
    let (scene, store) = (Scene::new(), store());
    scene.holds(&[part(0, SEOUL, &[])]);
    let none = SignedDuration::ZERO;
    let updated = run(store.update(&scene, &key('a'), &change(&[]), none));
    assert_eq!(updated, Err(Limit::Idle.into()));
    assert_eq!(run(store.touch(&scene, &key('a'), none)), Err(Limit::Idle.into()));
    assert_eq!(scene.calls("parts"), 0);
}

#[test]
fn an_update_keeps_to_the_bounds_unless_it_makes_them_no_worse() {
    let full = long(MAX_BYTES - 1);
    // Each region was within its bounds; together they are not.
    let over = long(MAX_BYTES);
    for (case, held, new, expected) in [
        ("fits", "", vec![("b", Some("1"))], None),
        ("exactly", &full[1..], vec![("b", Some(""))], None),
        ("too much", &full, vec![("b", Some("1"))], Some(Limit::Bytes)),
        ("a name alone is too much", &full, vec![("b", None)], Some(Limit::Bytes)),
        ("less than before", &over, vec![("a", Some(&full[1..]))], None),
        ("as much as before", &over, vec![("a", Some(&over))], None),
        ("nothing new", &over, vec![], None),
        (
            "still too much, and more",
            &over,
            vec![("a", Some(&over)), ("b", Some("1"))],
            Some(Limit::Bytes),
        ),
    ] {
        let (scene, store) = (Scene::new(), store());
        scene.holds(&[part(0, VIRGINIA, &[("a", held)])]);
        let updated = run(store.update(&scene, &key('a'), &change(&new), IDLE));
        match expected {
            None => assert!(updated.is_ok(), "{case}: {:?}", updated.err()),
            Some(limit) => assert_eq!(updated.err(), Some(limit.into()), "{case}"),
        }
        assert_eq!(scene.calls("put_part"), usize::from(expected.is_none()), "{case}");
    }
}

#[test]
fn removed_fields_count_as_fields() {
    let (scene, store) = (Scene::new(), store());
    let mut held = part(0, SEOUL, &[]);
    let gone = Field { at: stamp(0, SEOUL), value: None };
    held.fields = (0..MAX_FIELDS).map(|i| (name(&i.to_string()), gone.clone())).collect();
    scene.holds(&[held.clone()]);
    let updated = run(store.update(&scene, &key('a'), &change(&[("b", None)]), IDLE));
    assert_eq!(updated, Err(Limit::Fields.into()));
    let updated = run(store.update(&scene, &key('a'), &change(&[("0", Some("1"))]), IDLE));
    assert_eq!(updated.map(|session| session.fields.len()), Ok(MAX_FIELDS));
    held.fields.extend(fields(&[("b", "")], &stamp(0, SEOUL)));
    scene.holds(&[held]);
    let updated = run(store.update(&scene, &key('a'), &change(&[("0", None)]), IDLE));
    assert!(updated.is_ok(), "two regions' fields were too many before");
}

#[test]
fn no_text_of_an_error_repeats_what_was_stored() {
    for error in [
        StoreError::Exists,
        StoreError::Ended,
        StoreError::Gone,
        StoreError::Contended,
        StoreError::Uncertain,
        StoreError::OwnUnreadable,
        StoreError::Unreadable,
        Limit::Bytes.into(),
        Limit::Fields.into(),
        Limit::NotAfter.into(),
        Limit::Idle.into(),
        Limit::Score.into(),
    ] {
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(
        Limit::Bytes.to_string(),
        format!("all names and values of a session have at most {MAX_BYTES} bytes")
    );
    assert_eq!(
        Limit::Fields.to_string(),
        format!("a session has at most {MAX_FIELDS} fields, removed ones too")
    );
    assert_eq!(crate::sessions::score::MAX_SCORE, 1 << 48, "as the text says");
    assert_eq!(MAX_LIFE, SignedDuration::from_hours(400 * 24));
}
