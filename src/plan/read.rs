//! Reading plans that were submitted as documents (docs/lifecycle.md, section 5).
//!
//! What a document names by identity and is gone is left out, as committing does; what makes no sense is
//! a problem, and all problems are found at once.

use std::sync::Arc;

use super::attempt::Attempt;
use super::content::Plan;
use super::effects::{
    DeploymentChoice, DeploymentUpdate, Effects, EvaluationEffect, FailedRecord, PlacedEffect,
    Shortage, StopEffect, UpdateEffect,
};
use super::evaluated::PlannedStop;
use super::known::KnownAllocation;
use super::read_placements::{NewAllocation, groups};
use super::reading::Reading;
use crate::fit::ask::Ask;
use crate::model::problem::{Problems, excerpt};
use crate::model::{
    Allocation, ClientStatus, DeploymentStatus, Evaluation, EvaluationStatus, Job, JobSpec,
    Plan as Document, PlanErrors,
};
use crate::state::State;
use crate::state::changes::name_index;
use crate::state::group_version::GroupVersion;
use crate::state::queued::Queued;
use crate::state::slots::{AllocationSlot, EvaluationRef, JobRef};

impl Plan {
    /// The plan of a document, on the state that it is to be committed to.
    pub(crate) fn of_document(state: &State, document: &Document) -> Result<Plan, PlanErrors> {
        let mut reading = Reading {
            state,
            document,
            job: None,
            evaluation: EvaluationRef::NONE,
            problems: Problems::default(),
        };
        let plan = reading.plan();
        PlanErrors::check(reading.problems.into_vec())?;
        Ok(plan)
    }
}

impl<'a> Reading<'a> {
    fn plan(&mut self) -> Plan {
        let document = self.document;
        self.job = document.job.as_ref().and_then(|spec| self.read_job(spec));
        self.find_evaluation();
        let mut effects = Effects { job: self.job_ref(), ..Effects::default() };
        self.read_evaluations(&mut effects);
        self.read_deployments(&mut effects);
        let new = self.new_allocations(&mut effects);
        let groups = groups(self, new, self.evaluation);
        let (stops, updates) = (self.stops(), self.updates());
        self.read_failed(&mut effects);
        if let Some(annotations) = &document.annotations {
            effects.figures = annotations.desired_tg_updates.clone().into_iter().collect();
        }
        let mut plan = Plan::of_groups(groups, document.snapshot_index);
        plan.all_at_once = document.all_at_once;
        if self.evaluation == EvaluationRef::NONE {
            let changes_more = !updates.is_empty()
                || effects.deployment.is_some()
                || effects.deployment_update.is_some()
                || !effects.created.is_empty();
            if changes_more {
                let text = "only the plan of an evaluation updates and creates things";
                self.problem(&["EvalID"], text);
            }
            let stops = stops.into_iter().filter_map(|it| PlannedStop::of(self.state, it));
            return Plan { stops: stops.collect(), ..plan };
        }
        effects.evaluation.snapshot_index = document.snapshot_index;
        (effects.stops, effects.updates) = (stops, updates);
        plan.of_evaluation(self.state, effects, Attempt::after(document.attempt))
    }

    /// A job of the document: the registered version that it is, where there is one.
    fn read_job(&mut self, spec: &Arc<JobSpec>) -> Option<Job> {
        let namespace = if spec.namespace.is_empty() { "default" } else { &spec.namespace };
        let slot = self.state.find_job(namespace, &spec.id);
        let versions = slot.and_then(|slot| self.state.registration(slot));
        let mut versions = versions.into_iter().flat_map(|it| it.versions.iter());
        let known = versions.find(|known| {
            known.number == spec.version && known.job.spec().create_index == spec.create_index
        });
        if let Some(known) = known {
            return Some(known.job.clone());
        }
        match Job::new(spec.as_ref().clone()) {
            Ok(job) => Some(job),
            Err(errors) => {
                for problem in errors.within("Job").problems() {
                    self.problem(&[problem.path()], problem.message());
                }
                None
            }
        }
    }

    fn job_ref(&self) -> JobRef {
        let slot = self.state.resolve_evaluation(self.evaluation);
        slot.and_then(|slot| self.state.evaluation(slot)).map_or(JobRef::NONE, |it| it.job)
    }

    fn find_evaluation(&mut self) {
        let id = self.document.eval_id.as_str();
        if id.is_empty() {
            return;
        }
        match self.state.find_evaluation(id) {
            Some(slot) => self.evaluation = self.state.evaluation_ref(slot),
            None => {
                let message = format!("there is no evaluation with the ID `{}`", excerpt(id));
                self.problem(&["EvalID"], message);
            }
        }
    }

    /// The place of a new evaluation; none for the empty text.
    fn new_evaluation(&mut self, key: &str, id: &str) -> Option<u32> {
        if id.is_empty() {
            return None;
        }
        let place = new_place(id).filter(|at| *at < self.document.created_evals.len());
        if place.is_none() {
            self.problem(&[key], format!("`{}` is none of `CreatedEvals`", excerpt(id)));
        }
        place.map(|at| at as u32)
    }

    fn read_evaluations(&mut self, effects: &mut Effects) {
        let document = self.document;
        for (at, created) in document.created_evals.iter().enumerate() {
            if new_place(&created.id) != Some(at) {
                let message = format!("expected `new[{at}]`, found `{}`", excerpt(&created.id));
                self.problem(&["CreatedEvals", "ID"], message);
            }
            match self.state.evaluation_of(created) {
                Ok(record) => effects.created.push(record.without_identity()),
                Err(error) => self.problem(&["CreatedEvals"], error.to_string()),
            }
        }
        let superseded = document.canceled_evals.iter();
        let superseded = superseded.filter_map(|id| self.state.find_evaluation(id));
        effects.superseded = superseded.map(|slot| self.state.evaluation_ref(slot)).collect();
        effects.evaluation.evaluation = self.evaluation;
        if let Some(eval) = &document.eval {
            effects.evaluation = self.evaluation_effect(eval);
        }
    }

    fn evaluation_effect(&mut self, eval: &Evaluation) -> EvaluationEffect {
        let status = eval.status();
        let is_known = status.is_some_and(|it| it != EvaluationStatus::Pending);
        if !is_known {
            let message = format!("an evaluation is not left `{}`", excerpt(&eval.status));
            self.problem(&["Eval", "Status"], message);
        }
        let is_reblocked = status == Some(EvaluationStatus::Blocked);
        // What is there already is no new one.
        let is_new = |id: &str| new_place(id).is_some();
        let next = Some(&eval.next_eval).filter(|id| is_new(id));
        let blocked = Some(&eval.blocked_eval).filter(|id| is_new(id));
        EvaluationEffect {
            evaluation: self.evaluation,
            job_type: eval.job_type(),
            snapshot_index: self.document.snapshot_index,
            status: status.filter(|_| !is_reblocked),
            description: eval.status_description.clone(),
            is_reblocked,
            next: next.and_then(|id| self.new_evaluation("Eval", id)),
            blocked: blocked.and_then(|id| self.new_evaluation("Eval", id)),
            deployment: self.deployment("Eval", &eval.deployment_id),
            queued: Queued::of(&eval.queued_allocations),
            shortage: Some(Box::new(Shortage {
                failed_groups: eval.failed_tg_allocs.clone(),
                class_eligibility: eval.class_eligibility.clone(),
                escaped_computed_class: eval.escaped_computed_class,
            })),
        }
    }

    fn read_deployments(&mut self, effects: &mut Effects) {
        if let Some(deployment) = self.document.deployment.as_ref().filter(|it| is_new(&it.id)) {
            match self.state.deployment_of(deployment) {
                Ok(record) => effects.deployment = Some(Box::new(record.without_identity())),
                Err(error) => self.problem(&["Deployment"], error.to_string()),
            }
        }
        let updates = &self.document.deployment_updates;
        if updates.len() > 1 {
            let message = format!("expected at most one, found {}", updates.len());
            self.problem(&["DeploymentUpdates"], message);
        }
        for update in updates {
            let found = self.state.find_deployment(&update.deployment_id);
            let Some(status) = DeploymentStatus::from_text(&update.status) else {
                let message = format!("`{}` is no status of a deployment", excerpt(&update.status));
                self.problem(&["DeploymentUpdates", "Status"], message);
                continue;
            };
            effects.deployment_update = found.map(|slot| DeploymentUpdate {
                deployment: self.state.deployment_ref(slot),
                status,
                description: update.status_description.clone().into(),
            });
        }
    }

    /// The deployment of an identity or a place.
    fn deployment(&mut self, key: &str, id: &str) -> DeploymentChoice {
        if id.is_empty() {
            return DeploymentChoice::None;
        }
        if let Some(slot) = self.state.find_deployment(id) {
            return DeploymentChoice::Existing(self.state.deployment_ref(slot));
        }
        let is_new = self.document.deployment.as_ref().is_some_and(|new| new.id == id);
        if !is_new {
            let message = format!("there is no deployment with the ID `{}`", excerpt(id));
            self.problem(&[key, "DeploymentID"], message);
        }
        DeploymentChoice::New
    }

    /// The new allocations in their order, with what is said of them.
    fn new_allocations(&mut self, effects: &mut Effects) -> Vec<NewAllocation<'a>> {
        let document = self.document;
        let all = document.node_allocation.iter();
        let all = all.flat_map(|(node, list)| list.iter().map(move |it| (node, it)));
        let mut new: Vec<NewAllocation<'a>> = Vec::new();
        for (node, written) in all.filter(|(_, it)| is_new(&it.id)) {
            let path = ["NodeAllocation", node.as_str()];
            let id = excerpt(&written.id);
            if *node != written.node_id {
                self.problem(&path, format!("`{id}` is on node `{}`", excerpt(&written.node_id)));
            }
            let own = written.job.as_ref().and_then(|spec| self.read_job(spec));
            let Some(job) = own.or_else(|| self.job.clone()) else {
                self.problem(&path, format!("`{id}` is of no job"));
                continue;
            };
            let groups = &job.spec().task_groups;
            let group = groups.iter().position(|group| group.name == written.task_group);
            let (Some(group), Some(place)) = (group, new_place(&written.id)) else {
                let name = excerpt(&written.task_group);
                self.problem(&path, format!("`{id}` is of the group `{name}`, which is none"));
                continue;
            };
            let deployment = self.deployment("NodeAllocation", &written.deployment_id);
            let victims = self.victims(written);
            new.push(NewAllocation { place, written, job, group, deployment, victims });
        }
        new.sort_by_key(|it| it.place);
        if !new.iter().map(|it| it.place).eq(0..new.len()) {
            let message = "new allocations are named `new[0]`, `new[1]` and so on, each once";
            self.problem(&["NodeAllocation"], message);
        }
        let said = new.iter().filter_map(|it| self.placed_effect(it));
        effects.placed = said.collect();
        new
    }

    fn placed_effect(&self, new: &NewAllocation<'_>) -> Option<PlacedEffect> {
        let predecessor = self.state.find_allocation(&new.written.previous_allocation);
        let effect = PlacedEffect {
            at: new.place as u32,
            predecessor: predecessor.map(|slot| self.state.allocation_ref(slot)),
            is_canary: new.written.is_canary(),
            reschedules: new.written.reschedule_tracker.clone(),
        };
        let says_more =
            effect.predecessor.is_some() || effect.is_canary || effect.reschedules.is_some();
        says_more.then_some(effect)
    }

    /// What a new allocation evicts on its node, and nowhere else.
    fn victims(&mut self, new: &Allocation) -> Vec<KnownAllocation> {
        let state = self.state;
        let on_node = self.document.node_preemptions.get(&new.node_id);
        let of_it = on_node.into_iter().flatten();
        let of_it = of_it.filter(|victim| victim.preempted_by_allocation == new.id);
        let mut victims = Vec::new();
        for slot in of_it.filter_map(|victim| state.find_allocation(&victim.id)) {
            if state.node_id_of(slot) == Some(new.node_id.as_str()) {
                victims.extend(KnownAllocation::new(state, slot));
            } else {
                let id = excerpt(&state.allocation_id(slot)).to_string();
                let node_id = excerpt(&new.node_id).to_string();
                let message = format!("`{id}` is not on the node `{node_id}`");
                self.problem(&["NodePreemptions"], message);
            }
        }
        victims
    }

    fn stops(&mut self) -> Vec<StopEffect> {
        let document = self.document;
        let mut stops = Vec::new();
        for written in document.node_update.values().flatten() {
            let Some(slot) = self.state.find_allocation(&written.id) else { continue };
            let is_lost = written.client_status == ClientStatus::Lost.as_str();
            if !is_lost && !written.client_status.is_empty() {
                let status = excerpt(&written.client_status);
                self.problem(&["NodeUpdate"], format!("what stops does not become `{status}`"));
            }
            stops.push(StopEffect {
                allocation: self.state.allocation_ref(slot),
                description: written.desired_description.clone().into(),
                is_lost,
                follow_up: self.new_evaluation("NodeUpdate", &written.followup_eval_id),
            });
        }
        stops
    }

    fn updates(&mut self) -> Vec<UpdateEffect> {
        let document = self.document;
        let all = document.node_allocation.values().flatten();
        let mut updates = Vec::new();
        for written in all.filter(|it| !is_new(&it.id)) {
            let Some(slot) = self.state.find_allocation(&written.id) else { continue };
            updates.push(self.update(slot, written));
        }
        updates
    }

    fn update(&mut self, slot: AllocationSlot, written: &Allocation) -> UpdateEffect {
        let client = match written.client_status.as_str() {
            "" => None,
            text => {
                let status = ClientStatus::from_text(text);
                if status != Some(ClientStatus::Unknown) {
                    let message = format!("what stays does not become `{}`", excerpt(text));
                    self.problem(&["NodeAllocation", "ClientStatus"], message);
                }
                status.map(|status| (status, written.client_description.clone().into()))
            }
        };
        let in_place = written.job_version.and_then(|number| {
            let choice = self.deployment("NodeAllocation", &written.deployment_id);
            Some((self.version(slot, number)?, choice))
        });
        let noted = written.alloc_states.last().and_then(|state| state.client_status());
        // One that is waited for already needs no new one.
        let follow_up = Some(&written.followup_eval_id).filter(|id| is_new(id));
        UpdateEffect {
            allocation: self.state.allocation_ref(slot),
            in_place,
            client,
            noted,
            follow_up: follow_up.and_then(|id| self.new_evaluation("NodeAllocation", id)),
            found_no_place: written.reschedule_tracker.as_ref().is_some_and(|it| it.has_failed()),
        }
    }

    /// The group of an allocation in a version of the plan's job.
    fn version(&mut self, slot: AllocationSlot, number: u64) -> Option<Arc<GroupVersion>> {
        let job = self.job.clone().filter(|job| job.spec().version == number);
        let group = self.state.version_of(slot).map(GroupVersion::group_name);
        let version = job.and_then(|job| group_version(&job, group?));
        if version.is_none() {
            let message = format!("`Job` has no version {number} of what is updated");
            self.problem(&["NodeAllocation", "JobVersion"], message);
        }
        version
    }

    fn read_failed(&mut self, effects: &mut Effects) {
        for written in &self.document.failed_allocs {
            let version = self.job.as_ref().and_then(|job| group_version(job, &written.task_group));
            let Some(version) = version else {
                let name = excerpt(&written.task_group);
                self.problem(&["FailedAllocs"], format!("there is no group `{name}`"));
                continue;
            };
            let before = self.state.find_allocation(&written.id);
            effects.failed.push(FailedRecord {
                before: before.map(|slot| self.state.allocation_ref(slot)),
                version,
                name_index: name_index(&written.name).unwrap_or(0),
                metrics: written.metrics.clone().unwrap_or_default(),
            });
        }
    }
}

/// A group of a job, by its name.
fn group_version(job: &Job, name: &str) -> Option<Arc<GroupVersion>> {
    let at = job.spec().task_groups.iter().position(|group| group.name == name)?;
    let amounts = Ask::of(job.spec().task_groups.get(at)?).amounts;
    let job = Some(job.shared_spec());
    Some(Arc::new(GroupVersion { job, group: at, amounts, memory_oversubscription: false }))
}

/// The number in `new[i]`.
fn new_place(id: &str) -> Option<usize> {
    id.strip_prefix("new[")?.strip_suffix(']')?.parse().ok()
}

fn is_new(id: &str) -> bool {
    id.starts_with("new[")
}
