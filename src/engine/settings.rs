//! What an operator sets: the scheduler's configuration, namespaces and node pools (docs/lifecycle.md,
//! section 10).

use std::borrow::Cow;

use super::change::Change;
use super::command::SetSchedulerConfiguration;
use super::error::SettingsCommandError;
use crate::model::{JobType, Namespace, NodePool, SchedulerConfiguration};
use crate::placement::options::{PlaceOptions, Preemption};
use crate::rank::binpack::Algorithm;
use crate::state::settings::{BUILT_IN_POOLS, DEFAULT_NAMESPACE, Settings};

/// The longest name of a namespace or a pool.
const NAME_MAX: usize = 128;

/// Says how the scheduler works. What waits for room may find some now.
pub(super) fn set_scheduler(
    change: &mut Change<'_>,
    body: SetSchedulerConfiguration,
) -> Result<(), SettingsCommandError> {
    let mut configuration = body.configuration;
    if !matches!(configuration.scheduler_algorithm.as_str(), "" | "binpack" | "spread") {
        let algorithm = configuration.scheduler_algorithm;
        return Err(SettingsCommandError::UnknownAlgorithm { algorithm });
    }
    let before = &change.book().settings.scheduler;
    let found = before.modify_index;
    if let Some(expected) = body.check_index.filter(|expected| *expected != found) {
        return Err(SettingsCommandError::Conflict { expected, found });
    }
    let created = before.create_index;
    change.change_settings(|settings, index| {
        configuration.create_index = if created == 0 { index } else { created };
        configuration.modify_index = index;
        settings.scheduler = configuration;
    });
    change.wakes_all = true;
    Ok(())
}

/// How jobs are placed under the options of an engine and the configuration of an operator.
pub(super) fn place_options<'a>(
    options: &'a PlaceOptions,
    settings: &Settings,
) -> Cow<'a, PlaceOptions> {
    let configuration: &SchedulerConfiguration = &settings.scheduler;
    if configuration.modify_index == 0 {
        // Until an operator says something, the options of the engine hold.
        return Cow::Borrowed(options);
    }
    let algorithm = match configuration.scheduler_algorithm.as_str() {
        "spread" => Algorithm::Spread,
        _ => Algorithm::Binpack,
    };
    let is_on = |job_type| configuration.is_preemption_enabled(job_type);
    let preemption = Preemption {
        service: is_on(JobType::Service),
        batch: is_on(JobType::Batch),
        system: is_on(JobType::System),
        sysbatch: is_on(JobType::Sysbatch),
    };
    let options = options
        .clone()
        .memory_oversubscription(configuration.memory_oversubscription_enabled)
        .preemption(preemption)
        .algorithm(algorithm);
    Cow::Owned(options)
}

fn check_name(name: &str) -> Result<(), SettingsCommandError> {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
    match (1..=NAME_MAX).contains(&name.len()) && name.chars().all(is_sign) {
        true => Ok(()),
        false => Err(SettingsCommandError::InvalidName { name: shortened(name) }),
    }
}

/// The beginning of a name that may be of any length.
fn shortened(name: &str) -> String {
    name.chars().take(NAME_MAX).collect()
}

/// Adds a namespace, or changes it.
pub(super) fn upsert_namespace(
    change: &mut Change<'_>,
    mut namespace: Namespace,
) -> Result<(), SettingsCommandError> {
    check_name(&namespace.name)?;
    change.change_settings(|settings, index| {
        let known = settings.namespaces.iter().position(|it| it.name == namespace.name);
        namespace.modify_index = index;
        namespace.create_index = index;
        match known.and_then(|at| settings.namespaces.get_mut(at)) {
            Some(before) => {
                if before.create_index > 0 {
                    namespace.create_index = before.create_index;
                }
                *before = namespace;
            }
            None => settings.namespaces.push(namespace),
        }
        settings.namespaces.sort_by(|a, b| a.name.cmp(&b.name));
        settings.namespaces_modified = index;
    });
    Ok(())
}

/// Takes a namespace out that no job is in.
pub(super) fn delete_namespace(
    change: &mut Change<'_>,
    name: &str,
) -> Result<(), SettingsCommandError> {
    if name == DEFAULT_NAMESPACE {
        return Err(SettingsCommandError::BuiltIn { name: name.to_owned() });
    }
    if change.book().settings.namespace(name).is_none() {
        return Err(SettingsCommandError::Unknown { name: shortened(name) });
    }
    let is_in = |slot| {
        let present = change.registration(slot).and_then(|it| it.present());
        present.is_some_and(|it| it.job.namespace == name && !it.job.stop)
    };
    if change.job_slots().any(is_in) {
        return Err(SettingsCommandError::InUse { name: name.to_owned() });
    }
    change.change_settings(|settings, index| {
        settings.namespaces.retain(|it| it.name != name);
        settings.namespaces_modified = index;
    });
    Ok(())
}

/// Adds a node pool, or changes it.
pub(super) fn upsert_pool(
    change: &mut Change<'_>,
    mut pool: NodePool,
) -> Result<(), SettingsCommandError> {
    check_name(&pool.name)?;
    if BUILT_IN_POOLS.iter().any(|(name, _)| *name == pool.name) {
        return Err(SettingsCommandError::BuiltIn { name: pool.name });
    }
    change.change_settings(|settings, index| {
        pool.modify_index = index;
        pool.create_index = index;
        match settings.pools.iter().position(|it| it.name == pool.name) {
            Some(at) => {
                if let Some(before) = settings.pools.get_mut(at) {
                    pool.create_index = before.create_index;
                    *before = pool;
                }
            }
            None => settings.pools.push(pool),
        }
        settings.pools.sort_by(|a, b| a.name.cmp(&b.name));
        settings.pools_modified = index;
    });
    Ok(())
}

/// Takes a node pool out that nothing is in.
pub(super) fn delete_pool(change: &mut Change<'_>, name: &str) -> Result<(), SettingsCommandError> {
    if BUILT_IN_POOLS.iter().any(|(built_in, _)| *built_in == name) {
        return Err(SettingsCommandError::BuiltIn { name: name.to_owned() });
    }
    if change.book().settings.pool(name).is_none() {
        return Err(SettingsCommandError::Unknown { name: shortened(name) });
    }
    let has_nodes = change.nodes().any(|(_, record)| record.node.node_pool == name);
    let is_job_in = |slot| {
        let present = change.registration(slot).and_then(|it| it.present());
        present.is_some_and(|it| it.job.node_pool == name && !it.job.stop)
    };
    if has_nodes || change.job_slots().any(is_job_in) {
        return Err(SettingsCommandError::InUse { name: name.to_owned() });
    }
    change.change_settings(|settings, index| {
        settings.pools.retain(|it| it.name != name);
        settings.pools_modified = index;
    });
    Ok(())
}
