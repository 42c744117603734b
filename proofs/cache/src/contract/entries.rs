//! Sessions.

use super::{Arrange, Case, Scene, cases, id};
use crate::scenes;
use jiff::SignedDuration;
use tidegate_domain::sessions::part::{PartId, SessionPart};
use tidegate_domain::sessions::ports::{CacheRead, CacheWrite, FillMark, SessionCache};

pub(super) fn cases<S: Arrange>() -> Vec<Case<S>> {
    cases![
        an_unknown_entry_is_a_miss_and_carries_the_first_readers_mark,
        what_was_filled_under_the_mark_is_a_hit_in_its_epoch_alone,
        nothing_is_complete_that_was_not_filled,
        a_fill_without_the_mark_completes_nothing,
        a_session_that_is_not_there_is_a_hit_too,
        a_write_is_put_if_it_is_newer,
        a_fill_is_put_if_it_is_newer,
        what_is_gone_is_gone_and_does_not_come_back,
        a_removal_that_is_older_than_the_part_is_not_one,
        generations_and_regions_are_parts_of_their_own,
        a_tombstone_is_a_part_like_any_other,
        a_doubt_ends_completeness_and_the_fills_that_had_begun,
        an_evicted_entry_is_a_miss_and_its_fills_come_too_late,
        a_part_that_ran_out_takes_nothing_with_it,
        a_batch_is_applied_in_order_and_can_come_twice,
        large_and_strange_values_are_what_they_were,
        several_epochs_later_the_same_entry_can_be_filled_again,
    ]
}

const EPOCH: u64 = 7;

impl<S: Arrange> Scene<'_, S> {
    /// A miss, with the mark that the entry carries now.
    async fn miss(&self) -> FillMark {
        match self.cache().read(&self.key(), EPOCH, &self.mark()).await {
            Ok(CacheRead::Miss(mark)) => mark,
            other => panic!("no miss: {other:?}"),
        }
    }

    async fn fill(&self, mark: &FillMark, parts: &[SessionPart]) -> bool {
        self.cache().fill(&self.key(), mark, EPOCH, parts).await.expect("filled")
    }

    /// Reads, fills what is missing, and the entry is complete.
    async fn complete(&self, parts: &[SessionPart]) {
        let mark = self.miss().await;
        assert!(self.fill(&mark, parts).await, "a fill under its mark");
    }

    async fn hit(&self) -> Vec<SessionPart> {
        match self.cache().read(&self.key(), EPOCH, &self.mark()).await {
            Ok(CacheRead::Hit(mut parts)) => {
                parts.sort_by(|a, b| a.id.cmp(&b.id));
                parts
            }
            other => panic!("no hit: {other:?}"),
        }
    }
}

async fn an_unknown_entry_is_a_miss_and_carries_the_first_readers_mark<S: Arrange>(
    scene: &Scene<'_, S>,
) {
    let ours = scene.mark();
    let first = scene.cache().read(&scene.key(), EPOCH, &ours).await;
    assert_eq!(first, Ok(CacheRead::Miss(ours.clone())));
    let second = scene.cache().read(&scene.key(), EPOCH, &scene.mark()).await;
    assert_eq!(second, Ok(CacheRead::Miss(ours)));
}

async fn what_was_filled_under_the_mark_is_a_hit_in_its_epoch_alone<S: Arrange>(
    scene: &Scene<'_, S>,
) {
    let parts = [scene.part(0, 1), scene.part(1, 2)];
    scene.complete(&parts).await;
    assert_eq!(scene.hit().await, parts);
    for epoch in [EPOCH - 1, EPOCH + 1] {
        let read = scene.cache().read(&scene.key(), epoch, &scene.mark()).await;
        assert!(matches!(read, Ok(CacheRead::Miss(_))), "{epoch}: {read:?}");
    }
    assert_eq!(scene.hit().await, parts);
}

async fn nothing_is_complete_that_was_not_filled<S: Arrange>(scene: &Scene<'_, S>) {
    scene.apply(&[scene.put(0, 1), scene.put(1, 1), scene.put(2, 1)]).await;
    scene.miss().await;
}

async fn a_fill_without_the_mark_completes_nothing<S: Arrange>(scene: &Scene<'_, S>) {
    let parts = [scene.part(0, 1)];
    assert!(!scene.fill(&scene.mark(), &parts).await, "nobody had read");
    let mark = scene.miss().await;
    assert!(!scene.fill(&scene.mark(), &parts).await, "another mark");
    scene.miss().await;
    assert!(scene.fill(&mark, &parts).await, "the mark");
    assert_eq!(scene.hit().await, parts);
}

async fn a_session_that_is_not_there_is_a_hit_too<S: Arrange>(scene: &Scene<'_, S>) {
    scene.complete(&[]).await;
    assert_eq!(scene.hit().await, []);
    scene.apply(&[scene.put(0, 1)]).await;
    assert_eq!(scene.hit().await, [scene.part(0, 1)]);
}

async fn a_write_is_put_if_it_is_newer<S: Arrange>(scene: &Scene<'_, S>) {
    scene.complete(&[scene.part(0, 9)]).await;
    for (n, stands) in [(8, 9), (9, 9), (10, 10), (3, 10), (300, 300), (299, 300)] {
        scene.apply(&[scene.put(0, n)]).await;
        assert_eq!(scene.hit().await, [scene.part(0, stands)], "after {n}");
    }
}

async fn a_fill_is_put_if_it_is_newer<S: Arrange>(scene: &Scene<'_, S>) {
    let mark = scene.miss().await;
    scene.apply(&[scene.put(0, 5), scene.put(1, 5), scene.put(2, 5)]).await;
    let read = [scene.part(0, 4), scene.part(1, 5), scene.part(2, 6)];
    assert!(scene.fill(&mark, &read).await);
    assert_eq!(scene.hit().await, [scene.part(0, 5), scene.part(1, 5), scene.part(2, 6)]);
}

async fn what_is_gone_is_gone_and_does_not_come_back<S: Arrange>(scene: &Scene<'_, S>) {
    let mark = scene.miss().await;
    // Before its part is known, with it, and again.
    scene.apply(&[scene.gone(0, 5), scene.put(1, 5), scene.gone(1, 5)]).await;
    scene.apply(&[scene.put(0, 4), scene.put(0, 5), scene.put(1, 5), scene.gone(1, 5)]).await;
    assert!(scene.fill(&mark, &[scene.part(0, 5), scene.part(1, 4)]).await);
    assert_eq!(scene.hit().await, []);
    scene.apply(&[scene.put(0, 6)]).await;
    assert_eq!(scene.hit().await, [scene.part(0, 6)]);
}

async fn a_removal_that_is_older_than_the_part_is_not_one<S: Arrange>(scene: &Scene<'_, S>) {
    scene.complete(&[scene.part(0, 5)]).await;
    scene.apply(&[scene.gone(0, 4)]).await;
    assert_eq!(scene.hit().await, [scene.part(0, 5)]);
    scene.apply(&[scene.gone(0, 5)]).await;
    assert_eq!(scene.hit().await, []);
}

async fn generations_and_regions_are_parts_of_their_own<S: Arrange>(scene: &Scene<'_, S>) {
    let later = |n| {
        let id = PartId { generation: 1, ..id(0) };
        SessionPart { id, ..scene.part(0, n) }
    };
    scene.complete(&[scene.part(0, 5), scene.part(1, 3)]).await;
    scene.apply(&[CacheWrite::Part(Box::new(later(2)))]).await;
    assert_eq!(scene.hit().await, [scene.part(0, 5), later(2), scene.part(1, 3)]);
    scene.apply(&[scene.gone(0, 5), scene.put(2, 1)]).await;
    assert_eq!(scene.hit().await, [later(2), scene.part(1, 3), scene.part(2, 1)]);
}

async fn a_tombstone_is_a_part_like_any_other<S: Arrange>(scene: &Scene<'_, S>) {
    scene.complete(&[scene.part(0, 5)]).await;
    let ended = SessionPart { ended: Some(scene.stamp(0, 6)), ..scene.part(0, 6) };
    scene.apply(&[CacheWrite::Part(Box::new(ended.clone())), scene.put(0, 5)]).await;
    assert_eq!(scene.hit().await, [ended]);
}

async fn a_doubt_ends_completeness_and_the_fills_that_had_begun<S: Arrange>(scene: &Scene<'_, S>) {
    let parts = [scene.part(0, 1)];
    let old = scene.miss().await;
    assert!(scene.fill(&old, &parts).await);
    scene.apply(&[CacheWrite::Doubt(scene.key())]).await;
    assert!(!scene.fill(&old, &parts).await, "before there is a new mark");
    let new = scene.miss().await;
    assert!(!scene.fill(&old, &parts).await, "beside the new mark");
    scene.miss().await;
    assert!(scene.fill(&new, &parts).await);
    assert_eq!(scene.hit().await, parts);
}

async fn an_evicted_entry_is_a_miss_and_its_fills_come_too_late<S: Arrange>(scene: &Scene<'_, S>) {
    let old = scene.miss().await;
    scene.stage.evict(&scene.key());
    // The table was read before this write, which the entry forgot.
    assert!(!scene.fill(&old, &[scene.part(0, 1)]).await);
    scene.miss().await;
    scene.complete(&[scene.part(0, 2)]).await;
    scene.stage.evict(&scene.key());
    scene.miss().await;
}

async fn a_part_that_ran_out_takes_nothing_with_it<S: Arrange>(scene: &Scene<'_, S>) {
    let year = SignedDuration::from_hours(365 * 24);
    let old = SessionPart {
        not_after: scene.stage.now() - year,
        live_until: scene.stage.now() - year,
        ..scene.part(1, 1)
    };
    let whole = SessionPart {
        not_after: scenes::whole_second(old.not_after),
        live_until: scenes::whole_second(old.live_until),
        ..old
    };
    // Alone in its entry, and beside a living one.
    scene.complete(std::slice::from_ref(&whole)).await;
    assert_eq!(scene.hit().await, std::slice::from_ref(&whole));
    scene.apply(&[scene.put(0, 1), CacheWrite::Part(Box::new(whole.clone()))]).await;
    assert_eq!(scene.hit().await, [scene.part(0, 1), whole]);
}

async fn a_batch_is_applied_in_order_and_can_come_twice<S: Arrange>(scene: &Scene<'_, S>) {
    scene.complete(&[]).await;
    let mut writes: Vec<_> = (0..1_200).map(|n| scene.put(n % 3, n / 3)).collect();
    writes.push(scene.gone(2, 399));
    for _ in 0..2 {
        scene.apply(&writes).await;
        assert_eq!(scene.hit().await, [scene.part(0, 399), scene.part(1, 399)]);
    }
    scene.apply(&[]).await;
    let doubted = CacheWrite::Doubt(scene.key());
    scene.apply(&[scene.put(0, 400), doubted, scene.put(0, 401)]).await;
    scene.miss().await;
}

async fn large_and_strange_values_are_what_they_were<S: Arrange>(scene: &Scene<'_, S>) {
    let (large, strange) = ("밤".repeat(20_000), "\u{0}\u{1f}\r\n\"\\\u{2028}{}");
    let fields = [("large", large.as_str()), ("strange", strange), ("a.b-c_D9", "")];
    let part = |n| {
        let (now, stamp) = (scene.stage.now(), scene.stamp(0, n));
        scenes::part(&scene.key(), id(0), stamp, now, &fields)
    };
    scene.complete(&[part(1)]).await;
    assert_eq!(scene.hit().await, [part(1)]);
    scene.apply(&[CacheWrite::Part(Box::new(part(2)))]).await;
    assert_eq!(scene.hit().await, [part(2)]);
}

async fn several_epochs_later_the_same_entry_can_be_filled_again<S: Arrange>(scene: &Scene<'_, S>) {
    let (key, parts) = (scene.key(), [scene.part(0, 1)]);
    for epoch in [1, 2, 3, 10, 11, 1 << 40] {
        let read = scene.cache().read(&key, epoch, &scene.mark()).await;
        let Ok(CacheRead::Miss(mark)) = read else { panic!("no miss: {read:?}") };
        assert_eq!(scene.cache().fill(&key, &mark, epoch, &parts).await, Ok(true), "{epoch}");
        let read = scene.cache().read(&key, epoch, &scene.mark()).await;
        assert_eq!(read, Ok(CacheRead::Hit(parts.to_vec())), "{epoch}");
    }
}
