//! The bodies of commands on evaluations: what schedulers outside are given, and what they say of it
//! (docs/lifecycle.md, sections 5 and 6).

use serde::{Deserialize, Serialize};

use super::body::bodies;
use crate::model::{Evaluation, Plan};

bodies! {
    /// Takes evaluations out that have ended.
    pub struct DeleteEvaluations {
        /// Their IDs.
        "EvalIDs" => pub ids: Vec<String>,
    }

    /// Gives an evaluation out to a scheduler outside: that of the highest priority that is ready.
    pub struct Dequeue {
        /// The types of jobs that the scheduler processes.
        "Types" => pub types: Vec<String>,
    }

    /// Takes an evaluation back that is done.
    pub struct Ack {
        /// The evaluation.
        "EvalID" => pub evaluation_id: String,
        /// The token that it went out with.
        "Token" => pub token: String,
    }

    /// Takes an evaluation back that was not done, so that it goes out again later.
    pub struct Nack {
        /// The evaluation.
        "EvalID" => pub evaluation_id: String,
        /// The token that it went out with.
        "Token" => pub token: String,
    }

    /// Verifies the plan of an evaluation that is out, and carries out what its nodes take.
    pub struct SubmitPlan {
        /// The token that the evaluation went out with; where it is empty the plan says it.
        "Token" => pub token: String,
        /// The plan.
        "Plan" => pub plan: Plan,
    }

    /// Says what has become of an evaluation that is out.
    pub struct UpdateEvaluation {
        /// The token that it went out with.
        "Token" => pub token: String,
        /// The evaluation as it is now.
        "Evaluation" => pub evaluation: Evaluation,
    }

    /// Makes an evaluation that comes of one that is out: that is named as the one before it.
    pub struct CreateEvaluation {
        /// The token that the one before it went out with.
        "Token" => pub token: String,
        /// The new evaluation.
        "Evaluation" => pub evaluation: Evaluation,
    }
}
