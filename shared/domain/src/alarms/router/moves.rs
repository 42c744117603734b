//! Members that belong to another group by now: the policy changed, or their tags were read late.

use super::Session;
use super::flush::Open;
use super::record::AT_ONCE;
use crate::alarms::group::{GroupId, GroupKey};
use crate::alarms::member::{Member, Taken, take};
use crate::alarms::ports::{Kept, MemberId, Opening, RouterWorld};
use crate::ports::{PortResult, Stored};
use std::collections::BTreeSet;

impl<W: RouterWorld> Session<'_, W> {
    /// Labels the members anew. Those that belong elsewhere by now (another policy, tags that
    /// were read late) move there; what nobody understood is forgotten once it was told.
    pub(super) async fn sort_members(
        &mut self,
        open: &mut Open,
        kept: Vec<Kept>,
    ) -> PortResult<()> {
        let mut away: Vec<(Member, BTreeSet<GroupKey>)> = Vec::new();
        for Kept { mut member, .. } in kept {
            if member.is_open() {
                self.read_tags(&mut member.event).await;
                member.labels = self.rules.labeller.label(&member.event);
                let keys = self.rules.groups(&member.labels);
                let told = open.state.told.contains_key(&member.fingerprint());
                if told && self.is_past(&member) {
                    away.push((member, BTreeSet::new()));
                    continue;
                }
                if !keys.contains(&open.state.key) {
                    away.push((member, keys));
                    continue;
                }
            }
            open.members.push(member);
        }
        if away.is_empty() {
            return Ok(());
        }
        self.move_away(open, away).await
    }

    async fn move_away(
        &mut self,
        open: &mut Open,
        away: Vec<(Member, BTreeSet<GroupKey>)>,
    ) -> PortResult<()> {
        let mut gone = Vec::new();
        for (member, keys) in away {
            let fingerprint = member.fingerprint();
            for key in keys {
                self.move_to(key, &member).await?;
            }
            open.state.told.remove(&fingerprint);
            gone.push(MemberId { group: open.id.clone(), fingerprint });
        }
        // Before they are forgotten: a message that all is over must not come of it.
        match self.world.mark(&open.state, open.version, &self.token).await? {
            Stored::Version(version) => open.version = version,
            Stored::Conflict => open.stuck = true,
        }
        for gone in gone.chunks(AT_ONCE) {
            self.world.forget(gone).await?;
        }
        Ok(())
    }

    async fn move_to(&mut self, key: GroupKey, member: &Member) -> PortResult<()> {
        let id = MemberId { group: GroupId::of(&key), fingerprint: member.fingerprint() };
        let stamp = self.stamp();
        self.world.open(&[Opening { key, due: self.now }], &stamp).await?;
        let known = self.world.members(std::slice::from_ref(&id)).await?.pop().flatten();
        let labels = member.labels.clone();
        let event = member.event.clone();
        let Taken::Keep(mut moved) =
            take(known.as_ref().map(|k| &k.member), event, labels, self.now)
        else {
            return Ok(());
        };
        moved.arrived = member.arrived;
        moved.flips.clone_from(&member.flips);
        let write = self.write_of(id, *moved, known.as_ref());
        // A conflict means that its own events have reached the other group: they know better.
        self.world.keep(&[write]).await.pop().map_or(Ok(()), |done| done.map(drop))
    }
}
