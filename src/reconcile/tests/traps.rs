//! The specification's cases of system jobs (docs/lifecycle.md, section 11), its traps as far as they
//! are the reconciler's (section 12), and the steps of the first API.

use super::super::changes::RescheduleEvent;
use super::super::changes::{FollowUpKind, PlacementKind};
use super::super::view::FirstApi;
use super::super::view::{
    AllocationView, DeploymentGroupView, DeploymentState, Flags, NONE, NodeCondition, NodeStanding,
};
use super::world::{NOW, World, running};
use crate::model::{ClientStatus, DesiredStatus, JobType};
use crate::state::stop_reason::StopReason;
use crate::time::Span;

/// A system job with one allocation on each of so many of the nodes.
fn system(nodes: usize, there: u32) -> World {
    let mut world = World::new(JobType::System, 1, 0);
    world.nodes = vec![NodeStanding::Eligible; nodes];
    (0..there).for_each(|node| world.add(AllocationView { node, ..running(0) }));
    world
}

#[test]
fn case_59_one_on_every_node() {
    let world = system(10, 0);
    let answer = world.run();
    assert_eq!(answer.placed(PlacementKind::Fresh), [0; 10]);
    let nodes: Vec<_> = answer.changes.placements.iter().map(|it| it.node).collect();
    assert_eq!(nodes, (0..10).map(Some).collect::<Vec<_>>());
}

#[test]
fn case_60_nodes_that_take_none() {
    let mut world = system(10, 0);
    world.nodes[3] = NodeStanding::NotReady;
    world.nodes[4] = NodeStanding::Outside;
    assert_eq!(world.run().placements(), 8);
}

#[test]
fn case_61_a_step_of_five() {
    let world = system(10, 10).update(5, 0).outdated(true);
    let answer = world.run();
    assert_eq!(answer.changes.destructive.len(), 5);
    assert_eq!((answer.figures().ignore, answer.deployed()), (5, Some((10, 0))));
}

#[test]
fn case_62_canaries_are_a_share_of_nodes() {
    for (parallel, placed) in [(2, 2), (3, 3), (9, 3)] {
        let world = system(10, 10).update(parallel, 30).outdated(true);
        let answer = world.run();
        assert_eq!(answer.changes.destructive.len(), placed);
        assert!(answer.changes.destructive.iter().all(|it| it.is_canary));
        assert_eq!(answer.deployed(), Some((10, 3)));
    }
}

#[test]
fn system_canaries_wait_for_their_promotion() {
    let state = DeploymentGroupView {
        desired_total: 10,
        desired_canaries: 3,
        placed_canaries: vec![0, 1],
        ..DeploymentGroupView::default()
    };
    let waiting = system(10, 10)
        .update(2, 30)
        .outdated(true)
        .each(0..2, |it| (it.version, it.deployment, it.healthy) = (1, 0, Some(true)))
        .deployment(1, DeploymentState::Running, state.clone());
    assert_eq!(waiting.run().changes.destructive.len(), 1);
    let promoted = DeploymentGroupView { promoted: true, ..state };
    let world = waiting.deployment(1, DeploymentState::Running, promoted);
    let answer = world.run();
    assert_eq!(answer.changes.destructive.len(), 2);
    assert!(answer.changes.destructive.iter().all(|it| !it.is_canary));
}

#[test]
fn a_sysbatch_that_ended_is_not_run_again() {
    let mut world = system(2, 2).each(0..2, |it| it.client = ClientStatus::Complete);
    world.job_type = JobType::Sysbatch;
    assert_eq!((world.run().placements(), world.run().figures().ignore), (0, 2));
    let world = world.outdated(true);
    assert_eq!(world.run().changes.destructive.len(), 2);
}

#[test]
fn trap_1_batch_is_not_service() {
    let complete = |it: &mut AllocationView| it.client = ClientStatus::Complete;
    let batch = World::new(JobType::Batch, 3, 3).each(0..1, complete);
    assert_eq!(batch.run().placements(), 0);
    let service = World::service(3, 3).each(0..1, complete);
    assert_eq!(service.run().placements(), 1);
}

#[test]
fn trap_2_another_version_of_the_same_specification_is_no_change() {
    let mut world = World::service(3, 3).outdated(true);
    world.versions[1].job_modify_index = 0;
    assert_eq!(world.run().figures().ignore, 3);
}

#[test]
fn trap_4_replacing_what_is_lost_is_no_reschedule() {
    let mut world = World::service(1, 1).each(0..1, |it| it.condition = NodeCondition::Missing);
    world.facts.reschedules = vec![vec![RescheduleEvent { at: NOW, delay: Span::from_secs(5) }]];
    let answer = world.run();
    let placement = &answer.changes.placements[0];
    assert_eq!((placement.previous, &placement.reschedule), (Some(0), &None));
}

#[test]
fn trap_8_no_follow_up_is_nobodys() {
    let failed = |it: &mut AllocationView| it.client = ClientStatus::Failed;
    let mut world = World::service(1, 1)
        .rules(|rules| rules.reschedule.delay = Span::from_secs(60))
        .each(0..1, failed);
    world.evaluation = NONE;
    assert_eq!((world.run().placements(), world.run().changes.follow_ups.len()), (0, 1));
    world.evaluation = 77;
    let world = world.each(0..1, |it| it.follow_up = 77);
    assert_eq!(world.run().placed(PlacementKind::Reschedule), [0]);
    let world = world.each(0..1, |it| it.follow_up = 78);
    assert_eq!((world.run().placements(), world.run().changes.follow_ups.len()), (0, 0));
}

#[test]
fn trap_9_what_is_lost_is_replaced_while_a_deployment_is_held() {
    let state = DeploymentGroupView { desired_total: 4, ..DeploymentGroupView::default() };
    let mut world = World::service(4, 3)
        .update(1, 0)
        .each(0..1, |it| it.condition = NodeCondition::Down)
        .each(1..2, |it| it.client = ClientStatus::Failed)
        .deployment(1, DeploymentState::Failed, state);
    world.facts.ended = vec![NOW - Span::from_secs(60); 3];
    let answer = world.run();
    assert_eq!(answer.placed(PlacementKind::Lost), [0]);
    assert_eq!(answer.placed(PlacementKind::Reschedule), [1]);
    assert!(answer.placed(PlacementKind::Fresh).is_empty());
}

#[test]
fn trap_10_clients_that_stop_by_themselves_are_waited_for() {
    let world = World::service(1, 1)
        .rules(|rules| rules.disconnect.stop_on_client_after = Some(Span::from_secs(60)))
        .each(0..1, |it| {
            it.desired = DesiredStatus::Stop;
            it.client = ClientStatus::Lost;
            it.follow_up = 5;
            it.flags = Flags::FOLLOW_UP_WAITS;
        });
    assert_eq!(world.run().placements(), 0);
    let world = world.each(0..1, |it| it.flags = Flags::default());
    assert_eq!(world.run().placements(), 1);
}

#[test]
fn trap_11_unknown_ones_hold_names_and_are_no_surplus() {
    let world = World::service(2, 3)
        .rules(|rules| rules.disconnect.lost_after = Some(Span::from_secs(60)))
        .each(2..3, |it| {
            it.client = ClientStatus::Unknown;
            it.condition = NodeCondition::Disconnected;
            it.flags = Flags::LAST_UNKNOWN;
        });
    assert_eq!((world.run().stops(), world.run().placements()), (0, 0));
    let world = world.each(0..1, |it| it.client = ClientStatus::Unknown);
    assert_eq!((world.run().stops(), world.run().placements()), (0, 0));
}

/// Nor are they where promoted canaries have their names.
#[test]
fn trap_11_unknown_ones_outlive_promotion() {
    let state = DeploymentGroupView {
        desired_total: 2,
        promoted: true,
        desired_canaries: 1,
        placed_canaries: vec![3],
        ..DeploymentGroupView::default()
    };
    let lost_after = Some(Span::from_secs(60));
    let world = World::service(2, 3).update(1, 1);
    let mut world = world.rules(|rules| rules.disconnect.lost_after = lost_after);
    world.add(AllocationView { deployment: 0, ..running(0) });
    let world = world.deployment(1, DeploymentState::Running, state).each(0..1, |it| {
        it.client = ClientStatus::Unknown;
        it.condition = NodeCondition::Disconnected;
        it.flags = Flags::LAST_UNKNOWN;
    });
    assert_eq!(world.run().stopped(StopReason::NotNeeded), [2]);
    // Where it answers it is the first to go.
    let world = world.each(0..1, |it| *it = running(0));
    assert_eq!(world.run().stopped(StopReason::NotNeeded), [0, 2]);
}

#[test]
fn trap_12_draining_is_not_migrating() {
    let world = World::service(3, 3).each(0..3, |it| it.condition = NodeCondition::Draining);
    assert_eq!(world.run().figures().ignore, 3);
}

#[test]
fn trap_20_an_unhealthy_one_stops_the_rollout() {
    let state = DeploymentGroupView { desired_total: 6, ..DeploymentGroupView::default() };
    let world = World::service(6, 6)
        .update(3, 0)
        .outdated(true)
        .each(0..1, |it| (it.version, it.deployment, it.healthy) = (1, 0, Some(false)))
        .deployment(1, DeploymentState::Running, state);
    assert_eq!(world.run().changes.destructive.len(), 0);
}

#[test]
fn a_record_of_a_failed_placement_is_no_allocation() {
    for job_type in [JobType::Service, JobType::Batch] {
        let record = |it: &mut AllocationView| {
            it.desired = DesiredStatus::Failed;
            it.client = ClientStatus::Failed;
            it.condition = NodeCondition::Missing;
        };
        let world = World::new(job_type, 2, 2).each(0..1, record);
        let answer = world.run();
        assert_eq!((answer.placed(PlacementKind::Fresh), answer.stops()), (vec![0], 0));
    }
}

fn first_api(world: World, stagger: i64) -> World {
    let rolling = FirstApi { max_parallel: 2, stagger: Span::from_secs(stagger) };
    World { first_api: Some(rolling), ..world }
}

#[test]
fn the_first_api_goes_two_two_one() {
    let mut world = first_api(World::service(5, 5).outdated(true), 30);
    for (updated, step, waits) in [(0, 2, true), (2, 2, true), (4, 1, false)] {
        world = world.each(0..updated, |it| it.version = 1);
        let answer = world.run();
        assert_eq!(answer.changes.destructive.len(), step);
        assert_eq!(answer.figures().destructive_update, step as u32);
        let follow_ups = &answer.changes.follow_ups;
        assert_eq!(!follow_ups.is_empty(), waits);
        for follow_up in follow_ups {
            assert_eq!(follow_up.kind, FollowUpKind::RollingUpdate);
            assert_eq!(follow_up.wait_until, NOW + Span::from_secs(30));
        }
        assert_eq!(answer.deployed(), None);
    }
}

#[test]
fn without_a_stagger_the_first_api_changes_all_at_once() {
    let world = first_api(World::service(5, 5).outdated(true), 0);
    assert_eq!(world.run().changes.destructive.len(), 5);
}

#[test]
fn migrations_of_the_first_api_come_first_and_share_the_limit() {
    let draining = |it: &mut AllocationView| it.condition = NodeCondition::Draining;
    let world = first_api(World::service(5, 5).outdated(true).each(0..1, draining), 30);
    let answer = world.run();
    assert_eq!(answer.placed(PlacementKind::Migration), [0]);
    assert_eq!(answer.placed(PlacementKind::Destructive), [1]);
    let world = world.each(0..5, draining);
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::Migrating), [0, 1]);
    assert_eq!(answer.placed(PlacementKind::Migration), [0, 1]);
    assert_eq!((answer.figures().migrate, answer.figures().ignore), (2, 3));
}
