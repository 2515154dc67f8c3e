//! Which keys an event touches, and so who is woken by it.

use super::waiting::{Key, Kind, Waiting};
use crate::engine::{Event, Snapshot, Topic};

/// Whether anything that readers see differs between two snapshots of one engine.
pub(super) fn is_touched(before: &Snapshot, after: &Snapshot) -> bool {
    before.modify_index() != after.modify_index()
}

/// Wakes those who wait for what events are about. Those who are woken look whether it is what they wait
/// for: what is told here is rather too much than too little.
pub(super) fn wake(waiting: &Waiting, snapshot: &Snapshot, events: &[Event]) {
    if events.is_empty() || waiting.is_empty() {
        return;
    }
    for event in events {
        let (namespace, id) = (event.namespace.as_str(), event.key.as_str());
        let job_id = event.filter_keys.first().map_or("", String::as_str);
        match event.topic {
            // An event of a parent's summary is the only one when a child of it begins or ends.
            Topic::Job | Topic::JobSummary => waiting.wake(of_job(namespace, id).into_iter()),
            Topic::Evaluation => {
                let keys = [
                    Key::table(Kind::Evaluations),
                    Key::thing(Kind::Evaluation, id),
                    Key::of_job(Kind::EvaluationsOfJob, namespace, job_id),
                ];
                waiting.wake(keys.into_iter().chain(of_job(namespace, job_id)));
            }
            Topic::Deployment => {
                let keys = [
                    Key::table(Kind::Deployments),
                    Key::thing(Kind::Deployment, id),
                    Key::of_job(Kind::DeploymentsOfJob, namespace, job_id),
                ];
                waiting.wake(keys.into_iter().chain(of_job(namespace, job_id)));
            }
            Topic::Allocation => wake_for_allocation(waiting, snapshot, event, job_id),
            Topic::Node => {
                let keys = [
                    Key::table(Kind::Nodes),
                    Key::thing(Kind::Node, id),
                    Key::thing(Kind::AllocationsOfNode, id),
                ];
                waiting.wake(keys.into_iter());
            }
            _ => waiting.wake([Key::table(Kind::Settings)].into_iter()),
        }
    }
    waiting.wake([Key::table(Kind::Events)].into_iter());
}

/// What an event about a job, or about anything of it, may touch.
fn of_job<'a>(namespace: &'a str, id: &'a str) -> [Key<'a>; 2] {
    // Statuses and summaries of jobs change with what they have.
    [Key::table(Kind::Jobs), Key::of_job(Kind::Job, namespace, id)]
}

fn wake_for_allocation(waiting: &Waiting, snapshot: &Snapshot, event: &Event, job_id: &str) {
    let (namespace, id) = (event.namespace.as_str(), event.key.as_str());
    let keys = [
        Key::table(Kind::Allocations),
        Key::thing(Kind::Allocation, id),
        Key::of_job(Kind::AllocationsOfJob, namespace, job_id),
    ];
    waiting.wake(keys.into_iter().chain(of_job(namespace, job_id)));
    match snapshot.view(id) {
        Some(view) => {
            waiting.wake([Key::thing(Kind::AllocationsOfNode, view.node_id())].into_iter());
        }
        // It does not say any more where it was, or of which job it is.
        None => {
            waiting.wake_all_of(Kind::AllocationsOfNode);
            waiting.wake_all_of(Kind::AllocationsOfJob);
        }
    }
}
