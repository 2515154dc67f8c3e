//! A job and its allocations in few words.

use super::super::changes::RescheduleEvent;
use super::super::changes::{Changes, Figures, PlacementKind, Stop};
use super::super::classify::is_plain;
use super::super::reconcile;
use super::super::view::FirstApi;
use super::super::view::{
    AllocationView, DeploymentGroupView, DeploymentState, DeploymentView, Facts, Flags, GroupRules,
    History, Input, NONE, NodeCondition, NodeStanding, RescheduleRules, UpdateRules, VersionView,
};
use crate::model::{ClientStatus, DelayFunction, DesiredStatus, JobType};
use crate::state::small_list::SmallList;
use crate::state::stop_reason::StopReason;
use crate::time::{Span, Timestamp};

/// The instant of every evaluation here.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_000_000);

/// A job of one group with two versions, of which the first is older and the last present.
pub(super) struct World {
    pub(super) job_type: JobType,
    pub(super) is_stopped: bool,
    pub(super) versions: Vec<VersionView>,
    pub(super) allocations: Vec<AllocationView>,
    pub(super) deployment: Option<DeploymentView>,
    pub(super) groups: u32,
    /// The evaluation's handle.
    pub(super) evaluation: u32,
    pub(super) nodes: Vec<NodeStanding>,
    pub(super) first_api: Option<FirstApi>,
    pub(super) facts: WorldFacts,
}

/// What a world answers.
#[derive(Clone)]
pub(super) struct WorldFacts {
    pub(super) is_destructive: bool,
    pub(super) ended: Vec<Timestamp>,
    pub(super) reschedules: Vec<Vec<RescheduleEvent>>,
    pub(super) last_unknown: Timestamp,
    pub(super) scores: Vec<f64>,
}

impl Facts for WorldFacts {
    fn tasks_updated(&mut self, _: u32, _: u32) -> bool {
        self.is_destructive
    }

    fn updates_in_place(&mut self, _: usize, _: &[Stop]) -> bool {
        true
    }

    fn history(&self, at: usize) -> History<'_> {
        History {
            reschedules: self.reschedules.get(at).map_or(&[], Vec::as_slice),
            ended: self.ended.get(at).copied().unwrap_or(NOW),
            last_unknown: Some(self.last_unknown),
            first_lost: None,
        }
    }

    fn running_since(&self, at: usize) -> Option<Timestamp> {
        Some(Timestamp::from_secs(at as i64))
    }

    fn top_score(&self, at: usize) -> f64 {
        self.scores.get(at).copied().unwrap_or(0.0)
    }

    fn created(&self, at: usize) -> u64 {
        at as u64
    }

    fn compare_ids(&self, a: usize, b: usize) -> std::cmp::Ordering {
        a.cmp(&b)
    }

    fn is_feasible(&mut self, _: u32, _: u32) -> bool {
        true
    }
}

/// An allocation that runs on a fine node.
pub(super) fn running(name_index: u32) -> AllocationView {
    AllocationView {
        handle: 0,
        group: 0,
        name_index,
        version: 1,
        node: NONE,
        deployment: NONE,
        follow_up: NONE,
        next: NONE,
        desired: DesiredStatus::Run,
        client: ClientStatus::Running,
        condition: NodeCondition::Fine,
        healthy: None,
        flags: Flags::default(),
    }
}

impl World {
    /// A job that wants so many, of which so many run.
    pub(super) fn new(job_type: JobType, count: u32, there: u32) -> World {
        let rules = GroupRules {
            count,
            reschedule: RescheduleRules {
                unlimited: true,
                delay: Span::from_secs(5),
                function: DelayFunction::Constant,
                delay_max: Span::from_secs(3600),
                ..RescheduleRules::default()
            },
            ..GroupRules::default()
        };
        let version = |version| VersionView {
            version,
            create_index: 1,
            job_modify_index: version,
            is_named_otherwise: false,
            groups: SmallList::One(Some(rules)),
        };
        let mut world = World {
            job_type,
            is_stopped: false,
            versions: vec![version(0), version(1)],
            allocations: Vec::new(),
            deployment: None,
            groups: 1,
            evaluation: 77,
            nodes: Vec::new(),
            first_api: None,
            facts: WorldFacts {
                is_destructive: false,
                ended: Vec::new(),
                reschedules: Vec::new(),
                last_unknown: NOW,
                scores: Vec::new(),
            },
        };
        (0..there).for_each(|name| world.add(running(name)));
        world
    }

    /// A service job that wants so many, of which so many run.
    pub(super) fn service(count: u32, there: u32) -> World {
        World::new(JobType::Service, count, there)
    }

    pub(super) fn add(&mut self, allocation: AllocationView) {
        let handle = self.allocations.len() as u32;
        self.allocations.push(AllocationView { handle, ..allocation });
    }

    /// The same with other rules in every version.
    pub(super) fn rules(mut self, change: impl Fn(&mut GroupRules)) -> World {
        for version in &mut self.versions {
            for group in 0..version.groups.len() {
                if let Some(Some(rules)) = version.groups.get_mut(group) {
                    change(rules);
                }
            }
        }
        self
    }

    /// The same with steps of so many and so many canaries.
    pub(super) fn update(self, max_parallel: u32, canary: u32) -> World {
        let update = UpdateRules { max_parallel, canary, ..UpdateRules::default() };
        self.rules(|rules| rules.update = Some(update))
    }

    /// The same with other allocations.
    pub(super) fn each(
        mut self,
        places: impl IntoIterator<Item = usize>,
        change: impl Fn(&mut AllocationView),
    ) -> World {
        places.into_iter().for_each(|at| change(&mut self.allocations[at]));
        self
    }

    /// The same with all allocations of the older version, from which the present one differs so.
    pub(super) fn outdated(mut self, is_destructive: bool) -> World {
        self.facts.is_destructive = is_destructive;
        let all = 0..self.allocations.len();
        self.each(all, |it| it.version = 0)
    }

    /// The same with a deployment of a version, with these allocations as its canaries.
    pub(super) fn deployment(
        mut self,
        version: u64,
        status: DeploymentState,
        state: DeploymentGroupView,
    ) -> World {
        self.deployment = Some(DeploymentView {
            handle: 0,
            version,
            create_index: 1,
            status,
            groups: vec![Some(state)],
        });
        self
    }

    pub(super) fn run(&self) -> Answer<'_> {
        let groups_by_name: Vec<u32> = (0..self.groups).collect();
        let places = 0..self.allocations.len() as u32;
        let notable = places.filter(|at| !is_plain(&self.allocations[*at as usize]));
        let notable: Vec<u32> = notable.collect();
        let input = Input {
            now: NOW,
            job_type: self.job_type,
            is_stopped: self.is_stopped,
            current: 1,
            versions: &self.versions,
            groups: self.groups,
            allocations: &self.allocations,
            notable: &notable,
            deployment: self.deployment.as_ref(),
            evaluation: self.evaluation,
            nodes: &self.nodes,
            groups_by_name: &groups_by_name,
            first_api: self.first_api,
        };
        Answer { world: self, changes: reconcile(&input, &mut self.facts.clone()) }
    }
}

/// What a world's reconciliation comes to.
pub(super) struct Answer<'a> {
    world: &'a World,
    pub(super) changes: Changes,
}

impl Answer<'_> {
    /// The names' numbers of what stops for a reason.
    pub(super) fn stopped(&self, reason: StopReason) -> Vec<u32> {
        let stops = self.changes.stops.iter().filter(|stop| stop.reason == reason);
        let name = |at: u32| self.world.allocations[at as usize].name_index;
        let mut names: Vec<u32> = stops.map(|stop| name(stop.at)).collect();
        names.sort_unstable();
        names
    }

    pub(super) fn stops(&self) -> usize {
        self.changes.stops.len()
    }

    /// The names' numbers of what is placed for a reason.
    pub(super) fn placed(&self, kind: PlacementKind) -> Vec<u32> {
        let all = self.changes.placements.iter().chain(&self.changes.destructive);
        all.filter(|it| it.kind == kind).map(|it| it.name_index).collect()
    }

    pub(super) fn placements(&self) -> usize {
        self.changes.placements.len()
    }

    pub(super) fn figures(&self) -> Figures {
        self.changes.figures[0]
    }

    /// The `DesiredTotal` and `DesiredCanaries` of a new deployment.
    pub(super) fn deployed(&self) -> Option<(u32, u32)> {
        let deployment = self.changes.deployment.as_ref()?;
        deployment.groups.first().map(|it| (it.desired_total, it.desired_canaries))
    }
}
