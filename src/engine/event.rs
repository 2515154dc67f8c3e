//! Events: what happened, change by change.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::model::{
    Allocation, Deployment, Evaluation, JobSpec, JobSummary, Namespace, Node, NodePool,
};

/// Something that happened to one thing, from [`Engine::events`](super::Engine::events). As JSON it is
/// what the API's event stream has.
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{Engine, EngineOptions, RegisterNode, Topic};
/// use stowplan::model::Node;
///
/// let mut engine = Engine::new(EngineOptions::default());
/// let node = Node::builder("n1").build()?.spec().clone();
/// engine.apply(Timestamp::EPOCH, RegisterNode::from(node).into())?;
/// let event = engine.events(0).into_iter().next().ok_or("nothing happened")?;
/// assert_eq!((event.topic, event.event_type, event.key.as_str()), (Topic::Node, "NodeRegistration", "n1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The index of the change.
    pub index: u64,
    /// What kind of thing it happened to.
    pub topic: Topic,
    /// What happened, `JobRegistered` for instance.
    pub event_type: &'static str,
    /// The thing's identity.
    pub key: String,
    /// The thing's namespace; empty for nodes.
    pub namespace: String,
    /// Other keys under which it is looked for: the job, and of an allocation its deployment.
    pub filter_keys: Vec<String>,
    /// The job that the thing is of, if it is of one.
    pub job_id: String,
    /// The node that an allocation is on, or was on.
    pub node_id: String,
    /// The evaluation that placed an allocation.
    pub evaluation_id: String,
    /// Whether the thing is gone.
    pub is_gone: bool,
    /// The thing as it was then, where history is kept.
    pub payload: Option<Arc<Payload>>,
}

/// What kind of thing an event is about.
///
/// ```
/// use stowplan::engine::Topic;
///
/// assert_eq!(Topic::Allocation.to_string(), "Allocation");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is named by what it is about")]
pub enum Topic {
    Allocation,
    Deployment,
    Evaluation,
    Job,
    /// The figures of a job's allocations; the API's stream does not have it.
    JobSummary,
    Namespace,
    Node,
    NodePool,
    Operator,
}

/// A thing as it was when something happened to it, as the API has it.
///
/// ```
/// use stowplan::engine::Payload;
/// use stowplan::model::Evaluation;
///
/// let payload = Payload::Evaluation(Box::default());
/// assert!(serde_json::to_string(&payload)?.starts_with(r#"{"Evaluation":{"ID":"#));
/// # let _ = Evaluation::default();
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the document of its name")]
pub enum Payload {
    Allocation(Box<Allocation>),
    Deployment(Box<Deployment>),
    Evaluation(Box<Evaluation>),
    Job(Box<JobSpec>),
    JobSummary(Box<JobSummary>),
    Namespace(Box<Namespace>),
    Node(Node),
    NodePool(Box<NodePool>),
}

/// Why a change was made: it says what its events are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    JobRegistration,
    JobDeregistration,
    JobChange,
    NodeRegistration,
    NodeDeregistration,
    NodeStatus,
    NodeEligibility,
    NodeDrain,
    ClientUpdate,
    DesiredUpdate,
    DeploymentStatus,
    DeploymentPromotion,
    DeploymentHealth,
    Plan,
    Evaluations,
    Settings,
    SettingsRemoval,
    Garbage,
}

impl Topic {
    /// Its name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::Allocation => "Allocation",
            Topic::Deployment => "Deployment",
            Topic::Evaluation => "Evaluation",
            Topic::Job => "Job",
            Topic::JobSummary => "JobSummary",
            Topic::Namespace => "Namespace",
            Topic::Node => "Node",
            Topic::NodePool => "NodePool",
            Topic::Operator => "Operator",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Cause {
    /// What an event of the change is called, by the kind of thing it is about.
    pub(super) fn event_type(self, topic: Topic) -> &'static str {
        match (topic, self) {
            (Topic::Job, Cause::JobDeregistration) => "JobDeregistered",
            (Topic::Job, Cause::JobRegistration | Cause::JobChange) => "JobRegistered",
            (Topic::Job, _) => "JobStatusUpdate",
            (Topic::JobSummary, _) => "JobSummaryUpdate",
            (Topic::Evaluation, _) => "EvaluationUpdated",
            (Topic::Allocation, Cause::Plan) => "PlanResult",
            (Topic::Allocation, Cause::ClientUpdate | Cause::DeploymentHealth) => {
                "AllocationUpdated"
            }
            (Topic::Allocation, _) => "AllocationUpdateDesiredStatus",
            (Topic::Deployment, Cause::Plan) => "PlanResult",
            (Topic::Deployment, Cause::DeploymentPromotion) => "DeploymentPromotion",
            (Topic::Deployment, Cause::DeploymentHealth | Cause::ClientUpdate) => {
                "DeploymentAllocHealth"
            }
            (Topic::Deployment, _) => "DeploymentStatusUpdate",
            (Topic::Node, Cause::NodeRegistration) => "NodeRegistration",
            (Topic::Node, Cause::NodeDeregistration | Cause::Garbage) => "NodeDeregistration",
            (Topic::Node, Cause::NodeEligibility) => "NodeEligibility",
            (Topic::Node, Cause::NodeDrain) => "NodeDrain",
            (Topic::Node, _) => "NodeEvent",
            (Topic::Namespace, Cause::SettingsRemoval) => "NamespaceDeleted",
            (Topic::Namespace, _) => "NamespaceUpserted",
            (Topic::NodePool, Cause::SettingsRemoval) => "NodePoolDeleted",
            (Topic::NodePool, _) => "NodePoolUpserted",
            (Topic::Operator, _) => "SchedulerConfigurationUpserted",
        }
    }
}

impl Event {
    /// What happened to a thing that is there, and that is no job's.
    pub(super) fn new(
        index: u64,
        topic: Topic,
        event_type: &'static str,
        key: &str,
        namespace: &str,
    ) -> Event {
        Event {
            index,
            topic,
            event_type,
            key: key.to_owned(),
            namespace: namespace.to_owned(),
            filter_keys: Vec::new(),
            job_id: String::new(),
            node_id: String::new(),
            evaluation_id: String::new(),
            is_gone: false,
            payload: None,
        }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut event = serializer.serialize_struct("Event", 7)?;
        event.serialize_field("Topic", self.topic.as_str())?;
        event.serialize_field("Type", self.event_type)?;
        event.serialize_field("Key", &self.key)?;
        event.serialize_field("Namespace", &self.namespace)?;
        event.serialize_field("FilterKeys", &self.filter_keys)?;
        event.serialize_field("Index", &self.index)?;
        event.serialize_field("Payload", &self.payload.as_deref())?;
        event.end()
    }
}
