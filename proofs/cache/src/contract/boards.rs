//! Boards.

use super::{Arrange, Case, Half, Scene, cases};
use crate::scenes;
use tidegate_domain::sessions::ports::{CacheWrite, FillMark, RankRead, SessionCache};
use tidegate_domain::sessions::score::{BoardWord, MAX_SCORE, ScorePart, ShardKey};

pub(super) fn cases<S: Arrange>() -> Vec<Case<S>> {
    cases![
        one_rebuilds_and_the_others_are_told,
        the_highest_come_first_and_equal_ones_by_name_falling,
        a_score_is_the_sum_over_regions,
        a_score_is_put_if_it_is_newer,
        a_member_without_parts_is_not_on_the_board,
        what_is_written_during_a_rebuild_stays,
        a_rebuild_under_another_mark_completes_nothing,
        a_board_that_lost_half_of_itself_is_a_miss,
        a_doubt_ends_completeness_and_the_rebuild_that_had_begun,
        a_large_shard_is_rebuilt_in_steps,
        an_empty_board_is_a_hit_and_shards_are_their_own,
        in_another_epoch_it_is_rebuilt,
    ]
}

const EPOCH: u64 = 7;

impl<S: Arrange> Scene<'_, S> {
    fn score(&self, member: &str, region: u32, (at, n): (u32, i64)) -> ScorePart {
        scenes::score(&self.shard(), member, n, self.stamp(region, at))
    }

    fn counted(&self, member: &str, region: u32, held: (u32, i64)) -> CacheWrite {
        CacheWrite::Score(self.score(member, region, held))
    }

    fn uncounted(&self, member: &str, region: u32, at: u32) -> CacheWrite {
        let ScorePart { shard, member, region, written, .. } = self.score(member, region, (at, 0));
        CacheWrite::ScoreGone { shard, member, region, written }
    }

    async fn rank(&self, top: u32) -> RankRead {
        self.rank_of(&self.shard(), top, EPOCH).await
    }

    async fn rank_of(&self, shard: &ShardKey, top: u32, epoch: u64) -> RankRead {
        self.cache().rank(shard, top, epoch, &self.mark()).await.expect("ranked")
    }

    async fn claim(&self) -> FillMark {
        match self.rank(1).await {
            RankRead::Miss(mark) => mark,
            other => panic!("no miss: {other:?}"),
        }
    }

    async fn rebuild(&self, mark: &FillMark, parts: &[ScorePart]) -> bool {
        self.cache().fill_shard(&self.shard(), mark, EPOCH, parts).await.expect("rebuilt")
    }

    async fn complete_board(&self, parts: &[ScorePart]) {
        let mark = self.claim().await;
        assert!(self.rebuild(&mark, parts).await, "a rebuild under its mark");
    }

    async fn stands(&self, top: u32, wanted: &[(&str, i64)]) {
        assert_eq!(self.rank(top).await, hit(wanted));
    }
}

fn hit(members: &[(&str, i64)]) -> RankRead {
    let member = |(name, score): &(&str, i64)| (BoardWord::new(name).expect("a name"), *score);
    RankRead::Hit(members.iter().map(member).collect())
}

async fn one_rebuilds_and_the_others_are_told<S: Arrange>(scene: &Scene<'_, S>) {
    let mark = scene.claim().await;
    assert_eq!(scene.rank(3).await, RankRead::Busy);
    assert!(scene.rebuild(&mark, &[scene.score("a", 0, (1, 5))]).await);
    scene.stands(3, &[("a", 5)]).await;
}

async fn the_highest_come_first_and_equal_ones_by_name_falling<S: Arrange>(scene: &Scene<'_, S>) {
    let held = [("b", 5), ("c", -1), ("a", 5), ("B", 5), ("d", 0), ("e:1", 90), ("z.9", 5)];
    let parts: Vec<_> = held.iter().map(|(name, n)| scene.score(name, 0, (1, *n))).collect();
    scene.complete_board(&parts).await;
    let all = [("e:1", 90), ("z.9", 5), ("b", 5), ("a", 5), ("B", 5), ("d", 0), ("c", -1)];
    for top in [0, 1, 3, 6, 7, 8, 1_000] {
        let first = usize::try_from(top).expect("a number").min(all.len());
        scene.stands(top, all.get(..first).expect("some")).await;
    }
}

async fn a_score_is_the_sum_over_regions<S: Arrange>(scene: &Scene<'_, S>) {
    let parts = [
        scene.score("a", 0, (1, MAX_SCORE)),
        scene.score("a", 1, (1, MAX_SCORE)),
        scene.score("a", 2, (1, MAX_SCORE - 1)),
        scene.score("b", 0, (1, 3)),
        scene.score("b", 2, (1, -5)),
        scene.score("c", 1, (1, -MAX_SCORE)),
    ];
    scene.complete_board(&parts).await;
    let most = 3 * MAX_SCORE - 1;
    scene.stands(9, &[("a", most), ("b", -2), ("c", -MAX_SCORE)]).await;
    scene.apply(&[scene.counted("b", 1, (1, 100)), scene.counted("b", 2, (2, 7))]).await;
    scene.stands(2, &[("a", most), ("b", 110)]).await;
}

async fn a_score_is_put_if_it_is_newer<S: Arrange>(scene: &Scene<'_, S>) {
    scene.complete_board(&[scene.score("a", 0, (9, 9))]).await;
    for (at, stands) in [(8, 9), (9, 9), (10, 10), (3, 10), (300, 300), (299, 300)] {
        scene.apply(&[scene.counted("a", 0, (at, at.into()))]).await;
        scene.stands(1, &[("a", stands)]).await;
    }
    // The same stamp says the same: another number under it is not taken.
    scene.apply(&[scene.counted("a", 0, (300, 1))]).await;
    scene.stands(1, &[("a", 300)]).await;
}

async fn a_member_without_parts_is_not_on_the_board<S: Arrange>(scene: &Scene<'_, S>) {
    let parts = [("a", 0, 1), ("a", 1, 2), ("b", 0, 4)];
    let parts = parts.map(|(member, region, n)| scene.score(member, region, (5, n)));
    scene.complete_board(&parts).await;
    scene.apply(&[scene.uncounted("a", 0, 4), scene.uncounted("b", 0, 5)]).await;
    scene.stands(9, &[("a", 3)]).await;
    scene.apply(&[scene.uncounted("a", 0, 5)]).await;
    scene.stands(9, &[("a", 2)]).await;
    // Late, and before it was ever known.
    scene.apply(&[scene.counted("b", 0, (5, 4)), scene.uncounted("c", 0, 5)]).await;
    scene.apply(&[scene.counted("c", 0, (5, 1)), scene.uncounted("a", 1, 5)]).await;
    scene.stands(9, &[]).await;
    scene.apply(&[scene.counted("b", 0, (6, 6))]).await;
    scene.stands(9, &[("b", 6)]).await;
}

async fn what_is_written_during_a_rebuild_stays<S: Arrange>(scene: &Scene<'_, S>) {
    let mark = scene.claim().await;
    scene.apply(&[scene.counted("a", 0, (5, 50)), scene.counted("b", 1, (1, 10))]).await;
    scene.apply(&[scene.uncounted("c", 0, 5)]).await;
    let read = [("a", 4, 40), ("c", 5, 1), ("d", 1, 7)];
    let read = read.map(|(member, at, n)| scene.score(member, 0, (at, n)));
    assert!(scene.rebuild(&mark, &read).await);
    scene.stands(9, &[("a", 50), ("b", 10), ("d", 7)]).await;
}

async fn a_rebuild_under_another_mark_completes_nothing<S: Arrange>(scene: &Scene<'_, S>) {
    let parts = [scene.score("a", 0, (1, 5))];
    assert!(!scene.rebuild(&scene.mark(), &parts).await, "nobody had asked");
    let mark = scene.claim().await;
    assert!(!scene.rebuild(&scene.mark(), &parts).await, "another mark");
    assert_eq!(scene.rank(1).await, RankRead::Busy);
    assert!(scene.rebuild(&mark, &parts).await);
    scene.stands(1, &[("a", 5)]).await;
}

async fn a_board_that_lost_half_of_itself_is_a_miss<S: Arrange>(scene: &Scene<'_, S>) {
    let parts = [scene.score("a", 0, (1, 5)), scene.score("a", 1, (1, 2))];
    for half in [Half::Parts, Half::Order] {
        scene.complete_board(&parts).await;
        scene.stands(1, &[("a", 7)]).await;
        scene.stage.evict_shard(&scene.shard(), half);
        scene.apply(&[scene.counted("b", 1, (1, 1))]).await;
        // And once more while it is rebuilt.
        let mark = scene.claim().await;
        scene.stage.evict_shard(&scene.shard(), half);
        scene.apply(&[scene.counted("b", 1, (2, 1))]).await;
        assert!(!scene.rebuild(&mark, &parts).await, "{half:?}");
        let read = [parts.clone().to_vec(), vec![scene.score("b", 1, (2, 1))]].concat();
        let mark = scene.claim().await;
        assert!(scene.rebuild(&mark, &read).await, "{half:?}");
        scene.stands(9, &[("a", 7), ("b", 1)]).await;
        scene.stage.evict_shard(&scene.shard(), half);
    }
}

async fn a_doubt_ends_completeness_and_the_rebuild_that_had_begun<S: Arrange>(
    scene: &Scene<'_, S>,
) {
    let parts = [scene.score("a", 0, (1, 5))];
    scene.complete_board(&parts).await;
    scene.apply(&[CacheWrite::DoubtShard(scene.shard())]).await;
    let old = scene.claim().await;
    scene.apply(&[CacheWrite::DoubtShard(scene.shard())]).await;
    assert!(!scene.rebuild(&old, &parts).await);
    let new = scene.claim().await;
    assert!(!scene.rebuild(&old, &parts).await);
    assert!(scene.rebuild(&new, &parts).await);
    scene.stands(1, &[("a", 5)]).await;
}

async fn a_large_shard_is_rebuilt_in_steps<S: Arrange>(scene: &Scene<'_, S>) {
    let parts: Vec<_> = (0..1_500)
        .map(|n| scene.score(&format!("m{:04}", n / 3), n % 3, (1, i64::from(n / 3))))
        .collect();
    scene.complete_board(&parts).await;
    scene.stands(2, &[("m0499", 1497), ("m0498", 1494)]).await;
    let RankRead::Hit(all) = scene.rank(u32::MAX).await else { panic!("no hit") };
    assert_eq!(all.len(), 500);
}

async fn an_empty_board_is_a_hit_and_shards_are_their_own<S: Arrange>(scene: &Scene<'_, S>) {
    scene.complete_board(&[]).await;
    scene.stands(9, &[]).await;
    let other = ShardKey { shard: 4, ..scene.shard() };
    assert!(matches!(scene.rank_of(&other, 1, EPOCH).await, RankRead::Miss(_)));
    let elsewhere = ScorePart { shard: other, ..scene.score("a", 0, (1, 5)) };
    scene.apply(&[CacheWrite::Score(elsewhere)]).await;
    scene.stands(9, &[]).await;
}

async fn in_another_epoch_it_is_rebuilt<S: Arrange>(scene: &Scene<'_, S>) {
    let shard = scene.shard();
    for epoch in [1, 2, 10] {
        let RankRead::Miss(mark) = scene.rank_of(&shard, 1, epoch).await else {
            panic!("no miss in {epoch}")
        };
        let parts = [scene.score("a", 0, (1, 5))];
        assert_eq!(scene.cache().fill_shard(&shard, &mark, epoch, &parts).await, Ok(true));
        assert_eq!(scene.rank_of(&shard, 1, epoch).await, hit(&[("a", 5)]), "{epoch}");
    }
}
