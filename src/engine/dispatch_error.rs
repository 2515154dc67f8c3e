//! Why jobs are not launched.

use thiserror::Error;

/// Why a job is not launched by a caller (docs/lifecycle.md, section 9, *Dispatch*).
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{CommandError, DispatchError, DispatchJob, Engine, EngineOptions, JobCommandError};
///
/// let mut engine = Engine::new(EngineOptions::default());
/// let dispatch = DispatchJob { job_id: "web".into(), ..DispatchJob::default() };
/// let error = engine.apply(Timestamp::EPOCH, dispatch.into()).unwrap_err();
/// assert_eq!(error, CommandError::Job(JobCommandError::Dispatch(DispatchError::UnknownJob)));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DispatchError {
    /// There is no such job.
    #[error("parameterized job not found")]
    UnknownJob,
    /// The job runs by itself, or was launched itself.
    #[error("Specified job \"{job_id}\" is not a parameterized job")]
    NotParameterized {
        /// The job.
        job_id: String,
    },
    /// What the identity would begin with has spaces, which no identity of a job may have.
    #[error("expected an ID prefix without spaces, found `{id_prefix}`")]
    PrefixWithSpaces {
        /// The prefix.
        id_prefix: String,
    },
    /// The job has to have a payload.
    #[error("Payload is not provided but required by parameterized job")]
    NoPayload,
    /// The job takes no payload.
    #[error("Payload provided but forbidden by parameterized job")]
    PayloadForbidden,
    /// The payload is no text in base 64.
    #[error("Payload is not in base 64")]
    PayloadNotBase64,
    /// The payload is too long.
    #[error("Payload exceeds maximum size; {bytes} > {max}")]
    PayloadTooLarge {
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// Facts are given that the job does not know.
    #[error("Dispatch request included unpermitted metadata keys: [{}]", keys.join(" "))]
    UnknownMeta {
        /// Their keys, sorted.
        keys: Vec<String>,
    },
    /// Facts are missing that the job asks for.
    #[error("Dispatch did not provide required meta keys: [{}]", keys.join(" "))]
    MissingMeta {
        /// Their keys, sorted.
        keys: Vec<String>,
    },
}
