//! The questions answered from the documents, as simply as the test's jobs allow: constraints on a
//! node's metadata by equality, memory, a static port for each group, and devices of each group's own type.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::answer::Answer;
use crate::common::situations::holdings::healthy;
use crate::facts::{Alloc, Group, Job, Node, World};
use crate::questions::{Questions, Room};

pub(crate) struct Documents;

/// What a node has for more allocations of a group.
enum Slots {
    Filtered,
    Many,
    Few(usize),
}

impl Questions for Documents {
    fn fits_in_place(
        &self,
        world: &World,
        answer: &Answer,
        job: &Job,
        group: &Group,
        alloc: &Alloc,
        node: &Node,
    ) -> bool {
        // What was told to stop wants no room any more.
        let others =
            holders(world, answer, node, |it| it.id != alloc.id && !it.is_server_terminal());
        match slots(node, job, &group.name, &others) {
            Slots::Filtered => false,
            Slots::Many => true,
            Slots::Few(slots) => slots > 0,
        }
    }

    fn has_room(&self, world: &World, answer: &Answer, job: &Job, group: &str) -> bool {
        let is_candidate = |node: &&Node| node.is_ready() && job.reaches(node);
        let mut free = 0;
        for node in world.nodes.values().filter(is_candidate) {
            match slots(node, job, group, &holders(world, answer, node, |_| true)) {
                Slots::Filtered => {}
                Slots::Many => return true,
                Slots::Few(slots) => free += slots,
            }
        }
        // Each that was placed takes one, whichever node it is on.
        let placed = answer.placements.iter().filter(|it| group_of(&it.name) == group);
        free > placed.count()
    }

    fn room(&self, world: &World, answer: &Answer, job: &Job, group: &Group, node: &Node) -> Room {
        let here = |name: &str| {
            let placed =
                answer.placements.iter().filter(|it| it.node_id.as_ref() == Some(&node.id));
            placed.filter(|it| group_of(&it.name) == name).count()
        };
        match slots(node, job, &group.name, &holders(world, answer, node, |_| true)) {
            Slots::Filtered => Room::Filtered,
            Slots::Few(slots) if slots <= here(&group.name) => Room::Exhausted,
            _ => {
                let held_mb: i64 = holders(world, answer, node, |_| true)
                    .into_iter()
                    .map(|alloc| wanted_mb(&alloc.job, &alloc.group))
                    .sum();
                let placed_mb: i64 = job
                    .groups
                    .iter()
                    .map(|it| here(&it.name) as i64 * wanted_mb(job, &it.name))
                    .sum();
                match held_mb + placed_mb + wanted_mb(job, &group.name) <= memory_mb(node) {
                    true => Room::Fits,
                    false => Room::Exhausted,
                }
            }
        }
    }
}

/// Allocations on the node that have not ended there and are not stopped.
fn holders<'w>(
    world: &'w World,
    answer: &Answer,
    node: &Node,
    counts: impl Fn(&Alloc) -> bool,
) -> Vec<&'w Alloc> {
    let stays = |alloc: &&Alloc| {
        alloc.node_id == node.id
            && !alloc.is_client_terminal()
            && !answer.stops.contains_key(&alloc.id)
            && counts(alloc)
    };
    world.allocs.iter().filter(stays).collect()
}

/// How many more of the group the node takes, for all that these hold.
fn slots(node: &Node, job: &Job, group: &str, holders: &[&Alloc]) -> Slots {
    let port = group_document(job, group)
        .and_then(|it| it.pointer("/Networks/0/ReservedPorts/0/Value").map(ToString::to_string));
    let devices = group_document(job, group)
        .and_then(|it| it.pointer("/Tasks/0/Resources/Devices/0/Count")?.as_u64())
        .map_or(0, |count| count as usize);
    let healthy = healthy(&node.document, group);
    let has_network = node.document.pointer("/NodeResources/Networks/0").is_some();
    let lacks = (port.is_some() && !has_network) || healthy.len() < devices;
    if lacks || !is_allowed(job, group, node) {
        return Slots::Filtered;
    }
    let held: BTreeSet<&String> = holders.iter().flat_map(|alloc| &alloc.holdings).collect();
    let free = healthy.iter().filter(|id| !held.contains(id)).count();
    let held_mb: i64 = holders.iter().map(|alloc| wanted_mb(&alloc.job, &alloc.group)).sum();
    if held_mb + wanted_mb(job, group) > memory_mb(node) {
        return Slots::Few(0);
    }
    match (port, devices) {
        (None, 0) => Slots::Many,
        (None, devices) => Slots::Few(free / devices),
        (Some(port), devices) => Slots::Few(usize::from(!held.contains(&port) && free >= devices)),
    }
}

fn group_of(name: &str) -> &str {
    name.rsplit_once('[').unwrap().0.rsplit_once('.').unwrap().1
}

fn memory_mb(node: &Node) -> i64 {
    node.document.pointer("/NodeResources/Memory/MemoryMB").and_then(Value::as_i64).unwrap()
}

fn group_document<'a>(job: &'a Job, group: &str) -> Option<&'a Value> {
    job.document["TaskGroups"].as_array().unwrap().iter().find(|it| it["Name"] == group)
}

fn wanted_mb(job: &Job, group: &str) -> i64 {
    let tasks = group_document(job, group).and_then(|it| it["Tasks"].as_array());
    tasks.into_iter().flatten().filter_map(|task| task["Resources"]["MemoryMB"].as_i64()).sum()
}

fn is_allowed(job: &Job, group: &str, node: &Node) -> bool {
    let lists = [Some(&job.document), group_document(job, group)];
    let constraints = lists.iter().flatten().filter_map(|it| it.get("Constraints")?.as_array());
    constraints.flatten().all(|constraint| {
        let target = constraint["LTarget"].as_str().unwrap();
        let key = target.strip_prefix("${meta.").unwrap().strip_suffix('}').unwrap();
        node.document["Meta"].get(key) == Some(&constraint["RTarget"])
    })
}
