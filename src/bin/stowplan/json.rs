//! The answer as one JSON object.
//!
//! Allocations are written as they are placed, and verdicts in a second run of the same placements, so
//! that no more than one job's are in memory at a time.

use std::io::{self, Write};

use indexmap::IndexMap;
use serde::Serialize;
use stowplan::model::{Allocation, AllocationMetrics, Job};
use stowplan::{Explanation, Fix, FixAction, NodeVerdict, Placement, Shortage, Verdict};

use crate::output::Output;
use crate::run::Run;

/// Places all jobs and writes the answer; says whether everything was placed.
///
/// # Errors
///
/// It cannot be written.
pub(crate) fn write(run: &Run<'_>, explain: bool, output: &mut Output) -> io::Result<bool> {
    let keys = JobKeys::of(run.jobs);
    let mut cluster = run.cluster();
    let mut failed: IndexMap<String, IndexMap<String, AllocationMetrics>> = IndexMap::new();
    let mut failed_allocations: Vec<Allocation> = Vec::new();

    output.write_all(b"{\"Allocations\":[")?;
    let mut list = List::default();
    for job in run.jobs("placing jobs") {
        let placement = cluster.place(job, &run.options);
        for allocation in placement.allocations() {
            list.element(output, &allocation.to_allocation())?;
        }
        for group in placement.failed() {
            let groups = failed.entry(keys.key(job)).or_default();
            groups.insert(group.name().to_owned(), group.metrics().clone());
            failed_allocations.extend(group.to_allocation());
        }
    }
    output.write_all(b"],\n\"FailedTGAllocs\":")?;
    serde_json::to_writer(&mut *output, &failed)?;
    output.write_all(b",\n\"FailedAllocations\":[")?;
    let mut list = List::default();
    for allocation in &failed_allocations {
        list.element(output, allocation)?;
    }
    output.write_all(b"]")?;
    if explain && !output.is_closed() {
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
    nodes: Vec<NodeEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes_with_preemption: Option<Vec<NodeEntry<'a>>>,
    fixes: Vec<FixEntry<'a>>,
}

/// What a node is to a group. Every key is always there, so that nobody who reads it has to ask first;
/// only shortages are left out where there are none.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct NodeEntry<'a> {
    #[serde(rename = "NodeID")]
    node_id: &'a str,
    verdict: &'static str,
    reasons: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shortages: Vec<ShortageEntry>,
    scores: IndexMap<&'a str, f64>,
    /// `null` for a node that is not ranked.
    norm_score: Option<f64>,
    preempts: &'a [String],
}

/// An amount that a node has too little of.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ShortageEntry {
    dimension: String,
    asked: i64,
    used: i64,
    free: i64,
}

/// A change that would help.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FixEntry<'a> {
    text: String,
    /// How many nodes would then do.
    nodes: usize,
    actions: &'a [FixAction],
}

fn explanations(placement: &Placement) -> IndexMap<&str, GroupEntry<'_>> {
    let explanations = placement.explanations().iter();
    explanations.map(|explanation| (explanation.task_group(), group_entry(explanation))).collect()
}

fn group_entry(explanation: &Explanation) -> GroupEntry<'_> {
    GroupEntry {
        nodes: explanation.nodes().iter().map(NodeEntry::of).collect(),
        nodes_with_preemption: explanation
            .with_preemption()
            .map(|nodes| nodes.iter().map(NodeEntry::of).collect()),
        fixes: explanation.fixes().iter().map(FixEntry::of).collect(),
    }
}

impl<'a> NodeEntry<'a> {
    fn of(node: &'a NodeVerdict) -> Self {
        let entry = NodeEntry { node_id: &node.node().id, ..NodeEntry::default() };
        match node.verdict() {
            Verdict::NotCandidate(reasons) => NodeEntry {
                verdict: "not-candidate",
                reasons: reasons.iter().map(ToString::to_string).collect(),
                ..entry
            },
            Verdict::Filtered(rules) => {
                let reasons = rules.iter().map(ToString::to_string).collect();
                NodeEntry { verdict: "filtered", reasons, ..entry }
            }
            Verdict::Exhausted(shortages) => NodeEntry {
                verdict: "exhausted",
                reasons: shortages.iter().map(|shortage| shortage.dimension.to_string()).collect(),
                shortages: shortages.iter().filter_map(ShortageEntry::of).collect(),
                ..entry
            },
            Verdict::Ranked { scores, norm_score, preempts } => NodeEntry {
                verdict: "ranked",
                scores: scores.iter().copied().collect(),
                norm_score: Some(*norm_score),
                preempts,
                ..entry
            },
        }
    }
}

impl ShortageEntry {
    /// None for what does not come in amounts.
    fn of(shortage: &Shortage) -> Option<Self> {
        Some(ShortageEntry {
            dimension: shortage.dimension.to_string(),
            asked: shortage.asked?,
            used: shortage.used?,
            free: shortage.free?,
        })
    }
}

impl<'a> FixEntry<'a> {
    fn of(fix: &'a Fix) -> Self {
        FixEntry { text: fix.to_string(), nodes: fix.nodes(), actions: fix.actions() }
    }
}
