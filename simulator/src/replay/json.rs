//! A rehearsal as JSON, for other programs.

use super::found::{Bill, PolicyRun, Rehearsal};
use serde_json::{Value, json};
use tidegate_domain::group::Mode;

/// Every figure of the table, and every decision.
pub fn of(found: &Rehearsal) -> Value {
    json!({
        "trace": found.trace,
        "first_minute": found.first,
        "minutes": found.loads.len(),
        "scored_from_minute": found.scored_from,
        "fleet": {
            "capacity_per_instance": found.fleet.capacity,
            "boot_secs": found.fleet.boot_secs,
            "drain_secs": found.fleet.drain_secs,
            "min": found.fleet.min,
            "max": found.fleet.max,
        },
        "oracle_hours": found.oracle_hours,
        "price_usd": found.price,
        "time_zone": found.time_zone,
        "policies": found.runs.iter().map(|run| policy(found, run)).collect::<Vec<_>>(),
    })
}

fn policy(found: &Rehearsal, run: &PolicyRun) -> Value {
    let outcome = &run.outcome;
    let mode = run.mode.map(|mode| match mode {
        Mode::Owner => "owner",
        Mode::Floor => "floor",
    });
    json!({
        "name": run.name,
        "mode": mode,
        "hours": outcome.hours,
        "over_oracle": outcome.hours / found.oracle_hours,
        "requests": outcome.requests,
        "unserved": outcome.unserved,
        "unserved_percent": outcome.unserved_percent(),
        "unserved_hours": outcome.unserved_hours,
        "short_minutes": outcome.short_minutes,
        "worst_run_minutes": outcome.worst_run,
        "launches": outcome.launches,
        "cost_usd": outcome.hours * found.price,
        "j": outcome.judged(found.oracle_hours),
        "bill": run.bill.as_ref().map(bill),
        "decisions": run.decisions.iter().map(|told| json!({
            "second": told.second, "from": told.from, "to": told.to,
            "code": told.code, "text": told.text,
        })).collect::<Vec<_>>(),
        "rules": run.rules.iter().map(|rule| json!({
            "minute": rule.minute, "text": rule.text,
        })).collect::<Vec<_>>(),
    })
}

fn bill(bill: &Bill) -> Value {
    let lines = bill
        .lines
        .iter()
        .map(|line| json!({ "what": line.what, "monthly": line.monthly, "usd": line.usd }));
    json!({ "usd_a_month": bill.total(), "lines": lines.collect::<Vec<_>>() })
}
