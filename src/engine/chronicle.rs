//! Making events of changes.

use std::sync::Arc;

use super::event::{Cause, Event, Payload, Topic};
use super::kept_event::{Kept, KeptEvent};
use crate::state::State;
use crate::state::changed::{Changes, Setting, SettingKind};
use crate::state::gone::GoneKind;
use crate::state::slots::{
    AllocationSlot, DeploymentRef, DeploymentSlot, EvaluationSlot, JobSlot, NodeSlot,
};

/// A change that was made.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) index: u64,
    pub(super) cause: Cause,
    pub(super) changes: Box<Changes>,
}

/// The events of a change that was made at an index, with the things as they are now if `is_full`, or what
/// their documents are made of.
pub(super) fn events(state: &State, entry: &Entry, is_full: bool) -> Vec<KeptEvent> {
    let Entry { index, cause, changes } = entry;
    let maker = Maker { state, index: *index, cause: *cause, is_full };
    let mut events: Vec<KeptEvent> = Vec::new();
    let touched = &changes.touched;
    let nodes = changes.nodes.iter().filter_map(|&slot| maker.of_node(slot));
    let jobs = changes.registered.iter().filter_map(|&slot| maker.kept_job(slot));
    let evaluations = touched.evaluations.iter().filter_map(|&slot| maker.kept_evaluation(slot));
    let deployments = touched.deployments.iter().filter_map(|&slot| maker.kept_deployment(slot));
    events.extend(nodes.map(KeptEvent::from).chain(jobs).chain(evaluations).chain(deployments));
    events.extend(touched.allocations.iter().filter_map(|&slot| maker.kept_allocation(slot)));
    let summaries = changes.standings.iter().filter_map(|&slot| maker.of_summary(slot));
    let settings = changes.settings.iter().map(|setting| maker.of_setting(setting));
    events.extend(summaries.chain(settings).map(KeptEvent::from));
    for gone in &changes.gone {
        let topic = match gone.kind {
            GoneKind::Allocation => Topic::Allocation,
            GoneKind::Deployment => Topic::Deployment,
            GoneKind::Evaluation => Topic::Evaluation,
            GoneKind::Job => Topic::Job,
            GoneKind::Node => Topic::Node,
        };
        let (namespace, job_id) = gone.job();
        let event = maker.event(topic, &gone.id(), namespace);
        let filter_keys = [job_id].into_iter().filter(|key| !key.is_empty()).map(str::to_owned);
        events.push(KeptEvent::from(Event {
            filter_keys: filter_keys.collect(),
            job_id: job_id.to_owned(),
            node_id: gone.node_id().to_owned(),
            evaluation_id: gone.evaluation_id(),
            is_gone: true,
            ..event
        }));
    }
    events
}

/// The thing that an event is about, as it is now; none if it is gone.
pub(super) fn payload(state: &State, event: &Event) -> Option<Arc<Payload>> {
    let key = event.key.as_str();
    let maker = Maker { state, index: event.index, cause: Cause::Settings, is_full: true };
    let found = match event.topic {
        Topic::Allocation => {
            let document = state.allocation_document(state.find_allocation(key)?)?;
            return Some(Arc::new(Payload::Allocation(Box::new(document))));
        }
        Topic::Deployment => maker.of_deployment(state.find_deployment(key)?),
        Topic::Evaluation => maker.of_evaluation(state.find_evaluation(key)?),
        Topic::Job => maker.of_job(state.find_job(&event.namespace, key)?),
        Topic::JobSummary => maker.summary(state.find_job(&event.namespace, key)?),
        Topic::Node => maker.of_node(state.find_node(key)?),
        Topic::Namespace => return maker.namespace(key),
        Topic::NodePool => return maker.pool(key),
        Topic::Operator => None,
    };
    found?.payload
}

struct Maker<'a> {
    state: &'a State,
    index: u64,
    cause: Cause,
    is_full: bool,
}

impl Maker<'_> {
    fn event(&self, topic: Topic, key: &str, namespace: &str) -> Event {
        Event::new(self.index, topic, self.cause.event_type(topic), key, namespace)
    }

    fn filled(&self, event: Event, payload: impl FnOnce() -> Option<Payload>) -> Event {
        match self.is_full {
            true => Event { payload: payload().map(Arc::new), ..event },
            false => event,
        }
    }

    fn kept(&self, topic: Topic, of: Kept) -> KeptEvent {
        KeptEvent { index: self.index, event_type: self.cause.event_type(topic), of }
    }

    fn kept_job(&self, slot: JobSlot) -> Option<KeptEvent> {
        match self.is_full {
            true => Some(self.kept(Topic::Job, Kept::Job(self.state.past_job(slot)?))),
            false => self.of_job(slot).map(KeptEvent::from),
        }
    }

    fn kept_evaluation(&self, slot: EvaluationSlot) -> Option<KeptEvent> {
        match self.is_full {
            true => {
                let past = self.state.past_evaluation(slot)?;
                Some(self.kept(Topic::Evaluation, Kept::Evaluation(past)))
            }
            false => self.of_evaluation(slot).map(KeptEvent::from),
        }
    }

    fn kept_deployment(&self, slot: DeploymentSlot) -> Option<KeptEvent> {
        match self.is_full {
            true => {
                let past = self.state.past_deployment(slot)?;
                Some(self.kept(Topic::Deployment, Kept::Deployment(past)))
            }
            false => self.of_deployment(slot).map(KeptEvent::from),
        }
    }

    fn kept_allocation(&self, slot: AllocationSlot) -> Option<KeptEvent> {
        if self.is_full
            && let Some(past) = self.state.past_allocation(slot)
        {
            return Some(self.kept(Topic::Allocation, Kept::Allocation(past)));
        }
        let event = self.of_allocation(slot)?;
        let document = || self.state.allocation_document(slot);
        let payload = || Some(Payload::Allocation(Box::new(document()?)));
        Some(KeptEvent::from(self.filled(event, payload)))
    }

    fn of_setting(&self, setting: &Setting) -> Event {
        let name = setting.name.as_str();
        let (topic, payload) = match setting.kind {
            SettingKind::Namespace => (Topic::Namespace, self.namespace(name)),
            SettingKind::NodePool => (Topic::NodePool, self.pool(name)),
            SettingKind::Scheduler => (Topic::Operator, None),
        };
        let payload = payload.filter(|_| self.is_full);
        Event { is_gone: setting.is_gone, payload, ..self.event(topic, name, "") }
    }

    fn namespace(&self, name: &str) -> Option<Arc<Payload>> {
        let found = self.state.book().settings.namespace(name)?;
        Some(Arc::new(Payload::Namespace(Box::new(found.clone()))))
    }

    fn pool(&self, name: &str) -> Option<Arc<Payload>> {
        let found = self.state.book().settings.pool(name)?;
        Some(Arc::new(Payload::NodePool(Box::new(found.clone()))))
    }

    fn of_node(&self, slot: NodeSlot) -> Option<Event> {
        let node = &self.state.node(slot)?.node;
        let event = self.event(Topic::Node, &node.id, "");
        Some(self.filled(event, || Some(Payload::Node(node.clone()))))
    }

    fn of_job(&self, slot: JobSlot) -> Option<Event> {
        self.state.registration(slot)?;
        let (namespace, id) = self.state.job(slot)?.names();
        let mut event = self.event(Topic::Job, id, namespace);
        event.job_id = id.to_owned();
        let document = || self.state.job_document(slot).map(|job| Payload::Job(Box::new(job)));
        Some(self.filled(event, document))
    }

    /// The event of a job's summary, if that changed.
    fn of_summary(&self, slot: JobSlot) -> Option<Event> {
        let modified = self.state.standing(slot)?.counted.summary_modified;
        (modified == self.index).then(|| self.summary(slot))?
    }

    fn summary(&self, slot: JobSlot) -> Option<Event> {
        self.state.registration(slot)?;
        let (namespace, id) = self.state.job(slot)?.names();
        let mut event = self.event(Topic::JobSummary, id, namespace);
        event.job_id = id.to_owned();
        let document = || self.state.job_summary(slot).map(|it| Payload::JobSummary(Box::new(it)));
        Some(self.filled(event, document))
    }

    fn of_evaluation(&self, slot: EvaluationSlot) -> Option<Event> {
        let record = self.state.evaluation(slot)?;
        let (namespace, job_id) = self.state.job(record.job.slot)?.names();
        let id = self.state.evaluation_id(slot);
        let mut event = self.event(Topic::Evaluation, &id, namespace);
        event.filter_keys = vec![job_id.to_owned()];
        event.job_id = job_id.to_owned();
        let document = || self.state.evaluation_document(slot);
        Some(self.filled(event, || Some(Payload::Evaluation(Box::new(document()?)))))
    }

    fn of_deployment(&self, slot: DeploymentSlot) -> Option<Event> {
        let record = self.state.deployment(slot)?;
        let (namespace, job_id) = self.state.job(record.job.slot)?.names();
        let id = self.state.deployment_id(slot);
        let mut event = self.event(Topic::Deployment, &id, namespace);
        event.filter_keys = vec![job_id.to_owned()];
        event.job_id = job_id.to_owned();
        let document = || self.state.deployment_document(slot);
        Some(self.filled(event, || Some(Payload::Deployment(Box::new(document()?)))))
    }

    /// The event of an allocation, without a payload.
    fn of_allocation(&self, slot: AllocationSlot) -> Option<Event> {
        let record = self.state.allocation(slot)?;
        let (namespace, job_id) = self.state.job(record.job)?.names();
        let id = self.state.allocation_id(slot);
        let mut event = self.event(Topic::Allocation, &id, namespace);
        let lifecycle = self.state.lifecycle(slot)?;
        event.filter_keys = vec![job_id.to_owned()];
        if lifecycle.deployment != DeploymentRef::NONE {
            event.filter_keys.push(self.state.id_of_deployment(lifecycle.deployment));
        }
        event.job_id = job_id.to_owned();
        event.node_id = self.state.node_id_of(slot).unwrap_or_default().to_owned();
        event.evaluation_id = self.state.id_of_evaluation(lifecycle.evaluation);
        Some(event)
    }
}
