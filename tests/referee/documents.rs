//! The questions answered from the documents, as simply as the test's jobs allow: constraints on a
//! node's metadata by equality, and memory.

use serde_json::Value;

use crate::answer::Answer;
use crate::facts::{Alloc, Group, Job, Node, World};
use crate::questions::{Questions, Room};

pub(crate) struct Documents;

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
        let held_mb =
            held_mb(world, answer, node, |it| it.id != alloc.id && !it.is_server_terminal());
        is_allowed(job, &group.name, node)
            && held_mb + wanted_mb(job, &group.name) <= memory_mb(node)
    }

    fn has_room(&self, world: &World, answer: &Answer, job: &Job, group: &str) -> bool {
        let is_candidate = |node: &&Node| node.is_ready() && job.reaches(node);
        world.nodes.values().filter(is_candidate).any(|node| {
            let held_mb = held_mb(world, answer, node, |_| true);
            is_allowed(job, group, node) && held_mb + wanted_mb(job, group) <= memory_mb(node)
        })
    }

    fn room(&self, world: &World, answer: &Answer, job: &Job, group: &Group, node: &Node) -> Room {
        if !is_allowed(job, &group.name, node) {
            return Room::Filtered;
        }
        let held_mb = held_mb(world, answer, node, |_| true);
        if held_mb + wanted_mb(job, &group.name) <= memory_mb(node) {
            Room::Fits
        } else {
            Room::Exhausted
        }
    }
}

/// What allocations on the node hold that have not ended there and are not stopped, and what was placed.
fn held_mb(world: &World, answer: &Answer, node: &Node, counts: impl Fn(&Alloc) -> bool) -> i64 {
    let stays = |alloc: &&Alloc| {
        alloc.node_id == node.id
            && !alloc.is_client_terminal()
            && !answer.stops.contains_key(&alloc.id)
            && counts(alloc)
    };
    let held: i64 =
        world.allocs.iter().filter(stays).map(|alloc| wanted_mb(&alloc.job, &alloc.group)).sum();
    let here = answer.placements.iter().filter(|it| it.node_id.as_ref() == Some(&node.id));
    let placed = here.map(|placement| {
        let version = world.version(placement.version).unwrap();
        let group = placement.name.rsplit_once('[').unwrap().0.rsplit_once('.').unwrap().1;
        wanted_mb(version, group)
    });
    held + placed.sum::<i64>()
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
