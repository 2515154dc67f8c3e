//! A plan's document while it is read, with what is wrong with it so far.

use crate::model::problem::{Path, Problems, ROOT};
use crate::model::{Job, Plan as Document};
use crate::state::State;
use crate::state::slots::EvaluationRef;

/// A document being read on a state.
pub(super) struct Reading<'a> {
    pub(super) state: &'a State,
    pub(super) document: &'a Document,
    /// The job in the version of the plan.
    pub(super) job: Option<Job>,
    pub(super) evaluation: EvaluationRef,
    pub(super) problems: Problems,
}

impl Reading<'_> {
    /// Notes a problem at a path of keys.
    pub(super) fn problem(&mut self, keys: &[&str], message: impl AsRef<str>) {
        fn at(problems: &mut Problems, path: Path<'_>, keys: &[&str], message: &str) {
            match keys.split_first() {
                Some((key, rest)) => at(problems, path.key(key), rest, message),
                None => problems.add(path, message),
            }
        }
        at(&mut self.problems, ROOT, keys, message.as_ref());
    }
}
