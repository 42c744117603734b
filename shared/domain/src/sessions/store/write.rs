//! Writing a session: create, update, touch, end.

use super::deed::{Changes, Deed, Draft, Fields, Life, Pen, Plan, living, needs_touch};
use super::view::View;
use super::{Ending, Limit, MAX_LIFE, SessionStore, StoreError, TRIES};
use crate::sessions::part::SessionKey;
use crate::sessions::ports::{CacheWrite, Found, Put, SessionWorld};
use crate::sessions::session::Session;
use crate::sessions::stamp::RegionName;
use jiff::{SignedDuration, Timestamp};

impl SessionStore {
    /// Creates a session.
    ///
    /// # Errors
    /// [`StoreError::Exists`] for a key that was used before; limits; the table's. After one of the
    /// table's the session may exist: take another key.
    pub async fn create<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
        fields: &Fields,
        life: Life,
    ) -> Result<Session, StoreError> {
        let (writer, now) = (world.digits(), world.wall());
        let life = Life { not_after: checked_end(life.not_after, now)?, idle: life.idle };
        check_idle(life.idle)?;
        let pen = Pen { key, region: &self.config.region, writer: &writer, now };
        let draft = pen.first(fields, life)?;
        let found = world.parts(key).await?;
        if !found.parts.is_empty() || !found.unreadable.is_empty() {
            return Err(StoreError::Exists);
        }
        self.put(world, draft).await?.ok_or(StoreError::Exists)
    }

    /// Sets and removes fields. Like a touch, it lets the session live for `idle` from now.
    ///
    /// # Errors
    /// [`StoreError::Ended`], [`StoreError::Gone`], limits, [`StoreError::Contended`]; the table's,
    /// after which it may have happened (it can be repeated).
    pub async fn update<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
        changes: &Changes,
        idle: SignedDuration,
    ) -> Result<Session, StoreError> {
        check_idle(idle)?;
        self.carry_out(world, key, &Deed::Update { changes, idle }).await
    }

    /// Lets the session live for `idle` from now. Written only when less than half of `idle` is
    /// left: a write is paid once for each region.
    ///
    /// # Errors
    /// Those of [`Self::update`].
    pub async fn touch<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
        idle: SignedDuration,
    ) -> Result<Session, StoreError> {
        check_idle(idle)?;
        let view = self.look(world, key).await?;
        let now = world.wall();
        let session = living(view.session.ok_or(StoreError::Gone)?, now)?;
        if !needs_touch(&session, idle, now) {
            self.count(|counts| counts.touches_saved += 1);
            return Ok(session);
        }
        self.carry_out(world, key, &Deed::Touch { idle }).await
    }

    /// Ends the session for good, in every region that this write reaches.
    ///
    /// # Errors
    /// [`StoreError::Contended`]; the table's, after which it may have happened (it can be
    /// repeated).
    pub async fn end<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
    ) -> Result<Ending, StoreError> {
        match self.carry_out(world, key, &Deed::End).await {
            Ok(_) => Ok(Ending::Ended),
            Err(StoreError::Ended) => Ok(Ending::Over),
            Err(StoreError::Gone) => Ok(Ending::Unknown),
            Err(error) => Err(error),
        }
    }

    async fn carry_out<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
        deed: &Deed<'_>,
    ) -> Result<Session, StoreError> {
        let writer = world.digits();
        for attempt in 0..TRIES {
            let view = self.own_view(world, key).await?;
            let pen = Pen { key, region: &self.config.region, writer: &writer, now: world.wall() };
            let plan = deed.plan(&view, &pen);
            if matches!(plan, Err(StoreError::Ended)) {
                self.spread_end(world, key, &view).await;
            }
            match plan? {
                Plan::Leave(session) => return Ok(session),
                Plan::Write(draft) => match self.put(world, *draft).await? {
                    Some(session) => return Ok(session),
                    None => self.pause(world, attempt).await,
                },
            }
        }
        Err(StoreError::Contended)
    }

    /// What the table has, if we may write our part of it.
    async fn own_view<W: SessionWorld>(
        &self,
        world: &W,
        key: &SessionKey,
    ) -> Result<View, StoreError> {
        let Found { parts, unreadable } = world.parts(key).await?;
        self.count(|counts| counts.unreadable += unreadable.len() as u64);
        if unreadable.iter().any(|(sort_key, _)| is_own(sort_key, &self.config.region)) {
            return Err(StoreError::OwnUnreadable);
        }
        if parts.is_empty() && !unreadable.is_empty() {
            return Err(StoreError::Unreadable);
        }
        Ok(self.view(world, &parts))
    }

    /// Writes a part; none when somebody else wrote it meanwhile.
    async fn put<W: SessionWorld>(
        &self,
        world: &W,
        draft: Draft,
    ) -> Result<Option<Session>, StoreError> {
        match world.put_part(&draft.part, draft.seen.as_ref()).await? {
            Put::Written => {
                self.write_through(world, CacheWrite::Part(Box::new(draft.part))).await;
                Ok(Some(draft.session))
            }
            Put::Conflict => {
                self.count(|counts| counts.conflicts += 1);
                Ok(None)
            }
        }
    }
}

/// Whether a sort key is one of our own region's parts, readable or not.
fn is_own(sort_key: &str, region: &RegionName) -> bool {
    let rest = sort_key.strip_prefix(region.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}

fn check_idle(idle: SignedDuration) -> Result<(), Limit> {
    if idle.is_positive() { Ok(()) } else { Err(Limit::Idle) }
}

/// The end of a new session's life in whole seconds.
fn checked_end(not_after: Timestamp, now: Timestamp) -> Result<Timestamp, Limit> {
    let whole = Timestamp::from_second(not_after.as_second()).unwrap_or(not_after);
    let latest = now.checked_add(MAX_LIFE).unwrap_or(Timestamp::MAX);
    if now < whole && whole <= latest { Ok(whole) } else { Err(Limit::NotAfter) }
}
