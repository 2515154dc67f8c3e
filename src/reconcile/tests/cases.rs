//! The specification's cases of reconciling, by their numbers (docs/lifecycle.md, section 11).

use super::super::changes::{Figures, FollowUpKind, PlacementKind};
use super::super::view::{
    AllocationView, DeploymentGroupView, DeploymentState, Flags, NodeCondition,
};
use super::world::{NOW, World, running};
use crate::model::{ClientStatus, DesiredStatus, JobType};
use crate::state::stop_reason::StopReason;
use crate::time::Span;

pub(super) fn down(it: &mut AllocationView) {
    it.condition = NodeCondition::Down;
}

pub(super) fn migrating(it: &mut AllocationView) {
    it.flags = it.flags.with(Flags::MIGRATE);
    it.condition = NodeCondition::Draining;
}

pub(super) fn failed(it: &mut AllocationView) {
    it.client = ClientStatus::Failed;
}

pub(super) fn names(range: std::ops::Range<u32>) -> Vec<u32> {
    range.collect()
}

#[test]
fn case_1_nothing_there() {
    let world = World::service(10, 0);
    let answer = world.run();
    assert_eq!(answer.placed(PlacementKind::Fresh), names(0..10));
    assert_eq!(answer.figures(), Figures { place: 10, ..Figures::default() });
}

#[test]
fn case_2_half_there() {
    let world = World::service(10, 5);
    let answer = world.run();
    assert_eq!(answer.placed(PlacementKind::Fresh), names(5..10));
    assert_eq!(answer.figures(), Figures { place: 5, ignore: 5, ..Figures::default() });
}

#[test]
fn case_3_twice_as_many() {
    let world = World::service(10, 20);
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::NotNeeded), names(10..20));
    assert_eq!(answer.figures(), Figures { stop: 10, ignore: 10, ..Figures::default() });
}

#[test]
fn case_4_none_wanted() {
    let world = World::service(0, 20);
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::NotNeeded), names(0..20));
    assert_eq!(answer.figures(), Figures { stop: 20, ..Figures::default() });
}

#[test]
fn case_5_change_in_place() {
    for (count, place, stop, in_place) in [(10, 0, 0, 10), (15, 5, 0, 10), (5, 0, 5, 5)] {
        let world = World::service(count, 10).outdated(false);
        let answer = world.run();
        let figures = Figures { place, stop, in_place_update: in_place, ..Figures::default() };
        assert_eq!(answer.figures(), figures);
        assert_eq!(answer.changes.updates.len(), in_place as usize);
        assert!(answer.changes.updates.iter().all(|update| update.in_place));
    }
}

#[test]
fn case_6_change_that_replaces() {
    for (count, place, stop, replaced) in [(10, 0, 0, 10), (15, 5, 0, 10), (5, 0, 5, 5)] {
        let world = World::service(count, 10).outdated(true);
        let answer = world.run();
        let figures = Figures { place, stop, destructive_update: replaced, ..Figures::default() };
        assert_eq!(answer.figures(), figures);
        assert_eq!(answer.placed(PlacementKind::Destructive), names(0..replaced));
    }
}

#[test]
fn case_7_two_lost() {
    let world = World::service(10, 10).each(0..2, down);
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::Lost), [0, 1]);
    assert_eq!(answer.placed(PlacementKind::Lost), [0, 1]);
    assert_eq!(answer.figures(), Figures { stop: 2, place: 2, ignore: 8, ..Figures::default() });
}

#[test]
fn case_8_two_lost_and_more_wanted() {
    let world = World::service(15, 10).each(0..2, down);
    let answer = world.run();
    assert_eq!((answer.placements(), answer.stops()), (7, 2));
    assert_eq!(answer.placed(PlacementKind::Fresh), names(10..15));
}

#[test]
fn case_9_two_lost_and_fewer_wanted() {
    let world = World::service(5, 10).each(0..2, down);
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::Lost), [0, 1]);
    assert_eq!(answer.stopped(StopReason::NotNeeded), [7, 8, 9]);
    assert_eq!(answer.placements(), 0);
}

#[test]
fn case_10_two_migrate() {
    let world = World::service(10, 10).each(0..2, migrating);
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::Migrating), [0, 1]);
    assert_eq!(answer.placed(PlacementKind::Migration), [0, 1]);
    assert_eq!(answer.figures(), Figures { migrate: 2, ignore: 8, ..Figures::default() });
}

#[test]
fn case_11_two_migrate_and_more_wanted() {
    let world = World::service(15, 10).each(0..2, migrating);
    let answer = world.run();
    let figures = answer.figures();
    assert_eq!((figures.migrate, figures.place, answer.placements()), (2, 5, 7));
}

#[test]
fn case_12_three_migrate_and_fewer_wanted() {
    let world = World::service(8, 10).each(0..3, migrating);
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::NotNeeded), [1, 2]);
    assert_eq!(answer.placed(PlacementKind::Migration), [0]);
}

#[test]
fn case_13_a_drain_ends_batch() {
    let flags = Flags::MIGRATE.with(Flags::MIGRATE_DISABLE_PLACEMENT);
    let world = World::new(JobType::Batch, 10, 10).each(0..2, |it| it.flags = flags);
    let answer = world.run();
    assert_eq!((answer.stops(), answer.placements()), (2, 0));
    assert_eq!(answer.figures(), Figures { migrate: 2, ignore: 8, ..Figures::default() });
    let world = world.each(0..2, |it| it.desired = DesiredStatus::Stop);
    let answer = world.run();
    assert_eq!((answer.stops(), answer.placements()), (0, 0));
    assert_eq!(answer.figures(), Figures { ignore: 10, ..Figures::default() });
}

#[test]
fn case_14_the_group_has_another_name() {
    let mut world = World::service(10, 10);
    world.groups = 2;
    let rules = world.versions[0].groups[0];
    world.versions[0].groups = [None, rules].into_iter().collect();
    world.versions[1].groups = [rules, None].into_iter().collect();
    let world = world.each(0..10, |it| (it.group, it.version) = (1, 0));
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::NotNeeded), names(0..10));
    assert_eq!(answer.placed(PlacementKind::Fresh), names(0..10));
    assert_eq!(answer.changes.figures[1].stop, 10);
}

#[test]
fn case_15_the_job_is_stopped() {
    let mut world = World::service(10, 10).each(0..3, failed);
    world.is_stopped = true;
    let answer = world.run();
    assert_eq!(answer.stopped(StopReason::NotNeeded), names(3..10));
}

#[test]
fn case_16_two_groups() {
    let mut world = World::service(10, 2);
    world.groups = 2;
    let rules = world.versions[1].groups[0];
    let two = || [rules, rules].into_iter().collect();
    world.versions.iter_mut().for_each(|version| version.groups = two());
    let world = world.each(1..2, |it| it.group = 1);
    assert_eq!(world.run().placements(), 18);
}

#[test]
fn case_17_a_batch_failure_waits() {
    let mut world = World::new(JobType::Batch, 4, 4)
        .rules(|rules| rules.reschedule.delay = Span::from_secs(15))
        .each(0..2, failed);
    world.add(AllocationView { name_index: 0, ..running(0) });
    let world = world.each(0..1, |it| it.next = 4);
    let answer = world.run();
    assert_eq!((answer.placements(), answer.changes.updates.len()), (0, 1));
    let follow_up = answer.changes.follow_ups[0];
    assert_eq!(follow_up.kind, FollowUpKind::Reschedule);
    assert_eq!(follow_up.wait_until, NOW + Span::from_secs(15));
}

#[test]
fn case_18_two_batches_of_failures() {
    let mut world = World::service(10, 10)
        .rules(|rules| rules.reschedule.delay = Span::from_secs(15))
        .each(0..7, failed);
    let at = |nanos: i64| NOW + Span::from_nanos(nanos);
    world.facts.ended = (0..5).map(|it| at(it * 50_000_000)).collect();
    world.facts.ended.extend([at(10_000_000_000); 2]);
    let answer = world.run();
    let kinds: Vec<_> = answer.changes.follow_ups.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [FollowUpKind::Reschedule, FollowUpKind::LaterReschedule]);
    assert_eq!(answer.figures().reschedule_later, 7);
}

#[test]
fn cases_19_and_20_failures_that_are_due() {
    for seconds in [5, 4] {
        let mut world = World::service(10, 10).each(0..1, failed);
        world.facts.ended = vec![NOW - Span::from_secs(seconds)];
        let answer = world.run();
        assert_eq!(answer.placed(PlacementKind::Reschedule), [0]);
        assert_eq!(answer.changes.placements[0].previous, Some(0));
        assert_eq!(answer.stopped(StopReason::Rescheduled), [0]);
    }
}

#[test]
fn case_21_a_service_that_completed() {
    let world = World::service(10, 10).each(0..1, |it| it.client = ClientStatus::Complete);
    let answer = world.run();
    assert_eq!(answer.placed(PlacementKind::Fresh), [0]);
    assert_eq!(answer.changes.placements[0].previous, None);
    assert_eq!(answer.stops(), 0);
}

#[test]
fn case_22_no_attempts() {
    let world = World::service(10, 10)
        .rules(|rules| rules.reschedule.unlimited = false)
        .each(0..2, failed)
        .each(2..3, |it| it.desired = DesiredStatus::Stop);
    let answer = world.run();
    // What failed and may not be replaced fills its place (docs/lifecycle.md, section 12, trap 3).
    assert_eq!(answer.placed(PlacementKind::Fresh), [2]);
    assert_eq!(answer.placements(), 1);
}

#[test]
fn case_23_forced() {
    let world = World::service(10, 10).each(0..1, |it| {
        failed(it);
        it.flags = Flags::FORCE_RESCHEDULE;
    });
    let mut world = world.rules(|rules| {
        rules.reschedule.unlimited = false;
        rules.reschedule.attempts = 1;
        rules.reschedule.interval = Span::from_secs(86_400);
    });
    let event = super::super::changes::RescheduleEvent { at: NOW, delay: Span::from_secs(5) };
    world.facts.reschedules = vec![vec![event]];
    let answer = world.run();
    assert_eq!((answer.placements(), answer.stops()), (1, 1));
}

#[test]
fn case_24_a_step_of_four() {
    let world = World::service(10, 10).update(4, 0).outdated(true);
    let answer = world.run();
    assert_eq!(answer.placed(PlacementKind::Destructive), names(0..4));
    assert_eq!((answer.figures().ignore, answer.deployed()), (6, Some((10, 0))));
}

#[test]
fn case_25_a_deployment_in_place() {
    let world = World::service(10, 10).update(4, 0).outdated(false);
    let answer = world.run();
    assert_eq!((answer.changes.updates.len(), answer.deployed()), (10, Some((10, 0))));
}

#[test]
fn case_26_placements_use_up_the_step() {
    let world = World::service(10, 7).update(4, 0).outdated(true);
    let answer = world.run();
    assert_eq!(answer.placed(PlacementKind::Fresh), [7, 8, 9]);
    assert_eq!(answer.placed(PlacementKind::Destructive), [0]);
}

#[test]
fn case_27_held_deployments() {
    for status in [DeploymentState::Paused, DeploymentState::Failed] {
        let state = DeploymentGroupView { desired_total: 10, ..DeploymentGroupView::default() };
        let world = World::service(10, 10).update(4, 0).outdated(true).deployment(1, status, state);
        let answer = world.run();
        assert_eq!(answer.figures(), Figures { ignore: 10, ..Figures::default() });
        assert_eq!((answer.stops(), answer.placements()), (0, 0));
        assert_eq!(answer.changes.deployment_update, None);
    }
}

#[test]
fn case_28_as_many_as_are_healthy() {
    for healthy in 0..=4 {
        let state = DeploymentGroupView { desired_total: 10, ..DeploymentGroupView::default() };
        let world = World::service(10, 10)
            .update(4, 0)
            .outdated(true)
            .each(0..4, |it| (it.version, it.deployment) = (1, 0))
            .each(0..healthy, |it| it.healthy = Some(true))
            .deployment(1, DeploymentState::Running, state);
        assert_eq!(world.run().changes.destructive.len(), healthy);
    }
}

pub(super) fn canaries(
    world: World,
    there: &[u32],
    change: impl Fn(&mut DeploymentGroupView, &mut AllocationView),
) -> World {
    let mut world = world;
    let mut state = DeploymentGroupView {
        desired_total: 10,
        desired_canaries: 2,
        ..DeploymentGroupView::default()
    };
    for name in there {
        let handle = world.allocations.len() as u32;
        let mut canary = AllocationView { deployment: 0, flags: Flags::CANARY, ..running(*name) };
        state.placed_canaries.push(handle);
        change(&mut state, &mut canary);
        world.add(canary);
    }
    world.deployment(1, DeploymentState::Running, state)
}

#[test]
fn case_29_canaries_first() {
    let world = World::service(10, 10).update(2, 2).outdated(true);
    let answer = world.run();
    assert_eq!(answer.placed(PlacementKind::Canary), [0, 1]);
    assert_eq!((answer.figures().canary, answer.figures().ignore), (2, 10));
    assert_eq!(answer.deployed(), Some((10, 2)));
}
