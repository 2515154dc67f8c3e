//! What a transaction changed, in the detail that watchers need: which client statuses moved, where room
//! became free, and what is gone.

use super::State;
use super::bookkeeping::BookUndo;
use super::gone::Gone;
use super::group_version::GroupVersion;
use super::job::{JobNames, Registration};
use super::lifecycle::LifecycleRecord;
use super::settings::Settings;
use super::slots::{
    AllocationRef, AllocationSlot, DeploymentRef, DeploymentSlot, EvaluationRef, EvaluationSlot,
    JobSlot, NodeSlot,
};
use super::transaction::{Touched, Transaction, push_other, sort_and_dedup};
use super::undo::Undo;
use crate::model::status::ClientStatus;

/// Lists that are longer are not kept for the next change.
const MOST_KEPT: usize = 4096;

/// What a transaction changed so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// How many entries of the transaction's log are in it.
    pub(crate) noted: usize,
    pub(crate) touched: Touched,
    /// The client statuses of allocations before, by slot; none of one that is new.
    pub(crate) clients: Vec<(AllocationSlot, Option<ClientStatus>)>,
    /// Nodes on which something ended or takes less.
    pub(crate) freed: Vec<NodeSlot>,
    /// Nodes that came, changed or left.
    pub(crate) nodes: Vec<NodeSlot>,
    /// Jobs that came or left, or of which a version did.
    pub(crate) registered: Vec<JobSlot>,
    /// Of these, those that were stopped, started again, or came or left as a whole.
    pub(crate) stopped: Vec<JobSlot>,
    /// What was taken out, with the identities that it had.
    pub(crate) gone: Vec<Gone>,
    /// Evaluations whose place in the queues changed.
    pub(crate) requeued: Vec<EvaluationSlot>,
    /// Nodes of whose clients more is known.
    pub(crate) lives: Vec<NodeSlot>,
    /// Evaluations that allocations were of, and no longer are.
    pub(crate) left: Vec<EvaluationRef>,
    /// Allocations that had taken the place of another one, which no longer says so, or is gone.
    pub(crate) unlinked: Vec<AllocationRef>,
    /// The same for deployments.
    pub(crate) left_deployments: Vec<DeploymentRef>,
    /// Jobs of which a deployment came or left, or canaries began or ceased to wait.
    pub(crate) deployed: Vec<JobSlot>,
    /// Deployments of which there is news.
    pub(crate) news: Vec<DeploymentSlot>,
    /// Jobs that have come to something else.
    pub(crate) standings: Vec<JobSlot>,
    /// What an operator set.
    pub(crate) settings: Vec<Setting>,
}

/// Something that an operator set, or took out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) kind: SettingKind,
    /// The name of a namespace or a pool.
    pub(crate) name: String,
    pub(crate) is_gone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettingKind {
    Namespace,
    NodePool,
    Scheduler,
}

impl Changes {
    /// Takes everything off the lists, which keep their memory.
    pub(crate) fn empty(&mut self) {
        let Changes {
            noted,
            touched: Touched { nodes: touched_nodes, jobs, allocations, evaluations, deployments },
            clients,
            freed,
            nodes,
            registered,
            stopped,
            gone,
            requeued,
            lives,
            left,
            unlinked,
            left_deployments,
            deployed,
            news,
            standings,
            settings,
        } = self;
        *noted = 0;
        [touched_nodes, freed, nodes, lives].into_iter().for_each(Vec::clear);
        [jobs, registered, stopped, deployed, standings].into_iter().for_each(Vec::clear);
        [evaluations, requeued].into_iter().for_each(Vec::clear);
        [deployments, news].into_iter().for_each(Vec::clear);
        allocations.clear();
        clients.clear();
        gone.clear();
        left.clear();
        unlinked.clear();
        left_deployments.clear();
        settings.clear();
    }

    /// Whether so much memory is worth being kept.
    pub(crate) fn is_small(&self) -> bool {
        self.touched.allocations.capacity().max(self.touched.nodes.capacity()) <= MOST_KEPT
    }
}

impl Transaction<'_> {
    /// Adds what was changed since the changes were noted last: mostly nothing.
    #[inline]
    pub(crate) fn note_changes(&self, changes: &mut Changes) {
        if self.log.entries.len() > changes.noted {
            self.note_new(changes);
        }
    }

    fn note_new(&self, changes: &mut Changes) {
        for entry in self.log.entries.get(changes.noted..).unwrap_or_default() {
            match entry {
                // Much of a log is what an engine remembers, which is in none of the tables.
                Undo::Book(before) => self.note_book(before, changes),
                _ => {
                    entry.touches(self, &mut changes.touched);
                    self.note(entry, changes);
                }
            }
        }
        changes.noted = self.log.entries.len();
        changes.touched.sort();
        if changes.clients.len() > 1 {
            // Of what changed several times, the first says what was there before.
            changes.clients.sort_by_key(|(slot, _)| *slot);
            changes.clients.dedup_by_key(|(slot, _)| *slot);
        }
        [&mut changes.freed, &mut changes.nodes, &mut changes.lives]
            .into_iter()
            .for_each(sort_and_dedup);
        [&mut changes.registered, &mut changes.standings].into_iter().for_each(sort_and_dedup);
        sort_and_dedup(&mut changes.requeued);
    }

    fn note(&self, entry: &Undo, changes: &mut Changes) {
        let state: &State = self;
        match entry {
            Undo::Enlisted(enlisted) => {
                changes.clients.extend(enlisted.slots.iter().map(|slot| (*slot, None)));
            }
            Undo::Imported { slot, .. } => changes.clients.push((*slot, None)),
            Undo::Changed(before) => {
                changes.clients.push((before.slot, Some(before.client)));
                if let Some(record) = state.allocation(before.slot)
                    && before.occupied
                    && !record.occupies
                    // What is only told to stop holds its room until its client has ended.
                    && (!before.is_staged || record.client.is_terminal())
                {
                    changes.freed.push(record.node);
                }
            }
            Undo::Lifecycle { slot, before } => self.note_life(*slot, before.as_deref(), changes),
            Undo::Removed(removed) => {
                let own = removed.lifecycle.as_ref().map(|lifecycle| lifecycle.evaluation);
                let batch = removed.batch.as_ref().or_else(|| state.batch(removed.record.batch));
                changes.left.extend(own.or_else(|| batch.map(|batch| batch.evaluation)));
                let own = removed.lifecycle.as_ref().map(|lifecycle| lifecycle.deployment);
                let of = own.or_else(|| batch.map(|batch| batch.deployment));
                changes.left_deployments.extend(of.filter(|of| *of != DeploymentRef::NONE));
                let successor = removed.lifecycle.as_ref().map(|lifecycle| lifecycle.successor);
                changes.unlinked.extend(successor.filter(|of| *of != AllocationRef::NONE));
                if removed.record.occupies {
                    changes.freed.push(removed.record.node);
                }
                changes.gone.push(Gone::of_allocation(state, removed));
            }
            Undo::Node(before) => {
                changes.nodes.push(before.slot);
                if let Some(node) =
                    before.record.as_ref().filter(|_| state.node(before.slot).is_none())
                {
                    changes.gone.push(Gone::of_node(&node.node.id));
                }
            }
            Undo::JobAdded { job, .. } => push_other(&mut changes.registered, *job),
            Undo::Registered { job, before } => {
                push_other(&mut changes.registered, *job);
                if runs(before.as_deref()) != runs(state.registration(*job)) {
                    changes.stopped.push(*job);
                }
                if before.is_some() && state.registration(*job).is_none() {
                    changes.gone.extend(self.names_of(*job).cloned().map(Gone::of_job));
                }
            }
            Undo::Touched { job, .. } | Undo::JobRemoved { job, .. } => {
                push_other(&mut changes.registered, *job);
            }
            Undo::Evaluation(_) | Undo::Deployment(_) => self.note_work(entry, changes),
            _ => {}
        }
    }

    /// Notes what follows from a change of an allocation's life.
    fn note_life(
        &self,
        slot: AllocationSlot,
        before: Option<&LifecycleRecord>,
        changes: &mut Changes,
    ) {
        let state: &State = self;
        if let Some(record) = state.allocation(slot)
            && takes_less(state, slot, before)
        {
            changes.freed.push(record.node);
        }
        let of_batch = || state.batch(state.allocation(slot)?.batch);
        let own = before.map(|before| before.evaluation);
        let evaluation = own.or_else(|| of_batch().map(|batch| batch.evaluation));
        let after = state.evaluation_of_allocation(slot);
        changes.left.extend(evaluation.filter(|_| evaluation != after));
        changes.left_deployments.extend(left_deployment(state, slot, before));
        let successor = before.map_or(AllocationRef::NONE, |before| before.successor);
        if successor != AllocationRef::NONE
            && state.kept_lifecycle(slot).is_none_or(|it| it.successor != successor)
        {
            changes.unlinked.push(successor);
        }
    }

    fn note_work(&self, entry: &Undo, changes: &mut Changes) {
        let gone = match entry {
            Undo::Evaluation(before) => Gone::of_evaluation(self, before),
            Undo::Deployment(before) => {
                let after = self.deployment(DeploymentSlot(before.slot));
                if before.change.replaced().map(|it| it.awaits_canaries())
                    != after.map(|it| it.awaits_canaries())
                {
                    push_other(&mut changes.deployed, before.job);
                }
                Gone::of_deployment(self, before)
            }
            _ => None,
        };
        // Mostly it is still there.
        if let Some(gone) = gone {
            changes.gone.push(gone);
        }
    }

    fn note_book(&self, before: &BookUndo, changes: &mut Changes) {
        let state: &State = self;
        match before {
            BookUndo::Settings(before) => note_settings(before, &state.book().settings, changes),
            BookUndo::Delivery(slot, _) | BookUndo::Released(slot, _) => {
                changes.requeued.push(*slot);
            }
            BookUndo::Claim { before, after, .. } => {
                for slot in [before, after].into_iter().flatten() {
                    changes.requeued.push(*slot);
                }
            }
            BookUndo::Life(node, _) => changes.lives.push(*node),
            BookUndo::Standing(job, _)
            | BookUndo::Counted(job, _)
            | BookUndo::AllocationsModified(job, _) => {
                push_other(&mut changes.standings, *job);
            }
            BookUndo::News(slot, _) => changes.news.push(*slot),
            BookUndo::Unblock(..) | BookUndo::Tokens(_) => {}
        }
    }
}

impl Transaction<'_> {
    /// The names of a job that is there, or was taken out.
    fn names_of(&self, job: JobSlot) -> Option<&JobNames> {
        let removed = || {
            self.log.entries.iter().find_map(|entry| match entry {
                Undo::JobRemoved { job: of, record } if *of == job => Some(&record.names),
                _ => None,
            })
        };
        self.job(job).map(|record| &record.names).or_else(removed)
    }
}

/// The deployment that an allocation was of and no longer is.
fn left_deployment(
    state: &State,
    slot: AllocationSlot,
    before: Option<&LifecycleRecord>,
) -> Option<DeploymentRef> {
    let batch = || Some(state.batch(state.allocation(slot)?.batch)?.deployment);
    let before = before.map(|before| before.deployment).or_else(batch)?;
    let after = state.lifecycle(slot).map(|lifecycle| lifecycle.deployment);
    (before != DeploymentRef::NONE && Some(before) != after).then_some(before)
}

/// Whether an allocation takes less than it did before, of anything, or may be evicted more easily.
fn takes_less(state: &State, slot: AllocationSlot, before: Option<&LifecycleRecord>) -> bool {
    let batch = || state.batch(state.allocation(slot)?.batch).map(|batch| &batch.version);
    let own = before.and_then(|before| before.version.as_deref());
    let (Some(before), Some(after)) = (own.or_else(batch), state.version_of(slot)) else {
        return false;
    };
    let priority = |version: &GroupVersion| version.job_spec().map_or(0, |job| job.priority());
    if priority(after) < priority(before) {
        return true;
    }
    let (before, after) = (before.amounts, after.amounts);
    after.cpu_mhz < before.cpu_mhz
        || after.memory_mb < before.memory_mb
        || after.disk_mb < before.disk_mb
}

/// Notes what differs between settings.
fn note_settings(before: &Settings, after: &Settings, changes: &mut Changes) {
    let mut note = |kind, name: &str, is_gone| {
        changes.settings.push(Setting { kind, name: name.to_owned(), is_gone });
    };
    if before.scheduler.modify_index != after.scheduler.modify_index {
        note(SettingKind::Scheduler, "scheduler", false);
    }
    for namespace in &after.namespaces {
        let known = before.namespace(&namespace.name).map(|it| it.modify_index);
        if known != Some(namespace.modify_index) {
            note(SettingKind::Namespace, &namespace.name, false);
        }
    }
    for gone in before.namespaces.iter().filter(|it| after.namespace(&it.name).is_none()) {
        note(SettingKind::Namespace, &gone.name, true);
    }
    for pool in &after.pools {
        let known = before.pool(&pool.name).map(|it| it.modify_index);
        if known != Some(pool.modify_index) {
            note(SettingKind::NodePool, &pool.name, false);
        }
    }
    for gone in before.pools.iter().filter(|it| after.pool(&it.name).is_none()) {
        note(SettingKind::NodePool, &gone.name, true);
    }
}

/// Whether a job is registered and not stopped.
fn runs(registration: Option<&Registration>) -> bool {
    registration.and_then(|it| it.present()).is_some_and(|present| !present.job.stop)
}
