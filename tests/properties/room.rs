//! How much of an ask still fits, and how full nodes are said to be.

use proptest::prelude::*;
use stowplan::{PlaceOptions, PlacementRequest, Preemption, Usage};

use crate::common::check::check;

/// As many as fit are as many as can be placed one by one until one cannot, by the plain scan.
#[test]
fn as_much_fits_as_can_be_placed() {
    const AT_MOST: u32 = 300;
    check(|world| {
        let (cluster, job) = (world.cluster(), world.job());
        let group = &job.task_groups[0].name;
        let room = cluster.room_for(job, group, AT_MOST, &world.options).unwrap();
        let options: PlaceOptions =
            world.options.clone().preemption(Preemption::none()).oracle(true);
        let alone = job.changed(|spec| {
            spec.all_at_once = false;
            spec.task_groups.truncate(1);
            spec.task_groups[0].count = Some(1);
        });
        let alone = alone.unwrap();
        let mut fork = cluster.fork();
        let mut placed = 0;
        if job.job_type().is_system() {
            placed = fork.place(&alone, &options).len() as u32;
        } else {
            let known = cluster.allocations_of(&job.namespace, &job.id);
            let taken: Vec<u32> = known
                .filter(|it| it.task_group() == *group)
                .filter_map(|it| it.name_index())
                .collect();
            for number in (0..).filter(|number| !taken.contains(number)) {
                let request = PlacementRequest::new(&alone, group, number);
                let done = placed == AT_MOST;
                if done || fork.place_requests(&[request], &options).unwrap().is_empty() {
                    break;
                }
                placed += 1;
            }
        }
        prop_assert_eq!(room, placed);
        prop_assert_eq!(cluster.room_for(job, group, room / 2, &world.options), Some(room / 2));
        prop_assert_eq!(cluster.room_for(job, "no such group", 1, &world.options), None);
        Ok(())
    });
}

/// Totals are the sums of the nodes', and what one more allocation takes is what the usage grows by.
#[test]
fn totals_are_sums() {
    check(|world| {
        let mut cluster = world.cluster();
        cluster.place(world.job(), &world.options);
        let total = cluster.total_usage();
        let sum = |of: &dyn Fn(&stowplan::NodeUsage<'_>) -> Usage| {
            let all = cluster.usage().map(|it| of(&it));
            all.fold((0, 0), |sum, it| (sum.0 + it.used, sum.1 + it.capacity))
        };
        let pair = |usage: Usage| (usage.used, usage.capacity);
        prop_assert_eq!(sum(&|it| it.memory_mb()), pair(total.memory_mb));
        prop_assert_eq!(sum(&|it| it.cores()), pair(total.cores));
        prop_assert_eq!(sum(&|it| it.dynamic_ports()), pair(total.dynamic_ports));
        prop_assert_eq!(total.nodes, world.nodes.len());
        for by in [cluster.usage_by_class(), cluster.usage_by_datacenter()] {
            prop_assert!(by.keys().is_sorted());
            prop_assert_eq!(by.values().map(|it| it.nodes).sum::<usize>(), total.nodes);
            prop_assert_eq!(by.values().map(|it| it.cpu_mhz.used).sum::<i64>(), total.cpu_mhz.used);
            let devices: i64 =
                by.values().flat_map(|it| it.devices.values()).map(|it| it.used).sum();
            prop_assert_eq!(devices, total.devices.values().map(|it| it.used).sum::<i64>());
        }
        // The devices that allocations have are those in use, however many nodes list a model.
        let mut held = 0;
        for allocation in cluster.allocations().filter(|it| !it.client().is_terminal()) {
            let resources = allocation.allocated_resources.unwrap_or_default();
            let devices = resources.tasks.values().flat_map(|task| &task.devices);
            held += devices.map(|it| it.device_ids.len() as i64).sum::<i64>();
        }
        prop_assert!(total.devices.values().map(|it| it.used).sum::<i64>() <= held);
        Ok(())
    });
}
