//! The decision about a group.

use super::{
    Bulletin, CRITICALS_NAMED, Counts, GroupState, LISTED, Listed, Surroundings, Told, Verdict,
};
use crate::alarms::event::Fingerprint;
use crate::alarms::inhibit::{explains, is_inhibited};
use crate::alarms::member::Member;
use crate::alarms::reason::Why;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// New critical alarms of a group that was told just now are gathered for this long: they do not
/// wait for `group_interval`, and a storm of them is no storm of messages.
pub const CRITICAL_PACE: SignedDuration = SignedDuration::from_secs(10);
/// Alarms that are followed one by one in a group, critical ones apart; an item of the control
/// table holds 400 KB, and one of them takes 40 bytes. The others are counted.
const FOLLOWED: usize = 6_000;
/// Critical alarms have room of their own.
const FOLLOWED_CRITICAL: usize = 8_000;
/// What is held back is looked at again after this long: with the next tick.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// Decides about a group: at most one message, the next state, and when to look again. It is
/// asked again after a message until none is due.
pub fn decide(state: &GroupState, members: &[Member], around: &Surroundings<'_>) -> Verdict {
    let look = Look::at(state, members, around);
    let chosen = look.wishes().into_iter().filter(|w| w.at <= around.now).min_by_key(|w| w.rank);
    let Some(wish) = chosen else { return look.hold() };
    let bulletin = look.bulletin(wish.why);
    let next = look.after(wish.why, &bulletin);
    Verdict {
        why: wish.why,
        bulletin: Some(Box::new(bulletin)),
        next,
        due: Some(around.now),
        explains: look.explains,
        held: look.held,
    }
}

/// Something that is to be told, and from when on.
struct Wish {
    why: Why,
    at: Timestamp,
    rank: u8,
}

impl Wish {
    /// Whether it tells what people do not know yet.
    fn is_news(&self) -> bool {
        !matches!(self.why, Why::Escalated | Why::RepeatIntervalElapsed)
    }
}

/// A group, sorted.
struct Look<'a> {
    state: &'a GroupState,
    around: &'a Surroundings<'a>,
    /// Open, not held back, not flapping.
    firing: Vec<(Fingerprint, &'a Member)>,
    /// Flapping, not held back.
    flapping: Vec<(Fingerprint, &'a Member)>,
    /// People know of it, and it is over.
    over: Vec<(Fingerprint, &'a Member)>,
    /// Told of, over, and not even kept any more.
    gone: Vec<Fingerprint>,
    explains: BTreeSet<String>,
    held: BTreeMap<Fingerprint, Why>,
    /// Open, held back or not.
    open: usize,
}

impl<'a> Look<'a> {
    fn at(state: &'a GroupState, members: &'a [Member], around: &'a Surroundings<'a>) -> Self {
        let rules = &around.policy.inhibit;
        let open = members.iter().filter(|m| m.is_open());
        let explains: BTreeSet<String> =
            open.clone().flat_map(|m| explains(rules, &m.labels)).collect();
        let mut look = Self {
            state,
            around,
            firing: Vec::new(),
            flapping: Vec::new(),
            over: Vec::new(),
            gone: Vec::new(),
            explains,
            held: BTreeMap::new(),
            open: open.count(),
        };
        let mut known: BTreeSet<&Fingerprint> = state.told.keys().collect();
        let mut seen = Vec::new();
        for member in members {
            let fingerprint = member.fingerprint();
            known.remove(&fingerprint);
            seen.push((fingerprint, member));
        }
        look.gone = known.into_iter().cloned().collect();
        seen.into_iter().for_each(|(fingerprint, member)| look.sort(fingerprint, member));
        look
    }

    fn sort(&mut self, fingerprint: Fingerprint, member: &'a Member) {
        let told = self.state.told.get(&fingerprint).copied();
        if member.is_open()
            && let Some(why) = self.held_back(&fingerprint, member)
        {
            self.held.insert(fingerprint, why);
            return;
        }
        let policy = self.around.policy;
        let (window, now) = (policy.flap_window, self.around.now);
        let goes_on = told == Some(Told::Flapping) && !member.is_calm(window, now);
        // One that is over and that nobody was told of is no news: each time it may have been held
        // back. It is told as flapping when it fires again.
        let is_matter = member.is_open() || told.is_some();
        if goes_on || (is_matter && member.flaps(policy.flap_changes, window, now)) {
            self.flapping.push((fingerprint, member));
        } else if member.is_open() {
            self.firing.push((fingerprint, member));
        } else if told.is_some() {
            self.over.push((fingerprint, member));
        }
    }

    fn held_back(&self, fingerprint: &Fingerprint, member: &Member) -> Option<Why> {
        let (around, labels) = (self.around, &member.labels);
        if around.silences.iter().any(|s| s.mutes(labels, around.now)) {
            return Some(Why::Silenced);
        }
        let rules = &around.policy.inhibit;
        let explained = is_inhibited(rules, labels, &self.explains)
            || is_inhibited(rules, labels, around.explained);
        if explained || member.event.is_suppressed(around.now) {
            return Some(Why::Inhibited);
        }
        let planned = around.plans.get(fingerprint).is_some_and(|p| around.now < p.until);
        planned.then_some(Why::Planned)
    }

    fn is_critical(&self, member: &Member) -> bool {
        self.around.terms.is_critical(&member.labels)
    }

    fn is_new(&self, fingerprint: &Fingerprint, member: &Member) -> bool {
        match self.state.told.get(fingerprint) {
            None => self.state.told.len() < self.room(member),
            Some(Told::Firing) => self.is_critical(member),
            Some(Told::Critical) => false,
            // It has stopped flapping and fires.
            Some(Told::Flapping) => true,
        }
    }

    /// How many can be followed in a group that such a one joins.
    fn room(&self, member: &Member) -> usize {
        if self.is_critical(member) { FOLLOWED_CRITICAL } else { FOLLOWED }
    }

    fn new_ones(&self) -> impl Iterator<Item = &'a Member> + '_ {
        let new = self.firing.iter().filter(|(fingerprint, m)| self.is_new(fingerprint, m));
        new.map(|(_, member)| *member)
    }

    fn newly_flapping(&self) -> impl Iterator<Item = &'a Member> + '_ {
        let known = |f: &Fingerprint| self.state.told.get(f) == Some(&Told::Flapping);
        self.flapping.iter().filter(move |(f, _)| !known(f)).map(|(_, member)| *member)
    }

    /// Everything that is to be told, and from when on.
    fn wishes(&self) -> Vec<Wish> {
        if self.around.terms.tell_nobody() {
            return Vec::new();
        }
        [self.news(), self.flaps(), self.escalation(), self.end(), self.repeat()]
            .into_iter()
            .flatten()
            .collect()
    }

    fn news(&self) -> Option<Wish> {
        let terms = self.around.terms;
        let oldest = self.new_ones().map(|m| m.arrived).min()?;
        let critical = self.new_ones().filter(|m| self.is_critical(m)).map(|m| m.arrived).min();
        let wish = |why, at| Some(Wish { why, at, rank: 0 });
        // Where people know of nothing any more, a new incident begins.
        let known = self.state.last_notice.filter(|_| !self.state.told.is_empty());
        let Some(last) = known else {
            return wish(Why::FirstNotification, critical.unwrap_or(oldest + terms.group_wait));
        };
        let pace = match critical {
            Some(_) if self.state.goes_on => SignedDuration::ZERO,
            Some(_) => CRITICAL_PACE.min(terms.group_interval),
            None => terms.group_interval,
        };
        wish(Why::NewAlertsInGroup, last + pace)
    }

    fn flaps(&self) -> Option<Wish> {
        let oldest = self.newly_flapping().map(|m| m.arrived).min()?;
        let wait = self.around.terms.group_wait;
        let at = self.state.last_notice.map_or(oldest, |last| last + wait);
        Some(Wish { why: Why::Flapping, at, rank: 1 })
    }

    /// A critical one that people know of fires on, and nobody ended it in time.
    fn escalation(&self) -> Option<Wish> {
        let terms = self.around.terms;
        let told = |f: &Fingerprint| self.state.told.get(f) == Some(&Told::Critical);
        let fires = self.firing.iter().filter(|(fingerprint, _)| told(fingerprint));
        // The message that told of the oldest one came at the earliest when it was known.
        let oldest = fires.map(|(_, member)| member.arrived).min()?;
        let wanted = self.state.escalated.is_none() && !terms.escalate_after.is_zero();
        let since = self.state.critical_since.filter(|_| wanted)?.max(oldest);
        Some(Wish { why: Why::Escalated, at: since + terms.escalate_after, rank: 2 })
    }

    /// Everything that people know of is over.
    fn end(&self) -> Option<Wish> {
        let over = self.over.len() + self.gone.len();
        if over == 0 || over < self.state.told.len() || self.new_ones().next().is_some() {
            return None;
        }
        let newest = self.over.iter().map(|(_, m)| m.arrived + self.around.terms.group_wait).max();
        let at = newest.unwrap_or(self.around.now);
        Some(Wish { why: Why::AllResolved, at, rank: 3 })
    }

    fn repeat(&self) -> Option<Wish> {
        let known = |f: &Fingerprint| self.state.told.contains_key(f);
        let any =
            self.firing.iter().chain(&self.flapping).any(|(fingerprint, _)| known(fingerprint));
        let last = self.state.last_notice.filter(|_| any)?;
        let at = last + self.around.terms.repeat_interval;
        Some(Wish { why: Why::RepeatIntervalElapsed, at, rank: 4 })
    }

    /// No message: why, and when to look again.
    fn hold(self) -> Verdict {
        let wishes = self.wishes();
        let tells = !self.around.terms.tell_nobody();
        let all_held = self.firing.is_empty() && self.flapping.is_empty();
        let why = match self.held.values().min() {
            _ if !tells => Why::NotRouted,
            Some(held) if all_held => *held,
            _ if wishes.iter().any(|w| w.is_news()) => Why::Waiting,
            _ => Why::NothingNew,
        };
        let soon = self.around.now + AGAIN;
        let again = (!self.held.is_empty() || !self.flapping.is_empty()).then_some(soon);
        let stands = (self.open > 0 && tells) || !self.state.told.is_empty();
        let due = wishes.iter().map(|w| w.at).chain(again).min();
        Verdict {
            why,
            bulletin: None,
            next: self.state.clone(),
            due: due.or(stands.then_some(soon)),
            explains: self.explains,
            held: self.held,
        }
    }

    fn bulletin(&self, why: Why) -> Bulletin {
        let terms = self.around.terms;
        let escalates =
            why == Why::Escalated || (why == Why::AllResolved && self.state.escalated.is_some());
        let topic = if escalates { &terms.escalate_topic } else { &terms.topic };
        let listed = |(f, m): &(Fingerprint, &Member)| self.listed(m, self.is_new(f, m));
        let mut firing: Vec<Listed> = self.firing.iter().map(listed).collect();
        firing.sort_by_key(|l| {
            (!(l.is_new && l.is_critical), !l.is_critical, !l.is_new, l.member.event.id.clone())
        });
        let counts = self.counts(&firing);
        let named = firing.iter().filter(|l| l.is_new && l.is_critical).count();
        // What is named in a further message is not listed in this one.
        firing.drain(CRITICALS_NAMED.min(named)..named);
        firing.truncate(LISTED);
        let over = self.over.iter().take(LISTED).map(|(_, m)| self.listed(m, false));
        let known = |f| self.state.told.get(f) == Some(&Told::Flapping);
        let flapping = self.flapping.iter().take(LISTED);
        let flapping = flapping.map(|(f, m)| self.listed(m, !known(f)));
        Bulletin {
            key: self.state.key.clone(),
            thread: self.state.thread(),
            topic: topic.clone(),
            why,
            terms: terms.clone(),
            firing,
            resolved: over.collect(),
            flapping: flapping.collect(),
            counts,
            first_notice: self.state.first_notice,
        }
    }

    fn listed(&self, member: &Member, is_new: bool) -> Listed {
        Listed { member: member.clone(), is_new, is_critical: self.is_critical(member) }
    }

    fn counts(&self, firing: &[Listed]) -> Counts {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let held = |why| count(self.held.values().filter(|w| **w == why).count());
        Counts {
            firing: count(firing.len()),
            critical: count(firing.iter().filter(|l| l.is_critical).count()),
            new: count(firing.iter().filter(|l| l.is_new).count()),
            resolved: count(self.over.len()),
            flapping: count(self.flapping.len()),
            silenced: held(Why::Silenced),
            inhibited: held(Why::Inhibited),
            planned: held(Why::Planned),
        }
    }

    /// What people know once this message went out.
    fn after(&self, why: Why, bulletin: &Bulletin) -> GroupState {
        let (now, mut next) = (self.around.now, self.state.clone());
        match why {
            Why::Escalated => {
                next.escalated = Some(now);
                return next;
            }
            // The people of the next topic are told first, then, in a message of their own, the
            // others.
            Why::AllResolved if next.escalated.is_some() => {
                next.escalated = None;
                return next;
            }
            Why::AllResolved => return next.over(),
            _ => {}
        }
        for fingerprint in self.over.iter().map(|(f, _)| f).chain(&self.gone) {
            next.told.remove(fingerprint);
        }
        next.told.extend(self.flapping.iter().map(|(f, _)| (f.clone(), Told::Flapping)));
        next.goes_on = self.tell(&mut next.told, bulletin);
        next.first_notice = next.first_notice.or(Some(now));
        next.last_notice = Some(now);
        let critical = next.told.values().any(|told| *told == Told::Critical);
        next.critical_since = next.critical_since.or(Some(now)).filter(|_| critical);
        next
    }

    /// Marks the firing ones as told, but for critical ones that this message did not name.
    /// Whether there are such.
    fn tell(&self, told: &mut BTreeMap<Fingerprint, Told>, bulletin: &Bulletin) -> bool {
        let named = bulletin.firing.iter().filter(|l| l.is_new && l.is_critical);
        let named: BTreeSet<Fingerprint> = named.map(|l| l.member.fingerprint()).collect();
        let mut goes_on = false;
        for (fingerprint, member) in self.firing.iter().filter(|(f, m)| self.is_new(f, m)) {
            let critical = self.is_critical(member);
            if critical && !named.contains(fingerprint) {
                goes_on = true;
            } else if told.len() < self.room(member) {
                let word = if critical { Told::Critical } else { Told::Firing };
                told.insert(fingerprint.clone(), word);
            }
        }
        goes_on
    }
}
