//! What the API warns of in a job that it takes (docs/lifecycle.md, section 2).

use crate::model::{Era, JobSpec, TaskGroup, UpdateStrategy};

/// The warnings about a job, in the shape in which the API says them; empty where there are none.
pub(super) fn warnings(job: &JobSpec) -> String {
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
    for group in &job.task_groups {
        let of_group = of_group(job, group);
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

fn of_group(job: &JobSpec, group: &TaskGroup) -> Vec<String> {
    let mut found = Vec::new();
    let count = i64::from(group.count());
    let at_once = update_of(job, group).and_then(|update| update.max_parallel).unwrap_or(0);
    if count > 1 && at_once > count {
        found.push(format!(
            "Update max parallel count is greater than task group count ({at_once} > {count}). A destructive \
             change would result in the simultaneous replacement of all allocations."
        ));
    }
    let old = ["MaxClientDisconnect", "StopAfterClientDisconnect", "PreventRescheduleOnLost"];
    for key in old.iter().filter(|key| group.extra.get(**key).is_some_and(|it| !it.is_null())) {
        found.push(format!("{key} is not heeded any more: use the disconnect block"));
    }
    for task in &group.tasks {
        let Some(asked) = &task.resources else { continue };
        let mut of_task = Vec::new();
        if !asked.networks.is_empty() && Era::of(job) != Some(Era::First) {
            of_task.push(format!(
                "Task {:?}: task network resources have been deprecated as of Nomad 0.12.0. Please \
                 configure networking via group network block.",
                task.name
            ));
        }
        if !of_task.is_empty() {
            found.push(errors(&of_task));
        }
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
        warnings(&read::job(&text).unwrap())
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
        assert_eq!(warnings(&read::job(text).unwrap()), "");
    }

    #[test]
    fn more_at_once_than_there_are_is_warned_of() {
        let text = said(r#""Update": {"MaxParallel": 3},"#, r#""Count": 2,"#, "");
        assert!(
            text.contains("Update max parallel count is greater than task group count (3 > 2).")
        );
        assert_eq!(said(r#""Update": {"MaxParallel": 3},"#, r#""Count": 1,"#, ""), "");
    }
}
