//! Evaluations and deployments as residents of a cluster: written by whoever owns the loop, and read.

use super::Cluster;
use crate::model::deployment::Deployment;
use crate::model::evaluation::{Evaluation, Trigger};
use crate::state::deployment::DeploymentError;
use crate::state::evaluation::EvaluationError;
use crate::state::slots::JobSlot;

impl Cluster {
    /// An evaluation as the API has it (docs/lifecycle.md, section 1).
    pub fn evaluation(&self, id: &str) -> Option<Evaluation> {
        self.state.evaluation_document(self.state.find_evaluation(id)?)
    }

    /// The evaluations of a job, the oldest first; none of a job that the cluster does not know.
    pub fn evaluations_of(
        &self,
        namespace: &str,
        job_id: &str,
    ) -> impl Iterator<Item = Evaluation> {
        let job = self.state.find_job(namespace, job_id);
        let slots = job.map(|job| self.state.evaluations_of(job)).unwrap_or_default();
        slots.iter().filter_map(|slot| self.state.evaluation_document(*slot))
    }

    /// The evaluations whose identities begin with a text, in no order that means anything.
    pub fn evaluations_with_prefix(&self, prefix: &str) -> impl Iterator<Item = Evaluation> {
        let slots = self.state.evaluations_with_prefix(prefix);
        slots.filter_map(|slot| self.state.evaluation_document(slot))
    }

    /// Writes an evaluation down, and gives its identity: the document's own, or a new one where it has
    /// none. What is written under a known identity takes the place of what was there. Its indexes and
    /// instants are those of the change, whatever the document says; what it was created at stays.
    ///
    /// Nothing is processed by it.
    ///
    /// ```
    /// use stowplan::Cluster;
    /// use stowplan::model::{Evaluation, Job};
    ///
    /// let job = Job::builder("web").group("front", 1, |g| g.task("nginx", "docker", |t| t));
    /// let mut cluster = Cluster::default();
    /// cluster.register_job(&job.build()?);
    /// let evaluation = Evaluation {
    ///     job_id: "web".into(),
    ///     evaluation_type: "service".into(),
    ///     triggered_by: "job-register".into(),
    ///     ..Evaluation::default()
    /// };
    /// let id = cluster.upsert_evaluation(&evaluation)?;
    /// let known = cluster.evaluation(&id).ok_or("it is not there")?;
    /// assert_eq!((known.status.as_str(), known.create_index), ("pending", 2));
    /// cluster.upsert_evaluation(&Evaluation { status: "complete".into(), ..known })?;
    /// let statuses: Vec<String> =
    ///     cluster.evaluations_of("default", "web").map(|it| it.status).collect();
    /// assert_eq!(statuses, ["complete"]);
    ///
    /// let error = cluster.upsert_evaluation(&Evaluation { status: "done".into(), ..evaluation });
    /// assert_eq!(error.unwrap_err().to_string(), "`done` is no status of an evaluation");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The cluster does not know the job, the type, the trigger or the status are none that there are,
    /// or an evaluation of the same identity is of another job. Nothing has changed.
    pub fn upsert_evaluation(
        &mut self,
        evaluation: &Evaluation,
    ) -> Result<String, EvaluationError> {
        let job = self.find_job(&evaluation.namespace, &evaluation.job_id);
        if job.is_none() {
            return Err(EvaluationError::UnknownJob {
                namespace: or_default(&evaluation.namespace).to_owned(),
                job_id: evaluation.job_id.clone(),
            });
        }
        let slot = self.change(|state| state.upsert_evaluation_of(job, evaluation))?;
        Ok(self.state.evaluation_id(slot))
    }

    /// Writes a new evaluation of a registered job down, which is pending, and gives its identity: of the job's
    /// type and priority, for what the trigger says happened. [`Cluster::upsert_evaluation`] writes any other.
    ///
    /// ```
    /// use stowplan::Cluster;
    /// use stowplan::model::{Job, Trigger};
    ///
    /// let job = Job::builder("web").group("front", 1, |g| g.task("nginx", "docker", |t| t));
    /// let mut cluster = Cluster::default();
    /// cluster.register_job(&job.priority(70).build()?);
    /// let id = cluster.evaluate_job("default", "web", Trigger::JobRegister)?;
    /// let evaluation = cluster.evaluation(&id).ok_or("it is not there")?;
    /// assert_eq!((evaluation.status.as_str(), evaluation.priority), ("pending", 70));
    /// assert_eq!(evaluation.triggered_by, "job-register");
    ///
    /// let error = cluster.evaluate_job("default", "db", Trigger::JobRegister).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no job `db` in the namespace `default`");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The job is not registered. Nothing has changed.
    pub fn evaluate_job(
        &mut self,
        namespace: &str,
        job_id: &str,
        trigger: Trigger,
    ) -> Result<String, EvaluationError> {
        let job = self.find_job(namespace, job_id);
        let Some(job) = job.filter(|job| self.state.registration(*job).is_some()) else {
            let (namespace, job_id) = (or_default(namespace).to_owned(), job_id.to_owned());
            return Err(EvaluationError::UnknownJob { namespace, job_id });
        };
        let slot = self.change(|state| {
            let record = state.pending_evaluation(job, trigger);
            state.add_evaluation(job, record)
        });
        Ok(self.state.evaluation_id(slot))
    }

    /// Takes an evaluation out altogether; false if there is none of this identity.
    pub fn remove_evaluation(&mut self, id: &str) -> bool {
        let Some(slot) = self.state.find_evaluation(id) else { return false };
        self.change(|state| state.remove_evaluation(slot));
        true
    }

    /// The index at which an evaluation of a job last came, changed or left; 0 if none ever did.
    pub fn evaluations_index_of(&self, namespace: &str, job_id: &str) -> u64 {
        let job = self.state.find_job(namespace, job_id);
        job.and_then(|job| self.state.work(job)).map_or(0, |work| work.evaluations.modify_index)
    }

    /// A deployment as the API has it (docs/lifecycle.md, section 3.1).
    pub fn deployment(&self, id: &str) -> Option<Deployment> {
        self.state.deployment_document(self.state.find_deployment(id)?)
    }

    /// The deployments of a job, the latest first; none of a job that the cluster does not know.
    pub fn deployments_of(
        &self,
        namespace: &str,
        job_id: &str,
    ) -> impl Iterator<Item = Deployment> {
        let job = self.state.find_job(namespace, job_id);
        let slots = job.map(|job| self.state.deployments_of(job)).unwrap_or_default();
        slots.into_iter().filter_map(|slot| self.state.deployment_document(slot))
    }

    /// The deployments whose identities begin with a text, in no order that means anything.
    pub fn deployments_with_prefix(&self, prefix: &str) -> impl Iterator<Item = Deployment> {
        let slots = self.state.deployments_with_prefix(prefix);
        slots.filter_map(|slot| self.state.deployment_document(slot))
    }

    /// Writes a deployment down, in the same way as [`Cluster::upsert_evaluation`].
    ///
    /// ```
    /// use stowplan::Cluster;
    /// use stowplan::model::{Deployment, Job};
    ///
    /// let job = Job::builder("web").group("front", 1, |g| g.task("nginx", "docker", |t| t));
    /// let mut cluster = Cluster::default();
    /// cluster.register_job(&job.build()?);
    /// let deployment = Deployment {
    ///     job_id: "web".into(),
    ///     status: "running".into(),
    ///     ..Deployment::default()
    /// };
    /// let first = cluster.upsert_deployment(&deployment)?;
    /// let second = cluster.upsert_deployment(&Deployment { job_version: 1, ..deployment })?;
    /// let ids: Vec<String> = cluster.deployments_of("default", "web").map(|it| it.id).collect();
    /// assert_eq!(ids, [second, first.clone()]);
    /// assert_eq!(cluster.deployment(&first).ok_or("it is not there")?.create_index, 2);
    ///
    /// let unknown = Deployment { job_id: "db".into(), ..Deployment::default() };
    /// let error = cluster.upsert_deployment(&unknown).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no job `db` in the namespace `default`");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The cluster does not know the job, the status is none that there is, or a deployment of the same
    /// identity is of another job. Nothing has changed.
    pub fn upsert_deployment(
        &mut self,
        deployment: &Deployment,
    ) -> Result<String, DeploymentError> {
        if self.find_job(&deployment.namespace, &deployment.job_id).is_none() {
            return Err(DeploymentError::UnknownJob {
                namespace: or_default(&deployment.namespace).to_owned(),
                job_id: deployment.job_id.clone(),
            });
        }
        let slot = self.change(|state| state.upsert_deployment(deployment))?;
        Ok(self.state.deployment_id(slot))
    }

    /// Takes a deployment out altogether; false if there is none of this identity.
    pub fn remove_deployment(&mut self, id: &str) -> bool {
        let Some(slot) = self.state.find_deployment(id) else { return false };
        self.change(|state| state.remove_deployment(slot));
        true
    }

    /// The index at which a deployment of a job last came, changed or left; 0 if none ever did.
    pub fn deployments_index_of(&self, namespace: &str, job_id: &str) -> u64 {
        let job = self.state.find_job(namespace, job_id);
        job.and_then(|job| self.state.work(job)).map_or(0, |work| work.deployments.modify_index)
    }

    fn find_job(&self, namespace: &str, job_id: &str) -> Option<JobSlot> {
        self.state.find_job(or_default(namespace), job_id)
    }
}

/// The namespace of a document, which may name none.
fn or_default(namespace: &str) -> &str {
    if namespace.is_empty() { "default" } else { namespace }
}
