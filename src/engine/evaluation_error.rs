//! Why commands on evaluations are refused.

use thiserror::Error;

use crate::model::PlanErrors;
use crate::state::evaluation::EvaluationError;

/// Why a command on evaluations is refused.
///
/// ```
/// use stowplan::engine::EvaluationCommandError;
///
/// let error = EvaluationCommandError::UnknownEvaluation { id: "e1".into() };
/// assert_eq!(error.to_string(), "eval \"e1\" not found");
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluationCommandError {
    /// There is no such evaluation.
    #[error("eval \"{id}\" not found")]
    UnknownEvaluation {
        /// The evaluation.
        id: String,
    },
    /// It is not there, or not with a scheduler outside.
    #[error("Evaluation ID not found")]
    NotOutstanding,
    /// It went out with another token.
    #[error("Token does not match for Evaluation ID")]
    WrongToken,
    /// A plan or an evaluation is of one that is not with a scheduler outside.
    #[error("evaluation is not outstanding")]
    IsNotOut,
    /// It is of one that went out with another token.
    #[error("evaluation token does not match")]
    IsOutOtherwise,
    /// It is of one that was not done in time.
    #[error("evaluation nack timeout reached")]
    IsOverdue,
    /// The plan makes no sense.
    #[error(transparent)]
    InvalidPlan(#[from] PlanErrors),
    /// The evaluation makes no sense.
    #[error(transparent)]
    Invalid(#[from] EvaluationError),
    /// Only what waited for room waits for it again.
    #[error("eval \"{id}\" is not blocked")]
    NotBlocked {
        /// The evaluation.
        id: String,
    },
    /// A new evaluation has the identity of another one.
    #[error("eval \"{id}\" already exists")]
    AlreadyExists {
        /// The evaluation.
        id: String,
    },
    /// A new evaluation waits for nothing.
    #[error("eval \"{id}\" is new: expected `pending` or `blocked`, found `{status}`")]
    NotNew {
        /// The evaluation.
        id: String,
        /// The status that it says.
        status: String,
    },
    /// A new evaluation is of a job that is not there.
    #[error("job \"{job_id}\" not found")]
    UnknownJob {
        /// The job.
        job_id: String,
    },
    /// There is no such type of jobs.
    #[error("`{text}` is no type of an evaluation")]
    UnknownType {
        /// What the command says.
        text: String,
    },
    /// An operator keeps evaluations back.
    #[error("eval broker disabled")]
    Paused,
    /// Allocations that it made are left.
    #[error("eval \"{id}\" can't be deleted: it has allocations")]
    HasAllocations {
        /// The evaluation.
        id: String,
    },
    /// It has not ended.
    #[error("eval \"{id}\" can't be deleted: it is {status}")]
    NotEnded {
        /// The evaluation.
        id: String,
        /// What has become of it.
        status: &'static str,
    },
}
