//! What exists already and a plan names, with enough beside its identity to tell it from another one: where
//! plans are made on forks, an identity that one of them gave out may be another's by the time of the
//! commit.

use indexmap::IndexMap;

use super::effects::{DeploymentChoice, Effects};
use crate::state::State;
use crate::state::slots::{
    AllocationRef, AllocationSlot, DeploymentRef, EvaluationRef, JobSlot, NodeRef,
};

/// An allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownAllocation {
    pub(crate) id: String,
    name: String,
    job: JobNames,
    pub(crate) node_id: String,
    pub(crate) node: NodeRef,
}

/// The namespace and the identity of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobNames {
    pub(crate) namespace: String,
    pub(crate) id: String,
}

/// An evaluation or a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownRecord {
    pub(crate) id: String,
    job: JobNames,
    create_index: u64,
}

/// What the effects of an evaluation name, by how the state has it on which they were found out.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    allocations: IndexMap<AllocationRef, KnownAllocation>,
    evaluations: IndexMap<EvaluationRef, KnownRecord>,
    deployments: IndexMap<DeploymentRef, KnownRecord>,
}

impl JobNames {
    pub(super) fn of(state: &State, job: JobSlot) -> Option<JobNames> {
        let (namespace, id) = state.job(job)?.names();
        Some(JobNames { namespace: namespace.to_owned(), id: id.to_owned() })
    }

    pub(crate) fn as_pair(&self) -> (&str, &str) {
        (&self.namespace, &self.id)
    }

    /// Whether a job has these names.
    fn are_of(&self, state: &State, job: JobSlot) -> bool {
        state.job(job).is_some_and(|record| record.names() == self.as_pair())
    }
}

impl KnownAllocation {
    pub(crate) fn new(state: &State, slot: AllocationSlot) -> Option<KnownAllocation> {
        let record = state.allocation(slot)?;
        Some(KnownAllocation {
            id: state.allocation_id(slot),
            name: state.allocation_name(slot),
            job: JobNames::of(state, record.job)?,
            node_id: state.node_id_of(slot).unwrap_or_default().to_owned(),
            node: state.node_ref(record.node),
        })
    }

    /// The allocation in a state, if it is there. Another one that has its identity is not it.
    pub(crate) fn find(&self, state: &State) -> Option<AllocationSlot> {
        let slot = state.find_allocation(&self.id)?;
        let record = state.allocation(slot)?;
        let is_it = state.node_ref(record.node) == self.node
            && state.node_id_of(slot) == Some(&self.node_id)
            && self.job.are_of(state, record.job)
            && state.allocation_name(slot) == self.name;
        is_it.then_some(slot)
    }

    /// The namespace and the identity of its job.
    pub(crate) fn job(&self) -> (&str, &str) {
        self.job.as_pair()
    }
}

impl References {
    /// What effects name. What is gone already is not in it.
    pub(crate) fn of(state: &State, effects: &Effects) -> References {
        let mut references = References::default();
        let predecessors = effects.placed.iter().filter_map(|it| it.predecessor);
        for of in predecessors.chain(effects.failed.iter().filter_map(|it| it.before)) {
            let known = state.resolve_allocation(of);
            let known = known.and_then(|slot| KnownAllocation::new(state, slot));
            references.allocations.extend(known.map(|known| (of, known)));
        }
        references.note_evaluation(state, effects.evaluation.evaluation);
        effects.superseded.iter().for_each(|of| references.note_evaluation(state, *of));
        let update = effects.deployment_update.as_ref().map(|it| it.deployment);
        let of_updates = effects.updates.iter().filter_map(|it| it.in_place.as_ref());
        let choices = of_updates.map(|(_, choice)| *choice).chain([effects.evaluation.deployment]);
        let existing = choices.filter_map(|choice| match choice {
            DeploymentChoice::Existing(of) => Some(of),
            DeploymentChoice::None | DeploymentChoice::New => None,
        });
        existing.chain(update).for_each(|of| references.note_deployment(state, of));
        references
    }

    fn note_evaluation(&mut self, state: &State, of: EvaluationRef) {
        let Some(slot) = state.resolve_evaluation(of) else { return };
        let Some(record) = state.evaluation(slot) else { return };
        let job = JobNames::of(state, record.job.slot).unwrap_or_default();
        let (id, create_index) = (state.evaluation_id(slot), record.create_index);
        self.evaluations.insert(of, KnownRecord { id, job, create_index });
    }

    pub(crate) fn note_deployment(&mut self, state: &State, of: DeploymentRef) {
        let Some(slot) = state.resolve_deployment(of) else { return };
        let Some(record) = state.deployment(slot) else { return };
        let job = JobNames::of(state, record.job.slot).unwrap_or_default();
        let (id, create_index) = (state.deployment_id(slot), record.create_index);
        self.deployments.insert(of, KnownRecord { id, job, create_index });
    }

    /// An allocation by how another state has it.
    pub(crate) fn allocation(&self, state: &State, of: AllocationRef) -> Option<AllocationRef> {
        Some(state.allocation_ref(self.allocations.get(&of)?.find(state)?))
    }

    /// An evaluation likewise.
    pub(crate) fn evaluation(&self, state: &State, of: EvaluationRef) -> Option<EvaluationRef> {
        let known = self.evaluations.get(&of)?;
        let slot = state.find_evaluation(&known.id)?;
        let record = state.evaluation(slot)?;
        let is_it =
            record.create_index == known.create_index && known.job.are_of(state, record.job.slot);
        is_it.then(|| state.evaluation_ref(slot))
    }

    /// A deployment likewise.
    pub(crate) fn deployment(&self, state: &State, of: DeploymentRef) -> Option<DeploymentRef> {
        let known = self.deployments.get(&of)?;
        let slot = state.find_deployment(&known.id)?;
        let record = state.deployment(slot)?;
        let is_it =
            record.create_index == known.create_index && known.job.are_of(state, record.job.slot);
        is_it.then(|| state.deployment_ref(slot))
    }

    /// A choice of a deployment likewise; none where that is not there.
    pub(crate) fn choice(&self, state: &State, choice: DeploymentChoice) -> DeploymentChoice {
        match choice {
            DeploymentChoice::Existing(of) => self
                .deployment(state, of)
                .map_or(DeploymentChoice::None, DeploymentChoice::Existing),
            DeploymentChoice::None | DeploymentChoice::New => choice,
        }
    }

    /// The identity of an allocation; the empty text of one that was gone.
    pub(crate) fn allocation_id(&self, of: AllocationRef) -> &str {
        self.allocations.get(&of).map_or("", |known| &known.id)
    }

    /// The identity of an evaluation likewise.
    pub(crate) fn evaluation_id(&self, of: EvaluationRef) -> &str {
        self.evaluations.get(&of).map_or("", |known| &known.id)
    }

    /// The identity of a deployment likewise.
    pub(crate) fn deployment_id(&self, of: DeploymentRef) -> &str {
        self.deployments.get(&of).map_or("", |known| &known.id)
    }
}
