//! Plans of evaluations, made by hand: what of them is committed, and what the state says then.

mod applied;
mod refused;
mod submitted;

use std::sync::Arc;

use super::Cluster;
use super::place::serve;
use super::request::PlacementRequest;
use crate::model::evaluation::{EvaluationStatus, Trigger};
use crate::model::{Allocation, Evaluation, Job, JobType, Node, NodeSpec};
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::Outcome;
use crate::plan::attempt::Attempt;
use crate::plan::content::Plan;
use crate::plan::effects::{Effects, EvaluationEffect, StopEffect, UpdateEffect};
use crate::state::deployment::{DeployedGroup, DeploymentRecord};
use crate::state::evaluation::EvaluationRecord;
use crate::state::slots::{AllocationRef, DeploymentRef, EvaluationRef};
use crate::state::transaction::Transaction;
use crate::time::{Span, Timestamp};

const NOW: Timestamp = Timestamp::from_secs(100);

fn node(id: &str) -> Node {
    Node::builder(id).cpu_shares(1_000).memory_mb(1_000).driver("docker").build().unwrap()
}

fn job(id: &str, count: u32, memory_mb: i64) -> Job {
    let job = Job::builder(id).group("front", count, |g| {
        g.task("nginx", "docker", |t| t.cpu_shares(100).memory_mb(memory_mb))
    });
    job.build().unwrap()
}

/// Nodes, and a registered job with an evaluation that waits.
struct World {
    cluster: Cluster,
    job: Job,
    evaluation: String,
}

impl World {
    fn new(nodes: &[&str], job: Job) -> World {
        let mut cluster = Cluster::new(nodes.iter().map(|id| node(id))).unwrap();
        cluster.register_job(&job);
        let evaluation = cluster
            .upsert_evaluation(&Evaluation {
                job_id: job.id.clone(),
                evaluation_type: job.job_type().as_str().into(),
                triggered_by: "job-register".into(),
                priority: 50,
                ..Evaluation::default()
            })
            .unwrap();
        // What is registered says which version it is.
        let job = cluster.job("default", &job.id).unwrap().versions().next().unwrap().clone();
        World { cluster, job, evaluation }
    }

    fn reference(&self) -> EvaluationRef {
        let state = &self.cluster.state;
        state.evaluation_ref(state.find_evaluation(&self.evaluation).unwrap())
    }

    fn evaluation(&self) -> Evaluation {
        self.cluster.evaluation(&self.evaluation).unwrap()
    }

    fn allocation_ref(&self, id: &str) -> AllocationRef {
        let state = &self.cluster.state;
        state.allocation_ref(state.find_allocation(id).unwrap())
    }

    fn allocation(&self, id: &str) -> Allocation {
        self.cluster.allocation(id).unwrap()
    }

    /// Places an allocation of a number on a node for keeps, and gives its identity.
    fn place(&mut self, index: u32, node: &str) -> String {
        let request = PlacementRequest::new(&self.job, "front", index).only_node(node);
        let placed = self.cluster.place_requests(&[request], &PlaceOptions::default()).unwrap();
        placed.allocations().next().unwrap().id()
    }

    fn request(&self, index: u32, node: &str) -> PlacementRequest {
        PlacementRequest::new(&self.job, "front", index).only_node(node)
    }

    fn change_node(&mut self, id: &str, change: impl FnOnce(&mut NodeSpec)) {
        let changed = self.cluster.node(id).unwrap().changed(change).unwrap();
        self.cluster.upsert_node(changed);
    }

    /// What completes the evaluation and changes nothing else.
    fn effects(&self) -> Effects {
        Effects {
            evaluation: EvaluationEffect {
                evaluation: self.reference(),
                snapshot_index: self.cluster.modify_index(),
                status: Some(EvaluationStatus::Complete),
                ..EvaluationEffect::default()
            },
            ..Effects::default()
        }
    }

    /// A plan, made on a fork.
    fn plan(&self, requests: &[PlacementRequest], effects: Effects, attempt: Attempt) -> Plan {
        let mut fork = self.cluster.fork();
        let caches = Arc::make_mut(&mut fork.caches);
        let mut state = Arc::make_mut(&mut fork.state).begin(NOW);
        let (outcome, made) = carry_out(&mut state, caches, requests, &effects);
        let options = PlaceOptions::default();
        Plan::of_effects(&state, outcome, effects, made, attempt, &options)
    }
}

/// Places what is requested, as part of the new deployment if there is one.
fn carry_out(
    state: &mut Transaction<'_>,
    caches: &mut crate::placement::caches::Caches,
    requests: &[PlacementRequest],
    effects: &Effects,
) -> (Outcome, Option<DeploymentRef>) {
    let job = state.find_job("default", "web").unwrap();
    let new = effects.deployment.clone().map(|new| state.add_deployment(job, *new));
    let made = new.map(|slot| state.deployment_ref(slot));
    for stop in &effects.stops {
        let slot = state.resolve_allocation(stop.allocation).unwrap();
        state.stop(slot);
    }
    let options = PlaceOptions::default();
    let mut outcome = serve(state, caches, requests, &options, &mut None).unwrap();
    for at in 0..outcome.groups.len() {
        let Some(group) = outcome.groups.get_mut(at) else { continue };
        let batch = Arc::make_mut(&mut group.batch);
        (batch.evaluation, batch.deployment) =
            (effects.evaluation.evaluation, made.unwrap_or_default());
    }
    (outcome, made)
}

fn stop(allocation: AllocationRef, description: &'static str) -> StopEffect {
    StopEffect { allocation, description: description.into(), is_lost: false, follow_up: None }
}

fn update(allocation: AllocationRef) -> UpdateEffect {
    UpdateEffect {
        allocation,
        in_place: None,
        client: None,
        noted: None,
        follow_up: None,
        found_no_place: false,
    }
}

/// A new evaluation that waits for its time.
fn follow_up(trigger: Trigger, wait_until: Timestamp) -> EvaluationRecord {
    let mut record = EvaluationRecord::new(trigger, JobType::Service, 50);
    record.links_mut().wait_until = Some(wait_until);
    record
}

/// A new deployment of the group of a job.
fn deployment(job: &Job, desired_total: i64, desired_canaries: i64) -> Box<DeploymentRecord> {
    let mut group = DeployedGroup::new("front");
    (group.desired_total, group.desired_canaries) = (desired_total, desired_canaries);
    group.progress_deadline = Span::from_secs(600);
    Box::new(DeploymentRecord::new(job.spec(), "Deployment is running", vec![group]))
}
