//! Allocations and jobs as they are looked at: nothing is made but what is asked for.

use std::fmt;
use std::sync::Arc;

use super::Cluster;
use crate::model::{AllocatedResources, Allocation, ClientStatus, DesiredStatus, JobSpec, Node};
use crate::state::State;
use crate::state::allocation::AllocationRecord;
use crate::state::slots::{AllocationSlot, JobSlot};

/// An allocation of a cluster, from [`Cluster::allocations_of`] or [`Cluster::allocations_on`].
///
/// It reads the cluster's own records, so that looking through the allocations of one job costs as much
/// as there are of them, however many others there are.
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
/// let mut names: Vec<String> =
///     cluster.allocations_of("default", "web").map(|it| it.name()).collect();
/// names.sort();
/// assert_eq!(names, ["web.front[0]", "web.front[1]"]);
/// assert!(cluster.allocations_on("n1").all(|it| it.is_live() && it.cpu_mhz() == 200));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct AllocationView<'a> {
    state: &'a State,
    slot: AllocationSlot,
    record: &'a AllocationRecord,
}

impl<'a> AllocationView<'a> {
    fn new(state: &'a State, slot: AllocationSlot) -> Option<AllocationView<'a>> {
        Some(AllocationView { state, slot, record: state.allocation(slot)? })
    }

    /// Its identity.
    pub fn id(&self) -> String {
        self.state.allocation_id(self.slot)
    }

    /// Its name: `<job>.<group>[<index>]`.
    pub fn name(&self) -> String {
        self.state.allocation_name(self.slot)
    }

    /// The number in its name; none if its name, which came from elsewhere, has none.
    pub fn name_index(&self) -> Option<u32> {
        Some(self.record.name_index).filter(|index| *index != u32::MAX)
    }

    /// The version of its job that it runs; none if it came from elsewhere without one.
    pub fn job_spec(&self) -> Option<&'a JobSpec> {
        self.version().map(|job| &**job)
    }

    /// The same, shared.
    pub(super) fn version(&self) -> Option<&'a Arc<JobSpec>> {
        self.state.version_of(self.slot)?.job.as_ref()
    }

    /// The identity of the node that it is on or was on; empty if it has none.
    pub fn node_id(&self) -> &'a str {
        self.state.node_id_of(self.slot).unwrap_or_default()
    }

    /// The node that it is on or was on; none if that is gone. A node that came later under the same
    /// identity is another one.
    pub fn node(&self) -> Option<&'a Node> {
        Some(&self.state.node(self.record.node)?.node)
    }

    /// Its job's namespace.
    pub fn namespace(&self) -> &'a str {
        self.state.job(self.record.job).map_or("", |job| job.names().0)
    }

    /// Its job's identity.
    pub fn job_id(&self) -> &'a str {
        self.state.job(self.record.job).map_or("", |job| job.id())
    }

    /// The name of its group.
    pub fn task_group(&self) -> &'a str {
        let groups = self.state.job(self.record.job).map(|job| &*job.groups).unwrap_or_default();
        groups.get(usize::from(self.record.group)).map_or("", |group| &group.name)
    }

    /// The status that it should have.
    pub fn desired(&self) -> DesiredStatus {
        self.record.desired
    }

    /// The status that it has on its node.
    pub fn client(&self) -> ClientStatus {
        self.record.client
    }

    /// Tells whether neither the scheduler nor the node has done with it.
    pub fn is_live(&self) -> bool {
        self.record.is_live()
    }

    /// MHz that it holds, those of its cores included.
    pub fn cpu_mhz(&self) -> i64 {
        self.state.amounts_of(self.slot).cpu_mhz
    }

    /// MB of memory that it holds.
    pub fn memory_mb(&self) -> i64 {
        self.state.amounts_of(self.slot).memory_mb
    }

    /// MB of disk that it holds.
    pub fn disk_mb(&self) -> i64 {
        self.state.amounts_of(self.slot).disk_mb
    }

    /// The identity of the evaluation that placed it or last updated it in place; empty if it has none.
    pub fn evaluation_id(&self) -> String {
        self.state.evaluation_id_of(self.slot)
    }

    /// The identity of the deployment that it is part of; empty if it is of none.
    pub fn deployment_id(&self) -> String {
        self.state.deployment_id_of(self.slot)
    }

    /// The index at which it was made.
    pub fn create_index(&self) -> u64 {
        self.state.created_at(self.slot).0
    }

    /// The allocation as the API has it, without its job. It is made by this call.
    pub fn document(&self) -> Allocation {
        self.state.allocation_document(self.slot).unwrap_or_default()
    }

    /// The same without what it holds and how it was placed, which is what lists show and costs a small part
    /// of the whole. One of an inventory may have either nevertheless.
    pub fn outline(&self) -> Allocation {
        self.state.allocation_outline(self.slot).unwrap_or_default()
    }

    /// What it holds on its node, as the API has it.
    pub fn allocated_resources(&self) -> Option<AllocatedResources> {
        let of_inventory = || self.state.document_of(self.slot)?.allocated_resources.clone();
        self.state.resources_of(self.slot).or_else(of_inventory)
    }
}

impl fmt::Debug for AllocationView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllocationView")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("node_id", &self.node_id())
            .field("desired", &self.desired())
            .field("client", &self.client())
            .finish()
    }
}

/// A job that is registered or has allocations, from [`Cluster::jobs`] or [`Cluster::job`].
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
/// let web = cluster.job("default", "web").ok_or("no job")?;
/// assert_eq!((web.id(), web.allocation_count()), ("web", 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct JobView<'a> {
    pub(super) state: &'a State,
    pub(super) slot: JobSlot,
}

impl<'a> JobView<'a> {
    /// Its namespace.
    pub fn namespace(&self) -> &'a str {
        self.state.job(self.slot).map_or("", |job| job.names().0)
    }

    /// Its identity.
    pub fn id(&self) -> &'a str {
        self.state.job(self.slot).map_or("", |job| job.id())
    }

    /// The names of its groups: those of its document, and others that its allocations have.
    pub fn task_groups(&self) -> impl Iterator<Item = &'a str> {
        let groups = self.state.job(self.slot).map(|job| &*job.groups).unwrap_or_default();
        groups.iter().map(|group| &*group.name)
    }

    /// Its allocations, live ones and others, in no order that means anything.
    pub fn allocations(&self) -> impl Iterator<Item = AllocationView<'a>> {
        let state = self.state;
        slots_of(state, self.slot).filter_map(move |slot| AllocationView::new(state, slot))
    }

    /// How many allocations it has, live ones and others.
    pub fn allocation_count(&self) -> usize {
        let groups = self.state.job(self.slot).map(|job| &*job.groups).unwrap_or_default();
        groups.iter().map(|group| group.allocations.len()).sum()
    }
}

impl fmt::Debug for JobView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobView")
            .field("namespace", &self.namespace())
            .field("id", &self.id())
            .field("allocations", &self.allocation_count())
            .finish()
    }
}

/// The allocations of a job, group by group.
pub(super) fn slots_of(state: &State, job: JobSlot) -> impl Iterator<Item = AllocationSlot> {
    let groups = state.job(job).map(|job| &*job.groups).unwrap_or_default();
    groups.iter().flat_map(|group| group.allocations.iter().copied())
}

impl Cluster {
    /// The allocations of a job, live ones and others, in no order that means anything; none if there is
    /// no such job. It costs as much as the job has allocations.
    pub fn allocations_of(
        &self,
        namespace: &str,
        job_id: &str,
    ) -> impl Iterator<Item = AllocationView<'_>> {
        let job = self.state.find_job(namespace, job_id);
        let slots = job.into_iter().flat_map(|job| slots_of(&self.state, job));
        slots.filter_map(|slot| AllocationView::new(&self.state, slot))
    }

    /// The allocations that take room on a node, in no order that means anything: all that have not
    /// ended, those that were told to stop included; none if there is no such node.
    pub fn allocations_on(&self, node_id: &str) -> impl Iterator<Item = AllocationView<'_>> {
        let node = self.state.find_node(node_id);
        let slots = node.into_iter().flat_map(|node| self.state.allocations_on(node));
        slots.filter_map(|&slot| AllocationView::new(&self.state, slot))
    }

    /// The allocations that are on a node and those that have ended there, of all nodes that had the identity,
    /// until they are taken out; in no order that means anything. It costs as much as there are of them.
    pub fn allocations_ever_on<'a>(
        &'a self,
        node_id: &'a str,
    ) -> impl Iterator<Item = AllocationView<'a>> + use<'a> {
        let state = &*self.state;
        let slots = state.slots_named(node_id).flat_map(move |node| {
            state.allocations_on(node).iter().chain(state.ended_on(node)).copied()
        });
        slots.filter_map(move |slot| AllocationView::new(state, slot))
    }

    /// An allocation as it is looked at; [`Cluster::allocation`] makes its document.
    pub fn view(&self, allocation_id: &str) -> Option<AllocationView<'_>> {
        AllocationView::new(&self.state, self.state.find_allocation(allocation_id)?)
    }

    /// The allocations whose identities begin with a text, of which people type the first few letters; in
    /// no order that means anything. It looks at every allocation, for some nanoseconds each: placing
    /// pays nothing for it. [`Cluster::view`] finds a whole identity at once.
    ///
    /// ```
    /// # use stowplan::{Cluster, PlaceOptions};
    /// # use stowplan::model::{Job, Node};
    /// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// # let mut cluster = Cluster::new([node])?;
    /// # let job = Job::builder("web")
    /// #     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(64)))
    /// #     .build()?;
    /// let placement = cluster.place(&job, &PlaceOptions::default());
    /// let id = placement.allocations().next().ok_or("nothing was placed")?.id();
    /// let found: Vec<String> =
    ///     cluster.allocations_with_prefix(&id[..8]).map(|it| it.id()).collect();
    /// assert_eq!(found, [id]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allocations_with_prefix(
        &self,
        prefix: &str,
    ) -> impl Iterator<Item = AllocationView<'_>> {
        let slots = self.state.allocations_with_prefix(prefix);
        slots.filter_map(|slot| AllocationView::new(&self.state, slot))
    }

    /// A job that is registered or has allocations.
    pub fn job(&self, namespace: &str, job_id: &str) -> Option<JobView<'_>> {
        let slot = self.state.find_job(namespace, job_id)?;
        Some(JobView { state: &self.state, slot })
    }

    /// The jobs that are registered or have allocations, evaluations or deployments, in no order that means anything.
    pub fn jobs(&self) -> impl Iterator<Item = JobView<'_>> {
        self.state.job_slots().map(|slot| JobView { state: &self.state, slot })
    }

    /// The jobs that are registered: not those of which only something is left, or that somebody asked for by a
    /// name that no job has.
    pub fn registered_jobs(&self) -> impl Iterator<Item = JobView<'_>> {
        self.jobs().filter(JobView::is_registered)
    }
}
