//! What holds of every placement, whatever was asked.

use std::collections::{BTreeMap, BTreeSet};

use stowplan::model::{Allocation, AllocationMetrics, Job, JobType};
use stowplan::{Cluster, PlaceOptions, Placement, PlacementRequest, Verdict};

use super::in_use::{InUse, occupies};

/// Every allocation by its identity. Those on nodes that are gone are said to be on a node of another
/// identity, so that they are not taken to be on one that came later.
pub(crate) fn allocations(cluster: &Cluster) -> BTreeMap<String, Allocation> {
    let named = |mut allocation: Allocation| {
        let is_gone = cluster.view(&allocation.id).unwrap().node().is_none();
        if is_gone && !allocation.node_id.is_empty() {
            allocation.node_id += " (gone)";
        }
        (allocation.id.clone(), allocation)
    };
    cluster.allocations().map(named).collect()
}

/// What was placed and what was not, as documents.
pub(crate) fn answer(placement: &Placement) -> Vec<Allocation> {
    let placed = placement.allocations().map(|placed| placed.to_allocation());
    placed.chain(placement.failed().iter().filter_map(|failed| failed.to_allocation())).collect()
}

/// A placement as it was asked for.
pub(crate) struct Asked<'a> {
    pub(crate) job: &'a Job,
    pub(crate) options: &'a PlaceOptions,
    /// Whether all nodes were looked at.
    pub(crate) looks_at_all: bool,
}

/// Places a job in many ways that have to agree, checks the answer, and keeps it. The identities of
/// what was ever evicted are added to `evicted`.
pub(crate) fn place(
    cluster: &mut Cluster,
    asked: &Asked<'_>,
    evicted: &mut BTreeSet<String>,
) -> Placement {
    let before = cluster.fork();
    let allocations_before = allocations(&before);
    let options = asked.options;

    // Taken back, a proposal has changed nothing.
    let mut proposing = cluster.fork();
    let proposal = proposing.propose(asked.job, &options.clone().explain(true));
    let proposed = answer(proposal.placement());
    let explained = proposal.placement().clone();
    proposal.take_back();
    assert_eq!(allocations(&proposing), allocations_before, "take_back left something");

    check_requests(&before, asked, &proposed);

    // The plain scan places the same, and so does who proposed before.
    let mut slow = cluster.fork();
    let by_scan = answer(&slow.place(asked.job, &options.clone().oracle(true)));
    let again = answer(&proposing.place(asked.job, options));
    let placement = cluster.place(asked.job, options);
    let placed = answer(&placement);
    assert_same(&placed, &by_scan, "the plain scan");
    assert_same(&placed, &again, "placing after a proposal");
    assert_same(&placed, &proposed, "the proposal");
    assert_eq!(allocations(cluster), allocations(&slow), "after the plain scan");

    assert_eq!(cluster.check(), Ok(()));
    assert_eq!(proposing.check(), Ok(()));
    for placed in placement.allocations() {
        evicted.extend(placed.preempted().iter().cloned());
    }
    check_state(&before, cluster, asked, &placement, evicted);
    for placed in placement.allocations() {
        check_metrics(&placed.metrics(), asked, Some((placed.node_id(), placed.score())));
    }
    for failed in placement.failed() {
        check_metrics(failed.metrics(), asked, None);
    }
    check_explanation(asked, &explained);
    placement
}

/// What is missing, as requests, comes to the same as placing the job; with nodes to stay away from, the
/// plain scan agrees.
fn check_requests(before: &Cluster, asked: &Asked<'_>, proposed: &[Allocation]) {
    let missing = before.missing(asked.job);
    let place = |requests: &[PlacementRequest], options: &PlaceOptions| {
        answer(&before.fork().place_requests(requests, options).unwrap())
    };
    // A system job that runs nowhere fails without a node that misses it.
    if !asked.job.job_type().is_system() {
        assert_same(&place(&missing, asked.options), proposed, "placing requests");
    }
    let away: Vec<PlacementRequest> = missing
        .into_iter()
        .map(|request| match request.name_index() % 3 {
            0 => request,
            1 => request.penalty_node("n1"),
            _ => request.penalty_node("n2").preferred_node("n1"),
        })
        .collect();
    let by_scan = place(&away, &asked.options.clone().oracle(true));
    assert_same(&place(&away, asked.options), &by_scan, "the plain scan of requests");
}

fn assert_same(ours: &[Allocation], theirs: &[Allocation], who: &str) {
    for (a, b) in ours.iter().zip(theirs) {
        assert_eq!(a, b, "{who} has another answer");
    }
    assert_eq!(ours.len(), theirs.len(), "{who} has another number of answers");
}

/// Checks what the placement made of the cluster.
fn check_state(
    before: &Cluster,
    after: &Cluster,
    asked: &Asked<'_>,
    placement: &Placement,
    evicted: &BTreeSet<String>,
) {
    let (old, new) = (allocations(before), allocations(after));
    let placed: BTreeSet<String> = placement.allocations().map(|it| it.id()).collect();
    assert_eq!(new.len(), old.len() + placement.len());
    if asked.job.all_at_once && !placement.is_complete() {
        assert!(placement.is_empty(), "half of a job that is to be placed whole");
    }
    for allocation in placement.allocations() {
        let document = &new[&allocation.id()];
        let context = format!("{} on {}", document.name, document.node_id);
        let node = after.node(&document.node_id).unwrap();
        assert!(node.is_ready(), "{context}");
        let there = new.values().filter(|it| it.node_id == document.node_id);
        let in_use = InUse::of(there.filter(|it| occupies(it, evicted)));
        in_use.check(node, document, &context);
        for victim in allocation.preempted() {
            let victim = &new[victim];
            let is_own =
                (&victim.namespace, &victim.job_id) == (&asked.job.namespace, &asked.job.id);
            assert!(!is_own, "{context} evicts its own");
            assert_eq!(victim.node_id, document.node_id, "{context} evicts elsewhere");
            assert_eq!(victim.desired_status, "evict", "{context}");
            assert_eq!(victim.preempted_by_allocation, allocation.id(), "{context}");
        }
    }
    for (id, document) in &new {
        let was = old.get(id);
        assert_eq!(was.is_none(), placed.contains(id));
        let is_untouched = was.is_none_or(|was| was == document || evicted.contains(id));
        assert!(is_untouched, "{id} was changed");
    }
    if !asked.job.job_type().is_system() {
        check_counts(asked.job, &new, placement);
    }
}

/// No group has more allocations than it wants, none two of one name unless it had them before, and
/// what is missing is told.
fn check_counts(job: &Job, new: &BTreeMap<String, Allocation>, placement: &Placement) {
    let placed: Vec<String> = placement.allocations().map(|it| it.name()).collect();
    let names: BTreeSet<&String> = placed.iter().collect();
    assert_eq!(names.len(), placed.len(), "two of one name");
    // Completed batch work is done once.
    let is_done_once = job.job_type() == JobType::Batch;
    let fills_place =
        |it: &Allocation| !it.is_terminal() || (is_done_once && it.client_status == "complete");
    for group in &job.task_groups {
        let live = new.values().filter(|it| {
            (&it.namespace, &it.job_id, &it.task_group) == (&job.namespace, &job.id, &group.name)
                && fills_place(it)
        });
        let live = live.count();
        let here = placement.allocations().filter(|it| it.task_group() == group.name).count();
        let wanted = group.count() as usize;
        assert!(here == 0 || live <= wanted, "{live} of {wanted} are live");
        let failed = placement.failed().iter().find(|it| it.name() == group.name);
        if !job.all_at_once {
            let missing = failed.map_or(0, |it| it.unplaced() as usize);
            assert_eq!(wanted.saturating_sub(live), missing, "{live} of {wanted} are live");
        }
    }
}

/// Checks that counts add up.
fn check_metrics(metrics: &AllocationMetrics, asked: &Asked<'_>, chosen: Option<(&str, f64)>) {
    let sum = |map: &indexmap::IndexMap<String, u64>| map.values().sum::<u64>();
    assert_eq!(metrics.nodes_filtered, sum(&metrics.constraint_filtered));
    assert_eq!(metrics.nodes_exhausted, sum(&metrics.dimension_exhausted));
    assert_eq!(metrics.nodes_in_pool, sum(&metrics.nodes_available));
    assert!(sum(&metrics.class_filtered) <= metrics.nodes_filtered);
    assert!(sum(&metrics.class_exhausted) <= metrics.nodes_exhausted);
    assert_eq!(metrics.node_pool, asked.job.node_pool);
    let looks_at_one = asked.job.job_type().is_system();
    if asked.looks_at_all && !looks_at_one {
        assert_eq!(metrics.nodes_evaluated, metrics.nodes_in_pool);
    }
    let not_ranked = metrics.nodes_filtered + metrics.nodes_exhausted;
    let ranked = metrics.nodes_evaluated.checked_sub(not_ranked).unwrap();
    match chosen {
        None => assert_eq!(ranked, 0, "a failure, with nodes that would do"),
        Some((node, score)) => {
            assert!(ranked > 0, "a placement, with no node that would do");
            let shown = &metrics.score_meta_data;
            assert!(shown.len() as u64 <= ranked);
            if let Some(best) = shown.first() {
                assert_eq!((best.node_id.as_str(), best.norm_score), (node, score));
            }
            assert!(shown.is_sorted_by(|a, b| a.norm_score >= b.norm_score), "{shown:?}");
        }
    }
}

/// What the explanations say is what the first placement of each group found.
fn check_explanation(asked: &Asked<'_>, placement: &Placement) {
    let gave_up = asked.job.all_at_once && !placement.is_complete();
    if asked.job.job_type().is_system() || !asked.looks_at_all || gave_up {
        return;
    }
    for explanation in placement.explanations() {
        let nodes = explanation.nodes();
        let group = explanation.task_group();
        let first = placement.allocations().find(|it| it.task_group() == group);
        let failed = placement.failed().iter().find(|it| it.name() == group);
        let metrics = first.as_ref().map(|it| it.metrics());
        let metrics = metrics.or_else(|| Some(failed?.metrics().clone()));
        // Where only evicting helps, the metrics are those of the pass that may evict.
        let Some(metrics) = metrics.filter(|_| explanation.with_preemption().is_none()) else {
            continue;
        };
        let count =
            |is: fn(&Verdict) -> bool| nodes.iter().filter(|it| is(it.verdict())).count() as u64;
        let outside = count(|it| matches!(it, Verdict::NotCandidate(_)));
        assert_eq!(metrics.nodes_evaluated, nodes.len() as u64 - outside);
        assert_eq!(metrics.nodes_filtered, count(|it| matches!(it, Verdict::Filtered(_))));
        assert_eq!(metrics.nodes_exhausted, count(|it| matches!(it, Verdict::Exhausted(_))));
        let scores = nodes.iter().filter_map(|it| match it.verdict() {
            Verdict::Ranked { norm_score, .. } => Some(*norm_score),
            _ => None,
        });
        let best = scores.max_by(f64::total_cmp);
        assert_eq!(first.map(|it| it.score()), best, "the best node was not taken");
    }
}
