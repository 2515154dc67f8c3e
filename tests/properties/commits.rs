//! Plans: what of them the cluster takes when it has changed since they were made.

use stowplan::model::{ClientStatus, Job, Node, NodeSpec};
use stowplan::{Cluster, NodeRejection, PlaceOptions, PlacementRequest, Plan, Timestamp};

fn node(id: &str) -> Node {
    let text = format!(
        r#"{{"ID": "{id}", "Datacenter": "dc1", "Attributes": {{"driver.docker": "1"}},
        "NodeResources": {{"Cpu": {{"CpuShares": 1000}}, "Memory": {{"MemoryMB": 1000}},
            "Disk": {{"DiskMB": 10000}},
            "Networks": [{{"Device": "eth0", "CIDR": "10.0.0.1/32", "IP": "10.0.0.1", "MBits": 1000}}]}}}}"#
    );
    Node::from_json(&text).unwrap()
}

/// A job of `count` with a static port, of which two do not fit on a node.
fn job(count: u32, memory_mb: u32) -> Job {
    let text = format!(
        r#"{{"ID": "web", "TaskGroups": [{{"Name": "front", "Count": {count},
            "Networks": [{{"Mode": "host", "ReservedPorts": [{{"Label": "http", "Value": 8080}}]}}],
            "Tasks": [{{"Name": "nginx", "Driver": "docker",
                "Resources": {{"CPU": 600, "MemoryMB": {memory_mb}}}}}]}}]}}"#
    );
    Job::from_json(&text).unwrap()
}

fn plan(cluster: &Cluster, job: &Job) -> Plan {
    let mut fork = cluster.fork();
    fork.plan_requests(&fork.missing(job), &PlaceOptions::default()).unwrap()
}

/// Why the only node of a cluster refuses a plan that was made before a change.
fn refusal(change: impl FnOnce(&mut Cluster)) -> NodeRejection {
    let mut cluster = Cluster::new([node("n1")]).unwrap();
    let plan = plan(&cluster, &job(1, 100));
    change(&mut cluster);
    let allocations = cluster.allocation_count();
    let committed = cluster.commit(plan, Timestamp::EPOCH);
    assert_eq!(committed.allocations().count(), 0);
    assert_eq!(cluster.allocation_count(), allocations);
    assert_eq!(cluster.check(), Ok(()));
    let [(id, rejection)] = committed.rejected() else { unreachable!("{committed:?}") };
    assert_eq!(id, "n1");
    rejection.clone()
}

fn with_status(cluster: &mut Cluster, change: impl FnOnce(&mut NodeSpec)) {
    let changed = cluster.node("n1").unwrap().changed(change).unwrap();
    cluster.upsert_node(changed);
}

/// A change of the cluster, and why its node then refuses.
type Case = (fn(&mut Cluster), &'static str);

#[test]
fn each_reason_has_its_text() {
    let cases: [Case; 8] = [
        (|it| _ = it.remove_node("n1").unwrap(), "node does not exist"),
        (
            |it| with_status(it, |spec| spec.status = "disconnected".into()),
            "node is disconnected and contains invalid updates",
        ),
        (
            |it| with_status(it, |spec| spec.status = "down".into()),
            "node is down and contains invalid updates",
        ),
        (
            |it| with_status(it, |spec| spec.status = "initializing".into()),
            "node is not ready for placements",
        ),
        (
            |it| with_status(it, |spec| spec.scheduling_eligibility = "ineligible".into()),
            "node is not eligible",
        ),
        (
            |it| _ = it.place(&job(1, 100), &PlaceOptions::default()),
            "node has too little free: port 8080",
        ),
        // Its address is another one by then.
        (
            |it| {
                let elsewhere = serde_json::to_string(it.node("n1").unwrap().spec()).unwrap();
                let elsewhere = elsewhere.replace("10.0.0.1", "10.0.0.9");
                it.upsert_node(Node::from_json(&elsewhere).unwrap());
            },
            "node has too little free: port 8080",
        ),
        (
            |it| {
                let other = r#"{"ID": "other", "TaskGroups": [{"Name": "g", "Tasks": [{"Name": "t",
                    "Driver": "docker", "Resources": {"CPU": 100, "MemoryMB": 950}}]}]}"#;
                it.place(&Job::from_json(other).unwrap(), &PlaceOptions::default());
            },
            "node has too little free: memory",
        ),
    ];
    for (change, text) in cases {
        assert_eq!(refusal(change).to_string(), text);
    }
}

#[test]
fn a_node_purged_and_registered_again_is_another_node() {
    let again = |cluster: &mut Cluster| {
        cluster.remove_node("n1").unwrap();
        cluster.upsert_node(node("n1"));
    };
    assert_eq!(refusal(again), NodeRejection::DoesNotExist);
    // Its slot may have gone to another one meanwhile.
    let reused = |cluster: &mut Cluster| {
        cluster.remove_node("n1").unwrap();
        cluster.upsert_node(node("n2"));
    };
    assert_eq!(refusal(reused), NodeRejection::DoesNotExist);
}

#[test]
fn a_job_placed_whole_falls_alone() {
    let mut cluster = Cluster::new([node("n1"), node("n2")]).unwrap();
    let named = |id: &str, whole| {
        let named = job(1, 100).changed(|spec| {
            (spec.id, spec.name, spec.all_at_once) = (id.into(), id.into(), whole);
        });
        named.unwrap()
    };
    let request = |id: &str, whole, node: &str| {
        PlacementRequest::new(&named(id, whole), "front", 0).only_node(node)
    };
    let requests = [request("a", true, "n1"), request("b", false, "n2")];
    let plan = cluster.plan_requests(&requests, &PlaceOptions::default()).unwrap();
    with_status(&mut cluster, |spec| spec.status = "down".into());
    let committed = cluster.commit(plan, Timestamp::EPOCH);
    let placed: Vec<String> = committed.allocations().map(|it| it.name()).collect();
    assert_eq!(placed, ["b.front[0]"]);
}

#[test]
fn what_some_nodes_refuse_others_take() {
    let mut cluster = Cluster::new([node("n1"), node("n2")]).unwrap();
    let whole = job(2, 100).changed(|spec| spec.all_at_once = true).unwrap();
    for (job, taken) in [(whole, 0), (job(2, 100), 1)] {
        let plan = plan(&cluster, &job);
        assert_eq!(plan.len(), 2);
        with_status(&mut cluster, |spec| spec.status = "down".into());
        let committed = cluster.commit(plan, Timestamp::EPOCH);
        assert_eq!((committed.allocations().count(), committed.rejected().len()), (taken, 1));
        assert_eq!(committed.refresh_index(), Some(committed.index()));
        with_status(&mut cluster, |spec| spec.status = "ready".into());
    }
    assert_eq!(cluster.check(), Ok(()));
}

#[test]
fn a_job_with_a_static_port_rolls_over_full_nodes() {
    let mut cluster = Cluster::new([node("n1"), node("n2")]).unwrap();
    let options = PlaceOptions::default();
    assert!(cluster.place(&job(2, 900), &options).is_complete());
    let next = job(2, 950);
    for index in 0..2 {
        let old = cluster
            .allocations()
            .find(|it| it.name == format!("web.front[{index}]") && it.client_status == "pending");
        let old = old.unwrap();
        // Without replacing it, there is no room.
        let request = PlacementRequest::new(&next, "front", index);
        assert_eq!(
            cluster.fork().place_requests(std::slice::from_ref(&request), &options).unwrap().len(),
            0
        );

        let before = cluster.dump();
        let request = [request.replaces(&old.id)];
        let plan = cluster.plan_requests(&request, &options).unwrap();
        assert_eq!(cluster.dump(), before);
        assert_eq!((plan.stops()[0].id(), plan.stops()[0].node_id()), (&*old.id, &*old.node_id));
        let planned = plan.placements().next().unwrap().node_id().to_owned();
        assert_eq!(planned, old.node_id);
        let committed = cluster.commit(plan, Timestamp::EPOCH);
        assert_eq!(committed.stopped(), std::slice::from_ref(&old.id));
        assert_eq!(cluster.check(), Ok(()));
        assert_eq!(cluster.allocation(&old.id).unwrap().desired_status, "stop");
        cluster.set_client_status(&old.id, ClientStatus::Complete).unwrap();
        assert_eq!(cluster.check(), Ok(()));
    }
    assert_eq!(cluster.missing(&next).len(), 0);
}

#[test]
fn what_replaces_and_finds_no_node_leaves_the_old_one_alone() {
    let mut cluster = Cluster::new([node("n1")]).unwrap();
    let options = PlaceOptions::default();
    let placement = cluster.place(&job(1, 900), &options);
    let old = placement.allocations().next().unwrap().id();
    let too_large = job(1, 2_000);
    let before = cluster.dump();
    let request = [PlacementRequest::new(&too_large, "front", 0).replaces(&old)];
    let placement = cluster.place_requests(&request, &options).unwrap();
    assert_eq!((placement.len(), placement.failed().len()), (0, 1));
    assert_eq!(cluster.dump(), before);
    // What is placed directly stops it too.
    let request = [PlacementRequest::new(&job(1, 950), "front", 0).replaces(&old)];
    let placement = cluster.place_requests(&request, &options).unwrap();
    assert_eq!(placement.len(), 1, "{:?}", placement.failed()[0].metrics());
    assert_eq!(cluster.allocation(&old).unwrap().desired_status, "stop");
    assert_eq!(cluster.check(), Ok(()));
}

/// What a fork has for itself stands in its plans as what it is: on the cluster, whatever has the same slot
/// or identity by then is something else.
#[test]
fn what_a_fork_gave_out_itself_is_nobody_elses() {
    // A node that only the fork has, where the cluster has got another one since.
    let mut cluster = Cluster::new([]).unwrap();
    let mut fork = cluster.fork();
    fork.upsert_node(node("n1"));
    let own_node = plan(&fork, &job(1, 100));
    cluster.upsert_node(node("n2"));
    let committed = cluster.commit(own_node, Timestamp::EPOCH);
    assert_eq!(committed.rejected(), [("n1".into(), NodeRejection::DoesNotExist)]);
    assert_eq!(cluster.allocation_count(), 0);

    // An allocation that only the fork has, where the cluster has made another one of its identity.
    let mut cluster = Cluster::new([node("n1")]).unwrap();
    let mut fork = cluster.fork();
    let on_fork = fork.place(&job(1, 100), &PlaceOptions::default());
    let id = on_fork.allocations().next().unwrap().id();
    let request = PlacementRequest::new(&job(1, 100), "front", 0).replaces(&id);
    let rolling = fork.plan_requests(&[request], &PlaceOptions::default()).unwrap();
    assert_eq!(rolling.stops()[0].id(), id);
    let other = job(1, 100).changed(|spec| spec.id = "other".into()).unwrap();
    let placed = cluster.place(&other, &PlaceOptions::default());
    assert_eq!(placed.allocations().next().unwrap().id(), id);
    let committed = cluster.commit(rolling, Timestamp::EPOCH);
    assert_eq!(committed.stopped(), [""; 0]);
    assert_eq!(committed.rejected().len(), 1);
    assert!(cluster.view(&id).unwrap().is_live());
    assert_eq!(cluster.check(), Ok(()));
}
