//! One evaluation in, one decision out: reconciles a job with what is there and finds places for what is
//! missing (docs/lifecycle.md, section 2).
//!
//! In: an evaluation, what is known of its job, a cluster, an instant. Out: a [`Decision`]: what to stop,
//! place and update, which evaluations to create, what becomes of deployments and of the evaluation. It
//! changes nothing: places are found on a fork. May import `cluster`, `plan`, `reconcile`, `placement`,
//! `model` and `time`.

mod answer;
mod attempt;
mod classes;
mod decision;
mod documents;
mod dry_run;
mod evaluations;
mod facts;
mod finish;
mod job_state;
mod process;
mod search;
mod situation;
mod system;
mod triggers;
mod written;

pub use self::classes::computed_class;
pub use self::decision::Decision;
pub use self::dry_run::{DryRun, dry_run};
pub use self::job_state::JobState;
pub use self::process::process;
pub use self::situation::{Situation, SituationErrors};
