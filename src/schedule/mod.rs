//! One evaluation in, one plan out: reconciles a job with what is there and finds places for what is
//! missing (docs/lifecycle.md, section 2).
//!
//! In: an evaluation, the state with its job, an instant. Out: placements, and the effects beside them:
//! what to stop and update, which evaluations to create, what becomes of deployments and of the
//! evaluation. There is one way to process, in a transaction on the state's own records; a [`Decision`] on
//! documents is made by putting them into a copy of a cluster first. May import everything below:
//! `cluster`, `plan`, `reconcile`, `placement`, `fit`, `feasibility`, `state`, `model`, `rng` and `time`.

mod answer;
mod asked;
mod classes;
pub(crate) mod cron;
mod decide;
mod decision;
mod dry_run;
mod effects;
mod facts;
mod job_state;
mod known;
mod load;
pub(crate) mod pass;
mod placing;
mod placing_on_nodes;
pub(crate) mod process;
mod situation;
#[cfg(test)]
mod tests;
mod told;
mod triggers;
#[cfg(test)]
mod verified_tests;

pub use self::classes::computed_class;
pub use self::cron::next_launch;
pub use self::decide::decide;
pub use self::decision::Decision;
pub(crate) use self::dry_run::dry_run_if;
pub use self::dry_run::{DryRun, dry_run};
pub use self::job_state::JobState;
pub use self::process::{process, process_with};
pub use self::situation::{Situation, SituationErrors};
