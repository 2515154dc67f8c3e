//! Fixes carried out: on inventories and clusters, and for jobs that are placed whole or not at all.

use indexmap::IndexMap;

use super::Cluster;
use super::inventory::Inventory;
use crate::explain::fixes::apply::{FixError, by_node, change_node, change_state, evicted};
use crate::explain::fixes::fix::{Fix, NextFailure};
use crate::explain::fixes::search::FIXES_MAX;
use crate::explain::verdicts::Explanation;
use crate::feasibility::fix_action::FixAction;
use crate::fit::ask::Ask;
use crate::model::Job;
use crate::placement::options::PlaceOptions;

impl Fix {
    /// The inventory and the job with the fix carried out. What placing has put on nodes meanwhile
    /// must be in the inventory for the fix to be one.
    ///
    /// # Errors
    ///
    /// The fix is for another job, or what it changes is not there.
    pub fn apply(&self, inventory: &Inventory, job: &Job) -> Result<(Inventory, Job), FixError> {
        let job = self.changed_job(job)?;
        Ok((change_inventory(inventory, &self.actions)?, job))
    }

    /// The same for a cluster, of which it gives a fork.
    ///
    /// # Errors
    ///
    /// As for [`Fix::apply`].
    pub fn apply_to(&self, cluster: &Cluster, job: &Job) -> Result<(Cluster, Job), FixError> {
        let job = self.changed_job(job)?;
        let mut fork = cluster.fork();
        fork.change(|state| change_state(state, &self.actions))?;
        Ok((fork, job))
    }

    /// The same fix with so much more of everything it adds that the group's other missing allocations
    /// may fit as well; none if it adds nothing, or if it is another group that fails next.
    fn for_all_missing(&self, job: &Job, next: &NextFailure) -> Option<Fix> {
        if next.group != self.group {
            return None;
        }
        let ask = Ask::of(job.task_groups.iter().find(|it| it.name == self.group)?);
        let cores: usize = ask.tasks.iter().map(|task| task.cores).sum();
        let mut fix = self.clone();
        let mut is_more = false;
        for action in &mut fix.actions {
            let more = next.missing.div_ceil(u32::try_from(action.nodes().len().max(1)).ok()?);
            match action {
                FixAction::AddResources { cpu_mhz, memory_mb, disk_mb, .. } => {
                    let asked = [ask.amounts.cpu_mhz, ask.amounts.memory_mb, ask.amounts.disk_mb];
                    for (amount, asked) in [cpu_mhz, memory_mb, disk_mb].into_iter().zip(asked) {
                        if *amount > 0 {
                            *amount = amount.checked_add(asked.checked_mul(more.into())?)?;
                        }
                    }
                }
                FixAction::AddCores { cores: amount, .. } => {
                    *amount = amount.checked_add(u32::try_from(cores).ok()?.checked_mul(more)?)?;
                }
                FixAction::RaiseMaxAllocations { allocations, .. } => {
                    *allocations = allocations.checked_add(more)?;
                }
                _ => continue,
            }
            is_more = true;
        }
        is_more.then_some(fix)
    }
}

/// Of a job that is placed whole or not at all: sees what the fixes of an explanation do for all of it,
/// on a cluster where nothing of it was placed.
pub(super) fn look_at_whole_job(
    explanation: &mut Explanation,
    cluster: &Cluster,
    job: &Job,
    options: &PlaceOptions,
) {
    if job.all_at_once && !explanation.fixes().is_empty() {
        let fixes = std::mem::take(explanation.fixes_mut());
        *explanation.fixes_mut() = for_whole_job(fixes, cluster, job, options);
    }
}

/// Carries fixes out on a cluster where nothing of the job was placed, and notes what of the job would
/// fail even so. Those after which nothing does come first.
fn for_whole_job(
    fixes: Vec<Fix>,
    cluster: &Cluster,
    job: &Job,
    options: &PlaceOptions,
) -> Vec<Fix> {
    let options = options.clone().explain(false);
    let mut whole: Vec<Fix> = Vec::new();
    let mut partly: Vec<Fix> = Vec::new();
    for fix in fixes {
        // What cannot be carried out there is no fix.
        let Some(next) = try_on(cluster, job, &options, &fix) else { continue };
        if let Some(next) = &next {
            let enough = fix.for_all_missing(job, next);
            let tried = enough.map(|enough| (try_on(cluster, job, &options, &enough), enough));
            if let Some((Some(None), enough)) = tried {
                whole.push(enough);
            }
        }
        match next {
            None => whole.push(fix),
            next => {
                let mut fix = fix;
                fix.next = next;
                partly.push(fix);
            }
        }
    }
    whole.append(&mut partly);
    whole.truncate(FIXES_MAX);
    whole
}

/// What of the job fails first with a fix carried out: `Some(None)` if nothing does, nothing if the fix
/// cannot be carried out.
fn try_on(
    cluster: &Cluster,
    job: &Job,
    options: &PlaceOptions,
    fix: &Fix,
) -> Option<Option<NextFailure>> {
    let (mut fork, job) = fix.apply_to(cluster, job).ok()?;
    let placement = fork.place(&job, options);
    let first = placement.failed().first();
    Some(first.map(|it| NextFailure { group: it.name().into(), missing: it.unplaced() }))
}

/// A copy of an inventory with the changes that actions make to its nodes and allocations.
fn change_inventory(inventory: &Inventory, actions: &[FixAction]) -> Result<Inventory, FixError> {
    let mut changed = inventory.clone();
    let nodes = changed.nodes_mut();
    let places: IndexMap<String, usize> =
        nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
    for (id, actions) in by_node(actions) {
        let at = *places.get(id).ok_or_else(|| FixError::UnknownNode { id: id.into() })?;
        nodes[at] = change_node(&nodes[at], actions.into_iter())?;
    }
    for id in evicted(actions) {
        let victim = changed.allocations_mut().iter_mut().find(|it| it.id == id);
        let victim = victim.ok_or_else(|| FixError::UnknownAllocation { id: id.into() })?;
        "evict".clone_into(&mut victim.desired_status);
        "complete".clone_into(&mut victim.client_status);
    }
    Ok(changed)
}
