//! Compares an engine with the model: jobs with their versions and statuses, nodes, namespaces, pools.

use std::collections::BTreeSet;

use stowplan::engine::Engine;

use crate::facts::{Facts, is_active};
use crate::launches::is_launched_later;
use crate::model::{Job, Key, Model};

/// Says the first thing that is not as it should be. Jobs and nodes of which nothing is left may have been
/// forgotten, which the model takes over.
pub(crate) fn compare(engine: &Engine, model: &mut Model, facts: &Facts) -> Result<(), String> {
    let registered = engine.jobs().filter(|it| it.is_registered());
    let found: BTreeSet<Key> =
        registered.map(|it| (it.namespace().to_owned(), it.id().to_owned())).collect();
    if let Some(key) = found.iter().find(|key| !model.jobs.contains_key(*key)) {
        return Err(format!("{key:?} is registered, and should not be"));
    }
    let gone: Vec<Key> = model.jobs.keys().filter(|key| !found.contains(*key)).cloned().collect();
    for key in gone {
        let has_ended = !facts.allocations_of(&key).any(|it| it.is_live())
            && facts.evaluations_of(&key).next().is_none();
        let job = &model.jobs[&key];
        if !has_ended || runs_until_stopped(job) && !job.present().is_stopped {
            return Err(format!("{key:?} was forgotten"));
        }
        model.jobs.remove(&key);
    }
    for (key, job) in &model.jobs {
        job_is(engine, facts, key, job).map_err(|error| format!("{key:?}: {error}"))?;
    }
    nodes_are(engine, model, facts)?;
    let namespaces: BTreeSet<String> =
        engine.namespaces().iter().map(|it| it.name.clone()).collect();
    let pools: BTreeSet<String> = engine.node_pools().iter().map(|it| it.name.clone()).collect();
    if (&namespaces, &pools) != (&model.namespaces, &model.pools) {
        return Err(format!("{namespaces:?} {pools:?} are there"));
    }
    Ok(())
}

fn runs_until_stopped(job: &Job) -> bool {
    let spec = &job.present().spec;
    spec.job_type == "system" || is_launched_later(spec)
}

fn job_is(engine: &Engine, facts: &Facts, key: &Key, job: &Job) -> Result<(), String> {
    let view = engine.job(&key.0, &key.1).ok_or("it is not there")?;
    let document = view.document().ok_or("it has no document")?;
    let found: Vec<(u64, bool)> = view.version_numbers().collect();
    let versions: Vec<(u64, bool)> =
        job.versions.iter().rev().map(|it| (it.number, it.is_stable)).collect();
    if found != versions {
        return Err(format!("its versions are {found:?}, not {versions:?}"));
    }
    let found = (document.stop, document.job_modify_index, document.version);
    let present = job.present();
    let expected = (present.is_stopped, job.job_modify_index(), present.number);
    if found != expected {
        return Err(format!("(stop, job modify index, version) is {found:?}, not {expected:?}"));
    }
    let status = status(facts, key, job);
    if document.status != status {
        return Err(format!("it is {}, not {status}", document.status));
    }
    let counts = |spec: &stowplan::model::JobSpec| -> Vec<(String, Option<i64>)> {
        spec.task_groups.iter().map(|group| (group.name.clone(), group.count)).collect()
    };
    match counts(&document) == counts(&present.spec) {
        true => Ok(()),
        false => Err(format!("its groups are {:?}", counts(&document))),
    }
}

/// The status of a job, by section 9.
pub(crate) fn status(facts: &Facts, key: &Key, job: &Job) -> &'static str {
    let is_stopped = job.present().is_stopped;
    if runs_until_stopped(job) {
        return if is_stopped { "dead" } else { "running" };
    }
    let mut evaluations = facts.evaluations_of(key);
    let is_open = |status: &str| matches!(status, "pending" | "blocked");
    let is_deployed = facts
        .deployments
        .values()
        .any(|it| (&it.namespace, &it.job_id) == (&key.0, &key.1) && is_active(it));
    match () {
        () if is_deployed || facts.allocations_of(key).any(|it| it.is_live()) => "running",
        () if evaluations.any(|it| is_open(&it.status)) => "pending",
        () if job.is_seen || is_stopped => "dead",
        () => "pending",
    }
}

fn nodes_are(engine: &Engine, model: &mut Model, facts: &Facts) -> Result<(), String> {
    if let Some(node) = engine.nodes().find(|it| !model.nodes.contains_key(&it.id)) {
        return Err(format!("node {} is there, and should not be", node.id));
    }
    let ids: Vec<String> = model.nodes.keys().cloned().collect();
    for id in ids {
        let on_node = || facts.allocations.values().filter(|it| it.has_node && it.it.node_id == id);
        let Some(node) = model.nodes.get_mut(&id) else { continue };
        let Some(found) = engine.node(&id) else {
            if node.status != "down" || on_node().any(|it| !it.it.client().is_terminal()) {
                return Err(format!("node {id} was forgotten"));
            }
            model.nodes.remove(&id);
            continue;
        };
        let mut is_left = on_node().filter(|it| it.is_live()).filter(|it| match &*it.job_type {
            "system" | "sysbatch" => !node.ignores_system_jobs,
            _ => true,
        });
        if node.is_draining && !found.is_draining() {
            if let Some(left) = is_left.next() {
                return Err(format!("node {id} has drained, and {} is left", left.it.name));
            }
            node.is_draining = false;
        }
        let is_eligible = found.scheduling_eligibility != "ineligible";
        let found = (found.status().as_str(), is_eligible, found.is_draining());
        let expected = (node.status.as_str(), node.is_eligible, node.is_draining);
        if found != expected {
            return Err(format!(
                "node {id}: (status, eligible, draining) is {found:?}, not {expected:?}"
            ));
        }
    }
    Ok(())
}
