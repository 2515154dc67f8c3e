//! Fixes for a job that is placed whole or not at all: what comes of the whole job.

use super::action::FixAction;
use super::search::FIXES_MAX;
use super::{Fix, NextFailure};
use crate::cluster::Cluster;
use crate::fit::ask::Ask;
use crate::model::Job;
use crate::placement::options::PlaceOptions;

/// Carries fixes out on a cluster where nothing of the job was placed, and notes what of the job would
/// fail even so. Those after which nothing does come first.
pub(crate) fn for_whole_job(
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
            next => partly.push(Fix { next, ..fix }),
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

impl Fix {
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
