//! `policy-show`: a stored document, as it is.

use super::parse;
use super::put::undone;
use crate::{Failure, Report};
use tidegate_domain::ports::{Control, StoredPolicy};

/// The stored document of this version (of the newest five), or of the newest.
///
/// # Errors
/// [`Failure::Undone`] when there is none, or the stored ones cannot be read.
pub async fn show<C: Control>(control: &C, version: Option<u32>) -> Result<Report, Failure> {
    let stored = control.policies().await.map_err(undone)?;
    let wanted = |policy: &&StoredPolicy| version.is_none_or(|v| v == policy.version);
    let Some(found) = stored.iter().find(wanted) else {
        return Err(Failure::Undone(absent(&stored, version)));
    };
    let valid = if parse(&found.document).is_ok() { "" } else { ", not valid" };
    let note = format!("version {}{valid}; there are {}", found.version, numbers(&stored));
    Ok(Report { text: found.document.clone(), notes: vec![note], troubles: Vec::new() })
}

fn absent(stored: &[StoredPolicy], version: Option<u32>) -> String {
    match (version, stored) {
        (_, []) => "no policy is stored; the functions run by the template's".to_owned(),
        (Some(version), _) => {
            format!("version {version} is not among the newest: {}", numbers(stored))
        }
        (None, _) => "no policy is stored".to_owned(),
    }
}

fn numbers(stored: &[StoredPolicy]) -> String {
    stored.iter().map(|p| p.version.to_string()).collect::<Vec<_>>().join(", ")
}
