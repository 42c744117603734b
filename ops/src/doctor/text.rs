//! The doctor's answer as a page and as JSON.

use super::{Finding, Plan, Severity, Sight};
use crate::words::{labelled, visible};
use serde_json::{Value, json};
use tidegate_domain::attach::Scaler;
use tidegate_domain::group::Mode;

/// The labels' column.
const INDENT: usize = 10;

pub(super) fn page(sight: &Sight, findings: &[Finding]) -> String {
    let mut out = format!("{} {}\n\n", visible(sight.fleet.as_str()), visible(&sight.place));
    let mut line = |label: &str, text: &str| {
        out.push_str(&labelled(&format!("  {label}"), INDENT, &visible(text)));
    };
    line("sizes", &sizes(sight));
    line("mode", &mode(sight));
    line("policy", &policy(sight));
    for finding in findings {
        out.push('\n');
        out.push_str(&block(finding));
    }
    out.push_str(&format!("\n{}\n", sum(findings)));
    out
}

fn block(finding: &Finding) -> String {
    let mut out =
        labelled(&format!("{:<6}", word(finding.severity)), INDENT, &visible(&finding.found));
    out.push_str(&labelled("  why", INDENT, &visible(&finding.why)));
    out.push_str(&labelled("  do", INDENT, &visible(&finding.act)));
    out
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Stop => "STOP",
        Severity::Care => "CARE",
        Severity::Note => "NOTE",
    }
}

fn sum(findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    match (count(Severity::Stop), count(Severity::Care), count(Severity::Note)) {
        (0, 0, 0) => "nothing was found: attach it".to_owned(),
        (0, care, note) => {
            format!("nothing stands in the way; {care} to take care of, {note} to know")
        }
        (stop, care, note) => format!("{stop} in the way, {care} to take care of, {note} to know"),
    }
}

fn sizes(sight: &Sight) -> String {
    match &sight.setup {
        Err(_) => "could not be read".to_owned(),
        Ok(setup) => {
            let (sizes, serving) = (setup.group.sizes, setup.group.serving());
            let (min, desired, max) = (sizes.min, sizes.desired, sizes.max);
            format!("MinSize {min}, desired {desired}, MaxSize {max}; {serving} serving")
        }
    }
}

/// The mode with what makes it.
fn mode(sight: &Sight) -> String {
    let means = match sight.mode() {
        None => return "unknown: the scaling policies could not be read".to_owned(),
        Some(Mode::Owner) => "owner: Tidegate raises and lowers, desired too",
        Some(Mode::Floor) => {
            "floor (raise-only): Tidegate moves MinSize, the group's policies trim above it"
        }
    };
    format!("{means}; {}", reasons(sight).join(", "))
}

fn reasons(sight: &Sight) -> Vec<String> {
    let scalers: Vec<&Scaler> = sight.scalers.iter().flatten().collect();
    if scalers.is_empty() {
        return vec!["the group has no scaling policy".to_owned()];
    }
    let says = |scaler: &&Scaler| {
        let word = match (scaler.enabled, scaler.policy.can_scale_in) {
            (false, _) => "is disabled",
            (true, true) => "scales in",
            (true, false) => "does not scale in",
        };
        format!("{} {word}", scaler.policy.name)
    };
    scalers.iter().map(says).collect()
}

fn policy(sight: &Sight) -> String {
    match &sight.plan {
        Plan::Unknown { why } => format!("unknown: {why}"),
        Plan::Known(planned) => {
            let policy = &planned.policy;
            let (day, night, most) = (policy.day_floor, policy.night.floor, policy.budget_max);
            let (starts, ends) = (policy.calendar.day_starts, policy.calendar.night_starts);
            let zone = policy.calendar.zone.iana_name().unwrap_or("UTC");
            let short = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
            let (starts, ends) = (short(starts), short(ends));
            format!("floor {day} from {starts}, {night} from {ends} ({zone}), at most {most}")
        }
    }
}

pub(super) fn json(sight: &Sight, findings: &[Finding]) -> Value {
    let setup = sight.setup.as_ref().ok();
    json!({
        "group": sight.fleet,
        "at": sight.now,
        "place": sight.place,
        "sizes": setup.map(|setup| setup.group.sizes),
        "serving": setup.map(|setup| setup.group.serving()),
        "mode": sight.mode(),
        "mode_reasons": sight.mode().map(|_| reasons(sight)),
        "findings": findings,
        "stops": findings.iter().filter(|f| f.severity == Severity::Stop).count(),
    })
}
