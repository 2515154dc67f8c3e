//! Which keys an event touches, and so who is woken by it.

use std::borrow::Cow;
use std::sync::Arc;

use super::waiting::{Key, Kind, Waiting};
use crate::engine::{KeptEvent, Snapshot, Topic};

/// Whether anything that readers see differs between two snapshots of one engine.
pub(super) fn is_touched(before: &Snapshot, after: &Snapshot) -> bool {
    before.modify_index() != after.modify_index()
}

/// Wakes those who wait for what events are about. Those who are woken look whether it is what they wait
/// for: what is told here is rather too much than too little.
pub(super) fn wake(waiting: &Waiting, events: &[Arc<KeptEvent>]) {
    if events.is_empty() || waiting.is_empty() {
        return;
    }
    // Events of one job mostly follow each other, and touch the same of it.
    let mut latest = None;
    for event in events {
        let (topic, namespace, job_id) = (event.topic(), event.namespace(), event.job_id());
        // Identities are not made in vain.
        let is_asked_for = match topic {
            Topic::Allocation => waiting.has(Kind::Allocation),
            Topic::Deployment => waiting.has(Kind::Deployment),
            Topic::Evaluation => waiting.has(Kind::Evaluation),
            _ => true,
        };
        let id = if is_asked_for { event.key() } else { Cow::Borrowed("") };
        let id = &*id;
        match topic {
            // An event of a parent's summary is the only one when a child of it begins or ends.
            Topic::Job | Topic::JobSummary => waiting.wake(of_job(namespace, id).into_iter()),
            Topic::Evaluation => {
                let keys = [Key::table(Kind::Evaluations), Key::thing(Kind::Evaluation, id)];
                waiting.wake(keys.into_iter());
            }
            Topic::Deployment => {
                let keys = [Key::table(Kind::Deployments), Key::thing(Kind::Deployment, id)];
                waiting.wake(keys.into_iter());
            }
            Topic::Allocation => {
                let keys = [
                    Key::table(Kind::Allocations),
                    Key::thing(Kind::Allocation, id),
                    Key::thing(Kind::AllocationsOfNode, event.node_id()),
                ];
                waiting.wake(keys.into_iter());
            }
            Topic::Node => {
                let keys = [
                    Key::table(Kind::Nodes),
                    Key::thing(Kind::Node, id),
                    Key::thing(Kind::AllocationsOfNode, id),
                    // Pools come and go with the nodes that name them.
                    Key::table(Kind::Settings),
                ];
                waiting.wake(keys.into_iter());
            }
            _ => waiting.wake([Key::table(Kind::Settings)].into_iter()),
        }
        let list = match topic {
            Topic::Evaluation => Kind::EvaluationsOfJob,
            Topic::Deployment => Kind::DeploymentsOfJob,
            Topic::Allocation => Kind::AllocationsOfJob,
            _ => continue,
        };
        let of = Some((list, namespace, job_id));
        if job_id.is_empty() {
            // It does not say any more of which job it was.
            waiting.wake_all_of(list);
        } else if latest != of {
            latest = of;
            let list = [Key::of_job(list, namespace, job_id)];
            waiting.wake(list.into_iter().chain(of_job(namespace, job_id)));
        }
    }
    waiting.wake([Key::table(Kind::Events)].into_iter());
}

/// What an event about a job, or about anything of it, may touch.
fn of_job<'a>(namespace: &'a str, id: &'a str) -> [Key<'a>; 2] {
    // Statuses and summaries of jobs change with what they have.
    [Key::table(Kind::Jobs), Key::of_job(Kind::Job, namespace, id)]
}
