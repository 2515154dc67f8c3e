//! What the values of keys hold, told by their types, so that what reads a key says what is known under it.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::schema::{JOB, Kind};
use crate::model::allocation_state::{AllocationDeploymentStatus, NetworkStatus, TaskState};
use crate::model::cluster_config::{Namespace, NodePool, SchedulerConfiguration};
use crate::model::evaluation::Evaluation;
use crate::model::job_spec::JobSpec;
use crate::model::node_spec::NodeSpec;
use crate::model::plan::Plan;
use crate::model::submission::JobSubmission;
use crate::time::Span;

/// A type of values that keys hold.
pub(crate) trait Keyed {
    /// What such a value holds.
    const KIND: Kind;
}

/// Values without keys of their own, with keys that the user chooses, or that keep what they do not know.
macro_rules! of_any_keys {
    ($($name:ty,)*) => {
        $(impl Keyed for $name {
            const KIND: Kind = Kind::Any;
        })*
    };
}

of_any_keys! {
    bool, i64, u64, String, Span, IndexMap<String, String>, Map<String, Value>,
    AllocationDeploymentStatus, Evaluation, JobSubmission, Namespace, NetworkStatus, NodePool, NodeSpec,
    Plan, SchedulerConfiguration, IndexMap<String, TaskState>,
}

impl Keyed for JobSpec {
    const KIND: Kind = Kind::One(&JOB);
}

impl<T: Keyed> Keyed for Option<T> {
    const KIND: Kind = T::KIND;
}

impl<T: Keyed> Keyed for Box<T> {
    const KIND: Kind = T::KIND;
}

impl<T: Keyed> Keyed for Vec<T> {
    const KIND: Kind = match T::KIND {
        Kind::One(object) => Kind::List(object),
        Kind::Any | Kind::List(_) | Kind::Map(_) => Kind::Any,
    };
}
