//! What becomes of the evaluation itself, and the decision as a whole (docs/lifecycle.md, section 2,
//! *Finish*).

use indexmap::{IndexMap, IndexSet};

use super::attempt::Attempt;
use super::decision::Decision;
use super::evaluations::{blocked, follow_up, new_id};
use crate::model::{Deployment, DesiredUpdates, Evaluation, JobType};
use crate::time::Timestamp;

/// The decision on an evaluation that no scheduler takes.
pub(super) fn refused(evaluation: &Evaluation, reason: String, now: Timestamp) -> Decision {
    Decision {
        evaluation: Evaluation {
            status: "failed".into(),
            status_description: reason,
            modify_time: now.as_nanos(),
            ..evaluation.clone()
        },
        ..Decision::default()
    }
}

impl Attempt<'_> {
    /// The decision.
    pub(super) fn finish(mut self) -> Decision {
        let created = self.created();
        let is_blocked = self.evaluation.status == "blocked";
        let is_system = self.job_type.is_system();
        let is_reblocked = is_blocked && !is_system && !self.failures.is_empty();
        let evaluation = self.finished(&created, is_reblocked);
        let failed = self.failed_written();
        let figures = std::mem::take(&mut self.changes.figures);
        let names = self.documents.groups.iter().map(|name| (*name).to_owned());
        let id = |at: u32| self.documents.allocations[at as usize].id.clone();
        let in_place = self.changes.updates.iter().filter(|it| it.in_place);
        Decision {
            evaluation,
            is_reblocked,
            created,
            stops: self.changes.stops.iter().map(|stop| self.stop_written(stop)).collect(),
            updates: self.changes.updates.iter().map(|it| self.update_written(it)).collect(),
            failed,
            in_place: in_place.map(|it| id(it.at)).collect(),
            deployment: self.deployment_written(),
            deployment_update: self.deployment_update(),
            superseded: self.superseded(),
            figures: names.zip(figures.into_iter().map(DesiredUpdates::from)).collect(),
            placements: self.placed.into_iter().map(|(_, allocation)| allocation).collect(),
            after: self.after,
        }
    }

    /// The evaluations that come of this one: those that look again later, then those that wait for
    /// room.
    fn created(&self) -> Vec<Evaluation> {
        let parent = self.evaluation;
        let follow_ups = self.changes.follow_ups.iter().enumerate();
        let mut created: Vec<Evaluation> =
            follow_ups.map(|(at, it)| follow_up(parent, at, it, self.now)).collect();
        if self.job_type.is_system() {
            for node in &self.exhausted_nodes {
                let position = created.len();
                created.push(blocked(
                    parent,
                    position,
                    &self.failures,
                    &self.classes,
                    node,
                    self.now,
                ));
            }
            return created;
        }
        let is_due = parent.wait_until.is_none_or(|at| self.now > at);
        let may_block = created.is_empty() || is_due;
        if parent.status != "blocked" && !self.failures.is_empty() && may_block {
            let position = created.len();
            created.push(blocked(parent, position, &self.failures, &self.classes, "", self.now));
        }
        created
    }

    /// The evaluation as it is afterwards.
    fn finished(&self, created: &[Evaluation], is_reblocked: bool) -> Evaluation {
        let is_system = self.job_type.is_system();
        let waits = created.iter().rposition(|it| it.status == "blocked").filter(|_| !is_system);
        let last = self.changes.follow_ups.len().checked_sub(1);
        let deployment_id = match &self.changes.deployment {
            Some(_) => new_id(0),
            None => self.latest().map_or(String::new(), |it| it.id.clone()),
        };
        let status = if is_reblocked { "blocked" } else { "complete" };
        let parent = self.evaluation;
        // What waits on waits for other nodes than before.
        let (class_eligibility, escaped_computed_class) = match is_reblocked {
            true => (self.classes.eligibility.clone(), self.classes.is_escaped),
            false => (parent.class_eligibility.clone(), parent.escaped_computed_class),
        };
        Evaluation {
            status: status.into(),
            status_description: String::new(),
            deployment_id,
            blocked_eval: waits.map_or(parent.blocked_eval.clone(), new_id),
            next_eval: last.map_or(parent.next_eval.clone(), new_id),
            failed_tg_allocs: self.failures.clone(),
            queued_allocations: self.queued_by_group(),
            class_eligibility,
            escaped_computed_class,
            modify_time: self.now.as_nanos(),
            ..parent.clone()
        }
    }

    /// How many are to be placed still, by group.
    fn queued_by_group(&self) -> IndexMap<String, i64> {
        let job = self.known.versions.last();
        let is_stopped = job.is_none_or(|job| job.stop);
        let all = || job.iter().flat_map(|job| &job.task_groups).map(|group| &group.name);
        match self.job_type {
            JobType::System | JobType::Sysbatch if is_stopped => IndexMap::new(),
            JobType::System => {
                let held = |name: &String| self.queued.get(name).copied().unwrap_or(0);
                all().map(|name| (name.clone(), held(name))).collect()
            }
            _ if self.queued.is_empty() => all().map(|name| (name.clone(), 0)).collect(),
            _ => self.queued.clone(),
        }
    }

    /// The latest deployment as it is afterwards, if that changes.
    fn deployment_update(&self) -> Option<Deployment> {
        let (status, description) = self.changes.deployment_update?.status();
        Some(Deployment {
            status: status.into(),
            status_description: description.into(),
            ..self.latest()?.clone()
        })
    }

    /// The evaluations that nothing waits for any more, as what they would give up is back.
    fn superseded(&self) -> Vec<String> {
        let superseded: IndexSet<u32> = self.changes.superseded.iter().copied().collect();
        let mut ids: IndexMap<u32, &String> = IndexMap::new();
        let mut back: Vec<bool> = self.documents.views.iter().map(|it| it.is_terminal()).collect();
        for update in self.changes.updates.iter().filter(|it| it.is_reconnecting) {
            let at = update.at as usize;
            back[at] = true;
            let (view, document) = (&self.documents.views[at], self.documents.allocations[at]);
            if superseded.contains(&view.follow_up) {
                ids.insert(view.follow_up, &document.followup_eval_id);
            }
        }
        for view in self.documents.views.iter().zip(&back).filter(|(_, is_back)| !**is_back) {
            ids.shift_remove(&view.0.follow_up);
        }
        ids.into_values().cloned().collect()
    }
}
