//! A group made ready for placement: its rules, its ask and its scorers.

use std::cell::OnceCell;

use crate::feasibility::base::BaseSet;
use crate::feasibility::chain::Chain;
use crate::feasibility::distinct::{DistinctProperty, Scope, wants_distinct_hosts};
use crate::feasibility::rule::RuleSource;
use crate::fit::ask::Ask;
use crate::model::{Job, TaskGroup};
use crate::placement::options::PlaceOptions;
use crate::placement::request::Request;
use crate::rank::affinity::Affinities;
use crate::rank::binpack::Algorithm;
use crate::rank::spread::Spread;
use crate::state::State;
use crate::state::slots::{JobSlot, NodeSlot};
use crate::state::small_list::SmallList;

/// Everything that placing one group needs to know of it.
#[derive(Clone, Debug)]
pub(crate) struct GroupPlan<'a> {
    pub(crate) job: &'a Job,
    /// The job's slot, if the state knows the job.
    pub(crate) job_slot: Option<JobSlot>,
    /// The group, as its place in the job.
    pub(crate) at: usize,
    /// The number of the next allocation.
    pub(crate) index: u32,
    pub(crate) group: &'a TaskGroup,
    pub(crate) algorithm: Algorithm,
    pub(crate) base: BaseSet<'a>,
    pub(crate) ask: Ask,
    /// The sum of the sizes of the weights of all device affinities.
    pub(crate) device_weights: f64,
    pub(crate) scorers: Scorers,
    /// Whose allocations no two may be on one node, if any.
    pub(crate) distinct_hosts: Option<Scope>,
    /// The job's rules, then the group's.
    pub(crate) distinct_properties: Vec<DistinctProperty>,
    // Made when asked for: mostly a mask and a column of scores stand in for them.
    chain: OnceCell<Chain>,
    affinities: OnceCell<Option<Affinities>>,
}

/// The scorers beside the fit score. System jobs have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scorers {
    pub(crate) spreads: Vec<Spread>,
    /// How many allocations the group should have; `None` where they do not mind each other.
    pub(crate) anti_affinity_count: Option<u32>,
    /// Those of the request that is served.
    pub(crate) penalty_nodes: SmallList<NodeSlot>,
}

impl<'a> GroupPlan<'a> {
    /// Makes a group ready; `index` is the number of its next allocation, which the names of some
    /// volumes carry.
    pub(crate) fn new(
        state: &State,
        job: &'a Job,
        at: usize,
        index: u32,
        options: &PlaceOptions,
    ) -> Option<GroupPlan<'a>> {
        let slot = state.find_job(&job.namespace, &job.id);
        let group = job.spec().task_groups.get(at)?;
        Some(GroupPlan::of_known(job, slot, (at, group), index, options))
    }

    /// The same for a group, with its place, of a job whose slot was looked up already.
    pub(crate) fn of_known(
        job: &'a Job,
        job_slot: Option<JobSlot>,
        (at, group): (usize, &'a TaskGroup),
        index: u32,
        options: &PlaceOptions,
    ) -> GroupPlan<'a> {
        let ask = Ask::of(group);
        let is_system = job.job_type().is_system();
        let of_job = DistinctProperty::among(&job.constraints, Scope::Job);
        let of_group = DistinctProperty::among(&group.constraints, Scope::Group);
        GroupPlan {
            job,
            job_slot,
            at,
            index,
            group,
            algorithm: options.algorithm_of(&job.id, &group.name),
            base: BaseSet::of(job),
            device_weights: ask.devices.iter().map(|request| request.weight_sum()).sum(),
            ask,
            scorers: if is_system { Scorers::default() } else { Scorers::of(job, group) },
            distinct_hosts: if is_system { None } else { distinct_hosts(job, group) },
            distinct_properties: of_job.chain(of_group).collect(),
            chain: OnceCell::new(),
            affinities: OnceCell::new(),
        }
    }

    /// Makes it ready for a request: for its number, and the nodes that it should stay away from.
    pub(crate) fn adapt_to(&mut self, request: &Request) {
        if self.index != request.name_index && self.names_volumes_by_number() {
            self.chain = OnceCell::new();
        }
        self.index = request.name_index;
        let penalty_nodes = &mut self.scorers.penalty_nodes;
        if *penalty_nodes != request.penalty_nodes && !self.job.job_type().is_system() {
            penalty_nodes.clone_from(&request.penalty_nodes);
        }
    }

    /// Whether a request that may go to any node can be served without [`GroupPlan::adapt_to`].
    pub(crate) fn is_for(&self, request: &Request) -> bool {
        request.replaces.is_none() && self.is_for_replacing(request)
    }

    /// The same where what the request replaces is out of the way.
    pub(crate) fn is_for_replacing(&self, request: &Request) -> bool {
        request.only_node.is_none()
            && request.preferred_node.is_none()
            && request.penalty_nodes == self.scorers.penalty_nodes
            && (self.index == request.name_index || !self.names_volumes_by_number())
    }

    /// Whether each allocation has volumes of its own, whose names carry its number.
    pub(crate) fn names_volumes_by_number(&self) -> bool {
        self.group.volumes.values().any(|volume| volume.per_alloc)
    }

    /// The rules on facts of nodes.
    pub(crate) fn chain(&self) -> &Chain {
        self.chain.get_or_init(|| Chain::of(&self.rule_source()))
    }

    /// What its rules are made of.
    pub(crate) fn rule_source(&self) -> RuleSource<'a> {
        RuleSource { job: self.job, group: self.group, index: self.index }
    }

    /// Whether the rules ask for more than facts of nodes: who writes to a volume.
    pub(crate) fn chain_depends_on_allocations(&self) -> bool {
        !self.group.volumes.is_empty() && self.chain().depends_on_allocations()
    }

    /// The affinities; `None` without any. System jobs have none.
    pub(crate) fn affinities(&self) -> Option<&Affinities> {
        let make = || match self.job.job_type().is_system() {
            true => None,
            false => Affinities::of(self.job, self.group),
        };
        self.affinities.get_or_init(make).as_ref()
    }
}

impl Scorers {
    fn of(job: &Job, group: &TaskGroup) -> Scorers {
        Scorers {
            spreads: Spread::of(job, group),
            anti_affinity_count: Some(group.count()),
            penalty_nodes: SmallList::None,
        }
    }
}

fn distinct_hosts(job: &Job, group: &TaskGroup) -> Option<Scope> {
    if wants_distinct_hosts(&job.constraints) {
        Some(Scope::Job)
    } else if wants_distinct_hosts(&group.constraints) {
        Some(Scope::Group)
    } else {
        None
    }
}
