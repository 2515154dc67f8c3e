//! Reading the file of an evaluation: everything that is wrong with it at once.

use std::path::Path;

use indexmap::IndexSet;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stowplan::model::{
    Allocation, Deployment, Evaluation, EvaluationStatus, Job, JobSpec, Node, Problem, read,
};
use stowplan::schedule::JobState;
use stowplan::{Cluster, Inventory, Timestamp};

use crate::files::{self, Problems};
use crate::words::without_negative_zeros;

/// What one evaluation is asked of.
pub(super) struct Question {
    pub(super) cluster: Cluster,
    pub(super) known: JobState,
    pub(super) evaluation: Evaluation,
    pub(super) now: Timestamp,
}

/// The keys of the file.
const KEYS: [&str; 6] = ["now", "nodes", "jobs", "allocs", "deployment", "eval"];

/// Notes problems of one file.
struct Checker<'a> {
    file: &'a str,
    problems: Problems,
}

/// Reads the file.
///
/// # Errors
///
/// All that is wrong with it, each with its path.
pub(super) fn read(path: &Path) -> Result<Question, Problems> {
    let (file, text) = files::text(path)?;
    let mut checker = Checker { file: &file, problems: Problems::default() };
    let read = match std::str::from_utf8(&text) {
        Ok(text) => serde_json::from_str(&without_negative_zeros(text)),
        Err(_) => serde_json::from_slice(&text),
    };
    let value: Value = match read {
        Ok(value) => value,
        Err(error) => {
            checker.add("", &format!("is not JSON: {error}"));
            return Err(checker.problems);
        }
    };
    let Value::Object(keys) = &value else {
        checker.add(
            "",
            "expected an object with the keys `now`, `nodes`, `jobs`, `allocs` and `eval`",
        );
        return Err(checker.problems);
    };
    for key in keys.keys().filter(|key| !KEYS.contains(&key.as_str()) && *key != "name") {
        let known = KEYS.map(|known| format!("`{known}`")).join(", ");
        checker.add(key, &format!("unknown key, known are {known}"));
    }
    let now = checker.now(keys.get("now"));
    let nodes = checker.nodes(keys.get("nodes"));
    let versions = checker.versions(keys.get("jobs"));
    let allocations = checker.allocations(keys.get("allocs"), &versions);
    let deployment: Option<Deployment> = checker.document("deployment", keys.get("deployment"));
    let evaluation: Option<Evaluation> = checker.document("eval", keys.get("eval"));
    if keys.get("eval").is_none_or(Value::is_null) {
        checker.add("eval", "an evaluation is needed");
    }
    checker.same_job(&versions, &allocations, deployment.as_ref(), evaluation.as_ref());
    let cluster = checker.cluster(nodes, &allocations, &versions);
    checker.problems.check()?;
    let (Some(cluster), Some(evaluation)) = (cluster, evaluation) else {
        return Err(checker.problems);
    };
    let known = JobState {
        versions,
        allocations,
        deployments: deployment.into_iter().collect(),
        ..JobState::default()
    };
    Ok(Question { cluster, known, evaluation, now })
}

impl Checker<'_> {
    fn add(&mut self, path: &str, message: &str) {
        self.problems.add(self.file, path, message);
    }

    fn add_all(&mut self, problems: &[Problem]) {
        self.problems.add_all(self.file, problems);
    }

    fn now(&mut self, value: Option<&Value>) -> Timestamp {
        match value {
            Some(Value::String(text)) => text.parse().unwrap_or_else(|error| {
                self.add(
                    "now",
                    &format!("`{}` {error}", text.chars().take(60).collect::<String>()),
                );
                Timestamp::EPOCH
            }),
            Some(_) => {
                self.add("now", "expected a time such as `2026-01-01T00:00:00Z`");
                Timestamp::EPOCH
            }
            None => {
                self.add("now", "the instant of the evaluation is needed");
                Timestamp::EPOCH
            }
        }
    }

    /// Documents that the library reads from a list.
    fn list<T>(
        &mut self,
        key: &str,
        value: Option<&Value>,
        read: impl Fn(String) -> Result<Vec<T>, read::ReadError>,
    ) -> Vec<T> {
        match value {
            None | Some(Value::Null) => Vec::new(),
            Some(value @ Value::Array(_)) => read(value.to_string()).unwrap_or_else(|error| {
                self.add(&format!("{key}{}", error.path()), error.message());
                Vec::new()
            }),
            Some(_) => {
                self.add(key, "expected a list");
                Vec::new()
            }
        }
    }

    fn document<T: DeserializeOwned>(&mut self, key: &str, value: Option<&Value>) -> Option<T> {
        let value = value.filter(|value| !value.is_null())?;
        if !value.is_object() {
            self.add(key, "expected an object");
            return None;
        }
        match serde_path_to_error::deserialize(value) {
            Ok(document) => Some(document),
            Err(error) => {
                let message = error.inner().to_string();
                self.add(&format!("{key}.{}", error.path()), &message);
                None
            }
        }
    }

    fn nodes(&mut self, value: Option<&Value>) -> Vec<Node> {
        let specs = self.list("nodes", value, read::nodes);
        let mut nodes = Vec::with_capacity(specs.len());
        for (at, spec) in specs.into_iter().enumerate() {
            match Node::new(spec) {
                Ok(node) => nodes.push(node),
                Err(errors) => self.add_all(errors.within(&format!("nodes[{at}]")).problems()),
            }
        }
        nodes
    }

    /// The versions, numbered by their places where the documents do not number them.
    fn versions(&mut self, value: Option<&Value>) -> Vec<Job> {
        let specs: Vec<JobSpec> = self.list("jobs", value, read::jobs);
        let is_numbered = specs.iter().any(|spec| spec.version > 0);
        let mut versions: Vec<Job> = Vec::with_capacity(specs.len());
        for (at, mut spec) in specs.into_iter().enumerate() {
            if !is_numbered {
                spec.version = at as u64;
            }
            if spec.job_modify_index == 0 {
                // What differs in version was registered at another index.
                spec.job_modify_index = spec.version + 1;
            }
            match Job::new(spec) {
                Ok(job) => versions.push(job),
                Err(errors) => self.add_all(errors.within(&format!("jobs[{at}]")).problems()),
            }
        }
        for (at, pair) in versions.windows(2).enumerate() {
            let ([before, after], path) = ([&pair[0], &pair[1]], format!("jobs[{}]", at + 1));
            if before.version >= after.version {
                self.add(&format!("{path}.Version"), "versions come oldest first, each once");
            }
            if before.job_type() != after.job_type() {
                let (new, old) = (after.job_type(), before.job_type());
                let message = format!("a job's type cannot change: it was `{old}`, not `{new}`");
                self.add(&format!("{path}.Type"), &message);
            }
        }
        versions
    }

    fn allocations(&mut self, value: Option<&Value>, versions: &[Job]) -> Vec<Allocation> {
        let allocations: Vec<Allocation> = self.list("allocs", value, read::allocations);
        let mut ids: IndexSet<&str> = IndexSet::with_capacity(allocations.len());
        for (at, allocation) in allocations.iter().enumerate() {
            let path = format!("allocs[{at}]");
            if let Err(errors) = allocation.check() {
                self.add_all(errors.within(&path).problems());
            }
            if !ids.insert(&allocation.id) {
                let message = format!("there is an allocation `{}` already", allocation.id);
                self.add(&format!("{path}.ID"), &message);
            }
            let version = allocation.job_version();
            let is_known = allocation.job.is_some()
                || versions.is_empty()
                || versions.iter().any(|job| job.version == version);
            if !is_known {
                let message = format!("`jobs` has no version {version}");
                self.add(&format!("{path}.JobVersion"), &message);
            }
        }
        allocations
    }

    /// Everything has to be of one job.
    fn same_job(
        &mut self,
        versions: &[Job],
        allocations: &[Allocation],
        deployment: Option<&Deployment>,
        evaluation: Option<&Evaluation>,
    ) {
        let Some(evaluation) = evaluation else { return };
        if evaluation.id.is_empty() {
            self.add("eval.ID", "an evaluation needs an ID");
        }
        let is_open =
            |status| matches!(status, EvaluationStatus::Pending | EvaluationStatus::Blocked);
        if !evaluation.status.is_empty() && !evaluation.status().is_some_and(is_open) {
            let message = "only a `pending` or a `blocked` evaluation can be processed";
            self.add("eval.Status", message);
        }
        let job_id = evaluation.job_id.as_str();
        let mut check = |path: String, id: &str| {
            if id != job_id {
                let message = format!("expected the evaluation's job `{job_id}`, found `{id}`");
                self.add(&path, &message);
            }
        };
        for (at, job) in versions.iter().enumerate() {
            check(format!("jobs[{at}].ID"), &job.id);
        }
        for (at, allocation) in allocations.iter().enumerate() {
            check(format!("allocs[{at}].JobID"), &allocation.job_id);
        }
        if let Some(deployment) = deployment {
            check("deployment.JobID".to_owned(), &deployment.job_id);
        }
    }

    /// The nodes with the allocations that are on any of them; others are on nodes that are gone.
    fn cluster(
        &mut self,
        nodes: Vec<Node>,
        allocations: &[Allocation],
        versions: &[Job],
    ) -> Option<Cluster> {
        let ids: IndexSet<String> = nodes.iter().map(|node| node.id.clone()).collect();
        let on_nodes = allocations.iter().filter(|it| ids.contains(&it.node_id)).cloned();
        let inventory = Inventory::new(nodes);
        // What is wrong with the allocations' identities is said already.
        let inventory = match inventory.and_then(|it| it.with_allocations(on_nodes)) {
            Ok(inventory) => inventory,
            Err(error) if self.problems.is_empty() => {
                self.add("", &error.to_string());
                return None;
            }
            Err(_) => return None,
        };
        Some(Cluster::from_inventory(&inventory.with_jobs(versions.last()), 0))
    }
}
