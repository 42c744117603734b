//! Names that come from outside, checked once: an empty, oversized or
//! control-character name cannot be built. Copies share their text.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A name that AWS would not accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be 1 to 255 printable characters, got {got:?}")]
pub struct BadName {
    what: &'static str,
    got: String,
}

fn checked(what: &'static str, text: &str) -> Result<Arc<str>, BadName> {
    let printable = text.chars().all(|c| !c.is_control());
    let fits = (1..=255).contains(&text.chars().count()) && text == text.trim();
    if printable && fits {
        Ok(text.into())
    } else {
        Err(BadName { what, got: text.chars().take(60).collect() })
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and takes a name.
            ///
            /// # Errors
            /// [`BadName`] when it is empty, longer than 255 characters, has outer
            /// blanks or control characters.
            pub fn new(text: impl AsRef<str>) -> Result<Self, BadName> {
                checked($what, text.as_ref()).map(Self)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }
    };
}

name_type!(
    /// The name of a fleet: its Auto Scaling group's name.
    FleetName, "a fleet's name"
);
name_type!(
    /// The name of a CloudWatch alarm.
    AlarmName, "an alarm's name"
);
name_type!(
    /// An EC2 instance id.
    InstanceId, "an instance id"
);

/// A text that is copied often: copies share it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SharedText(Arc<str>);

impl SharedText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SharedText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for SharedText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<SharedText> for String {
    fn from(text: SharedText) -> Self {
        text.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for (name, good) in [("aira-web", true), ("", false), (" a", false), ("a\nb", false)] {
            assert_eq!(FleetName::new(name).is_ok(), good, "{name:?}");
        }
        assert!(FleetName::new("x".repeat(256)).is_err());
    }
}
