//! Reading what a plan is asked of: the job, the cluster, and what there is of the job already.

use indexmap::IndexMap;
use stowplan::Cluster;
use stowplan::model::{Allocation, Job};
use stowplan::schedule::JobState;

use crate::files::{self, Files, Input, Problems};
use crate::words::{count, printable};

/// What is asked.
pub(super) struct Question {
    pub(super) cluster: Cluster,
    /// What there is of the job.
    pub(super) known: JobState,
    pub(super) job: Job,
    pub(super) warnings: Vec<String>,
}

/// Reads the files.
///
/// # Errors
///
/// Everything that is wrong with any of them.
pub(super) fn read(files: &Files<'_>, seed: u64) -> Result<Question, Problems> {
    let Input { inventory, jobs, mut warnings } = files::read(files)?;
    let [job] = <[Job; 1]>::try_from(jobs).map_err(|jobs| {
        let message = format!("expected one job to plan, found {}", jobs.len());
        let mut problems = Problems::default();
        let file = files.jobs.first().map(|path| path.display().to_string());
        problems.add(&file.unwrap_or_default(), "", &message);
        problems
    })?;
    let is_own = |it: &&Allocation| {
        let namespace = if it.namespace.is_empty() { "default" } else { &it.namespace };
        it.job_id == job.id && namespace == job.namespace
    };
    let allocations: Vec<Allocation> =
        inventory.allocations().iter().filter(is_own).cloned().collect();
    let versions = versions(&allocations, &mut warnings);
    let without = allocations.iter().filter(|it| {
        it.job.is_none() && !versions.iter().any(|job| job.version == it.job_version())
    });
    let without = without.count();
    if without > 0 {
        warnings.push(format!(
            "{} of job `{}` do not say what they run (`Job` is missing): each counts as another version",
            count(without, "allocation"),
            printable(&job.id)
        ));
    }
    Ok(Question {
        cluster: Cluster::from_inventory(&inventory, seed),
        known: JobState { versions, allocations, ..JobState::default() },
        job,
        warnings,
    })
}

/// The versions of the job that its allocations bring with them, oldest first.
fn versions(allocations: &[Allocation], warnings: &mut Vec<String>) -> Vec<Job> {
    let mut versions: IndexMap<u64, Job> = IndexMap::new();
    for allocation in allocations {
        let Some(spec) = &allocation.job else { continue };
        if versions.contains_key(&spec.version) {
            continue;
        }
        // As it was registered: with every default, as the new one will be.
        let registered = Job::registered((**spec).clone(), None);
        match registered.or_else(|_| Job::new((**spec).clone())) {
            Ok(job) => drop(versions.insert(spec.version, job)),
            Err(errors) => warnings.push(format!(
                "the job of allocation `{}` is not taken for a version: {errors}",
                printable(&allocation.id)
            )),
        }
    }
    versions.sort_unstable_keys();
    versions.into_values().collect()
}
