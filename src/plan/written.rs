//! Plans as documents. Existing things go by their identities, new ones by their places: `new[0]`,
//! `new[1]` and so on, allocations, evaluations and deployments each for themselves
//! (docs/lifecycle.md, section 5).

use indexmap::IndexMap;

use super::content::{Plan, PlannedAllocation};
use super::effects::{DeploymentChoice, FailedRecord, PlacedEffect};
use super::evaluated::{Evaluated, PlannedStop, PlannedUpdate};
use crate::model::{
    Allocation, AllocationDeploymentStatus, AllocationState, Deployment, DesiredUpdates,
    Evaluation, RescheduleTracker,
};
use crate::model::{DeploymentStatusUpdate, Plan as Document, PlanAnnotations};
use crate::plan::attempt::Attempt;
use crate::state::evaluation::EvaluationNames;

/// The name of something new by its place, until it has an identity.
pub(super) fn new_id(place: usize) -> String {
    format!("new[{place}]")
}

impl Plan {
    /// The plan as one document: what a scheduler submits, and [`Cluster::read_plan`](crate::Cluster::read_plan)
    /// reads.
    /// What a search found out beside, such as the groups that failed, is not in it.
    ///
    /// ```
    /// # use stowplan::model::{Job, Node};
    /// # use stowplan::{Cluster, PlaceOptions};
    /// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// # let job = Job::builder("web")
    /// #     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
    /// #     .build()?;
    /// # let mut cluster = Cluster::new([node])?;
    /// let plan = cluster.plan_requests(&cluster.missing(&job), &PlaceOptions::default())?;
    /// let document = plan.to_document();
    /// let names: Vec<(&str, &str)> =
    ///     document.node_allocation["n1"].iter().map(|it| (&*it.id, &*it.name)).collect();
    /// assert_eq!(names, [("new[0]", "web.front[0]"), ("new[1]", "web.front[1]")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_document(&self) -> Document {
        // The present version; of a plan that is of no evaluation, the one that it places first.
        let job = self.evaluated.as_ref().and_then(|it| it.spec.clone());
        let job = job.or_else(|| self.groups.first().map(|group| group.job.shared_spec()));
        let mut document = Document {
            all_at_once: self.all_at_once || self.groups.iter().any(|group| group.job.all_at_once),
            job: job.clone(),
            snapshot_index: self.snapshot_index,
            ..Document::default()
        };
        for stop in &self.stops {
            let of_node = document.node_update.entry(stop.node_id().to_owned()).or_default();
            of_node.push(stop.document());
        }
        let placed = self.evaluated.as_ref().map(|it| it.effects.placed.as_slice());
        let mut placed = placed.unwrap_or_default().iter().peekable();
        for (place, planned) in self.placements().enumerate() {
            let effect = placed.next_if(|effect| effect.at as usize == place);
            let mut written = self.placement_document(place, planned, effect);
            let own = planned.job().shared_spec();
            if job.as_ref().is_none_or(|job| !std::sync::Arc::ptr_eq(job, &own)) {
                written.job = Some(own);
            }
            let node_id = planned.node_id().to_owned();
            for victim in planned.preempted() {
                let of_node = document.node_preemptions.entry(node_id.clone()).or_default();
                of_node.push(Allocation {
                    id: victim.clone(),
                    preempted_by_allocation: new_id(place),
                    ..Allocation::default()
                });
            }
            document.node_allocation.entry(node_id).or_default().push(written);
        }
        for update in &self.updates {
            let of_node = document.node_allocation.entry(update.node_id().to_owned()).or_default();
            of_node.push(self.update_document(update));
        }
        if let Some(evaluated) = &self.evaluated {
            evaluated.write(self, &mut document);
        }
        document
    }

    fn placement_document(
        &self,
        place: usize,
        planned: PlannedAllocation<'_>,
        effect: Option<&PlacedEffect>,
    ) -> Allocation {
        let mut written = planned.document(new_id(place));
        let Some(evaluated) = &self.evaluated else { return written };
        written.eval_id = evaluated.id().to_owned();
        written.deployment_id = evaluated.deployment_name(planned.deployment());
        if let Some(effect) = effect {
            let predecessor = effect.predecessor.map(|of| evaluated.references.allocation_id(of));
            written.previous_allocation = predecessor.unwrap_or_default().to_owned();
            written.deployment_status = effect.is_canary.then(|| AllocationDeploymentStatus {
                canary: true,
                ..AllocationDeploymentStatus::default()
            });
            written.reschedule_tracker.clone_from(&effect.reschedules);
        }
        written
    }

    fn update_document(&self, update: &PlannedUpdate) -> Allocation {
        let effect = &update.effect;
        let mut written = Allocation {
            id: update.id().to_owned(),
            node_id: update.node_id().to_owned(),
            desired_status: "run".into(),
            followup_eval_id: follow_up(update.follow_up()),
            ..Allocation::default()
        };
        if let Some((version, choice)) = &effect.in_place {
            written.job_version = version.job_spec().map(|job| job.version);
            let name = |it: &Evaluated| it.deployment_name(*choice);
            written.deployment_id = self.evaluated.as_deref().map_or(String::new(), name);
        }
        if let Some((status, description)) = &effect.client {
            written.client_status = status.as_str().into();
            written.client_description = description.to_string();
        }
        written.alloc_states.extend(effect.noted.map(|status| AllocationState {
            field: AllocationState::CLIENT_STATUS,
            value: status.as_str().into(),
            ..AllocationState::default()
        }));
        if effect.found_no_place {
            written.reschedule_tracker = Some(RescheduleTracker {
                last_reschedule: RescheduleTracker::NO_PLACEMENT.into(),
                ..RescheduleTracker::default()
            });
        }
        written
    }

    /// The evaluations that would be created, `new[0]` first.
    pub fn created(&self) -> Vec<Evaluation> {
        self.evaluated.as_ref().map_or_else(Vec::new, |it| it.created())
    }

    /// The evaluation as it would be once all of the plan is committed; none of a plan that is of none.
    pub fn evaluation(&self) -> Option<Evaluation> {
        self.evaluated.as_ref()?.evaluation()
    }

    /// The new deployment, if there would be one.
    pub fn deployment(&self) -> Option<Deployment> {
        self.evaluated.as_ref()?.deployment()
    }

    /// What would become of the latest deployment, if anything.
    pub fn deployment_update(&self) -> Option<DeploymentStatusUpdate> {
        self.evaluated.as_ref()?.deployment_update()
    }

    /// How many allocations of each group it leaves, places and changes.
    pub fn figures(&self) -> impl Iterator<Item = (&str, &DesiredUpdates)> {
        let figures = self.evaluated.iter().flat_map(|evaluated| &evaluated.effects.figures);
        figures.map(|(group, figures)| (group.as_str(), figures))
    }

    /// Which attempt at its evaluation it is.
    pub fn attempt(&self) -> Attempt {
        self.evaluated.as_ref().map_or_else(Attempt::default, |it| it.attempt)
    }
}

impl Evaluated {
    /// The evaluation's identity; empty if the state did not have it.
    fn id(&self) -> &str {
        self.references.evaluation_id(self.effects.evaluation.evaluation)
    }

    /// What a deployment is called: by its identity, or by its place if it is new.
    fn deployment_name(&self, choice: DeploymentChoice) -> String {
        match choice {
            DeploymentChoice::None => String::new(),
            DeploymentChoice::Existing(of) => self.references.deployment_id(of).to_owned(),
            DeploymentChoice::New => new_id(0),
        }
    }

    fn created(&self) -> Vec<Evaluation> {
        let created = self.effects.created.iter().enumerate();
        let document = |(place, record): (usize, &crate::state::evaluation::EvaluationRecord)| {
            record.document(EvaluationNames {
                id: new_id(place),
                namespace: self.job.namespace.clone(),
                job_id: self.job.id.clone(),
                previous: self.id().to_owned(),
                ..EvaluationNames::default()
            })
        };
        created.map(document).collect()
    }

    fn evaluation(&self) -> Option<Evaluation> {
        let before = self.evaluation.as_deref()?.clone();
        let effect = &self.effects.evaluation;
        let shortage = effect.shortage();
        let mut after = Evaluation { snapshot_index: effect.snapshot_index, ..before };
        if let Some(next) = effect.next {
            after.next_eval = new_id(next as usize);
        }
        if let Some(blocked) = effect.blocked {
            after.blocked_eval = new_id(blocked as usize);
        }
        if effect.is_reblocked {
            after.class_eligibility = shortage.class_eligibility;
            after.escaped_computed_class = shortage.escaped_computed_class;
        } else if let Some(status) = effect.status {
            after.status = status.as_str().into();
            after.status_description.clone_from(&effect.description);
        }
        after.deployment_id = self.deployment_name(effect.deployment);
        after.failed_tg_allocs = shortage.failed_groups;
        after.queued_allocations = effect.queued.document();
        Some(after)
    }

    fn deployment(&self) -> Option<Deployment> {
        let record = self.effects.deployment.as_ref()?;
        let (namespace, job_id) = self.job.as_pair();
        // It has no canaries yet.
        Some(record.document(new_id(0), namespace, job_id, |_| String::new()))
    }

    fn deployment_update(&self) -> Option<DeploymentStatusUpdate> {
        let update = self.effects.deployment_update.as_ref()?;
        Some(DeploymentStatusUpdate {
            deployment_id: self.references.deployment_id(update.deployment).to_owned(),
            status: update.status.as_str().into(),
            status_description: update.description.to_string(),
            ..DeploymentStatusUpdate::default()
        })
    }

    fn write(&self, plan: &Plan, document: &mut Document) {
        document.eval_id = self.id().to_owned();
        document.attempt = self.attempt.failures();
        document.priority = self.evaluation.as_ref().map_or(0, |it| it.priority);
        document.deployment = self.deployment();
        document.deployment_updates = self.deployment_update().into_iter().collect();
        document.eval = self.evaluation();
        document.created_evals = self.created();
        let superseded = self.effects.superseded.iter();
        let canceled = superseded.map(|of| self.references.evaluation_id(*of).to_owned());
        document.canceled_evals = canceled.collect();
        let failed = self.effects.failed.iter().enumerate();
        document.failed_allocs =
            failed.map(|(at, record)| self.failed_document(plan.len() + at, record)).collect();
        let figures: IndexMap<String, DesiredUpdates> =
            self.effects.figures.iter().cloned().collect();
        let preempted =
            plan.evictions().map(|id| Allocation { id: id.into(), ..Allocation::default() });
        let preempted_allocs: Vec<Allocation> = preempted.collect();
        if !figures.is_empty() || !preempted_allocs.is_empty() {
            document.annotations = Some(PlanAnnotations {
                desired_tg_updates: figures,
                preempted_allocs,
                ..PlanAnnotations::default()
            });
        }
    }

    fn failed_document(&self, place: usize, record: &FailedRecord) -> Allocation {
        let before = record.before.map(|of| self.references.allocation_id(of).to_owned());
        Allocation {
            id: before.unwrap_or_else(|| new_id(place)),
            eval_id: self.id().to_owned(),
            namespace: self.job.namespace.clone(),
            job_id: self.job.id.clone(),
            name: record.version.name_of(record.name_index),
            task_group: record.version.group_name().to_owned(),
            desired_status: "failed".into(),
            client_status: "failed".into(),
            metrics: Some(record.metrics.clone()),
            ..Allocation::default()
        }
    }
}

impl PlannedStop {
    fn document(&self) -> Allocation {
        Allocation {
            id: self.id().to_owned(),
            node_id: self.node_id().to_owned(),
            desired_status: "stop".into(),
            desired_description: self.description().to_owned(),
            client_status: if self.is_lost() { "lost".into() } else { String::new() },
            followup_eval_id: follow_up(self.follow_up()),
            ..Allocation::default()
        }
    }
}

/// What a new evaluation is called; the empty text if there is none.
fn follow_up(place: Option<usize>) -> String {
    place.map_or_else(String::new, new_id)
}
