//! Rules that are easily missed: what an evaluation says of a job that runs nowhere, which classes of nodes
//! may help, what a step of the first API leaves behind, and numbers at their ends.

use serde_json::{Value, json};
use stowplan::model::Evaluation;
use stowplan::schedule::process_with;
use stowplan::{Attempt, Cluster, PlaceOptions, Timestamp};

use crate::lifecycle::Question;
use crate::world::{allocation, changed, job, node, placed, process, state};

/// What is outdated on a node that may not run it any more and what is missing elsewhere are one failure, however
/// many groups there are.
#[test]
fn a_failure_of_a_system_job_counts_every_node_that_was_filtered() {
    for groups in [&["web"][..], &["web", "api"]] {
        let nodes = ["n1", "n2", "n3"].map(|id| node(id, 4_000));
        let named = |group: &&str| {
            let mut there = allocation(0, "n1");
            there["ID"] = json!(format!("00000000-0000-0000-0000-{group:0>12}"));
            there["Name"] = json!(format!("web.{group}[0]"));
            there["TaskGroup"] = json!(group);
            there
        };
        let there: Vec<Value> = groups.iter().map(named).collect();
        let mut state = changed(state("system", 1, &nodes, &there));
        for version in 0..2 {
            let group = state["jobs"][version]["TaskGroups"][0].clone();
            let with_name = |name: &&str| {
                let mut group = group.clone();
                group["Name"] = json!(name);
                group
            };
            state["jobs"][version]["TaskGroups"] = groups.iter().map(with_name).collect();
        }
        state["jobs"][1]["Constraints"] =
            json!([{"LTarget": "${attr.kernel.name}", "RTarget": "windows", "Operand": "="}]);
        let decision = process(&state);
        let failed = &decision.evaluation.failed_tg_allocs;
        assert_eq!((decision.stops.len(), failed.len()), (groups.len(), groups.len()));
        for of_group in failed.values() {
            assert_eq!((of_group.nodes_evaluated, of_group.nodes_filtered), (3, 3));
            assert_eq!(of_group.constraint_filtered["${attr.kernel.name} = windows"], 3);
        }
    }
}

/// A system job that no node may run says why, as any other (docs/lifecycle.md, section 1).
#[test]
fn a_system_job_that_runs_nowhere_says_why() {
    let nodes = ["n1", "n2", "n3"].map(|id| node(id, 4_000));
    let mut state = state("system", 1, &nodes, &[]);
    state["jobs"][0]["Constraints"] =
        json!([{"LTarget": "${attr.kernel.name}", "RTarget": "windows", "Operand": "="}]);
    let failed = &process(&state).evaluation.failed_tg_allocs["web"];
    assert_eq!((failed.nodes_evaluated, failed.nodes_filtered), (3, 3));
    assert_eq!(failed.constraint_filtered["${attr.kernel.name} = windows"], 3);
}

/// Allocations of a system job are named after its name: under another one they are not wanted
/// (docs/lifecycle.md, section 4, and section 12, trap 22).
#[test]
fn a_system_job_of_another_name_has_other_allocations() {
    let mut there = allocation(0, "n1");
    there["Name"] = json!("web.web[0]");
    let mut state = state("system", 1, &[node("n1", 4_000)], &[there]);
    let mut renamed = state["jobs"][0].clone();
    renamed["Name"] = json!("site");
    state["jobs"].as_array_mut().unwrap().push(renamed);
    let decision = process(&state);
    assert_eq!(decision.stops[0].desired_description, "alloc not needed due to job update");
    assert_eq!((placed(&decision), decision.in_place.len()), (vec!["site.web[0]"], 0));
}

/// Missing names of a node are placed in the order of whole names: `web.a-b[0]` before `web.a[0]`.
#[test]
fn whole_names_are_in_order() {
    let mut state = state("system", 1, &[node("n1", 100)], &[]);
    let mut other = state["jobs"][0]["TaskGroups"][0].clone();
    (other["Name"], state["jobs"][0]["TaskGroups"][0]["Name"]) = (json!("a"), json!("a-b"));
    state["jobs"][0]["TaskGroups"].as_array_mut().unwrap().push(other);
    assert_eq!(placed(&process(&state)), ["web.a-b[0]"]);
}

/// Who uses a volume changes, and what one node of a class has says nothing of the others: neither rules a
/// class out (docs/lifecycle.md, section 6; docs/placement.md, sections 2.2 and 2.3).
#[test]
fn what_may_change_rules_no_class_out() {
    let mut nodes = ["n1", "n2"].map(|id| node(id, 50));
    nodes[0]["HostVolumes"] = json!({"data": {"Path": "/data", "ReadOnly": true}});
    nodes[1]["HostVolumes"] = json!({"data": {"Path": "/data"}});
    let mut state = state("service", 1, &nodes, &[]);
    state["jobs"][0]["TaskGroups"][0]["Volumes"] =
        json!({"data": {"Name": "data", "Type": "host", "Source": "data"}});
    let blocked = &process(&state).created[0];
    assert!(blocked.class_eligibility.values().all(|is_eligible| *is_eligible), "{blocked:?}");
    // In whichever way it is named.
    for unique in ["${attr.unique.hostname}", "unique.hostname", "$attr.unique.hostname"] {
        let mut nodes = ["n1", "n2"].map(|id| node(id, 50));
        nodes[0]["Attributes"]["unique.hostname"] = json!("n1");
        nodes[1]["Attributes"]["unique.hostname"] = json!("n2");
        let mut state = crate::world::state("service", 1, &nodes, &[]);
        state["jobs"][0]["Constraints"] =
            json!([{"LTarget": unique, "RTarget": "n2", "Operand": "="}]);
        let blocked = &process(&state).created[0];
        assert!(blocked.escaped_computed_class && blocked.class_eligibility.is_empty(), "{unique}");
    }
}

/// A job of the first API in its second version, on nodes with this much CPU.
fn rolling(kind: &str, cpu_mhz: u64, wanted_mhz: u64, change: Value) -> Value {
    let nodes = ["n1", "n2", "n3", "n4"].map(|id| node(id, cpu_mhz));
    let there: Vec<Value> = (0..4)
        .map(|number| {
            let mut it = allocation(number, ["n1", "n2", "n3", "n4"][number]);
            if kind == "system" {
                it["Name"] = json!("web.web[0]");
            }
            it
        })
        .collect();
    let mut state = state(kind, if kind == "system" { 1 } else { 4 }, &nodes, &there);
    state["jobs"] = json!([0, 1].map(|version| {
        let mut job = job(kind, if kind == "system" { 1 } else { 4 });
        job["Update"] = json!({"Stagger": 30_000_000_000_i64, "MaxParallel": 2});
        let group = job["TaskGroups"][0].as_object_mut().unwrap();
        group.remove("EphemeralDisk");
        let task = &mut group["Tasks"][0];
        let cpu = if version == 0 { 100 } else { wanted_mhz };
        task["Resources"] = json!({"CPU": cpu, "MemoryMB": 20, "DiskMB": 10, "IOPS": 0});
        if version == 1 {
            for (key, value) in change.as_object().unwrap() {
                task["Resources"][key] = value.clone();
            }
        }
        job
    }));
    state
}

/// A step in which nothing changed is followed by none: what waits for room goes on (docs/lifecycle.md,
/// section 2, steps 4 and 5).
#[test]
fn a_step_that_changes_nothing_has_none_after_it() {
    let decision = process(&rolling("service", 100, 101, json!({})));
    assert!(decision.placements.is_empty() && decision.stops.is_empty());
    let triggers: Vec<&str> = decision.created.iter().map(|it| it.triggered_by.as_str()).collect();
    assert_eq!((triggers, decision.evaluation.next_eval.as_str()), (vec!["queued-allocs"], ""));
    let decision = process(&rolling("service", 4_000, 101, json!({})));
    assert_eq!(decision.created[0].triggered_by, "rolling-update");
}

/// What is read and written a second takes nothing of a node, and changes where it is.
#[test]
fn other_iops_are_an_update_in_place() {
    let decision = process(&rolling("service", 4_000, 100, json!({"IOPS": 100})));
    assert_eq!((decision.in_place.len(), decision.stops.len()), (4, 0));
}

/// Updates of a system job that are held back are still to be placed (docs/lifecycle.md, section 4).
#[test]
fn held_back_updates_are_queued() {
    let decision = process(&rolling("system", 4_000, 101, json!({})));
    assert_eq!(decision.placements.len(), 2);
    assert_eq!(decision.evaluation.queued_allocations["web"], 2);
}

/// Instants at both ends of time have a distance, if only the longest.
#[test]
fn distances_in_time_have_an_end() {
    let mut there = allocation(0, "n1");
    there["ClientStatus"] = json!("failed");
    there["TaskStates"] =
        json!({"main": {"State": "dead", "Failed": true, "FinishedAt": "2026-01-01T00:00:00Z"}});
    there["RescheduleTracker"] = json!({"Events": [{"RescheduleTime": i64::MAX, "Delay": 1}]});
    let mut state = state("service", 1, &[node("n1", 4_000)], &[there]);
    state["jobs"][0]["TaskGroups"][0]["ReschedulePolicy"] =
        json!({"Unlimited": true, "Delay": 30_000_000_000_i64, "DelayFunction": "constant"});
    for now in ["1700-01-01T00:00:00Z", "2262-01-01T00:00:00Z"] {
        state["now"] = json!(now);
        let answer = Question::new(&state).answer();
        assert_eq!(answer["eval"]["Status"], "complete", "{now}");
    }
}

/// A counter at its end stays there.
#[test]
fn a_counter_that_is_full_stays_full() {
    let mut state = changed(state("service", 1, &[node("n1", 4_000)], &[]));
    for version in 0..2 {
        state["jobs"][version]["TaskGroups"][0]["Update"] = json!({"MaxParallel": 1});
    }
    let question = Question::new(&state);
    let mut cluster = question.cluster.fork();
    question.known.versions.iter().for_each(|version| _ = cluster.register_job(version));
    let index = cluster.job("default", "web").unwrap().versions().next().unwrap().create_index;
    let deployment = json!({
        "ID": "d1", "JobID": "web", "JobVersion": 1, "JobCreateIndex": index, "Status": "running",
        "TaskGroups": {"web": {"DesiredTotal": 1, "PlacedAllocs": i64::MAX}},
    });
    cluster.upsert_deployment(&serde_json::from_value(deployment).unwrap()).unwrap();
    let id = cluster.upsert_evaluation(&question.evaluation).unwrap();
    let placed = cluster.process(&id, question.now, &PlaceOptions::default()).unwrap();
    assert_eq!(placed.allocations().count(), 1);
    let group = cluster.deployment("d1").unwrap().task_groups["web"].clone();
    assert_eq!(group.placed_allocs, i64::MAX);
}

/// An evaluation that the cluster does not hold has as many attempts as its type: a batch job two
/// (docs/lifecycle.md, section 2).
#[test]
fn a_given_evaluation_has_the_attempts_of_its_type() {
    for (kind, attempts) in [("batch", 2), ("service", 5)] {
        let question = Question::new(&state(kind, 1, &[node("n1", 4_000)], &[]));
        let mut cluster = question.cluster.fork();
        cluster.register_job(&question.known.versions[0]);
        let given: &Evaluation = &question.evaluation;
        let options = PlaceOptions::default();
        let (mut attempt, mut made) = (Some(Attempt::default()), 0);
        while let Some(now) = attempt {
            let mut fork = cluster.fork();
            let plan = process_with(&mut fork, given, question.now, &options, now);
            let mut gone: Cluster = cluster.fork();
            gone.remove_node("n1").unwrap();
            attempt = gone.commit(plan, question.now).next_attempt();
            made += 1;
        }
        assert_eq!(made, attempts, "{kind}");
    }
}

/// An evaluation that ended while its plan was on its way stays ended, and leaves nothing that waits
/// (docs/lifecycle.md, section 1, *Chains*).
#[test]
fn an_evaluation_that_ended_meanwhile_stays_ended() {
    for status in ["blocked", "pending"] {
        let question = Question::new(&state("service", 2, &[node("n1", 150)], &[]));
        let mut cluster = question.cluster.fork();
        cluster.register_job(&question.known.versions[0]);
        let asked = Evaluation { status: status.into(), ..question.evaluation.clone() };
        let id = cluster.upsert_evaluation(&asked).unwrap();
        let options = PlaceOptions::default();
        let asked = cluster.evaluation(&id).unwrap();
        let plan = process_with(
            &mut cluster.fork(),
            &asked,
            Timestamp::EPOCH,
            &options,
            Attempt::default(),
        );
        cluster.upsert_evaluation(&Evaluation { status: "canceled".into(), ..asked }).unwrap();
        cluster.commit(plan, Timestamp::EPOCH);
        let after = cluster.evaluation(&id).unwrap();
        assert_eq!((after.status.as_str(), after.blocked_eval.as_str()), ("canceled", ""));
        assert!(after.failed_tg_allocs.is_empty() && after.class_eligibility.is_empty());
        assert_eq!(cluster.evaluations_of("default", "web").count(), 1, "{status}");
    }
}

/// An evaluation of one type, of a job that is another by now.
#[test]
fn the_job_says_of_which_type_it_is() {
    for (kind, of_evaluation) in [("batch", "service"), ("service", "batch"), ("system", "service")]
    {
        let mut state = state(kind, 1, &[node("n1", 4_000), node("n2", 4_000)], &[]);
        state["eval"]["Type"] = json!(of_evaluation);
        let decision = process(&state);
        let expected = if kind == "system" { 2 } else { 1 };
        assert_eq!(decision.placements.len(), expected, "{kind} {of_evaluation}");
    }
}

/// A system job of which no two share a rack is changed where it runs, in a deployment of as many
/// (docs/lifecycle.md, section 4, *System deployments*).
#[test]
fn what_runs_apart_is_changed_in_a_deployment() {
    let mut nodes = ["n1", "n2", "n3", "n4"].map(|id| node(id, 4_000));
    for (at, node) in nodes.iter_mut().enumerate() {
        node["Meta"] = json!({"rack": format!("r{}", at / 2)});
    }
    let there = [(0, "n1"), (1, "n3")].map(|(number, node)| {
        let mut it = allocation(number, node);
        it["Name"] = json!("web.web[0]");
        it
    });
    let mut state = changed(state("system", 1, &nodes, &there));
    for version in 0..2 {
        let job = &mut state["jobs"][version];
        job["TaskGroups"][0]["Update"] = json!({"MaxParallel": 1});
        job["Constraints"] = json!([
            {"LTarget": "${meta.rack}", "RTarget": "1", "Operand": "distinct_property"},
        ]);
    }
    let decision = process(&state);
    let deployment = decision.deployment.unwrap();
    assert_eq!(deployment.task_groups["web"].desired_total, 2);
    assert_eq!((decision.placements.len(), decision.stops.len()), (1, 1));
}

/// Of the nodes of a rack that no two may share, one takes the group on the first run, and the deployment
/// waits for no other (docs/lifecycle.md, section 4, *Placement failure*: the node leaves the desired set).
#[test]
fn a_first_deployment_waits_for_what_can_run() {
    let mut nodes = ["n1", "n2", "n3", "n4", "n5"].map(|id| node(id, 4_000));
    for (at, node) in nodes.iter_mut().enumerate() {
        node["Meta"] = json!({"rack": format!("r{}", at / 2)});
    }
    let mut state = state("system", 1, &nodes, &[]);
    let job = &mut state["jobs"][0];
    job["TaskGroups"][0]["Update"] = json!({"MaxParallel": 1});
    job["Constraints"] =
        json!([{"LTarget": "${meta.rack}", "RTarget": "1", "Operand": "distinct_property"}]);
    let decision = process(&state);
    assert_eq!(decision.placements.len(), 3);
    assert_eq!(decision.deployment.unwrap().task_groups["web"].desired_total, 3);
}
