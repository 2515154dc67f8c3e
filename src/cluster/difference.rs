//! What there is of a job against what it asks for: the simplest use of reconciling, for those who own
//! their loop.

use std::cmp::Reverse;
use std::sync::Arc;

use indexmap::IndexSet;

use super::Cluster;
use super::request::PlacementRequest;
use super::views::AllocationView;
use crate::feasibility::base::BaseSet;
use crate::model::{Job, JobSpec, Node};
use crate::placement::group::GroupPlan;
use crate::placement::options::PlaceOptions;
use crate::placement::scan::Scan;
use crate::reconcile::update::tasks_updated;

/// The allocations of a job against what it asks for, from [`Cluster::difference`].
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// cluster.place(&job, &PlaceOptions::default());
/// let smaller = job.changed(|spec| spec.task_groups[0].count = Some(1))?;
/// let difference = cluster.difference(&smaller);
/// assert_eq!(difference.surplus.len(), 1);
/// assert!(difference.missing.is_empty() && !difference.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobDifference<'a> {
    /// Live allocations that the job has no use for.
    pub surplus: Vec<AllocationView<'a>>,
    /// Live allocations that have to be replaced, since what they run differs in more than what can be
    /// changed where they are (docs/lifecycle.md, section 3, *Destructive changes*), or their node is not
    /// in the job's datacenters and pool.
    pub outdated: Vec<AllocationView<'a>>,
    /// Requests for what [`Cluster::place`] would place. Of a system job that is one for each node that takes
    /// something new, is in the job's datacenters and pool and passes its constraints: a node that they
    /// filter is none of those that should have it (docs/lifecycle.md, section 4, *Placement failure*).
    pub missing: Vec<PlacementRequest>,
}

impl JobDifference<'_> {
    /// Requests that replace what is outdated, one for each, as its name says; of a system job each on
    /// its own node. To be served as many at a time as the caller likes.
    pub fn replacements(&self, job: &Job) -> Vec<PlacementRequest> {
        let replacement = |it: &AllocationView<'_>| {
            let request = PlacementRequest::new(job, it.task_group(), it.name_index()?);
            let request = request.replaces(it.id());
            Some(match job.job_type().is_system() {
                true => request.only_node(it.node_id()),
                false => request,
            })
        };
        self.outdated.iter().filter_map(replacement).collect()
    }

    /// Tells whether nothing is too many, outdated or missing. It says nothing of what is out of reach.
    pub fn is_empty(&self) -> bool {
        self.surplus.is_empty() && self.outdated.is_empty() && self.missing.is_empty()
    }
}

impl Cluster {
    /// Compares what there is of a job with what it asks for. It decides nothing: how many are replaced
    /// at a time, and when, is for the caller.
    ///
    /// Of a group that has too many the ones that go are those whose names others have or that are
    /// beyond its count, then those with the highest numbers. Of a system job they are second ones on a
    /// node, and what is on a node that is not in its datacenters and pool. Everything of a stopped job, or of a group that the job no longer has, is surplus.
    ///
    /// ```
    /// use stowplan::model::{Job, Node};
    /// use stowplan::{Cluster, PlaceOptions, PlacementRequest};
    ///
    /// let job = |count, image: &str| Job::from_json(format!(r#"{{"ID": "web", "TaskGroups": [
    ///     {{"Name": "front", "Count": {count}, "Tasks": [{{"Name": "nginx", "Driver": "docker",
    ///       "Config": {{"image": "{image}"}}}}]}}]}}"#));
    /// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(4_096).driver("docker").build()?;
    /// let mut cluster = Cluster::new([node])?;
    /// let options = PlaceOptions::default();
    /// cluster.place(&job(3, "nginx:1")?, &options);
    ///
    /// let new = job(2, "nginx:2")?;
    /// let difference = cluster.difference(&new);
    /// let names = |views: &[stowplan::AllocationView]| {
    ///     views.iter().map(|it| it.name()).collect::<Vec<_>>()
    /// };
    /// assert_eq!(names(&difference.surplus), ["web.front[2]"]);
    /// assert_eq!(names(&difference.outdated), ["web.front[0]", "web.front[1]"]);
    ///
    /// // All at once; a rolling update takes a few at a time.
    /// let requests = difference.replacements(&new);
    /// let surplus: Vec<String> = difference.surplus.iter().map(|it| it.id()).collect();
    /// cluster.place_requests(&requests, &options)?;
    /// cluster.finish(&surplus)?;
    /// assert!(cluster.difference(&new).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn difference(&self, job: &Job) -> JobDifference<'_> {
        let mut live: Vec<AllocationView<'_>> =
            self.allocations_of(&job.namespace, &job.id).filter(|it| it.is_live()).collect();
        live.sort_by_cached_key(|it| (it.task_group().to_owned(), it.name_index(), it.id()));
        let mut difference = JobDifference {
            surplus: Vec::new(),
            outdated: Vec::new(),
            missing: if job.stop { Vec::new() } else { self.wanted(job) },
        };
        let mut comparisons = Comparisons { cluster: self, job, made: Vec::new() };
        for of_group in live.chunk_by(|a, b| a.task_group() == b.task_group()) {
            let surplus = self.surplus_of(job, of_group);
            for (at, view) in of_group.iter().enumerate() {
                if surplus.contains(&at) {
                    difference.surplus.push(*view);
                } else if comparisons.is_outdated(view) {
                    difference.outdated.push(*view);
                }
            }
        }
        difference
    }

    /// What is missing, of a system job on those nodes that may run it.
    fn wanted(&self, job: &Job) -> Vec<PlacementRequest> {
        let mut missing = self.missing(job);
        if !job.job_type().is_system() {
            return missing;
        }
        let (slot, options) =
            (self.state.find_job(&job.namespace, &job.id), PlaceOptions::default());
        for (at, group) in job.spec().task_groups.iter().enumerate() {
            let plan = GroupPlan::of_known(job, slot, (at, group), 0, &options);
            let scan = Scan::of_rules(&self.state, &plan);
            let may_run = |id: &str| {
                let node = self.state.find_node(id);
                let record = node.and_then(|slot| Some((slot, self.state.node(slot)?)));
                record.is_some_and(|(slot, record)| scan.may_run(slot, record))
            };
            missing.retain(|request| {
                request.task_group() != group.name || request.node_id().is_some_and(may_run)
            });
        }
        missing
    }

    /// Whether a node is in the job's datacenters and pool.
    fn is_placed_well(&self, job: &Job, node: &Node) -> bool {
        let record = self.state.find_node(&node.id).and_then(|slot| self.state.node(slot));
        record.is_none_or(|record| BaseSet::of(job).has_place(record))
    }

    /// Which live allocations of a group, in the order of their numbers, are too many.
    fn surplus_of(&self, job: &Job, live: &[AllocationView<'_>]) -> IndexSet<usize> {
        let name = live.first().map_or("", |it| it.task_group());
        let group = job.task_groups.iter().find(|group| group.name == name);
        let Some(group) = group.filter(|group| !job.stop && group.count() > 0) else {
            return (0..live.len()).collect();
        };
        if job.job_type().is_system() {
            let mut nodes = IndexSet::new();
            let surplus = live.iter().enumerate().filter(|(_, it)| {
                let is_outside = it.node().is_some_and(|node| !self.is_placed_well(job, node));
                is_outside || !nodes.insert(it.node_id())
            });
            return surplus.map(|(at, _)| at).collect();
        }
        let too_many = live.len().saturating_sub(group.count() as usize);
        let is_spare = |at: usize| {
            let index = live[at].name_index();
            index.is_none_or(|index| index >= group.count())
                || at > 0 && live[at - 1].name_index() == index
        };
        let mut order: Vec<usize> = (0..live.len()).collect();
        order.sort_by_key(|&at| Reverse((is_spare(at), at)));
        order.into_iter().take(too_many).collect()
    }
}

/// Comparisons of versions with the present one, each made once.
struct Comparisons<'a> {
    cluster: &'a Cluster,
    job: &'a Job,
    made: Vec<(Arc<JobSpec>, String, bool)>,
}

impl Comparisons<'_> {
    fn is_outdated(&mut self, view: &AllocationView<'_>) -> bool {
        // What nobody knows has to be taken for another version.
        let Some(own) = view.version() else { return true };
        if view.node().is_some_and(|node| !self.cluster.is_placed_well(self.job, node)) {
            return true;
        }
        let group = view.task_group();
        let known = self.made.iter().find(|(of, name, _)| Arc::ptr_eq(of, own) && name == group);
        if let Some((.., is_outdated)) = known {
            return *is_outdated;
        }
        let is_outdated = tasks_updated(own, self.job.spec(), group);
        self.made.push((own.clone(), group.to_owned(), is_outdated));
        is_outdated
    }
}

#[cfg(test)]
mod tests {
    use crate::cluster::Cluster;
    use crate::model::{Job, Node};
    use crate::placement::options::PlaceOptions;

    fn cluster(nodes: u32) -> Cluster {
        let node = |at: u32| {
            let node = Node::builder(format!("n{at}")).cpu_shares(4_000).memory_mb(8_192);
            node.driver("docker").build().unwrap()
        };
        Cluster::new((0..nodes).map(node)).unwrap()
    }

    fn job(job_type: &str, count: u32, more: &str) -> Job {
        let text = format!(
            r#"{{"ID": "web", "Type": "{job_type}", {more} "TaskGroups": [{{"Name": "front",
                "Count": {count}, "Tasks": [{{"Name": "t", "Driver": "docker"}}]}}]}}"#
        );
        Job::from_json(text).unwrap()
    }

    const NONE: Vec<u32> = Vec::new();

    /// The numbers of surplus, of outdated and of missing allocations.
    fn numbers(cluster: &Cluster, job: &Job) -> [Vec<u32>; 3] {
        let found = cluster.difference(job);
        let indexes = |views: &[super::AllocationView<'_>]| {
            views.iter().filter_map(|it| it.name_index()).collect()
        };
        let missing = found.missing.iter().map(|it| it.name_index()).collect();
        [indexes(&found.surplus), indexes(&found.outdated), missing]
    }

    #[test]
    fn the_highest_numbers_are_too_many_and_the_lowest_missing() {
        let mut cluster = cluster(2);
        cluster.place(&job("service", 4, ""), &PlaceOptions::default());
        assert_eq!(numbers(&cluster, &job("service", 4, "")), [NONE, NONE, NONE]);
        assert_eq!(numbers(&cluster, &job("service", 2, "")), [vec![2, 3], NONE, NONE]);
        assert_eq!(numbers(&cluster, &job("service", 6, "")), [NONE, NONE, vec![4, 5]]);
        let stopped = job("service", 4, r#""Stop": true,"#);
        assert_eq!(numbers(&cluster, &stopped), [vec![0, 1, 2, 3], NONE, NONE]);
    }

    #[test]
    fn a_group_that_the_job_no_longer_has_is_surplus() {
        let mut cluster = cluster(1);
        cluster.place(&job("service", 2, ""), &PlaceOptions::default());
        let other = r#"{"ID": "web", "TaskGroups": [{"Name": "back",
            "Tasks": [{"Name": "t", "Driver": "docker"}]}]}"#;
        let other = Job::from_json(other).unwrap();
        assert_eq!(numbers(&cluster, &other), [vec![0, 1], NONE, vec![0]]);
    }

    #[test]
    fn facts_that_tasks_see_make_them_outdated_and_priorities_do_not() {
        let mut cluster = cluster(1);
        cluster.place(&job("service", 1, ""), &PlaceOptions::default());
        let meta = job("service", 1, r#""Meta": {"a": "b"},"#);
        assert_eq!(numbers(&cluster, &meta), [NONE, vec![0], NONE]);
        let priority = job("service", 1, r#""Priority": 70,"#);
        assert_eq!(numbers(&cluster, &priority), [NONE, NONE, NONE]);
    }

    #[test]
    fn completed_batch_work_is_neither_missing_nor_surplus() {
        let mut cluster = cluster(1);
        let batch = job("batch", 2, "");
        cluster.place(&batch, &PlaceOptions::default());
        let first = cluster.allocations_of("default", "web").next().unwrap().id();
        cluster.set_client_status(&first, crate::model::ClientStatus::Complete).unwrap();
        assert_eq!(numbers(&cluster, &batch), [NONE, NONE, NONE]);
        // One is done and one runs, which is none too many.
        assert_eq!(numbers(&cluster, &job("batch", 1, "")), [NONE, NONE, NONE]);
    }

    /// Brings a cluster to what a job asks for as its documentation shows it.
    fn settle(cluster: &mut Cluster, job: &Job) -> usize {
        for _ in 0..5 {
            let difference = cluster.difference(job);
            if difference.is_empty() {
                break;
            }
            let surplus: Vec<String> = difference.surplus.iter().map(|it| it.id()).collect();
            let requests = difference.replacements(job);
            cluster.place_requests(&requests, &PlaceOptions::default()).unwrap();
            let replaced: Vec<String> = cluster
                .allocations_of("default", "web")
                .filter(|it| it.desired().is_terminal())
                .map(|it| it.id())
                .collect();
            cluster.finish(surplus.iter().chain(&replaced)).unwrap();
            cluster.place(job, &PlaceOptions::default());
        }
        assert!(cluster.difference(job).is_empty(), "{:?}", cluster.difference(job));
        assert_eq!(cluster.check(), Ok(()));
        cluster.allocations_of("default", "web").filter(|it| it.is_live()).count()
    }

    #[test]
    fn a_loop_settles_for_every_type_of_job() {
        let elsewhere = Node::builder("far").datacenter("dc2").cpu_shares(4_000).memory_mb(8_192);
        let elsewhere = elsewhere.driver("docker").build().unwrap();
        for (job_type, live) in
            [("service", [4, 3, 3, 3]), ("batch", [4, 3, 3, 3]), ("system", [3; 4])]
        {
            let mut cluster = cluster(3);
            cluster.upsert_node(elsewhere.clone());
            let count = |count| if job_type == "system" { 1 } else { count };
            let here = r#""Datacenters": ["dc1"],"#;
            let meta = r#""Datacenters": ["dc1"], "Meta": {"a": "b"},"#;
            let jobs = [
                job(job_type, count(4), here),
                job(job_type, count(3), here),
                job(job_type, count(3), meta),
                job(job_type, count(3), meta),
            ];
            for (job, live) in jobs.iter().zip(live) {
                assert_eq!(settle(&mut cluster, job), live, "{job_type}");
            }
            let there = job(job_type, count(3), r#""Datacenters": ["dc2"],"#);
            // None of them is in the new datacenter.
            let difference = cluster.difference(&there);
            let found = (difference.surplus.len(), difference.outdated.len());
            assert_eq!(found, if job_type == "system" { (3, 0) } else { (0, 3) }, "{job_type}");
        }
    }

    #[test]
    fn a_system_job_wants_one_on_each_node() {
        let mut cluster = cluster(3);
        let system = job("system", 1, "");
        cluster.place(&system, &PlaceOptions::default());
        assert!(cluster.difference(&system).is_empty());
        let node = Node::builder("n9").cpu_shares(4_000).memory_mb(8_192).driver("docker");
        cluster.upsert_node(node.build().unwrap());
        assert_eq!(cluster.difference(&system).missing.len(), 1);
    }

    /// Where constraints, what no two may share or a node's datacenter leave nodes out, nothing is missing there.
    #[test]
    fn a_system_job_wants_none_where_it_may_not_run() {
        let mut cluster = cluster(0);
        for (at, rack) in ["a", "a", "b", "c"].into_iter().enumerate() {
            let node = Node::builder(format!("n{at}")).cpu_shares(4_000).memory_mb(8_192);
            let node = node.driver("docker").meta("rack", rack);
            let node = if at == 3 { node.datacenter("dc2") } else { node };
            cluster.upsert_node(node.build().unwrap());
        }
        let constrained = |operand: &str, value: &str| {
            let constraint = format!(
                r#""Datacenters": ["dc1"], "Constraints": [{{"LTarget": "${{meta.rack}}", "Operand": "{operand}",
                    "RTarget": "{value}"}}],"#
            );
            job("system", 1, &constraint)
        };
        let missing = |cluster: &Cluster, job: &Job| cluster.difference(job).missing.len();
        let here = job("system", 1, r#""Datacenters": ["dc1"],"#);
        assert_eq!(missing(&cluster, &here), 3);
        let only = constrained("=", "a");
        assert_eq!(missing(&cluster, &only), 2);
        cluster.place(&only, &PlaceOptions::default());
        assert!(cluster.difference(&only).is_empty(), "{:?}", cluster.difference(&only));
        let apart = constrained("distinct_property", "1");
        let apart = apart.changed(|spec| spec.id = "apart".into()).unwrap();
        cluster.place(&apart, &PlaceOptions::default());
        assert_eq!(cluster.allocations_of("default", "apart").count(), 2);
        assert!(cluster.difference(&apart).is_empty(), "{:?}", cluster.difference(&apart));
    }
}
