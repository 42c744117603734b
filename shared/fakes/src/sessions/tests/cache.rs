//! "Set if newer", completeness, eviction, expiry, pauses.

use super::*;
use crate::sessions::{CacheTwin, EpochTwin, SessionAt, SessionCall};
use crate::{Fault, block_on};
use tidegate_domain::sessions::ports::{
    CacheRead, CacheWrite, EpochItem, FillMark, RankRead, SessionCache,
};

fn cache() -> (Stage, CacheTwin) {
    let stage = Stage::at(start());
    let cache = CacheTwin::new(&stage, &region(SEOUL));
    (stage, cache)
}

fn mark(text: &str) -> FillMark {
    FillMark(text.to_owned())
}

fn wrote(part: &SessionPart) -> CacheWrite {
    CacheWrite::Part(Box::new(part.clone()))
}

fn gone(part: &SessionPart) -> CacheWrite {
    CacheWrite::PartGone {
        key: part.key.clone(),
        id: part.id.clone(),
        written: part.written.clone(),
    }
}

fn apply(cache: &CacheTwin, writes: &[CacheWrite]) {
    block_on(cache.apply(writes)).unwrap();
}

fn read(cache: &CacheTwin, epoch: u64, ours: &str) -> CacheRead {
    block_on(cache.read(&key(1), epoch, &mark(ours))).unwrap()
}

fn fill(cache: &CacheTwin, ours: &str, parts: &[SessionPart]) -> bool {
    block_on(cache.fill(&key(1), &mark(ours), 0, parts)).unwrap()
}

#[test]
fn every_order_of_writes_ends_with_the_newest() {
    let (old, new) = (part(SEOUL, "a", 1), part(SEOUL, "b", 2));
    let all = [wrote(&old), wrote(&new), gone(&old)];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (_, cache) = cache();
        for n in order {
            apply(&cache, &[all[n].clone(), all[n].clone()]);
        }
        assert_eq!(cache.peek(&key(1)).unwrap().0, std::slice::from_ref(&new), "{order:?}");
        assert!(!cache.has_lost(&key(1)), "{order:?}");
        apply(&cache, &[gone(&new), wrote(&new), wrote(&old)]);
        assert_eq!(
            cache.peek(&key(1)).unwrap().0,
            [],
            "{order:?}: a removed part does not come back"
        );
    }
}

#[test]
fn only_a_fill_with_its_mark_makes_an_entry_complete() {
    let (_, cache) = cache();
    let (own, other) = (part(SEOUL, "a", 1), part(TOKYO, "b", 2));
    apply(&cache, &[wrote(&own)]);
    assert_eq!(read(&cache, 0, "m"), CacheRead::Miss(mark("m")), "partial");
    assert_eq!(read(&cache, 0, "n"), CacheRead::Miss(mark("m")), "somebody else's mark");
    assert!(!fill(&cache, "n", std::slice::from_ref(&own)), "not its mark");
    assert!(fill(&cache, "m", &[own.clone(), other.clone()]));
    assert_eq!(read(&cache, 0, "n"), CacheRead::Hit(vec![other.clone(), own.clone()]));
    assert_eq!(read(&cache, 1, "n"), CacheRead::Miss(mark("m")), "another epoch");
    apply(&cache, &[CacheWrite::Doubt(key(1))]);
    assert_eq!(read(&cache, 0, "o"), CacheRead::Miss(mark("o")), "doubted");
    assert!(!fill(&cache, "m", std::slice::from_ref(&own)), "the mark went with the doubt");
    assert!(cache.evict(&key(1)));
    assert!(!fill(&cache, "o", &[own]), "the mark went with the entry");
    assert!(matches!(read(&cache, 0, "p"), CacheRead::Miss(_)));
}

#[test]
fn an_entry_lives_as_long_as_its_session_and_one_of_marks_a_minute() {
    let (stage, cache) = cache();
    assert!(matches!(read(&cache, 0, "m"), CacheRead::Miss(_)));
    stage.advance(secs(60));
    assert!(!fill(&cache, "m", &[part(SEOUL, "a", 1)]), "gone with its mark");
    stage.advance(secs(86_400));
    assert!(cache.peek(&key(1)).is_some(), "24 h after it ran out is later than its end of life");
    stage.advance(secs(1_800));
    assert_eq!(cache.peek(&key(1)), None);
}

#[test]
fn a_call_that_fails_may_have_happened() {
    let own = part(SEOUL, "a", 1);
    let (stage, cache) = cache();
    stage.inject(SessionAt::call(SessionCall::CacheApply).nth(1), Fault::LostAnswer);
    assert!(block_on(cache.apply(&[wrote(&own)])).is_err());
    assert!(cache.peek(&key(1)).is_some());
    assert!(cache.evict(&key(1)) && !cache.evict(&key(1)));
    stage.inject(SessionAt::call(SessionCall::CacheApply).nth(1), Fault::Unavailable);
    assert!(block_on(cache.apply(&[wrote(&own)])).is_err());
    assert_eq!(cache.peek(&key(1)), None);
    cache.tear(0b10);
    let other = part(TOKYO, "b", 2);
    assert!(block_on(cache.apply(&[wrote(&own), wrote(&other)])).is_err());
    assert_eq!(cache.peek(&key(1)).unwrap().0, [other], "the second alone");
}

#[test]
fn what_a_paused_server_got_happens_later() {
    let own = part(SEOUL, "a", 1);
    let (_, cache) = cache();
    cache.pause();
    assert!(block_on(cache.apply(&[wrote(&own)])).is_err());
    assert_eq!(cache.peek(&key(1)), None);
    cache.resume();
    assert!(cache.peek(&key(1)).is_some());
    cache.evict(&key(1));
    cache.pause_unread();
    assert!(block_on(cache.apply(&[wrote(&own)])).is_err());
    cache.resume();
    assert_eq!(cache.peek(&key(1)), None);
    apply(&cache, &[wrote(&own)]);
    cache.kill();
    assert!(block_on(cache.read(&key(1), 0, &mark("m"))).is_err());
    cache.resume();
    assert_eq!(cache.peek(&key(1)), None, "it came back empty");
    assert!(cache.has_lost(&key(1)) && !cache.has_lost(&key(2)));
}

#[test]
fn a_board_is_rebuilt_by_one_and_sums_its_regions() {
    let (stage, cache) = cache();
    let rank = |epoch, ours: &str| block_on(cache.rank(&shard(), 2, epoch, &mark(ours))).unwrap();
    assert_eq!(rank(0, "m"), RankRead::Miss(mark("m")));
    assert_eq!(rank(0, "n"), RankRead::Busy);
    stage.advance(secs(10));
    assert_eq!(rank(0, "n"), RankRead::Miss(mark("n")), "the first one took too long");
    let scores = [
        score(SEOUL, "kim", 3, 1),
        score(TOKYO, "kim", 4, 1),
        score(SEOUL, "lee", 7, 1),
        score(SEOUL, "an", 9, 1),
    ];
    let fill = |ours: &str| block_on(cache.fill_shard(&shard(), &mark(ours), 0, &scores)).unwrap();
    assert!(!fill("m"), "too late");
    assert!(fill("n"));
    let word = |name: &str| BoardWord::new(name).unwrap();
    assert_eq!(rank(0, "o"), RankRead::Hit(vec![(word("an"), 9), (word("lee"), 7)]));
    apply(
        &cache,
        &[CacheWrite::Score(score(TOKYO, "kim", 8, 2)), CacheWrite::Score(scores[1].clone())],
    );
    let all = RankRead::Hit(vec![(word("kim"), 11), (word("an"), 9)]);
    assert_eq!(rank(0, "o"), all);
    let removed = CacheWrite::ScoreGone {
        shard: shard(),
        member: word("an"),
        region: region(SEOUL),
        written: scores[3].written.clone(),
    };
    apply(&cache, &[removed, CacheWrite::Score(scores[3].clone())]);
    assert_eq!(rank(0, "o"), RankRead::Hit(vec![(word("kim"), 11), (word("lee"), 7)]));
    assert_eq!(cache.complete_shards(0).len(), 1);
    apply(&cache, &[CacheWrite::DoubtShard(shard())]);
    assert_eq!(cache.complete_shards(0).len(), 0);
    assert_eq!(rank(0, "p"), RankRead::Miss(mark("p")));
    assert!(cache.evict_shard(&shard()));
    assert!(!fill("p"), "the mark went with the entry");
}

#[test]
fn a_doubt_stands_until_it_is_over() {
    let stage = Stage::at(start());
    let item = EpochTwin::new(&stage, &region(SEOUL));
    let doubt = |after: i64| {
        let now = start() + secs(after);
        block_on(item.doubt(now, now + secs(5))).unwrap()
    };
    assert_eq!(block_on(item.epoch()).unwrap().number, 0);
    let first = doubt(0);
    assert_eq!((first.number, first.doubt_until), (1, Some(start() + secs(5))));
    assert_eq!(doubt(5), first, "one doubt at a time");
    stage.inject(SessionAt::call(SessionCall::Doubt).nth(1), Fault::LostAnswer);
    assert!(block_on(item.doubt(start() + secs(6), start() + secs(11))).is_err());
    assert_eq!(block_on(item.epoch()).unwrap().number, 2, "it happened");
}
