//! The two eras of the API, and what a document says of its own (docs/lifecycle.md, section 9).

use serde_json::Value;

use super::constraint::Constraint;
use super::document::Extra;
use super::job_spec::{JobSpec, Task, TaskGroup};
use super::strategy::UpdateStrategy;

/// The API that a job's document is written in, and read back in.
///
/// A document is of the first API when it has one of that era's keys (`Hard` or `Weight` in a
/// constraint, `IOPS` or `DiskMB` in task resources, a number as `DynamicPorts`) and no key at job or
/// group level that the first API did not have, bookkeeping aside. Values that say no more than an
/// absent key do not count.
///
/// ```
/// use stowplan::model::{Era, Job};
///
/// let job = |resources| {
///     Job::from_json(format!(
///         r#"{{"ID": "web", "TaskGroups": [{{"Name": "front", "Tasks": [
///             {{"Name": "nginx", "Driver": "docker", "Resources": {resources}}}]}}]}}"#
///     ))
/// };
/// let (first, today) = (job(r#"{"CPU": 500, "DiskMB": 0}"#)?, job(r#"{"CPU": 500}"#)?);
/// assert_eq!((first.era(), today.era()), (Era::First, Era::Today));
/// // In a document of the first API amounts are what they say.
/// assert_eq!((first.task_groups[0].disk_mb(), today.task_groups[0].disk_mb()), (0, 300));
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Era {
    /// Jobs have tasks with disk, soft constraints and a rolling update without health.
    First,
    /// Jobs have all that there is now.
    #[default]
    Today,
}

/// Keys of the job that say nothing of its era: where it is kept, and what the server notes about it.
const BOOKKEEPING: [&str; 6] =
    ["ParentID", "Dispatched", "JobCreateIndex", "NomadTokenID", "ConsulToken", "VaultToken"];

impl JobSpec {
    /// The API that the document is written in; where it does not say, today's.
    pub fn era(&self) -> Era {
        Era::of(self).unwrap_or_default()
    }
}

impl Era {
    /// What a document says of its era; none where it has keys of neither.
    pub(crate) fn of(spec: &JobSpec) -> Option<Era> {
        if spec.task_groups.iter().any(is_group_of_today) || is_job_of_today(spec) {
            Some(Era::Today)
        } else {
            let has_first = spec.constraints.iter().any(is_first_constraint)
                || spec.task_groups.iter().any(has_first_keys);
            has_first.then_some(Era::First)
        }
    }
}

/// Whether a job has keys that the first API's did not have.
fn is_job_of_today(job: &JobSpec) -> bool {
    let is_known = |key: &str| BOOKKEEPING.contains(&key);
    !job.affinities.is_empty()
        || !job.spreads.is_empty()
        || job.periodic.is_some()
        || job.parameterized_job.is_some()
        || job.update.as_ref().is_some_and(is_update_of_today)
        || says_more(&job.extra, is_known)
}

/// Whether a group has keys that the first API's did not have.
fn is_group_of_today(group: &TaskGroup) -> bool {
    group.ephemeral_disk.is_some()
        || group.restart_policy.is_some()
        || group.update.is_some()
        || group.migrate.is_some()
        || group.reschedule_policy.is_some()
        || group.disconnect.is_some()
        || group.scaling.is_some()
        || group.max_client_disconnect.is_some()
        || group.stop_after_client_disconnect.is_some()
        || group.prevent_reschedule_on_lost.is_some()
        || !group.networks.is_empty()
        || !group.volumes.is_empty()
        || !group.affinities.is_empty()
        || !group.spreads.is_empty()
        || says_more(&group.extra, |_| false)
}

/// Whether an update block speaks of health, which the first API did not know.
fn is_update_of_today(update: &UpdateStrategy) -> bool {
    !update.health_check.is_empty()
        || update.min_healthy_time.is_some()
        || update.healthy_deadline.is_some()
        || update.progress_deadline.is_some()
        || update.auto_revert.is_some()
        || update.auto_promote.is_some()
        || update.canary.is_some()
        || says_more(&update.extra, |_| false)
}

/// Whether unknown keys say more than absent ones would, some aside.
fn says_more(extra: &Extra, is_known: impl Fn(&str) -> bool) -> bool {
    extra.iter().any(|(key, value)| !is_known(key) && !is_absent(value))
}

/// Whether a value says no more than an absent key does.
pub(super) fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
    }
}

/// Whether a group or its tasks have keys that only the first API has.
fn has_first_keys(group: &TaskGroup) -> bool {
    group.constraints.iter().any(is_first_constraint) || group.tasks.iter().any(is_first_task)
}

fn is_first_constraint(constraint: &Constraint) -> bool {
    constraint.hard.is_some() || constraint.weight.is_some()
}

fn is_first_task(task: &Task) -> bool {
    let of_resources = task.resources.as_ref().is_some_and(|resources| {
        let is_number = resources.networks.iter().any(|network| network.dynamic_ports.is_number());
        resources.iops.is_some() || resources.disk_mb.is_some() || is_number
    });
    of_resources || task.constraints.iter().any(is_first_constraint)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Job, read};

    /// A document of one group with one task, made of the keys of each.
    fn document(job: &str, group: &str, task: &str) -> String {
        format!(
            r#"{{"ID": "web", {job} "TaskGroups": [{{"Name": "g", {group} "Tasks": [
                {{"Name": "t", {task} "Driver": "exec"}}]}}]}}"#
        )
    }

    fn era(job: &str, group: &str, task: &str) -> Option<Era> {
        Era::of(&read::job(document(job, group, task)).unwrap())
    }

    #[test]
    fn keys_of_the_first_api_say_so() {
        for task in [
            r#""Resources": {"IOPS": 0},"#,
            r#""Resources": {"DiskMB": 300},"#,
            r#""Resources": {"Networks": [{"DynamicPorts": 0}]},"#,
            r#""Constraints": [{"LTarget": "kernel.os", "Hard": true}],"#,
            r#""Constraints": [{"LTarget": "kernel.os", "Weight": 0}],"#,
        ] {
            assert_eq!(era("", "", task), Some(Era::First), "{task}");
        }
        let constraint = r#""Constraints": [{"LTarget": "kernel.os", "Hard": false}],"#;
        assert_eq!(era(constraint, "", ""), Some(Era::First));
        assert_eq!(era("", constraint, ""), Some(Era::First));
    }

    #[test]
    fn neither_is_said_by_what_both_apis_have_or_by_values_like_absent_ones() {
        for job in [
            r#""Region": "global", "Update": {"Stagger": 5, "MaxParallel": 1},"#,
            r#""Version": 3, "Stable": true, "Stop": true, "SubmitTime": 5, "Namespace": "n",
               "NodePool": "p", "JobModifyIndex": 7, "ParentID": "a","#,
            r#""Affinities": null, "Spreads": [], "Periodic": null, "Payload": "", "Dispatched": true,"#,
        ] {
            assert_eq!(era(job, "", ""), None, "{job}");
        }
        assert_eq!(era("", r#""Meta": {"a": "b"}, "Volumes": {}, "Services": [],"#, ""), None);
        assert_eq!(era("", "", r#""Resources": {"CPU": 5, "IOPS": null}, "Leader": true,"#), None);
        assert_eq!(era("", "", r#""Resources": {"Networks": [{"DynamicPorts": ["a"]}]},"#), None);
    }

    #[test]
    fn one_later_key_of_the_job_or_a_group_makes_it_of_today() {
        let first = r#""Resources": {"IOPS": 0},"#;
        for job in [
            r#""Periodic": {"Spec": "@daily"},"#,
            r#""Affinities": [{"LTarget": "${meta.a}", "RTarget": "b"}],"#,
            r#""Spreads": [{"Attribute": "${meta.a}"}],"#,
            r#""Update": {"Stagger": 5, "Canary": 1},"#,
        ] {
            assert_eq!(era(job, "", first), Some(Era::Today), "{job}");
        }
        for group in [
            r#""EphemeralDisk": {},"#,
            r#""RestartPolicy": {"Mode": "fail"},"#,
            r#""ReschedulePolicy": {},"#,
            r#""Update": {},"#,
            r#""Migrate": {},"#,
            r#""Disconnect": {},"#,
            r#""Scaling": {"Max": 3},"#,
            r#""MaxClientDisconnect": 5,"#,
            r#""StopAfterClientDisconnect": 5,"#,
            r#""PreventRescheduleOnLost": true,"#,
            r#""Networks": [{"Mode": "host"}],"#,
            r#""Volumes": {"v": {"Type": "host", "Source": "s"}},"#,
            r#""Services": [{"Name": "s"}],"#,
        ] {
            assert_eq!(era("", group, first), Some(Era::Today), "{group}");
        }
        // Later keys of tasks do not count.
        let task = r#""KillTimeout": 5, "Resources": {"IOPS": 0, "Cores": 1},"#;
        assert_eq!(era("", "", task), Some(Era::First));
    }

    /// All keys of a value, by their level.
    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    const OF_A_JOB: [&str; 22] = [
        "AllAtOnce",
        "Constraints",
        "CreateIndex",
        "Datacenters",
        "ID",
        "JobModifyIndex",
        "Meta",
        "ModifyIndex",
        "Name",
        "Namespace",
        "NodePool",
        "Priority",
        "Region",
        "Stable",
        "Status",
        "StatusDescription",
        "Stop",
        "SubmitTime",
        "TaskGroups",
        "Type",
        "Update",
        "Version",
    ];

    #[test]
    fn what_is_read_back_has_the_keys_of_the_first_api_and_the_bookkeeping() {
        let job = Job::from_json(document(
            r#""Constraints": [{"LTarget": "kernel.os", "RTarget": "linux", "Operand": "=", "Hard": false, "Weight": 0}],"#,
            "",
            r#""Config": {"image": "i"}, "Resources": {"CPU": 500, "MemoryMB": 0, "Networks":
                [{"MBits": 100, "ReservedPorts": [80], "DynamicPorts": ["http"]}]},"#,
        ))
        .unwrap();
        let written = serde_json::to_value(&job).unwrap();
        let mut found = keys(&written);
        found.sort_unstable();
        assert_eq!(found, OF_A_JOB);
        assert_eq!(written["Update"], json!({"Stagger": 0, "MaxParallel": 0}));
        assert_eq!(written["Meta"], Value::Null);
        let group = &written["TaskGroups"][0];
        assert_eq!(keys(group), ["Constraints", "Count", "Meta", "Name", "Tasks"]);
        let task = &group["Tasks"][0];
        assert_eq!(keys(task), ["Config", "Constraints", "Driver", "Meta", "Name", "Resources"]);
        let expected = json!({
            "CPU": 500, "MemoryMB": 0, "DiskMB": null, "IOPS": 0,
            "Networks": [{"Device": "", "CIDR": "", "IP": "", "MBits": 100,
                "ReservedPorts": [80], "DynamicPorts": ["http"]}],
        });
        assert_eq!(task["Resources"], expected);
    }

    #[test]
    fn putting_back_what_was_read_changes_nothing() {
        let texts = [
            document("", "", r#""Resources": {"DiskMB": 0, "Networks": [{"DynamicPorts": 0}]},"#),
            document(
                r#""Update": {"Stagger": 30000000000, "MaxParallel": 2}, "Meta": {"a": "b"},"#,
                r#""Count": 5,"#,
                r#""Constraints": [{"LTarget": "kernel.os", "RTarget": "x", "Hard": true}],
                   "KillTimeout": 5, "Resources": {"MemoryMB": 5, "Cores": 2, "Networks":
                   [{"ReservedPorts": [80, {"Label": "a", "Value": 81, "To": 5}]}]},"#,
            ),
        ];
        for text in texts {
            let job = Job::from_json(&text).unwrap();
            assert_eq!(job.era(), Era::First);
            let again = Job::from_json(serde_json::to_string(&job).unwrap()).unwrap();
            assert_eq!((again.era(), &again), (Era::First, &job), "{text}");
        }
    }

    #[test]
    fn a_version_that_says_nothing_is_of_the_era_before() {
        let read =
            |job: &str, group: &str, task: &str| read::job(document(job, group, task)).unwrap();
        let first = Job::new(read("", "", r#""Resources": {"IOPS": 0},"#)).unwrap();
        let silent = || read(r#""Priority": 60,"#, "", "");
        assert_eq!(Job::new(silent()).unwrap().era(), Era::Today);
        let second = first.next_version(silent()).unwrap();
        assert_eq!(second.era(), Era::First);
        // It says so from then on, also after the job was removed.
        let text = serde_json::to_string(&second).unwrap();
        assert_eq!(Job::from_json(&text).as_ref(), Ok(&second));

        let third = second.next_version(read("", r#""EphemeralDisk": {},"#, "")).unwrap();
        assert_eq!(third.era(), Era::Today);
        assert_eq!(third.next_version(silent()).unwrap().era(), Era::Today);
        let back = third.next_version(read("", "", r#""Resources": {"DiskMB": 0},"#)).unwrap();
        assert_eq!((back.era(), back.task_groups[0].disk_mb()), (Era::First, 0));
    }

    #[test]
    fn of_numbers_only_0_is_no_dynamic_ports() {
        let text = document("", "", r#""Resources": {"Networks": [{"DynamicPorts": 2}]},"#);
        assert_eq!(
            read::job(text).unwrap_err().to_string(),
            "TaskGroups[0].Tasks[0].Resources.Networks[0].DynamicPorts: expected a list of ports, \
             found the integer `2`"
        );
    }

    #[test]
    fn the_update_block_of_a_job_fills_in_those_of_its_groups() {
        let text = |job_type: &str| {
            document(
                &format!(
                    r#""Type": "{job_type}", "Update": {{"MaxParallel": 2, "Canary": 1, "HealthCheck": "checks"}},"#
                ),
                r#""Update": {"MaxParallel": 3},"#,
                "",
            )
        };
        let update = |job_type: &str| {
            Job::from_json(text(job_type)).unwrap().task_groups[0].update.clone().unwrap()
        };
        for job_type in ["service", "system"] {
            let update = update(job_type);
            let found = (update.max_parallel(), update.canary(), update.health_check.as_str());
            assert_eq!(found, (3, 1, "checks"), "{job_type}");
        }
        assert_eq!((update("batch").max_parallel(), update("batch").canary()), (3, 0));
    }
}
