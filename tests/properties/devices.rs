//! Devices are found wherever there are any that would do.

use proptest::prelude::*;
use stowplan::model::{
    DriverInfo, Job, JobSpec, Node, RequestedDevice, Resources, Task, TaskGroup,
};
use stowplan::{Inventory, PlaceOptions, Preemption, Verdict, place};

use crate::common::audit::accounts;
use crate::common::check::check_with;
use crate::common::devices::can_be_met;
use stowplan::testing::Feature;
use stowplan::testing::{Recipe, World};

/// A world of devices and little else.
fn of_devices(recipe: Recipe) -> Recipe {
    let features =
        1 << Feature::Devices as u32 | recipe.features & 1 << Feature::Allocations as u32;
    Recipe { features, nodes: recipe.nodes.min(6), groups: 3, ..recipe }
}

/// A job that asks for the devices of some requests and nothing else worth mentioning, spread over two
/// tasks.
fn asking_for(requests: &[RequestedDevice]) -> Job {
    let task = |name: &str, devices: &[RequestedDevice]| Task {
        name: name.into(),
        driver: "docker".into(),
        resources: Some(Resources {
            cpu: Some(0),
            memory_mb: Some(0),
            devices: devices.to_vec(),
            ..Resources::default()
        }),
        ..Task::default()
    };
    let (first, second) = requests.split_at(requests.len() / 2);
    let group = TaskGroup {
        name: "devices".into(),
        tasks: vec![task("first", first), task("second", second)],
        ..TaskGroup::default()
    };
    Job::new(JobSpec { id: "devices".into(), task_groups: vec![group], ..JobSpec::default() })
        .unwrap()
}

/// The same node with the driver and some disk.
fn able(node: &Node) -> Node {
    node.changed(|spec| {
        let healthy = DriverInfo { detected: true, healthy: true, ..DriverInfo::default() };
        spec.drivers.insert("docker".into(), healthy);
        spec.node_resources.get_or_insert_default().disk.disk_mb = 10_000;
    })
    .unwrap()
}

fn requests_of(world: &World) -> Vec<RequestedDevice> {
    let groups = world.jobs.iter().flat_map(|job| &job.task_groups);
    let tasks = groups.flat_map(|group| &group.tasks);
    tasks.flat_map(|task| task.devices().to_vec()).take(4).collect()
}

#[test]
fn devices_are_found_whenever_an_assignment_exists() {
    check_with(of_devices, |world| {
        let requests = requests_of(&world);
        let nodes = world.nodes.iter().map(able);
        let inventory = Inventory::new(nodes)
            .and_then(|it| it.with_allocations(world.allocations.clone()))
            .unwrap();
        let options = PlaceOptions::default().preemption(Preemption::none()).explain(true);
        let placement = place(&inventory, &asking_for(&requests), &options);
        let accounts = accounts(&world.allocations);
        for verdict in placement.explanations()[0].nodes() {
            let node = verdict.node();
            let held =
                accounts.get(&node.id).map(|usage| usage.devices.clone()).unwrap_or_default();
            let is_free = |id: &&str| !held.iter().any(|held| held[3] == **id);
            let free = node.devices().iter().map(|group| {
                let healthy = group.instances.iter().filter(|instance| instance.healthy);
                (group, healthy.map(|it| it.id.as_str()).filter(is_free).collect())
            });
            let free: Vec<_> = free.collect();
            let asked: Vec<_> = requests.iter().collect();
            let expected = can_be_met(&asked, &free);
            let is_found = matches!(verdict.verdict(), Verdict::Ranked { .. });
            prop_assert_eq!(is_found, expected, "{} with {:?} of {:?}", verdict, asked, free);
        }
        Ok(())
    });
}
