//! Jobs as residents of a cluster: registered with their versions, whether or not anything of them runs.

use super::Cluster;
use super::views::JobView;
use crate::model::Job;
use crate::state::job::JobVersion;

/// The outcome of registering a job, from [`Cluster::register_job`].
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// let first = cluster.register_job(&job);
/// assert_eq!((first.version, first.is_new), (0, true));
/// let again = cluster.register_job(&job);
/// assert_eq!((again.version, again.is_new), (0, false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registered {
    /// The number of the job's newest version, from 0 on.
    pub version: u64,
    /// Whether that version is new. It is not where the job is what it was before.
    pub is_new: bool,
}

impl Cluster {
    /// Registers a job: from then on the cluster knows it and its versions, whether or not anything of it
    /// runs. A job that differs from its newest version becomes a version of its own. Of the versions
    /// the six newest and the newest stable one are kept (docs/lifecycle.md, section 9).
    ///
    /// Nothing is placed, stopped or changed by it: [`Cluster::difference`] says what would have to be,
    /// and [`Cluster::place`] places what is missing, of a job that is registered or not.
    ///
    /// ```
    /// use stowplan::Cluster;
    /// use stowplan::model::Job;
    ///
    /// let job = |count| {
    ///     Job::builder("web").group("front", count, |g| g.task("nginx", "docker", |t| t)).build()
    /// };
    /// let mut cluster = Cluster::default();
    /// assert_eq!(cluster.register_job(&job(2)?).version, 0);
    /// assert_eq!(cluster.register_job(&job(3)?).version, 1);
    /// assert!(!cluster.register_job(&job(3)?).is_new);
    /// let web = cluster.job("default", "web").ok_or("it is not registered")?;
    /// let counts: Vec<_> = web.versions().map(|job| job.task_groups[0].count()).collect();
    /// assert_eq!(counts, [3, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register_job(&mut self, job: &Job) -> Registered {
        self.register_owned_job(job.clone())
    }

    /// The same for a job that is handed over. Its number and its indexes are written into its document,
    /// which is copied only if somebody else holds the job too.
    pub fn register_owned_job(&mut self, job: Job) -> Registered {
        let registered = self.change(|state| state.register_job(job));
        Registered { version: registered.version, is_new: registered.is_new }
    }

    /// Forgets the versions of a job; false if it is not registered. The job itself is forgotten once it
    /// has no allocations, which go on as they are.
    pub fn unregister_job(&mut self, namespace: &str, job_id: &str) -> bool {
        let Some(job) = self.state.find_job(namespace, job_id) else { return false };
        let is_registered = self.state.registration(job).is_some();
        if is_registered {
            self.change(|state| state.unregister_job(job));
        }
        is_registered
    }

    /// Takes a job out altogether: its versions, and all allocations, evaluations and deployments of it, whatever
    /// they do. False if the cluster knows nothing of it. This is for a job that has ended and need not be
    /// remembered.
    ///
    /// ```
    /// # use stowplan::model::{Job, Node};
    /// # use stowplan::{Cluster, PlaceOptions};
    /// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// # let job = Job::builder("web")
    /// #     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
    /// #     .build()?;
    /// # let mut cluster = Cluster::new([node])?;
    /// cluster.register_job(&job);
    /// cluster.place(&job, &PlaceOptions::default());
    /// assert_eq!(cluster.allocation_count(), 2);
    /// assert!(cluster.remove_job("default", "web"));
    /// assert_eq!((cluster.allocation_count(), cluster.jobs().count()), (0, 0));
    /// assert!(!cluster.remove_job("default", "web"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_job(&mut self, namespace: &str, job_id: &str) -> bool {
        let Some(job) = self.state.find_job(namespace, job_id) else { return false };
        self.change(|state| state.remove_job(job));
        true
    }

    /// Says whether a version of a job is stable: the newest stable one is kept however many come after
    /// it, and which one is present does not change. False if there is no such version.
    pub fn set_job_stability(
        &mut self,
        namespace: &str,
        job_id: &str,
        version: u64,
        is_stable: bool,
    ) -> bool {
        let Some(job) = self.state.find_job(namespace, job_id) else { return false };
        let versions = self.state.registration(job).map(|it| &*it.versions).unwrap_or_default();
        let is_known = versions.iter().any(|it| it.number == version);
        is_known && self.change(|state| state.set_stable(job, version, is_stable))
    }
}

impl<'a> JobView<'a> {
    /// Tells whether it is registered. One that is not only has allocations.
    pub fn is_registered(&self) -> bool {
        !self.known_versions().is_empty()
    }

    /// The version that is wanted; none if it is not registered. It is the newest one, unless an engine was
    /// told that an earlier one is stable, or no longer so (docs/lifecycle.md, section 9, *Stable*).
    pub fn present_version(&self) -> Option<&'a Job> {
        self.state.registration(self.slot)?.present().map(|version| &version.job)
    }

    /// Its versions as far as they are kept, the newest first; none if it is not registered.
    pub fn versions(&self) -> impl Iterator<Item = &'a Job> {
        self.known_versions().iter().map(|version| &version.job)
    }

    /// The numbers of its versions, in the same order, and whether each is stable.
    pub fn version_numbers(&self) -> impl Iterator<Item = (u64, bool)> {
        self.known_versions().iter().map(|version| (version.number, version.is_stable))
    }

    fn known_versions(&self) -> &'a [JobVersion] {
        self.state.registration(self.slot).map(|it| &*it.versions).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::cluster::Cluster;
    use crate::model::{ClientStatus, Job, Node};
    use crate::placement::options::PlaceOptions;

    fn job(count: u32) -> Job {
        let job = Job::builder("web").group("front", count, |g| {
            g.task("nginx", "docker", |t| t.cpu_shares(100).memory_mb(64))
        });
        job.build().unwrap()
    }

    fn versions(cluster: &Cluster) -> Vec<(u64, bool)> {
        let job = cluster.job("default", "web");
        job.map(|job| job.version_numbers().collect()).unwrap_or_default()
    }

    #[test]
    fn a_registered_job_is_there_until_it_is_neither_registered_nor_has_allocations() {
        let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker");
        let mut cluster = Cluster::new([node.build().unwrap()]).unwrap();
        cluster.register_job(&job(1));
        assert_eq!(cluster.jobs().count(), 1);
        cluster.place(&job(1), &PlaceOptions::default());
        let id = cluster.allocations_of("default", "web").next().unwrap().id();
        cluster.set_client_status(&id, ClientStatus::Complete).unwrap();
        cluster.remove_allocation(&id).unwrap();
        assert!(cluster.job("default", "web").unwrap().is_registered());
        assert!(cluster.unregister_job("default", "web"));
        assert!(!cluster.unregister_job("default", "web"));
        assert!(cluster.job("default", "web").is_none());
        assert_eq!(cluster.check(), Ok(()));
    }

    #[test]
    fn each_allocation_says_which_version_it_runs() {
        let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker");
        let mut cluster = Cluster::new([node.build().unwrap()]).unwrap();
        let options = PlaceOptions::default();
        let versions = |cluster: &Cluster| {
            let all = cluster.allocations_of("default", "web");
            let mut versions: Vec<_> =
                all.map(|it| (it.name_index().unwrap(), it.document().job_version)).collect();
            versions.sort_unstable();
            versions
        };
        cluster.place(&job(1), &options);
        assert_eq!(versions(&cluster), [(0, None)]);
        for count in [2, 3] {
            cluster.register_job(&job(count));
            cluster.place(&job(count), &options);
        }
        assert_eq!(versions(&cluster), [(0, None), (1, Some(0)), (2, Some(1))]);
        let registered: Vec<(u64, bool)> = cluster
            .job("default", "web")
            .unwrap()
            .versions()
            .map(|job| (job.version, job.job_modify_index > job.create_index))
            .collect();
        assert_eq!(registered, [(1, true), (0, false)]);
    }

    #[test]
    fn allocations_keep_a_job_that_is_no_longer_registered() {
        let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker");
        let mut cluster = Cluster::new([node.build().unwrap()]).unwrap();
        cluster.register_job(&job(1));
        cluster.place(&job(1), &PlaceOptions::default());
        assert!(cluster.unregister_job("default", "web"));
        let job = cluster.job("default", "web").unwrap();
        assert!(!job.is_registered() && job.allocation_count() == 1);
    }

    #[test]
    fn the_six_newest_versions_and_the_newest_stable_one_are_kept() {
        let mut cluster = Cluster::default();
        cluster.register_job(&job(1));
        assert!(cluster.set_job_stability("default", "web", 0, true));
        assert!(!cluster.set_job_stability("default", "web", 9, true));
        assert!(!cluster.set_job_stability("default", "other", 0, true));
        (2..10).for_each(|count| _ = cluster.register_job(&job(count)));
        let kept: Vec<u64> = versions(&cluster).iter().map(|(number, _)| *number).collect();
        assert_eq!(kept, [8, 7, 6, 5, 4, 3, 0]);
        let before = cluster.modify_index();
        assert!(!cluster.register_job(&job(9)).is_new);
        assert_eq!(cluster.modify_index(), before);
    }
}
