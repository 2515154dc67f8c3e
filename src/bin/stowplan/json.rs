//! The answer as one JSON object.
//!
//! Allocations are written as they are placed, and verdicts in a second run of the same placements, so
//! that no more than one job's are in memory at a time.

use std::io::{self, Write};

use indexmap::IndexMap;
use serde::Serialize;
use stowplan::model::{Allocation, AllocationMetrics, Job};
use stowplan::{Explanation, Fix, NodeVerdict, PlacedAllocation, Placement};

use crate::output::Output;
use crate::run::Run;

/// What to write.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// Every node's verdict on every group.
    pub(crate) explain: bool,
    /// No documents of the API.
    pub(crate) compact: bool,
}

/// Places all jobs and writes the answer; says whether everything was placed.
///
/// # Errors
///
/// It cannot be written.
pub(crate) fn write(run: &Run<'_>, settings: Settings, output: &mut Output) -> io::Result<bool> {
    let keys = JobKeys::of(run.jobs);
    let mut cluster = run.cluster();
    let mut failed: IndexMap<String, IndexMap<String, AllocationMetrics>> = IndexMap::new();
    let mut failed_allocations: Vec<Allocation> = Vec::new();

    output.write_all(b"{\"Allocations\":[")?;
    let mut list = List::default();
    for job in run.jobs("placing jobs") {
        let placement = cluster.place(job, &run.options);
        for allocation in placement.allocations() {
            match settings.compact {
                true => list.element(output, &Compact::of(allocation))?,
                false => list.element(output, &allocation.to_allocation())?,
            }
        }
        for group in placement.failed() {
            let groups = failed.entry(keys.key(job)).or_default();
            groups.insert(group.name().to_owned(), group.metrics().clone());
            if !settings.compact {
                failed_allocations.extend(group.to_allocation());
            }
        }
    }
    output.write_all(b"],\n\"FailedTGAllocs\":")?;
    serde_json::to_writer(&mut *output, &failed)?;
    if !settings.compact {
        output.write_all(b",\n\"FailedAllocations\":[")?;
        let mut list = List::default();
        for allocation in &failed_allocations {
            list.element(output, allocation)?;
        }
        output.write_all(b"]")?;
    }
    output.write_all(b",\n\"Warnings\":")?;
    serde_json::to_writer(&mut *output, run.warnings)?;
    if settings.explain && !output.is_closed() {
        output.write_all(b",\n\"Explain\":{")?;
        write_explanations(run, &keys, output)?;
        output.write_all(b"}")?;
    }
    output.write_all(b"}\n")?;
    Ok(failed.is_empty())
}

/// Places everything once more, with an eye on every node.
fn write_explanations(run: &Run<'_>, keys: &JobKeys, output: &mut Output) -> io::Result<()> {
    let options = run.options.clone().explain(true);
    let mut cluster = run.cluster();
    let mut list = List::default();
    for job in run.jobs("explaining") {
        if output.is_closed() {
            break;
        }
        let placement = cluster.place(job, &options);
        list.separate(output)?;
        serde_json::to_writer(&mut *output, &keys.key(job))?;
        output.write_all(b":")?;
        serde_json::to_writer(&mut *output, &explanations(&placement))?;
    }
    Ok(())
}

/// An allocation in a line.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Compact<'a> {
    name: String,
    #[serde(rename = "NodeID")]
    node_id: &'a str,
    node_name: &'a str,
    score: f64,
    /// By label; of several ports with one label the last.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    ports: IndexMap<String, i64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    evicts: &'a [String],
}

impl<'a> Compact<'a> {
    fn of(allocation: PlacedAllocation<'a>) -> Self {
        let resources = allocation.resources();
        let of_tasks = resources.tasks.values().flat_map(|task| &task.networks);
        let of_tasks =
            of_tasks.flat_map(|it| it.reserved_ports.iter().chain(it.dynamic_ports.iter()));
        let of_tasks = of_tasks.map(|port| (port.label.clone(), port.value));
        let of_group = resources.shared.ports.iter().map(|port| (port.label.clone(), port.value));
        Compact {
            name: allocation.name(),
            node_id: allocation.node_id(),
            node_name: allocation.node_name(),
            score: allocation.score(),
            ports: of_group.chain(of_tasks).collect(),
            evicts: allocation.preempted(),
        }
    }
}

/// The elements of a list or the entries of an object, each on a line of its own.
#[derive(Default)]
struct List {
    is_begun: bool,
}

impl List {
    fn separate(&mut self, output: &mut Output) -> io::Result<()> {
        output.write_all(if self.is_begun { b",\n" } else { b"\n" })?;
        self.is_begun = true;
        Ok(())
    }

    fn element(&mut self, output: &mut Output, element: &impl Serialize) -> io::Result<()> {
        self.separate(output)?;
        Ok(serde_json::to_writer(output, element)?)
    }
}

/// What jobs are called in the answer: their IDs, or with their namespaces where several have the ID.
struct JobKeys {
    /// How many jobs have an ID.
    jobs: IndexMap<String, usize>,
}

impl JobKeys {
    fn of(jobs: &[Job]) -> Self {
        let mut of_id: IndexMap<String, usize> = IndexMap::with_capacity(jobs.len());
        for job in jobs {
            *of_id.entry(job.id.clone()).or_default() += 1;
        }
        JobKeys { jobs: of_id }
    }

    fn key(&self, job: &Job) -> String {
        match self.jobs.get(&job.id) {
            Some(2..) => format!("{}@{}", job.id, job.namespace),
            _ => job.id.clone(),
        }
    }
}

/// What every node is to a group.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupEntry<'a> {
    nodes: &'a [NodeVerdict],
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes_with_preemption: Option<&'a [NodeVerdict]>,
    fixes: &'a [Fix],
}

fn explanations(placement: &Placement) -> IndexMap<&str, GroupEntry<'_>> {
    let explanations = placement.explanations().iter();
    explanations.map(|explanation| (explanation.task_group(), group_entry(explanation))).collect()
}

fn group_entry(explanation: &Explanation) -> GroupEntry<'_> {
    GroupEntry {
        nodes: explanation.nodes(),
        nodes_with_preemption: explanation.with_preemption(),
        fixes: explanation.fixes(),
    }
}
