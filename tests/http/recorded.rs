//! What a real agent answered, beside what is answered here: the keys of its documents are all here.

use serde_json::{Value, json};

use crate::app::App;

/// The keys that a document of the API has and another lacks, at whatever depth.
fn missing(theirs: &Value, ours: &Value, path: &str, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, value) in theirs {
                let path = format!("{path}.{key}");
                match ours.get(key) {
                    Some(own) => missing(value, own, &path, found),
                    None => found.push(path),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            if let (Some(theirs), Some(ours)) = (theirs.first(), ours.first()) {
                missing(theirs, ours, &format!("{path}[0]"), found);
            }
        }
        _ => {}
    }
}

#[test]
#[ignore = "the recordings are no part of the repository: they are in the folder `shared`"]
fn every_key_of_the_recorded_documents_is_there() {
    let folder = crate::shared::folder("data/recorded/cluster-api");
    let recorded = |name: &str| -> Value {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let app = App::empty();
    let node = &recorded("006-node-read.json")["response"]["body"];
    let id = node["ID"].as_str().unwrap();
    let joined = app.put(&format!("/v1/node/{id}/register"), &json!({"Node": node}));
    assert_eq!(joined.status, 200, "{}", joined.text);
    let register = recorded("020-job-register.json");
    let registered = app.put("/v1/jobs", &register["request"]["body"]);
    let mut found = Vec::new();
    missing(&register["response"]["body"], &registered.json(), "register", &mut found);
    let evaluation = registered.at("/EvalID").as_str().unwrap().to_owned();
    let allocation = app.get("/v1/allocations").at("/0/ID").as_str().unwrap().to_owned();
    let cases = [
        ("002-nodes-list-resources.json", "/v1/nodes?resources=true".to_owned()),
        ("006-node-read.json", format!("/v1/node/{id}")),
        ("021-evaluation-read.json", format!("/v1/evaluation/{evaluation}")),
        ("022-evaluation-allocations.json", format!("/v1/evaluation/{evaluation}/allocations")),
        ("025-jobs-list.json", "/v1/jobs".into()),
        ("028-job-read.json", "/v1/job/web".into()),
        ("033-job-summary.json", "/v1/job/web/summary".into()),
        ("034-job-versions.json", "/v1/job/web/versions".into()),
        ("038-job-scale-read.json", "/v1/job/web/scale".into()),
        ("043-allocations-list-resources.json", "/v1/allocations?resources=true".into()),
        ("046-allocation-read.json", format!("/v1/allocation/{allocation}")),
        ("209-scheduler-config.json", "/v1/operator/scheduler/configuration".into()),
        ("220-agent-members.json", "/v1/agent/members".into()),
        ("221-agent-health.json", "/v1/agent/health".into()),
        ("223-namespaces.json", "/v1/namespaces".into()),
    ];
    for (name, path) in cases {
        let exchange = recorded(name);
        let answer = app.get(&path);
        assert_eq!(
            exchange["response"]["status"],
            answer.status.as_u16(),
            "{name}: {}",
            answer.text
        );
        missing(&exchange["response"]["body"], &answer.json(), name, &mut found);
    }
    // What a server of that version says of itself, and maps whose keys say nothing here.
    let is_other = [".Tags.", ".Events[0].", ".TaskLifecycles.", ".NodesAvailable."];
    found.retain(|path| !is_other.iter().any(|it| path.contains(it)));
    assert_eq!(found, Vec::<String>::new());
}
