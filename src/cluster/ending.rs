//! Ending allocations: jobs are stopped, allocations finish or are lost, and what has ended is forgotten.

use super::views::slots_of;
use super::{Cluster, ClusterError};
use crate::model::{ClientStatus, DesiredStatus};
use crate::state::slots::AllocationSlot;

impl Cluster {
    /// Tells all live allocations of a job to stop, and gives their identities, sorted. They take room
    /// until their client statuses say that they have ended.
    ///
    /// ```
    /// use stowplan::{Cluster, PlaceOptions};
    /// use stowplan::model::{Job, Node};
    ///
    /// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// let mut cluster = Cluster::new([node])?;
    /// let job = Job::builder("web")
    ///     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(64)))
    ///     .build()?;
    /// cluster.place(&job, &PlaceOptions::default());
    /// let stopped = cluster.stop_job("default", "web");
    /// assert_eq!(cluster.allocations_on("n1").count(), 2);
    /// cluster.finish(&stopped)?;
    /// assert_eq!(cluster.allocations_on("n1").count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop_job(&mut self, namespace: &str, job_id: &str) -> Vec<String> {
        let Some(job) = self.state.find_job(namespace, job_id) else { return Vec::new() };
        let is_live = |slot: &AllocationSlot| {
            self.state.allocation(*slot).is_some_and(|record| record.is_live())
        };
        let live: Vec<AllocationSlot> = slots_of(&self.state, job).filter(is_live).collect();
        let mut ids: Vec<String> =
            live.iter().map(|&slot| self.state.allocation_id(slot)).collect();
        self.set_statuses(&live, |_, client| (DesiredStatus::Stop, client));
        ids.sort_unstable();
        ids
    }

    /// Notes that allocations have ended on their nodes: they give their room back. Those that were to
    /// run have completed their work; those that were told to stop or were evicted have done so.
    ///
    /// # Errors
    ///
    /// There is no allocation of one of the identities; nothing has changed then.
    pub fn finish<I: AsRef<str>>(
        &mut self,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<(), ClusterError> {
        self.end(ids, ClientStatus::Complete)
    }

    /// Notes that allocations are lost, with their node for instance: they give their room back, and
    /// placing their job replaces them. What has ended already stays as it is.
    ///
    /// # Errors
    ///
    /// There is no allocation of one of the identities; nothing has changed then.
    pub fn mark_lost<I: AsRef<str>>(
        &mut self,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<(), ClusterError> {
        self.end(ids, ClientStatus::Lost)
    }

    /// Gives allocations that have not ended a client status that ends them.
    fn end<I: AsRef<str>>(
        &mut self,
        ids: impl IntoIterator<Item = I>,
        status: ClientStatus,
    ) -> Result<(), ClusterError> {
        let slots: Result<Vec<AllocationSlot>, ClusterError> =
            ids.into_iter().map(|id| self.find(id.as_ref())).collect();
        self.set_statuses(&slots?, |desired, client| match client.is_terminal() {
            true => (desired, client),
            false => (desired, status),
        });
        Ok(())
    }

    /// Sets the statuses of allocations to what is made of the present ones, in one change.
    fn set_statuses(
        &mut self,
        slots: &[AllocationSlot],
        change: impl Fn(DesiredStatus, ClientStatus) -> (DesiredStatus, ClientStatus),
    ) {
        self.change(|state| {
            for &slot in slots {
                let Some(record) = state.allocation(slot) else { continue };
                let before = (record.desired, record.client);
                let after = change(before.0, before.1);
                if after != before {
                    state.set_status(slot, after.0, after.1);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Cluster, ClusterError};
    use crate::model::{Job, JobType, Node};
    use crate::placement::options::PlaceOptions;

    fn cluster() -> Cluster {
        let node = |id| Node::builder(id).cpu_shares(1_000).memory_mb(1_024).driver("docker");
        Cluster::new(["n1", "n2"].map(|id| node(id).build().unwrap())).unwrap()
    }

    fn job(id: &str, job_type: JobType) -> Job {
        let builder = Job::builder(id).job_type(job_type);
        let builder = builder
            .group("work", 2, |g| g.task("run", "docker", |t| t.cpu_shares(200).memory_mb(64)));
        builder.build().unwrap()
    }

    fn place(cluster: &mut Cluster, job: &Job) -> Vec<String> {
        cluster.place(job, &PlaceOptions::default()).allocations().map(|it| it.id()).collect()
    }

    /// A loop that places jobs until nothing is missing comes to an end.
    #[test]
    fn completed_batch_work_is_done() {
        for job_type in [JobType::Batch, JobType::Sysbatch] {
            let (mut cluster, job) = (cluster(), job("night", job_type));
            let ids = place(&mut cluster, &job);
            assert_eq!(ids.len(), 2, "{job_type}");
            cluster.finish(&ids[..1]).unwrap();
            assert_eq!(place(&mut cluster, &job).len(), 0, "{job_type}");
            // What failed to get that far is done again.
            cluster.mark_lost(&ids).unwrap();
            assert_eq!(place(&mut cluster, &job).len(), 1, "{job_type}");
        }
        for job_type in [JobType::Service, JobType::System] {
            let (mut cluster, job) = (cluster(), job("web", job_type));
            let ids = place(&mut cluster, &job);
            cluster.finish(&ids).unwrap();
            assert_eq!(place(&mut cluster, &job).len(), 2, "{job_type}");
        }
    }

    #[test]
    fn a_job_is_stopped_by_one_call_and_its_room_comes_back_when_it_has_ended() {
        let mut cluster = cluster();
        let (web, api) = (job("web", JobType::Service), job("api", JobType::Service));
        let ids = [place(&mut cluster, &web), place(&mut cluster, &api)];
        let stopped = cluster.stop_job("default", "web");
        let mut expected = ids[0].clone();
        expected.sort_unstable();
        assert_eq!(stopped, expected);
        assert_eq!(cluster.stop_job("default", "web"), [""; 0]);
        assert_eq!(cluster.stop_job("other", "web"), [""; 0]);
        let used =
            |cluster: &Cluster| cluster.usage().map(|usage| usage.cpu_mhz().used).sum::<i64>();
        assert_eq!(used(&cluster), 800);
        cluster.finish(&stopped).unwrap();
        assert_eq!(used(&cluster), 400);
        assert_eq!(cluster.allocations_of("default", "web").filter(|it| it.is_live()).count(), 0);
        assert_eq!(cluster.allocations_of("default", "api").filter(|it| it.is_live()).count(), 2);
        let jobs: Vec<&str> = cluster.jobs().map(|job| job.id()).collect();
        assert_eq!(jobs, ["web", "api"]);
    }

    #[test]
    fn one_unknown_identity_changes_nothing() {
        let mut cluster = cluster();
        let mut ids = place(&mut cluster, &job("web", JobType::Service));
        ids.push("none".into());
        let unknown = ClusterError::UnknownAllocation { id: "none".into() };
        assert_eq!(cluster.finish(&ids), Err(unknown.clone()));
        assert_eq!(cluster.mark_lost(&ids), Err(unknown));
        assert!(cluster.allocations_of("default", "web").all(|it| it.is_live()));
    }
}
