//! What every implementation of `Notices` promises.

use super::{Arrange, Body, Case, Fact, Missing, Published, Stop, Verdict, refused, same};
use tidegate_domain::ids::FleetName;
use tidegate_domain::notice::{Notice, Severity};
use tidegate_domain::ports::Notices;

/// The suite.
pub fn cases<S: Arrange>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        a_notice_reaches_the_topic_of_its_severity,
        the_body_arrives_as_it_is,
        the_longest_subject_and_body_are_taken,
        what_sns_does_not_take_is_refused,
        a_missing_topic_refuses,
    ];
    Case::table("notices", cases)
}

/// A notice whose subject no other case uses.
fn notice<S: Arrange>(stage: &S, severity: Severity) -> Result<Notice, Stop> {
    let fleet = FleetName::new("contract").map_err(|e| Stop::Failed(e.to_string()))?;
    Ok(Notice::new(&fleet, severity, "key", &stage.unique("notice")))
}

/// What was published under a notice's subject.
async fn arrived<S: Arrange>(stage: &S, notice: &Notice) -> Result<Vec<Published>, Stop> {
    let published = stage.published().await?;
    Ok(published.into_iter().filter(|p| p.subject == notice.subject).collect())
}

async fn arrives<S: Arrange>(stage: &S, notice: Notice) -> Verdict {
    stage.world().publish(&notice).await?;
    let found = arrived(stage, &notice).await?;
    let Notice { severity, subject, body, .. } = notice;
    same("published", found, vec![Published { severity, subject, body }])
}

async fn a_notice_reaches_the_topic_of_its_severity<S: Arrange>(stage: &S) -> Verdict {
    for severity in [Severity::Warning, Severity::Critical] {
        arrives(stage, notice(stage, severity)?).await?;
    }
    Ok(())
}

async fn the_body_arrives_as_it_is<S: Arrange>(stage: &S) -> Verdict {
    let body = "밤: held.\n\tWhy: \"load\" & <more> \\ 100 %\n";
    arrives(stage, notice(stage, Severity::Warning)?.body(body)).await
}

async fn the_longest_subject_and_body_are_taken<S: Arrange>(stage: &S) -> Verdict {
    let mut notice = notice(stage, Severity::Warning)?;
    let rest = 99_usize.saturating_sub(notice.subject.len());
    notice.subject.push_str(&"x".repeat(rest));
    // SNS's 262,144 bytes hold the message's attributes too.
    arrives(stage, notice.body("y".repeat(260_000))).await
}

async fn what_sns_does_not_take_is_refused<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::NoticeLimits)?;
    let long = "x".repeat(100);
    for subject in [long.as_str(), "", "two\nlines", "밤"] {
        let mut notice = notice(stage, Severity::Warning)?;
        notice.subject = subject.to_owned();
        refused(&format!("subject {subject:?}"), stage.world().publish(&notice).await)?;
    }
    let empty = notice(stage, Severity::Warning)?.body("");
    refused("an empty body", stage.world().publish(&empty).await)?;
    let large = notice(stage, Severity::Warning)?.body("y".repeat(262_145));
    refused("a body too large", stage.world().publish(&large).await)?;
    same("published", arrived(stage, &large).await?, Vec::new())
}

async fn a_missing_topic_refuses<S: Arrange>(stage: &S) -> Verdict {
    let world = stage.without(Missing::Topics).await?;
    refused("publish", world.publish(&notice(stage, Severity::Critical)?).await)
}
