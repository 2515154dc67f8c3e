//! `stowplan explain`: one node and one group, check by check.

use serde_json::{Value, json};

use super::Folder;
use super::documents::{allocation, job, node};

/// A node with all that can be asked for, and a job that asks for all of it.
fn folder(name: &str) -> Folder {
    let mut full = node("gpu-1", 4000);
    full["ID"] = json!("11111111-aaaa");
    full["Attributes"]["rack"] = json!("r1");
    full["NodeResources"]["Networks"] =
        json!([{"Mode": "host", "Device": "eth0", "IP": "10.0.0.1", "CIDR": "10.0.0.1/32"}]);
    full["NodeResources"]["Devices"] = json!([{"Vendor": "nvidia", "Type": "gpu", "Name": "t4",
        "Instances": [{"ID": "g0", "Healthy": true}, {"ID": "g1", "Healthy": true}]}]);
    full["NodeResources"]["Cpu"]["ReservableCpuCores"] = json!([0, 1, 2, 3]);
    full["NodeResources"]["Cpu"]["TotalCpuCores"] = json!(4);
    let mut other = node("n2", 1000);
    other["ID"] = json!("22222222-aaaa");
    other["Datacenter"] = json!("dc2");
    let mut web = job("web", 50, 1, 100);
    web["Datacenters"] = json!(["dc1"]);
    web["Constraints"] = json!([
        {"LTarget": "${attr.rack}", "Operand": "=", "RTarget": "r2"},
        {"Operand": "distinct_hosts", "RTarget": "true"},
        {"LTarget": "${attr.rack}", "Operand": "distinct_property", "RTarget": "2"},
    ]);
    let group = &mut web["TaskGroups"][0];
    group["Networks"] = json!([{"Mode": "host",
        "ReservedPorts": [{"Label": "http", "Value": 8080}],
        "DynamicPorts": [{"Label": "a"}, {"Label": "b"}]}]);
    group["Tasks"][0]["Resources"] = json!({"Cores": 2, "MemoryMB": 50_000,
        "Devices": [{"Name": "nvidia/gpu", "Count": 3}]});
    let mut there = allocation("a1", "db", "11111111-aaaa", 100);
    there["Job"] = job("db", 20, 1, 100);
    Folder::new(name)
        .with("nodes.json", json!([full, other]))
        .with("web.json", web)
        .with("small.json", job("small", 50, 1, 3950))
        .with("allocs.json", json!([there]))
}

const WEB: &str = "explain --nodes nodes.json --allocs allocs.json --job web.json";

#[test]
fn every_check_of_a_node_has_what_is_asked_used_and_free() {
    let answer = folder("explain-checks").run(&format!("{WEB} --node gpu-1 --json"));
    assert_eq!(answer.status, 2);
    let answer = answer.json();
    assert_eq!(answer["Warnings"], json!([]));
    let explanation = &answer["Explanations"][0];
    assert_eq!(explanation["NodeID"], "11111111-aaaa");
    assert_eq!(explanation["Verdict"]["Verdict"], "filtered");
    let checks = explanation["Checks"].as_array().unwrap();
    let text = |check: &Value| {
        let amounts = ["Used", "Free"].map(|key| check[key].to_string());
        let found = match &check["Found"] {
            Value::String(found) => found.clone(),
            _ => amounts.join("/"),
        };
        let asked = check["Asked"].to_string();
        let mark = if check["Passes"] == true { "ok" } else { "no" };
        format!(
            "{}: {} | {found} | {mark}",
            check["Check"].as_str().unwrap(),
            asked.trim_matches('"')
        )
    };
    let texts: Vec<String> = checks.iter().map(text).collect();
    let expected = [
        "status: `ready` | `ready` | ok",
        "eligibility: eligible | eligible | ok",
        "node pool: `default` | `default` | ok",
        "datacenter: `dc1` | `dc1` | ok",
        "constraint: ${attr.rack} = r2 | `r1` | no",
        "driver: `docker` | healthy | ok",
        "devices: 3 `nvidia/gpu` | 2, in use or not | no",
        "network mode: `host` | `host` | ok",
        "host network: `default` for port `a` | there | ok",
        "host network: `default` for port `b` | there | ok",
        "host network: `default` for port `http` | there | ok",
        "distinct_hosts: no other allocation of the job | 0 there | ok",
        "distinct_property: ${attr.rack}, at most 2 a value | 0 on `r1` | ok",
        "static port: 8080 (`http`) | free on 10.0.0.1 | ok",
        "dynamic ports: 2 | 0/12001 | ok",
        "devices `nvidia/gpu`: 3 | 0/2 | no",
        "cores: 2 | 0/4 | ok",
        "cpu: 2000 | 100/3900 | ok",
        "memory: 50000 | 10/39990 | no",
        "disk: 300 | 300/99700 | ok",
    ];
    assert_eq!(texts, expected);
}

#[test]
fn a_node_is_found_by_its_name_its_id_or_the_beginning_of_it() {
    let folder = folder("explain-names");
    for node in ["gpu-1", "11111111-aaaa", "111"] {
        let answer = folder.run(&format!("{WEB} --group group --node {node}"));
        assert_eq!((answer.status, answer.stderr.as_str()), (2, ""), "{}", answer.stdout);
        assert!(answer.stdout.starts_with("gpu-1 for web.group: filtered\n"), "{}", answer.stdout);
        let memory = answer.stdout.lines().find(|line| line.starts_with(" memory")).unwrap();
        let words: Vec<&str> = memory.split_whitespace().collect();
        assert_eq!(words, ["memory", "no", "50,000", "MB", "10", "39,990"]);
    }
    for (arguments, expected) in [
        ("--node gpu1", "there is no node `gpu1`; did you mean `gpu-1`?\n"),
        ("--node nothing-like-it", "there is no node `nothing-like-it`; there are gpu-1, n2\n"),
        ("--group grup", "there is no group `grup`; did you mean `group`?\n"),
        ("--group x", "there is no group `x`; there are group\n"),
    ] {
        let answer = folder.run(&format!("{WEB} {arguments}"));
        assert_eq!((answer.status, answer.stderr.as_str()), (1, expected));
    }
}

#[test]
fn what_eviction_would_do_is_said() {
    let folder = folder("explain-eviction");
    let small = "explain --nodes nodes.json --allocs allocs.json --job small.json --node gpu-1";
    let answer = folder.run(small);
    assert_eq!(answer.status, 2);
    assert!(!answer.stdout.contains("eviction"), "{}", answer.stdout);
    let answer = folder.run(&format!("{small} --preempt"));
    assert_eq!(answer.status, 0, "{}", answer.stdout);
    assert!(answer.stdout.contains("With eviction it is ranked: "), "{}", answer.stdout);
    assert!(answer.stdout.contains("evicts db.group[0]"), "{}", answer.stdout);
}

#[test]
fn without_a_node_all_are_explained() {
    let folder = folder("explain-all");
    let answer = folder.run(WEB);
    assert_eq!(answer.status, 2);
    assert!(answer.stdout.contains("Nodes for web.group: 1 filtered, 1 not a candidate\n"));
    let answer = folder.run("explain --nodes nodes.json --job small.json");
    assert_eq!(answer.status, 0);
    let answer = folder.run("explain --nodes nodes.json --job small.json --json").json();
    assert_eq!(answer["Explanations"][0]["Nodes"][0]["Verdict"], "ranked");
}
