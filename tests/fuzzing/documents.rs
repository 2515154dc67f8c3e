//! Documents of any bytes: what is accepted is sound and reads back as itself, what is refused is
//! refused with words that can be printed.

use std::collections::BTreeSet;
use std::fmt::Display;

use stowplan::model::{Job, Node, Problem, read};
use stowplan::{Cluster, PlaceOptions, Preemption};

use super::check::{self, Asked};
use stowplan::testing::{Bytes, Random, small};

/// More than this is not placed: fuzzing is for many small inputs.
const MOST_PLACED: u64 = 40;
const MOST_GROUPS: usize = 4;

pub(crate) fn job(data: &[u8]) {
    let _ = read::jobs(data).map_err(|error| printable(&error));
    match Job::from_json(data) {
        Err(errors) => refused(&errors, errors.problems()),
        Ok(job) => {
            let text = serde_json::to_string(&job).unwrap();
            assert_eq!(Job::from_json(&text).as_ref(), Ok(&job), "a job changes when read again");
            assert_eq!(job.changed(|_| ()).as_ref(), Ok(&job), "a job changes without a change");
            let mut cluster = Cluster::new((0..3).map(fixed_node)).unwrap();
            place(&mut cluster, &job);
        }
    }
}

pub(crate) fn node(data: &[u8]) {
    let _ = read::nodes(data).map_err(|error| printable(&error));
    match Node::from_json(data) {
        Err(errors) => refused(&errors, errors.problems()),
        Ok(node) => {
            let text = serde_json::to_string(&node).unwrap();
            assert_eq!(
                Node::from_json(&text).as_ref(),
                Ok(&node),
                "a node changes when read again"
            );
            let mut cluster = Cluster::new([fixed_node(0)]).unwrap();
            cluster.upsert_node(node);
            (0..6).filter_map(fixed_job).for_each(|job| place(&mut cluster, &job));
        }
    }
}

pub(crate) fn allocation(data: &[u8]) {
    let allocations = match read::allocations(data) {
        Err(error) => return printable(&error),
        Ok(allocations) => allocations,
    };
    let mut cluster = Cluster::new((0..3).map(fixed_node)).unwrap();
    for allocation in allocations.into_iter().take(8) {
        let text = serde_json::to_string(&allocation).unwrap();
        let again = read::allocations(&text).unwrap();
        assert_eq!(again.first(), Some(&allocation), "an allocation changes when read again");
        let _ = allocation.check().map_err(|errors| refused(&errors, errors.problems()));
        // What is not valid is added all the same, within bounds.
        let _ = cluster.add_allocation(allocation).map_err(|error| printable(&error));
    }
    (0..6).filter_map(fixed_job).for_each(|job| place(&mut cluster, &job));
}

fn place(cluster: &mut Cluster, job: &Job) {
    let wanted: u64 = job.task_groups.iter().map(|group| u64::from(group.count())).sum();
    if wanted > MOST_PLACED || job.task_groups.len() > MOST_GROUPS {
        return;
    }
    let options = PlaceOptions::default().preemption(Preemption::all());
    let asked = Asked { job, options: &options, looks_at_all: true };
    check::place(cluster, &asked, &mut BTreeSet::new());
}

fn refused(errors: &impl Display, problems: &[Problem]) {
    assert!(!problems.is_empty(), "refused without a reason");
    printable(errors);
}

/// What is said to people commands no terminal.
pub(super) fn printable(text: &impl Display) {
    let text = text.to_string();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.is_empty());
}

/// A node that is the same every time, with some of everything.
fn fixed_node(at: usize) -> Node {
    small::node(&mut Bytes::new(&noise(at as u64)), at)
}

/// A job that is the same every time.
fn fixed_job(at: usize) -> Option<Job> {
    small::job(&mut Bytes::new(&noise(100 + at as u64)), at)
}

/// Bytes that look like chance and are not.
pub(crate) fn noise(seed: u64) -> Vec<u8> {
    let mut random = Random::from_state(seed);
    (0..400).map(|_| random.next() as u8).collect()
}
