//! Every key of the policy document, once: its unit, default, range and meaning.
//! The reader takes defaults and ranges from here, and the README's table is
//! checked against it.

mod alarms;

/// A key of the document.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The table it stands in, as written in the README (`""`, `fleet`, `fleet.day`, ...).
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Type, range and default.
    pub kind: Kind,
    /// What it means; the unit comes first.
    pub meaning: &'static str,
}

/// Type, range and default of a key. No default: the key is required.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A whole number within the bounds.
    Whole {
        /// Least value.
        min: u32,
        /// Greatest value.
        max: u32,
        /// Value when the key is absent.
        default: Option<u32>,
    },
    /// A number within the bounds.
    Number {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
        /// Value when the key is absent.
        default: Option<f64>,
    },
    /// `true` or `false`, default `false`.
    Flag,
    /// One of the words; the first is the default when `defaulted`.
    Choice {
        /// The words.
        words: &'static [&'static str],
        /// Whether the key may be absent.
        defaulted: bool,
    },
    /// Text in a form of its own; `optional` keys may be absent.
    Form {
        /// The form, as an example.
        example: &'static str,
        /// Whether the key may be absent.
        optional: bool,
    },
    /// Text in a form of its own that has a default.
    Text {
        /// The form, as an example.
        example: &'static str,
        /// What holds when the key is absent, in words.
        default: &'static str,
    },
    /// As the key of the same name in `alarms`; a route that does not set it has its parent's.
    Inherited,
}

/// Every key, of the fleets and of the router.
pub fn all() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(alarms::KEYS)
}

/// The key of this name in this section.
pub(crate) fn find(section: &str, name: &str) -> Option<&'static Key> {
    all().find(|key| key.section == section && key.name == name)
}

impl Key {
    /// Type, range and default; an inherited key has those of the key that it inherits.
    pub fn resolved(&self) -> Kind {
        match self.kind {
            Kind::Inherited => find(alarms::SECTION, self.name).map_or(self.kind, |key| key.kind),
            kind => kind,
        }
    }

    /// Range or form, for the README.
    pub fn range(&self) -> String {
        match self.resolved() {
            Kind::Whole { min, max, .. } => format!("{min} to {max}"),
            Kind::Number { min, max, .. } => format!("{min} to {max}"),
            Kind::Flag => "true, false".into(),
            Kind::Choice { words, .. } => words.join(", "),
            Kind::Form { example, .. } | Kind::Text { example, .. } => example.into(),
            Kind::Inherited => String::new(),
        }
    }

    /// Default, for the README.
    pub fn default(&self) -> String {
        match self.kind {
            Kind::Whole { default: Some(n), .. } => n.to_string(),
            Kind::Number { default: Some(n), .. } => n.to_string(),
            Kind::Flag => "false".into(),
            Kind::Choice { words, defaulted: true } => (*words.first().unwrap_or(&"")).into(),
            Kind::Form { optional: true, .. } => "none".into(),
            Kind::Text { default, .. } => default.into(),
            Kind::Inherited => "the parent's".into(),
            _ => "required".into(),
        }
    }
}

/// More instances than any group this is meant for; catches a slipped finger.
const MOST: u32 = 10_000;

const fn whole(
    section: &'static str,
    name: &'static str,
    (min, max, default): (u32, u32, Option<u32>),
    meaning: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Whole { min, max, default }, meaning }
}

const fn form(
    section: &'static str,
    name: &'static str,
    (example, optional): (&'static str, bool),
    meaning: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Form { example, optional }, meaning }
}

const fn choice(
    section: &'static str,
    name: &'static str,
    (words, defaulted): (&'static [&'static str], bool),
    meaning: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Choice { words, defaulted }, meaning }
}

const fn number(
    section: &'static str,
    name: &'static str,
    (min, max, default): (f64, f64, Option<f64>),
    meaning: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Number { min, max, default }, meaning }
}

const fn flag(section: &'static str, name: &'static str, meaning: &'static str) -> Key {
    Key { section, name, kind: Kind::Flag, meaning }
}

const fn text(
    section: &'static str,
    name: &'static str,
    (example, default): (&'static str, &'static str),
    meaning: &'static str,
) -> Key {
    Key { section, name, kind: Kind::Text { example, default }, meaning }
}

/// Every key but the router's. `fleet` stands for `fleets.NAME`.
const KEYS: &[Key] = &[
    whole("", "version", (1, 1, None), "the document's format"),
    flag("", "dry_run", "decide and report, never act, for every fleet"),
    form("", "fleets", ("[fleets.NAME]", false), "one table for each Auto Scaling group, by name"),
    form(
        "",
        "alarms",
        ("[alarms]", true),
        "the alarm router: its tree and whom it tells; not used by the scaling functions",
    ),
    whole("fleet", "min", (0, MOST, None), "capacity units; never below"),
    form("fleet", "time_zone", ("\"Asia/Seoul\"", false), "IANA zone of every time in this fleet"),
    form("fleet", "load", ("{ expression, metrics, healthy }", false), "what is measured"),
    form("fleet", "day", ("[fleets.NAME.day]", false), "the day window"),
    form("fleet", "night", ("[fleets.NAME.night]", false), "the night"),
    form("fleet", "lower", ("[fleets.NAME.lower]", true), "the gate of every lowering"),
    form("fleet", "spike", ("[[fleets.NAME.spike]]", true), "step tables, one for each alarm"),
    number(
        "fleet",
        "capacity_per_instance",
        (1e-9, 1e12, None),
        "load that one capacity unit serves inside the SLO, in the load's unit per minute",
    ),
    whole(
        "fleet",
        "boot_secs",
        (1, 3600, Some(180)),
        "seconds from launch to in service, before any launch was measured",
    ),
    choice(
        "fleet",
        "sizing",
        (&["advise", "on", "off"], true),
        "headroom that is learned: `advise` reports what it would do, `on` acts (in owner mode)",
    ),
    choice(
        "fleet",
        "sla",
        (&["balanced", "thrifty", "strict"], true),
        "price of unserved load, for sizing: 300, 100 or 1000 times the capacity that serves it",
    ),
    flag("fleet", "az_reserve", "sizing adds what the loss of one zone needs"),
    flag(
        "fleet",
        "capacity_confirmed",
        "`capacity_per_instance` was measured; until then sizing keeps a headroom of 1.6",
    ),
    whole(
        "fleet",
        "budget_max",
        (1, MOST, Some(MOST)),
        "capacity units; our own ceiling under MaxSize",
    ),
    form(
        "fleet.load",
        "expression",
        ("\"requests\"", false),
        "CloudWatch metric math over the metrics' names",
    ),
    form(
        "fleet.load",
        "metrics",
        ("{ requests = \"AWS/ApplicationELB RequestCount Sum LoadBalancer=app/x/1\" }", false),
        "namespace, metric, statistic, dimensions; by the minute",
    ),
    form(
        "fleet.load",
        "healthy",
        ("\"AWS/ApplicationELB HealthyHostCount Minimum ...\"", true),
        "tells a true zero of load from a missing metric; without it missing data is unknown",
    ),
    form(
        "fleet.day",
        "starts",
        ("\"08:00\"", false),
        "local time by which the capacity has arrived",
    ),
    whole("fleet.day", "floor", (0, MOST, None), "capacity units kept by day"),
    form(
        "fleet.day",
        "days",
        ("[\"mon\", \"tue\"]", true),
        "weekdays that have a day; mon to fri unless given",
    ),
    form("fleet.night", "starts", ("\"22:00\"", false), "local time at which the night starts"),
    whole("fleet.night", "floor", (0, MOST, None), "capacity units kept by night"),
    number(
        "fleet.night",
        "headroom",
        (1.0, 4.0, Some(1.3)),
        "times the measured need, in every lowering",
    ),
    form(
        "fleet.night",
        "holidays",
        ("{ \"2027-01-01\" = \"sun\" }", true),
        "dates that count as another weekday",
    ),
    form(
        "fleet.night",
        "exceptions",
        ("[{ stay_up_until = \"2026-12-31T02:00\", reason = \"launch\" }]", true),
        "evenings that go on",
    ),
    whole(
        "fleet.lower",
        "step_percent",
        (1, 20, Some(20)),
        "percent of the capacity that one lowering takes at most (at least 1 unit)",
    ),
    whole(
        "fleet.lower",
        "bake_secs",
        (60, 86_400, Some(600)),
        "seconds between a termination and the next lowering",
    ),
    form(
        "fleet.lower",
        "veto_alarms",
        ("[\"aira-web-5xx-critical\"]", true),
        "alarms that forbid lowering while in ALARM and 15 minutes after",
    ),
    form(
        "fleet.spike",
        "alarm",
        ("\"aira-web-cpu-high\"", false),
        "a metric alarm; its threshold and metric are read from CloudWatch",
    ),
    choice(
        "fleet.spike",
        "adjustment",
        (&["change", "percent", "exact"], false),
        "EC2's ChangeInCapacity, PercentChangeInCapacity, ExactCapacity",
    ),
    form(
        "fleet.spike",
        "steps",
        ("[{ from = 0, to = 15, add = 10 }, { from = 15, add = 30 }]", false),
        "bounds above the alarm's threshold, in the metric's unit",
    ),
    whole(
        "fleet.spike",
        "min_magnitude",
        (1, MOST, Some(1)),
        "capacity units; least change of a percent step",
    ),
    whole(
        "fleet.spike",
        "warmup_secs",
        (0, 3600, Some(180)),
        "seconds in service before an instance counts as base",
    ),
    whole(
        "fleet.spike",
        "stabilization_secs",
        (60, 86_400, Some(600)),
        "seconds of quiet before anything is lowered",
    ),
    whole(
        "fleet.spike",
        "growth_10min_percent",
        (1, MOST, Some(200)),
        "percent that steps may add in 10 minutes",
    ),
    whole(
        "fleet.spike",
        "growth_hour_percent",
        (1, MOST, Some(400)),
        "percent that steps may add in an hour",
    ),
];
