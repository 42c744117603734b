//! The join: its laws over small random sets of parts, and the rules that they leave open.

use super::*;
use crate::sessions::part::{FieldName, PartId};
use crate::sessions::scene::{SEOUL, VIRGINIA, at, part, region, stamp, tombstone};

/// A generator of ours (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
/// 2014): the same parts for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn ms(&mut self) -> i64 {
        i64::try_from(self.below(6)).unwrap()
    }

    fn stamp(&mut self) -> Stamp {
        let name = [SEOUL, VIRGINIA, "eu-west-1"][usize::try_from(self.below(3)).unwrap()];
        stamp(self.ms(), name)
    }

    /// Few values of everything, so that all comparisons come out equal, too.
    fn part(&mut self) -> SessionPart {
        let mut made = part(0, SEOUL, &[]);
        made.id = PartId { region: region(SEOUL), generation: 0 };
        for name in ["a", "b", "c"] {
            if self.below(2) == 0 {
                let value = [None, Some("1"), Some("2")][usize::try_from(self.below(3)).unwrap()];
                let field = Field { at: self.stamp(), value: value.map(FieldValue::new) };
                made.fields.insert(FieldName::new(name).unwrap(), field);
            }
        }
        made.ended = (self.below(4) == 0).then(|| self.stamp());
        made.not_after = at(self.ms());
        made.live_until = at(self.ms());
        made.written = self.stamp();
        made
    }

    fn session(&mut self) -> Session {
        let count = 1 + self.below(3);
        let parts: Vec<_> = (0..count).map(|_| self.part()).collect();
        Session::of(&parts).unwrap()
    }
}

fn join(a: &Session, b: &Session) -> Session {
    a.clone().join(b.clone())
}

#[test]
fn every_order_and_every_repetition_gives_the_same_session() {
    let mut random = Random(5);
    let (mut ended, mut different) = (0, 0);
    for round in 0..20_000 {
        let (a, b, c) = (random.session(), random.session(), random.session());
        assert_eq!(join(&a, &b), join(&b, &a), "commutative: {round}");
        assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)), "associative: {round}");
        assert_eq!(join(&a, &a), a, "idempotent: {round}");
        let ab = join(&a, &b);
        assert_eq!(join(&ab, &a), ab, "what was merged adds nothing: {round}");
        assert!(ab.newest >= a.newest && ab.newest >= b.newest, "{round}");
        assert!(a.ended.is_none() || ab.ended.is_some(), "an end stays: {round}");
        ended += usize::from(ab.ended.is_some());
        different += usize::from(ab != a && ab != b);
    }
    assert!(ended > 5_000 && different > 10_000, "the parts say too little: {ended} {different}");
}

#[test]
fn of_each_field_the_larger_stamp_wins() {
    let old = part(1, SEOUL, &[("a", "seoul"), ("b", "seoul")]);
    let mut new = part(2, VIRGINIA, &[("b", "virginia"), ("c", "virginia")]);
    new.fields.get_mut(&FieldName::new("c").unwrap()).unwrap().value = None;
    let session = Session::of([&old, &new]).unwrap();
    let values: Vec<_> = session.values().map(|(n, v)| (n.as_str(), v.expose())).collect();
    assert_eq!(values, [("a", "seoul"), ("b", "virginia")]);
    assert_eq!(session.fields.len(), 3, "a removed field keeps its stamp");
    let older = part(1, SEOUL, &[("c", "back")]);
    let joined = Session::of([&old, &new, &older]).unwrap();
    assert_eq!(joined.values().count(), 2, "an older value does not come back");
}

#[test]
fn the_shortest_life_and_the_latest_touch_hold() {
    let mut a = part(1, SEOUL, &[]);
    let mut b = part(2, VIRGINIA, &[]);
    (a.not_after, a.live_until) = (at(50_000), at(10_000));
    (b.not_after, b.live_until) = (at(40_000), at(60_000));
    let session = Session::of([&a, &b]).unwrap();
    assert_eq!((session.not_after, session.live_until), (at(40_000), at(40_000)));
    assert_eq!(session.newest, b.written);
    assert_eq!(Session::of([]), None);
}

#[test]
fn a_session_lives_until_its_first_end() {
    let live = Session::of([&part(0, SEOUL, &[])]).unwrap();
    assert!(live.is_live(at(3_599_999)));
    assert!(!live.is_live(at(3_600_000)), "it ran out");
    let past = Session { not_after: at(10), ..live.clone() };
    assert!(past.is_live(at(9)) && !past.is_live(at(10)), "its life is over");
    let ended = Session::of([&part(5, SEOUL, &[]), &tombstone(1, VIRGINIA)]).unwrap();
    assert!(!ended.is_live(at(1)), "a later write does not bring it back");
}
