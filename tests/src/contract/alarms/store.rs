//! What every implementation of `AlarmStore` promises but for leases: the list of groups, members,
//! what people know, silences, what was spent.

use super::Scene;
use crate::contract::{Arrange, Body, Case, Missing, Stop, Verdict, holds, refused, same};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::alarms::group::GroupState;
use tidegate_domain::alarms::ports::{AlarmStore, GroupEntry, GroupRead, Kept, MemberWrite};
use tidegate_domain::alarms::silence::Silence;
use tidegate_domain::ports::{Clock, Stored};

/// The suite.
pub fn cases<S: Arrange>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        an_opened_group_is_on_the_list,
        a_group_that_is_opened_again_keeps_what_it_explains,
        many_groups_are_opened_at_once,
        a_settled_group_reads_back_as_written,
        a_group_is_settled_against_its_stamp,
        a_group_that_was_opened_meanwhile_stays_on_the_list,
        a_repeated_settle_of_our_own_is_success,
        an_unknown_member_is_none,
        members_read_back_as_written_in_the_order_asked,
        members_are_written_against_their_versions,
        a_hundred_members_are_written_and_read_at_once,
        groups_have_members_of_their_own,
        a_forgotten_member_is_gone,
        an_unknown_group_is_empty,
        a_group_is_read_whole,
        what_people_know_is_written_against_its_version,
        a_repeated_mark_of_our_own_is_success,
        an_equal_mark_of_another_run_is_a_conflict,
        a_state_that_cannot_be_read_is_replaced,
        silences_read_back_and_are_replaced,
        a_second_gives_no_more_than_most,
        each_second_and_each_topic_is_its_own,
        a_missing_table_refuses_the_router,
    ];
    Case::table("alarm_store", cases)
}

async fn an_opened_group_is_on_the_list<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    same("before", scene.listed().await?, None)?;
    scene.world().open(&[scene.opening(30)], "s-1").await?;
    let GroupEntry { due, told, explains, stamp, .. } = scene.listed().await?.ok_or_else(absent)?;
    same("due", due, scene.at(30))?;
    same("stamp", stamp, "s-1".to_owned())?;
    same("nothing else", (told, explains.len()), (None, 0))
}

fn absent() -> Stop {
    Stop::Failed("the group is not on the list".to_owned())
}

async fn a_group_that_is_opened_again_keeps_what_it_explains<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    let entry = scene.entry(300, "s-1");
    same("settle", scene.world().settle(&scene.group(), None, Some(&entry)).await?, true)?;
    for (stamp, due) in [("s-2", 10), ("s-2", 10), ("s-3", 900)] {
        scene.world().open(&[scene.opening(due)], stamp).await?;
        let expected = GroupEntry { stamp: stamp.to_owned(), due: scene.at(due), ..entry.clone() };
        same("entry", scene.listed().await?, Some(expected))?;
    }
    Ok(())
}

async fn many_groups_are_opened_at_once<S: Arrange>(stage: &S) -> Verdict {
    let scenes: Vec<Scene<'_, S>> = (0..40).map(|_| Scene::new(stage)).collect();
    let openings: Vec<_> = scenes.iter().map(|scene| scene.opening(1)).collect();
    stage.world().open(&openings, "s-1").await?;
    for scene in &scenes {
        holds(scene.listed().await?.is_some(), "one of them is not on the list")?;
    }
    stage.world().open(&[], "s-1").await?;
    Ok(())
}

async fn a_settled_group_reads_back_as_written<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    let (group, world) = (scene.group(), scene.world());
    let first = scene.entry(300, "s-1");
    same("first", world.settle(&group, None, Some(&first)).await?, true)?;
    same("entry", scene.listed().await?, Some(first))?;
    let second = GroupEntry { told: None, ..scene.entry(600, "s-2") };
    same("second", world.settle(&group, Some("s-1"), Some(&second)).await?, true)?;
    same("entry", scene.listed().await?, Some(second))?;
    same("off", world.settle(&group, Some("s-2"), None).await?, true)?;
    same("entry", scene.listed().await?, None)
}

async fn a_group_is_settled_against_its_stamp<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    let (group, world) = (scene.group(), scene.world());
    let (stands, late) = (scene.entry(300, "s-1"), scene.entry(600, "s-9"));
    same("unseen", world.settle(&group, Some("s-0"), Some(&late)).await?, false)?;
    same("not listed", scene.listed().await?, None)?;
    same("first", world.settle(&group, None, Some(&stands)).await?, true)?;
    same("not new", world.settle(&group, None, Some(&late)).await?, false)?;
    same("older", world.settle(&group, Some("s-0"), Some(&late)).await?, false)?;
    same("off, not new", world.settle(&group, None, None).await?, false)?;
    same("off, older", world.settle(&group, Some("s-0"), None).await?, false)?;
    same("it stands", scene.listed().await?, Some(stands))
}

async fn a_group_that_was_opened_meanwhile_stays_on_the_list<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    let (group, world) = (scene.group(), scene.world());
    world.open(&[scene.opening(0)], "s-1").await?;
    world.open(&[scene.opening(5)], "s-2").await?;
    same("off", world.settle(&group, Some("s-1"), None).await?, false)?;
    let entry = scene.entry(600, "s-3");
    same("later", world.settle(&group, Some("s-1"), Some(&entry)).await?, false)?;
    let listed = scene.listed().await?.ok_or_else(absent)?;
    same("still due", (listed.due, listed.stamp), (scene.at(5), "s-2".to_owned()))
}

async fn a_repeated_settle_of_our_own_is_success<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    let (group, world) = (scene.group(), scene.world());
    world.open(&[scene.opening(0)], "s-1").await?;
    let entry = scene.entry(300, "s-2");
    for _ in 0..2 {
        same("settle", world.settle(&group, Some("s-1"), Some(&entry)).await?, true)?;
    }
    same("entry", scene.listed().await?, Some(entry))
}

async fn keep<S: Arrange>(
    scene: &Scene<'_, S>,
    writes: &[MemberWrite],
) -> Result<Vec<Stored>, Stop> {
    let answers = scene.world().keep(writes).await;
    Ok(answers.into_iter().collect::<Result<_, _>>()?)
}

async fn an_unknown_member_is_none<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    same("one", scene.world().members(&[scene.id("a")]).await?, vec![None])?;
    same("none", scene.world().members(&[]).await?, Vec::new())
}

async fn members_read_back_as_written_in_the_order_asked<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    let writes = ["a", "b", "c"].map(|name| scene.write(name, 0));
    same("keep", keep(&scene, &writes).await?, vec![Stored::Version(1); 3])?;
    let ids = ["c", "nobody", "a", "b"].map(|name| scene.id(name));
    let kept = |name| Some(Kept { member: scene.member(name), version: 1 });
    let expected = vec![kept("c"), None, kept("a"), kept("b")];
    same("members", scene.world().members(&ids).await?, expected)
}

async fn members_are_written_against_their_versions<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    same("of nothing", keep(&scene, &[scene.write("a", 1)]).await?, vec![Stored::Conflict])?;
    same("first", keep(&scene, &[scene.write("a", 0)]).await?, vec![Stored::Version(1)])?;
    same("not new", keep(&scene, &[scene.write("a", 0)]).await?, vec![Stored::Conflict])?;
    let mut over = scene.write("a", 1);
    (over.member.since, over.expires) = (None, Some(scene.at(86_400)));
    let writes = [over.clone(), scene.write("b", 7), scene.write("c", 0)];
    let expected = vec![Stored::Version(2), Stored::Conflict, Stored::Version(1)];
    same("each by itself", keep(&scene, &writes).await?, expected)?;
    same("late", keep(&scene, &[scene.write("a", 1)]).await?, vec![Stored::Conflict])?;
    let found = scene.world().members(&[scene.id("a"), scene.id("b")]).await?;
    same("they stand", found, vec![Some(Kept { member: over.member, version: 2 }), None])
}

async fn a_hundred_members_are_written_and_read_at_once<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    let names: Vec<String> = (0..100).map(|nth| format!("a{nth}")).collect();
    let writes: Vec<_> = names.iter().map(|name| scene.write(name, 0)).collect();
    same("keep", keep(&scene, &writes).await?, vec![Stored::Version(1); 100])?;
    let ids: Vec<_> = names.iter().map(|name| scene.id(name)).collect();
    let found = scene.world().members(&ids).await?;
    let found: Vec<_> = found.into_iter().flatten().map(|kept| kept.member).collect();
    let expected: Vec<_> = names.iter().map(|name| scene.member(name)).collect();
    same("members", found, expected)
}

async fn groups_have_members_of_their_own<S: Arrange>(stage: &S) -> Verdict {
    let [one, two] = [Scene::new(stage), Scene::new(stage)];
    keep(&one, &[one.write("a", 0)]).await?;
    same("two", two.world().members(&[two.id("a")]).await?, vec![None])?;
    same("two", two.world().group(&two.group()).await?, GroupRead::default())
}

async fn a_forgotten_member_is_gone<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    keep(&scene, &[scene.write("a", 0), scene.write("b", 0)]).await?;
    for _ in 0..2 {
        scene.world().forget(&[scene.id("a"), scene.id("nobody")]).await?;
    }
    let found = scene.world().group(&scene.group()).await?.members;
    same("members", found, vec![Kept { member: scene.member("b"), version: 1 }])?;
    same("new again", keep(&scene, &[scene.write("a", 0)]).await?, vec![Stored::Version(1)])
}

async fn an_unknown_group_is_empty<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    same("group", scene.world().group(&scene.group()).await?, GroupRead::default())
}

async fn a_group_is_read_whole<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    let (world, token) = (scene.world(), scene.token("a"));
    // A lease beside it is none of it.
    world.take(&scene.group(), &token, scene.at(0), scene.at(60)).await?;
    keep(&scene, &["a", "b", "c"].map(|name| scene.write(name, 0))).await?;
    keep(&scene, &[scene.write("b", 1)]).await?;
    same("mark", world.mark(&scene.state(3), 0, &token).await?, Stored::Version(1))?;
    let version = |name| if name == "b" { 2 } else { 1 };
    let kept = |name| Kept { member: scene.member(name), version: version(name) };
    let mut members = ["a", "b", "c"].map(kept).to_vec();
    members.sort_by_key(|kept| kept.member.fingerprint());
    let expected = GroupRead { state: Some(scene.state(3)), version: 1, members };
    same("group", world.group(&scene.group()).await?, expected)
}

async fn mark<S: Arrange>(
    scene: &Scene<'_, S>,
    state: &GroupState,
    expected: u64,
    who: &str,
) -> Result<Stored, Stop> {
    Ok(scene.world().mark(state, expected, &scene.token(who)).await?)
}

async fn what_people_know_is_written_against_its_version<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    same("of nothing", mark(&scene, &scene.state(9), 1, "a").await?, Stored::Conflict)?;
    same("first", mark(&scene, &scene.state(1), 0, "a").await?, Stored::Version(1))?;
    same("second", mark(&scene, &scene.state(2), 1, "b").await?, Stored::Version(2))?;
    same("late", mark(&scene, &scene.state(9), 1, "c").await?, Stored::Conflict)?;
    same("not new", mark(&scene, &scene.state(9), 0, "c").await?, Stored::Conflict)?;
    let read = scene.world().group(&scene.group()).await?;
    same("state", (read.state, read.version), (Some(scene.state(2)), 2))
}

async fn a_repeated_mark_of_our_own_is_success<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    for expected in [0, 1] {
        for _ in 0..2 {
            let stored = mark(&scene, &scene.state(1), expected, "a").await?;
            same("mark", stored, Stored::Version(expected + 1))?;
        }
    }
    same("version", scene.world().group(&scene.group()).await?.version, 2)
}

async fn an_equal_mark_of_another_run_is_a_conflict<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    mark(&scene, &scene.state(1), 0, "a").await?;
    same("equal", mark(&scene, &scene.state(1), 0, "b").await?, Stored::Conflict)
}

async fn a_state_that_cannot_be_read_is_replaced<S: Arrange>(stage: &S) -> Verdict {
    for document in ["{", r#"{"from_the_future":1}"#] {
        let scene = Scene::new(stage);
        keep(&scene, &[scene.write("a", 0)]).await?;
        mark(&scene, &scene.state(1), 0, "a").await?;
        stage.garble_group(&scene.group(), document).await?;
        let read = scene.world().group(&scene.group()).await?;
        same(document, (read.state, read.members.len()), (None, 1))?;
        holds(read.version > 0, "a version to write against")?;
        let stored = mark(&scene, &scene.state(2), read.version, "b").await?;
        same(document, stored, Stored::Version(read.version + 1))?;
        same(document, scene.world().group(&scene.group()).await?.state, Some(scene.state(2)))?;
    }
    Ok(())
}

async fn silences_read_back_and_are_replaced<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    let mut silence = Silence {
        id: stage.unique("s"),
        matchers: "severity != \"critical\", alarm =~ \"web-.*\"".to_owned(),
        starts: scene.at(-60),
        ends: scene.at(3_600),
        author: "김".to_owned(),
        comment: "a move".to_owned(),
    };
    for comment in ["a move", "a longer move"] {
        comment.clone_into(&mut silence.comment);
        scene.world().put_silence(&silence).await?;
        let mut found = scene.world().silences().await?;
        found.retain(|found| found.id == silence.id);
        same("silences", found, vec![silence.clone()])?;
    }
    // One that is long over is not shown, whether it was removed yet or not.
    silence.ends = scene.at(-2 * 86_400);
    scene.world().put_silence(&silence).await?;
    let found = scene.world().silences().await?;
    holds(found.iter().all(|found| found.id != silence.id), "it is long over")
}

async fn a_second_gives_no_more_than_most<S: Arrange>(stage: &S) -> Verdict {
    let topic = stage.unique("topic");
    let second = stage.world().wall().as_second();
    for (want, granted) in [(2, 2), (0, 0), (2, 2), (3, 1), (1, 0)] {
        same("granted", stage.world().spend(&topic, second, want, 5).await?, granted)?;
    }
    Ok(())
}

async fn each_second_and_each_topic_is_its_own<S: Arrange>(stage: &S) -> Verdict {
    let [one, two] = ["topic", "topic"].map(|stem| stage.unique(stem));
    let world = stage.world();
    let second = Timestamp::as_second(world.wall() + SignedDuration::from_secs(1));
    same("one", world.spend(&one, second, 9, 5).await?, 5)?;
    same("two", world.spend(&two, second, 3, 5).await?, 3)?;
    same("next", world.spend(&one, second + 1, 3, 5).await?, 3)?;
    same("what is over gives nothing", world.spend(&one, second, 1, 5).await?, 0)?;
    same("next", world.spend(&one, second + 1, 3, 5).await?, 2)
}

async fn a_missing_table_refuses_the_router<S: Arrange>(stage: &S) -> Verdict {
    let (scene, world) = (Scene::new(stage), stage.without(Missing::Table).await?);
    let (group, token) = (scene.group(), scene.token("a"));
    refused("groups", world.groups().await)?;
    refused("open", world.open(&[scene.opening(0)], "s").await)?;
    refused("settle", world.settle(&group, None, Some(&scene.entry(0, "s"))).await)?;
    refused("members", world.members(&[scene.id("a")]).await)?;
    for answer in world.keep(&[scene.write("a", 0), scene.write("b", 0)]).await {
        refused("keep", answer)?;
    }
    refused("forget", world.forget(&[scene.id("a")]).await)?;
    refused("take", world.take(&group, &token, scene.at(0), scene.at(60)).await)?;
    refused("leave", world.leave(&group, &token).await)?;
    refused("group", world.group(&group).await)?;
    refused("mark", world.mark(&scene.state(1), 0, &token).await)?;
    refused("silences", world.silences().await)?;
    refused("spend", world.spend("critical", scene.start.as_second(), 1, 5).await)
}
