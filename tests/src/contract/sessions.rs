//! What every implementation of the session store's table and epoch promises.

use super::{Body, Case, Scene, Stop, Verdict, holds, same};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Display;
use tidegate_domain::sessions::part::{
    Field, FieldName, FieldValue, MAX_BYTES, PartId, SessionKey, SessionPart,
};
use tidegate_domain::sessions::ports::{Epoch, EpochItem, PartTable, Put};
use tidegate_domain::sessions::score::{BoardWord, MAX_SCORE, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};

/// Two regions of a table, and the first one's epoch; scenes are set around the ports.
#[expect(async_fn_in_trait, reason = "a suite runs on one thread")]
pub trait ArrangeSessions {
    /// A region's replica.
    type Table: PartTable;
    /// A region's epoch.
    type Epochs: EpochItem;

    /// The first region, and its replica.
    fn here(&self) -> (&RegionName, &Self::Table);

    /// The second region, and its replica.
    fn there(&self) -> (&RegionName, &Self::Table);

    /// The first region's epoch. Only one case writes it.
    fn epochs(&self) -> &Self::Epochs;

    /// The time.
    fn now(&self) -> Timestamp;

    /// A number that no other case has.
    fn unique(&self) -> u32;

    /// Waits until every replica has what was written to any.
    async fn settle(&self) -> Scene<()>;

    /// Puts an item of a newer schema beside the first region's part.
    async fn plant_newer(&self, part: &SessionPart) -> Scene<()>;
}

/// The suite.
pub fn cases<S: ArrangeSessions>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        a_session_nobody_wrote_has_no_parts,
        a_first_part_is_written_once,
        a_part_is_written_against_its_stamp,
        our_own_write_again_is_written,
        an_equal_stamp_of_another_writer_is_a_conflict,
        a_part_reads_back_as_it_was_written,
        a_part_of_the_largest_size_is_kept,
        every_regions_parts_are_found,
        a_part_that_cannot_be_read_hides_no_other,
        a_score_is_written_against_its_stamp,
        a_shard_has_every_regions_scores,
        beats_are_each_regions_newest,
        an_epoch_rises_with_a_doubt_that_does_not_stand,
    ];
    Case::table("sessions", cases)
}

/// A session, a shard and a time that belong to one case.
struct Play<'a, S> {
    stage: &'a S,
    key: SessionKey,
    shard: ShardKey,
    now: Timestamp,
}

fn failed(why: impl Display) -> Stop {
    Stop::Failed(why.to_string())
}

impl<'a, S: ArrangeSessions> Play<'a, S> {
    fn new(stage: &'a S) -> Result<Self, Stop> {
        let number = stage.unique();
        let board = BoardWord::new(&format!("board-{number}")).map_err(failed)?;
        Ok(Self {
            stage,
            key: SessionKey::new(&format!("{number:064x}")).map_err(failed)?,
            shard: ShardKey { board, shard: 3 },
            now: stage.now(),
        })
    }

    fn table(&self) -> &'a S::Table {
        self.stage.here().1
    }

    fn region(&self) -> RegionName {
        self.stage.here().0.clone()
    }

    /// The stamp of this region, so many seconds after the play's time.
    fn stamp(&self, region: &RegionName, secs: i64) -> Stamp {
        let at = self.now.saturating_add(SignedDuration::from_secs(secs)).unwrap_or(self.now);
        Stamp::next(at, None, region)
    }

    fn after(&self, hours: i64) -> Timestamp {
        let at = self.now.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(self.now);
        Timestamp::from_second(at.as_second()).unwrap_or(at)
    }

    /// This region's part, written so many seconds after the play's time by this writer.
    fn part(&self, region: &RegionName, secs: i64, writer: &str) -> Result<SessionPart, Stop> {
        let written = self.stamp(region, secs);
        let field = Field { at: written.clone(), value: Some(FieldValue::new(writer)) };
        let name = FieldName::new("user").map_err(failed)?;
        Ok(SessionPart {
            key: self.key.clone(),
            id: PartId { region: region.clone(), generation: 0 },
            fields: BTreeMap::from([(name, field)]),
            ended: None,
            not_after: self.after(48),
            live_until: self.after(1),
            written,
            writer: writer.to_owned(),
        })
    }

    fn score(&self, region: &RegionName, n: i64, writer: &str) -> Result<ScorePart, Stop> {
        Ok(ScorePart {
            shard: self.shard.clone(),
            member: BoardWord::new("kim").map_err(failed)?,
            region: region.clone(),
            n,
            written: self.stamp(region, n.clamp(0, 60)),
            writer: writer.to_owned(),
        })
    }

    async fn parts(&self, table: &S::Table) -> Result<Vec<SessionPart>, Stop> {
        let found = table.parts(&self.key).await?;
        holds(found.unreadable.is_empty(), format!("unreadable: {:?}", found.unreadable))?;
        Ok(found.parts)
    }
}

async fn a_session_nobody_wrote_has_no_parts<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    same("parts", play.parts(play.table()).await?, Vec::new())?;
    same("scores", play.table().scores(&play.shard).await?.parts, Vec::new())
}

async fn a_first_part_is_written_once<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let (first, second) =
        (play.part(&play.region(), 1, "w-1")?, play.part(&play.region(), 2, "w-2")?);
    same("the first", play.table().put_part(&first, None).await?, Put::Written)?;
    same("another", play.table().put_part(&second, None).await?, Put::Conflict)?;
    same("what stands", play.parts(play.table()).await?, vec![first])
}

async fn a_part_is_written_against_its_stamp<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let part = |secs, writer| play.part(&play.region(), secs, writer);
    let (first, second, third) = (part(1, "w-1")?, part(2, "w-2")?, part(3, "w-3")?);
    let table = play.table();
    same("of nothing", table.put_part(&first, Some(&first.written)).await?, Put::Conflict)?;
    same("the first", table.put_part(&first, None).await?, Put::Written)?;
    same("the second", table.put_part(&second, Some(&first.written)).await?, Put::Written)?;
    same("too late", table.put_part(&third, Some(&first.written)).await?, Put::Conflict)?;
    same("what stands", play.parts(table).await?, vec![second])
}

/// The answer of the first one was lost.
async fn our_own_write_again_is_written<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let (first, second) =
        (play.part(&play.region(), 1, "w-1")?, play.part(&play.region(), 2, "w-2")?);
    for _ in 0..2 {
        same("the first", play.table().put_part(&first, None).await?, Put::Written)?;
    }
    for _ in 0..2 {
        let put = play.table().put_part(&second, Some(&first.written)).await?;
        same("the second", put, Put::Written)?;
    }
    let put = play.table().put_part(&first, None).await?;
    same("the first, once more", put, Put::Conflict)
}

async fn an_equal_stamp_of_another_writer_is_a_conflict<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let (ours, theirs) =
        (play.part(&play.region(), 1, "w-1")?, play.part(&play.region(), 1, "w-2")?);
    same("stamps", &ours.written, &theirs.written)?;
    same("theirs", play.table().put_part(&theirs, None).await?, Put::Written)?;
    same("ours", play.table().put_part(&ours, None).await?, Put::Conflict)
}

async fn a_part_reads_back_as_it_was_written<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let mut part = play.part(&play.region(), 1, "0123456789abcdef")?;
    for (name, value) in
        [("empty", Some("")), ("gone", None), ("odd", Some("밤 \"\\\n\u{1f}\u{202e}"))]
    {
        let at = play.stamp(stage.there().0, -60);
        let field = Field { at, value: value.map(FieldValue::new) };
        part.fields.insert(FieldName::new(name).map_err(failed)?, field);
    }
    same("the first", play.table().put_part(&part, None).await?, Put::Written)?;
    let next = SessionPart {
        id: PartId { generation: 493_017, ..part.id.clone() },
        ended: Some(part.written.clone()),
        fields: BTreeMap::new(),
        ..part.clone()
    };
    same("the next", play.table().put_part(&next, None).await?, Put::Written)?;
    let mut read = play.parts(play.table()).await?;
    read.sort_by_key(|part| part.id.generation);
    same("what is read", read, vec![part, next])
}

async fn a_part_of_the_largest_size_is_kept<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let mut part = play.part(&play.region(), 1, "w")?;
    for number in 0..64 {
        let name = FieldName::new(&format!("field-{number}")).map_err(failed)?;
        let value = FieldValue::new("x".repeat(MAX_BYTES / 64 - 10));
        part.fields.insert(name, Field { at: part.written.clone(), value: Some(value) });
    }
    same("written", play.table().put_part(&part, None).await?, Put::Written)?;
    holds(play.parts(play.table()).await? == [part], "it reads back")
}

async fn every_regions_parts_are_found<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let ((here, ours), (there, theirs)) = (stage.here(), stage.there());
    let (one, other) = (play.part(here, 1, "w-1")?, play.part(there, 2, "w-2")?);
    same("ours", ours.put_part(&one, None).await?, Put::Written)?;
    same("theirs", theirs.put_part(&other, None).await?, Put::Written)?;
    stage.settle().await?;
    for table in [ours, theirs] {
        let mut parts = play.parts(table).await?;
        parts.sort_by(|a, b| a.written.cmp(&b.written));
        same("both", parts, vec![one.clone(), other.clone()])?;
    }
    Ok(())
}

async fn a_part_that_cannot_be_read_hides_no_other<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let part = play.part(&play.region(), 1, "w")?;
    same("written", play.table().put_part(&part, None).await?, Put::Written)?;
    let newer = SessionPart { id: PartId { generation: 7, ..part.id.clone() }, ..part.clone() };
    stage.plant_newer(&newer).await?;
    let found = play.table().parts(&play.key).await?;
    same("readable", found.parts, vec![part])?;
    let places: Vec<String> = found.unreadable.into_iter().map(|(place, _)| place).collect();
    same("unreadable", places, vec![newer.id.to_string()])
}

async fn a_score_is_written_against_its_stamp<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let (table, region) = (play.table(), play.region());
    let score = |n, writer| play.score(&region, n, writer);
    let (first, second, third) = (score(1, "w-1")?, score(2, "w-2")?, score(3, "w-3")?);
    let (shard, member) = (&play.shard, &first.member);
    same("none", table.score(shard, member, &region).await?, None)?;
    same("the first", table.put_score(&first, None).await?, Put::Written)?;
    same("again", table.put_score(&first, None).await?, Put::Written)?;
    same("another", table.put_score(&second, None).await?, Put::Conflict)?;
    same("the second", table.put_score(&second, Some(&first.written)).await?, Put::Written)?;
    same("too late", table.put_score(&third, Some(&first.written)).await?, Put::Conflict)?;
    same("what stands", table.score(shard, member, &region).await?, Some(second))
}

async fn a_shard_has_every_regions_scores<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let ((here, ours), (there, theirs)) = (stage.here(), stage.there());
    let (most, least) = (play.score(here, MAX_SCORE, "w")?, play.score(there, -MAX_SCORE, "w")?);
    same("ours", ours.put_score(&most, None).await?, Put::Written)?;
    same("theirs", theirs.put_score(&least, None).await?, Put::Written)?;
    stage.settle().await?;
    let mut found = ours.scores(&play.shard).await?.parts;
    found.sort_by_key(|part| part.n);
    same("both", found, vec![least, most.clone()])?;
    let other = ShardKey { shard: 4, ..play.shard.clone() };
    same("another shard", ours.scores(&other).await?.parts, Vec::new())?;
    same("one", theirs.score(&play.shard, &most.member, here).await?, Some(most))
}

async fn beats_are_each_regions_newest<S: ArrangeSessions>(stage: &S) -> Verdict {
    let play = Play::new(stage)?;
    let ((here, ours), (there, theirs)) = (stage.here(), stage.there());
    let week = play.after(7 * 24);
    for secs in [1, 2] {
        ours.beat(&play.stamp(here, secs), week).await?;
    }
    theirs.beat(&play.stamp(there, 1), week).await?;
    stage.settle().await?;
    for table in [ours, theirs] {
        let mut beats = table.beats().await?;
        beats.sort();
        let mut expected = vec![play.stamp(here, 2), play.stamp(there, 1)];
        expected.sort();
        same("beats", beats, expected)?;
    }
    Ok(())
}

async fn an_epoch_rises_with_a_doubt_that_does_not_stand<S: ArrangeSessions>(stage: &S) -> Verdict {
    let (play, epochs) = (Play::new(stage)?, stage.epochs());
    let at = |secs| Timestamp::from_second(play.after(0).as_second() + secs).unwrap_or(play.now);
    let epoch = |number, until| Epoch { number, doubt_until: Some(at(until)) };
    same("at first", epochs.epoch().await?, Epoch::default())?;
    same("a doubt", epochs.doubt(at(0), at(5)).await?, epoch(1, 5))?;
    for secs in [0, 4, 5] {
        let stands = epochs.doubt(at(secs), at(secs + 5)).await?;
        same("one that stands", stands, epoch(1, 5))?;
    }
    same("it is read", epochs.epoch().await?, epoch(1, 5))?;
    same("another", epochs.doubt(at(6), at(11)).await?, epoch(2, 11))?;
    same("it is read", epochs.epoch().await?, epoch(2, 11))
}
