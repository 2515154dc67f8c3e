use super::*;
use crate::model::{Node, read};
use crate::placement::options::Preemption;

fn node(id: &str, memory_mb: i64) -> Node {
    let node = Node::builder(id).cpu_shares(4_000).memory_mb(memory_mb).driver("docker");
    node.build().unwrap()
}

fn spec(count: u32, memory_mb: i64, more: &str) -> JobSpec {
    let text = format!(
        r#"{{"ID": "web", {more} "TaskGroups": [{{"Name": "front", "Count": {count}, "Tasks": [
            {{"Name": "nginx", "Driver": "docker", "Resources": {{"CPU": 100, "MemoryMB": {memory_mb}}}}}
        ]}}]}}"#
    );
    read::job(text).unwrap()
}

fn options() -> PlaceOptions {
    PlaceOptions::default().record_failed_placements(false)
}

/// A cluster with a registered job on it, and what there is of the job.
fn running(count: u32) -> (Cluster, JobState) {
    let mut cluster = Cluster::new([node("n1", 1_000), node("n2", 1_000)]).unwrap();
    let job = Job::registered(spec(count, 400, ""), None).unwrap();
    let job = job.changed(|spec| (spec.job_modify_index, spec.modify_index) = (7, 7)).unwrap();
    cluster.place(&job, &options());
    let mut allocations: Vec<Allocation> =
        cluster.allocations_of("default", "web").map(|it| it.document()).collect();
    allocations.iter_mut().for_each(|it| it.job_version = Some(0));
    (cluster, JobState { versions: vec![job], allocations, ..JobState::default() })
}

fn figures(found: &DryRun) -> &DesiredUpdates {
    &found.annotations.desired_tg_updates["front"]
}

#[test]
fn a_job_that_is_registered_as_it_is_changes_nothing() {
    let (cluster, known) = running(3);
    let now = Timestamp::EPOCH;
    let found = dry_run(&cluster, &known, spec(3, 400, ""), &options(), now).unwrap();
    assert_eq!((found.diff.diff_type, found.job.version), (DiffType::None, 0));
    assert_eq!((figures(&found).ignore, figures(&found).place), (3, 0));
    assert!(found.is_complete() && found.decision.placements.is_empty());
    assert_eq!(found.reply(false).job_modify_index, 7);
}

#[test]
fn what_asks_for_more_is_replaced_and_said_to_be() {
    let (cluster, known) = running(3);
    let before = cluster.check();
    let now = Timestamp::EPOCH;
    let found = dry_run(&cluster, &known, spec(3, 450, ""), &options(), now).unwrap();
    assert_eq!((found.diff.diff_type, found.job.version), (DiffType::Edited, 1));
    // One at a time is today's default.
    assert_eq!((figures(&found).destructive_update, figures(&found).ignore), (1, 2));
    let group = &found.diff.task_groups[0];
    assert_eq!(group.updates["create/destroy update"], 1);
    assert_eq!(group.tasks[0].annotations, ["forces create/destroy update"]);
    assert_eq!(cluster.allocation_count(), 3);
    assert_eq!(before, cluster.check());
}

#[test]
fn what_finds_no_place_is_given_with_its_reason_on_the_cluster_as_it_would_be() {
    let (cluster, known) = running(3);
    let now = Timestamp::EPOCH;
    let found = dry_run(&cluster, &known, spec(6, 400, ""), &options(), now).unwrap();
    // Two fit on each node.
    assert_eq!(found.decision.placements.len(), 1);
    assert!(!found.is_complete());
    assert_eq!(found.reply(true).failed_tg_allocs["front"].coalesced_failures, 1);
    assert_eq!(found.decision.created.len(), 1);
    let failed = found.failed();
    assert_eq!((failed.len(), failed[0].unplaced()), (1, 2));
    let explanation = failed[0].explain(found.cluster().unwrap());
    assert!(!explanation.fixes().is_empty());
}

#[test]
fn what_is_evicted_counts_among_the_figures() {
    let (cluster, known) = running(4);
    let other = spec(1, 800, r#""Priority": 90,"#);
    let other = JobSpec { id: "big".into(), name: "big".into(), ..other };
    let options = options().preemption(Preemption::all());
    let state = JobState::default();
    let found = dry_run(&cluster, &state, other, &options, Timestamp::EPOCH).unwrap();
    assert_eq!((figures(&found).place, figures(&found).preemptions), (1, 2));
    let evicted = &found.annotations.preempted_allocs;
    assert!(evicted.iter().all(|it| known.allocations.iter().any(|known| known.id == it.id)));
    assert_eq!(evicted.len(), 2);
}

#[test]
fn a_job_that_is_launched_later_places_nothing() {
    let cluster = Cluster::new([node("n1", 1_000)]).unwrap();
    let later = spec(1, 64, r#""Type": "batch", "Periodic": {"Enabled": true, "Spec": "@daily"},"#);
    let state = JobState::default();
    let found = dry_run(&cluster, &state, later, &options(), Timestamp::EPOCH).unwrap();
    assert!(found.is_complete() && found.cluster().is_none() && found.failed().is_empty());
    assert_eq!(found.diff.diff_type, DiffType::Added);
}

#[test]
fn everything_that_is_wrong_with_the_job_is_an_error() {
    let cluster = Cluster::new([node("n1", 1_000)]).unwrap();
    let wrong = JobSpec { priority: Some(5_000), ..spec(1, 64, r#""Type": "nonsense","#) };
    let state = JobState::default();
    let errors = dry_run(&cluster, &state, wrong, &options(), Timestamp::EPOCH).unwrap_err();
    assert_eq!(errors.problems().len(), 2, "{errors}");
}

#[test]
fn what_cannot_be_replaced_goes_on_and_says_why() {
    let (cluster, known) = running(2);
    for spec in [spec(2, 4_000, ""), spec(2, 400, r#""Datacenters": ["dc9"],"#)] {
        let found = dry_run(&cluster, &known, spec, &options(), Timestamp::EPOCH).unwrap();
        let failed = found.failed();
        assert_eq!((found.is_complete(), failed.len()), (false, 1), "{:?}", found.annotations);
        assert!(!failed[0].explain(found.cluster().unwrap()).fixes().is_empty());
    }
}

#[test]
fn a_periodic_job_says_when_it_would_be_launched() {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let launch = |more: &str| {
        let spec = spec(1, 400, &format!(r#""Type": "batch", {more}"#));
        let cluster = Cluster::new([node("n1", 1_000)]).unwrap();
        let found = dry_run(&cluster, &JobState::default(), spec, &options(), now).unwrap();
        let reply = found.reply(false).next_periodic_launch;
        assert_eq!(reply, found.next_launch);
        reply.map(|at| at.to_string())
    };
    let periodic = r#""Periodic": {"Spec": "30 2 * * *", "TimeZone": "Europe/Berlin"}"#;
    let expected = cfg!(feature = "cron").then(|| "2026-01-01T01:30:00Z".to_owned());
    assert_eq!(launch(&format!("{periodic},")), expected);
    assert_eq!(launch(&format!(r#"{periodic}, "Stop": true,"#)), None);
    assert_eq!(launch(r#""Periodic": {"Spec": "@daily", "Enabled": false},"#), None);
    assert_eq!(launch(""), None);
}

#[cfg(feature = "cron")]
#[test]
fn a_periodic_job_whose_times_cannot_be_read_is_refused() {
    let spec = spec(1, 400, r#""Type": "batch", "Periodic": {"Spec": "bogus"},"#);
    let (cluster, known) = (Cluster::default(), JobState::default());
    let errors = dry_run(&cluster, &known, spec, &options(), Timestamp::EPOCH).unwrap_err();
    assert_eq!(errors.problems()[0].path(), "Periodic.Spec");
}
