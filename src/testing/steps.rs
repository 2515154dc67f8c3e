//! What may be done to an engine, as few numbers that choose among what is there: the same numbers make a
//! command for any engine, so that steps can be left out and made simpler without becoming nonsense.

use super::random::Random;
use crate::time::Span;

/// What is done to an engine in a [`Step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the command of its name; others say what they are")]
pub enum Kind {
    RegisterJob,
    RegisterNode,
    /// All that is new on nodes that answer comes to run, and is well or not.
    ClientsStart,
    /// All that is to stop on nodes that answer has ended.
    ClientsStop,
    /// One allocation comes to some status.
    ClientReports,
    DeregisterJob,
    EvaluateJob,
    DispatchJob,
    ForcePeriodic,
    ScaleJob,
    RevertJob,
    SetJobStability,
    Heartbeat,
    SetNodeStatus,
    SetEligibility,
    DrainNode,
    EvaluateNode,
    PurgeNode,
    StopAllocation,
    PauseDeployment,
    PromoteDeployment,
    FailDeployment,
    SetAllocationHealth,
    UnblockDeployment,
    SetSchedulerConfiguration,
    UpsertNamespace,
    DeleteNamespace,
    UpsertNodePool,
    DeleteNodePool,
    CollectGarbage,
    ReconcileSummaries,
    DeleteEvaluations,
    Dequeue,
    Ack,
    Nack,
    SubmitPlan,
    UpdateEvaluation,
    CreateEvaluation,
    Resume,
}

/// How often each kind comes in a hundred steps or so, the simplest first.
const WEIGHTS: [(Kind, u8); 39] = [
    (Kind::RegisterJob, 17),
    (Kind::RegisterNode, 10),
    (Kind::ClientsStart, 16),
    (Kind::ClientsStop, 7),
    (Kind::ClientReports, 9),
    (Kind::DeregisterJob, 3),
    (Kind::EvaluateJob, 3),
    (Kind::DispatchJob, 3),
    (Kind::ForcePeriodic, 1),
    (Kind::ScaleJob, 4),
    (Kind::RevertJob, 3),
    (Kind::SetJobStability, 2),
    (Kind::Heartbeat, 6),
    (Kind::SetNodeStatus, 4),
    (Kind::SetEligibility, 3),
    (Kind::DrainNode, 5),
    (Kind::EvaluateNode, 1),
    (Kind::PurgeNode, 1),
    (Kind::StopAllocation, 2),
    (Kind::PauseDeployment, 2),
    (Kind::PromoteDeployment, 3),
    (Kind::FailDeployment, 2),
    (Kind::SetAllocationHealth, 2),
    (Kind::UnblockDeployment, 1),
    (Kind::SetSchedulerConfiguration, 1),
    (Kind::UpsertNamespace, 1),
    (Kind::DeleteNamespace, 1),
    (Kind::UpsertNodePool, 1),
    (Kind::DeleteNodePool, 1),
    (Kind::CollectGarbage, 1),
    (Kind::ReconcileSummaries, 1),
    (Kind::DeleteEvaluations, 1),
    (Kind::Dequeue, 3),
    (Kind::Ack, 2),
    (Kind::Nack, 1),
    (Kind::SubmitPlan, 2),
    (Kind::UpdateEvaluation, 1),
    (Kind::CreateEvaluation, 1),
    (Kind::Resume, 1),
];

/// One thing that is done to an engine, some time after the one before it. Less of any number makes
/// something simpler.
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions};
/// use stowplan::testing::Step;
/// use stowplan::Timestamp;
///
/// let mut engine = Engine::new(EngineOptions::default());
/// let mut now = Timestamp::EPOCH;
/// for step in Step::sequence(7, 100) {
///     now = now + step.wait;
///     let command = step.command(&engine);
///     // Some make no sense to this engine, which says so.
///     let _ = engine.apply(now, command);
///     assert_eq!(engine.check(), Ok(()));
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub kind: Kind,
    /// To whom: it chooses among what is there, and among names that may not be.
    pub who: u8,
    /// How, in numbers of which each kind has its own understanding.
    pub how: [u8; 3],
    /// How long after the step before.
    pub wait: Span,
}

impl Step {
    /// A step of numbers of which each may be anything.
    pub fn of_numbers(kind: u8, who: u8, how: [u8; 3], wait: u16) -> Step {
        let sum: u16 = WEIGHTS.iter().map(|(_, weight)| u16::from(*weight)).sum();
        let mut left = u16::from(kind) * sum / 256;
        let mut chosen = Kind::RegisterJob;
        for (kind, weight) in WEIGHTS {
            chosen = kind;
            if left < u16::from(weight) {
                break;
            }
            left -= u16::from(weight);
        }
        let (length, much) = (wait % 16, i64::from(wait / 16));
        let seconds = match length {
            0..5 => 0,
            5..11 => 1 + much % 20,
            11..15 => 30 + much % 300,
            _ => 600 + much * 10 % 15_000,
        };
        Step { kind: chosen, who, how, wait: Span::from_secs(seconds) }
    }

    /// As many steps as are asked for, of a seed.
    pub fn sequence(seed: u64, length: usize) -> Vec<Step> {
        let mut random = Random::new(seed, 17);
        let mut byte = move || random.next().to_le_bytes();
        (0..length)
            .map(|_| {
                let [kind, who, a, b, c, d, e, _] = byte();
                Step::of_numbers(kind, who, [a, b, c], u16::from_le_bytes([d, e]))
            })
            .collect()
    }

    /// One of some things by a number.
    pub(super) fn one<T: Copy>(&self, how: usize, of: &[T]) -> T {
        of[usize::from(self.how[how]) % of.len()]
    }
}
