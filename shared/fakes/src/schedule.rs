//! Scheduled actions: they fire at their cron whoever is alive, for as long as the group is.

use crate::activities::Begun;
use crate::faults::Refusal;
use crate::fleet::{Fleet, Ids, Writer};
use jiff::Timestamp;
use tidegate_domain::cron::Cron;
use tidegate_domain::group::{ActivityKind, Backstop, Sizes};

/// One scheduled action and its next occurrence.
#[derive(Debug)]
pub(crate) struct Scheduled {
    pub action: Backstop,
    cron: Cron,
    pub next: Option<Timestamp>,
}

impl Fleet {
    /// PutScheduledUpdateGroupAction: creates or replaces the action of this name.
    ///
    /// # Errors
    /// [`Refusal::Refused`] for a bad recurrence or zone, and when another action is due at
    /// the same instant.
    pub fn schedule(
        &mut self,
        now: Timestamp,
        name: &str,
        action: &Backstop,
    ) -> Result<(), Refusal> {
        let cron = Cron::parse(&action.recurrence, &action.time_zone).map_err(Refusal::invalid)?;
        let next = cron.next(now);
        let mut others = self.actions.iter().filter(|(other, _)| *other != name);
        if next.is_some() && others.any(|(_, other)| other.next == next) {
            let words = "a scheduled action with this scheduled start time already exists";
            return Err(Refusal::Refused(format!("AlreadyExists: {words}")));
        }
        let action = action.clone();
        self.actions.insert(name.to_owned(), Scheduled { action, cron, next });
        Ok(())
    }

    /// Fires what is due. An occurrence while `ScheduledActions` is suspended is lost.
    pub fn fire_schedules(&mut self, now: Timestamp, ids: &mut Ids) {
        let mut due = Vec::new();
        for (name, scheduled) in &mut self.actions {
            if scheduled.next.is_some_and(|next| next <= now) {
                due.push((name.clone(), scheduled.action.min));
                scheduled.next = scheduled.cron.next(now);
            }
        }
        if self.is_suspended("ScheduledActions") || self.deleting {
            return;
        }
        for (name, min) in due {
            self.fire(now, ids, &name, min);
        }
    }

    /// Sets `MinSize`, whatever it was; desired follows if it is below.
    fn fire(&mut self, now: Timestamp, ids: &mut Ids, name: &str, min: u32) {
        let Sizes { max, desired, .. } = self.sizes;
        if min > max {
            let (kind, zone, change) = (ActivityKind::Other, "", None);
            let message = format!(
                "Executing scheduled action {name}. Max bound, {max}, must be greater than or \
                 equal to min bound, {min}"
            );
            return self.fail(now, ids, Begun { kind, zone, message, change });
        }
        let to = Sizes { min, max, desired: desired.max(min) };
        let why = format!("the scheduled action {name} executed. Setting min size to {min}.");
        self.resize(now, Writer::ScheduledAction, to, &why);
    }
}
