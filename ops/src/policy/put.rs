//! `policy-put`: a document becomes the next stored version.
//!
//! What must stay true: an invalid document is never stored; nobody's version is ever
//! overwritten; what is stored is the very text that was shown.

use super::{changes, parse};
use crate::words::visible;
use crate::{Failure, Report};
use std::fmt::Write as _;
use tidegate_domain::alarms::policy::AlarmPolicy;
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::{Control, PortError, Stored, StoredPolicy};

/// A valid document that is to become a version, and what that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The version to be.
    pub version: u32,
    /// What changes, for people.
    pub changes: String,
    document: String,
}

/// Checks the document and compares it with what holds now: the newest stored version, or
/// `seed`, the template's, while none is stored.
///
/// # Errors
/// [`Failure::Input`] with every fault of the document; [`Failure::Undone`] when the
/// document is the newest version already, or the stored ones cannot be read.
pub async fn prepare<C: Control>(
    control: &C,
    document: &str,
    seed: Option<&str>,
) -> Result<Draft, Failure> {
    parse(document)?;
    let newest = newest(control).await?;
    if let Some(same) = newest.as_ref().filter(|stored| stored.document == document) {
        let version = same.version;
        return Err(Failure::Undone(format!(
            "this is version {version} already; nothing to store"
        )));
    }
    let last = newest.as_ref().map_or(0, |stored| stored.version);
    let version = last
        .checked_add(1)
        .ok_or_else(|| Failure::Undone("there is no version number left".to_owned()))?;
    let changes = match (&newest, seed) {
        (Some(stored), _) => compared(&format!("version {last}"), &stored.document, document),
        (None, Some(seed)) => compared("the template's policy", seed, document),
        (None, None) => {
            "no version is stored yet: it takes the place of the template's policy\n".to_owned()
        }
    };
    Ok(Draft { version, changes, document: document.to_owned() })
}

async fn newest<C: Control>(control: &C) -> Result<Option<StoredPolicy>, Failure> {
    let stored = control.policies().await.map_err(undone)?;
    Ok(stored.into_iter().next())
}

fn compared(name: &str, old: &str, new: &str) -> String {
    let mut out = String::new();
    if Policy::parse(old).is_err() {
        let _ = writeln!(out, "{name} is not valid; nothing is lowered under it");
    } else if AlarmPolicy::parse(old).is_err() {
        let _ = writeln!(out, "{name} has alarms that are not valid");
    }
    match changes(old, new) {
        None => {
            let _ = writeln!(out, "{name} cannot be read, so it is not compared");
        }
        Some(lines) if lines.is_empty() => {
            let _ = writeln!(out, "against {name} only comments, order or layout change");
        }
        Some(lines) => {
            let _ = writeln!(out, "against {name}:");
            for line in lines {
                let _ = writeln!(out, "  {}", visible(&line));
            }
        }
    }
    out
}

/// Stores the draft as its version, unless that version exists by now.
///
/// # Errors
/// [`Failure::Undone`] when somebody else stored that version meanwhile, or it could not be
/// written.
pub async fn store<C: Control>(control: &C, draft: &Draft) -> Result<Report, Failure> {
    let version = draft.version;
    let policy = StoredPolicy { version, document: draft.document.clone() };
    match control.put_policy(&policy).await.map_err(undone)? {
        Stored::Version(_) => Ok(Report::of(format!(
            "stored as version {version}; every function uses it from its next wake-up on\n"
        ))),
        Stored::Conflict => Err(Failure::Undone(format!(
            "somebody else stored version {version} meanwhile, and nothing was written: look at \
             it with policy-show, and put yours again"
        ))),
    }
}

pub(super) fn undone(error: PortError) -> Failure {
    Failure::Undone(error.to_string())
}
