//! Real documents read, validate, and are written as they came.
//!
//! Most of the documents lie outside the package, in a folder `shared` beside it, and users don't have
//! them: tests that need them are ignored, and `.ci/run` runs them where the folder is.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use stowplan::model::{
    Allocation, Deployment, Evaluation, Job, JobSpec, Node, NodeSpec, Problem, read,
};

use crate::shared::{folder, json_files};

fn value(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Whether a value says no more than an absent key does.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.values().all(Value::is_null),
    }
}

/// Where two documents differ by more than defaults.
fn difference(read: &Value, written: &Value, path: &str) -> Option<String> {
    if read == written || (is_default(read) && is_default(written)) {
        return None;
    }
    match (read, written) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                let (a, b) =
                    (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                difference(a, b, &format!("{path}.{key}"))
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(i, (a, b))| difference(a, b, &format!("{path}[{i}]")))
        }
        _ => Some(format!("{path}: read {read}, written {written}")),
    }
}

/// Checks that a document is written as it was read.
fn assert_round_trip<T: Serialize>(context: &str, original: &Value, document: &T) {
    let written = serde_json::to_value(document).unwrap();
    assert_eq!(difference(original, &written, ""), None, "{context}");
}

/// Checks a job: it reads, is written as it was, is valid, and is complete once completed. There is
/// none where it has regular expressions and the build has not.
fn check_job(context: &str, original: &Value) -> Option<Job> {
    let spec: JobSpec =
        read::job(original.to_string()).unwrap_or_else(|e| panic!("{context}: {e}"));
    assert_round_trip(context, original.get("Job").unwrap_or(original), &spec);
    let job = match Job::new(spec) {
        Ok(job) => job,
        Err(errors) => {
            let is_expected = |problem: &Problem| problem.message().contains("feature `regexp`");
            let are_expected = errors.problems().iter().all(is_expected);
            assert!(!cfg!(feature = "regexp") && are_expected, "{context}: {errors}");
            return None;
        }
    };
    let again = Job::new(job.spec().clone()).unwrap_or_else(|e| panic!("{context}: again: {e}"));
    assert_eq!(job, again, "{context}");
    let written = serde_json::to_string(&job).unwrap();
    assert_eq!(written.parse::<Job>().as_ref(), Ok(&job), "{context}");
    Some(job)
}

/// Checks a node likewise.
fn check_node(context: &str, original: &Value) -> Node {
    let spec: NodeSpec =
        read::node(original.to_string()).unwrap_or_else(|e| panic!("{context}: {e}"));
    assert_round_trip(context, original, &spec);
    let node = Node::new(spec).unwrap_or_else(|e| panic!("{context}: {e}"));
    let again = Node::new(node.spec().clone()).unwrap_or_else(|e| panic!("{context}: again: {e}"));
    assert_eq!(node, again, "{context}");
    let written = serde_json::to_string(&node).unwrap();
    assert_eq!(written.parse::<Node>().as_ref(), Ok(&node), "{context}");
    node
}

/// Checks an allocation likewise.
fn check_allocation(context: &str, original: &Value) -> Allocation {
    let mut all =
        read::allocations(original.to_string()).unwrap_or_else(|e| panic!("{context}: {e}"));
    let allocation = all.remove(0);
    assert_round_trip(context, original, &allocation);
    allocation.check().unwrap_or_else(|e| panic!("{context}: {e}"));
    allocation
}

/// All objects in a value that look as wanted, from the outside in.
fn objects<'a>(value: &'a Value, wanted: &dyn Fn(&Value) -> bool, found: &mut Vec<&'a Value>) {
    if wanted(value) {
        found.push(value);
        return;
    }
    match value {
        Value::Object(object) => object.values().for_each(|value| objects(value, wanted, found)),
        Value::Array(list) => list.iter().for_each(|value| objects(value, wanted, found)),
        _ => {}
    }
}

/// The example of the package of a name.
fn example(name: &str) -> Value {
    value(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name))
}

#[test]
fn the_job_of_the_first_api() {
    let job = check_job("example", &example("binstore-storagelocker.json")).unwrap();
    let group = job.group("binsl").unwrap();
    assert_eq!((group.count(), group.disk_mb(), group.tasks.len()), (5, 0, 2));
    assert!(job.constraints[0].is_soft() && job.constraints[0].weight() == 0);
    let task = &group.tasks[0];
    // An explicit 0 is not the default.
    assert_eq!((task.cpu_mhz(), task.memory_mb(), task.network().unwrap().mbits()), (500, 0, 100));
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn the_job_of_the_first_api_as_it_was_documented() {
    let shared = folder("");
    let job = check_job("example", &example("binstore-storagelocker.json")).unwrap();
    let text = fs::read_to_string(shared.join("spec/seed-allocation.md")).unwrap();
    let (_, rest) = text.split_once("```javascript").unwrap();
    let (json, _) = rest.split_once("```").unwrap();
    let allocation = check_allocation("seed", &serde_json::from_str(json).unwrap());
    assert_eq!(Job::new(JobSpec::clone(allocation.job.as_deref().unwrap())), Ok(job));
}

#[test]
fn the_nodes_of_the_examples() {
    let nodes = example("nodes.json");
    let nodes: Vec<Node> =
        nodes.as_array().unwrap().iter().map(|node| check_node("example", node)).collect();
    assert_eq!(nodes.len(), 8);
    assert_eq!(nodes.iter().filter(|node| node.is_ready()).count(), 6);
    let fits = |node: &&Node| {
        node.is_ready()
            && ["us2", "eu1"].contains(&node.datacenter.as_str())
            && ["docker", "java"].iter().all(|driver| node.drivers.contains_key(*driver))
    };
    assert!(nodes.iter().filter(fits).count() >= 4);
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn jobs_that_people_run() {
    let shared = folder("");
    let files = json_files(&shared.join("data/jobs/json"));
    assert!(files.len() >= 40, "found only {} jobs", files.len());
    for path in &files {
        check_job(&path.display().to_string(), &value(path));
    }
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn nodes_as_documented_and_as_fingerprinted() {
    let shared = folder("");
    let mut count = 0;
    for path in json_files(&shared.join("data/nodes")) {
        let context = path.display().to_string();
        if context.ends_with("/index.json") {
            continue;
        }
        let original = value(&path);
        let Value::Array(stubs) = &original else {
            count += 1;
            let node = check_node(&context, &original);
            assert!(node.is_ready() && node.cpu_mhz() > 0, "{context}");
            assert!(node.addresses().iter().all(|address| address.alias == "default"), "{context}");
            continue;
        };
        // Lists hold nodes without their resources. They read, but are no nodes to schedule on.
        for (stub, spec) in stubs.iter().zip(read::nodes(original.to_string()).unwrap()) {
            assert_round_trip(&context, stub, &spec);
            let errors = Node::new(spec).unwrap_err();
            assert_eq!(errors.problems().len(), 1, "{context}: {errors}");
            assert_eq!(errors.problems()[0].path(), "NodeResources", "{context}");
        }
    }
    assert!(count >= 6, "found only {count} nodes");
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn a_production_cluster() {
    let shared = folder("");
    let folder = shared.join("data/openb");
    let Value::Array(nodes) = value(&folder.join("nodes.json")) else { panic!("no list") };
    assert_eq!(nodes.len(), 1523);
    let mut gpus = 0;
    for node in &nodes {
        let node = check_node("nodes.json", node);
        gpus += node.devices().iter().map(|device| device.instances.len()).sum::<usize>();
    }
    assert_eq!(gpus, 6212);
    let jobs = read::jobs(fs::read(folder.join("jobs.json")).unwrap()).unwrap();
    assert_eq!(jobs.len(), 8152);
    for job in jobs {
        let job = Job::new(job).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(job.task_groups[0].disk_mb(), 10);
    }
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn golden_cases() {
    let shared = folder("");
    for path in json_files(&shared.join("golden")) {
        let cluster = value(&path);
        let context = path.display().to_string();
        for node in cluster["nodes"].as_array().unwrap() {
            check_node(&context, node);
        }
        for allocation in cluster["allocs"].as_array().unwrap() {
            let allocation = check_allocation(&context, allocation);
            Job::new(JobSpec::clone(allocation.job.as_deref().unwrap())).unwrap();
        }
        for case in cluster["cases"].as_array().unwrap() {
            check_job(&format!("{context} {}", case["name"]), &case["job"]);
            for allocation in case["own_allocs"].as_array().unwrap() {
                check_allocation(&context, allocation);
            }
        }
    }
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn golden_lifecycle_cases() {
    let shared = folder("");
    let overridden = |template: &Value, own: &Value| {
        let mut whole = template.as_object().unwrap().clone();
        whole.extend(own.as_object().unwrap().clone());
        Value::Object(whole)
    };
    for path in json_files(&shared.join("golden-lifecycle")) {
        let file = value(&path);
        for case in file["cases"].as_array().unwrap() {
            let context = format!("{} {}", path.display(), case["name"]);
            for node in case["nodes"].as_array().unwrap() {
                check_node(&context, &overridden(&file["node_template"], node));
            }
            for job in case["jobs"].as_array().unwrap() {
                check_job(&context, job);
            }
            for allocation in case["allocs"].as_array().unwrap() {
                let original = overridden(&file["alloc_template"], allocation);
                let allocation = check_allocation(&context, &original);
                let states = allocation.task_states.values();
                assert!(states.clone().all(|state| state.extra.is_empty()), "{context}");
                assert!(allocation.extra.is_empty(), "{context}: {:?}", allocation.extra);
            }
            let evaluation: Evaluation = serde_json::from_value(case["eval"].clone()).unwrap();
            assert_round_trip(&context, &case["eval"], &evaluation);
            assert!(evaluation.extra.is_empty(), "{context}: {:?}", evaluation.extra);
            if !case["deployment"].is_null() {
                let deployment: Deployment =
                    serde_json::from_value(case["deployment"].clone()).unwrap();
                assert_round_trip(&context, &case["deployment"], &deployment);
                assert!(deployment.extra.is_empty(), "{context}: {:?}", deployment.extra);
            }
        }
    }
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn recordings_of_a_real_server() {
    let shared = folder("");
    let is_node = |value: &Value| value.get("NodeResources").is_some_and(Value::is_object);
    let is_allocation = |value: &Value| {
        value.get("ClientStatus").is_some_and(Value::is_string) && value.get("JobID").is_some()
    };
    let is_evaluation = |value: &Value| value.get("TriggeredBy").is_some_and(Value::is_string);
    let is_deployment = |value: &Value| value.get("JobSpecModifyIndex").is_some();
    let (mut node_count, mut allocation_count) = (0, 0);
    let (mut evaluation_count, mut deployment_count) = (0, 0);
    for folder in ["data/scheduling", "data/recorded/cluster-api"] {
        for path in json_files(&shared.join(folder)) {
            let recording = value(&path);
            let context = path.display().to_string();
            let mut found = Vec::new();
            objects(&recording, &is_node, &mut found);
            node_count += found.len();
            for node in found.drain(..) {
                // Lists with resources lack the other half of a node, but not what is checked.
                check_node(&context, node);
            }
            objects(&recording, &is_allocation, &mut found);
            allocation_count += found.len();
            for allocation in found.drain(..) {
                check_allocation(&context, allocation);
            }
            objects(&recording, &is_evaluation, &mut found);
            evaluation_count += found.len();
            for original in found.drain(..) {
                let evaluation: Evaluation = serde_json::from_value(original.clone()).unwrap();
                assert_round_trip(&context, original, &evaluation);
                assert!(evaluation.status().is_some(), "{context}");
                assert!(evaluation.trigger().is_some(), "{context}");
                assert!(evaluation.extra.is_empty(), "{context}: {:?}", evaluation.extra);
            }
            objects(&recording, &is_deployment, &mut found);
            deployment_count += found.len();
            for original in found.drain(..) {
                let deployment: Deployment = serde_json::from_value(original.clone()).unwrap();
                assert_round_trip(&context, original, &deployment);
                assert!(deployment.status().is_some(), "{context}");
                assert!(deployment.extra.is_empty(), "{context}: {:?}", deployment.extra);
            }
            if let Some(job) = recording.get("job") {
                check_job(&context, job);
            }
        }
    }
    assert!(node_count > 150 && allocation_count > 300, "{node_count} {allocation_count}");
    assert!(
        evaluation_count > 150 && deployment_count > 50,
        "{evaluation_count} {deployment_count}"
    );
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn answers_to_dry_runs_and_what_operators_set() {
    use stowplan::model::{JobPlanResponse, JobSummary, Namespace, SchedulerConfiguration};
    let shared = folder("");
    let body = |name: &str| {
        let recording = value(&shared.join("data/recorded/cluster-api").join(name));
        recording["response"]["body"].clone()
    };
    for name in ["015-job-plan-new.json", "138-job-plan-destructive-update.json"] {
        let original = body(name);
        let response: JobPlanResponse = serde_json::from_value(original.clone()).unwrap();
        assert_round_trip(name, &original, &response);
        let diff = response.diff.unwrap();
        assert!(response.extra.is_empty() && diff.extra.is_empty());
        assert!(
            diff.task_groups[0].extra.is_empty() && diff.fields.iter().all(|f| f.extra.is_empty())
        );
    }
    let original = body("033-job-summary.json");
    let summary: JobSummary = serde_json::from_value(original.clone()).unwrap();
    assert_round_trip("summary", &original, &summary);
    assert_eq!((summary.summary["g"].running, summary.extra.len()), (3, 0));
    let original = body("209-scheduler-config.json")["SchedulerConfig"].clone();
    let config: SchedulerConfiguration = serde_json::from_value(original.clone()).unwrap();
    assert_round_trip("configuration", &original, &config);
    assert!(config.is_preemption_enabled(stowplan::model::JobType::Batch));
    let original = body("223-namespaces.json");
    let namespaces: Vec<Namespace> = serde_json::from_value(original.clone()).unwrap();
    assert_round_trip("namespaces", &original, &namespaces);
    assert_eq!(namespaces[0].name, "default");
}
