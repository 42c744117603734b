//! What alarm-router is told by its environment: the same table and topics, more topics, and the
//! seed policy with its `[alarms]`, which the scaling functions do not read.

use super::{
    ACCOUNT, BadSettings, CHAT_TOPIC, CONTROL_TABLE, CRITICAL_TOPIC, Connection, ESCALATION_TOPIC,
    MORE_TOPICS, Reader, SEED_POLICY, Topics, WARNING_TOPIC, account_id, from_process, shown,
    table_name, topic_arn,
};
use std::collections::BTreeMap;
use tidegate_domain::alarms::policy::parse_whole;

/// Names that mean something already.
const TAKEN: &[&str] = &["chat", "critical", "escalation", "none", "warning"];
/// Characters of a topic's name.
const NAME: usize = 64;

/// The topics that only alarm-router sends to, as ARNs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MoreTopics {
    /// For what stays unresolved; without it the critical one is told.
    pub escalation: Option<String>,
    /// For chat applications, which get every message in a form of their own.
    pub chat: Option<String>,
    /// The operator's own, by the names that routes use.
    pub named: BTreeMap<String, String>,
}

/// Everything that alarm-router is told by its environment.
#[derive(Debug, Clone)]
pub struct RouterSettings {
    /// Where and as whom AWS is called.
    pub connection: Connection,
    /// Name of the control table.
    pub control_table: String,
    /// The topics that every function has.
    pub topics: Topics,
    /// The topics that only the router has.
    pub more_topics: MoreTopics,
    /// The policy document that holds until one is stored; it is valid.
    pub seed_document: String,
    /// Id of the account whose alarms are accepted.
    pub account: String,
}

impl RouterSettings {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault.
    pub fn from_env() -> Result<Self, BadSettings> {
        Self::read(from_process)
    }

    /// Reads variables from `get`.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let mut reader = Reader::new(&get);
        let connection = reader.connection();
        let control_table = reader.checked(CONTROL_TABLE, table_name);
        let warning = reader.checked(WARNING_TOPIC, topic_arn);
        let critical = reader.checked(CRITICAL_TOPIC, topic_arn);
        let more_topics = MoreTopics {
            escalation: reader.checked_if_set(ESCALATION_TOPIC, topic_arn),
            chat: reader.checked_if_set(CHAT_TOPIC, topic_arn),
            named: reader.checked_if_set(MORE_TOPICS, named_topics).unwrap_or_default(),
        };
        let seed_document = reader.checked(SEED_POLICY, seed_document);
        let account = reader.checked(ACCOUNT, account_id);
        let settings = (|| {
            Some(Self {
                connection: connection?,
                control_table: control_table?,
                topics: Topics { warning: warning?, critical: critical? },
                more_topics,
                seed_document: seed_document?,
                account: account?,
            })
        })();
        reader.finish(settings)
    }
}

fn seed_document(document: &str) -> Result<String, String> {
    parse_whole(document).map(|_| document.to_owned()).map_err(|faults| faults.to_string())
}

fn named_topics(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut topics = BTreeMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, arn) = pair
            .split_once('=')
            .ok_or_else(|| format!("must be NAME=ARN,NAME=ARN, got {}", shown(pair)))?;
        let name = topic_name(name.trim())?;
        if topics.insert(name.clone(), topic_arn(arn.trim())?).is_some() {
            return Err(format!("names the topic {name} twice"));
        }
    }
    Ok(topics)
}

fn topic_name(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > NAME || !name.chars().all(plain) {
        return Err(format!("has a name that is none (letters, digits, - and _): {}", shown(name)));
    }
    if TAKEN.contains(&name) {
        return Err(format!("gives a topic the name {name}, which has a meaning of its own"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::good;
    use super::*;

    const ARN: &str = "arn:aws:sns:eu-central-1:123456789012:";

    fn read(changes: &[(&'static str, String)]) -> Result<RouterSettings, BadSettings> {
        let mut env: BTreeMap<&str, String> =
            good().into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        env.extend(changes.iter().cloned());
        RouterSettings::read(|name| env.get(name).cloned())
    }

    #[test]
    fn more_topics_are_optional() {
        assert_eq!(read(&[]).unwrap().more_topics, MoreTopics::default());
        let all = read(&[
            (ESCALATION_TOPIC, format!("{ARN}boss")),
            (CHAT_TOPIC, format!("{ARN}chat")),
            (MORE_TOPICS, format!("data-team={ARN}data, web_team={ARN}web,")),
        ]);
        let more = all.unwrap().more_topics;
        assert_eq!(more.escalation, Some(format!("{ARN}boss")));
        assert_eq!(more.chat, Some(format!("{ARN}chat")));
        let named = more.named.iter().map(|(name, arn)| format!("{name}={arn}"));
        let expected = [format!("data-team={ARN}data"), format!("web_team={ARN}web")];
        assert_eq!(named.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn wrong_topics_are_refused_by_name() {
        let twice = format!("a={ARN}a,a={ARN}b");
        for (name, value, why) in [
            (ESCALATION_TOPIC, "boss", "is not the ARN of a topic"),
            (CHAT_TOPIC, "arn:aws:sqs:eu-central-1:123456789012:c", "is not the ARN of a topic"),
            (MORE_TOPICS, "data", "must be NAME=ARN"),
            (MORE_TOPICS, "data=there", "is not the ARN of a topic"),
            (MORE_TOPICS, &format!("={ARN}a"), "has a name that is none"),
            (MORE_TOPICS, &format!("two words={ARN}a"), "has a name that is none"),
            (MORE_TOPICS, &format!("none={ARN}a"), "has a meaning of its own"),
            (MORE_TOPICS, &twice, "names the topic a twice"),
        ] {
            let error = read(&[(name, value.to_owned())]).unwrap_err();
            assert_eq!(error.faults.len(), 1, "{error}");
            assert!(error.faults[0].starts_with(name) && error.faults[0].contains(why), "{error}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = RouterSettings::read(|name| {
            [ESCALATION_TOPIC, CHAT_TOPIC, MORE_TOPICS].contains(&name).then(|| "x".to_owned())
        });
        let faults = faults.unwrap_err().faults;
        for name in [
            CONTROL_TABLE,
            WARNING_TOPIC,
            CRITICAL_TOPIC,
            ESCALATION_TOPIC,
            CHAT_TOPIC,
            MORE_TOPICS,
            SEED_POLICY,
            ACCOUNT,
        ] {
            let told = faults.iter().filter(|fault| fault.starts_with(name)).count();
            assert_eq!(told, 1, "{name}: {faults:?}");
        }
    }
}
