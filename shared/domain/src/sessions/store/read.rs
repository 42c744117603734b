//! Reading a session: the cache if it knows everything, else the table.

use super::deed::Pen;
use super::view::View;
use super::{SessionStore, StoreError};
use crate::sessions::part::{SessionKey, SessionPart};
use crate::sessions::ports::{CacheRead, CacheWrite, FillMark, Found, Put, SessionWorld};
use crate::sessions::session::Session;

/// An entry that may be filled after the table was read.
pub(super) struct Fill {
    pub epoch: u64,
    pub mark: FillMark,
}

/// What the cache answered.
enum Asked {
    Hit(Vec<SessionPart>),
    Miss(Option<Fill>),
}

impl SessionStore {
    /// The session, if it lives: from the cache if that has everything, else from the table.
    ///
    /// # Errors
    /// The table's, when the cache did not answer; that nothing of the session can be read.
    pub async fn get<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
    ) -> Result<Option<Session>, StoreError> {
        let view = self.look(world, key).await?;
        Ok(view.session.filter(|session| session.is_live(world.wall())))
    }

    /// What is known of the session. An end that another region said is said in our own part too.
    pub(super) async fn look<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
    ) -> Result<View, StoreError> {
        let view = match self.ask(world, key).await {
            Asked::Hit(parts) => self.view(world, &parts),
            Asked::Miss(fill) => self.look_up(world, key, fill).await?,
        };
        self.spread_end(world, key, &view).await;
        Ok(view)
    }

    async fn ask<W: SessionWorld>(&self, world: &W, key: &SessionKey) -> Asked {
        let Some(epoch) = self.epoch(world).await else { return Asked::Miss(None) };
        let (mark, began) = (FillMark(world.digits()), world.wall());
        let read = world.read(key, epoch, &mark).await;
        match self.settle(world.wall(), began, read) {
            Some(CacheRead::Hit(parts)) => {
                self.count(|counts| counts.hits += 1);
                Asked::Hit(parts)
            }
            Some(CacheRead::Miss(mark)) => {
                self.count(|counts| counts.misses += 1);
                Asked::Miss(Some(Fill { epoch, mark }))
            }
            None => Asked::Miss(None),
        }
    }

    /// What the table has. It completes the cache's entry, unless something had to be left out:
    /// that may be taken later, and the stream does not bring it again.
    async fn look_up<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
        fill: Option<Fill>,
    ) -> Result<View, StoreError> {
        let Found { parts, unreadable } = world.parts(key).await?;
        self.count(|counts| counts.unreadable += unreadable.len() as u64);
        let view = self.view(world, &parts);
        if view.refused == 0 && unreadable.is_empty() {
            self.fill(world, key, fill, &parts).await;
        }
        if parts.is_empty() && !unreadable.is_empty() {
            return Err(StoreError::Unreadable);
        }
        Ok(view)
    }

    async fn fill<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
        fill: Option<Fill>,
        parts: &[SessionPart],
    ) {
        let Some(Fill { epoch, mark }) = fill else { return };
        let began = world.wall();
        let filled = world.fill(key, &mark, epoch, parts).await;
        let filled = self.settle(world.wall(), began, filled);
        self.count_fill(filled);
    }

    pub(super) fn count_fill(&self, filled: Option<bool>) {
        self.count(|counts| match filled {
            Some(true) => counts.fills += 1,
            Some(false) => counts.fills_lost += 1,
            None => {}
        });
    }

    pub(super) fn view<W: SessionWorld>(&self, world: &W, parts: &[SessionPart]) -> View {
        let view = View::of(parts, &self.config.region, world.wall());
        self.count(|counts| counts.refused += view.refused as u64);
        view
    }

    /// One try: whoever looks next finds the same.
    pub(super) async fn spread_end<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
        view: &View,
    ) {
        let now = world.wall();
        if view.unspread_end(now).is_none() {
            return;
        }
        let writer = world.digits();
        let pen = Pen { key, region: &self.config.region, writer: &writer, now };
        let Some(draft) = pen.spread_end(view) else { return };
        if let Ok(Put::Written) = world.put_part(&draft.part, draft.seen.as_ref()).await {
            self.count(|counts| counts.ends_spread += 1);
            self.write_through(world, CacheWrite::Part(Box::new(draft.part))).await;
        }
    }
}
