//! Job files in HCL.

use serde_json::{Value, json};

use crate::app::App;

const SLEEPER: &str = r#"job "sleeper" {
  datacenters = ["dc1"]
  type = "service"
  group "g" {
    count = 3
    task "t" {
      driver = "mock_driver"
      config { run_for = "600s" }
      resources { 
        cpu = 200 
        memory = 64 
      }
    }
  }
}
"#;

#[test]
fn a_job_file_is_read_and_can_be_registered() {
    let app = App::with_nodes(3);
    let parsed = app.put("/v1/jobs/parse", &json!({"jobhcl": SLEEPER, "Canonicalize": true}));
    assert_eq!(parsed.status, 200, "{}", parsed.text);
    assert_eq!(
        (parsed.at("/ID"), parsed.at("/Priority"), parsed.at("/TaskGroups/0/Count")),
        (json!("sleeper"), json!(50), json!(3))
    );
    assert_eq!(parsed.at("/TaskGroups/0/Tasks/0/KillTimeout"), 5_000_000_000_i64);
    assert_eq!(parsed.at("/TaskGroups/0/Tasks/0/Config"), json!({"run_for": "600s"}));
    let bare = app.put("/v1/jobs/parse", &json!({"JobHCL": SLEEPER}));
    assert_eq!((bare.at("/Priority"), bare.at("/TaskGroups/0/Update")), (Value::Null, Value::Null));
    for document in [parsed.json(), bare.json()] {
        let app = App::with_nodes(3);
        for _ in 0..2 {
            let registered = app.put("/v1/jobs", &json!({"Job": document}));
            assert_eq!(registered.status, 200, "{}", registered.text);
        }
        assert_eq!(app.get("/v1/job/sleeper").at("/Version"), 0);
    }
    // Keys that are null say nothing, so both are the same job.
    let app = App::with_nodes(3);
    for document in [parsed.json(), bare.json(), parsed.json()] {
        assert_eq!(app.put("/v1/jobs", &json!({"Job": document})).status, 200);
        assert_eq!(app.get("/v1/job/sleeper").at("/Version"), 0);
    }
}

#[test]
fn variables_have_the_values_of_the_request() {
    let app = App::empty();
    let text = "variable \"n\" {\n  type = number\n}\njob \"j\" {\n  priority = var.n\n}\n";
    let parse = |variables: &str| {
        app.put("/v1/jobs/parse", &json!({"JobHCL": text, "Variables": variables}))
    };
    assert_eq!(parse("n = 70").at("/Priority"), 70);
    for (variables, wanted) in [
        ("", "input.hcl:1,1-1: the variable `n` has no default and was given no value"),
        (
            "n = \"x\"",
            "input.hcl:1,1-1: the value for the variable `n`: expected a number, found `x`",
        ),
        ("n {\n}", "variables.hcl:1,1-1: expected lines such as"),
    ] {
        let refused = parse(variables);
        assert_eq!(refused.status, 400);
        assert!(refused.text.starts_with(wanted), "{}", refused.text);
    }
}

#[test]
fn mistakes_are_answered_as_the_api_does() {
    let app = App::empty();
    let parse =
        |text: &str| app.put("/v1/jobs/parse", &json!({"JobHCL": text, "Canonicalize": true}));
    for (text, wanted) in [
        (
            "job \"x\" {",
            "input.hcl:1,10-10: Argument or block definition required; An argument or block definition \
             is required here.",
        ),
        ("", "Job spec is empty"),
        ("job \"x\" {\n  motd = file(\"/etc/passwd\")\n}\n", "input.hcl:2,3-3: unknown argument"),
        (
            "job \"x\" {\n  name = file(\"/etc/passwd\")\n}\n",
            "input.hcl:2,10-10: the function `file` is",
        ),
    ] {
        let refused = parse(text);
        assert_eq!(refused.status, 400, "{text}");
        assert!(refused.text.starts_with(wanted), "{}", refused.text);
    }
    assert_eq!(app.call("GET", "/v1/jobs/parse", b"").status, 405);
    // What is wrong with a job is said when it is registered.
    let empty = parse("job \"x\" {\n}\n");
    assert_eq!((empty.status.as_u16(), empty.at("/TaskGroups")), (200, Value::Null));
}

/// The recorded replies of Nomad 1.1.2: the job as it was written, and with its defaults.
#[test]
#[ignore = "the recordings are no part of the repository: they are in ../shared/data/recorded"]
fn replies_are_those_that_were_recorded() {
    let folder = crate::shared::folder("data/recorded/cluster-api");
    let app = App::empty();
    for name in [
        "205-jobs-parse-hcl.json",
        "206-jobs-parse-no-canon.json",
        "207-jobs-parse-bad.json",
        "208-jobs-parse-empty.json",
    ] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let reply = app.put("/v1/jobs/parse", &recorded["request"]["body"]);
        let wanted = &recorded["response"];
        assert_eq!(reply.status.as_u16(), wanted["status"].as_u64().unwrap() as u16, "{name}");
        if let Some(text) = wanted["body"].as_str() {
            assert_eq!(reply.text, text);
            continue;
        }
        let mut other = Vec::new();
        compare(&reply.json(), &wanted["body"], "", &mut other);
        // Defaults that the versions since have given up or changed: these, and no others.
        if name.starts_with("205") {
            for path in YOUNGER {
                let at = other.iter().position(|it| it.starts_with(path));
                other.remove(at.unwrap_or_else(|| panic!("{path} is as it was")));
            }
        }
        assert!(other.is_empty(), "{name}: {other:#?}");
    }
}

/// Where a completed job is another than that of the recorded version: there a group's update stood at the
/// job, each task had the restarts of its group, and a group said which Consul it means.
const YOUNGER: &[&str] =
    &["/Update: ", "/TaskGroups/0/Consul: ", "/TaskGroups/0/Tasks/0/RestartPolicy: "];

/// Where a document lacks a key of another, or has another value there.
fn compare(ours: &Value, theirs: &Value, path: &str, other: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, wanted) in theirs {
                let path = format!("{path}/{key}");
                match ours.get(key) {
                    Some(found) => compare(found, wanted, &path, other),
                    None => other.push(format!("{path} is missing, {wanted} there")),
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                compare(ours, theirs, &format!("{path}/{at}"), other);
            }
        }
        (ours, theirs) if ours == theirs => {}
        // What is empty comes back empty, as the first API has it, where the recorded version says nothing.
        (ours, Value::Null) if [json!([]), json!({}), json!(0)].contains(ours) => {}
        (ours, theirs) => other.push(format!("{path}: {ours}, {theirs} there")),
    }
}
