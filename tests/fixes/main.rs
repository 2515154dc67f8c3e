//! What explanations and fixes say, word for word, one small cluster for each kind of trouble.

#![allow(clippy::unwrap_used)]

mod outcomes;

use std::sync::Arc;

use serde_json::{Value, json};
use stowplan::model::{Allocation, Job, Node};
use stowplan::{Cluster, Explanation, Inventory, PlaceOptions, Preemption};

/// A node that runs docker, with some of its document replaced.
fn node(name: &str, changes: Value) -> Node {
    let mut document = json!({
        "ID": format!("id-of-{name}"), "Name": name, "Datacenter": "dc1",
        "Drivers": {"docker": {"Detected": true, "Healthy": true}},
        "NodeResources": {
            "Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000}, "Disk": {"DiskMB": 1000},
            "Networks": [{"Mode": "host", "Device": "eth0", "CIDR": "10.0.0.1/32", "IP": "10.0.0.1",
                          "MBits": 100}],
        },
    });
    merge(&mut document, changes);
    Node::from_json(document.to_string()).unwrap()
}

/// A job of one group and one task, with some of its document replaced.
fn job(group: Value, task: Value) -> Job {
    let mut asked = json!({"Name": "nginx", "Driver": "docker",
                           "Resources": {"CPU": 100, "MemoryMB": 100}});
    merge(&mut asked, task);
    let mut of_group = json!({"Name": "front", "EphemeralDisk": {"SizeMB": 10}, "Tasks": [asked]});
    merge(&mut of_group, group);
    Job::from_json(json!({"ID": "web", "Priority": 50, "TaskGroups": [of_group]}).to_string())
        .unwrap()
}

fn merge(document: &mut Value, changes: Value) {
    match (document, changes) {
        (Value::Object(document), Value::Object(changes)) => {
            for (key, value) in changes {
                merge(document.entry(key).or_insert(Value::Null), value);
            }
        }
        (document, changes) => *document = changes,
    }
}

/// An allocation of another job, of a priority.
fn other(name: &str, node: &Node, priority: i64, resources: Value) -> Allocation {
    let of_job = json!({"ID": name, "Priority": priority,
        "TaskGroups": [{"Name": "g", "Tasks": [{"Name": "t", "Driver": "docker"}]}]});
    let mut allocation: Allocation = serde_json::from_value(json!({
        "ID": format!("id-of-{name}"), "Name": format!("{name}.g[0]"), "NodeID": node.id,
        "JobID": name, "TaskGroup": "g", "ClientStatus": "running",
        "AllocatedResources": resources,
    }))
    .unwrap();
    allocation.job = Some(Arc::new(serde_json::from_value(of_job).unwrap()));
    allocation
}

fn explain(nodes: &[Node], allocations: &[Allocation], job: &Job) -> Explanation {
    let inventory = Inventory::new(nodes.iter().cloned())
        .and_then(|it| it.with_allocations(allocations.iter().cloned()))
        .unwrap();
    let options = PlaceOptions::default().preemption(Preemption::none());
    let mut cluster = Cluster::from_inventory(&inventory, 0);
    let placement = cluster.place(job, &options);
    placement.failed()[0].explain(&cluster)
}

/// Whether the fixes are these, in this order.
#[track_caller]
fn assert_fixes(nodes: &[Node], allocations: &[Allocation], job: &Job, expected: &[&str]) {
    let explanation = explain(nodes, allocations, job);
    let texts: Vec<String> = explanation.fixes().iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected);
}

#[test]
fn a_constraint_is_dropped_wherever_it_is() {
    let linux = json!([{"LTarget": "${attr.kernel.name}", "Operand": "=", "RTarget": "linux"}]);
    let job = job(json!({"Constraints": linux}), json!({"Constraints": linux}));
    let nodes = [node("a", json!({})), node("b", json!({"Attributes": {"kernel.name": "plan9"}}))];
    let expected = ["2 nodes if `${attr.kernel.name} = linux` were dropped"];
    assert_fixes(&nodes, &[], &job, &expected);
    let actions = serde_json::to_value(explain(&nodes, &[], &job).fixes()[0].actions()).unwrap();
    assert_eq!(
        actions,
        json!([{
            "Kind": "DropConstraint",
            "Text": "${attr.kernel.name} = linux",
            "Paths": ["TaskGroups[0].Constraints[0]", "TaskGroups[0].Tasks[0].Constraints[0]"],
        }])
    );
}

#[test]
fn several_constraints_are_one_fix() {
    let rule = |left: &str| json!({"LTarget": left, "Operand": "is_set"});
    let rules = json!([rule("${meta.a}"), rule("${meta.b}"), rule("${meta.c}")]);
    let nodes = [node("a", json!({"Meta": {"a": "1"}})), node("b", json!({}))];
    let expected = [
        "1 node if `${meta.b} is_set` and `${meta.c} is_set` were dropped",
        "2 nodes if `${meta.a} is_set`, `${meta.b} is_set` and `${meta.c} is_set` were dropped",
    ];
    assert_fixes(&nodes, &[], &job(json!({"Constraints": rules}), json!({})), &expected);
}

#[test]
fn the_smallest_amount_and_what_serves_half() {
    let with = |name: &str, memory_mb: i64| {
        node(name, json!({"NodeResources": {"Memory": {"MemoryMB": memory_mb}}}))
    };
    let nodes = [with("a", 1000), with("b", 1400), with("c", 1200), with("d", 600)];
    let job = job(json!({}), json!({"Resources": {"MemoryMB": 1500, "CPU": 1200}}));
    let expected = [
        "1 node (`b`) with 200 MHz more CPU and 100 MB more memory free",
        "2 nodes (`b`, `c`) with 200 MHz more CPU and 300 MB more memory free",
    ];
    assert_fixes(&nodes, &[], &job, &expected);
}

#[test]
fn who_is_in_the_way_may_be_evicted_or_given_more() {
    let nodes = [node("a", json!({}))];
    let holding = |memory_mb: i64| json!({"Tasks": {"t": {"Memory": {"MemoryMB": memory_mb}}}});
    let allocations = [
        other("low", &nodes[0], 10, holding(400)),
        other("lower", &nodes[0], 5, holding(400)),
        other("equal", &nodes[0], 45, holding(100)),
    ];
    let asking = |memory_mb: i64| job(json!({}), json!({"Resources": {"MemoryMB": memory_mb}}));
    let expected = [
        "1 node (`a`) if its allocation of lower priority were evicted: `lower.g[0]`",
        "1 node (`a`) with 300 MB more memory free",
    ];
    assert_fixes(&nodes, &allocations, &asking(400), &expected);
    let expected = [
        "1 node (`a`) if its 2 allocations of lower priority were evicted: `low.g[0]`, `lower.g[0]`",
        "1 node (`a`) with 800 MB more memory free",
    ];
    assert_fixes(&nodes, &allocations, &asking(900), &expected);
    let expected = ["1 node (`a`) with 850 MB more memory free"];
    assert_fixes(&nodes, &allocations, &asking(950), &expected);
}

#[test]
fn a_port_is_freed_or_dropped() {
    let nodes = [node("a", json!({}))];
    let http = json!([{"Label": "http", "Value": 8080, "HostIP": "10.0.0.1"}]);
    let holder =
        |priority| other("holder", &nodes[0], priority, json!({"Shared": {"Ports": http}}));
    let network = json!([{"ReservedPorts": [{"Label": "web", "Value": 8080}]}]);
    let job = job(json!({"Networks": network}), json!({}));
    let expected = [
        "1 node (`a`) if its allocation of lower priority were evicted: `holder.g[0]`",
        "1 node if port `web` (8080) were dropped",
    ];
    assert_fixes(&nodes, &[holder(20)], &job, &expected);
    assert_fixes(&nodes, &[holder(60)], &job, &expected[1..]);
}

#[test]
fn nodes_elsewhere_or_not_ready() {
    let nodes = [
        node("a", json!({"Datacenter": "dc3"})),
        node("b", json!({"Datacenter": "dc3"})),
        node("c", json!({"Status": "down"})),
        node("d", json!({"Drain": true})),
        node("e", json!({"SchedulingEligibility": "ineligible"})),
        node("f", json!({"NodePool": "gpu"})),
        node("g", json!({"Datacenter": "dc3", "NodePool": "gpu"})),
    ];
    let job =
        job(json!({}), json!({})).changed(|spec| spec.datacenters = vec!["dc1".into()]).unwrap();
    let expected = [
        "2 nodes if datacenter `dc3` were allowed",
        "1 node if node pool `gpu` were used",
        "3 nodes (`c`, `d`, `e`) if they were ready",
    ];
    assert_fixes(&nodes, &[], &job, &expected);
}

#[test]
fn drivers_volumes_and_devices() {
    let volumes = json!({"Volumes": {"v": {"Type": "host", "Source": "data"}}});
    let expected = [
        "1 node (`a`) if it had a writable host volume `data`",
        "1 node if volume `v` were dropped",
    ];
    assert_fixes(&[node("a", json!({}))], &[], &job(volumes, json!({})), &expected);

    let expected = ["1 node (`a`) if it had the driver `java`"];
    assert_fixes(
        &[node("a", json!({}))],
        &[],
        &job(json!({}), json!({"Driver": "java"})),
        &expected,
    );

    let gpu = json!([{"Vendor": "nvidia", "Type": "gpu", "Name": "t4",
                      "Instances": [{"ID": "g1", "Healthy": false}]}]);
    let nodes = [
        node("a", json!({"NodeResources": {"Devices": gpu}})),
        node("b", json!({"Status": "down"})),
    ];
    let asking = job(json!({}), json!({"Resources": {"Devices": [{"Name": "gpu"}]}}));
    let expected = [
        "1 node (`a`) if it had all devices `gpu` healthy",
        "1 node if the devices `gpu` of task `nginx` were dropped",
        "2 nodes (`a`, `b`) if 1 of them were ready and the devices `gpu` of task `nginx` were dropped",
    ];
    assert_fixes(&nodes, &[], &asking, &expected);
}

#[test]
fn a_network_is_added_or_dropped() {
    let ports = |mode: &str| {
        let network = json!([{"Mode": mode, "DynamicPorts": [{"Label": "http"}]}]);
        job(json!({"Networks": network}), json!({}))
    };
    let bare = node("a", json!({"NodeResources": {"Networks": null}}));
    let expected = [
        "1 node (`a`) if it had a network of mode `host`",
        "1 node if the group's network of mode `host` were dropped",
    ];
    assert_fixes(std::slice::from_ref(&bare), &[], &ports("host"), &expected);
    let explanation = explain(std::slice::from_ref(&bare), &[], &ports("host"));
    let cluster = Cluster::new([bare]).unwrap();
    for fix in explanation.fixes() {
        let (mut cluster, job) = fix.apply_to(&cluster, &ports("host")).unwrap();
        assert!(cluster.place(&job, &PlaceOptions::default()).is_complete(), "{fix}");
    }
    let expected = [
        "1 node (`b`) if it had a network of mode `bridge`",
        "1 node if the group's network of mode `bridge` were dropped",
    ];
    assert_fixes(&[node("b", json!({}))], &[], &ports("bridge"), &expected);
}

#[test]
fn distinct_hosts_and_properties() {
    let rule = |left: &str, operand: &str| json!([{"LTarget": left, "Operand": operand}]);
    let nodes =
        [node("a", json!({"Meta": {"rack": "r1"}})), node("b", json!({"Meta": {"rack": "r1"}}))];
    let on_hosts = job(json!({"Count": 3, "Constraints": rule("", "distinct_hosts")}), json!({}));
    assert_fixes(&nodes, &[], &on_hosts, &["2 nodes if `distinct_hosts` were dropped"]);
    let by_rack = rule("${meta.rack}", "distinct_property");
    let on_racks = job(json!({"Count": 2, "Constraints": by_rack}), json!({}));
    let expected = [
        "2 nodes if 2 allocations might share a value of `${meta.rack}`",
        "2 nodes if `${meta.rack} distinct_property` were dropped",
    ];
    assert_fixes(&nodes, &[], &on_racks, &expected);
}

#[test]
fn cores_and_the_limit_of_allocations() {
    let nodes = [node("a", json!({"NodeResources": {"Cpu": {"TotalCpuCores": 2}}}))];
    let asking = job(json!({}), json!({"Resources": {"Cores": 3, "CPU": null}}));
    assert_fixes(&nodes, &[], &asking, &["1 node (`a`) with 1 more core free"]);
    let expected = ["1 node if the cores of task `nginx` were dropped"];
    assert_fixes(&[node("a", json!({}))], &[], &asking, &expected);
    // Of 4,000 MHz 700 are free: the cores are as fast as they are, so another one it has to be.
    let cpu = json!({"CpuShares": 4000, "TotalCpuCores": 4});
    let busy = [node("a", json!({"NodeResources": {"Cpu": cpu}}))];
    let held = json!({"Tasks": {"t": {"Cpu": {"CpuShares": 3300}}}});
    let allocations = [other("holder", &busy[0], 60, held)];
    let asking = job(json!({}), json!({"Resources": {"Cores": 1, "CPU": null}}));
    assert_fixes(&busy, &allocations, &asking, &["1 node (`a`) with 1 more core free"]);
    let full = [node("a", json!({"NodeMaxAllocs": 1}))];
    let asking = job(json!({"Count": 2}), json!({}));
    assert_fixes(&full, &[], &asking, &["1 node (`a`) if it took 1 more allocation"]);
}

#[test]
fn a_job_that_contradicts_itself_and_a_cluster_without_nodes() {
    let rules = json!([
        {"LTarget": "${node.class}", "Operand": "=", "RTarget": "big"},
        {"LTarget": "${node.class}", "Operand": "=", "RTarget": "small"},
    ]);
    let job = job(json!({"Constraints": rules}), json!({}));
    let nodes = [node("a", json!({"NodeClass": "big"})), node("b", json!({"NodeClass": "small"}))];
    let expected = [
        "1 node if `${node.class} = big` were dropped",
        "1 node if `${node.class} = small` were dropped",
    ];
    assert_fixes(&nodes, &[], &job, &expected);
    assert_fixes(&[], &[], &job, &[]);
}

#[test]
fn of_a_job_to_be_placed_whole_the_rest_is_explained() {
    let nodes = [node("a", json!({}))];
    let job = job(json!({"Count": 3}), json!({"Resources": {"MemoryMB": 400}}));
    let whole = job.changed(|spec| spec.all_at_once = true).unwrap();
    assert_fixes(&nodes, &[], &whole, &["1 node (`a`) with 200 MB more memory free"]);
}

#[test]
fn a_failure_and_its_explanation_in_words() {
    let linux = json!([{"LTarget": "${attr.kernel.name}", "Operand": "=", "RTarget": "linux"}]);
    let is_linux = json!({"Attributes": {"kernel.name": "linux"}});
    let nodes = [
        node("a", is_linux.clone()),
        node("b", json!({})),
        node("c", json!({"Drivers": {"docker": {"Healthy": false}}})),
        node("d", json!({"Status": "down"})),
    ];
    let job = job(
        json!({"Count": 5, "Constraints": linux}),
        json!({"Resources": {"CPU": 600, "MemoryMB": 300}}),
    );
    let mut cluster = Cluster::new(nodes).unwrap();
    let placement = cluster.place(&job, &PlaceOptions::default());
    let failed = &placement.failed()[0];
    assert_eq!(
        failed.to_string(),
        "web.front: 4 of 5 not placed; 3 nodes evaluated; 2 filtered: \
         1 by `${attr.kernel.name} = linux`, 1 by missing drivers; 1 exhausted: 1 cpu"
    );
    assert_eq!(
        failed.explain(&cluster).to_string(),
        "web.front: 0 of 4 nodes would do
1 not candidate: 1 status `down`
2 filtered: 1 by `${attr.kernel.name} = linux`, 1 by missing drivers
1 exhausted: 1 cpu
  `a` exhausted: cpu: 600 MHz asked, 400 MHz free, 600 MHz used
what would help:
- 1 node if `${attr.kernel.name} = linux` were dropped
- 1 node (`a`) with 200 MHz more CPU free
- 2 nodes (`b`, `d`) if `${attr.kernel.name} = linux` were dropped and 1 of them were ready
- 2 nodes (`b`, `c`) if `${attr.kernel.name} = linux` were dropped and 1 of them had the driver `docker`"
    );

    let nowhere = job.changed(|spec| spec.datacenters = vec!["dc7".into()]).unwrap();
    let mut cluster = Cluster::new([node("a", json!({}))]).unwrap();
    let placement = cluster.place(&nowhere, &PlaceOptions::default());
    assert_eq!(
        placement.failed()[0].to_string(),
        "web.front: 5 of 5 not placed; no nodes were eligible for evaluation; \
         no nodes are available in datacenter `dc7`"
    );
}

#[test]
fn an_explanation_of_what_would_do() {
    let nodes =
        [node("a", json!({})), node("b", json!({"NodeResources": {"Memory": {"MemoryMB": 200}}}))];
    let cluster = Cluster::new(nodes).unwrap();
    let job = job(json!({}), json!({}));
    let explanation = cluster.explain(&job, "front", &PlaceOptions::default()).unwrap();
    assert_eq!(
        explanation.to_string(),
        "web.front: 2 of 2 nodes would do\nbest: `b` (0.494), `a` (0.229)"
    );
    assert_eq!(explanation.nodes()[0].to_string(), "`a` would do with score 0.229 (binpack 0.229)");
}

#[test]
fn devices_that_are_short_are_counted() {
    let gpus = |name: &str, count: usize| {
        let instance = |at: usize| json!({"ID": format!("{name}-{at}"), "Healthy": true});
        let instances: Vec<Value> = (0..count).map(instance).collect();
        json!({"Vendor": "nvidia", "Type": "gpu", "Name": name, "Instances": instances})
    };
    let nodes =
        [node("a", json!({"NodeResources": {"Devices": [gpus("t4", 3), gpus("a100", 4)]}}))];
    let held = |name: &str, ids: Value| json!({"Vendor": "nvidia", "Type": "gpu", "Name": name, "DeviceIDs": ids});
    let devices =
        [held("t4", json!(["t4-1"])), held("a100", json!(["a100-0", "a100-1", "a100-2"]))];
    let held = json!({"Tasks": {"t": {"Devices": devices}}});
    let allocations = [other("holder", &nodes[0], 60, held)];
    let first_of = |devices: Value| {
        let job = job(json!({}), json!({"Resources": {"Devices": devices}}));
        explain(&nodes, &allocations, &job).nodes()[0].to_string()
    };
    let texts = [
        json!([{"Name": "gpu", "Count": 4}]),
        json!([{"Name": "nvidia/gpu/a100", "Count": 2}]),
        // The first request leaves one of each.
        json!([{"Name": "gpu", "Count": 1}, {"Name": "gpu", "Count": 2}, {"Name": "gpu", "Count": 2}]),
    ]
    .map(first_of);
    let expected =
        ["4 asked, 2 free, 1 used", "2 asked, 1 free, 3 used", "2 asked, 0 free, 1 used"]
            .map(|counts| format!("`a` exhausted: devices: no devices match request: {counts}"));
    assert_eq!(texts, expected);
}

#[test]
fn a_system_job_is_helped_on_the_nodes_that_have_no_room() {
    let with = |name: &str, cpu_mhz: i64, memory_mb: i64| {
        let (cpu, memory) = (json!({"CpuShares": cpu_mhz}), json!({"MemoryMB": memory_mb}));
        node(name, json!({"NodeResources": {"Cpu": cpu, "Memory": memory}}))
    };
    let mut nodes = vec![with("a", 1000, 1000), with("b", 800, 1000), with("c", 2000, 700)];
    nodes.push(node("elsewhere", json!({"Datacenter": "dc2"})));
    nodes.push(node("filtered", json!({"Drivers": {"docker": {"Healthy": false}}})));
    let system = |cpu_mhz: i64, memory_mb: i64| {
        let resources = json!({"Resources": {"CPU": cpu_mhz, "MemoryMB": memory_mb}});
        let of_group = job(json!({}), resources).changed(|spec| {
            spec.job_type = "system".into();
            spec.datacenters = vec!["dc1".into()];
        });
        of_group.unwrap()
    };
    let expected = [
        "2 nodes (`a`, `b`) with 700 MHz more CPU free",
        "1 node (`a`) with 500 MHz more CPU free",
    ];
    assert_fixes(&nodes, &[], &system(1500, 100), &expected);
    let expected = [
        "3 nodes (`a`, `b`, `c`) with 700 MHz more CPU and 200 MB more memory free",
        "2 nodes (`a`, `b`) with 700 MHz more CPU free",
        "1 node (`c`) with 200 MB more memory free",
        "1 node (`a`) with 500 MHz more CPU free",
    ];
    assert_fixes(&nodes, &[], &system(1500, 900), &expected);
    // Where all candidates are filtered, any node is a help.
    let elsewhere = [nodes[3].clone(), nodes[4].clone()];
    let expected = [
        "1 node if datacenter `dc2` were allowed",
        "1 node (`filtered`) if it had the driver `docker`",
    ];
    assert_fixes(&elsewhere, &[], &system(100, 100), &expected);
}

/// Two groups of a system job are missing on one node, and the first of them takes what is made free.
#[test]
fn a_group_of_a_system_job_is_helped_beside_the_groups_before_it() {
    let nodes = [node("a", json!({"NodeResources": {"Memory": {"MemoryMB": 500}}}))];
    let both = job(json!({}), json!({"Resources": {"MemoryMB": 600}})).changed(|spec| {
        spec.job_type = "system".into();
        let mut second = spec.task_groups[0].clone();
        second.name = "back".into();
        spec.task_groups.push(second);
    });
    let both = both.unwrap();
    let mut cluster = Cluster::new(nodes).unwrap();
    let placement = cluster.place(&both, &PlaceOptions::default());
    let [first, second] = placement.failed() else { panic!("both groups fail") };
    let texts = |explanation: Explanation| -> Vec<String> {
        explanation.fixes().iter().map(ToString::to_string).collect()
    };
    let expected = ["1 node (`a`) with 100 MB more memory free"];
    assert_eq!(texts(first.explain(&cluster)), expected);
    let expected = ["1 node (`a`) with 700 MB more memory free"];
    assert_eq!(texts(second.explain(&cluster)), expected);
    // The second group is then placed beside the first.
    let (mut cluster, job) = second.explain(&cluster).fixes()[0].apply_to(&cluster, &both).unwrap();
    assert!(cluster.place(&job, &PlaceOptions::default()).is_complete());
}

#[test]
fn of_a_job_to_be_placed_whole_it_is_said_what_would_fail_next() {
    let nodes = [node("a", json!({}))];
    let of_two_groups = |second_mb: i64| {
        let mut job = job(json!({"Count": 2}), json!({"Resources": {"MemoryMB": 600}}));
        job = job
            .changed(|spec| {
                let mut second = spec.task_groups[0].clone();
                second.name = "back".into();
                second.count = Some(1);
                second.tasks[0].resources.as_mut().unwrap().memory_mb = Some(second_mb);
                spec.task_groups.push(second);
                spec.all_at_once = true;
            })
            .unwrap();
        job
    };
    let expected = ["1 node (`a`) with 200 MB more memory free \
         (for this group only: group `back` would fail next)"];
    assert_fixes(&nodes, &[], &of_two_groups(300), &expected);
    let job = job(json!({"Count": 4}), json!({"Resources": {"MemoryMB": 400}}));
    let whole = job.changed(|spec| spec.all_at_once = true).unwrap();
    let expected = [
        "1 node (`a`) with 600 MB more memory free",
        "1 node (`a`) with 200 MB more memory free \
         (for one allocation only: 1 more of the group would fail)",
    ];
    assert_fixes(&nodes, &[], &whole, &expected);
}
