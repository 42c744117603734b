//! What it means for the bookkeeping and the laws that something came to its end.

use crate::law::{Broken, after_get};
use crate::task::{Ask, Outcome, Task};
use crate::world::World;
use tidegate_domain::sessions::part::SessionKey;
use tidegate_domain::sessions::session::Session;
use tidegate_domain::sessions::store::{Changes, Ending};
use tidegate_domain::sessions::sync::{Doubted, SyncReport};
use tidegate_fakes::sessions::{Answer, Batch, Item};

impl World {
    /// Something has come to its end.
    pub(crate) fn finish(&mut self, task: Task, outcome: Outcome) {
        if self.log.is_some() {
            let text = told(&outcome);
            if let Some(log) = &mut self.log {
                log.push(format!(
                    "{}   {} in {} -> {text}",
                    self.stage.now(),
                    task.ask,
                    task.region
                ));
            }
        }
        match outcome {
            Outcome::Wrote(Ok(session)) => self.wrote(&task, &session),
            Outcome::Ended(Ok(ending)) => self.ended(&task, ending),
            Outcome::Got(Ok(Some(session))) => {
                if let Err(Broken { law, how }) = after_get(self, &task, &session) {
                    self.breaks(law, how);
                }
            }
            Outcome::Counted(Ok(_)) => self.counted(&task),
            Outcome::Served(report) => self.served(&task, &report),
            Outcome::Wrote(Err(_)) | Outcome::Ended(Err(_)) | Outcome::Counted(Err(_)) => {
                self.tally.add("refused".to_owned(), 1);
            }
            Outcome::Got(_) | Outcome::Ranked(_) | Outcome::Ticked(_) => {}
        }
    }

    fn wrote(&mut self, task: &Task, session: &Session) {
        let (key, changes): (&SessionKey, Changes) = match &task.ask {
            Ask::Create(key, fields, _) => {
                (key, fields.iter().map(|(n, v)| (n.clone(), Some(v.clone()))).collect())
            }
            Ask::Update(key, changes, _) => (key, changes.clone()),
            Ask::Touch(key, _) => (key, Changes::new()),
            _ => return,
        };
        let Some(story) = self.truth.sessions.get_mut(key) else { return };
        let wrong = story.acks(task.region, &changes, session, task.before.as_ref());
        if let Some(how) = wrong {
            self.breaks("answer wrong", how);
        }
    }

    fn ended(&mut self, task: &Task, ending: Ending) {
        if let (Ask::End(key), Ending::Ended) = (&task.ask, ending)
            && let Some(story) = self.truth.sessions.get_mut(key)
        {
            story.end_acked = true;
        }
    }

    fn counted(&mut self, task: &Task) {
        let Ask::Add(_, member, delta) = &task.ask else { return };
        let Some(counted) = self.truth.scores.get_mut(&(member.clone(), task.region)) else {
            return;
        };
        if let Some(at) = counted.unsure.iter().position(|unsure| unsure == delta) {
            counted.unsure.swap_remove(at);
            counted.acked += delta;
        }
    }

    fn served(&mut self, task: &Task, report: &SyncReport) {
        let Ask::Serve(batch) = &task.ask else { return };
        let now = self.stage.now();
        let doubted = match &report.doubted {
            Doubted::Not => "applied",
            Doubted::Already => "already doubted",
            Doubted::Now => "doubted",
            Doubted::Lost(_) => "doubt lost",
        };
        self.tally.add(doubted.to_owned(), 1);
        self.tally.add("poisoned".to_owned(), u64::from(report.poison > 0));
        self.tally.add("refused stamp".to_owned(), u64::from(report.refused > 0));
        let Some(region) = self.regions.get_mut(task.region) else { return };
        if !matches!(report.doubted, Doubted::Lost(_)) {
            for key in ends(batch) {
                region.served.entry(key).or_insert(now);
            }
        }
        let again = batch.records.iter().filter(|r| !region.seen.insert(r.sequence.clone()));
        let again = again.count() > 0;
        if !task.is_zombie {
            region.mapping.settle(batch.shard, &Answer::Reported(report.failed.clone()));
        }
        self.tally.add("delivered again".to_owned(), u64::from(again));
        self.tally.add("applied late".to_owned(), u64::from(task.is_zombie && again));
    }
}

/// The sessions of which a batch has a tombstone.
fn ends(batch: &Batch) -> impl Iterator<Item = SessionKey> {
    batch.records.iter().filter_map(|record| match record.new.as_deref() {
        Some(Item::Part(part)) if part.ended.is_some() => Some(part.key.clone()),
        _ => None,
    })
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Wrote(Ok(session)) => format!("live until {}", session.live_until),
        Outcome::Got(Ok(got)) => got.as_ref().map_or("none", |_| "a session").to_owned(),
        Outcome::Ended(Ok(ending)) => format!("{ending:?}"),
        Outcome::Counted(Ok(n)) => n.to_string(),
        Outcome::Ranked(Ok(ranking)) => format!("{ranking:?}"),
        Outcome::Wrote(Err(error))
        | Outcome::Got(Err(error))
        | Outcome::Ended(Err(error))
        | Outcome::Counted(Err(error))
        | Outcome::Ranked(Err(error)) => error.to_string(),
        Outcome::Served(report) => {
            format!(
                "{:?}, {} failed, {:?}",
                report.doubted,
                report.failed.len(),
                report.cache_failure
            )
        }
        Outcome::Ticked(report) => format!("{:?}", report.age_ms),
    }
}
