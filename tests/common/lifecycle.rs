//! Cases of the lifecycle: one state of a job and one evaluation as a document, put before
//! `schedule::decide`.

use serde_json::Value;
use stowplan::model::{Allocation, Deployment, Evaluation, Job, JobSpec, Node};
use stowplan::schedule::{Decision, JobState, decide};
use stowplan::{Cluster, Inventory, PlaceOptions, Timestamp};

/// A case, ready to be processed.
pub struct Question {
    pub now: Timestamp,
    pub nodes: Vec<Node>,
    pub cluster: Cluster,
    pub known: JobState,
    pub evaluation: Evaluation,
}

pub fn items(value: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A case of a file with its templates filled in.
pub fn whole(file: &Value, case: &Value) -> Value {
    let mut case = case.clone();
    for (list, template) in [("nodes", "node_template"), ("allocs", "alloc_template")] {
        for item in case[list].as_array_mut().into_iter().flatten() {
            let mut merged = file[template].clone();
            for (key, value) in item.as_object().into_iter().flatten() {
                merged[key] = value.clone();
            }
            *item = merged;
        }
    }
    case
}

impl Question {
    /// Reads a case whose templates are filled in. Versions are numbered by their places, and each was
    /// registered at an index of its own.
    pub fn new(case: &Value) -> Question {
        let version = |(at, job): (usize, &Value)| {
            let mut spec: JobSpec = serde_json::from_value(job.clone()).unwrap();
            spec.version = at as u64;
            (spec.create_index, spec.job_modify_index) = (1, at as u64 + 1);
            Job::new(spec).unwrap()
        };
        let versions: Vec<Job> = items(&case["jobs"]).enumerate().map(version).collect();
        let node = |node: &Value| Node::from_json(node.to_string()).unwrap();
        let nodes: Vec<Node> = items(&case["nodes"]).map(node).collect();
        let allocation = |it: &Value| -> Allocation { serde_json::from_value(it.clone()).unwrap() };
        let allocations: Vec<Allocation> = items(&case["allocs"]).map(allocation).collect();
        let deployment = |it: &Value| Deployment {
            job_create_index: 1,
            ..serde_json::from_value(it.clone()).unwrap()
        };
        let all = items(&case["deployments"]).chain([&case["deployment"]]);
        let deployments = all.filter(|it| it.is_object()).map(deployment).collect();
        let waiting =
            items(&case["waiting_evals"]).map(|id| id.as_str().unwrap().to_owned()).collect();
        let known = JobState { versions, allocations, deployments, waiting };
        Question {
            now: case["now"].as_str().unwrap().parse().unwrap(),
            cluster: cluster(&nodes, &known),
            nodes,
            known,
            evaluation: serde_json::from_value(case["eval"].clone()).unwrap(),
        }
    }

    /// Processes the evaluation.
    pub fn process(&self) -> Decision {
        let options = PlaceOptions::default();
        decide(&self.cluster, &self.known, &self.evaluation, &options, self.now)
    }

    /// The answer, lists whose order says nothing sorted.
    pub fn answer(&self) -> Value {
        let mut answer = self.process().answer(&self.known, self.now);
        sort_lists(&mut answer);
        answer
    }
}

/// A cluster of these nodes with what is on them.
pub fn cluster(nodes: &[Node], known: &JobState) -> Cluster {
    let is_there = |it: &&Allocation| nodes.iter().any(|node| node.id == it.node_id);
    let there: Vec<Allocation> = known.allocations.iter().filter(is_there).cloned().collect();
    let inventory = Inventory::new(nodes.iter().cloned()).unwrap();
    let inventory = inventory.with_allocations(there).unwrap().with_jobs(&known.versions);
    Cluster::from_inventory(&inventory, 0)
}

/// Sorts the lists of an answer whose order says nothing.
pub fn sort_lists(answer: &mut Value) {
    for key in ["stops", "placements", "updates", "deployments"] {
        if let Some(list) = answer[key].as_array_mut() {
            list.sort_by_cached_key(Value::to_string);
        }
    }
}
