//! Jobs that are launched from others, by a caller or by the clock (docs/lifecycle.md, section 9,
//! *Dispatch* and *Periodic*). Each launch is a job of its own.

use serde_json::{Value, json};

use super::change::Change;
use super::command::{DispatchJob, ForcePeriodic};
use super::error::{DispatchError, JobCommandError};
use super::jobs::{find, namespace_of, present, put};
use super::launch_times::count_from_now;
use crate::model::{Job, JobSpec, ParameterizedJobConfig, Trigger};
use crate::rng::KeyPrefix;
use crate::state::slots::JobSlot;

/// The most bytes of a payload.
const PAYLOAD_BYTES_MAX: usize = 16 * 1024;
/// Of what the end of a launch's identity is drawn.
const DISPATCH: u64 = 0x6469_7370_6174_6368;
const NANOS: i64 = 1_000_000_000;

/// Launches a parameterized job.
pub(super) fn dispatch(change: &mut Change<'_>, body: DispatchJob) -> Result<(), JobCommandError> {
    let namespace = namespace_of(&body.namespace);
    let slot = change.find_job(namespace, &body.job_id);
    let found = slot.and_then(|slot| present(change, slot));
    let parent = found.ok_or(DispatchError::UnknownJob)?;
    let Some(config) = parent.parameterized_job.as_ref().filter(|_| parent.is_parameterized())
    else {
        return Err(DispatchError::NotParameterized { job_id: body.job_id }.into());
    };
    if parent.stop {
        return Err(JobCommandError::Stopped { job_id: body.job_id });
    }
    if body.id_prefix.contains(' ') {
        return Err(DispatchError::PrefixWithSpaces { id_prefix: body.id_prefix }.into());
    }
    check_payload(config, &body.payload)?;
    check_meta(config, &body)?;
    let token = &body.idempotency_token;
    if let Some(known) = change.queues.launch_tokens.find(namespace, &parent.id, token) {
        say(change, known);
        return Ok(());
    }
    let id = dispatched_id(change, &parent, &body.id_prefix);
    let child = launched(&parent, &id, |spec| {
        spec.extra.insert("Dispatched".into(), json!(true));
        spec.extra.insert("Payload".into(), payload_of(&body.payload));
        if !token.is_empty() {
            spec.extra.insert("DispatchIdempotencyToken".into(), json!(token));
        }
        spec.meta.extend(body.meta);
    })?;
    launch(change, child, Trigger::JobRegister);
    Ok(())
}

/// Launches a periodic job now, whether or not an earlier launch is done.
pub(super) fn force(change: &mut Change<'_>, body: &ForcePeriodic) -> Result<(), JobCommandError> {
    let (_, parent) = find(change, &body.namespace, &body.job_id)?;
    if parent.periodic.is_none() {
        return Err(JobCommandError::NotPeriodic);
    }
    if parent.stop {
        return Err(JobCommandError::Stopped { job_id: parent.id.clone() });
    }
    launch_periodic(change, &parent)
}

/// Launches a periodic job whose time has come, unless an earlier launch has to be done first.
pub(super) fn fire(change: &mut Change<'_>, slot: JobSlot) {
    count_from_now(change, slot);
    let Some(parent) = present(change, slot) else { return };
    let is_prohibited = parent.periodic.as_ref().is_some_and(|it| it.prohibit_overlap);
    let is_any_live = || change.standing(slot).is_some_and(|it| it.children.is_any_live());
    if !(is_prohibited && is_any_live()) {
        // What was registered can be launched.
        let launched = launch_periodic(change, &parent);
        debug_assert!(launched.is_ok(), "{launched:?}");
    }
}

fn launch_periodic(change: &mut Change<'_>, parent: &Job) -> Result<(), JobCommandError> {
    let mut second = change.now().as_nanos().div_euclid(NANOS);
    let id = loop {
        let id = format!("{}/periodic-{second}", parent.id);
        if change.find_job(&parent.namespace, &id).is_none() {
            break id;
        }
        // Two launches in one second are two jobs.
        second += 1;
    };
    let child = launched(parent, &id, |spec| spec.periodic = None)?;
    launch(change, child, Trigger::PeriodicJob);
    Ok(())
}

/// Registers a launch, and looks at it.
fn launch(change: &mut Change<'_>, child: Job, trigger: Trigger) {
    let known = change.find_job(&child.namespace, &child.id);
    let slot = put(change, known, child);
    say(change, slot);
    let record = change.pending_evaluation(slot, trigger);
    change.evaluate(slot, record);
}

/// Says in the reply which job was launched.
fn say(change: &mut Change<'_>, slot: JobSlot) {
    let Some(job) = present(change, slot) else { return };
    change.applied.dispatched_job_id.clone_from(&job.id);
    change.applied.job_create_index = job.create_index;
    change.applied.job_modify_index = job.job_modify_index;
}

/// The document of a launch.
fn launched(
    parent: &Job,
    id: &str,
    edit: impl FnOnce(&mut JobSpec),
) -> Result<Job, JobCommandError> {
    let child = parent.changed(|spec| {
        id.clone_into(&mut spec.id);
        id.clone_into(&mut spec.name);
        spec.extra.insert("ParentID".into(), json!(parent.id));
        edit(spec);
    });
    Ok(child?)
}

/// An identity that no job of the namespace has.
fn dispatched_id(change: &Change<'_>, parent: &Job, prefix: &str) -> String {
    let second = change.now().as_nanos().div_euclid(NANOS);
    let dash = if prefix.is_empty() { "" } else { "-" };
    let drawn = KeyPrefix::new(change.identity_seed, 2, &[DISPATCH]);
    let mut stream = drawn.stream_of(change.index_to_be());
    loop {
        let drawn = stream.below(1 << 32);
        let id = format!("{}/dispatch-{prefix}{dash}{second}-{drawn:08x}", parent.id);
        if change.find_job(&parent.namespace, &id).is_none() {
            return id;
        }
    }
}

fn payload_of(payload: &str) -> Value {
    if payload.is_empty() { Value::Null } else { json!(payload) }
}

fn check_payload(config: &ParameterizedJobConfig, payload: &str) -> Result<(), DispatchError> {
    match (config.payload.as_str(), payload.is_empty()) {
        ("required", true) => return Err(DispatchError::NoPayload),
        ("forbidden", false) => return Err(DispatchError::PayloadForbidden),
        _ => {}
    }
    match base64_length(payload) {
        None => Err(DispatchError::PayloadNotBase64),
        Some(bytes) if bytes > PAYLOAD_BYTES_MAX => {
            Err(DispatchError::PayloadTooLarge { bytes, max: PAYLOAD_BYTES_MAX })
        }
        Some(_) => Ok(()),
    }
}

/// How many bytes a text in base 64 stands for.
fn base64_length(text: &str) -> Option<usize> {
    let digits = text.strip_suffix("==").or(text.strip_suffix('=')).unwrap_or(text);
    let is_digit = |sign: u8| sign.is_ascii_alphanumeric() || sign == b'+' || sign == b'/';
    let is_whole = text.len().is_multiple_of(4) && digits.bytes().all(is_digit);
    is_whole.then_some(digits.len() * 3 / 4)
}

fn check_meta(config: &ParameterizedJobConfig, body: &DispatchJob) -> Result<(), DispatchError> {
    let unknown = body.meta.keys().filter(|key| !config.may_have(key));
    let mut keys: Vec<String> = unknown.cloned().collect();
    if !keys.is_empty() {
        keys.sort_unstable();
        return Err(DispatchError::UnknownMeta { keys });
    }
    let missing = config.meta_required.iter().filter(|key| !body.meta.contains_key(*key));
    let mut keys: Vec<String> = missing.cloned().collect();
    keys.sort_unstable();
    match keys.is_empty() {
        true => Ok(()),
        false => Err(DispatchError::MissingMeta { keys }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_measured_by_the_bytes_that_it_stands_for() {
        for (text, expected) in [
            ("", Some(0)),
            ("aGk=", Some(2)),
            ("aA==", Some(1)),
            ("aGlo", Some(3)),
            ("aGk", None),
            ("a===", None),
            ("a G=", None),
        ] {
            assert_eq!(base64_length(text), expected, "{text}");
        }
        let text = "AAAA".repeat(PAYLOAD_BYTES_MAX / 3) + "AAA=";
        assert_eq!(base64_length(&text), Some(PAYLOAD_BYTES_MAX + 1));
    }
}
