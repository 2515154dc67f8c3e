//! Documents with anything anywhere: no panic, and what is accepted is complete.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stowplan::model::{Job, Node, read};

/// Any JSON, with keys and texts that documents have and some that they have not.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ -~]{0,8}",
        Just("${attr.kernel.name}".to_owned()),
        Just("kernel.os".to_owned()),
        Just("10.0.0.1/24".to_owned()),
        Just("22,80-90".to_owned()),
        Just("distinct_property".to_owned()),
        Just("version".to_owned()),
    ];
    let number = prop_oneof![-2i64..200, any::<i64>(), Just(1i64 << 40), Just(65_536)];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number.prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("Name"),
        Just("ID"),
        Just("LTarget"),
        Just("Operand"),
        Just("Weight"),
        Just("Value"),
        Just("Label"),
        Just("CPU"),
        Just("cpu"),
        Just("Other"),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4).prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, value)| (key.to_owned(), value));
                Value::from(entries.collect::<Map<_, _>>())
            }),
        ]
    })
}

/// A job in which nearly every key is used.
fn full_job() -> Value {
    let rules = json!([{"LTarget": "${attr.a}", "Operand": ">=", "RTarget": "1"}]);
    let affinities = json!([{"LTarget": "${meta.a}", "RTarget": "b", "Weight": -5}]);
    let spreads =
        json!([{"Attribute": "${meta.rack}", "SpreadTarget": [{"Value": "r", "Percent": 60}]}]);
    let network = json!([{
        "Mode": "host", "MBits": 5,
        "ReservedPorts": [{"Label": "a", "Value": 80}, 81], "DynamicPorts": ["b", {"Label": "c"}],
    }]);
    json!({
        "Region": "r", "Namespace": "n", "ID": "web", "Name": "w", "Type": "batch", "Priority": 7,
        "AllAtOnce": true, "Datacenters": ["dc*"], "NodePool": "p", "Meta": {"a": "b"},
        "Constraints": rules, "Affinities": affinities, "Spreads": spreads, "Payload": {"a": [1]},
        "TaskGroups": [{
            "Name": "g", "Count": 2, "Constraints": rules, "Affinities": affinities,
            "Spreads": spreads, "Networks": network, "Migrate": {"MaxParallel": 1},
            "EphemeralDisk": {"SizeMB": 20, "Sticky": true}, "Meta": {},
            "Volumes": {"v": {"Type": "host", "Source": "s", "ReadOnly": true}},
            "Tasks": [{
                "Name": "t", "Driver": "exec", "Constraints": rules, "Affinities": affinities,
                "Lifecycle": {"Hook": "prestart", "Sidecar": true}, "Secrets": [{"Provider": "p"}],
                "Resources": {
                    "CPU": 5, "Cores": 2, "MemoryMB": 5, "MemoryMaxMB": 6, "Networks": network,
                    "NUMA": {"Affinity": "none"},
                    "Devices": [{"Name": "gpu", "Count": 2, "Constraints": []}],
                },
            }],
        }],
    })
}

/// A node in which nearly every key is used.
fn full_node() -> Value {
    json!({
        "ID": "n", "Name": "n", "Datacenter": "d", "NodePool": "p", "NodeClass": "c",
        "Attributes": {"a": "b"}, "Meta": {"a": "b"}, "Status": "down", "Drain": true,
        "DrainStrategy": {"Deadline": 5}, "SchedulingEligibility": "eligible", "NodeMaxAllocs": 5,
        "Drivers": {"exec": {"Detected": true, "Healthy": true}},
        "HostVolumes": {"v": {"Path": "/v", "ReadOnly": true}},
        "NodeResources": {
            "Cpu": {"CpuShares": 50, "TotalCpuCores": 3, "ReservableCpuCores": [0, 2]},
            "Processors": {"Topology": {"Nodes": [0], "Cores": [
                {"ID": 1, "BaseSpeed": 50}, {"ID": 2, "Disable": true, "GuessSpeed": 50},
            ]}},
            "Memory": {"MemoryMB": 50}, "Disk": {"DiskMB": 50},
            "Devices": [{
                "Vendor": "v", "Type": "t", "Name": "n", "Attributes": {"a": {"Int": 1, "Unit": "W"}},
                "Instances": [{"ID": "i", "Healthy": true}],
            }],
            "Networks": [{"Device": "eth0", "CIDR": "10.0.0.1/32", "IP": "10.0.0.1", "MBits": 5}],
            "NodeNetworks": [{"Mode": "host", "Addresses": [
                {"Alias": "default", "Address": "10.0.0.1", "ReservedPorts": "22"},
            ]}],
            "MinDynamicPort": 5, "MaxDynamicPort": 50,
        },
        "ReservedResources": {
            "Cpu": {"CpuShares": 5, "ReservedCpuCores": [1]}, "Memory": {"MemoryMB": 5},
            "Disk": {"DiskMB": 5}, "Networks": {"ReservedHostPorts": "22,80"},
        },
    })
}

/// A node of the first API.
fn full_legacy_node() -> Value {
    let networks =
        json!([{"Device": "eth0", "CIDR": "10.0.0.1/32", "IP": "10.0.0.1", "ReservedPorts": [22]}]);
    json!({
        "ID": "n", "Datacenter": "d", "Drain": false,
        "Resources": {"CPU": 50, "MemoryMB": 50, "DiskMB": 50, "Networks": networks},
        "Reserved": {"CPU": 5, "MemoryMB": 5, "DiskMB": 5, "Networks": networks},
    })
}

/// Replaces one of the values of a document, counted from the outside in.
fn replace(document: &mut Value, nth: &mut usize, new: &Value) {
    if *nth == 0 {
        *document = new.clone();
    }
    *nth = nth.wrapping_sub(1);
    match document {
        Value::Object(object) => object.values_mut().for_each(|value| replace(value, nth, new)),
        Value::Array(list) => list.iter_mut().for_each(|value| replace(value, nth, new)),
        _ => {}
    }
}

/// A document in which up to three values are replaced by anything.
fn spoilt(good: Value) -> impl Strategy<Value = Value> {
    prop::collection::vec((0usize..150, any_json()), 0..4).prop_map(move |changes| {
        let mut document = good.clone();
        for (mut nth, new) in changes {
            replace(&mut document, &mut nth, &new);
        }
        document
    })
}

proptest! {
    #[test]
    fn jobs_are_refused_or_complete(document in spoilt(full_job())) {
        if let Ok(job) = Job::from_json(document.to_string()) {
            prop_assert_eq!(Ok(job.clone()), Job::new(job.spec().clone()));
            let written = serde_json::to_string(&job);
            prop_assert_eq!(Ok(job.clone()), Job::from_json(written.unwrap_or_default()));
        }
    }

    #[test]
    fn nodes_are_refused_or_complete(
        document in prop_oneof![spoilt(full_node()), spoilt(full_legacy_node())],
    ) {
        if let Ok(node) = Node::from_json(document.to_string()) {
            prop_assert_eq!(Ok(node.clone()), Node::new(node.spec().clone()));
            let written = serde_json::to_string(&node);
            prop_assert_eq!(Ok(node.clone()), Node::from_json(written.unwrap_or_default()));
            prop_assert!(node.reserved_cpu_mhz() <= node.cpu_mhz());
            prop_assert!(node.reserved_memory_mb() <= node.memory_mb());
            prop_assert!(node.reserved_disk_mb() <= node.disk_mb());
            prop_assert!(node.dynamic_ports().0 <= node.dynamic_ports().1);
        }
    }

    #[test]
    fn allocations_are_refused_or_accepted(held in any_json()) {
        let document = json!({"ID": "a", "JobID": "j", "TaskGroup": "g", "AllocatedResources": held});
        if let Ok(allocations) = read::allocations(document.to_string()) {
            for allocation in allocations {
                let _ = allocation.check();
            }
        }
    }

    #[test]
    fn texts_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..64), json in any_json()) {
        for text in [bytes, json.to_string().into_bytes()] {
            let _ = (read::jobs(&text), read::nodes(&text), read::allocations(&text));
        }
    }
}

#[test]
fn the_documents_that_are_spoilt_here_are_good() {
    assert_eq!(Job::from_json(full_job().to_string()).map(drop), Ok(()));
    assert_eq!(Node::from_json(full_node().to_string()).map(drop), Ok(()));
    assert_eq!(Node::from_json(full_legacy_node().to_string()).map(drop), Ok(()));
}
