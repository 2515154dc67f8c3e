//! Four schedulers in threads of their own, each on forks of one cluster, and one committer (optimistic
//! concurrency): `cargo run --release --example parallel`. Where two schedulers chose the same room, the
//! node refuses the second plan's part, and that evaluation is processed again on a newer fork.

use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use stowplan::model::{Job, Node, Trigger};
use stowplan::schedule::process_with;
use stowplan::{Attempt, Cluster, PlaceOptions, Timestamp};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let node = |at: usize| {
        Node::builder(format!("n{at}")).cpu_shares(4_000).memory_mb(4_096).driver("docker").build()
    };
    let mut cluster = Cluster::new((0..100).map(node).collect::<Result<Vec<_>, _>>()?)?;
    let mut waiting = Vec::new();
    for at in 0..75 {
        let job = Job::builder(format!("job-{at}")).group("web", 10, |group| {
            group.task("nginx", "docker", |task| task.cpu_shares(500).memory_mb(256))
        });
        cluster.register_job(&job.build()?);
        let id = cluster.evaluate_job("default", &format!("job-{at}"), Trigger::JobRegister)?;
        waiting.extend(cluster.evaluation(&id));
    }
    let (now, options) = (Timestamp::EPOCH, PlaceOptions::default());
    let (waiting, latest) = (Mutex::new(waiting), Mutex::new(cluster.fork()));
    let (submit, plans) = mpsc::channel();
    let (mut committed, mut refused) = (0, 0);

    thread::scope(|scope| {
        for _ in 0..4 {
            let submit = submit.clone();
            let (waiting, latest, options) = (&waiting, &latest, &options);
            scope.spawn(move || {
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
                while let Some(evaluation) = next() {
                    let mut attempt = Some(Attempt::default());
                    while let Some(this) = attempt {
                        let mut fork = latest.lock().unwrap_or_else(PoisonError::into_inner).fork();
                        let plan = process_with(&mut fork, &evaluation, now, options, this);
                        let (answer, answered) = mpsc::channel();
                        // Who hears nothing has nobody to commit to.
                        let is_sent = submit.send((plan, answer)).is_ok();
                        attempt = answered.recv().ok().flatten().filter(|_| is_sent);
                    }
                }
            });
        }
        drop(submit);
        for (plan, answer) in plans {
            let outcome = cluster.commit(plan, now);
            committed += outcome.allocations().count();
            refused += outcome.rejected().len();
            *latest.lock().unwrap_or_else(PoisonError::into_inner) = cluster.fork();
            // A scheduler that is gone does not mind.
            let _ = answer.send(outcome.next_attempt());
        }
    });

    println!("{committed} allocations committed, {refused} times a node refused its part");
    assert_eq!(committed, 750);
    cluster.check()?;
    Ok(())
}
