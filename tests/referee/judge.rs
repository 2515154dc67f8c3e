//! The referee's answer to a case.

use serde_json::Value;

use crate::facts::Kind;
use crate::questions::Questions;
use crate::{generic, read, system};

/// In the shape of the golden cases' `expect`.
pub(crate) fn answer(case: &Value, questions: &dyn Questions) -> Value {
    let world = read::world(case);
    let answer = match world.job().map_or(Kind::Service, |job| job.kind) {
        Kind::Service | Kind::Batch => generic::process(&world, questions),
        Kind::System | Kind::Sysbatch => system::process(&world, questions),
    };
    answer.document(world.now, world.eval.priority)
}
