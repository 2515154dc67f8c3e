//! Traps of the specification that are about the engine as a whole (docs/lifecycle.md, section 12).

use stowplan::engine::{DeregisterJob, EngineOptions, EvaluateJob, FailDeployment, SetNodeStatus};
use stowplan::model::JobType;

use crate::world::{World, node, options, service};

/// Evaluations are `canceled`, deployments `cancelled`.
#[test]
fn trap_23_evaluations_are_canceled_and_deployments_cancelled() {
    let mut world = World::new(0);
    world.register(&service("web", 1).build().unwrap());
    world.settle();
    // The same job waits for room once, and the older wait is over.
    world.tell(EvaluateJob { job_id: "web".into(), ..EvaluateJob::default() });
    world.settle();
    let statuses: Vec<String> =
        world.evaluations_of("default", "web").map(|it| it.status).collect();
    assert!(statuses.contains(&"canceled".to_owned()), "{statuses:?}");
    assert!(!statuses.iter().any(|it| it == "cancelled"), "{statuses:?}");
    world.join(&node("n1"));
    world.settle();
    assert_eq!(world.deployment("web").0, "running");
    world.tell(DeregisterJob { job_id: "web".into(), ..DeregisterJob::default() });
    world.settle();
    let ended = ("cancelled".to_owned(), "Cancelled because job is stopped".to_owned());
    assert_eq!(world.deployment("web"), ended);
    let deployment_id = world.deployment_id("web");
    let error = world.try_to(FailDeployment { deployment_id }).unwrap_err().to_string();
    assert_eq!(error, "can't fail terminal deployment");
}

/// The order of maps shows nowhere: an engine to which the same things came in another order, with all of
/// them there before anything is placed, puts the same things in the same places.
#[test]
fn trap_25_what_is_in_no_order_is_taken_in_a_fixed_one() {
    let world = |nodes: &[&str]| {
        let mut world = World::with(EngineOptions { seed: 7, ..options() }, 0);
        nodes.iter().for_each(|id| drop(world.join(&node(id))));
        let job = service("web", 7);
        let job = job.group("back", 5, |g| g.task("t", "docker", |t| t.cpu_shares(300)));
        world.run(&job.build().unwrap());
        world.run(&service("all", 1).job_type(JobType::System).build().unwrap());
        let status = |status: &str| SetNodeStatus { node_id: "n2".into(), status: status.into() };
        world.tell(status("down"));
        world.settle();
        world.bring_up("web");
        let mut found: Vec<(String, String, String)> = ["web", "all"]
            .into_iter()
            .flat_map(|job| world.allocations_of("default", job))
            .map(|it| {
                let document = it.document();
                (document.name.clone(), document.node_id.clone(), document.desired_status.clone())
            })
            .collect();
        found.sort();
        let evaluations: Vec<(String, String)> =
            ["web", "all"].into_iter().flat_map(|job| world.evaluations(job)).collect();
        (found, evaluations)
    };
    let expected = world(&["n1", "n2", "n3", "n4"]);
    assert_eq!(world(&["n4", "n2", "n1", "n3"]), expected);
    assert_eq!(world(&["n3", "n4", "n2", "n1"]), expected);
}
