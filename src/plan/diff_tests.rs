//! Tests of how two versions of a job differ, and of what that comes to.

use super::{annotate_diff, job_diff};
use crate::model::{
    DesiredUpdates, DiffType, FieldDiff, Job, JobDiff, ObjectDiff, PlanAnnotations,
};

/// A job of one group with one task, made of the keys of each.
fn job(job: &str, group: &str, task: &str) -> Job {
    Job::from_json(format!(
        r#"{{"ID": "web", {job} "TaskGroups": [{{"Name": "g", {group} "Tasks": [
                {{"Name": "t", {task} "Driver": "exec"}}]}}]}}"#
    ))
    .unwrap()
}

/// The differences in short: `+` for new, `-` for gone, `~` for changed, indented by level.
fn short(diff: &JobDiff) -> String {
    let mut text = String::new();
    part(&mut text, 0, diff.diff_type, &diff.id, &[], &diff.fields, &diff.objects);
    for group in &diff.task_groups {
        part(&mut text, 1, group.diff_type, &group.name, &[], &group.fields, &group.objects);
        for task in &group.tasks {
            let annotations = &task.annotations;
            part(
                &mut text,
                2,
                task.diff_type,
                &task.name,
                annotations,
                &task.fields,
                &task.objects,
            );
        }
    }
    text
}

fn part(
    text: &mut String,
    depth: usize,
    diff_type: DiffType,
    name: &str,
    annotations: &[String],
    fields: &[FieldDiff],
    objects: &[ObjectDiff],
) {
    let sign = |diff_type| match diff_type {
        DiffType::None => ' ',
        DiffType::Added => '+',
        DiffType::Deleted => '-',
        DiffType::Edited => '~',
    };
    let indent = "  ".repeat(depth);
    *text += &format!("{indent}{} {name} {annotations:?}\n", sign(diff_type));
    for field in fields.iter().filter(|field| field.diff_type != DiffType::None) {
        let FieldDiff { name, old, new, annotations, .. } = field;
        let sign = sign(field.diff_type);
        *text += &format!("{indent}  {sign} {name}: {old:?} {new:?} {annotations:?}\n");
    }
    for object in objects {
        let ObjectDiff { diff_type, name, fields, objects, .. } = object;
        part(text, depth + 1, *diff_type, name, &[], fields, objects);
    }
}

#[test]
fn equal_jobs_do_not_differ() {
    let job = job(r#""Meta": {"a": "1"},"#, r#""Count": 2,"#, r#""Env": {"A": "1"},"#);
    let diff = job_diff(Some(&job), Some(&job));
    assert_eq!(short(&diff), "  web []\n    g []\n      t []\n");
}

#[test]
fn what_the_server_keeps_is_no_difference() {
    let old = job("", "", "");
    let new = job(
        r#""Version": 3, "Stable": true, "SubmitTime": 5, "Status": "running",
               "CreateIndex": 1, "ModifyIndex": 2, "JobModifyIndex": 2,"#,
        "",
        "",
    );
    assert_eq!(job_diff(Some(&old), Some(&new)).diff_type, DiffType::None);
}

#[test]
fn values_texts_and_blocks_differ() {
    let old = job(
        r#""Priority": 50, "Datacenters": ["a", "b"], "Meta": {"gone": "1", "kept": "1"},
               "Constraints": [{"LTarget": "${meta.a}", "RTarget": "1", "Operand": "="}],"#,
        r#""Networks": [{"DynamicPorts": [{"Label": "http"}]}],"#,
        r#""Env": {"A": "1"}, "Config": {"args": ["x", "y"], "image": "i", "ports": [{"db": 1}]},
               "Services": [{"Name": "s", "Port": "1"}, {"Name": "gone"}],"#,
    );
    let new = job(
        r#""Priority": 60, "Datacenters": ["b", "c"], "Meta": {"kept": "1"},
               "Constraints": [{"LTarget": "${meta.a}", "RTarget": "2", "Operand": "="}],"#,
        r#""Networks": [{"DynamicPorts": [{"Label": "http", "To": 80}]}],"#,
        r#""Env": {"A": "2"}, "Config": {"args": ["x"], "image": "j", "ports": [{"db": 2}]},
               "Services": [{"Name": "s", "Port": "2"}],"#,
    );
    let expected = r#"~ web []
  - Meta[gone]: "1" "" []
  ~ Priority: "50" "60" []
  ~ Datacenters []
    - Datacenters: "a" "" []
    + Datacenters: "" "c" []
  - Constraint []
    - LTarget: "${meta.a}" "" []
    - Operand: "=" "" []
    - RTarget: "1" "" []
  + Constraint []
    + LTarget: "" "${meta.a}" []
    + Operand: "" "=" []
    + RTarget: "" "2" []
  ~ g []
    - Network []
      - MBits: "0" "" []
      - Dynamic Port []
        - HostNetwork: "default" "" []
        - Label: "http" "" []
        - To: "0" "" []
    + Network []
      + MBits: "" "0" []
      + Dynamic Port []
        + HostNetwork: "" "default" []
        + Label: "" "http" []
        + To: "" "80" []
    ~ t []
      ~ Env[A]: "1" "2" []
      ~ Config []
        - args[1]: "y" "" []
        ~ image: "i" "j" []
        ~ ports[0][db]: "1" "2" []
      ~ Service []
        ~ Port: "1" "2" []
      - Service []
        - Name: "gone" "" []
"#;
    assert_eq!(short(&job_diff(Some(&old), Some(&new))), expected);
}

#[test]
fn the_update_block_is_shown_where_it_counts() {
    let update = |stagger: u32, parallel: u32, task: &str| {
        let update = format!(r#""Update": {{"Stagger": {stagger}, "MaxParallel": {parallel}}},"#);
        job(&update, "", task)
    };
    let first = r#""Resources": {"IOPS": 0},"#;
    let diff = job_diff(Some(&update(5, 1, first)), Some(&update(6, 1, first)));
    let expected = "~ web []\n  ~ Update []\n    ~ Stagger: \"5\" \"6\" []\n    g []\n      t []\n";
    assert_eq!(short(&diff), expected);
    let diff = job_diff(Some(&update(5, 1, "")), Some(&update(6, 2, "")));
    let expected =
        "~ web []\n  ~ g []\n    ~ Update []\n      ~ MaxParallel: \"1\" \"2\" []\n      t []\n";
    assert_eq!(short(&diff), expected);
}

#[test]
fn unchanged_values_of_a_changed_block_are_shown() {
    let disk = |size: u32| {
        job("", &format!(r#""EphemeralDisk": {{"SizeMB": {size}, "Sticky": true}},"#), "")
    };
    let diff = job_diff(Some(&disk(300)), Some(&disk(400)));
    let fields = &diff.task_groups[0].objects[0].fields;
    let found: Vec<_> =
        fields.iter().map(|f| (f.name.as_str(), f.diff_type, f.new.as_str())).collect();
    let expected = [
        ("Migrate", DiffType::None, "false"),
        ("SizeMB", DiffType::Edited, "400"),
        ("Sticky", DiffType::None, "true"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_new_job_a_gone_one_and_none() {
    let job = job("", "", "");
    for (old, new, expected) in [
        (None, Some(&*job), DiffType::Added),
        (Some(&*job), None, DiffType::Deleted),
        (None, None, DiffType::None),
    ] {
        let diff = job_diff(old, new);
        assert_eq!(diff.diff_type, expected);
        let groups = diff.task_groups.iter();
        assert!(groups.clone().all(|group| group.diff_type == expected));
        assert!(groups.flat_map(|group| &group.tasks).all(|task| task.diff_type == expected));
    }
}

#[test]
fn differences_say_what_they_force() {
    let text = |old: &Job, new: &Job| {
        let mut diff = job_diff(Some(old), Some(new));
        annotate_diff(&mut diff, &PlanAnnotations::default());
        let counts = diff.task_groups.iter().flat_map(|group| &group.fields);
        let tasks = diff.task_groups.iter().flat_map(|group| &group.tasks);
        let counts = counts.flat_map(|field| &field.annotations);
        let all = counts.chain(tasks.flat_map(|task| &task.annotations));
        all.map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    let count = |count: u32| job("", &format!(r#""Count": {count},"#), "");
    assert_eq!(text(&count(2), &count(3)), "forces create");
    assert_eq!(text(&count(3), &count(2)), "forces destroy");
    let task = |keys: &str| job("", "", keys);
    for (keys, expected) in [
        (r#""KillTimeout": 9,"#, "forces in-place update"),
        (r#""Services": [{"Name": "s"}],"#, "forces in-place update"),
        (r#""LogConfig": {"MaxFiles": 3},"#, "forces in-place update"),
        (r#""KillTimeout": 9, "User": "u","#, "forces create/destroy update"),
        (r#""Env": {"A": "1"},"#, "forces create/destroy update"),
        (r#""Resources": {"CPU": 7},"#, "forces create/destroy update"),
    ] {
        assert_eq!(text(&task(""), &task(keys)), expected, "{keys}");
    }
    let group = |name: &str| {
        Job::builder("web").group(name, 1, |g| g.task("t", "exec", |t| t)).build().unwrap()
    };
    assert_eq!(
        text(&group("old"), &group("new")),
        "forces create, forces destroy, forces create, forces destroy"
    );
}

#[test]
fn figures_are_written_where_they_are_not_zero() {
    let job = job("", "", "");
    let mut diff = job_diff(None, Some(&job));
    let figures = DesiredUpdates {
        ignore: 1,
        place: 2,
        destructive_update: 3,
        reschedule_now: 4,
        ..DesiredUpdates::default()
    };
    let desired_tg_updates = [("g".to_owned(), figures)].into();
    annotate_diff(&mut diff, &PlanAnnotations { desired_tg_updates, ..PlanAnnotations::default() });
    let updates: Vec<_> =
        diff.task_groups[0].updates.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    assert_eq!(updates, [("ignore", 1), ("create", 2), ("create/destroy update", 3)]);
}
