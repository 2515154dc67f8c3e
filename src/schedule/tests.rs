//! The golden cases in a cluster of their own: at once and by a plan the same comes of them, and once it is
//! done nothing is left to do.

use serde_json::{Map, Value};

use super::job_state::JobState;
use super::load::load;
use super::process::{process, process_with};
use super::situation::Situation;
use crate::cluster::Cluster;
use crate::model::{Evaluation, TaskGroup};
use crate::placement::options::PlaceOptions;
use crate::plan::attempt::Attempt;
use crate::time::Timestamp;

/// A golden case with its templates filled in.
fn whole(file: &Value, case: &Value) -> Value {
    let mut whole = Map::new();
    for key in ["now", "nodes", "jobs", "allocs", "deployment", "eval"] {
        whole.insert(key.to_owned(), case[key].clone());
    }
    for (list, template) in [("nodes", "node_template"), ("allocs", "alloc_template")] {
        for item in whole[list].as_array_mut().unwrap() {
            let mut merged: Map<String, Value> = file[template].as_object().unwrap().clone();
            merged.extend(item.as_object().unwrap().clone());
            *item = Value::Object(merged);
        }
    }
    whole.into()
}

/// A golden case: a cluster that holds all of it, its evaluation and its instant.
struct Case {
    name: String,
    cluster: Cluster,
    known: JobState,
    evaluation: Evaluation,
    now: Timestamp,
}

impl Case {
    /// Whether its deployment can be one of the present version: that of a running job is not cancelled,
    /// and knows of the canaries that the job wants. Three cases are none (deploy-4, deploy-94 and deploy-138):
    /// a real Nomad places canaries there that belong to no deployment, and as nobody knows them for
    /// canaries, they are stopped and placed anew in every pass.
    fn can_come_about(&self) -> bool {
        let (Some(job), Some(latest)) = (self.known.versions.last(), self.known.deployments.last())
        else {
            return true;
        };
        let canaries = |group: &TaskGroup| group.update.as_ref().map_or(0, |it| it.canary());
        let is_known = job.task_groups.iter().all(|group| {
            let state = latest.task_groups.get(&group.name);
            state.is_none_or(|state| state.desired_canaries >= i64::from(canaries(group)))
        });
        latest.job_version != job.version || (is_known && latest.status != "cancelled")
    }
}

fn cases() -> impl Iterator<Item = Case> {
    ["plain", "deploy", "disconnect", "system"].into_iter().flat_map(|name| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden_lifecycle");
        let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let cases = file["cases"].as_array().unwrap().clone();
        cases.into_iter().map(move |case| loaded(&file, &case))
    })
}

fn loaded(file: &Value, case: &Value) -> Case {
    let situation = Situation::from_json(whole(file, case).to_string()).unwrap();
    let Situation { now, mut cluster, known, evaluation } = situation;
    let (state, _) = cluster.parts_mut();
    let mut transaction = state.begin(now);
    load(&mut transaction, &known, &evaluation);
    transaction.import_evaluation(&evaluation).unwrap();
    transaction.commit();
    let name = case["name"].to_string();
    Case { name, cluster, known, evaluation, now }
}

/// Everything that documents say of a cluster.
fn documents(cluster: &Cluster) -> Vec<String> {
    let mut documents: Vec<String> =
        cluster.allocations().map(|it| serde_json::to_string(&it).unwrap()).collect();
    let evaluations = cluster.evaluations_of("default", "web");
    documents.extend(evaluations.map(|it| serde_json::to_string(&it).unwrap()));
    let deployments = cluster.deployments_of("default", "web");
    documents.extend(deployments.map(|it| serde_json::to_string(&it).unwrap()));
    documents.sort_unstable();
    documents.push(format!("index {}, digest {}", cluster.modify_index(), cluster.digest()));
    documents
}

#[test]
fn at_once_and_by_a_plan_the_same_comes_of_it() {
    let options = PlaceOptions::default();
    let (mut told, mut placed) = (String::new(), 0);
    for Case { name, mut cluster, evaluation, now, .. } in cases() {
        let before = cluster.state().dump();
        let mut by_plan = cluster.fork();
        let plan = process(&mut cluster, &evaluation, now);
        assert_eq!(before, cluster.state().dump(), "{name}: processing leaves no trace");
        let committed = by_plan.commit(plan, now);
        let at_once = cluster.process(&evaluation.id, now, &options).unwrap();
        assert_eq!((cluster.check(), by_plan.check()), (Ok(()), Ok(())), "{name}");
        placed += at_once.allocations().count();
        let (a, b) = (documents(&cluster), documents(&by_plan));
        if !committed.is_complete() {
            told += &format!("{name}: {:?}\n", committed.rejected());
        } else if let Some((a, b)) = a.iter().zip(&b).find(|(a, b)| a != b) {
            told += &format!("{name}:\n  at once {a}\n  planned {b}\n");
        }
    }
    assert!(told.is_empty(), "{told}");
    assert!(placed > 1_000, "{placed}");
}

/// What starts a chain of steps goes on with the next one, until nothing is left to be done at that
/// instant. What was told to stop may be told so again.
#[test]
fn in_the_end_nothing_is_proposed() {
    let options = PlaceOptions::default();
    let mut told = String::new();
    for Case { name, mut cluster, evaluation, now, .. } in cases().filter(Case::can_come_about) {
        cluster.process(&evaluation.id, now, &options).unwrap();
        let proposed = (0..8).map(|step| {
            let again = Evaluation {
                id: format!("again-{step}"),
                status: "pending".into(),
                wait_until: None,
                ..evaluation.clone()
            };
            let plan = process_with(&mut cluster, &again, now, &options, Attempt::default());
            let live = |id: &str| cluster.view(id).is_some_and(|view| view.is_live());
            let stops = plan.stops().iter().filter(|stop| live(stop.id())).count();
            let proposed = (plan.len(), stops, plan.updates().len());
            cluster.commit(plan, now);
            proposed
        });
        let proposed: Vec<_> = proposed.collect();
        if proposed.last() != Some(&(0, 0, 0)) {
            told += &format!("{name}: {proposed:?}\n");
        }
    }
    assert!(told.is_empty(), "{told}");
}
