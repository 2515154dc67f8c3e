//! A job's documents as what reconciling looks at.

use indexmap::{IndexMap, IndexSet};

use super::job_state::JobState;
use crate::cluster::Cluster;
use crate::model::{
    Allocation, AllocationState, ClientStatus, Deployment, DeploymentState as GroupState,
    DeploymentStatus, JobSpec, JobType, Node, NodeStatus,
};
use crate::reconcile::changes::RescheduleEvent;
use crate::reconcile::view::{
    AllocationView, DeploymentGroupView, DeploymentState, DeploymentView, Flags, GroupRules, NONE,
    NodeCondition, NodeStanding, VersionView,
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
    pub(super) specs: Vec<&'a JobSpec>,
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
        evaluation_id: &'a str,
    ) -> Documents<'a> {
        let groups = group_names(known);
        let (specs, version_places) = versions(known);
        let versions = specs.iter().map(|spec| version_view(spec, &groups)).collect();
        let mut by_id: Vec<&Allocation> = known.allocations.iter().collect();
        by_id.sort_by(|a, b| a.id.cmp(&b.id));
        let mut ordered: Vec<(usize, usize)> = by_id
            .iter()
            .enumerate()
            .map(|(handle, it)| (groups.get_index_of(it.task_group.as_str()).unwrap_or(0), handle))
            .collect();
        ordered.sort_unstable();
        let allocations = ordered.iter().map(|(_, handle)| by_id[*handle]).collect();
        let current = known.versions.len().checked_sub(1);
        let mut groups_by_name: Vec<u32> = (0..groups.len() as u32).collect();
        groups_by_name.sort_by_key(|at| groups.get_index(*at as usize));
        let mut documents = Documents {
            reschedules: Vec::new(),
            current: current.map_or(NONE, |at| at as u32),
            groups: groups.into_iter().collect(),
            specs,
            versions,
            allocations,
            views: Vec::new(),
            deployment: None,
            nodes: Vec::new(),
            standings: Vec::new(),
            groups_by_name,
        };
        documents.reschedules = documents.allocations.iter().map(|it| events(it)).collect();
        if job_type.is_system() {
            documents.add_nodes(known, cluster);
        }
        let ids = by_id.iter().enumerate().map(|(handle, it)| (it.id.as_str(), handle as u32));
        let numbers = Numbers {
            handles: ids.collect(),
            ordered,
            versions: version_places,
            waiting: known.waiting.iter().map(String::as_str).collect(),
            evaluations: IndexSet::from([evaluation_id]),
        };
        documents.add_views(cluster, known, numbers);
        documents
    }

    fn add_nodes(&mut self, known: &'a JobState, cluster: &'a Cluster) {
        let Some(job) = known.versions.last() else { return };
        let is_in_pool = |node: &Node| job.node_pool == "all" || node.node_pool == job.node_pool;
        let used: IndexSet<&str> = self.allocations.iter().map(|it| it.node_id.as_str()).collect();
        let matters = |node: &&Node| is_in_pool(node) || used.contains(node.id.as_str());
        self.nodes = cluster.nodes().filter(matters).collect();
        self.nodes.sort_by(|a, b| a.id.cmp(&b.id));
        let standing = |node: &&Node| match (is_in_pool(node), node.is_ready()) {
            (true, true) if cluster.is_candidate(job, &node.id) => NodeStanding::Eligible,
            (true, false) => NodeStanding::NotReady,
            _ => NodeStanding::Outside,
        };
        self.standings = self.nodes.iter().map(standing).collect();
    }

    fn add_views(&mut self, cluster: &Cluster, known: &'a JobState, mut numbers: Numbers<'a>) {
        let latest = known.deployments.last();
        let create_index = known.versions.last().map_or(0, |job| job.create_index);
        self.views.reserve(self.allocations.len());
        for (at, it) in self.allocations.iter().enumerate() {
            let (group, handle) = numbers.ordered[at];
            let version = match &it.job {
                Some(own) => (own.create_index, own.version),
                None => (create_index, it.job_version()),
            };
            let follow_up = it.followup_eval_id.as_str();
            let waits = numbers.waiting.contains(follow_up);
            let own_node = node_of(cluster, it);
            let place = |own: &Node| self.nodes.binary_search_by(|node| node.id.cmp(&own.id)).ok();
            let node = own_node.and_then(place);
            self.views.push(AllocationView {
                handle: handle as u32,
                group: group as u32,
                name_index: number_in(&it.name),
                version: numbers.versions.get(&version).copied().unwrap_or(NONE),
                node: node.map_or(NONE, |at| at as u32),
                deployment: match (it.deployment_id.as_str(), latest) {
                    ("", _) => NONE,
                    (id, Some(latest)) if id == latest.id => LATEST_DEPLOYMENT,
                    _ => OTHER_DEPLOYMENT,
                },
                follow_up: match follow_up {
                    "" => NONE,
                    id => numbers.evaluations.insert_full(id).0 as u32,
                },
                next: match it.next_allocation.as_str() {
                    "" => NONE,
                    // What replaced it may be forgotten; it was replaced all the same.
                    id => numbers.handles.get(id).copied().unwrap_or(NONE - 1),
                },
                desired: it.desired(),
                client: it.client(),
                condition: condition(own_node),
                healthy: it.deployment_status.as_ref().and_then(|status| status.healthy),
                flags: flags(it, waits),
            });
        }
        self.deployment = latest.map(|it| self.deployment(it, &numbers));
    }

    fn deployment(&self, latest: &Deployment, numbers: &Numbers<'_>) -> DeploymentView {
        let group = |name: &&str| latest.task_groups.get(*name).map(|it| group_state(it, numbers));
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
}

/// The numbers of what documents name by text.
struct Numbers<'a> {
    /// Allocations by their IDs.
    handles: IndexMap<&'a str, u32>,
    /// The group and the handle of each allocation, in the order of the views.
    ordered: Vec<(usize, usize)>,
    /// Versions by the index at which the job's life began and their number.
    versions: IndexMap<(u64, u64), u32>,
    waiting: IndexSet<&'a str>,
    evaluations: IndexSet<&'a str>,
}

fn group_state(state: &GroupState, numbers: &Numbers<'_>) -> DeploymentGroupView {
    let handle = |id: &String| numbers.handles.get(id.as_str()).copied();
    let mut placed: Vec<u32> = state.placed_canaries.iter().filter_map(handle).collect();
    placed.sort_unstable();
    DeploymentGroupView {
        promoted: state.promoted,
        desired_canaries: amount(state.desired_canaries),
        desired_total: amount(state.desired_total),
        healthy: amount(state.healthy_allocs),
        placed_canaries: placed,
    }
}

/// The versions of a job that are known, the present one's place being that in the list of versions.
fn versions(known: &JobState) -> (Vec<&JobSpec>, IndexMap<(u64, u64), u32>) {
    let mut specs: Vec<&JobSpec> = known.versions.iter().map(|job| job.spec()).collect();
    let mut places = IndexMap::new();
    for (at, spec) in specs.iter().enumerate() {
        places.insert((spec.create_index, spec.version), at as u32);
    }
    for own in known.allocations.iter().filter_map(|it| it.job.as_deref()) {
        places.entry((own.create_index, own.version)).or_insert_with(|| {
            specs.push(own);
            specs.len() as u32 - 1
        });
    }
    (specs, places)
}

/// A number of things as a document has it; a negative one is none.
fn amount(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

fn group_names(known: &JobState) -> IndexSet<&str> {
    let job = known.versions.last();
    let mut names: IndexSet<&str> =
        job.iter().flat_map(|job| &job.task_groups).map(|group| group.name.as_str()).collect();
    let mut others: Vec<&str> = known.allocations.iter().map(|it| it.task_group.as_str()).collect();
    others.sort_unstable();
    names.extend(others);
    names
}

fn version_view(spec: &JobSpec, groups: &IndexSet<&str>) -> VersionView {
    let mut rules = vec![None; groups.len()];
    for group in &spec.task_groups {
        if let Some(place) = groups.get_index_of(group.name.as_str()) {
            rules[place] = Some(GroupRules::of(group));
        }
    }
    VersionView {
        version: spec.version,
        create_index: spec.create_index,
        job_modify_index: spec.job_modify_index,
        groups: rules,
    }
}

/// The number in a name like `web.front[3]`; of a name of another form the highest, which none wants.
fn number_in(name: &str) -> u32 {
    let digits = name.rsplit_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(u32::MAX)
}

/// The node that an allocation is on; none if that is gone. One that was registered later under the same
/// ID is another one, as far as the cluster knows the allocation.
pub(super) fn node_of<'c>(cluster: &'c Cluster, it: &Allocation) -> Option<&'c Node> {
    match cluster.view(&it.id) {
        Some(view) => view.node(),
        None => cluster.node(&it.node_id),
    }
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
