//! Jobs that are launched from others, by a caller or by the clock (section 9, *Dispatch* and *Periodic*).

use std::collections::BTreeMap;

use stowplan::engine::{Applied, DispatchError, DispatchJob, ForcePeriodic, JobCommandError};
use stowplan::model::{JobSpec, ParameterizedJobConfig};
use stowplan::{Span, Timestamp};

use crate::compare::status;
use crate::facts::Facts;
use crate::model::{Answer, Key, Model};

/// Launches: which there are, and what the latest command has launched.
#[derive(Debug, Default)]
pub(crate) struct Launches {
    /// By what each child is known to whoever launched it: namespace, parent, text.
    tokens: BTreeMap<(String, String, String), Key>,
    /// The children of each job.
    children: BTreeMap<Key, Vec<Key>>,
    /// When each periodic job is launched next.
    next: BTreeMap<Key, Timestamp>,
    /// What the reply to the latest command has to name.
    awaited: Option<Awaited>,
}

#[derive(Debug)]
enum Awaited {
    /// A launch that was there.
    Known(Key),
    /// A launch of a job, under an identity that begins and ends so.
    New { parent: Key, prefix: String, drawn: usize, token: String },
}

/// Whether not the job itself runs, but what is launched from it.
pub(crate) fn is_launched_later(spec: &JobSpec) -> bool {
    spec.periodic.is_some() || spec.parameterized_job.is_some()
}

impl Model {
    pub(crate) fn dispatch(&mut self, body: &DispatchJob) -> Answer {
        let key = (body.namespace.clone(), body.job_id.clone());
        let Some(job) = self.jobs.get(&key) else { return refused(DispatchError::UnknownJob) };
        let job_id = body.job_id.clone();
        let Some(config) = job.present().spec.parameterized_job.clone() else {
            return refused(DispatchError::NotParameterized { job_id });
        };
        if job.present().is_stopped {
            return Answer::refused(JobCommandError::Stopped { job_id });
        }
        if let Some(error) =
            wrong_payload(&config, &body.payload).or_else(|| wrong_meta(&config, body))
        {
            return refused(error);
        }
        let token = (key.0.clone(), key.1.clone(), body.idempotency_token.clone());
        let known = self.launches.tokens.get(&token).filter(|it| self.jobs.contains_key(*it));
        let known = known.filter(|_| !body.idempotency_token.is_empty()).cloned();
        let dash = if body.id_prefix.is_empty() { "" } else { "-" };
        let second = second(self.now);
        self.launches.awaited = Some(known.map_or_else(
            || Awaited::New {
                prefix: format!("{}/dispatch-{}{dash}{second}-", key.1, body.id_prefix),
                parent: key,
                drawn: 8,
                token: body.idempotency_token.clone(),
            },
            Awaited::Known,
        ));
        Answer::Accepted
    }

    pub(crate) fn force(&mut self, body: &ForcePeriodic) -> Answer {
        let key = (body.namespace.clone(), body.job_id.clone());
        let Some(job) = self.jobs.get(&key) else {
            return Answer::refused(JobCommandError::UnknownJob);
        };
        let job_id = body.job_id.clone();
        if job.present().spec.periodic.is_none() {
            return Answer::refused(JobCommandError::NotPeriodic);
        }
        if job.present().is_stopped {
            return Answer::refused(JobCommandError::Stopped { job_id });
        }
        let prefix = self.periodic_id(&key);
        let token = String::new();
        self.launches.awaited = Some(Awaited::New { parent: key, prefix, drawn: 0, token });
        Answer::Accepted
    }

    /// The identity of a launch now: two in one second are two jobs.
    fn periodic_id(&self, parent: &Key) -> String {
        let ids = (second(self.now)..).map(|second| format!("{}/periodic-{second}", parent.1));
        let mut free = ids.filter(|id| !self.jobs.contains_key(&(parent.0.clone(), id.clone())));
        free.next().unwrap_or_default()
    }

    /// Takes over which job a command has launched.
    pub(crate) fn note_launch(&mut self, applied: &Applied) -> Result<(), String> {
        let id = &applied.dispatched_job_id;
        match self.launches.awaited.take() {
            None if id.is_empty() => Ok(()),
            None => Err(format!("{id} was launched")),
            Some(Awaited::Known(key)) if key.1 == *id => Ok(()),
            Some(Awaited::Known(key)) => Err(format!("{key:?} was launched, and not {id}")),
            Some(Awaited::New { parent, prefix, drawn, token }) => {
                let rest = id.strip_prefix(&prefix).ok_or_else(|| format!("{id}, not {prefix}"))?;
                if rest.len() != drawn || !rest.bytes().all(|it| it.is_ascii_hexdigit()) {
                    return Err(format!("{id} is launched, not {prefix} and {drawn} digits"));
                }
                let child = self.launch(&parent, id, applied.index);
                if !token.is_empty() {
                    self.launches.tokens.insert((parent.0, parent.1, token), child);
                }
                Ok(())
            }
        }
    }

    fn launch(&mut self, parent: &Key, id: &str, index: u64) -> Key {
        let key = (parent.0.clone(), id.to_owned());
        let mut spec = self.jobs[parent].present().spec.clone();
        (spec.periodic, spec.parameterized_job) = (None, None);
        id.clone_into(&mut spec.id);
        self.put(&key, spec, false);
        if let Some(job) = self.jobs.get_mut(&key) {
            job.note_index(index);
        }
        self.launches.children.entry(parent.clone()).or_default().push(key.clone());
        key
    }

    /// Lets the launches of a periodic job be counted from now: it has a new version.
    pub(crate) fn count_launches(&mut self, key: &Key) {
        self.launches.next.remove(key);
        let Some(job) = self.jobs.get(key) else { return };
        let present = job.present();
        if let Some(periodic) = present.spec.periodic.as_ref().filter(|_| !present.is_stopped)
            && periodic.enabled != Some(false)
        {
            let every = if periodic.spec.starts_with('0') { 3_600 } else { 600 };
            let next = Timestamp::from_secs((second(self.now) / every + 1) * every);
            self.launches.next.insert(key.clone(), next);
        }
    }

    /// Launches what the clock has come to.
    pub(crate) fn fire_launches(&mut self, at: Timestamp, facts: &Facts) {
        self.now = at;
        let due: Vec<Key> = self
            .launches
            .next
            .iter()
            .filter(|(_, next)| **next <= at)
            .map(|(key, _)| key.clone())
            .collect();
        for parent in due {
            self.count_launches(&parent);
            let Some(job) = self.jobs.get(&parent) else { continue };
            let spec = &job.present().spec;
            let is_prohibited = spec.periodic.as_ref().is_some_and(|it| it.prohibit_overlap);
            let children = self.launches.children.get(&parent).into_iter().flatten();
            let is_live =
                |key: &Key| self.jobs.get(key).is_some_and(|job| status(facts, key, job) != "dead");
            if is_prohibited && children.into_iter().any(is_live) {
                continue;
            }
            let id = self.periodic_id(&parent);
            // At which index, only the engine says.
            self.launch(&parent, &id, 0);
        }
    }
}

fn refused(error: DispatchError) -> Answer {
    Answer::refused(JobCommandError::Dispatch(error))
}

fn second(now: Timestamp) -> i64 {
    now.as_nanos() / Span::from_secs(1).as_nanos()
}

fn wrong_payload(config: &ParameterizedJobConfig, payload: &str) -> Option<DispatchError> {
    match (config.payload.as_str(), payload) {
        ("required", "") => Some(DispatchError::NoPayload),
        ("forbidden", payload) if !payload.is_empty() => Some(DispatchError::PayloadForbidden),
        (_, payload) if payload.contains(' ') => Some(DispatchError::PayloadNotBase64),
        (_, payload) if payload.len() > 16 * 1_024 * 4 / 3 + 2 => {
            let bytes = payload.len() * 3 / 4;
            Some(DispatchError::PayloadTooLarge { bytes, max: 16 * 1_024 })
        }
        _ => None,
    }
}

fn wrong_meta(config: &ParameterizedJobConfig, body: &DispatchJob) -> Option<DispatchError> {
    let is_known =
        |key: &&String| config.meta_required.contains(key) || config.meta_optional.contains(key);
    let unknown: Vec<String> = body.meta.keys().filter(|key| !is_known(key)).cloned().collect();
    if !unknown.is_empty() {
        return Some(DispatchError::UnknownMeta { keys: unknown });
    }
    let missing = config.meta_required.iter().filter(|key| !body.meta.contains_key(*key));
    let keys: Vec<String> = missing.cloned().collect();
    (!keys.is_empty()).then_some(DispatchError::MissingMeta { keys })
}
