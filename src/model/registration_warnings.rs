//! What registering a job warns of (docs/lifecycle.md, section 2, *Dry run*), for whoever registers, plans or
//! validates one.

use super::era::Era;
use super::job::Job;
use super::job_spec::{JobSpec, Task, TaskGroup};
use super::strategy::UpdateStrategy;
use super::warning::JobWarning;

impl Job {
    /// What is odd about the job, in the shape in which the API says it; empty where nothing is. `has_more_memory`
    /// tells whether tasks may use more memory than they ask for.
    pub(crate) fn registration_warnings(&self, has_more_memory: bool) -> String {
        warnings(self.spec(), self.era(), has_more_memory)
    }
}

impl JobSpec {
    /// The same of a document that may not be valid.
    #[cfg(feature = "http")]
    pub(crate) fn registration_warnings(&self, has_more_memory: bool) -> String {
        warnings(self, self.era(), has_more_memory)
    }
}

fn warnings(job: &JobSpec, era: Era, has_more_memory: bool) -> String {
    let mut found = Vec::new();
    let of_groups = |has: &dyn Fn(&UpdateStrategy) -> bool| {
        job.task_groups.iter().filter(|it| update_of(job, it).is_some_and(has)).count()
    };
    let promoting = of_groups(&|update| update.auto_promote == Some(true));
    let with_canaries = of_groups(&|update| update.canary.is_some_and(|canary| canary > 0));
    if promoting > 0 && promoting < with_canaries {
        found.push(
            "auto_promote must be true for all groups to enable automatic promotion".to_owned(),
        );
    }
    if job.is_multiregion() {
        found.push(JobWarning::Multiregion.to_string());
    }
    for group in &job.task_groups {
        let of_group = of_group(job, group, era, has_more_memory);
        if !of_group.is_empty() {
            found.push(format!("Group {:?} has warnings: {}", group.name, errors(&of_group)));
        }
    }
    if found.is_empty() {
        return String::new();
    }
    let all: Vec<String> = found.iter().map(|it| format!("* {it}")).collect();
    format!("{} warning(s):\n\n{}", found.len(), all.join("\n"))
}

/// How a group is updated: as it says, or else as its job does.
fn update_of<'a>(job: &'a JobSpec, group: &'a TaskGroup) -> Option<&'a UpdateStrategy> {
    group.update.as_ref().or(job.update.as_ref())
}

fn of_group(job: &JobSpec, group: &TaskGroup, era: Era, has_more_memory: bool) -> Vec<String> {
    let mut found = Vec::new();
    let count = i64::from(group.count());
    let at_once = update_of(job, group).and_then(|update| update.max_parallel).unwrap_or(0);
    if count > 1 && at_once > count {
        found.push(format!(
            "Update max parallel count is greater than task group count ({at_once} > {count}). A destructive \
             change would result in the simultaneous replacement of all allocations."
        ));
    }
    // Not to prevent rescheduling is what happens anyway.
    let is_prevented = group.prevent_reschedule_on_lost == Some(true);
    for (is_said, key, instead) in [
        (group.max_client_disconnect.is_some(), "MaxClientDisconnect", "LostAfter"),
        (
            group.stop_after_client_disconnect.is_some(),
            "StopAfterClientDisconnect",
            "StopOnClientAfter",
        ),
        (is_prevented, "PreventRescheduleOnLost", "Replace"),
    ] {
        if is_said {
            found.push(format!("{key} is not heeded any more: use Disconnect.{instead}"));
        }
    }
    for task in &group.tasks {
        let of_task = of_task(task, era, has_more_memory);
        if !of_task.is_empty() {
            found.push(errors(&of_task));
        }
    }
    found
}

fn of_task(task: &Task, era: Era, has_more_memory: bool) -> Vec<String> {
    let mut found = Vec::new();
    let Some(asked) = &task.resources else { return found };
    // The first API has no other networks.
    if !asked.networks.is_empty() && era != Era::First {
        found.push(format!(
            "Task {:?}: task network resources have been deprecated as of Nomad 0.12.0. Please \
             configure networking via group network block.",
            task.name
        ));
    }
    let most_mb = task.memory_max_mb();
    if !has_more_memory && most_mb != 0 && most_mb != task.memory_mb() {
        found.push(format!(
            "Task {:?}: MemoryMaxMB is not heeded, as memory oversubscription is off: turn it on in the \
             scheduler configuration (MemoryOversubscriptionEnabled)",
            task.name
        ));
    }
    found
}

/// Texts in a list, as the API makes one.
fn errors(texts: &[String]) -> String {
    let noun = if texts.len() == 1 { "error" } else { "errors" };
    let all: String = texts.iter().map(|text| format!("\t* {text}\n")).collect();
    format!("{} {noun} occurred:\n{all}\n", texts.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::read;

    fn said(job: &str, group: &str, task: &str) -> String {
        let text = format!(
            r#"{{"ID": "web", "Affinities": [], {job} "TaskGroups": [{{"Name": "g", {group} "Tasks": [
                {{"Name": "t", "Driver": "docker", "Resources": {{{task}}}}}]}}]}}"#
        );
        of_text(&text, false)
    }

    fn of_text(text: &str, has_more_memory: bool) -> String {
        let job = Job::registered(read::job(text).unwrap(), None).unwrap();
        job.registration_warnings(has_more_memory)
    }

    #[test]
    fn a_job_without_oddities_has_none() {
        assert_eq!(said("", r#""Count": 3,"#, ""), "");
    }

    #[test]
    fn networks_of_tasks_are_warned_of_as_by_the_original() {
        let text = said("", "", r#""Networks": [{"MBits": 10}]"#);
        let expected = "1 warning(s):\n\n* Group \"g\" has warnings: 1 error occurred:\n\t* 1 error occurred:\n\t\
                        * Task \"t\": task network resources have been deprecated as of Nomad 0.12.0. Please \
                        configure networking via group network block.\n\n\n\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_job_of_the_first_api_has_no_other_networks() {
        let text = r#"{"ID": "web", "Update": {"Stagger": 0, "MaxParallel": 0}, "TaskGroups": [{"Name": "g",
            "Count": 1, "Tasks": [{"Name": "t", "Driver": "docker", "Resources": {"CPU": 500, "MemoryMB": 0,
            "DiskMB": 0, "IOPS": 0, "Networks": [{"MBits": 10, "DynamicPorts": 0}]}}]}]}"#;
        assert_eq!(of_text(text, false), "");
    }

    #[test]
    fn more_at_once_than_there_are_is_warned_of() {
        let text = said(r#""Update": {"MaxParallel": 3},"#, r#""Count": 2,"#, "");
        assert!(
            text.contains("Update max parallel count is greater than task group count (3 > 2).")
        );
        assert_eq!(said(r#""Update": {"MaxParallel": 3},"#, r#""Count": 1,"#, ""), "");
    }

    #[test]
    fn old_ways_to_speak_of_disconnects_are_warned_of() {
        for (key, value, instead) in [
            ("MaxClientDisconnect", "60000000000", "LostAfter"),
            ("StopAfterClientDisconnect", "60000000000", "StopOnClientAfter"),
            ("PreventRescheduleOnLost", "true", "Replace"),
        ] {
            let text = said("", &format!(r#""{key}": {value},"#), "");
            let expected = format!(
                "1 warning(s):\n\n* Group \"g\" has warnings: 1 error occurred:\n\t* {key} is not heeded any \
                 more: use Disconnect.{instead}\n\n"
            );
            assert_eq!(text, expected);
            assert_eq!(said("", &format!(r#""{key}": null,"#), ""), "");
        }
        assert_eq!(said("", r#""PreventRescheduleOnLost": false,"#, ""), "");
        assert_eq!(said("", r#""Disconnect": {"LostAfter": 60000000000},"#, ""), "");
    }

    #[test]
    fn more_memory_than_is_asked_for_is_warned_of_where_nobody_gets_it() {
        let job = |more: &str| {
            format!(
                r#"{{"ID": "web", "TaskGroups": [{{"Name": "g", "Tasks": [{{"Name": "t", "Driver": "docker",
                    "Resources": {{"CPU": 100, "MemoryMB": 300, {more}}}}}]}}]}}"#
            )
        };
        for most in ["1000", "-1"] {
            let text = job(&format!(r#""MemoryMaxMB": {most}"#));
            let warning = of_text(&text, false);
            assert!(warning.starts_with("1 warning(s):\n\n* Group \"g\""), "{warning}");
            assert!(warning.contains("\t* Task \"t\": MemoryMaxMB is not heeded"), "{warning}");
            assert_eq!(of_text(&text, true), "");
        }
        for as_without in ["300", "0", "null"] {
            assert_eq!(of_text(&job(&format!(r#""MemoryMaxMB": {as_without}"#)), false), "");
        }
        // Whatever a document of the first API says beside its own keys is heeded as little.
        let first = job(r#""IOPS": 0, "Networks": [{"MBits": 10, "DynamicPorts": 0}]"#);
        assert_eq!(of_text(&first, false), "");
    }

    #[test]
    fn regions_are_not_heeded() {
        let text = said(r#""Multiregion": {"Regions": []},"#, "", "");
        assert!(text.starts_with("1 warning(s):\n\n* `Multiregion` is ignored: "), "{text}");
    }
}
