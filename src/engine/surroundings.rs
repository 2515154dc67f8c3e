//! What a job names beside itself, and whether that is there (docs/lifecycle.md, section 9, *Validation*).

use super::cron;
use super::error::JobCommandError;
use crate::model::JobSpec;
use crate::state::State;
use crate::state::settings::{DEFAULT_NAMESPACE, DEFAULT_POOL};

/// Everything that a job names and that is not there or cannot be read. Its document may be incomplete.
pub(super) fn mistakes(state: &State, job: &JobSpec) -> Vec<JobCommandError> {
    let settings = &state.book().settings;
    let mut found = Vec::new();
    let namespace = name_or(&job.namespace, DEFAULT_NAMESPACE);
    if settings.namespace(namespace).is_none() {
        let (job_id, namespace) = (job.id.clone(), namespace.to_owned());
        found.push(JobCommandError::UnknownNamespace { job_id, namespace });
    }
    let pool = name_or(&job.node_pool, DEFAULT_POOL);
    if settings.pool(pool).is_none() && !has_nodes(state, pool) {
        let (job_id, pool) = (job.id.clone(), pool.to_owned());
        found.push(JobCommandError::UnknownNodePool { job_id, pool });
    }
    let periodic = job.periodic.as_ref().filter(|periodic| periodic.is_enabled());
    found.extend(periodic.and_then(|periodic| cron::check(periodic).err()));
    found
}

/// The first of them.
pub(super) fn check(state: &State, job: &JobSpec) -> Result<(), JobCommandError> {
    mistakes(state, job).into_iter().next().map_or(Ok(()), Err)
}

/// A name, or the one that stands for none.
fn name_or<'a>(name: &'a str, default: &'a str) -> &'a str {
    if name.is_empty() { default } else { name }
}

/// Whether any node is in a pool: nodes make their pools by joining.
fn has_nodes(state: &State, pool: &str) -> bool {
    state.nodes().any(|(_, record)| record.node.node_pool == pool)
}
