//! Explanations of what a cluster could not place, or could.

use super::Cluster;
use super::failed::FailedGroup;
use super::fixes::look_at_whole_job;
use super::request::PlacementRequest;
use crate::explain::checks::{self, NodeExplanation};
use crate::explain::verdicts::{self, Explanation};
use crate::model::{Job, TaskGroup};
use crate::placement::group::GroupPlan;
use crate::placement::missing;
use crate::placement::observer::Observer;
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::GroupFailure;
use crate::placement::request::Request;
use crate::rank::preempt::Evicted;
use crate::state::State;

/// Makes an explanation of each group while a job is placed.
pub(super) struct Explainer<'a> {
    options: &'a PlaceOptions,
    explanations: Vec<(Job, Explanation)>,
}

impl<'a> Explainer<'a> {
    pub(super) fn new(options: &'a PlaceOptions) -> Explainer<'a> {
        Explainer { options, explanations: Vec::new() }
    }

    /// The explanations, by group, with their jobs.
    pub(super) fn finish(self) -> Vec<(Job, Explanation)> {
        self.explanations
    }
}

impl Observer for Explainer<'_> {
    fn group_begins(&mut self, state: &State, plan: &GroupPlan<'_>, evicted: &Evicted) {
        let explanation = verdicts::explain(state, plan, self.options, evicted);
        self.explanations.push((plan.job.clone(), explanation));
    }

    fn group_fails(&mut self, state: &State, plan: &GroupPlan<'_>, evicted: &Evicted) {
        if let Some((_, explanation)) = self.explanations.last_mut() {
            explanation.add_fixes(state, plan, self.options, evicted);
        }
    }
}

impl Cluster {
    /// Explains what every node is to the next allocation of a group; `None` if the job has no such
    /// group.
    pub fn explain(&self, job: &Job, group: &str, options: &PlaceOptions) -> Option<Explanation> {
        let at = job.task_groups.iter().position(|it| it.name == group)?;
        let request = self.next_request(job, &job.task_groups[at]);
        let mut explanation = self.explain_one(job, at, &request, options)?;
        look_at_whole_job(&mut explanation, self, job, options);
        Some(explanation)
    }

    /// Explains what one node is to the next allocation of a group, with everything that is asked of it
    /// and what it has; `None` if the job has no such group or the cluster no such node.
    ///
    /// ```
    /// use stowplan::model::{Job, Node};
    /// use stowplan::{Cluster, Measure, PlaceOptions};
    ///
    /// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(256).driver("docker").build()?;
    /// let job = Job::builder("web")
    ///     .group("front", 1, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(512)))
    ///     .build()?;
    /// let cluster = Cluster::new([node])?;
    /// let explanation = cluster.explain_node(&job, "front", "n1", &PlaceOptions::default());
    /// let explanation = explanation.ok_or("no such node")?;
    /// let failed = explanation.checks().iter().find(|check| !check.passes).ok_or("all pass")?;
    /// assert_eq!(failed.subject, "memory");
    /// assert_eq!(failed.measure, Measure::Amount { asked: 512, used: 0, free: 256, unit: "MB" });
    /// println!("{explanation}"); // a line a check
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain_node(
        &self,
        job: &Job,
        group: &str,
        node: &str,
        options: &PlaceOptions,
    ) -> Option<NodeExplanation> {
        let at = job.task_groups.iter().position(|it| it.name == group)?;
        let request = self.next_request(job, &job.task_groups[at]);
        let slot = self.state.find_node(node)?;
        let plan = GroupPlan::new(&self.state, job, at, request.name_index, options)?;
        checks::explain(&self.state, &plan, options, slot)
    }

    /// Explains what every node is to a request; `None` if the job has no such group. Nodes to prefer
    /// are not heeded.
    pub fn explain_request(
        &self,
        request: &PlacementRequest,
        options: &PlaceOptions,
    ) -> Option<Explanation> {
        let (at, resolved) = request.resolve(&self.state).ok()?;
        let mut explanation = self.explain_one(request.job(), at, &resolved, options)?;
        look_at_whole_job(&mut explanation, self, request.job(), options);
        Some(explanation)
    }

    fn next_request(&self, job: &Job, group: &TaskGroup) -> Request {
        Request::named(missing::next_number(&self.state, job, group))
    }

    /// An explanation with fixes that go no further than one allocation.
    fn explain_one(
        &self,
        job: &Job,
        at: usize,
        request: &Request,
        options: &PlaceOptions,
    ) -> Option<Explanation> {
        let mut plan = GroupPlan::new(&self.state, job, at, request.name_index, options)?;
        plan.adapt_to(request);
        let mut explanation = verdicts::explain(&self.state, &plan, options, &Evicted::new());
        explanation.add_fixes(&self.state, &plan, options, &Evicted::new());
        Some(explanation)
    }

    /// The same for a group that could not be placed whole.
    fn explain_failed(&self, failure: &GroupFailure, options: &PlaceOptions) -> Explanation {
        let (job, at) = (&failure.job, failure.group);
        let explain = |cluster: &Cluster| {
            let mut request = cluster.next_request(job, job.task_groups.get(at)?);
            let nodes = failure.penalty_nodes.iter();
            request.penalty_nodes.extend(nodes.filter_map(|id| cluster.state.find_node(id)));
            cluster.explain_one(job, at, &request, options)
        };
        // Of a job to be placed whole nothing was kept, but it was what could be placed of it that
        // left no room for the rest.
        let piecemeal = job.changed(|spec| {
            spec.all_at_once = false;
            spec.task_groups.truncate(at + 1);
        });
        let explanation = match piecemeal {
            Ok(piecemeal) if job.all_at_once => {
                let mut fork = self.fork();
                fork.place(&piecemeal, &options.clone().explain(false));
                explain(&fork)
            }
            _ => explain(self),
        };
        let group = job.task_groups.get(at).map_or("", |group| &group.name);
        let mut explanation = explanation.unwrap_or_else(|| Explanation::nothing(job, group));
        look_at_whole_job(&mut explanation, self, job, options);
        explanation
    }
}

impl FailedGroup {
    /// Explains what every node of a cluster is to the group's next allocation as things are now, and
    /// the nearest fixes if none would do. Of a job that is placed whole or not at all, what could be
    /// placed of it is taken as placed.
    pub fn explain(&self, cluster: &Cluster) -> Explanation {
        cluster.explain_failed(self.failure(), self.options())
    }
}
