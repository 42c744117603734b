//! The keys of `[alarms]`.

use super::{Key, Kind, flag, form, text, whole};

/// The router's section, which routes inherit from.
pub(super) const SECTION: &str = "alarms";
/// A route's section.
const ROUTES: &str = "alarms.routes";

/// A key of a route that it inherits from its parent.
const fn inherited(name: &'static str) -> Key {
    Key {
        section: ROUTES,
        name,
        kind: Kind::Inherited,
        meaning: "as in `alarms`, for what takes this route",
    }
}

/// Every key of the router.
pub(super) const KEYS: &[Key] = &[
    text(
        SECTION,
        "topic",
        ("\"warning\"", "warning"),
        "whom to tell: `critical`, `warning`, `escalation`, a name of TIDEGATE_MORE_TOPICS; \
         `none` tells nobody",
    ),
    text(
        SECTION,
        "escalate_topic",
        ("\"escalation\"", "escalation"),
        "whom to tell when a critical alarm stays unresolved; `critical` stands in for \
         `escalation` where there is none",
    ),
    text(
        SECTION,
        "severity",
        ("\"warning\"", "warning"),
        "the severity of an alarm that names none, by tag or by the end of its name",
    ),
    text(
        SECTION,
        "group_by",
        ("[\"fleet\", \"service\"]", "fleet, service"),
        "labels whose alarms are told together; `[\"...\"]`: all labels; `[]`: one group",
    ),
    whole(
        SECTION,
        "group_wait_secs",
        (0, 3_600, Some(30)),
        "seconds that a new group gathers before its first message; critical alarms do not wait",
    ),
    whole(
        SECTION,
        "group_interval_secs",
        (1, 86_400, Some(300)),
        "seconds between messages about new alarms of a group",
    ),
    whole(
        SECTION,
        "repeat_interval_secs",
        (60, 2_592_000, Some(14_400)),
        "seconds between messages about a group while nothing changes",
    ),
    whole(
        SECTION,
        "escalate_after_secs",
        (0, 604_800, Some(900)),
        "seconds that a critical alarm may stay unresolved before the next topic is told; 0: it \
         never is",
    ),
    text(
        SECTION,
        "title",
        ("\"{severity}: {alarm} of {service}\"", "built in"),
        "the subject, after the state; `{alarm}`, `{fleet}`, `{service}`, `{region}`, \
         `{severity}`, `{count}`, `{reason}`, `{group}` are filled in; `\"\"`: built in",
    ),
    text(
        SECTION,
        "text",
        ("\"Call {service}'s owner.\"", "nothing"),
        "stands above the body; filled in as `title`",
    ),
    text(
        SECTION,
        "runbook",
        ("\"https://wiki.example.com/{alarm}\"", "nothing"),
        "the runbook's address; filled in as `title`",
    ),
    whole(
        SECTION,
        "max_per_second",
        (1, 5, Some(5)),
        "messages to one topic in one second; SNS ends an e-mail subscription above 10",
    ),
    whole(
        SECTION,
        "flap_changes",
        (2, 12, Some(3)),
        "beginnings and ends of an alarm within `flap_window_secs` that are flapping",
    ),
    whole(
        SECTION,
        "flap_window_secs",
        (60, 86_400, Some(600)),
        "seconds; see `flap_changes`; as long without a change ends the flapping",
    ),
    text(
        SECTION,
        "inhibit",
        ("[[alarms.inhibit]]", "2 rules, see docs/alarms.md"),
        "what silences what; `[]`: nothing",
    ),
    text(
        SECTION,
        "routes",
        ("[[alarms.routes]]", "2 routes, see docs/alarms.md"),
        "asked in order, before `alarms` itself; the first that matches wins; `[]`: none",
    ),
    form(
        "alarms.inhibit",
        "source",
        ("{ severity = \"critical\" }", false),
        "what explains others while it fires; in the forms of a route's `match`",
    ),
    form(
        "alarms.inhibit",
        "target",
        ("['severity != \"critical\"']", false),
        "what waits meanwhile; `{}`: everything else",
    ),
    text(
        "alarms.inhibit",
        "equal",
        ("[\"resource\"]", "[]"),
        "labels whose values must be the same in both",
    ),
    form(
        ROUTES,
        "match",
        ("{ severity = \"critical\" }` or `['alarm =~ \"aira-.*\"']", false),
        "all must hold; `=`, `!=`, `=~`, `!~`, an expression matches the whole value; `{}`: always",
    ),
    flag(ROUTES, "continue", "ask the next siblings as well"),
    text(ROUTES, "routes", ("[[alarms.routes.routes]]", "[]"), "asked before this one"),
    inherited("topic"),
    inherited("escalate_topic"),
    inherited("severity"),
    inherited("group_by"),
    inherited("group_wait_secs"),
    inherited("group_interval_secs"),
    inherited("repeat_interval_secs"),
    inherited("escalate_after_secs"),
    inherited("title"),
    inherited("text"),
    inherited("runbook"),
];
