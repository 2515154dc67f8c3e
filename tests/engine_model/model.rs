//! The model: jobs, nodes and settings as they follow from the commands by the specification alone
//! (docs/lifecycle.md, sections 7 and 9), and what each command has to be answered.

use std::collections::{BTreeMap, BTreeSet};

use stowplan::engine::{
    Applied, Command, CommandError, Engine, EvaluationCommandError, SettingsCommandError,
};
use stowplan::model::{JobSpec, NodeSpec};
use stowplan::{Span, Timestamp};

use crate::facts::{Facts, is_active};
use crate::launches::Launches;
use crate::outside::Outside;

/// A job's namespace and name.
pub(crate) type Key = (String, String);

/// What a command has to be answered.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Accepted,
    Refused(CommandError),
    /// The document is not valid, whatever is said of it.
    Invalid,
}

impl Answer {
    pub(crate) fn refused(error: impl Into<CommandError>) -> Answer {
        Answer::Refused(error.into())
    }
}

/// What should be.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) now: Timestamp,
    pub(crate) jobs: BTreeMap<Key, Job>,
    pub(crate) nodes: BTreeMap<String, Node>,
    /// Those that were purged, as they were last.
    pub(crate) purged: BTreeMap<String, NodeSpec>,
    pub(crate) namespaces: BTreeSet<String>,
    pub(crate) pools: BTreeSet<String>,
    pub(crate) configuration_index: u64,
    pub(crate) launches: Launches,
    pub(crate) outside: Outside,
    /// What the index of the latest command is still to be written to.
    unwritten: Unwritten,
}

#[derive(Debug, Default)]
struct Unwritten {
    job: Option<Key>,
    turned: Option<Key>,
    node: Option<String>,
    configuration: bool,
}

/// A job that is registered.
#[derive(Debug)]
pub(crate) struct Job {
    /// The newest last.
    pub(crate) versions: Vec<Version>,
    /// The number of the present one.
    pub(crate) present: u64,
    /// The index at which an earlier or later version was made the present one, which makes no evaluation.
    pub(crate) turned_at: u64,
    /// Whether it was ever to be looked at.
    pub(crate) is_seen: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) number: u64,
    /// The index at which it was registered; 0 as long as the engine did not say.
    pub(crate) index: u64,
    pub(crate) spec: JobSpec,
    pub(crate) is_stopped: bool,
    pub(crate) is_stable: bool,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) spec: NodeSpec,
    pub(crate) status: String,
    pub(crate) is_eligible: bool,
    pub(crate) is_draining: bool,
    pub(crate) ignores_system_jobs: bool,
    pub(crate) heard_by: Option<Timestamp>,
    /// Whether it was missed, and has said nothing of its allocations since.
    pub(crate) is_unsynced: bool,
}

impl Job {
    pub(crate) fn present(&self) -> &Version {
        self.version(self.present).expect("a registered job has a present version")
    }

    pub(crate) fn job_modify_index(&self) -> u64 {
        self.present().index
    }

    /// Notes at which index the newest version was registered.
    pub(crate) fn note_index(&mut self, index: u64) {
        self.versions.last_mut().expect("a registered job has a version").index = index;
    }

    /// Adds a version; six are kept, the newest stable one and the present one.
    pub(crate) fn add(&mut self, spec: JobSpec, is_stopped: bool, is_stable: bool) {
        let number = self.versions.last().map_or(0, |it| it.number + 1);
        self.versions.push(Version { number, index: 0, spec, is_stopped, is_stable });
        self.present = number;
        self.forget();
    }

    /// Says of a version whether it is stable; false if there is none.
    pub(crate) fn set_stable(&mut self, number: u64, is_stable: bool) -> bool {
        let Some(version) = self.versions.iter_mut().find(|it| it.number == number) else {
            return false;
        };
        version.is_stable = is_stable;
        self.forget();
        true
    }

    fn forget(&mut self) {
        let newest_stable = self.versions.iter().rposition(|it| it.is_stable && !it.is_stopped);
        let first = self.versions.len().saturating_sub(6);
        let (present, mut at) = (self.present, 0..);
        self.versions.retain(|it| {
            let is_kept = |at| at >= first || Some(at) == newest_stable || it.number == present;
            at.next().is_some_and(is_kept)
        });
    }

    pub(crate) fn version(&self, number: u64) -> Option<&Version> {
        self.versions.iter().find(|it| it.number == number)
    }
}

impl Model {
    pub(crate) fn new(now: Timestamp) -> Model {
        let set = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        Model {
            now,
            jobs: BTreeMap::new(),
            nodes: BTreeMap::new(),
            purged: BTreeMap::new(),
            namespaces: set(&["default"]),
            pools: set(&["all", "default"]),
            configuration_index: 0,
            launches: Launches::default(),
            outside: Outside::default(),
            unwritten: Unwritten::default(),
        }
    }

    /// What a command has to be answered, which changes what should be.
    pub(crate) fn tell(&mut self, command: &Command, facts: &Facts) -> Answer {
        self.unwritten = Unwritten::default();
        match command {
            Command::RegisterJob(_)
            | Command::DeregisterJob(_)
            | Command::EvaluateJob(_)
            | Command::ScaleJob(_)
            | Command::RevertJob(_)
            | Command::SetJobStability(_) => self.tell_of_jobs(command, facts),
            Command::RegisterNode(_)
            | Command::PurgeNode(_)
            | Command::Heartbeat(_)
            | Command::SetNodeStatus(_)
            | Command::SetEligibility(_)
            | Command::DrainNode(_)
            | Command::EvaluateNode(_) => self.tell_of_nodes(command, facts),
            Command::Resume(_) => {
                for node in self.nodes.values_mut().filter(|it| it.heard_by.is_some()) {
                    node.heard_by = Some(self.now + Span::from_secs(300));
                }
                Answer::Accepted
            }
            Command::DispatchJob(body) => self.dispatch(body),
            Command::ForcePeriodic(body) => self.force(body),
            Command::CollectGarbage(_) | Command::ReconcileSummaries(_) => Answer::Accepted,
            Command::DeleteEvaluations(body) => {
                let refusal = body.ids.iter().find_map(|id| why_kept(id, facts));
                refusal.map_or(Answer::Accepted, Answer::refused)
            }
            Command::Dequeue(_)
            | Command::Ack(_)
            | Command::Nack(_)
            | Command::SubmitPlan(_)
            | Command::UpdateEvaluation(_)
            | Command::CreateEvaluation(_) => self.tell_of_evaluations(command, facts),
            Command::UpdateAllocations(_)
            | Command::StopAllocation(_)
            | Command::PauseDeployment(_)
            | Command::PromoteDeployment(_)
            | Command::FailDeployment(_)
            | Command::UnblockDeployment(_)
            | Command::SetAllocationHealth(_) => self.tell_of_runs(command, facts),
            _ => self.tell_of_settings(command),
        }
    }

    fn tell_of_settings(&mut self, command: &Command) -> Answer {
        let invalid = |name: &str| {
            let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
            let is_valid = !name.is_empty() && name.chars().all(is_sign);
            (!is_valid).then(|| SettingsCommandError::InvalidName { name: name.into() })
        };
        let built_in = |name: &str| SettingsCommandError::BuiltIn { name: name.into() };
        let unknown = |name: &str| SettingsCommandError::Unknown { name: name.into() };
        let in_use = |name: &str| SettingsCommandError::InUse { name: name.into() };
        let refusal = match command {
            Command::UpsertNamespace(body) => {
                let name = &body.namespace.name;
                invalid(name).or_else(|| {
                    self.namespaces.insert(name.clone());
                    None
                })
            }
            Command::DeleteNamespace(body) => {
                let name = &body.name;
                match () {
                    () if name == "default" => Some(built_in(name)),
                    () if !self.namespaces.contains(name) => Some(unknown(name)),
                    () if self
                        .jobs
                        .iter()
                        .any(|(key, job)| key.0 == *name && !job.present().is_stopped) =>
                    {
                        Some(in_use(name))
                    }
                    () => {
                        self.namespaces.remove(name);
                        None
                    }
                }
            }
            Command::UpsertNodePool(body) => match invalid(&body.pool.name) {
                None => self.tell_of_pool(&body.pool.name, true),
                invalid => invalid,
            },
            Command::DeleteNodePool(body) => self.tell_of_pool(&body.name, false),
            Command::SetSchedulerConfiguration(body) => {
                let algorithm = body.configuration.scheduler_algorithm.clone();
                let found = self.configuration_index;
                match body.check_index {
                    _ if !matches!(algorithm.as_str(), "" | "binpack" | "spread") => {
                        Some(SettingsCommandError::UnknownAlgorithm { algorithm })
                    }
                    Some(expected) if expected != found => {
                        Some(SettingsCommandError::Conflict { expected, found })
                    }
                    _ => {
                        self.unwritten.configuration = true;
                        None
                    }
                }
            }
            other => panic!("the model does not know of {other:?}"),
        };
        refusal.map_or(Answer::Accepted, Answer::refused)
    }

    /// A node pool comes or goes.
    fn tell_of_pool(&mut self, name: &str, comes: bool) -> Option<SettingsCommandError> {
        let is_in = |job: &Job| !job.present().is_stopped && job.present().spec.node_pool == *name;
        let name = name.to_owned();
        match () {
            () if matches!(name.as_str(), "all" | "default") => {
                return Some(SettingsCommandError::BuiltIn { name });
            }
            () if comes => drop(self.pools.insert(name)),
            () if !self.pools.contains(&name) => {
                return Some(SettingsCommandError::Unknown { name });
            }
            () if self.jobs.values().any(is_in) => {
                return Some(SettingsCommandError::InUse { name });
            }
            () => drop(self.pools.remove(&name)),
        }
        None
    }

    pub(crate) fn writes_job(&mut self, key: &Key) {
        self.unwritten.job = Some(key.clone());
    }

    pub(crate) fn turns_job(&mut self, key: &Key) {
        self.unwritten.turned = Some(key.clone());
    }

    pub(crate) fn hears_of(&mut self, node: &str) {
        self.unwritten.node = Some(node.to_owned());
    }

    /// Takes over what only the reply says: the index of the change, and how long a node has until its next
    /// heartbeat.
    pub(crate) fn note(&mut self, applied: &Applied, facts: &Facts) -> Result<(), String> {
        if let Some(key) = &self.unwritten.job
            && let Some(job) = self.jobs.get_mut(key)
        {
            job.note_index(applied.index);
        }
        if let Some(key) = &self.unwritten.turned
            && let Some(job) = self.jobs.get_mut(key)
        {
            job.turned_at = applied.index;
        }
        self.note_delivery(applied, facts)?;
        self.note_launch(applied)?;
        if self.unwritten.configuration {
            self.configuration_index = applied.index;
        }
        if let Some(id) = &self.unwritten.node {
            let ttl = applied.heartbeat_ttl.ok_or("a heartbeat has no time until the next")?;
            if ttl < Span::from_secs(10) || ttl >= Span::from_secs(20) {
                return Err(format!("a heartbeat is due within {ttl:?}"));
            }
            if let Some(node) = self.nodes.get_mut(id) {
                node.heard_by = Some(self.now + ttl + Span::from_secs(10));
            }
        }
        Ok(())
    }

    /// Takes over what followed by itself, and says what must not have: deployments that ended, jobs that
    /// were forgotten.
    pub(crate) fn follow(
        &mut self,
        engine: &Engine,
        before: &Facts,
        after: &Facts,
    ) -> Result<(), String> {
        self.follow_deliveries(after);
        for (key, job) in &mut self.jobs {
            if job.job_modify_index() == 0 {
                let document = engine.job(&key.0, &key.1).and_then(|it| it.document());
                let document = document.ok_or_else(|| format!("{key:?} was not launched"))?;
                job.note_index(document.job_modify_index);
            }
            job.is_seen |= after.evaluations_of(key).next().is_some();
        }
        for (id, it) in &after.deployments {
            let was = before.deployments.get(id);
            if was.is_some_and(|was| !is_active(was) && was.status != it.status) {
                return Err(format!("a deployment that has ended came to be {}", it.status));
            }
            if was.is_some_and(|was| was.status == it.status) {
                continue;
            }
            let key = (it.namespace.clone(), it.job_id.clone());
            let Some(job) = self.jobs.get_mut(&key) else { continue };
            match it.status.as_str() {
                "successful" => drop(job.set_stable(it.job_version, true)),
                "failed" => self.revert_after(engine, &key, it)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// A deployment that failed: the newest stable version comes back, if that is asked for and differs.
    fn revert_after(
        &mut self,
        engine: &Engine,
        key: &Key,
        deployment: &stowplan::model::Deployment,
    ) -> Result<(), String> {
        let Some(job) = self.jobs.get_mut(key) else { return Ok(()) };
        let text = &deployment.status_description;
        let is_asked_for = deployment.task_groups.values().any(|group| group.auto_revert);
        let present = job.present();
        let is_good =
            |it: &&Version| it.is_stable && !it.is_stopped && it.number != deployment.job_version;
        let stable = job.versions.iter().rev().find(is_good).cloned();
        let is_same =
            |it: &Version| (&it.spec, it.is_stopped) == (&present.spec, present.is_stopped);
        let expected = match stable {
            _ if !is_asked_for || present.number != deployment.job_version => None,
            None => Some(" - no stable job version to auto revert to".to_owned()),
            Some(it) if is_same(&it) => Some(format!(
                " - not rolling back to stable job version {} as current job has same specification",
                it.number
            )),
            // The pool that it was in may be gone meanwhile.
            Some(it)
                if !it.spec.node_pool.is_empty() && !self.pools.contains(&it.spec.node_pool) =>
            {
                Some(format!(
                    " - not rolling back to job version {}: job \"{}\" is in nonexistent node pool \"{}\"",
                    it.number, key.1, it.spec.node_pool
                ))
            }
            Some(it) => {
                job.add(it.spec.clone(), it.is_stopped, false);
                // At which index, only the engine says.
                let document = engine.job(&key.0, &key.1).and_then(|it| it.document());
                job.note_index(document.map_or(0, |it| it.job_modify_index));
                Some(format!(" - rolling back to job version {}", it.number))
            }
        };
        let found = text.find(" - ").map(|at| &text[at..]);
        if found != expected.as_deref() {
            return Err(format!("a failed deployment says {text:?}, not {expected:?}"));
        }
        Ok(())
    }
}

/// Why an evaluation may not be deleted.
fn why_kept(id: &str, facts: &Facts) -> Option<EvaluationCommandError> {
    let id = id.to_owned();
    match facts.evaluations.get(&id).map(|it| it.status.as_str()) {
        None => Some(EvaluationCommandError::UnknownEvaluation { id }),
        Some("pending") => Some(EvaluationCommandError::NotEnded { id, status: "pending" }),
        Some("blocked") => Some(EvaluationCommandError::NotEnded { id, status: "blocked" }),
        // They are forgotten by way of it.
        Some(_) if facts.allocations.values().any(|it| it.it.eval_id == id) => {
            Some(EvaluationCommandError::HasAllocations { id })
        }
        Some(_) => None,
    }
}
