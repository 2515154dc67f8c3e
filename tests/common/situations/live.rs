//! A random state as a cluster of its own, made call by call through the public interface.

use std::collections::BTreeSet;

use serde_json::Value;
use stowplan::model::{Allocation, Deployment, Evaluation, Job, Node};
use stowplan::{Cluster, Span, Timestamp};

use super::super::lifecycle::Question;

/// A cluster that holds all of a state, with its evaluation and its instant.
pub struct Live {
    pub cluster: Cluster,
    pub evaluation: Evaluation,
    pub now: Timestamp,
}

impl Live {
    /// Nodes, the job's versions, its deployments, its evaluations and its allocations, in that order; then
    /// the nodes that the state does not have leave.
    pub fn new(case: &Value) -> Live {
        let Question { now, nodes, known, evaluation, .. } = Question::new(case);
        let here: BTreeSet<String> = nodes.iter().map(|node| node.id.clone()).collect();
        let there = known.allocations.iter().map(|it| it.node_id.clone());
        let gone: BTreeSet<String> =
            there.filter(|id| !id.is_empty() && !here.contains(id)).collect();
        let mut cluster = Cluster::new(nodes).unwrap();
        cluster.advance_to(now).unwrap();
        for id in &gone {
            cluster.upsert_node(Node::builder(id).build().unwrap());
        }
        for (number, version) in known.versions.iter().enumerate() {
            assert_eq!(cluster.register_job(version).version, number as u64);
        }
        let job = cluster.job("default", "web").unwrap();
        let mut versions: Vec<Job> = job.versions().cloned().collect();
        versions.reverse();
        let job_create_index = versions[0].spec().create_index;
        for deployment in known.deployments {
            let deployment = Deployment { job_create_index, ..deployment };
            cluster.upsert_deployment(&deployment).unwrap();
        }
        let ids: BTreeSet<&String> =
            known.allocations.iter().map(|it| &it.followup_eval_id).collect();
        for id in ids.into_iter().filter(|id| !id.is_empty() && **id != evaluation.id) {
            let waits = known.waiting.contains(id);
            let follow_up = Evaluation {
                id: id.clone(),
                triggered_by: "alloc-failure".into(),
                status: if waits { "pending" } else { "complete" }.into(),
                wait_until: waits.then(|| now + Span::from_secs(60)),
                ..evaluation.clone()
            };
            cluster.upsert_evaluation(&follow_up).unwrap();
        }
        cluster.upsert_evaluation(&evaluation).unwrap();
        for allocation in known.allocations {
            let version = versions.get(allocation.job_version() as usize);
            let job = version.map(Job::shared_spec);
            cluster.add_allocation(Allocation { job, ..allocation }).unwrap();
        }
        for id in &gone {
            cluster.remove_node(id).unwrap();
        }
        assert_eq!(cluster.check(), Ok(()));
        Live { cluster, evaluation, now }
    }

    /// The evaluation that asks the same once more.
    pub fn ask_again(&mut self, id: &str) -> Evaluation {
        let again = Evaluation {
            id: id.to_owned(),
            status: "pending".into(),
            wait_until: None,
            ..self.evaluation.clone()
        };
        self.cluster.upsert_evaluation(&again).unwrap();
        self.cluster.evaluation(id).unwrap()
    }
}
