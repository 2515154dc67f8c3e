//! Jobs that can be placed but not registered, and new versions that change what may not change.

use serde_json::{Value, json};
use stowplan::model::{Job, read};

use super::{check, good_job, with};

/// A JSON pointer into a good job, the value that is put there, and the answer.
type Row = (&'static str, &'static str, &'static str);

fn answer(document: &Value, before: Option<&Job>) -> String {
    let spec = read::job(document.to_string()).unwrap();
    Job::registered(spec, before).map(drop).map_err(|e| e.to_string()).err().unwrap_or_default()
}

fn spoil(good: &Value, rows: &[Row]) {
    assert_eq!(answer(good, None), "");
    check(rows.iter().map(|(pointer, value, expected)| {
        let spoilt = with(good, pointer, &serde_json::from_str(value).unwrap());
        (format!("{pointer} {value}"), (*expected).to_owned(), answer(&spoilt, None))
    }));
}

fn of_type(job_type: &str) -> Value {
    with(&good_job(), "/Type", &json!(job_type))
}

#[test]
fn jobs() {
    spoil(&good_job(), JOBS);
}

#[test]
fn blocks_of_groups() {
    spoil(&good_job(), BLOCKS);
}

#[test]
fn tasks() {
    spoil(&good_job(), TASKS);
}

#[test]
fn types_of_jobs() {
    spoil(&of_type("system"), SYSTEM);
    spoil(&of_type("batch"), BATCH);
}

#[test]
fn jobs_of_the_first_api() {
    let good = with(&good_job(), "/TaskGroups/0/Tasks/0/Resources", &json!({"IOPS": 0}));
    spoil(&good, FIRST);
}

#[test]
fn what_a_new_version_may_not_change() {
    let service = Job::registered(read::job(good_job().to_string()).unwrap(), None).unwrap();
    let batch = of_type("batch");
    let periodic = with(&batch, "/Periodic", &json!({"Spec": "@daily"}));
    let before =
        |document: &Value| Job::registered(read::job(document.to_string()).unwrap(), None).unwrap();
    let rows = [
        (
            answer(&batch, Some(&service)),
            "Type: a job of type `service` cannot become one of type `batch`",
        ),
        (
            answer(&periodic, Some(&before(&batch))),
            "Periodic: a job that has not this block cannot get it",
        ),
        (
            answer(&batch, Some(&before(&periodic))),
            "Periodic: a job that has this block cannot lose it",
        ),
        (
            answer(&with(&batch, "/ParameterizedJob", &json!({})), Some(&before(&batch))),
            "ParameterizedJob: a job that has not this block cannot get it",
        ),
        (answer(&periodic, Some(&before(&periodic))), ""),
        (answer(&with(&good_job(), "/Priority", &json!(60)), Some(&service)), ""),
    ];
    check(
        rows.into_iter().map(|(found, expected)| (expected.to_owned(), expected.to_owned(), found)),
    );
}

#[test]
fn every_mistake_is_reported_at_once() {
    let job = json!({
        "ID": "my web", "Priority": 0,
        "TaskGroups": [{
            "Name": "a", "Count": 60_000,
            "Update": {"MaxParallel": -1, "AutoPromote": true},
            "Tasks": [{"Name": "a/b", "Driver": "exec", "Resources": {"CPU": 0, "MemoryMB": 9}}],
        }],
    });
    let expected = "\
Priority: expected 1 to 100, found `0`
ID: expected an ID without spaces, found `my web`
TaskGroups: expected at most 50000 allocations together, found `60000`
TaskGroups[0].Update.MaxParallel: expected 0 to 1000000, found `-1`
TaskGroups[0].Update.AutoPromote: there are no canaries to promote, set `Canary`
TaskGroups[0].Tasks[0].Name: expected a name without slashes, found `a/b`
TaskGroups[0].Tasks[0].Resources.CPU: expected at least 1 MHz, or whole `Cores`, found `0`
TaskGroups[0].Tasks[0].Resources.MemoryMB: expected at least 10 MB, found `9`";
    assert_eq!(answer(&job, None), expected);
}

#[rustfmt::skip]
const JOBS: &[Row] = &[
    ("/ID", r#""a b""#,
        "ID: expected an ID without spaces, found `a b`"),
    ("/Type", r#""_core""#,
        "Type: unknown job type `_core`, known are `service`, `batch`, `system`, `sysbatch`"),
    ("/Payload", r#""aGk=""#,
        "Payload: a payload comes with a dispatch, not with the job"),
    ("/Payload", "null", ""),
    ("/TaskGroups/0/Count", "50000", ""),
    ("/TaskGroups/0/Count", "50001",
        "TaskGroups: expected at most 50000 allocations together, found `50001`"),
    ("/TaskGroups/0/Count", "2147483648",
        "TaskGroups[0].Count: expected 0 to 1000000, found `2147483648`\n\
         TaskGroups: expected at most 50000 allocations together, found `2147483648`"),
    ("/Periodic", r#"{"Spec": "@daily"}"#,
        "Periodic: is for jobs of type `batch` and `sysbatch`, found `service`"),
    ("/ParameterizedJob", "{}",
        "ParameterizedJob: is for jobs of type `batch` and `sysbatch`, found `service`"),
    ("/periodic", r#"{"Spec": "@daily"}"#,
        "Periodic: is for jobs of type `batch` and `sysbatch`, found `service`"),
];

#[rustfmt::skip]
const BLOCKS: &[Row] = &[
    ("/TaskGroups/0/RestartPolicy", r#"{"Mode": "never"}"#,
        "TaskGroups[0].RestartPolicy.Mode: unknown mode `never`, known are `delay`, `fail`"),
    ("/TaskGroups/0/RestartPolicy", r#"{"Interval": 4999999999, "Attempts": 0}"#,
        "TaskGroups[0].RestartPolicy.Interval: expected at least 5000000000 ns, found `4999999999`"),
    ("/TaskGroups/0/RestartPolicy", r#"{"Interval": 5000000000, "Attempts": 2, "Delay": 2500000001}"#,
        "TaskGroups[0].RestartPolicy.Attempts: 2 restarts with a delay of 2500000001 ns take longer \
         than the interval of 5000000000 ns"),
    ("/TaskGroups/0/RestartPolicy", r#"{"Interval": 5000000000, "Attempts": 2, "Delay": 2500000000}"#, ""),
    ("/TaskGroups/0/ReschedulePolicy", r#"{"Attempts": 2, "Unlimited": true}"#,
        "TaskGroups[0].ReschedulePolicy.Unlimited: expected a number of `Attempts` or `Unlimited`, \
         found both"),
    ("/TaskGroups/0/ReschedulePolicy", r#"{"Attempts": 2}"#,
        "TaskGroups[0].ReschedulePolicy.Interval: expected at least 15000000000 ns, found `0`"),
    ("/TaskGroups/0/ReschedulePolicy", r#"{"Delay": 4999999999}"#,
        "TaskGroups[0].ReschedulePolicy.Delay: expected at least 5000000000 ns, found `4999999999`"),
    ("/TaskGroups/0/ReschedulePolicy", r#"{"DelayFunction": "linear"}"#,
        "TaskGroups[0].ReschedulePolicy.DelayFunction: unknown function `linear`, known are \
         `constant`, `exponential`, `fibonacci`"),
    ("/TaskGroups/0/ReschedulePolicy", r#"{"Delay": 6000000000, "MaxDelay": 5000000000}"#,
        "TaskGroups[0].ReschedulePolicy.MaxDelay: expected at least the `Delay` of 6000000000 ns, \
         found `5000000000`"),
    ("/TaskGroups/0/ReschedulePolicy",
        r#"{"Attempts": 3, "Interval": 17000000000, "Delay": 6000000000, "DelayFunction": "constant"}"#,
        "TaskGroups[0].ReschedulePolicy.Attempts: 3 attempts take at least 18000000000 ns, which is \
         longer than the interval of 17000000000 ns"),
    ("/TaskGroups/0/ReschedulePolicy",
        r#"{"Attempts": 4, "Interval": 34000000000, "Delay": 5000000000, "DelayFunction": "fibonacci"}"#,
        "TaskGroups[0].ReschedulePolicy.Attempts: 4 attempts take at least 35000000000 ns, which is \
         longer than the interval of 34000000000 ns"),
    ("/TaskGroups/0/ReschedulePolicy",
        r#"{"Attempts": 3, "Interval": 35000000000, "Delay": 5000000000, "DelayFunction": "exponential"}"#,
        ""),
    ("/TaskGroups/0/ReschedulePolicy", r#"{"Attempts": 0, "Unlimited": false, "Delay": 1}"#, ""),
    ("/TaskGroups/0/ReschedulePolicy",
        r#"{"Attempts": 1000000, "Interval": 9000000000000000000, "Delay": 5000000000, "MaxDelay": 5000000000}"#,
        ""),
    ("/TaskGroups/0/Update", r#"{"Canary": -1}"#,
        "TaskGroups[0].Update.Canary: expected 0 to 1000000, found `-1`"),
    ("/TaskGroups/0/Update", r#"{"HealthCheck": "luck"}"#,
        "TaskGroups[0].Update.HealthCheck: unknown health check `luck`, known are `checks`, \
         `task_states`, `manual`"),
    ("/TaskGroups/0/Update", r#"{"MinHealthyTime": 300000000000}"#,
        "TaskGroups[0].Update.MinHealthyTime: expected less than the `HealthyDeadline` of \
         300000000000 ns, found `300000000000`"),
    ("/TaskGroups/0/Update", r#"{"HealthyDeadline": 600000000000}"#,
        "TaskGroups[0].Update.HealthyDeadline: expected less than the `ProgressDeadline` of \
         600000000000 ns, found `600000000000`"),
    ("/TaskGroups/0/Update", r#"{"HealthyDeadline": 900000000000, "ProgressDeadline": 0}"#, ""),
    ("/TaskGroups/0/Update", r#"{"Stagger": 0}"#,
        "TaskGroups[0].Update.Stagger: expected at least 1 ns, found `0`"),
    ("/Update", r#"{"MaxParallel": -5}"#,
        "TaskGroups[0].Update.MaxParallel: expected 0 to 1000000, found `-5`"),
    ("/TaskGroups/0/Migrate", r#"{"HealthCheck": "manual"}"#,
        "TaskGroups[0].Migrate.HealthCheck: unknown health check `manual`, known are `checks`, \
         `task_states`"),
    ("/TaskGroups/0/Disconnect", r#"{"LostAfter": 1, "StopOnClientAfter": 0}"#,
        "TaskGroups[0].Disconnect.StopOnClientAfter: expected `LostAfter` or `StopOnClientAfter`, \
         found both"),
    ("/TaskGroups/0/Disconnect", r#"{"LostAfter": -1, "Reconcile": "luck"}"#,
        "TaskGroups[0].Disconnect.LostAfter: expected at least 0 ns, found `-1`\n\
         TaskGroups[0].Disconnect.Reconcile: unknown way to reconcile `luck`, known are \
         `best_score`, `longest_running`, `keep_original`, `keep_replacement`"),
    ("/TaskGroups/0/Scaling", r#"{"Min": 2, "Max": 3}"#,
        "TaskGroups[0].Count: expected at least the `Min` of 2, found `1`"),
    ("/TaskGroups/0/Scaling", r#"{"Min": 2, "Max": 1}"#,
        "TaskGroups[0].Scaling.Max: expected at least the `Min` of 2, found `1`"),
    ("/TaskGroups/0/Scaling", r#"{"Max": 0}"#,
        "TaskGroups[0].Count: expected at most the `Max` of 0, found `1`"),
    ("/TaskGroups/0/MaxRunDuration", "5",
        "TaskGroups[0].MaxRunDuration: is for jobs of type `batch` and `sysbatch`"),
];

#[rustfmt::skip]
const TASKS: &[Row] = &[
    ("/TaskGroups/0/Tasks/0/Name", r#""a/b""#,
        "TaskGroups[0].Tasks[0].Name: expected a name without slashes, found `a/b`"),
    ("/TaskGroups/0/Tasks/0/KillTimeout", "-1",
        "TaskGroups[0].Tasks[0].KillTimeout: expected 0 ns or more, found `-1`"),
    ("/TaskGroups/0/Tasks/0/Resources", r#"{"CPU": 5, "Cores": 2}"#,
        "TaskGroups[0].Tasks[0].Resources.CPU: the task asks for 2 whole `Cores`, leave it out"),
    ("/TaskGroups/0/Tasks/0/Resources", r#"{"Cores": 2}"#, ""),
    ("/TaskGroups/0/RestartPolicy", r#"{}"#, ""),
    ("/TaskGroups/0",
        r#"{"Name": "g", "EphemeralDisk": {}, "Tasks": [{"Name": "t", "Driver": "exec", "Resources": {"DiskMB": 0}}]}"#,
        ""),
    ("/TaskGroups/0",
        r#"{"Name": "g", "RestartPolicy": {}, "Tasks": [{"Name": "t", "Driver": "exec", "Resources": {"DiskMB": 500}}]}"#,
        "TaskGroups[0].Tasks[0].Resources.DiskMB: disk is asked for by the group's `EphemeralDisk`"),
    ("/TaskGroups/0/Tasks/0/Lifecycle", r#"{"Hook": "prestart"}"#,
        "TaskGroups[0].Tasks: a group needs at least one task without a `Lifecycle`"),
    ("/TaskGroups/0/Tasks",
        r#"[{"Name": "a", "Driver": "exec", "Leader": true}, {"Name": "b", "Driver": "exec", "Leader": true}]"#,
        "TaskGroups[0].Tasks: expected at most one leader, found 2"),
    ("/TaskGroups/0/Tasks/0/VolumeMounts", r#"[{"Volume": "data"}]"#,
        "TaskGroups[0].Tasks[0].VolumeMounts[0].Volume: the group has no volume `data`"),
    ("/TaskGroups/0/Tasks/0/LogConfig", r#"{"MaxFiles": 0}"#,
        "TaskGroups[0].Tasks[0].LogConfig.MaxFiles: expected at least 1 file, found `0`"),
    ("/TaskGroups/0/Tasks/0/LogConfig", r#"{"MaxFiles": 30}"#,
        "TaskGroups[0].Tasks[0].LogConfig: expected files of less than the group's disk of 300 MB \
         together, found `300`"),
    ("/TaskGroups/0/Tasks/0/LogConfig", r#"{"MaxFiles": 29}"#, ""),
    ("/TaskGroups/0/Tasks/0/LogConfig", r#"{"MaxFiles": 0, "Disabled": true}"#, ""),
];

#[rustfmt::skip]
const SYSTEM: &[Row] = &[
    ("/TaskGroups/0/Count", "2",
        "TaskGroups[0].Count: a system job has one on every node, expected 0 or 1, found `2`"),
    ("/Affinities", r#"[{"LTarget": "${meta.a}", "RTarget": "b"}]"#,
        "Affinities: a system job runs on every node and has no preferences"),
    ("/TaskGroups/0/Spreads", r#"[{"Attribute": "${meta.a}"}]"#,
        "TaskGroups[0].Spreads: a system job runs on every node and has no preferences"),
    ("/TaskGroups/0/Tasks/0/Affinities", r#"[{"LTarget": "${meta.a}", "RTarget": "b"}]"#,
        "TaskGroups[0].Tasks[0].Affinities: a system job runs on every node and has no preferences"),
    ("/TaskGroups/0/ReschedulePolicy", "{}",
        "TaskGroups[0].ReschedulePolicy: is for jobs of type `service` and `batch`, found `system`"),
    ("/TaskGroups/0/Migrate", "{}",
        "TaskGroups[0].Migrate: is for jobs of type `service`, found `system`"),
    ("/TaskGroups/0/Update", r#"{"MaxParallel": 2}"#, ""),
];

#[rustfmt::skip]
const BATCH: &[Row] = &[
    ("/TaskGroups/0/Update", "{}",
        "TaskGroups[0].Update: is for jobs of type `service` and `system`, found `batch`"),
    ("/Update", r#"{"MaxParallel": 2}"#, ""),
    ("/TaskGroups/0/MaxRunDuration", "5", ""),
    ("/Periodic", "{}",
        "Periodic.Spec: a periodic job needs a cron expression"),
    ("/Periodic", r#"{"Enabled": false}"#, ""),
    ("/Periodic", r#"{"Specs": ["@daily"], "SpecType": "moon"}"#,
        "Periodic.SpecType: unknown type `moon`, known is `cron`"),
    ("/ParameterizedJob", r#"{"Payload": "maybe", "MetaRequired": ["a"], "MetaOptional": ["b", "a"]}"#,
        "ParameterizedJob.Payload: unknown payload `maybe`, known are `optional`, `required`, \
         `forbidden`\n\
         ParameterizedJob.MetaOptional[1]: `a` is required already"),
];

#[rustfmt::skip]
const FIRST: &[Row] = &[
    ("/TaskGroups/0/Count", "0",
        "TaskGroups[0].Count: expected at least 1, found `0`"),
    ("/TaskGroups/0/Tasks/0/Resources", r#"{"IOPS": 0, "CPU": 0, "MemoryMB": 0, "DiskMB": 5000}"#, ""),
    ("/ID", r#""a b""#,
        "ID: expected an ID without spaces, found `a b`"),
];
