//! The specification's cases of canaries, deployments and disconnects (docs/lifecycle.md, section 11).

use super::super::changes::{DeploymentChange, Figures, FollowUpKind, PlacementKind};
use super::super::view::{DeploymentGroupView, DeploymentState, Flags, NodeCondition};
use super::cases::{canaries, down, failed, migrating, names};
use super::world::{NOW, World, running};
use crate::model::{ClientStatus, DesiredStatus, JobType};
use crate::state::stop_reason::StopReason;
use crate::time::{Span, Timestamp};

#[test]
fn case_30_more_canaries_than_wanted() {
    let world = World::service(3, 3).update(2, 7).outdated(true);
    let answer = world.run();
    // One pass places at most as many as the count (docs/lifecycle.md, section 12, trap 21).
    assert_eq!((answer.figures().canary, answer.figures().place), (7, 3));
    assert_eq!(answer.placed(PlacementKind::Canary), [0, 1, 2]);
}

#[test]
fn case_31_canaries_before_more() {
    let world = World::service(15, 10).update(2, 2).outdated(true);
    let answer = world.run();
    assert_eq!((answer.placements(), answer.deployed()), (2, Some((15, 2))));
}

#[test]
fn case_32_canaries_and_fewer() {
    let world = World::service(5, 10).update(2, 2).outdated(true);
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::NotNeeded), names(5..10));
    assert_eq!(answer.placed(PlacementKind::Canary), [0, 1]);
}

#[test]
fn case_33_missing_canaries() {
    let world = World::service(10, 10).update(2, 4).outdated(true);
    let world = canaries(world, &[0, 3], |state, _| state.desired_canaries = 4);
    assert_eq!(world.run().placed(PlacementKind::Canary), [1, 2]);
}

#[test]
fn case_34_promoted() {
    let world = World::service(10, 10).update(2, 2).outdated(true);
    let world = canaries(world, &[0, 1], |state, canary| {
        state.promoted = true;
        canary.healthy = Some(true);
    });
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::NotNeeded), [0, 1]);
    assert_eq!(answer.placed(PlacementKind::Destructive), [2, 3]);
    assert_eq!(answer.figures().ignore, 8);
}

#[test]
fn case_35_promoted_and_done() {
    let world = World::service(2, 2).update(2, 2).outdated(true);
    let world = canaries(world, &[0, 1], |state, canary| {
        (state.promoted, state.desired_total, state.healthy) = (true, 2, 2);
        canary.healthy = Some(true);
    });
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::NotNeeded), [0, 1]);
    assert_eq!(answer.changes.deployment_update, Some(DeploymentChange::Successful));
}

#[test]
fn case_36_canaries_on_a_draining_node() {
    let world = World::service(10, 10).update(2, 2).outdated(true);
    let world = canaries(world, &[0, 1], |_, canary| migrating(canary));
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::Migrating), [0, 1]);
    assert_eq!(answer.figures().stop, 0);
    assert_eq!(answer.placed(PlacementKind::Canary), [0, 1]);
    assert_eq!(answer.figures().ignore, 10);
}

#[test]
fn case_37_canaries_of_a_failed_deployment() {
    for is_promoted in [true, false] {
        let world = World::service(10, 10).update(2, 2).outdated(true);
        let mut world = canaries(world, &[0, 1], |state, _| state.promoted = is_promoted);
        if let Some(deployment) = &mut world.deployment {
            deployment.status = DeploymentState::Failed;
        }
        let answer = world.run();
        let of_canaries = answer.changes.stops.iter().filter(|stop| stop.at >= 10).count();
        assert_eq!(of_canaries, if is_promoted { 0 } else { 2 });
    }
}

#[test]
fn case_38_a_failed_deployment_keeps_what_there_was() {
    let state = DeploymentGroupView { desired_total: 10, ..DeploymentGroupView::default() };
    let world = World::service(10, 10)
        .update(2, 0)
        .outdated(true)
        .each(0..4, |it| (it.version, it.deployment) = (1, 0))
        .each(0..1, down)
        .each(1..2, migrating)
        .deployment(1, DeploymentState::Failed, state);
    let figures = Figures { stop: 1, place: 1, migrate: 1, ignore: 8, ..Figures::default() };
    assert_eq!(world.run().figures(), figures);
}

#[test]
fn case_39_losses_do_not_stop_a_rollout() {
    let state = DeploymentGroupView { desired_total: 10, ..DeploymentGroupView::default() };
    let world = World::service(10, 10)
        .update(4, 0)
        .outdated(true)
        .each(0..8, |it| (it.version, it.deployment, it.healthy) = (1, 0, Some(true)))
        .each(0..1, down)
        .each(1..3, migrating)
        .deployment(1, DeploymentState::Running, state);
    let answer = world.run();
    let figures = answer.figures();
    assert_eq!((figures.place, figures.migrate, figures.ignore), (1, 2, 5));
    assert_eq!(answer.placed(PlacementKind::Destructive), [8, 9]);
}

#[test]
fn case_40_flagged_in_an_active_deployment() {
    let state = DeploymentGroupView { desired_total: 10, ..DeploymentGroupView::default() };
    let world = World::service(10, 10)
        .update(4, 0)
        .each(0..10, |it| {
            failed(it);
            it.deployment = 0;
        })
        .each(0..5, |it| it.flags = Flags::RESCHEDULE)
        .deployment(1, DeploymentState::Running, state);
    let mut world = world;
    world.facts.ended = vec![NOW - Span::from_secs(60); 10];
    let answer = world.run();
    assert_eq!((answer.placements(), answer.stops()), (5, 5));
}

#[test]
fn case_41_failures_of_a_failed_deployment() {
    let state = DeploymentGroupView { desired_total: 10, ..DeploymentGroupView::default() };
    let world = World::service(10, 10)
        .update(4, 0)
        .each(0..10, |it| {
            failed(it);
            it.deployment = 0;
        })
        .deployment(1, DeploymentState::Failed, state);
    let mut world = world;
    world.facts.ended = vec![NOW - Span::from_secs(60); 10];
    let answer = world.run();
    assert_eq!((answer.placements(), answer.stops()), (0, 0));
}

#[test]
fn case_42_another_life_of_a_batch_job() {
    let mut world = World::new(JobType::Batch, 10, 10).each(0..10, |it| {
        it.version = 0;
        it.client = ClientStatus::Complete;
    });
    world.versions[1].create_index = 2;
    let figures = Figures { place: 10, ignore: 10, ..Figures::default() };
    assert_eq!(world.run().figures(), figures);
}

fn disconnected(world: World) -> World {
    world.rules(|rules| rules.disconnect.lost_after = Some(Span::from_secs(300)))
}

#[test]
fn case_43_two_do_not_answer() {
    let world = disconnected(World::service(10, 10))
        .each(0..2, |it| it.condition = NodeCondition::Disconnected);
    let answer = world.run();
    let updates = &answer.changes.updates;
    assert_eq!(updates.len(), 2);
    assert!(updates.iter().all(|it| it.is_disconnecting && it.follow_up == Some(1)));
    let [timeout, reschedule] = answer.changes.follow_ups[..] else { unreachable!() };
    assert_eq!(timeout.kind, FollowUpKind::DisconnectTimeout);
    assert_eq!(timeout.wait_until, NOW + Span::from_secs(300));
    assert_eq!(reschedule.kind, FollowUpKind::Reschedule);
    assert_eq!(reschedule.wait_until, NOW + Span::from_secs(5));
}

#[test]
fn case_44_two_are_back() {
    let world = disconnected(World::service(10, 10)).each(0..2, |it| {
        it.flags = Flags::LAST_UNKNOWN;
        it.follow_up = 5;
    });
    let answer = world.run();
    assert!(answer.changes.updates.iter().all(|it| it.is_reconnecting));
    assert_eq!((answer.figures().reconnect, answer.stops()), (2, 0));
    assert_eq!(answer.changes.superseded, [5, 5]);
}

#[test]
fn case_45_failed_and_back() {
    let mut world = disconnected(World::service(1, 1)).each(0..1, |it| {
        failed(it);
        it.flags = Flags::LAST_UNKNOWN;
        it.next = 1;
    });
    world.add(running(0));
    let answer = world.run();
    assert_eq!(answer.changes.stops.len(), 1);
    assert_eq!(answer.changes.stops[0].at, 0);
    assert_eq!(answer.changes.stops[0].reason, StopReason::Rescheduled);
}

#[test]
fn case_46_the_original_stays() {
    use crate::model::DisconnectReconcile;
    let mut world = disconnected(World::service(1, 1)).each(0..1, |it| {
        it.flags = Flags::LAST_UNKNOWN;
        it.next = 1;
    });
    world.add(running(0));
    for (choice, at, reason) in [
        (DisconnectReconcile::KeepOriginal, 1, StopReason::ReconnectReplaced),
        (DisconnectReconcile::KeepReplacement, 0, StopReason::NotNeeded),
        (DisconnectReconcile::LongestRunning, 1, StopReason::ReconnectReplaced),
        (DisconnectReconcile::BestScore, 0, StopReason::NotNeeded),
    ] {
        world = world.rules(|rules| rules.disconnect.choice = choice);
        world.facts.scores = vec![0.5, 0.6];
        let answer = world.run();
        assert_eq!(answer.changes.stops.len(), 1, "{choice:?}");
        assert_eq!((answer.changes.stops[0].at, answer.changes.stops[0].reason), (at, reason));
    }
}

#[test]
fn case_52_five_of_one_name() {
    let mut world = World::new(JobType::Batch, 1, 0);
    (0..5).for_each(|_| world.add(running(0)));
    let answer = world.run();
    assert_eq!((answer.stops(), answer.placements()), (4, 0));
}

#[test]
fn case_53_leavers_on_a_down_node() {
    let world = World::service(0, 2)
        .each(0..2, down)
        .each(0..1, |it| it.desired = DesiredStatus::Stop)
        .each(1..2, |it| it.client = ClientStatus::Complete);
    let stops = world.run().changes.stops;
    assert!(stops.iter().any(|stop| stop.at == 0 && stop.is_lost));
}

#[test]
fn case_54_clients_that_stop_by_themselves() {
    let world = World::service(1, 1)
        .rules(|rules| rules.disconnect.stop_on_client_after = Some(Span::from_secs(1)))
        .each(0..1, down);
    let answer = world.run();
    assert_eq!((answer.stopped(StopReason::Lost), answer.placements()), (vec![0], 0));
    let follow_up = answer.changes.follow_ups[0];
    assert_eq!(follow_up.kind, FollowUpKind::ClientStop);
    assert_eq!(follow_up.wait_until, NOW + Span::from_secs(6));
    assert_eq!(answer.changes.stops[0].follow_up, Some(0));
}

/// Of the lost: `Timestamp::EPOCH` is when unknown ones were last heard of.
#[test]
fn an_unknown_one_is_given_up() {
    let mut world = disconnected(World::service(1, 1)).each(0..1, |it| {
        it.client = ClientStatus::Unknown;
        it.flags = Flags::LAST_UNKNOWN;
        it.condition = NodeCondition::Disconnected;
    });
    world.facts.last_unknown = Timestamp::EPOCH;
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::Lost), [0]);
    assert_eq!(answer.placed(PlacementKind::Lost), [0]);
}

/// More canaries are wanted than the deployment was made with: from then on those that are there take
/// nobody's place, so that what is lost beside them is replaced.
#[test]
fn canaries_that_are_wanted_later_make_room_at_once() {
    let world = World::service(3, 3).update(5, 2).outdated(true).each(2..3, down);
    let world = canaries(world, &[0], |state, _| state.desired_canaries = 0);
    let answer = world.run();
    assert_eq!(answer.placed(PlacementKind::Canary), [1]);
    assert_eq!(answer.placed(PlacementKind::Lost), [2]);
}
