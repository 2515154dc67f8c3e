//! What the state knows of a job, as what reconciling looks at. Nothing is made that is not looked at:
//! names, versions and deployments are numbers, an allocation is a small copy of its records.

mod allocations;

use std::sync::Arc;

use smol_str::SmolStr;

use super::asked::Asked;
use crate::feasibility::base::BaseSet;
use crate::model::{DeploymentStatus, Job, JobSpec};
use crate::reconcile::changes::{DeploymentChange, RescheduleEvent};
use crate::reconcile::view::{
    AllocationView, DeploymentGroupView, DeploymentState, DeploymentView, GroupRules, NONE,
    NodeStanding, VersionView,
};
use crate::state::State;
use crate::state::deployment::{DeployedGroup, DeploymentRecord, PlacedCanary};
use crate::state::job::{GroupRecord, Registration};
use crate::state::lifecycle::LifecycleRecord;
use crate::state::slots::{AllocationSlot, DeploymentSlot, JobSlot, NodeSlot};
use crate::state::small_list::SmallList;

/// The handle of the latest deployment.
pub(super) const LATEST_DEPLOYMENT: u32 = 0;
/// The handle of all other deployments.
const OTHER_DEPLOYMENT: u32 = 1;
/// The handle of an evaluation, or of an allocation, that is gone.
pub(super) const GONE: u32 = NONE - 1;

/// What is known of a job, with its names as numbers. Handles of allocations and of evaluations are
/// their slots.
pub(super) struct Known {
    pub(super) job: Option<JobSlot>,
    registration: Option<Arc<Registration>>,
    /// The names of the groups that only allocations have, which come after those of the job.
    others: SmallList<SmolStr>,
    /// For each group its place in the job's record; none of one that the record has not.
    places: SmallList<Option<usize>>,
    /// How many groups there are.
    pub(super) groups: u32,
    /// The documents of the versions, in the order of `versions`.
    pub(super) specs: SmallList<Arc<JobSpec>>,
    pub(super) versions: SmallList<VersionView>,
    /// The allocations, by group, by name and by identity.
    pub(super) views: Vec<AllocationView>,
    /// The places of those that are not plain, ascending.
    pub(super) notable: Vec<u32>,
    /// What replaced what, of those allocations that replaced failed ones: by handle, ascending.
    reschedules: Vec<(u32, Vec<RescheduleEvent>)>,
    pub(super) latest: Option<DeploymentSlot>,
    pub(super) deployment: Option<DeploymentView>,
    /// Of a system job: the nodes that matter, by identity.
    pub(super) nodes: Vec<NodeSlot>,
    pub(super) standings: Vec<NodeStanding>,
    pub(super) groups_by_name: Vec<u32>,
}

impl Known {
    /// Reads what is known of the job of an evaluation; `is_system` says whether it goes by nodes.
    pub(super) fn new(
        state: &State,
        job: Option<JobSlot>,
        asked: &Asked,
        is_system: bool,
    ) -> Known {
        let record = job.and_then(|job| state.job(job));
        let groups = record.map(|record| &*record.groups).unwrap_or_default();
        let mut known = Known {
            job,
            registration: record.and_then(|record| record.registered.clone()),
            others: SmallList::None,
            places: SmallList::None,
            groups: 0,
            specs: SmallList::None,
            versions: SmallList::None,
            views: Vec::new(),
            notable: Vec::new(),
            reschedules: Vec::new(),
            latest: job.and_then(|job| state.latest_deployment(job)),
            deployment: None,
            nodes: Vec::new(),
            standings: Vec::new(),
            groups_by_name: Vec::new(),
        };
        known.name_groups(groups);
        if let Some(current) = known.current().map(Job::shared_spec) {
            known.version_of(&current);
        }
        known.add_allocations(state, asked, groups);
        known.read_rules(is_system);
        if is_system {
            known.groups_by_name = (0..known.groups).collect();
            let mut by_name = std::mem::take(&mut known.groups_by_name);
            // Whole names go on with the number's bracket.
            by_name.sort_by_cached_key(|group| format!("{}[", known.group_name(*group)));
            known.groups_by_name = by_name;
            known.add_nodes(state);
        }
        known.deployment = known
            .latest
            .and_then(|slot| state.deployment(slot))
            .map(|it| known.deployed(state, it));
        known
    }

    /// The present version of the job.
    pub(super) fn current(&self) -> Option<&Job> {
        self.registration.as_deref()?.present().map(|version| &version.job)
    }

    /// A version that is registered.
    pub(super) fn registered(&self, number: u64) -> Option<&Job> {
        let versions = self.registration.as_deref().map(|it| &*it.versions).unwrap_or_default();
        versions.iter().find(|version| version.number == number).map(|version| &version.job)
    }

    /// The place of the present version.
    pub(super) fn current_place(&self) -> u32 {
        if self.current().is_some() { 0 } else { NONE }
    }

    /// The name of a group.
    pub(super) fn group_name(&self, group: u32) -> &str {
        let of_job = self.current().map(|job| &*job.task_groups).unwrap_or_default();
        match of_job.get(group as usize) {
            Some(group) => &group.name,
            None => self.others.get(group as usize - of_job.len()).map_or("", |name| name),
        }
    }

    /// The same to be kept, as far as possible shared with the job's record.
    pub(super) fn shared_name(&self, state: &State, group: u32) -> SmolStr {
        let place = self.places.get(group as usize).copied().flatten();
        let record = self.job.and_then(|job| state.job(job)?.groups.get(place?));
        record.map_or_else(|| self.group_name(group).into(), |record| record.name.clone())
    }

    /// The slot of an allocation.
    pub(super) fn slot(&self, at: u32) -> AllocationSlot {
        AllocationSlot(self.views.get(at as usize).map_or(NONE, |view| view.handle))
    }

    /// What an allocation replaced, and when.
    pub(super) fn reschedules(&self, handle: u32) -> &[RescheduleEvent] {
        let found = self.reschedules.binary_search_by_key(&handle, |(of, _)| *of);
        found.map_or(&[], |at| &self.reschedules[at].1)
    }

    /// Numbers the groups, those of the job's record included.
    fn name_groups(&mut self, records: &[GroupRecord]) {
        let of_job = self.registration.as_deref().and_then(Registration::present);
        let of_job = of_job.map(|version| &*version.job.task_groups).unwrap_or_default();
        let mut lists: SmallList<Option<usize>> = of_job.iter().map(|_| None).collect();
        let mut others: SmallList<usize> = SmallList::None;
        for (place, record) in records.iter().enumerate() {
            // Mostly both have them in one order.
            let is_it = |at: usize| of_job.get(at).is_some_and(|it| it.name == *record.name);
            let known = Some(place).filter(|at| is_it(*at));
            match known.or_else(|| (0..of_job.len()).find(|at| is_it(*at))) {
                Some(at) => lists.get_mut(at).into_iter().for_each(|list| *list = Some(place)),
                None if record.allocations.is_empty() => {}
                None => others.push(place),
            }
        }
        others.sort_by_key(|place| &records[*place].name);
        self.others = others.iter().map(|place| records[*place].name.clone()).collect();
        lists.extend(others.iter().copied().map(Some));
        self.groups = lists.len() as u32;
        self.places = lists;
    }

    /// The place of a version, which is added if it is not there yet.
    fn version_of(&mut self, spec: &Arc<JobSpec>) -> u32 {
        if let Some(at) = self.specs.iter().position(|known| Arc::ptr_eq(known, spec)) {
            return at as u32;
        }
        let key = |spec: &JobSpec| (spec.create_index, spec.version);
        if let Some(at) = self.specs.iter().position(|known| key(known) == key(spec)) {
            return at as u32;
        }
        // What is registered says more than a copy.
        let registered = self.registered(spec.version).filter(|job| key(job.spec()) == key(spec));
        let spec = registered.map_or_else(|| spec.clone(), Job::shared_spec);
        let view = VersionView {
            version: spec.version,
            create_index: spec.create_index,
            job_modify_index: spec.job_modify_index,
            is_named_otherwise: self.current().is_some_and(|job| job.name != spec.name),
            groups: SmallList::None,
        };
        self.versions.push(view);
        self.specs.push(spec);
        self.specs.len() as u32 - 1
    }

    /// Reads the rules of the versions that are asked for them: of the present one, and of those of allocations
    /// that are not plain, or of all of a system job. Documents are large and mostly read last long ago.
    fn read_rules(&mut self, is_system: bool) {
        let mut is_read: SmallList<bool> = self.versions.iter().map(|_| is_system).collect();
        let mut read = |at: u32| is_read.get_mut(at as usize).into_iter().for_each(|it| *it = true);
        read(self.current_place());
        self.notable.iter().for_each(|at| read(self.views[*at as usize].version));
        for (at, _) in is_read.iter().enumerate().filter(|(_, is_read)| **is_read) {
            let spec = &self.specs[at];
            let rules = |group: u32| {
                let name = self.group_name(group);
                let group = spec.task_groups.iter().find(|group| group.name == name);
                group.map(GroupRules::of)
            };
            let rules = (0..self.groups).map(rules).collect();
            if let Some(version) = self.versions.get_mut(at) {
                version.groups = rules;
            }
        }
    }

    /// The place of the version of an allocation of an inventory that came without its job.
    fn version_by_number(&mut self, life: &LifecycleRecord) -> u32 {
        match self.registered(life.written_version()).map(Job::shared_spec) {
            Some(spec) => self.version_of(&spec),
            None => NONE,
        }
    }
}

/// Deployments and nodes.
impl Known {
    fn deployed(&self, state: &State, latest: &DeploymentRecord) -> DeploymentView {
        let group = |group: u32| {
            let name = self.group_name(group);
            let state_of = latest.groups.iter().find(|it| *it.name == *name);
            state_of.map(|it| deployed_group(state, it))
        };
        DeploymentView {
            handle: LATEST_DEPLOYMENT,
            version: latest.version,
            create_index: latest.job_create_index,
            status: match latest.status {
                DeploymentStatus::Failed => DeploymentState::Failed,
                DeploymentStatus::Successful => DeploymentState::Successful,
                DeploymentStatus::Cancelled
                    if DeploymentChange::has_superseded(&latest.description) =>
                {
                    DeploymentState::Superseded
                }
                DeploymentStatus::Cancelled => DeploymentState::Cancelled,
                status if status.is_paused() => DeploymentState::Paused,
                _ => DeploymentState::Running,
            },
            groups: (0..self.groups).map(group).collect(),
        }
    }

    /// Adds the nodes that matter to a system job: those of its pool, and those that it is on.
    fn add_nodes(&mut self, state: &State) {
        let Some(job) = self.current().cloned() else { return };
        let base = BaseSet::of(&job);
        let mut is_used = vec![false; state.node_slots()];
        let records = self.views.iter().map(|view| AllocationSlot(view.handle));
        for record in records.filter_map(|slot| state.allocation(slot)) {
            if let Some(used) = is_used.get_mut(record.node.at()) {
                *used = true;
            }
        }
        let mut nodes: Vec<(&str, NodeSlot, NodeStanding)> = Vec::new();
        for (slot, record) in state.nodes() {
            let node = &record.node;
            let is_in_pool = job.node_pool == "all" || node.node_pool == job.node_pool;
            if is_in_pool || is_used[slot.at()] {
                let standing = match (is_in_pool, node.is_ready()) {
                    (true, true) if base.contains(record) => NodeStanding::Eligible,
                    (true, false) => NodeStanding::NotReady,
                    _ => NodeStanding::Outside,
                };
                nodes.push((&node.id, slot, standing));
            }
        }
        nodes.sort_unstable_by_key(|(id, ..)| *id);
        let mut places = vec![NONE; state.node_slots()];
        for (place, (_, slot, standing)) in nodes.into_iter().enumerate() {
            places[slot.at()] = place as u32;
            self.nodes.push(slot);
            self.standings.push(standing);
        }
        for view in &mut self.views {
            let node = state.allocation(AllocationSlot(view.handle)).map(|record| record.node);
            let place = node.and_then(|node| places.get(node.at()));
            view.node = place.copied().unwrap_or(NONE);
        }
    }
}

fn deployed_group(state: &State, group: &DeployedGroup) -> DeploymentGroupView {
    let slot_of = |canary: &PlacedCanary| match canary {
        PlacedCanary::Ours(of) => state.resolve_allocation(*of),
        PlacedCanary::Other(id) => state.find_allocation(id),
    };
    let canaries = group.placed_canaries.iter().filter_map(slot_of);
    let mut placed_canaries: Vec<u32> = canaries.map(|slot| slot.0).collect();
    placed_canaries.sort_unstable();
    DeploymentGroupView {
        promoted: group.promoted,
        desired_canaries: amount(group.desired_canaries),
        desired_total: amount(group.desired_total),
        healthy: amount(group.healthy),
        placed_canaries,
    }
}

/// A number of things as a document has it; a negative one is none.
fn amount(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}
