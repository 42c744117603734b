//! The text for mail and everything else that shows a whole text. What is most important stands
//! first: the owner's word, the counts, the first alarms with all that is known of them, what
//! Tidegate does about it, then every other alarm by name.

use super::alarm::{bare_item, block, item, runbook};
use super::budget::{ONCE, Page, TWICE};
use super::facts::{Facts, Stage, group, shown};
use super::words;
use crate::alarms::event::Fingerprint;
use crate::alarms::group::Listed;
use crate::alarms::reason::Why;
use crate::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use crate::text::{clean, cut, line};
use std::collections::BTreeSet;

/// Alarms of which everything is told; of the others a line each.
const DETAILED: usize = 3;
/// Bytes of the owner's text.
const OWNER_BYTES: usize = 4_000;
/// Decisions of Tidegate that are told: what it did lately, not its history.
const DECISIONS: usize = 3;
/// Bytes of a decision's sentence.
const SENTENCE_BYTES: usize = 500;
/// Kept for the lines that count what is not named: three short ones.
const OMITTED_BYTES: usize = 600;

/// A text, and which new critical alarms stand in it by name.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub text: String,
    pub named: BTreeSet<Fingerprint>,
}

/// Writes the text of one group's message.
pub(super) fn write(facts: &Facts<'_>) -> Written {
    let mut sheet = Sheet::default();
    let bottom = bottom(facts);
    sheet.page.owe(bottom.iter().map(|l| Page::cost(l)).sum::<usize>() + OMITTED_BYTES);
    sheet.top(facts);
    sheet.blocks(facts);
    let tidegate = tidegate(facts.ledger, facts);
    sheet.paragraph(&tidegate);
    sheet.lists(facts);
    sheet.paragraph(&omitted(facts, &sheet));
    sheet.paragraph(&bottom);
    Written { text: sheet.page.finish(), named: sheet.named }
}

/// A text on its way, with what it names.
#[derive(Debug, Default)]
struct Sheet {
    page: Page,
    named: BTreeSet<Fingerprint>,
    firing: u32,
    critical: u32,
    flapping: u32,
    resolved: u32,
}

impl Sheet {
    fn top(&mut self, facts: &Facts<'_>) {
        let owner = facts.bulletin.terms.text.as_deref().unwrap_or_default();
        let owner = facts.fill(owner, None, str::to_owned);
        for owners in cut(&clean(&owner), OWNER_BYTES).trim().lines() {
            self.page.line(owners.trim_end());
        }
        self.page.gap();
        self.page.line(&format!("{}.", words::counts(&facts.bulletin.counts)));
    }

    fn paragraph(&mut self, lines: &[String]) {
        if !lines.is_empty() {
            self.page.gap();
            lines.iter().for_each(|line| self.page.line(line));
        }
    }

    /// The first alarms with all that is known of them.
    fn blocks(&mut self, facts: &Facts<'_>) {
        let mut last_runbook = None;
        for listed in facts.news_first().into_iter().take(DETAILED) {
            self.page.gap();
            block(facts, listed).iter().for_each(|line| self.page.line(line));
            let runbook = runbook(facts, Some(listed));
            if let Some(address) = runbook.as_ref().filter(|_| runbook != last_runbook) {
                self.page.line(&format!("  runbook: {address}"));
            }
            last_runbook = runbook;
            self.count(listed, facts.stage);
        }
    }

    /// Every other alarm by name, the new critical ones first and whatever else gives way.
    fn lists(&mut self, facts: &Facts<'_>) {
        let bulletin = facts.bulletin;
        let detailed: Vec<&Listed> = facts.news_first().into_iter().take(DETAILED).collect();
        for (stage, all) in [
            (Stage::Firing, &bulletin.firing),
            (Stage::Flapping, &bulletin.flapping),
            (Stage::Resolved, &bulletin.resolved),
        ] {
            let rest = all.iter().filter(|l| !detailed.iter().any(|told| std::ptr::eq(*told, *l)));
            let (must, may): (Vec<&Listed>, Vec<&Listed>) =
                rest.partition(|l| stage == Stage::Firing && l.is_new && l.is_critical);
            self.must_list(facts, &must);
            self.may_list(facts, stage, &may);
        }
    }

    /// Names that are cut last.
    fn must_list(&mut self, facts: &Facts<'_>, all: &[&Listed]) {
        if all.is_empty() {
            return;
        }
        self.page.gap();
        self.page.line("New and critical:");
        let bare = |listed: &Listed| Page::cost(&bare_item(listed));
        let costs: Vec<usize> = all.iter().map(|listed| bare(listed)).collect();
        let fit = costs.iter().take_while(|cost| {
            let fits = self.page.has_room(**cost, ONCE);
            if fits {
                self.page.owe(**cost);
            }
            fits
        });
        let fit = fit.count();
        for (listed, cost) in all.iter().zip(costs).take(fit) {
            self.page.pay(cost);
            if !self.page.try_line(&item(facts, listed, Stage::Firing), TWICE) {
                self.page.line(&bare_item(listed));
            }
            self.count(listed, Stage::Firing);
        }
    }

    /// Names that stand there as long as there is room.
    fn may_list(&mut self, facts: &Facts<'_>, stage: Stage, all: &[&Listed]) {
        let mut last = "";
        for listed in all {
            let heading = heading(stage, listed);
            let text = item(facts, listed, stage);
            // A heading, and the empty line before it.
            let room = Page::cost(&text) + Page::cost(heading) + 2;
            if !self.page.has_room(room, TWICE) {
                return;
            }
            if heading != last {
                self.page.gap();
                self.page.line(heading);
                last = heading;
            }
            self.page.line(&text);
            self.count(listed, stage);
        }
    }

    fn count(&mut self, listed: &Listed, stage: Stage) {
        match stage {
            Stage::Firing => {
                self.firing += 1;
                self.critical += u32::from(listed.is_critical);
                if listed.is_new && listed.is_critical {
                    self.named.insert(listed.member.fingerprint());
                }
            }
            Stage::Flapping => self.flapping += 1,
            Stage::Resolved => self.resolved += 1,
        }
    }
}

fn heading(stage: Stage, listed: &Listed) -> &'static str {
    match (stage, listed.is_critical, listed.is_new) {
        (Stage::Flapping, ..) => "Flapping:",
        (Stage::Resolved, ..) => "Resolved:",
        (_, true, true) => "New and critical:",
        (_, true, false) => "Critical, known before:",
        (_, false, true) => "New:",
        (_, false, false) => "Known before:",
    }
}

/// What is counted and not named.
fn omitted(facts: &Facts<'_>, sheet: &Sheet) -> Vec<String> {
    let counts = &facts.bulletin.counts;
    let left = |all: u32, shown: u32| Some(all.saturating_sub(shown)).filter(|left| *left > 0);
    let critical = left(counts.critical, sheet.critical).map(|critical| {
        format!(", {critical} of them critical: new critical ones follow in the next message")
    });
    let critical = critical.unwrap_or_default();
    let text = |left: u32, word: &str, more: &str| {
        format!("And {left} more {word}, not named here{more}.")
    };
    let all = [
        left(counts.firing, sheet.firing).map(|left| text(left, "firing", &critical)),
        left(counts.flapping, sheet.flapping).map(|left| text(left, "flapping", "")),
        left(counts.resolved, sheet.resolved).map(|left| text(left, "resolved", "")),
    ];
    all.into_iter().flatten().collect()
}

/// Why it is sent, and where it belongs.
fn bottom(facts: &Facts<'_>) -> Vec<String> {
    let bulletin = facts.bulletin;
    let (group, thread) = (group(&bulletin.key), shown(&bulletin.thread));
    let topic = shown(&bulletin.topic);
    vec![
        format!("Why this message: {} ({}).", why(facts), bulletin.why),
        format!("Group: {group}. Topic: {topic}. Thread: {thread}."),
    ]
}

/// Why a message is sent, as a sentence.
fn why(facts: &Facts<'_>) -> String {
    let terms = &facts.bulletin.terms;
    let first = facts.bulletin.first_notice;
    let first = first.map_or_else(
        || "before".to_owned(),
        |first| format!("at {}", words::moment_near(first, facts.now)),
    );
    match facts.bulletin.why {
        Why::FirstNotification => "it is the first one about this problem".to_owned(),
        Why::NewAlertsInGroup => format!("more alarms joined a problem first told {first}"),
        Why::RepeatIntervalElapsed => {
            let every = words::span(terms.repeat_interval);
            format!("it goes on; it was first told {first} and is told again every {every}")
        }
        Why::Escalated => {
            let after = words::span(terms.escalate_after);
            format!(
                "a critical alarm, first told {first}, did not end within {after}, so this topic \
                 is told as well"
            )
        }
        Why::AllResolved => format!("it is over; it was first told {first}"),
        Why::Flapping => {
            "an alarm goes on and off; it is told as flapping until it is calm".to_owned()
        }
        other => format!("the router decided {other}"),
    }
}

/// What Tidegate does about it: its last decisions that changed something, and why it holds if
/// it does.
pub(super) fn tidegate(ledger: &[LedgerEntry], facts: &Facts<'_>) -> Vec<String> {
    let Some(newest) = ledger.first() else { return Vec::new() };
    let fleet = shown(newest.fleet.as_str());
    let mut lines = vec![format!("What Tidegate does about {fleet}:")];
    let dated = |entry: &LedgerEntry, what: &str| {
        let (at, sentence) = (words::moment_near(entry.at, facts.now), sentence(entry));
        let ago = words::span(facts.now.duration_since(entry.at));
        format!("  {what} {sentence} ({at}, {ago} ago)")
    };
    match newest.outcome {
        OutcomeWord::Applied if newest.action != ActionRecord::Hold => {}
        _ => lines.push(dated(newest, &idle(newest))),
    }
    let acted = |e: &&LedgerEntry| {
        e.outcome == OutcomeWord::Applied && !e.dry_run && e.action != ActionRecord::Hold
    };
    for entry in ledger.iter().filter(acted).take(DECISIONS) {
        lines.push(dated(entry, &format!("{}:", done(entry.action, true))));
    }
    lines
}

/// Why nothing is done by a decision.
fn idle(entry: &LedgerEntry) -> String {
    let would = done(entry.action, false);
    match entry.outcome {
        _ if entry.action == ActionRecord::Hold => "nothing: holding because".to_owned(),
        OutcomeWord::DryRun => format!("nothing: a dry run, it would {would}:"),
        OutcomeWord::Void => format!("nothing: the group changed before it could {would}:"),
        OutcomeWord::InProgress => format!("another run is at it; this one would {would}:"),
        OutcomeWord::OutOfTime => format!("not yet, the next run will {would}:"),
        OutcomeWord::Refused => format!("nothing: it was refused to {would}:"),
        OutcomeWord::Held | OutcomeWord::Applied => "nothing:".to_owned(),
    }
}

fn done(action: ActionRecord, is_past: bool) -> String {
    let word = |now: &'static str, past: &'static str| if is_past { past } else { now };
    match action {
        ActionRecord::Hold => word("hold", "held").to_owned(),
        ActionRecord::Raise { min } => format!("{} to {min}", word("raise", "raised")),
        ActionRecord::Lower { min, desired } => {
            format!("{} to {}", word("lower", "lowered"), desired.unwrap_or(min))
        }
        ActionRecord::WriteBackstop { min } => {
            let write = word("write", "wrote");
            format!("{write} the group's own scheduled action that restores {min}")
        }
    }
}

fn sentence(entry: &LedgerEntry) -> String {
    line(&entry.text, SENTENCE_BYTES)
}
