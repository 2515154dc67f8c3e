//! A job's documents as what reconciling looks at.

use super::{JobState, SpecRef};
use crate::cluster::Cluster;
use crate::model::{
    Allocation, AllocationState, ClientStatus, Deployment, DeploymentState as GroupState,
    DeploymentStatus, JobType, Node, NodeStatus,
};
use crate::reconcile::view::{
    AllocationView, DeploymentGroupView, DeploymentState, DeploymentView, Flags, GroupRules, NONE,
    NodeCondition, NodeStanding, RescheduleEvent, VersionView,
};
use crate::time::Timestamp;

/// The handle of the evaluation that is processed.
pub(super) const THIS_EVALUATION: u32 = 0;
/// The handle of the latest deployment.
const LATEST_DEPLOYMENT: u32 = 0;
/// The handle of all other deployments.
const OTHER_DEPLOYMENT: u32 = 1;

/// What is known of a job, with its names as numbers.
pub(super) struct Documents<'a> {
    /// The names of the groups: those of the job, then those that only allocations have.
    pub(super) groups: Vec<&'a str>,
    /// The documents of the versions, in the order of `versions`.
    pub(super) specs: Vec<SpecRef<'a>>,
    pub(super) versions: Vec<VersionView>,
    /// The present version's place, or none.
    pub(super) current: u32,
    /// The allocations in the order of `views`.
    pub(super) allocations: Vec<&'a Allocation>,
    pub(super) views: Vec<AllocationView>,
    pub(super) reschedules: Vec<Vec<RescheduleEvent>>,
    pub(super) deployment: Option<DeploymentView>,
    /// Of a system job: the nodes that matter, by ID.
    pub(super) nodes: Vec<&'a Node>,
    pub(super) standings: Vec<NodeStanding>,
    pub(super) groups_by_name: Vec<u32>,
}

impl<'a> Documents<'a> {
    pub(super) fn new(
        known: &'a JobState,
        cluster: &'a Cluster,
        job_type: JobType,
        evaluation_id: &str,
    ) -> Documents<'a> {
        let groups = group_names(known);
        let mut specs: Vec<SpecRef<'a>> = known.versions.iter().map(|job| job.spec()).collect();
        for own in known.allocations.iter().filter_map(|it| it.job.as_deref()) {
            if specs.iter().all(|spec| spec.version != own.version) {
                specs.push(own);
            }
        }
        let versions = specs.iter().map(|spec| version_view(spec, &groups)).collect();
        let place = |it: &Allocation| groups.iter().position(|name| *name == it.task_group);
        let mut allocations: Vec<&Allocation> = known.allocations.iter().collect();
        allocations.sort_by(|a, b| (place(a), &a.id).cmp(&(place(b), &b.id)));
        let current = known.versions.len().checked_sub(1);
        let mut groups_by_name: Vec<u32> = (0..groups.len() as u32).collect();
        groups_by_name.sort_by_key(|at| groups[*at as usize]);
        let mut documents = Documents {
            reschedules: allocations.iter().map(|it| events(it)).collect(),
            current: current.map_or(NONE, |at| at as u32),
            groups,
            specs,
            versions,
            allocations,
            views: Vec::new(),
            deployment: None,
            nodes: Vec::new(),
            standings: Vec::new(),
            groups_by_name,
        };
        if job_type.is_system() {
            documents.add_nodes(known, cluster);
        }
        let latest = known.deployments.last();
        documents.views = documents.views(cluster, latest, known, evaluation_id);
        documents.deployment = latest.map(|it| documents.deployment(it));
        documents
    }

    /// The place of an allocation by its ID.
    pub(super) fn find(&self, id: &str) -> Option<u32> {
        let place = self.allocations.iter().position(|it| it.id == id)?;
        Some(place as u32)
    }

    fn add_nodes(&mut self, known: &'a JobState, cluster: &'a Cluster) {
        let Some(job) = known.versions.last() else { return };
        let is_in_pool = |node: &Node| job.node_pool == "all" || node.node_pool == job.node_pool;
        let matters = |node: &&Node| {
            is_in_pool(node) || self.allocations.iter().any(|it| it.node_id == node.id)
        };
        self.nodes = cluster.nodes().filter(matters).collect();
        self.nodes.sort_by(|a, b| a.id.cmp(&b.id));
        let standing = |node: &&Node| match (is_in_pool(node), node.is_ready()) {
            (true, true) if cluster.is_candidate(job, &node.id) => NodeStanding::Eligible,
            (true, false) => NodeStanding::NotReady,
            _ => NodeStanding::Outside,
        };
        self.standings = self.nodes.iter().map(standing).collect();
    }

    fn views(
        &self,
        cluster: &Cluster,
        latest: Option<&Deployment>,
        known: &JobState,
        evaluation_id: &str,
    ) -> Vec<AllocationView> {
        let mut follow_ups: Vec<&str> = vec![evaluation_id];
        let mut views = Vec::with_capacity(self.allocations.len());
        for (at, it) in self.allocations.iter().enumerate() {
            let group = self.groups.iter().position(|name| *name == it.task_group);
            let version = self.specs.iter().position(|spec| spec.version == it.job_version());
            let follow_up = it.followup_eval_id.as_str();
            let waits = known.waiting.iter().any(|id| id == follow_up);
            let node = self.nodes.binary_search_by_key(&it.node_id.as_str(), |node| &node.id).ok();
            views.push(AllocationView {
                handle: at as u32,
                group: group.map_or(NONE, |at| at as u32),
                name_index: number_in(&it.name),
                version: version.map_or(NONE, |at| at as u32),
                node: node.map_or(NONE, |at| at as u32),
                deployment: match (it.deployment_id.as_str(), latest) {
                    ("", _) => NONE,
                    (id, Some(latest)) if id == latest.id => LATEST_DEPLOYMENT,
                    _ => OTHER_DEPLOYMENT,
                },
                follow_up: handle_of(&mut follow_ups, follow_up),
                next: match it.next_allocation.as_str() {
                    "" => NONE,
                    // What replaced it may be forgotten; it was replaced all the same.
                    id => self.find(id).unwrap_or(NONE - 1),
                },
                desired: it.desired(),
                client: it.client(),
                condition: condition(cluster.node(&it.node_id)),
                healthy: it.deployment_status.as_ref().and_then(|status| status.healthy),
                flags: flags(it, waits),
            });
        }
        views
    }

    fn deployment(&self, latest: &Deployment) -> DeploymentView {
        let group = |name: &&str| latest.task_groups.get(*name).map(|it| self.group_state(it));
        DeploymentView {
            handle: LATEST_DEPLOYMENT,
            version: latest.job_version,
            create_index: latest.job_create_index,
            status: match latest.status() {
                Some(DeploymentStatus::Failed) => DeploymentState::Failed,
                Some(DeploymentStatus::Successful) => DeploymentState::Successful,
                Some(status) if status.is_paused() => DeploymentState::Paused,
                Some(status) if status.is_active() => DeploymentState::Running,
                _ => DeploymentState::Cancelled,
            },
            groups: self.groups.iter().map(group).collect(),
        }
    }

    fn group_state(&self, state: &GroupState) -> DeploymentGroupView {
        let mut placed: Vec<u32> =
            state.placed_canaries.iter().filter_map(|id| self.find(id)).collect();
        placed.sort_unstable();
        DeploymentGroupView {
            promoted: state.promoted,
            desired_canaries: amount(state.desired_canaries),
            desired_total: amount(state.desired_total),
            healthy: amount(state.healthy_allocs),
            placed_canaries: placed,
        }
    }
}

/// A number of things as a document has it; a negative one is none.
fn amount(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

fn group_names(known: &JobState) -> Vec<&str> {
    let job = known.versions.last();
    let mut names: Vec<&str> =
        job.iter().flat_map(|job| &job.task_groups).map(|group| group.name.as_str()).collect();
    let mut others: Vec<&str> = known.allocations.iter().map(|it| it.task_group.as_str()).collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|name| !names.contains(name));
    names.extend(others);
    names
}

fn version_view(spec: SpecRef<'_>, groups: &[&str]) -> VersionView {
    let rules = |name: &&str| {
        spec.task_groups.iter().find(|group| group.name == **name).map(GroupRules::of)
    };
    VersionView {
        version: spec.version,
        create_index: spec.create_index,
        job_modify_index: spec.job_modify_index,
        groups: groups.iter().map(rules).collect(),
    }
}

/// The number in a name like `web.front[3]`; of a name of another form the highest, which none wants.
fn number_in(name: &str) -> u32 {
    let digits = name.rsplit_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(u32::MAX)
}

fn handle_of<'a>(known: &mut Vec<&'a str>, id: &'a str) -> u32 {
    if id.is_empty() {
        return NONE;
    }
    let place = known.iter().position(|it| *it == id).unwrap_or_else(|| {
        known.push(id);
        known.len() - 1
    });
    place as u32
}

fn condition(node: Option<&Node>) -> NodeCondition {
    let Some(node) = node else { return NodeCondition::Missing };
    match (node.status(), node.is_draining()) {
        (NodeStatus::Down, _) => NodeCondition::Down,
        (NodeStatus::Disconnected, _) => NodeCondition::Disconnected,
        (NodeStatus::Ready, true) => NodeCondition::Draining,
        (_, true) => NodeCondition::DrainingUnready,
        _ => NodeCondition::Fine,
    }
}

fn flags(it: &Allocation, follow_up_waits: bool) -> Flags {
    let transition = &it.desired_transition;
    let tracker = it.reschedule_tracker.as_ref();
    let states = it.alloc_states.iter();
    let last = states.filter_map(AllocationState::client_status).next_back();
    [
        (transition.migrates(), Flags::MIGRATE),
        (transition.reschedules(), Flags::RESCHEDULE),
        (transition.force_reschedules(), Flags::FORCE_RESCHEDULE),
        (transition.disables_placement(), Flags::MIGRATE_DISABLE_PLACEMENT),
        (it.is_canary(), Flags::CANARY),
        (it.ran_successfully(), Flags::RAN_SUCCESSFULLY),
        (tracker.is_some_and(|it| it.has_failed()), Flags::RESCHEDULE_FAILED),
        (last == Some(ClientStatus::Unknown), Flags::LAST_UNKNOWN),
        (follow_up_waits, Flags::FOLLOW_UP_WAITS),
    ]
    .into_iter()
    .filter(|(is_set, _)| *is_set)
    .fold(Flags::default(), |all, (_, flag)| all.with(flag))
}

fn events(it: &Allocation) -> Vec<RescheduleEvent> {
    let tracker = it.reschedule_tracker.iter();
    tracker
        .flat_map(|tracker| &tracker.events)
        .map(|event| RescheduleEvent { at: event.at(), delay: event.delay })
        .collect()
}

/// When an allocation ended, or else last changed.
pub(super) fn ended(it: &Allocation) -> Timestamp {
    let finished = it.task_states.values().filter_map(|state| state.finished_at).max();
    finished.unwrap_or(Timestamp::from_nanos(it.modify_time))
}
