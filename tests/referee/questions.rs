//! Section 3, "Update decision", and the questions that are asked of whoever knows room and
//! constraints.

use crate::answer::Answer;
use crate::facts::{Alloc, Group, Job, Node, World};

/// How a node would take an allocation of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Fits,
    Filtered,
    Exhausted,
}

/// Answered by the test from the documents, and never by what is tested. The answer as it is so far
/// says what is stopped and what was placed.
pub(crate) trait Questions {
    /// Whether the allocation can be updated to the version on its own node, its own room discounted.
    fn fits_in_place(
        &self,
        world: &World,
        answer: &Answer,
        job: &Job,
        group: &Group,
        alloc: &Alloc,
        node: &Node,
    ) -> bool;

    /// Whether any node takes one more allocation of the group.
    fn has_room(&self, world: &World, answer: &Answer, job: &Job, group: &str) -> bool;

    /// How this node would take one more allocation of the group.
    fn room(&self, world: &World, answer: &Answer, job: &Job, group: &Group, node: &Node) -> Room;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Ignore,
    InPlace,
    Destructive,
}

pub(crate) fn decide(
    world: &World,
    questions: &dyn Questions,
    answer: &Answer,
    job: &Job,
    group: &Group,
    alloc: &Alloc,
) -> Decision {
    if alloc.job.create_index == job.create_index
        && alloc.job.job_modify_index == job.job_modify_index
    {
        return Decision::Ignore;
    }
    if alloc.own_group().is_none_or(|own| own.tasks != group.tasks) {
        return Decision::Destructive;
    }
    if alloc.is_terminal() {
        return Decision::Ignore;
    }
    let node = world.node_of(alloc).filter(|node| job.reaches(node));
    match node {
        Some(node) if questions.fits_in_place(world, answer, job, group, alloc, node) => {
            Decision::InPlace
        }
        _ => Decision::Destructive,
    }
}
