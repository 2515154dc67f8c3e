//! What is placed, in which order, and what `--json` says of it.

use serde_json::{Value, json};

use super::documents::{allocation, job, node};
use super::{Folder, example, package};

/// The names of the allocations with their nodes, in the order of the answer.
fn placed(answer: &Value) -> Vec<(&str, &str)> {
    let allocations = answer["Allocations"].as_array().unwrap().iter();
    allocations.map(|it| (it["Name"].as_str().unwrap(), it["NodeID"].as_str().unwrap())).collect()
}

/// The keys of an object, sorted.
fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_example_is_placed_whole() {
    let answer = Folder::new("example").run(&format!("{} --json", example()));
    assert_eq!(answer.status, 0);
    let answer = answer.json();
    assert_eq!(keys(&answer), ["Allocations", "FailedAllocations", "FailedTGAllocs", "Warnings"]);
    assert_eq!(answer["FailedTGAllocs"], json!({}));
    assert_eq!(answer["FailedAllocations"], json!([]));
    let names: Vec<&str> = placed(&answer).into_iter().map(|(name, _)| name).collect();
    let expected = (0..5).map(|i| format!("binstore-storagelocker.binsl[{i}]"));
    assert_eq!(names, expected.collect::<Vec<_>>());
    for allocation in answer["Allocations"].as_array().unwrap() {
        assert_eq!(allocation["Metrics"]["NodesEvaluated"], 5);
        assert_eq!(allocation["Metrics"]["ScoreMetaData"].as_array().unwrap().len(), 4);
        assert_eq!(allocation["AllocatedResources"]["Tasks"]["binstore"]["Cpu"]["CpuShares"], 500);
    }
}

/// The first API's example of a failed allocation.
#[test]
fn the_example_on_no_nodes_leaves_one_failed_allocation() {
    let folder = Folder::new("no-nodes").with("nodes.json", "[]");
    let job = package("examples/binstore-storagelocker.json");
    let answer = folder.run(&format!("place --nodes nodes.json --job {} --json", job.display()));
    assert_eq!(answer.status, 2);
    let answer = answer.json();
    assert_eq!(answer["Allocations"], json!([]));
    let [failed] = answer["FailedAllocations"].as_array().unwrap().as_slice() else {
        panic!("not one: {}", answer["FailedAllocations"])
    };
    for (key, value) in [
        ("NodeID", json!("")),
        ("Name", json!("binstore-storagelocker.binsl[0]")),
        ("TaskResources", Value::Null),
        ("DesiredStatus", json!("failed")),
        ("DesiredDescription", json!("failed to find a node for placement")),
        ("ClientStatus", json!("failed")),
    ] {
        assert_eq!(failed[key], value, "{key}");
    }
    assert_eq!(failed["Resources"]["CPU"], 1000);
    assert_eq!(failed["Metrics"]["NodesEvaluated"], 0);
    assert_eq!(failed["Metrics"]["CoalescedFailures"], 4);
    let metrics = &answer["FailedTGAllocs"]["binstore-storagelocker"]["binsl"];
    assert_eq!(metrics, &failed["Metrics"]);
}

#[test]
fn jobs_are_placed_by_priority_and_then_as_given() {
    let folder = Folder::new("priority")
        .with("nodes.json", json!([node("n1", 1000)]))
        .with("a.json", json!([job("low", 20, 1, 400), job("middle-1", 50, 1, 100)]))
        .with("b.json", json!({"Job": job("high", 80, 1, 600)}))
        .with("c.json", job("middle-2", 50, 1, 100));
    let answer =
        folder.run("place --nodes nodes.json --job a.json --job b.json --job c.json --json");
    assert_eq!(answer.status, 2);
    let answer = answer.json();
    let expected = ["high.group[0]", "middle-1.group[0]", "middle-2.group[0]"];
    assert_eq!(placed(&answer), expected.map(|name| (name, "n1")));
    assert_eq!(keys(&answer["FailedTGAllocs"]), ["low"]);
    let metrics = &answer["FailedTGAllocs"]["low"]["group"];
    assert_eq!(metrics["DimensionExhausted"], json!({"cpu": 1}));
}

#[test]
fn standard_input_may_hold_any_of_the_files() {
    let nodes = json!(node("n1", 1000)).to_string();
    let job = json!({"Job": job("web", 50, 1, 400)}).to_string();
    let folder = Folder::new("stdin").with("nodes.json", &nodes).with("job.json", &job);
    let from_files = folder.run("place --nodes nodes.json --job job.json --json");
    assert_eq!(from_files.status, 0);
    let answers = [
        folder.run_with(&nodes, "place --nodes - --job job.json --json"),
        folder.run_with(&job, "place --nodes nodes.json --job - --json"),
        folder.run_with("[]", "place --nodes nodes.json --job job.json --allocs - --json"),
    ];
    for answer in answers {
        assert_eq!((answer.status, &answer.stdout), (0, &from_files.stdout));
    }
}

#[test]
fn only_what_is_missing_is_placed() {
    let mut ended = allocation("00000000-0000-0000-0000-000000000002", "web", "gone", 900);
    ended["ClientStatus"] = json!("complete");
    let mut other = allocation("00000000-0000-0000-0000-000000000003", "db", "n2", 900);
    other["Job"] = job("db", 50, 1, 900);
    let live = allocation("00000000-0000-0000-0000-000000000001", "web", "n1", 200);
    let folder = Folder::new("missing")
        .with("nodes.json", json!([node("n1", 1000), node("n2", 1000)]))
        .with("allocs.json", json!([live, ended, other]))
        .with("job.json", job("web", 50, 3, 200));
    let files = "place --nodes nodes.json --job job.json --allocs allocs.json";
    let answer = folder.run(&format!("{files} --json"));
    assert_eq!(answer.status, 0);
    // The index 0 is taken by the live one.
    let answer = answer.json();
    assert_eq!(placed(&answer), [("web.group[1]", "n1"), ("web.group[2]", "n1")]);

    folder.write("job.json", job("web", 50, 1, 200));
    let answer = folder.run(files);
    assert_eq!(answer.status, 0);
    assert!(answer.stdout.ends_with("1 job: 0 allocations placed, none is missing\n"));
}

#[test]
fn nothing_is_evicted_without_preempt_not_even_for_system_jobs() {
    let mut low = allocation("00000000-0000-0000-0000-000000000001", "low", "n1", 900);
    low["Job"] = job("low", 20, 1, 900);
    let folder = Folder::new("preempt")
        .with("nodes.json", node("n1", 1000))
        .with("allocs.json", json!([low]));
    for job_type in ["service", "batch", "system", "sysbatch"] {
        let mut high = job("high", 80, 1, 500);
        high["Type"] = json!(job_type);
        folder.write("job.json", high);
        let files = "place --nodes nodes.json --job job.json --allocs allocs.json --json";

        let without = folder.run(&format!("{files} --explain"));
        assert_eq!(without.status, 2, "{job_type}");
        let without = without.json();
        assert_eq!(without["Allocations"], json!([]), "{job_type}");
        let explained = &without["Explain"]["high"]["group"];
        assert_eq!(keys(explained), ["Fixes", "Nodes"], "{job_type}");

        let with = folder.run(&format!("{files} --explain --preempt"));
        assert_eq!(with.status, 0, "{job_type}");
        let with = with.json();
        let evicted = json!(["00000000-0000-0000-0000-000000000001"]);
        assert_eq!(with["Allocations"][0]["PreemptedAllocations"], evicted, "{job_type}");
        let explained = &with["Explain"]["high"]["group"];
        assert_eq!(keys(explained), ["Fixes", "Nodes", "NodesWithPreemption"], "{job_type}");
        assert_eq!(explained["NodesWithPreemption"][0]["Preempts"], evicted, "{job_type}");
        assert_eq!(explained["Nodes"][0]["Verdict"], "exhausted", "{job_type}");
    }
}

#[test]
fn every_verdict_has_every_key() {
    let mut down = node("n2", 1000);
    down["Status"] = json!("down");
    down["Datacenter"] = json!("dc2");
    let mut without_driver = node("n3", 1000);
    without_driver["Attributes"] = json!({});
    let mut web = job("web", 50, 1, 500);
    web["Datacenters"] = json!(["dc1"]);
    web["Constraints"] = json!([{"LTarget": "${meta.rack}", "Operand": "=", "RTarget": "r1"}]);
    let mut nodes = json!([node("n1", 1000), down, without_driver, node("n4", 300)]);
    for at in [0, 3] {
        nodes[at]["Meta"] = json!({"rack": "r1"});
    }
    let folder = Folder::new("verdicts").with("nodes.json", nodes).with("job.json", web);
    let answer = folder.run("place --nodes nodes.json --job job.json --json --explain").json();
    let expected = json!([
        {"NodeID": "n1", "Verdict": "ranked", "Reasons": [], "Preempts": [],
         "Scores": {"binpack": 0.3811512056447826, "job-anti-affinity": 0.0,
                    "node-reschedule-penalty": 0.0, "node-affinity": 0.0},
         "NormScore": 0.3811512056447826},
        {"NodeID": "n2", "Verdict": "not-candidate", "Reasons": ["status `down`", "datacenter `dc2`"],
         "Scores": {}, "NormScore": null, "Preempts": []},
        {"NodeID": "n3", "Verdict": "filtered",
         "Reasons": ["${meta.rack} = r1", "missing drivers"],
         "Scores": {}, "NormScore": null, "Preempts": []},
        {"NodeID": "n4", "Verdict": "exhausted", "Reasons": ["cpu"],
         "Scores": {}, "NormScore": null, "Preempts": [],
         "Shortages": [{"Dimension": "cpu", "Asked": 500, "Used": 0, "Free": 300}]},
    ]);
    let nodes = &answer["Explain"]["web"]["group"]["Nodes"];
    assert_eq!(nodes, &expected, "{nodes:#}");
    assert_eq!(answer["Explain"]["web"]["group"]["Fixes"], json!([]));
}

#[test]
fn fixes_have_a_text_how_many_nodes_and_what_to_change() {
    let folder = Folder::new("fixes")
        .with("nodes.json", json!([node("n1", 400), node("n2", 200)]))
        .with("job.json", job("web", 50, 1, 500));
    let answer = folder.run("place --nodes nodes.json --job job.json --json --explain");
    assert_eq!(answer.status, 2);
    let answer = answer.json();
    let first = &answer["Explain"]["web"]["group"]["Fixes"][0];
    let expected = json!({
        "Text": "1 node (`n1`) with 100 MHz more CPU free",
        "Nodes": 1,
        "Actions": [{"Kind": "AddResources", "Nodes": ["n1"], "CPU": 100, "MemoryMB": 0, "DiskMB": 0}],
    });
    assert_eq!(first, &expected);
}

#[test]
fn scores_are_shown_of_as_many_nodes_as_asked_for() {
    let nodes: Vec<Value> = (0..8).map(|at| node(&format!("n{at}"), 1000 + at * 100)).collect();
    let folder = Folder::new("scores")
        .with("nodes.json", json!(nodes))
        .with("job.json", job("web", 50, 1, 500));
    let scores = |which: &str| {
        let answer = folder.run(&format!("place --nodes nodes.json --job job.json --json {which}"));
        answer.json()["Allocations"][0]["Metrics"]["ScoreMetaData"].as_array().unwrap().len()
    };
    assert_eq!(scores(""), 5);
    assert_eq!(scores("--scores top"), 5);
    assert_eq!(scores("--scores none"), 0);
    assert_eq!(scores("--scores all"), 8);
}

#[test]
fn the_algorithm_decides_between_a_full_and_an_empty_node() {
    let folder = Folder::new("algorithm")
        .with("nodes.json", json!([node("large", 4000), node("small", 1000)]))
        .with("job.json", job("web", 50, 1, 500));
    let node = |algorithm: &str| {
        let answer =
            folder.run(&format!("place --nodes nodes.json --job job.json --json {algorithm}"));
        answer.json()["Allocations"][0]["NodeID"].as_str().unwrap().to_owned()
    };
    assert_eq!(node(""), "small");
    assert_eq!(node("--algorithm binpack"), "small");
    assert_eq!(node("--algorithm spread"), "large");
}

#[test]
fn memory_beyond_what_is_asked_for_is_given_on_request() {
    let mut web = job("web", 50, 1, 500);
    web["TaskGroups"][0]["Tasks"][0]["Resources"]["MemoryMaxMB"] = json!(100);
    let folder =
        Folder::new("oversubscription").with("nodes.json", node("n1", 1000)).with("job.json", web);
    let memory_max = |option: &str| {
        let answer =
            folder.run(&format!("place --nodes nodes.json --job job.json --json {option}"));
        answer.json()["Allocations"][0]["AllocatedResources"]["Tasks"]["task"]["Memory"]["MemoryMaxMB"]
            .clone()
    };
    assert_eq!((memory_max(""), memory_max("--memory-oversubscription")), (json!(0), json!(100)));
}

#[test]
fn jobs_of_one_id_in_two_namespaces_are_told_apart() {
    let mut other = job("web", 50, 1, 5000);
    other["Namespace"] = json!("prod");
    let folder = Folder::new("namespaces")
        .with("nodes.json", node("n1", 1000))
        .with("jobs.json", json!([job("web", 50, 1, 5000), other, job("db", 50, 1, 5000)]));
    let answer = folder.run("place --nodes nodes.json --job jobs.json --json");
    assert_eq!(keys(&answer.json()["FailedTGAllocs"]), ["db", "web@default", "web@prod"]);
}

/// What is written follows the order of placement: by job, then by group.
#[test]
fn keys_are_in_the_order_of_placement() {
    let mut two = job("two", 20, 1, 5000);
    let mut group = two["TaskGroups"][0].clone();
    group["Name"] = json!("another");
    two["TaskGroups"].as_array_mut().unwrap().push(group);
    let folder = Folder::new("order")
        .with("nodes.json", node("n1", 1000))
        .with("jobs.json", json!([two, job("one", 80, 1, 5000)]));
    let answer = folder.run("place --nodes nodes.json --job jobs.json --json --explain");
    let parts =
        ["{\"Allocations\":[", "\"FailedTGAllocs\":{", "\"FailedAllocations\":[", "\"Explain\":{"];
    let groups = ["\"one\":{\"group\":{", "\"two\":{\"group\":{", "},\"another\":{"];
    let [failed, explained] = ["\"FailedTGAllocs\":{", "\"Explain\":{"].map(|part| {
        let start = answer.stdout.find(part).unwrap();
        groups.map(|group| answer.stdout[start..].find(group).unwrap())
    });
    assert!(failed.is_sorted() && explained.is_sorted(), "{}", answer.stdout);
    assert!(parts.map(|part| answer.stdout.find(part).unwrap()).is_sorted(), "{}", answer.stdout);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let nodes: Vec<Value> = (0..30).map(|at| node(&format!("n{at}"), 2000)).collect();
    let mut web = job("web", 50, 20, 300);
    let ports = json!([{"Label": "http"}, {"Label": "rpc"}]);
    web["TaskGroups"][0]["Networks"] = json!([{"Mode": "none", "DynamicPorts": ports}]);
    let folder = Folder::new("determinism")
        .with("nodes.json", json!(nodes))
        .with("jobs.json", json!([web, job("db", 50, 70, 700)]));
    let mut answers = Vec::new();
    for options in ["", "--json --explain --scores all", "--explain --scores top --full"] {
        let run = |seed: u64| {
            let arguments =
                format!("place --nodes nodes.json --job jobs.json {options} --seed {seed}");
            folder.run(&arguments).stdout
        };
        assert_eq!(run(1), run(1), "{options}");
        answers.push((run(1), run(2)));
    }
    // Equal nodes come in another order with another seed.
    assert!(answers.iter().all(|(one, two)| one != two));
}

/// What a job says that placing does not heed is said on standard error, and in the JSON.
#[test]
fn what_placing_does_not_heed_is_warned_of() {
    let mut web = job("web", 50, 1, 100);
    web["Type"] = json!("batch");
    web["Stop"] = json!(true);
    web["Periodic"] = json!({"Spec": "@daily"});
    web["Multiregion"] = json!({"Regions": []});
    web["Conut"] = json!(4);
    let mut db = job("db", 50, 1, 100);
    db["Type"] = json!("batch");
    db["ParameterizedJob"] = json!({});
    let folder = Folder::new("unheeded")
        .with("nodes.json", json!([node("n1", 1000)]))
        .with("jobs.json", json!([web, db]));
    let answer = folder.run("place --nodes nodes.json --job jobs.json --json --compact");
    let lines: Vec<&str> = answer.stderr.lines().collect();
    let expected = [
        "warning: jobs.json: [0].Conut: unknown key, ignored",
        "warning: job `web`: `Stop` is ignored: the job is stopped, and a running system places \
         nothing of it",
        "warning: job `web`: `Periodic` is ignored: a running system places the job's launches, not \
         the job; this is what one launch takes",
        "warning: job `web`: `Multiregion` is ignored: the groups are placed with the counts and \
         datacenters that the job itself has, not with those of a region",
        "warning: job `db`: `ParameterizedJob` is ignored: a running system places what is \
         dispatched of the job, not the job; this is what one dispatch takes",
    ];
    assert_eq!((answer.status, lines.as_slice()), (0, expected.as_slice()));
    let document: Value = serde_json::from_str(&answer.stdout).unwrap();
    let warnings = expected.map(|line| line.trim_start_matches("warning: "));
    assert_eq!(document["Warnings"], json!(warnings));
}

/// One that asks for several is not refused, and gets one.
#[test]
fn the_count_of_a_system_job_is_warned_of() {
    let folder = Folder::new("system-count").with("nodes.json", json!([node("n1", 1000)]));
    for (job_type, count, is_warned) in
        [("system", 3, true), ("sysbatch", 2, true), ("system", 1, false), ("service", 3, false)]
    {
        let mut web = job("web", 50, count, 100);
        web["Type"] = json!(job_type);
        folder.write("job.json", web);
        let answer = folder.run("place --nodes nodes.json --job job.json");
        let warning = "warning: job `web`: `Count` above 1 is ignored: a system job has one \
            allocation of each group on every node that may run it\n";
        let expected = if is_warned { warning } else { "" };
        assert_eq!((answer.status, answer.stderr.as_str()), (0, expected), "{job_type} {count}");
    }
}

/// The compact form has no documents of the API in it.
#[test]
fn the_compact_form_has_no_documents() {
    let mut web = job("web", 50, 3, 400);
    web["TaskGroups"][0]["Networks"] =
        json!([{"Mode": "host", "ReservedPorts": [{"Label": "http", "Value": 8080}]}]);
    let mut first = node("n1", 1000);
    first["NodeResources"]["Networks"] =
        json!([{"Mode": "host", "Device": "eth0", "IP": "10.0.0.1", "CIDR": "10.0.0.1/32"}]);
    let folder = Folder::new("compact").with("nodes.json", json!([first])).with("jobs.json", web);
    let answer = folder.run("place --nodes nodes.json --job jobs.json --json --compact");
    assert_eq!(answer.status, 2);
    let answer = answer.json();
    assert_eq!(keys(&answer), ["Allocations", "FailedTGAllocs", "Warnings"]);
    let allocation = &answer["Allocations"][0];
    assert_eq!(keys(allocation), ["Name", "NodeID", "NodeName", "Ports", "Score"]);
    assert_eq!(allocation["Ports"], json!({"http": 8080}));
    assert_eq!(answer["FailedTGAllocs"]["web"]["group"]["CoalescedFailures"], 1);
    let alone = folder.run("place --nodes nodes.json --job jobs.json --compact");
    assert!(alone.stderr.contains("--json"), "{}", alone.stderr);
}
