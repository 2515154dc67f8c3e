//! The golden cases in a cluster of their own: at once and by a plan the same comes of them, and once it is
//! done nothing is left to do.

use serde_json::{Map, Value};

use super::load::load;
use super::process::{process, process_with};
use super::situation::Situation;
use crate::cluster::Cluster;
use crate::model::Evaluation;
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

/// Each golden case by its name: a cluster that holds all of it, its evaluation and its instant.
fn cases() -> Vec<(String, Cluster, Evaluation, Timestamp)> {
    let mut cases = Vec::new();
    for name in ["plain", "deploy", "disconnect", "system"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden_lifecycle");
        let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let situation = Situation::from_json(whole(&file, case).to_string()).unwrap();
            let Situation { now, mut cluster, known, evaluation } = situation;
            let (state, _) = cluster.parts_mut();
            let mut transaction = state.begin(now);
            load(&mut transaction, &known, &evaluation);
            transaction.import_evaluation(&evaluation).unwrap();
            transaction.commit();
            cases.push((case["name"].to_string(), cluster, evaluation, now));
        }
    }
    cases
}

#[test]
fn at_once_and_by_a_plan_the_same_comes_of_it() {
    let options = PlaceOptions::default();
    let (mut told, mut changed) = (String::new(), 0);
    for (name, mut cluster, evaluation, now) in cases() {
        let before = cluster.state().dump();
        let mut by_plan = cluster.fork();
        let plan = process(&mut cluster, &evaluation, now);
        assert_eq!(before, cluster.state().dump(), "{name}: processing leaves no trace");
        let committed = by_plan.commit(plan, now);
        let at_once = cluster.process(&evaluation.id, now, &options).unwrap();
        assert_eq!(cluster.check(), Ok(()), "{name}");
        changed += usize::from(at_once.allocations().count() > 0);
        if !committed.is_complete() {
            told += &format!("{name}: {:?}\n", committed.rejected());
        } else if cluster.state().dump() != by_plan.state().dump() {
            let (a, b) = (cluster.state().dump(), by_plan.state().dump());
            let differs = a.lines().zip(b.lines()).find(|(a, b)| a != b);
            told += &format!("{name}: {differs:?}\n");
        }
    }
    assert!(told.is_empty(), "{told}");
    assert!(changed > 300, "{changed}");
}

#[test]
fn a_second_time_nothing_is_proposed() {
    let options = PlaceOptions::default();
    let mut told = String::new();
    for (name, mut cluster, evaluation, now) in cases() {
        cluster.process(&evaluation.id, now, &options).unwrap();
        let again = Evaluation {
            id: "again".into(),
            status: "pending".into(),
            wait_until: None,
            ..evaluation
        };
        let plan = process_with(&mut cluster, &again, now, &options, Attempt::default());
        if !plan.is_no_op() {
            told += &format!(
                "{name}: {} placed, {} stopped, {} updated\n",
                plan.len(),
                plan.stops().len(),
                plan.updates().len()
            );
        }
    }
    assert!(told.is_empty(), "{told}");
}
