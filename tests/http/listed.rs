//! Every endpoint of the API, one by one: a table of requests in an order in which each makes sense, with the
//! status of the reply and what it is made of. The README lists the same ones.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::app::{App, job, node_id, run};

const README: &str = include_str!("../../README.md");
/// HCL is read where it is built in.
const PARSED: (u16, &str) =
    if cfg!(feature = "hcl") { (200, "{ID TaskGroups}") } else { (501, "=HCL is not built in") };

/// A request: its path after `/v1/`, with identities in angle brackets (one that begins with a dollar is looked
/// up), and its body after a bar (one with an at sign is a [job](job_of)). Then the status, and the reply: an
/// object with at least these keys, a list of such objects that is not empty, `=` and how it begins, or
/// nothing at all.
type Row = (&'static str, u16, &'static str);

const NODE_REPLY: &str = "{HeartbeatTTL EvalIDs EvalCreateIndex NodeModifyIndex Index}";
const OPERATOR_REPLY: &str = "{EvalIDs EvalCreateIndex NodeModifyIndex Index}";
const JOB_REPLY: &str = "{EvalID EvalCreateIndex JobModifyIndex Index}";
const DEPLOYMENT_REPLY: &str =
    "{EvalID EvalCreateIndex DeploymentModifyIndex RevertedJobVersion Index}";
const JOB: &str = "{Region Namespace ID ParentID Name Type Priority AllAtOnce Datacenters NodePool Constraints \
                   Affinities Spreads TaskGroups Update Periodic ParameterizedJob Meta Stop Status \
                   StatusDescription Stable Version SubmitTime CreateIndex ModifyIndex JobModifyIndex}";
const JOB_STUB: &str = "[ID ParentID Name Namespace Datacenters NodePool Type Priority Periodic ParameterizedJob \
                        Stop Status StatusDescription JobSummary Version CreateIndex ModifyIndex JobModifyIndex \
                        SubmitTime]";
const STATUS: &str = "[ID Name Namespace Type NodePool Datacenters Priority ParentID Version SubmitTime CreateIndex \
                      ModifyIndex Status Stop IsPack Allocs GroupCountSum ChildStatuses LatestDeployment]";
const ALLOCATION: &str = "{ID Namespace EvalID Name NodeID NodeName JobID Job TaskGroup Resources TaskResources \
                          AllocatedResources Metrics DesiredStatus DesiredDescription DesiredTransition \
                          ClientStatus ClientDescription TaskStates DeploymentID DeploymentStatus NetworkStatus \
                          RescheduleTracker FollowupEvalID PreviousAllocation NextAllocation CreateIndex \
                          ModifyIndex AllocModifyIndex CreateTime ModifyTime}";
const ALLOCATION_STUB: &str = "[ID EvalID Name Namespace NodeID NodeName JobID JobType JobVersion TaskGroup \
                               DesiredStatus DesiredDescription DesiredTransition ClientStatus ClientDescription \
                               TaskStates DeploymentStatus FollowupEvalID RescheduleTracker CreateIndex \
                               ModifyIndex CreateTime ModifyTime]";
const EVALUATION: &str = "{ID Namespace Priority Type TriggeredBy JobID JobModifyIndex NodeID NodeModifyIndex \
                          DeploymentID Status StatusDescription Wait NextEval PreviousEval BlockedEval \
                          SnapshotIndex CreateIndex ModifyIndex CreateTime ModifyTime}";
const DEPLOYMENT: &str = "{ID Namespace JobID JobVersion JobModifyIndex JobSpecModifyIndex JobCreateIndex TaskGroups \
                          Status StatusDescription CreateIndex ModifyIndex}";
const NODE: &str = "{ID SecretID Datacenter Name Attributes Resources Reserved NodeResources ReservedResources Links \
                    Meta NodeClass NodePool ComputedClass DrainStrategy SchedulingEligibility Status \
                    StatusDescription StatusUpdatedAt Events Drivers HostVolumes LastDrain CreateIndex ModifyIndex}";
const NODE_STUB: &str = "[Address ID Datacenter Name NodeClass NodePool Version Drain SchedulingEligibility Status \
                         StatusDescription Drivers HostVolumes LastDrain CreateIndex ModifyIndex]";

const ROWS: &[Row] = &[
    // Nodes that join and are heard of.
    ("PUT node/<$node>/register|@node", 200, NODE_REPLY),
    ("PUT node/<$node>/status|{\"Status\": \"ready\"}", 200, NODE_REPLY),
    ("GET nodes", 200, NODE_STUB),
    ("GET nodes?prefix=0000", 200, NODE_STUB),
    ("GET node/<$node>", 200, NODE),
    // Jobs.
    ("GET jobs", 200, "=[]"),
    ("PUT jobs/parse|{\"JobHCL\": \"job \\\"x\\\" {}\"}", PARSED.0, PARSED.1),
    ("PUT validate/job|@web", 200, "{DriverConfigValidated ValidationErrors Error Warnings}"),
    (
        "PUT job/<web>/plan|@web",
        200,
        "{Annotations CreatedEvals Diff FailedTGAllocs Index JobModifyIndex NextPeriodicLaunch Warnings}",
    ),
    ("POST jobs|@web", 200, JOB_REPLY),
    ("PUT job/<web>|@web", 200, JOB_REPLY),
    ("GET jobs", 200, JOB_STUB),
    ("GET jobs?prefix=w", 200, JOB_STUB),
    ("GET jobs?prefix=zz", 200, "=[]"),
    ("GET jobs?meta=true", 200, "[ID Meta]"),
    ("GET jobs/statuses", 200, STATUS),
    ("POST jobs/statuses|{\"Jobs\": [{\"ID\": \"web\"}]}", 200, STATUS),
    ("GET job/<web>", 200, JOB),
    ("GET job/<web>/allocations", 200, ALLOCATION_STUB),
    ("GET job/<web>/summary", 200, "{JobID Namespace Summary Children CreateIndex ModifyIndex}"),
    ("GET job/<web>/versions", 200, "{Versions Diffs Index KnownLeader LastContact}"),
    ("GET job/<web>/submission", 200, "{Source Format}"),
    (
        "GET job/<web>/scale",
        200,
        "{JobID Namespace JobCreateIndex JobModifyIndex JobStopped TaskGroups}",
    ),
    ("GET job/<web>/deployments", 200, "[ID JobID JobVersion TaskGroups Status StatusDescription]"),
    ("GET job/<web>/deployment", 200, DEPLOYMENT),
    ("PUT job/<web>/evaluate|{\"JobID\": \"web\"}", 200, JOB_REPLY),
    ("GET job/<web>/evaluations", 200, "[ID Priority Type TriggeredBy JobID Status Wait NextEval]"),
    (
        "PUT job/<web>/stable|{\"JobID\": \"web\", \"JobVersion\": 0, \"Stable\": true}",
        200,
        "{JobModifyIndex Index}",
    ),
    ("PUT jobs|@work", 200, JOB_REPLY),
    ("PUT job/<work>/scale|{\"Count\": 2, \"Target\": {\"Group\": \"g\"}}", 200, JOB_REPLY),
    ("PUT jobs|@a/b", 200, JOB_REPLY),
    ("GET job/<a/b>/summary", 200, "{JobID}"),
    ("GET job/<a%2Fb>/summary", 200, "{JobID}"),
    ("PUT jobs|@param", 200, "{JobModifyIndex Index}"),
    (
        "PUT job/<param>/dispatch|{\"Payload\": \"aGVsbG8=\"}",
        200,
        "{DispatchedJobID EvalID EvalCreateIndex JobCreateIndex Index}",
    ),
    // Allocations.
    ("GET allocations", 200, ALLOCATION_STUB),
    ("GET allocation/<$allocation>", 200, ALLOCATION),
    (
        "PUT node/<$node of it>/allocations|{\"Alloc\": [{\"ID\": \"<$allocation>\", \"ClientStatus\": \"running\"}]}",
        200,
        "{Index}",
    ),
    ("GET node/<$node of it>/allocations", 200, "[ID Job Resources NodeID ClientStatus]"),
    (
        "GET node/<$node of it>/allocations?index=1&wait=1ms",
        200,
        "[ID Job Resources NodeID ClientStatus]",
    ),
    ("PUT allocation/<$allocation>/stop", 200, "{EvalID Index}"),
    // Deployments.
    ("GET deployments", 200, "[ID JobID JobVersion TaskGroups Status StatusDescription]"),
    ("GET deployment/<$deployment>", 200, DEPLOYMENT),
    ("GET deployment/allocations/<$deployment>", 200, ALLOCATION_STUB),
    ("PUT deployment/pause/<$deployment>|{\"Pause\": true}", 200, DEPLOYMENT_REPLY),
    ("PUT deployment/pause/<$deployment>|{\"Pause\": false}", 200, DEPLOYMENT_REPLY),
    (
        "PUT deployment/allocation-health/<$deployment>|{\"HealthyAllocationIDs\": [\"<$allocation>\"]}",
        200,
        DEPLOYMENT_REPLY,
    ),
    // It has no canaries.
    ("PUT deployment/promote/<$deployment>|{\"All\": true}", 500, "=no canaries to promote"),
    // That is for jobs of several regions.
    ("PUT deployment/unblock/<$deployment>", 500, "=can't unblock"),
    ("PUT deployment/fail/<$deployment>", 200, DEPLOYMENT_REPLY),
    ("PUT jobs|@web, changed", 200, JOB_REPLY),
    ("PUT job/<web>/revert|{\"JobID\": \"web\", \"JobVersion\": 0}", 200, JOB_REPLY),
    // Evaluations.
    ("PUT jobs|@large", 200, JOB_REPLY),
    ("GET evaluations", 200, "[ID Priority Type TriggeredBy JobID Status Wait NextEval]"),
    ("GET evaluations/count", 200, "{Count}"),
    ("GET evaluation/<$evaluation>", 200, EVALUATION),
    ("GET evaluation/<$evaluation>?related=true", 200, "{ID RelatedEvals}"),
    ("GET evaluation/<$evaluation>/allocations", 200, ALLOCATION_STUB),
    ("DELETE evaluations|{\"EvalIDs\": [\"<$idle>\"]}", 200, "{Count Index}"),
    ("DELETE evaluations|{\"Filter\": \"Status == canceled\"}", 200, "{Count Index}"),
    // Who serves it.
    ("GET regions", 200, "=[\"global\"]"),
    ("GET status/leader", 200, "=\"127.0.0.1:4646\""),
    ("GET status/peers", 200, "=[\"127.0.0.1:4646\"]"),
    ("GET agent/self", 200, "{config member stats}"),
    ("GET agent/members", 200, "{ServerName ServerRegion ServerDC Members}"),
    ("GET agent/servers", 200, "=[\"127.0.0.1:4646\"]"),
    ("PUT agent/servers?address=10.0.0.1:4647", 200, ""),
    ("GET agent/health", 200, "{server}"),
    ("PUT agent/join?address=10.0.0.1:4648", 200, "{num_joined error}"),
    ("PUT agent/force-leave?node=n1", 200, ""),
    ("GET metrics", 200, "{Timestamp Gauges Points Counters Samples}"),
    ("GET metrics?format=prometheus", 200, "=# "),
    ("GET event/stream", 200, "lines"),
    // Settings.
    (
        "GET operator/scheduler/configuration",
        200,
        "{SchedulerConfig Index KnownLeader LastContact}",
    ),
    (
        "PUT operator/scheduler/configuration?cas=1|{\"SchedulerAlgorithm\": \"binpack\"}",
        200,
        "{Updated Index}",
    ),
    (
        "PUT operator/scheduler/configuration|{\"SchedulerAlgorithm\": \"binpack\", \"PauseEvalBroker\": false}",
        200,
        "{Updated Index}",
    ),
    ("GET namespaces", 200, "[Name Description CreateIndex ModifyIndex]"),
    ("PUT namespaces|{\"Name\": \"dev\"}", 200, ""),
    ("PUT namespace/<ops>|{\"Description\": \"of operators\"}", 200, ""),
    ("GET namespace/<ops>", 200, "{Name Description CreateIndex ModifyIndex}"),
    ("DELETE namespace/<ops>", 200, ""),
    ("GET node/pools", 200, "[Name Description CreateIndex ModifyIndex]"),
    ("PUT node/pools|{\"Name\": \"small\"}", 200, ""),
    ("PUT node/pool/<gpu>|{\"Description\": \"with GPUs\"}", 200, ""),
    ("GET node/pool/<gpu>", 200, "{Name Description CreateIndex ModifyIndex}"),
    ("DELETE node/pool/<gpu>", 200, ""),
    ("GET scaling/policies", 200, "[ID Enabled Type Target CreateIndex ModifyIndex]"),
    ("GET scaling/policy/<$policy>", 200, "{ID Enabled Type Target Min Max Policy}"),
    // Searches.
    ("PUT search|{\"Prefix\": \"w\", \"Context\": \"all\"}", 200, "{Matches Truncations Index}"),
    (
        "PUT search/fuzzy|{\"Text\": \"we\", \"Context\": \"all\"}",
        200,
        "{Matches Truncations Index}",
    ),
    // Our own.
    (
        "GET stowplan/overview",
        200,
        "{Index NodeColumns Nodes Jobs Allocations Deployments Evaluations}",
    ),
    ("GET stowplan/evaluation/<$unplaced>/explain", 200, "{EvalID JobID Status TaskGroups}"),
    ("GET stowplan/capacity?job=web", 200, "{JobID Limit TaskGroups}"),
    // What is not there.
    ("GET volumes?type=csi", 200, "=[]"),
    ("GET volumes?type=host", 200, "=[]"),
    ("GET plugins?type=csi", 200, "=[]"),
    ("GET client/fs/logs/<$allocation>?task=t", 404, "=No path to node"),
    ("GET client/allocation/<$allocation>/stats", 404, "=No path to node"),
    ("PUT client/allocation/<$allocation>/restart", 404, "=No path to node"),
    ("GET client/stats?node_id=<$node>", 404, "=No path to node"),
    // As the real agent answers.
    ("GET client/stats", 400, "=No local Node and node_id not provided"),
    // What is steered, and what ends.
    ("PUT node/<$node>/eligibility|{\"Eligibility\": \"ineligible\"}", 200, OPERATOR_REPLY),
    ("PUT node/<$node>/evaluate", 200, NODE_REPLY),
    ("PUT node/<$node>/drain|{\"DrainSpec\": {\"Deadline\": -1}}", 200, OPERATOR_REPLY),
    ("PUT node/<$node>/drain?enable=false", 200, OPERATOR_REPLY),
    ("PUT node/<$node>/purge", 200, NODE_REPLY),
    ("DELETE job/<work>", 200, JOB_REPLY),
    ("DELETE job/<a/b>?purge=true", 200, JOB_REPLY),
    ("PUT system/reconcile/summaries", 200, ""),
    ("PUT system/gc", 200, ""),
];

/// The jobs and the node that bodies name.
fn job_of(name: &str) -> Value {
    let (id, change) = name.split_once(", ").unwrap_or((name, ""));
    let mut it = job(id, if id == "large" { 500 } else { 2 });
    match id {
        "node" => {
            return json!({"Node": {"Name": "n0", "Datacenter": "dc1", "Attributes": {"driver.docker": "1"},
                "NodeResources": {"Cpu": {"CpuShares": 4000}, "Memory": {"MemoryMB": 8192}, "Disk": {"DiskMB": 9000}}}});
        }
        "web" => {
            it["TaskGroups"][0]["Scaling"] = json!({"Min": 1, "Max": 9});
            it["Meta"] = json!({"owner": "ops", "change": change});
        }
        "param" => {
            it["Type"] = json!("batch");
            it["ParameterizedJob"] = json!({"Payload": "optional"});
        }
        "work" => it["Type"] = json!("batch"),
        "cron" => {
            it["Type"] = json!("batch");
            it["Periodic"] = json!({"Spec": "0 0 * * *", "SpecType": "cron", "Enabled": true});
        }
        _ => {}
    }
    let submission = json!({"Source": it.to_string(), "Format": "json"});
    json!({"Job": it, "Submission": submission, "Diff": true})
}

/// What is looked up.
fn found(app: &App, name: &str) -> String {
    let text = |value: Value| value.as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
    let evaluation = |is_it: &dyn Fn(&Value) -> bool| {
        let all = app.get("/v1/evaluations").json();
        text(all.as_array().unwrap().iter().find(|it| is_it(it)).unwrap()["ID"].clone())
    };
    match name {
        "node" => node_id(0),
        "node of it" => text(app.get("/v1/job/web/allocations").at("/0/NodeID")),
        "allocation" => text(app.get("/v1/job/web/allocations").at("/0/ID")),
        "deployment" => text(app.get("/v1/job/web/deployment").at("/ID")),
        "evaluation" => text(app.get("/v1/job/web/allocations").at("/0/EvalID")),
        "policy" => text(app.get("/v1/scaling/policies").at("/0/ID")),
        // Nothing came of it.
        "idle" => {
            let held = app.get("/v1/allocations").json();
            let held: BTreeSet<String> =
                held.as_array().unwrap().iter().map(|it| text(it["EvalID"].clone())).collect();
            evaluation(&|it| {
                it["Status"] == "complete" && !held.contains(it["ID"].as_str().unwrap_or_default())
            })
        }
        "unplaced" => evaluation(&|it| it["JobID"] == "large" && it["Status"] == "complete"),
        _ => panic!("nothing is looked up as {name}"),
    }
}

/// A text with what stands in angle brackets made of it by a function.
fn replaced(text: &str, with: impl Fn(&str) -> String) -> String {
    let mut parts = text.split('<');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('>').unwrap();
        whole += &with(name);
        whole += rest;
    }
    whole
}

/// What is wrong with a reply.
fn flaw(text: &str, shape: &str) -> Option<String> {
    if let Some(begin) = shape.strip_prefix('=') {
        return (!text.starts_with(begin)).then(|| format!("it is no {begin}"));
    }
    if shape.is_empty() {
        return (!text.is_empty()).then(|| "it has a body".to_owned());
    }
    let Ok(reply) = serde_json::from_str::<Value>(text) else {
        return Some("it is no JSON".into());
    };
    let keys = shape.trim_matches(['{', '}', '[', ']']).split_whitespace();
    let things = match shape.starts_with('[') {
        true => reply.as_array().cloned().unwrap_or_default(),
        false => vec![reply],
    };
    if things.is_empty() {
        return Some("nothing is in the list".into());
    }
    let is_missing = |key: &&str| things.iter().any(|it| it.get(*key).is_none());
    let missing: Vec<&str> = keys.filter(is_missing).collect();
    (!missing.is_empty()).then(|| format!("without {}", missing.join(", ")))
}

/// Asks for a row, and says what is wrong with the answer.
fn ask(app: &App, (request, status, shape): Row) -> Option<String> {
    let (line, body) = request.split_once('|').unwrap_or((request, ""));
    let (method, path) = line.split_once(' ').unwrap();
    let look_up = |name: &str| match name.strip_prefix('$') {
        Some(name) => found(app, name),
        None => name.to_owned(),
    };
    let path = format!("/v1/{}", replaced(path, look_up));
    if shape == "lines" {
        // It goes on for ever.
        let answer = run(app.respond(method, &path, &[], b""));
        return (answer.status() != StatusCode::OK)
            .then(|| format!("{request}: {}", answer.status()));
    }
    let body = match body.strip_prefix('@') {
        Some(name) => job_of(name).to_string(),
        None => replaced(body, look_up),
    };
    let answer = app.call(method, &path, body.as_bytes());
    if answer.status != status {
        return Some(format!("{request}: {} {}", answer.status, answer.text));
    }
    if !path.starts_with("/v1/client/") && answer.text.len() > 1 && shape.starts_with(['{', '[']) {
        assert_eq!(answer.header("content-type"), "application/json", "{request}");
    }
    flaw(&answer.text, shape).map(|flaw| format!("{request}: {flaw}: {}", answer.text))
}

#[test]
fn every_endpoint_answers_with_what_it_is_to_have() {
    let app = App::with_nodes(3);
    let wrong: Vec<String> = ROWS.iter().filter_map(|row| ask(&app, *row)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[cfg(feature = "cron")]
#[test]
fn a_periodic_job_is_launched_by_hand() {
    let app = App::with_nodes(1);
    let rows = [
        ("PUT jobs|@cron", 200, "{JobModifyIndex Index}"),
        ("PUT job/<cron>/periodic/force", 200, "{EvalID EvalCreateIndex Index}"),
    ];
    let wrong: Vec<String> = rows.into_iter().filter_map(|row| ask(&app, row)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The path of a row, its identities by that name.
fn pattern(request: &str) -> String {
    let line = request.split('|').next().unwrap_or_default();
    let (_, path) = line.split_once(' ').unwrap();
    let path = replaced(path, |_| "ID".to_owned());
    let path = path.split('?').next().unwrap_or_default();
    if path.starts_with("client/") { "client/...".to_owned() } else { path.to_owned() }
}

/// The paths that the README's table lists.
fn paths_of_readme() -> BTreeSet<String> {
    let table = README.lines().skip_while(|line| !line.starts_with("| what | paths after `/v1/`"));
    let mut paths = BTreeSet::new();
    for row in table.skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        // Those are no paths.
        if cells[1] == "lists" {
            continue;
        }
        let (mut of, mut before) = ("", "");
        for (at, part) in cells[2].split('`').enumerate() {
            if at % 2 == 0 {
                before = part;
                continue;
            }
            let path = part.split('?').next().unwrap_or_default().replace("NAME", "ID");
            if before.ends_with("and its ") {
                of = if cells[1] == "jobs" { "job/ID/" } else { "node/ID/" };
            }
            if !path.is_empty() {
                paths.insert(format!("{of}{path}"));
            }
        }
    }
    paths
}

#[test]
fn the_readme_lists_the_endpoints_that_are_tested() {
    let mut tested: BTreeSet<String> = ROWS.iter().map(|(request, ..)| pattern(request)).collect();
    tested.insert("job/ID/periodic/force".to_owned());
    assert_eq!(tested, paths_of_readme());
}
