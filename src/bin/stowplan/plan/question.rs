//! Reading what a plan is asked of: the job, the cluster, and what there is of the job already.

use std::path::Path;

use indexmap::IndexMap;
use stowplan::Cluster;
use stowplan::model::{Allocation, Job, read};
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
pub(super) fn read(
    files: &Files<'_>,
    registered: Option<&Path>,
    seed: u64,
) -> Result<Question, Problems> {
    let Input { inventory, jobs, mut warnings } = files::read(files)?;
    let registered = registered.map(read_registered).transpose()?;
    let [job] = <[Job; 1]>::try_from(jobs).map_err(|jobs| {
        let message = format!("expected one job to plan, found {}", jobs.len());
        let mut problems = Problems::default();
        let file = files.jobs.first().map(|path| path.display().to_string());
        problems.add(&file.unwrap_or_default(), "", &message);
        problems
    })?;
    if let Some(registered) = &registered
        && (&registered.namespace, &registered.id) != (&job.namespace, &job.id)
    {
        let message = format!(
            "job `{}` is planned, and `--registered` is job `{}`",
            printable(&job.id),
            printable(&registered.id)
        );
        return Err(Problems::one(&message));
    }
    let is_own = |it: &&Allocation| {
        let namespace = if it.namespace.is_empty() { "default" } else { &it.namespace };
        it.job_id == job.id && namespace == job.namespace
    };
    let allocations: Vec<Allocation> =
        inventory.allocations().iter().filter(is_own).cloned().collect();
    let versions = versions(&allocations, registered.as_ref(), &mut warnings);
    let without = allocations.iter().filter(|it| {
        it.job.is_none() && !versions.iter().any(|job| job.version == it.job_version())
    });
    let without = without.count();
    if without > 0 {
        warnings.push(format!(
            "{} of job `{}` do not say what they run (`Job` is missing): each counts as another version; `--registered FILE` says what they run",
            count(without, "allocation"),
            printable(&job.id)
        ));
    }
    let inventory = inventory.with_jobs(&registered);
    Ok(Question {
        cluster: Cluster::from_inventory(&inventory, seed),
        known: JobState { versions, allocations, ..JobState::default() },
        job,
        warnings,
    })
}

/// Reads the job as it is registered.
fn read_registered(path: &Path) -> Result<Job, Problems> {
    let (file, text) = files::text(path)?;
    let mut problems = Problems::default();
    let spec = match read::job(text) {
        Ok(spec) => spec,
        Err(error) => {
            problems.add(&file, error.path(), error.message());
            return Err(problems);
        }
    };
    let (version, indexes) = (spec.version, (spec.modify_index, spec.job_modify_index));
    let job = Job::registered(spec, None).and_then(|job| {
        job.changed(|spec| {
            spec.version = version;
            (spec.modify_index, spec.job_modify_index) = indexes;
        })
    });
    job.map_err(|errors| {
        problems.add_all(&file, errors.problems());
        problems
    })
}

/// The versions of the job: those that its allocations bring with them, and the one that is registered,
/// oldest first.
fn versions(
    allocations: &[Allocation],
    registered: Option<&Job>,
    warnings: &mut Vec<String>,
) -> Vec<Job> {
    let mut versions: IndexMap<u64, Job> =
        registered.map(|job| (job.version, job.clone())).into_iter().collect();
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
