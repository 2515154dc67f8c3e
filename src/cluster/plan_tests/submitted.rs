//! Plans that are submitted as documents.

use serde_json::{Value, json};

use super::*;
use crate::plan::rejection::NodeRejection;

/// A world, and the document of a plan that places two on `n1`.
fn placing() -> (World, Value) {
    let world = World::new(&["n1"], job("web", 2, 100));
    let requests = [world.request(0, "n1"), world.request(1, "n1")];
    let plan = world.plan(&requests, world.effects(), Attempt::default());
    let document = serde_json::to_value(plan.to_document()).unwrap();
    (world, document)
}

fn read(world: &World, document: &Value) -> Result<Plan, String> {
    let document = serde_json::from_value(document.clone()).unwrap();
    world.cluster.read_plan(&document).map_err(|errors| errors.to_string())
}

/// How something comes to be wrong, and what is said then.
type Case = (fn(&mut Value), &'static str);

#[test]
fn what_makes_no_sense_is_said_with_its_path() {
    let (world, good) = placing();
    assert!(read(&world, &good).is_ok());
    let cases: [Case; 12] = [
        (|it| it["EvalID"] = json!("e1"), "EvalID: there is no evaluation with the ID `e1`"),
        (
            |it| it["NodeAllocation"]["n1"][1]["ID"] = json!("new[0]"),
            "NodeAllocation: new allocations are named `new[0]`, `new[1]` and so on, each once",
        ),
        (
            |it| it["Job"] = Value::Null,
            "NodeAllocation.n1: `new[0]` is of no job\nNodeAllocation.n1: `new[1]` is of no job",
        ),
        (
            |it| it["NodeAllocation"]["n1"][1]["TaskGroup"] = json!("back"),
            "NodeAllocation.n1: `new[1]` is of the group `back`, which is none",
        ),
        (
            |it| it["NodeAllocation"]["n1"][0]["NodeID"] = json!("n2"),
            "NodeAllocation.n1: `new[0]` is on node `n2`",
        ),
        (
            |it| {
                let task =
                    &mut it["NodeAllocation"]["n1"][0]["AllocatedResources"]["Tasks"]["nginx"];
                task["Cpu"]["ReservedCores"] = json!([1, 1]);
            },
            "NodeAllocation.n1: `new[0]` has 2 cores, and its group asks for 0\n\
             NodeAllocation.n1: `new[0]` has 1 different cores, and its group asks for 2",
        ),
        (
            |it| it["NodeAllocation"]["n1"][0]["DeploymentID"] = json!("d1"),
            "NodeAllocation.DeploymentID: there is no deployment with the ID `d1`",
        ),
        (
            |it| it["Eval"]["Status"] = json!("pending"),
            "Eval.Status: an evaluation is not left `pending`",
        ),
        (|it| it["Eval"]["NextEval"] = json!("new[0]"), "Eval: `new[0]` is none of `CreatedEvals`"),
        (
            |it| it["DeploymentUpdates"] = json!([{"DeploymentID": "d1", "Status": "done"}]),
            "DeploymentUpdates.Status: `done` is no status of a deployment",
        ),
        (
            |it| {
                let update = json!({"DeploymentID": "d1", "Status": "failed"});
                it["DeploymentUpdates"] = json!([update, update]);
            },
            "DeploymentUpdates: expected at most one, found 2",
        ),
        (
            |it| {
                it["EvalID"] = json!("");
                it["CreatedEvals"] = json!([{"ID": "new[0]", "JobID": "web", "Type": "service",
                    "TriggeredBy": "queued-allocs", "Status": "blocked"}]);
            },
            "EvalID: only the plan of an evaluation updates and creates things",
        ),
    ];
    for (change, expected) in cases {
        let mut document = good.clone();
        change(&mut document);
        let errors = read(&world, &document).err().unwrap_or_default();
        assert!(errors.starts_with(expected), "{expected}: {errors}");
    }
}

/// What is gone by then is left out, and a node that is gone refuses its part.
#[test]
fn what_is_gone_is_nobody_elses() {
    let (mut world, mut document) = placing();
    document["NodeUpdate"] = json!({"n1": [{"ID": "gone", "DesiredDescription": "why"}]});
    document["NodeAllocation"]["n9"] = document["NodeAllocation"]["n1"].take();
    document["NodeAllocation"]["n1"] = json!([]);
    for at in 0..2 {
        document["NodeAllocation"]["n9"][at]["NodeID"] = json!("n9");
    }
    let plan = read(&world, &document).unwrap();
    assert_eq!((plan.len(), plan.stops().len()), (2, 0));
    let committed = world.cluster.commit(plan, NOW);
    assert_eq!(committed.rejected(), [("n9".into(), NodeRejection::DoesNotExist)]);
    world.cluster.upsert_node(node("n9"));
    let plan = read(&world, &document).unwrap();
    let committed = world.cluster.commit(plan, NOW);
    assert_eq!((committed.is_complete(), committed.allocations().count()), (true, 2));
    assert_eq!(world.cluster.check(), Ok(()));
}

/// Which attempt it is goes with a plan, so that a scheduler elsewhere comes to an end too
/// (docs/lifecycle.md, section 2, *Attempts*).
#[test]
fn attempts_go_on_over_documents() {
    let (mut world, mut document) = placing();
    assert!(document.get("Attempt").is_none());
    world.change_node("n1", |node| node.scheduling_eligibility = "ineligible".into());
    let mut made = 0;
    loop {
        made += 1;
        let plan = read(&world, &document).unwrap();
        assert_eq!(plan.to_document().attempt, made - 1);
        let committed = world.cluster.commit(plan, NOW);
        assert!(!committed.is_complete());
        let Some(next) = committed.next_attempt() else { break };
        document["Attempt"] = json!(next.failures());
    }
    assert_eq!(made, 5);
    let evaluation = world.evaluation();
    assert_eq!(evaluation.status_description, "maximum attempts reached (5)");
}
