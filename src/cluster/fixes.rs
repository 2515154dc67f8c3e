//! Fixes carried out: on inventories and clusters, and for jobs that are placed whole or not at all.

use indexmap::IndexMap;

use super::Cluster;
use super::inventory::Inventory;
use super::placement::Placement;
use crate::explain::fixes::apply::{FixError, by_node, change_node, change_state, evicted};
use crate::explain::fixes::fix::{Fix, NextFailure};
use crate::explain::fixes::search::FIXES_MAX;
use crate::explain::verdicts::Explanation;
use crate::feasibility::fix_action::FixAction;
use crate::fit::ask::Ask;
use crate::model::{Job, TaskGroup};
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
        let mut fix = self.clone();
        let mut is_more = false;
        for action in &mut fix.actions {
            let more = next.missing.div_ceil(u32::try_from(action.nodes().len().max(1)).ok()?);
            is_more |= add_room(action, &ask, more)?;
        }
        is_more.then_some(fix)
    }

    /// The same fix with room for an allocation of each of some groups on each node; none if it adds
    /// nothing.
    fn beside(&self, groups: &[&TaskGroup]) -> Option<Fix> {
        let mut fix = self.clone();
        let mut is_more = false;
        for ask in groups.iter().map(|group| Ask::of(group)) {
            for action in &mut fix.actions {
                is_more |= add_room(action, &ask, 1)?;
            }
        }
        is_more.then_some(fix)
    }
}

/// Makes an action that adds room add as much again as some allocations of an ask take of what it adds;
/// false if it adds none, none if that is more than can be counted.
fn add_room(action: &mut FixAction, ask: &Ask, allocations: u32) -> Option<bool> {
    match action {
        FixAction::AddResources { cpu_mhz, memory_mb, disk_mb, .. } => {
            let asked = [ask.amounts.cpu_mhz, ask.amounts.memory_mb, ask.amounts.disk_mb];
            for (amount, asked) in [cpu_mhz, memory_mb, disk_mb].into_iter().zip(asked) {
                if *amount > 0 {
                    *amount = amount.checked_add(asked.checked_mul(allocations.into())?)?;
                }
            }
        }
        FixAction::AddCores { cores: amount, .. } => {
            let cores: usize = ask.tasks.iter().map(|task| task.cores).sum();
            *amount = amount.checked_add(u32::try_from(cores).ok()?.checked_mul(allocations)?)?;
        }
        FixAction::RaiseMaxAllocations { allocations: amount, .. } => {
            *amount = amount.checked_add(allocations)?;
        }
        _ => return Some(false),
    }
    Some(true)
}

/// Sees what the fixes of an explanation do once all of the job is placed. Of a job that is placed whole
/// or not at all, nothing must be on the cluster. Of a system job of several groups those are left that
/// leave fewer allocations of the group itself missing: what another group takes before it is no help.
pub(super) fn look_at_whole_job(
    explanation: &mut Explanation,
    cluster: &Cluster,
    job: &Job,
    options: &PlaceOptions,
) {
    let is_system = job.job_type().is_system() && job.task_groups.len() > 1;
    if (!job.all_at_once && !is_system) || explanation.fixes().is_empty() {
        return;
    }
    let options = options.clone().explain(false);
    let fixes = std::mem::take(explanation.fixes_mut());
    *explanation.fixes_mut() = match job.all_at_once {
        true => for_whole_job(fixes, cluster, job, &options),
        false => beside_other_groups(fixes, cluster, job, &options),
    };
}

/// Carries fixes for a group of a system job out and places all of the job, whose other groups may take
/// what was made free. Where they do, the same fix is tried with room for them as well.
fn beside_other_groups(
    fixes: Vec<Fix>,
    cluster: &Cluster,
    job: &Job,
    options: &PlaceOptions,
) -> Vec<Fix> {
    let mut fork = cluster.fork();
    let before = fork.place(job, options);
    let others = before.failed().iter().map(|failed| failed.task_group());
    let missing_of = |placement: &Placement, group: &str| {
        let failed = placement.failed().iter().find(|failed| failed.name() == group);
        failed.map_or(0, |failed| failed.unplaced())
    };
    let mut helpful: Vec<(u32, Fix)> = Vec::new();
    for fix in fixes {
        let others = others.clone().filter(|group| group.name != fix.group);
        let enough = fix.beside(&others.collect::<Vec<_>>());
        for fix in std::iter::once(fix).chain(enough) {
            let Ok((mut fork, job)) = fix.apply_to(cluster, job) else { continue };
            let after = missing_of(&fork.place(&job, options), &fix.group);
            if after < missing_of(&before, &fix.group) {
                if helpful.iter().all(|(_, known)| *known != fix) {
                    helpful.push((after, fix));
                }
                break;
            }
        }
    }
    helpful.sort_by_key(|(after, _)| *after);
    helpful.into_iter().map(|(_, fix)| fix).collect()
}

/// Carries fixes out on a cluster where nothing of the job was placed, and notes what of the job would
/// fail even so. Those after which nothing does come first.
fn for_whole_job(
    fixes: Vec<Fix>,
    cluster: &Cluster,
    job: &Job,
    options: &PlaceOptions,
) -> Vec<Fix> {
    let mut whole: Vec<Fix> = Vec::new();
    let mut partly: Vec<Fix> = Vec::new();
    for fix in fixes {
        // What cannot be carried out there is no fix.
        let Some(next) = try_on(cluster, job, options, &fix) else { continue };
        if let Some(next) = &next {
            let enough = fix.for_all_missing(job, next);
            let tried = enough.map(|enough| (try_on(cluster, job, options, &enough), enough));
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
