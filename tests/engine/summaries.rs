//! What is kept of jobs beside what they ask for: the texts they were made of, and figures counted anew.

use stowplan::engine::{
    CollectGarbage, Dequeue, DispatchJob, EngineOptions, ReconcileSummaries, RegisterJob,
    SubmitPlan, Topic, UnblockDeployment,
};
use stowplan::model::{
    ClientStatus, DeploymentStatusUpdate, JobSpec, JobSubmission, JobType, ParameterizedJobConfig,
    Plan,
};

use crate::world::{World, options, service};

#[test]
fn the_text_of_each_version_is_kept_with_it() {
    let mut world = World::new(0);
    let text = |source: &str| JobSubmission {
        source: source.into(),
        format: "hcl2".into(),
        variable_flags: [("count".to_owned(), "2".to_owned())].into_iter().collect(),
        ..JobSubmission::default()
    };
    let register = |count: u32, submission: Option<JobSubmission>| RegisterJob {
        submission: submission.map(Box::new),
        ..service("web", count).build().unwrap().spec().clone().into()
    };
    world.tell(register(1, Some(text("one"))));
    world.tell(register(2, None));
    let third = world.tell(register(3, Some(text("three"))));
    let before = world.snapshot();
    // Said anew of the same version, the latest word counts.
    world.tell(register(3, Some(text("drei"))));
    let found = |world: &stowplan::Cluster, version| {
        world.job("default", "web").unwrap().submission(version).map(|it| it.source)
    };
    let all = |world: &stowplan::Cluster| [0, 1, 2, 3].map(|version| found(world, version));
    assert_eq!(all(&before), [Some("one".into()), None, Some("three".into()), None]);
    assert_eq!(all(&world), [Some("one".into()), None, Some("drei".into()), None]);
    let whole = world.job("default", "web").unwrap().submission(2).unwrap();
    assert_eq!((whole.namespace.as_str(), whole.job_id.as_str()), ("default", "web"));
    assert_eq!((whole.version, whole.job_modify_index), (2, third.index));
    assert_eq!(whole.variable_flags["count"], "2");
    let body = r#"{"RegisterJob": {"Job": {"ID": "db"}, "Submission": {"Source": "job", "Format": "hcl1"}}}"#;
    let command: stowplan::engine::Command = serde_json::from_str(body).unwrap();
    let stowplan::engine::Command::RegisterJob(body) = command else { panic!("another command") };
    assert_eq!(body.submission.unwrap().format, "hcl1");
}

#[test]
fn summaries_are_counted_anew_from_what_is_there() {
    let mut world = World::new(1);
    world.run(&service("web", 2).build().unwrap());
    let failed = world.live("web");
    world.report(&failed, ClientStatus::Failed);
    world.pass(40);
    world.bring_up("web");
    world.tell(CollectGarbage {});
    let job = service("mail", 1).job_type(JobType::Batch).build().unwrap();
    let parameterized_job = Some(Box::<ParameterizedJobConfig>::default());
    world.tell(RegisterJob::from(JobSpec { parameterized_job, ..job.spec().clone() }));
    for _ in 0..2 {
        let dispatch = DispatchJob { job_id: "mail".into(), ..DispatchJob::default() };
        let child = world.tell(dispatch).dispatched_job_id;
        world.settle();
        let live = world.live(&child);
        world.report(&live, ClientStatus::Complete);
        world.settle();
        world.tell(CollectGarbage {});
    }
    let counts = |world: &World| {
        let summary = world.job("default", "web").unwrap().summary().unwrap();
        let children = world.job("default", "mail").unwrap().summary().unwrap().children;
        let counts = summary.summary["front"].clone();
        (counts.running, counts.failed, children.dead)
    };
    // What is forgotten stays counted until it is counted anew.
    assert_eq!(counts(&world), (2, 2, 2));
    let applied = world.tell(ReconcileSummaries {});
    assert_eq!(counts(&world), (2, 0, 0));
    let topics: Vec<Topic> = world.events(applied.index - 1).iter().map(|it| it.topic).collect();
    assert_eq!(topics, [Topic::JobSummary, Topic::JobSummary]);
    // Nothing changes where all is as it is counted.
    assert_eq!(world.tell(ReconcileSummaries {}).index, applied.index);
    world.settle();
}

#[test]
fn a_deployment_that_waits_for_other_regions_goes_on() {
    let mut world = World::with(EngineOptions { processed: vec![JobType::Batch], ..options() }, 1);
    let unblock = |deployment_id: &str| UnblockDeployment { deployment_id: deployment_id.into() };
    let error = world.try_to(unblock("d1")).unwrap_err().to_string();
    assert_eq!(error, "deployment not found");
    world.register(&service("web", 1).build().unwrap());
    let take = |world: &mut World| {
        let applied = world.tell(Dequeue { types: vec!["service".into()] });
        (applied.dequeued.unwrap(), applied.token)
    };
    let (eval_id, token) = take(&mut world);
    let evaluation = world.evaluation(&eval_id);
    let mut fork = world.snapshot().fork();
    let plan = stowplan::schedule::process(&mut fork, &evaluation, world.now()).to_document();
    world.tell(SubmitPlan { token: token.clone(), plan });
    let id = world.deployment_id("web");
    let error = world.try_to(unblock(&id)).unwrap_err().to_string();
    assert_eq!(error, "can't unblock deployment that is running");
    // A scheduler outside says that it waits.
    let update = DeploymentStatusUpdate {
        deployment_id: id.clone(),
        status: "blocked".into(),
        status_description: "Deployment is complete but waiting for peer region".into(),
        ..DeploymentStatusUpdate::default()
    };
    let plan = Plan { eval_id, deployment_updates: vec![update], ..Plan::default() };
    world.tell(SubmitPlan { token, plan });
    assert_eq!(world.deployment("web").0, "blocked");
    let applied = world.tell(unblock(&id));
    assert_eq!(world.deployment("web"), ("running".to_owned(), "Deployment is running".to_owned()));
    assert_eq!(world.evaluation(&applied.evaluation_id()).triggered_by, "deployment-watcher");
    assert_eq!(applied.deployment_modify_index, applied.index);
}
