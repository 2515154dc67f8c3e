//! One evaluation with everything that it is decided on, as one document: what `stowplan evaluate` reads.

use std::fmt;

use indexmap::IndexSet;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::decide::decide;
use super::decision::Decision;
use super::job_state::JobState;
use crate::cluster::Cluster;
use crate::cluster::inventory::Inventory;
use crate::model::problem::{Problem, excerpt};
use crate::model::zeros::without_negative_zeros;
use crate::model::{
    Allocation, Deployment, DeploymentStatus, Evaluation, EvaluationStatus, Job, JobSpec, Node,
    read,
};
use crate::placement::options::PlaceOptions;
use crate::time::Timestamp;

/// An evaluation of a job, with the instant, the nodes, the job's versions and its allocations.
///
/// ```
/// use stowplan::PlaceOptions;
/// use stowplan::schedule::Situation;
///
/// let text = r#"{
///     "now": "2026-01-01T00:00:00Z",
///     "nodes": [{"ID": "n1", "Status": "ready", "Datacenter": "dc1",
///                "Attributes": {"driver.exec": "1"},
///                "NodeResources": {"Cpu": {"CpuShares": 4000}, "Memory": {"MemoryMB": 8192},
///                                  "Disk": {"DiskMB": 100000}}}],
///     "jobs": [{"ID": "web", "TaskGroups": [{"Name": "front", "Count": 2,
///               "Tasks": [{"Name": "nginx", "Driver": "exec"}]}]}],
///     "allocs": [],
///     "eval": {"ID": "e1", "JobID": "web", "Type": "service", "TriggeredBy": "job-register"}
/// }"#;
/// let situation = Situation::from_json(text)?;
/// let decision = situation.decide(&PlaceOptions::default());
/// assert_eq!(decision.placements.len(), 2);
///
/// let errors = Situation::from_json(text.replace("2026", "soon")).unwrap_err();
/// assert_eq!(errors.problems()[0].path(), "now");
/// # Ok::<(), stowplan::schedule::SituationErrors>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Situation {
    /// The instant of the evaluation.
    pub now: Timestamp,
    /// The nodes with what is on them.
    pub cluster: Cluster,
    /// What is known of the job.
    pub known: JobState,
    /// The evaluation.
    pub evaluation: Evaluation,
}

/// Everything that is wrong with the document of a situation.
///
/// ```
/// use stowplan::schedule::Situation;
///
/// let errors = Situation::from_json(r#"{"now": "2026-01-01T00:00:00Z", "jobs": 1}"#).unwrap_err();
/// assert_eq!(errors.to_string(), "jobs: expected a list\neval: an evaluation is needed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SituationErrors(Vec<Problem>);

/// The keys of the document.
const KEYS: [&str; 6] = ["now", "nodes", "jobs", "allocs", "deployment", "eval"];

/// Collects problems.
#[derive(Default)]
struct Checker {
    problems: Vec<Problem>,
}

impl Situation {
    /// Reads one object with the keys `now` (RFC 3339), `nodes`, `jobs` (the versions of one job, oldest
    /// first), `allocs`, `deployment` (the latest one, if any) and `eval`, in the shapes of the API.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each problem with its path.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Situation, SituationErrors> {
        let mut checker = Checker::default();
        match checker.read(text.as_ref()) {
            Some(situation) if checker.problems.is_empty() => Ok(situation),
            _ => Err(SituationErrors(checker.problems)),
        }
    }

    /// What the evaluation comes to.
    pub fn decide(&self, options: &PlaceOptions) -> Decision {
        decide(&self.cluster, &self.known, &self.evaluation, options, self.now)
    }
}

impl SituationErrors {
    /// The problems; there is at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for SituationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SituationErrors {}

impl Checker {
    fn add(&mut self, path: &str, message: &str) {
        self.problems.push(Problem::new(path, message));
    }

    fn add_all(&mut self, problems: &[Problem]) {
        self.problems.extend_from_slice(problems);
    }

    fn read(&mut self, text: &[u8]) -> Option<Situation> {
        let read = match std::str::from_utf8(text) {
            Ok(text) => serde_json::from_str(&without_negative_zeros(text)),
            Err(_) => serde_json::from_slice(text),
        };
        let value: Value = match read {
            Ok(value) => value,
            Err(error) => {
                self.add("", &format!("is not JSON: {error}"));
                return None;
            }
        };
        let Value::Object(keys) = &value else {
            let expected =
                "expected an object with the keys `now`, `nodes`, `jobs`, `allocs` and `eval`";
            self.add("", expected);
            return None;
        };
        for key in keys.keys().filter(|key| !KEYS.contains(&key.as_str()) && *key != "name") {
            let known = KEYS.map(|known| format!("`{known}`")).join(", ");
            self.add(key, &format!("unknown key, known are {known}"));
        }
        let now = self.now(keys.get("now"));
        let nodes = self.nodes(keys.get("nodes"));
        let versions = self.versions(keys.get("jobs"));
        let allocations = self.allocations(keys.get("allocs"), &versions);
        let deployment: Option<Deployment> = self.document("deployment", keys.get("deployment"));
        self.status(deployment.as_ref());
        let evaluation: Option<Evaluation> = self.document("eval", keys.get("eval"));
        if keys.get("eval").is_none_or(Value::is_null) {
            self.add("eval", "an evaluation is needed");
        }
        self.same_job(&versions, &allocations, deployment.as_ref(), evaluation.as_ref());
        let cluster = self.cluster(nodes, &allocations, &versions)?;
        let deployments = deployment.into_iter().collect();
        let known = JobState { versions, allocations, deployments, ..JobState::default() };
        Some(Situation { now, cluster, known, evaluation: evaluation? })
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

    /// A deployment has to say what has become of it, if it says anything of that.
    fn status(&mut self, deployment: Option<&Deployment>) {
        let Some(deployment) = deployment else { return };
        if deployment.status.is_empty() || deployment.status().is_some() {
            return;
        }
        let known: Vec<String> =
            DeploymentStatus::ALL.iter().map(|status| format!("`{status}`")).collect();
        let (found, known) = (excerpt(&deployment.status), known.join(", "));
        self.add("deployment.Status", &format!("unknown status `{found}`, known are {known}"));
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
