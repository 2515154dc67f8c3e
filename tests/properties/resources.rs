//! What allocations hold: never more than there is, and what was asked for.

use proptest::prelude::*;
use stowplan::model::{AllocatedPort, Allocation, Job, NetworkResource, Node, Port, TaskGroup};
use stowplan::{Cluster, PlacedAllocation, Preemption};

use crate::common::audit::{Accounts, Usage, accounts};
use crate::common::check::{Outcome, check, check_with};
use crate::common::devices;
use stowplan::testing::Feature;
use stowplan::testing::World;

/// Places all jobs of a world one after another and looks at every allocation.
fn each_placed(
    world: &World,
    look: impl Fn(&Job, &TaskGroup, &PlacedAllocation<'_>) -> Outcome,
) -> Result<Cluster, TestCaseError> {
    let mut cluster = world.cluster();
    for job in &world.jobs {
        let placement = cluster.place(job, &world.options);
        for placed in placement.allocations() {
            look(job, job.group(placed.task_group()).unwrap(), &placed)?;
        }
    }
    Ok(cluster)
}

/// Whether what is on the nodes is without fault where it was without fault before.
fn no_new_faults(nodes: &[Node], before: &Accounts, after: &Accounts) -> Outcome {
    let none = Usage::default();
    for node in nodes {
        let [before, after] = [before, after].map(|it| it.get(&node.id).unwrap_or(&none));
        if before.fault_on(node).is_none() {
            prop_assert_eq!(after.fault_on(node), None, "on {}", node.name);
        }
    }
    Ok(())
}

#[test]
fn nothing_is_held_that_is_not_there_or_twice() {
    check(|world| {
        let cluster = each_placed(&world, |_, _, _| Ok(()))?;
        let after: Vec<Allocation> = cluster.allocations().collect();
        no_new_faults(&world.nodes, &accounts(&world.allocations), &accounts(&after))
    });
}

#[test]
fn a_node_with_too_much_on_it_gets_nothing() {
    check_with(
        |recipe| recipe.with(Feature::Allocations).with(Feature::Overcommit),
        |world| {
            let before = accounts(&world.allocations);
            let options = world.options.clone().preemption(Preemption::none());
            let placement = world.cluster().place(world.job(), &options);
            for placed in placement.allocations() {
                let node = placed.node();
                let Some(used) = before.get(&node.id) else { continue };
                prop_assert!(used.cpu_mhz <= node.cpu_mhz() - node.reserved_cpu_mhz());
                prop_assert!(used.memory_mb <= node.memory_mb() - node.reserved_memory_mb());
                prop_assert!(used.disk_mb <= node.disk_mb() - node.reserved_disk_mb());
            }
            Ok(())
        },
    );
}

#[test]
fn amounts_beyond_all_measure_do_no_harm() {
    check_with(
        |recipe| recipe.with(Feature::Allocations),
        |mut world| {
            let amounts = [i64::MAX, i64::MIN, -1, 1 << 62];
            for (at, allocation) in world.allocations.iter_mut().enumerate() {
                let amount = amounts[at % amounts.len()];
                let mut resources = stowplan::model::AllocatedResources::default();
                for name in ["one", "two"] {
                    let task = resources.tasks.entry(name.into()).or_default();
                    task.cpu.cpu_shares = amount;
                    task.memory.memory_mb = amount;
                }
                resources.shared.disk_mb = amount;
                allocation.allocated_resources = Some(resources);
            }
            let mut cluster = world.cluster();
            let options = world.options.clone().explain(true);
            for job in &world.jobs {
                cluster.place(job, &options);
            }
            let is_new = |it: &Allocation| !world.allocations.iter().any(|old| old.id == it.id);
            let placed: Vec<Allocation> = cluster.allocations().filter(is_new).collect();
            no_new_faults(&world.nodes, &Accounts::new(), &accounts(&placed))
        },
    );
}

#[test]
fn amounts_are_those_asked_for() {
    check(|world| {
        each_placed(&world, |_, group, placed| {
            let resources = placed.resources();
            prop_assert_eq!(resources.shared.disk_mb, group.disk_mb());
            prop_assert!(resources.tasks.keys().eq(group.tasks.iter().map(|task| &task.name)));
            for task in &group.tasks {
                let given = &resources.tasks[&task.name];
                prop_assert_eq!(given.memory.memory_mb, task.memory_mb() + task.secrets_mb());
                let max_mb = given.memory.memory_max_mb;
                prop_assert!(max_mb == 0 || max_mb == task.memory_max_mb());
                let cores = &given.cpu.reserved_cores;
                prop_assert_eq!(cores.len(), task.cores() as usize);
                let of_node = placed.node().cores().iter();
                let speeds = of_node.filter(|core| cores.contains(&i64::from(core.id)));
                let speed = speeds.map(|core| core.speed_mhz).sum::<i64>();
                let cpu_mhz = if cores.is_empty() { task.cpu_mhz() } else { speed };
                prop_assert_eq!(given.cpu.cpu_shares, cpu_mhz);
            }
            Ok(())
        })?;
        Ok(())
    });
}

#[test]
fn ports_are_those_asked_for() {
    check_with(
        |recipe| recipe.with(Feature::Networks),
        |world| {
            each_placed(&world, |_, group, placed| {
                let resources = placed.resources();
                let Some(asked) = group.network() else {
                    prop_assert!(resources.shared.ports.is_empty());
                    return Ok(());
                };
                let ports = asked.reserved_ports.iter().chain(asked.dynamic_ports.iter());
                prop_assert_eq!(resources.shared.ports.len(), ports.clone().count());
                for (port, given) in ports.zip(&resources.shared.ports) {
                    group_port(placed.node(), port, given)?;
                }
                Ok(())
            })?;
            Ok(())
        },
    );
}

fn group_port(node: &Node, asked: &Port, given: &AllocatedPort) -> Outcome {
    prop_assert_eq!(&given.label, &asked.label);
    number(node, asked.value, given.value)?;
    prop_assert_eq!(given.to, if asked.to == -1 { given.value } else { asked.to });
    let aliased = |address: &&stowplan::model::NodeAddress| address.alias == asked.host_network();
    let address = node.addresses().iter().filter(aliased).find(|it| it.ip == given.host_ip);
    let Some(address) = address else {
        return Err(TestCaseError::fail(format!("{} is no address of the port", given.host_ip)));
    };
    let is_reserved = |ranges: &[std::ops::RangeInclusive<u16>]| {
        ranges.iter().any(|range| range.contains(&(given.value as u16)))
    };
    let ours = is_reserved(node.reserved_ports()) || is_reserved(&address.reserved_ports);
    prop_assert!(asked.ignore_collision || !ours);
    Ok(())
}

fn number(node: &Node, asked: i64, given: i64) -> Outcome {
    let (first, last) = node.dynamic_ports();
    match asked {
        0 => prop_assert!((i64::from(first)..=i64::from(last)).contains(&given)),
        asked => prop_assert_eq!(given, asked),
    }
    Ok(())
}

#[test]
fn networks_of_tasks_are_as_asked() {
    check_with(
        |recipe| recipe.with(Feature::Networks),
        |world| {
            each_placed(&world, |_, group, placed| {
                let resources = placed.resources();
                for task in &group.tasks {
                    let given = &resources.tasks[&task.name].networks;
                    prop_assert_eq!(given.len(), usize::from(task.network().is_some()));
                    if let (Some(asked), Some(given)) = (task.network(), given.first()) {
                        task_network(placed.node(), asked, given)?;
                    }
                }
                Ok(())
            })?;
            Ok(())
        },
    );
}

fn task_network(node: &Node, asked: &NetworkResource, given: &NetworkResource) -> Outcome {
    prop_assert_eq!(given.mbits(), asked.mbits());
    prop_assert!(node.networks().iter().any(|network| network.device == given.device));
    let asked = asked.reserved_ports.iter().chain(asked.dynamic_ports.iter());
    let given = given.reserved_ports.iter().chain(given.dynamic_ports.iter());
    prop_assert_eq!(asked.clone().count(), given.clone().count());
    for (asked, given) in asked.zip(given) {
        prop_assert_eq!(&asked.label, &given.label);
        number(node, asked.value, given.value)?;
    }
    Ok(())
}

#[test]
fn devices_are_healthy_and_match_their_requests() {
    check_with(
        |recipe| recipe.with(Feature::Devices),
        |world| {
            each_placed(&world, |_, group, placed| {
                for task in &group.tasks {
                    let given = &placed.resources().tasks[&task.name].devices;
                    let node = placed.node();
                    let mut held = Vec::new();
                    for device in given {
                        let group = node.devices().iter().find(|it| {
                            [&it.vendor, &it.device_type, &it.name]
                                == [&device.vendor, &device.device_type, &device.name]
                        });
                        let group = group.unwrap();
                        for id in &device.device_ids {
                            let is_healthy =
                                group.instances.iter().any(|it| it.id == *id && it.healthy);
                            prop_assert!(is_healthy, "{id} is not healthy");
                        }
                        let ids = device.device_ids.iter().map(String::as_str).collect();
                        held.push((group, ids));
                    }
                    let requests: Vec<_> = task.devices().iter().collect();
                    let asked: u32 = requests.iter().map(|request| request.count()).sum();
                    let ids: usize = given.iter().map(|device| device.device_ids.len()).sum();
                    prop_assert_eq!(ids, asked as usize);
                    prop_assert!(devices::can_be_met(&requests, &held));
                }
                Ok(())
            })?;
            Ok(())
        },
    );
}
