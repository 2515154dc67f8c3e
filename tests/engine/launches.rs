//! Jobs that are launched from others: by a caller, and by the clock.

use stowplan::engine::{
    Applied, CommandError, DeregisterJob, DispatchJob, EvaluateJob, ForcePeriodic, JobCommandError,
    RegisterJob,
};
use stowplan::model::{
    ClientStatus, Job, JobChildrenSummary, JobSpec, JobType, ParameterizedJobConfig, PeriodicConfig,
};

use crate::world::{World, service};

/// A batch job that a caller launches.
fn parameterized(config: ParameterizedJobConfig) -> JobSpec {
    let job = service("mail", 1).job_type(JobType::Batch).meta("who", "nobody").build().unwrap();
    JobSpec { parameterized_job: Some(Box::new(config)), ..job.spec().clone() }
}

fn with_meta() -> ParameterizedJobConfig {
    ParameterizedJobConfig {
        meta_required: vec!["who".into()],
        meta_optional: vec!["why".into()],
        ..ParameterizedJobConfig::default()
    }
}

fn dispatch(who: &str) -> DispatchJob {
    let meta = [("who".to_owned(), who.to_owned())].into_iter().collect();
    DispatchJob { job_id: "mail".into(), meta, ..DispatchJob::default() }
}

fn job(world: &World, id: &str) -> Job {
    world.job("default", id).unwrap().versions().next().unwrap().clone()
}

fn children(world: &World, id: &str) -> (u64, u64, u64) {
    let JobChildrenSummary { pending, running, dead, .. } =
        world.job("default", id).unwrap().summary().unwrap().children;
    (pending, running, dead)
}

fn status(world: &World, id: &str) -> String {
    world.job("default", id).unwrap().document().unwrap().status
}

#[test]
fn a_launch_is_a_job_of_its_own() {
    let mut world = World::new(1);
    let registered = world.tell(RegisterJob::from(parameterized(with_meta())));
    assert_eq!(registered.evaluation_ids(), [] as [String; 0]);
    assert_eq!(status(&world, "mail"), "running");
    let applied = world.tell(DispatchJob { payload: "aGk=".into(), ..dispatch("me") });
    let id = applied.dispatched_job_id.clone();
    let drawn = id.strip_prefix("mail/dispatch-1000-").unwrap();
    assert!(drawn.len() == 8 && drawn.bytes().all(|it| it.is_ascii_hexdigit()), "{id}");
    assert_eq!(
        (applied.job_create_index, applied.job_modify_index),
        (applied.index, applied.index)
    );
    let evaluation = world.evaluation(&applied.evaluation_id());
    assert_eq!(evaluation.triggered_by, "job-register");
    assert_eq!((evaluation.job_id.as_str(), evaluation.evaluation_type.as_str()), (&*id, "batch"));
    let child = job(&world, &id);
    assert_eq!(
        (child.name.as_str(), child.parent_id(), child.is_dispatched()),
        (&*id, "mail", true)
    );
    assert_eq!((child.meta["who"].as_str(), &child.extra["Payload"]), ("me", &"aGk=".into()));
    assert_eq!(children(&world, "mail"), (1, 0, 0));
    world.settle();
    assert_eq!((status(&world, &id).as_str(), children(&world, "mail")), ("running", (0, 1, 0)));
    let ids = world.live(&id);
    world.report(&ids, ClientStatus::Complete);
    world.settle();
    assert_eq!((status(&world, &id).as_str(), children(&world, "mail")), ("dead", (0, 0, 1)));
    // It can be looked at, and the job that it was launched from cannot.
    let evaluate = |job_id: &str| EvaluateJob { job_id: job_id.into(), ..EvaluateJob::default() };
    world.tell(evaluate(&id));
    let error = world.try_to(evaluate("mail")).unwrap_err().to_string();
    assert_eq!(error, "can't evaluate parameterized job");
    // It is registered again as it is, payload and all.
    world.tell(RegisterJob::from(child.spec().clone()));
    world.settle();
}

#[test]
fn launches_have_names_of_their_own() {
    let mut world = World::new(0);
    world.tell(RegisterJob::from(parameterized(with_meta())));
    let mut ids: Vec<String> =
        (0..50).map(|_| world.tell(dispatch("me")).dispatched_job_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 50);
    assert_eq!(children(&world, "mail"), (50, 0, 0));
    let named = world.tell(DispatchJob { id_prefix: "nightly".into(), ..dispatch("me") });
    assert!(named.dispatched_job_id.starts_with("mail/dispatch-nightly-1000-"));
}

#[test]
fn a_launch_is_known_again_by_its_token() {
    let mut world = World::new(1);
    world.tell(RegisterJob::from(parameterized(with_meta())));
    let launch = DispatchJob { idempotency_token: "order-7".into(), ..dispatch("me") };
    let first = world.tell(launch.clone());
    world.settle();
    let index = world.modify_index();
    let again = world.tell(launch.clone());
    assert_eq!(again.dispatched_job_id, first.dispatched_job_id);
    assert_eq!((again.job_create_index, again.evaluation_id().as_str()), (first.index, ""));
    assert_eq!(world.modify_index(), index);
    let other = world.tell(DispatchJob { idempotency_token: "order-8".into(), ..dispatch("me") });
    assert_ne!(other.dispatched_job_id, first.dispatched_job_id);
    // What is purged is not known any more, and counts as done.
    world.settle();
    assert_eq!(children(&world, "mail"), (0, 2, 0));
    let job_id = first.dispatched_job_id.clone();
    world.tell(DeregisterJob { job_id, purge: true, ..DeregisterJob::default() });
    world.settle();
    assert_eq!(children(&world, "mail"), (0, 1, 1));
    let anew = world.tell(launch);
    assert_ne!(anew.dispatched_job_id, first.dispatched_job_id);
    world.settle();
}

#[test]
fn what_a_launch_brings_is_what_the_job_asks_for() {
    let mut world = World::new(0);
    world.settle();
    let missing = "Dispatch did not provide required meta keys: [who]";
    let unknown = "Dispatch request included unpermitted metadata keys: [a x]";
    let refused = |world: &mut World, body: DispatchJob| {
        world.settle();
        let before = world.dump();
        let error = world.try_to(body).unwrap_err().to_string();
        assert_eq!(world.dump(), before);
        error
    };
    assert_eq!(refused(&mut world, dispatch("me")), "parameterized job not found");
    world.tell(RegisterJob::from(parameterized(with_meta())));
    assert_eq!(refused(&mut world, DispatchJob { meta: [].into(), ..dispatch("") }), missing);
    let mut more = dispatch("me");
    more.meta.extend([("x".into(), "y".into()), ("a".into(), "b".into())]);
    assert_eq!(refused(&mut world, more), unknown);
    let payload = |text: &str| DispatchJob { payload: text.into(), ..dispatch("me") };
    assert_eq!(refused(&mut world, payload("hi")), "Payload is not in base 64");
    let long = "AAAA".repeat(5_462);
    let error = refused(&mut world, payload(&long));
    assert_eq!(error, "Payload exceeds maximum size; 16386 > 16384");
    world.tell(payload(&"AAAA".repeat(5_461)));

    let config = |payload: &str| ParameterizedJobConfig { payload: payload.into(), ..with_meta() };
    world.tell(RegisterJob::from(parameterized(config("required"))));
    let error = refused(&mut world, dispatch("me"));
    assert_eq!(error, "Payload is not provided but required by parameterized job");
    world.tell(RegisterJob::from(parameterized(config("forbidden"))));
    let error = refused(&mut world, payload("aGk="));
    assert_eq!(error, "Payload provided but forbidden by parameterized job");

    let child = world.tell(dispatch("me")).dispatched_job_id;
    let error = refused(&mut world, DispatchJob { job_id: child.clone(), ..dispatch("me") });
    assert_eq!(error, format!("Specified job \"{child}\" is not a parameterized job"));
    world.register(&service("web", 1).build().unwrap());
    let error = refused(&mut world, DispatchJob { job_id: "web".into(), ..dispatch("me") });
    assert_eq!(error, "Specified job \"web\" is not a parameterized job");
    // Stopping it leaves what was launched.
    world.tell(DeregisterJob { job_id: "mail".into(), ..DeregisterJob::default() });
    assert_eq!(refused(&mut world, dispatch("me")), "Specified job \"mail\" is stopped");
    assert!(!job(&world, &child).stop);
    // A payload comes with a launch only.
    let mut spec = parameterized(with_meta());
    spec.extra.insert("Payload".into(), "aGk=".into());
    spec.id = "post".into();
    assert!(world.try_to(RegisterJob::from(spec)).is_err());
}

/// A batch job that is launched by the clock.
fn periodic(config: PeriodicConfig) -> RegisterJob {
    let job = service("nightly", 1).job_type(JobType::Batch).build().unwrap();
    JobSpec { periodic: Some(Box::new(config)), ..job.spec().clone() }.into()
}

fn force(world: &mut World) -> Applied {
    world.tell(ForcePeriodic { job_id: "nightly".into(), ..ForcePeriodic::default() })
}

/// The jobs that were launched, with what they have come to.
fn launched(world: &World) -> Vec<(String, String)> {
    let ids = world.jobs().map(|it| it.id().to_owned());
    let mut ids: Vec<String> = ids.filter(|id| id.starts_with("nightly/")).collect();
    ids.sort();
    ids.into_iter().map(|id| (id.clone(), status(world, &id))).collect()
}

#[test]
fn a_periodic_job_is_launched_by_hand_also_while_it_runs() {
    let mut world = World::new(1);
    // One that is not launched by the clock needs no reading of expressions.
    let config = PeriodicConfig {
        enabled: Some(false),
        spec: "@daily".into(),
        prohibit_overlap: true,
        ..PeriodicConfig::default()
    };
    let registered = world.tell(periodic(config));
    assert_eq!((registered.evaluation_id().as_str(), world.next()), ("", None));
    assert_eq!(status(&world, "nightly"), "running");
    let first = force(&mut world);
    assert_eq!(first.dispatched_job_id, "nightly/periodic-1000");
    assert_eq!(world.evaluation(&first.evaluation_id()).triggered_by, "periodic-job");
    world.settle();
    let child = job(&world, "nightly/periodic-1000");
    assert_eq!((child.parent_id(), child.periodic.is_none()), ("nightly", true));
    // Two in one second are two.
    assert_eq!(force(&mut world).dispatched_job_id, "nightly/periodic-1001");
    world.settle();
    assert_eq!(children(&world, "nightly"), (0, 2, 0));
    let error = world.try_to(EvaluateJob { job_id: "nightly".into(), ..EvaluateJob::default() });
    assert_eq!(error.unwrap_err().to_string(), "can't evaluate periodic job");
    world.tell(DeregisterJob { job_id: "nightly".into(), ..DeregisterJob::default() });
    world.settle();
    assert_eq!(status(&world, "nightly"), "dead");
    let running = |id: &str| (id.to_owned(), "running".to_owned());
    let both = [running("nightly/periodic-1000"), running("nightly/periodic-1001")];
    assert_eq!(launched(&world), both);
    let error = world.try_to(ForcePeriodic { job_id: "nightly".into(), ..Default::default() });
    assert_eq!(error.unwrap_err().to_string(), "Specified job \"nightly\" is stopped");
    world.register(&service("web", 1).build().unwrap());
    for (job_id, expected) in
        [("web", "can't force launch non-periodic job"), ("nobody", "job not found")]
    {
        let error = world.try_to(ForcePeriodic { job_id: job_id.into(), ..Default::default() });
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
}

#[cfg(not(feature = "cron"))]
#[test]
fn without_cron_a_periodic_job_is_refused_with_that_reason() {
    let mut world = World::new(0);
    let config = PeriodicConfig { spec: "@daily".into(), ..PeriodicConfig::default() };
    let error = world.try_to(periodic(config)).unwrap_err();
    assert_eq!(error, CommandError::Job(JobCommandError::PeriodicNotSupported));
}

#[cfg(feature = "cron")]
mod by_the_clock {
    use super::*;

    /// Every ten minutes.
    fn config() -> PeriodicConfig {
        PeriodicConfig { spec: "*/10 * * * *".into(), ..PeriodicConfig::default() }
    }

    #[test]
    fn a_periodic_job_is_launched_at_its_instants() {
        let mut world = World::new(1);
        world.tell(periodic(config()));
        // It is 1000 s.
        assert_eq!(world.next(), Some(200));
        assert_eq!(
            world.snapshot().next_launch("default", "nightly").map(|it| it.to_string()),
            Some("1970-01-01T00:20:00Z".to_owned())
        );
        // A dry run says the same.
        let spec = world.job("default", "nightly").unwrap().document().unwrap();
        let found = world.snapshot().dry_run(world.options(), spec, world.now()).unwrap();
        assert_eq!(found.next_launch, world.snapshot().next_launch("default", "nightly"));
        world.pass(199);
        assert_eq!((launched(&world), world.next()), (vec![], Some(1)));
        world.pass(1);
        let running = |id: &str| (id.to_owned(), "running".to_owned());
        assert_eq!(launched(&world), [running("nightly/periodic-1200")]);
        assert_eq!(
            world.evaluations("nightly/periodic-1200"),
            [("periodic-job".into(), "complete".into())]
        );
        assert_eq!(world.next(), Some(600));
        // Whoever comes late finds every launch at its own instant.
        world.pass(1_200);
        let all = [1200, 1800, 2400].map(|at| running(&format!("nightly/periodic-{at}")));
        assert_eq!(launched(&world), all);
        let third = world.job("default", "nightly/periodic-2400").unwrap().document().unwrap();
        assert_eq!(third.submit_time, 2_400_000_000_000);
    }

    #[test]
    fn a_launch_is_skipped_while_another_is_not_done() {
        let mut world = World::new(1);
        let ids = |world: &World| launched(world).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        world.tell(periodic(PeriodicConfig { prohibit_overlap: true, ..config() }));
        world.pass(1_400);
        assert_eq!(ids(&world), ["nightly/periodic-1200"]);
        let index = world.modify_index();
        world.pass(600);
        // What is skipped changes nothing that anybody reads.
        assert_eq!((world.modify_index(), world.next()), (index, Some(600)));
        let live = world.live("nightly/periodic-1200");
        world.report(&live, ClientStatus::Complete);
        world.pass(600);
        assert_eq!(ids(&world), ["nightly/periodic-1200", "nightly/periodic-3600"]);
    }

    #[test]
    fn a_launch_is_skipped_while_one_of_a_job_that_was_purged_is_not_done() {
        let mut world = World::new(1);
        let prohibited = || periodic(PeriodicConfig { prohibit_overlap: true, ..config() });
        world.tell(prohibited());
        world.pass(200);
        let purge = DeregisterJob { purge: true, ..DeregisterJob::default() };
        world.tell(DeregisterJob { job_id: "nightly".into(), ..purge });
        world.settle();
        world.tell(prohibited());
        assert_eq!(children(&world, "nightly"), (0, 1, 0));
        world.pass(600);
        let first = "nightly/periodic-1200";
        assert_eq!(launched(&world), [(first.to_owned(), "running".to_owned())]);
        let live = world.live(first);
        world.report(&live, ClientStatus::Complete);
        world.pass(600);
        assert_eq!(launched(&world).len(), 2);
    }

    #[test]
    fn a_new_version_is_launched_by_its_own_expressions() {
        let mut world = World::new(0);
        world.tell(periodic(config()));
        let several = PeriodicConfig {
            spec: String::new(),
            specs: vec!["30 * * * *".into(), "45 0 * * *".into()],
            time_zone: "Asia/Kolkata".into(),
            ..PeriodicConfig::default()
        };
        world.tell(periodic(several));
        // 00:16:40 UTC is 05:46:40 there.
        assert_eq!(world.next(), Some(2_600));
        world.tell(periodic(PeriodicConfig { enabled: Some(false), ..config() }));
        assert_eq!(world.next(), None);
        world.tell(periodic(config()));
        assert_eq!(world.next(), Some(200));
        world.tell(DeregisterJob { job_id: "nightly".into(), ..DeregisterJob::default() });
        world.settle();
        assert_eq!((world.next(), launched(&world)), (None, vec![]));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let mut world = World::new(0);
        let bad = PeriodicConfig { time_zone: "Mars/Utopia".into(), ..config() };
        let bad = PeriodicConfig { spec: "a b c d e".into(), ..bad };
        let CommandError::Job(JobCommandError::Invalid(errors)) =
            world.try_to(periodic(bad)).unwrap_err()
        else {
            panic!("another error");
        };
        let paths: Vec<&str> = errors.problems().iter().map(|it| it.path()).collect();
        assert_eq!(paths, ["Periodic.Spec", "Periodic.TimeZone"]);
    }
}
