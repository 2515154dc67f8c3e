//! Mistakes that users make, and the exact words they get for them.

use serde_json::json;

use super::documents::{allocation, job, node};
use super::{Answer, Folder};

/// Files that are as they should be, and many that are not.
fn folder(name: &str) -> Folder {
    let mut stub = node("n1", 1000);
    stub.as_object_mut().unwrap().remove("NodeResources");
    let mut holds_nothing = allocation("a1", "web", "n1", 100);
    holds_nothing.as_object_mut().unwrap().remove("AllocatedResources");
    let mut invalid = job("web", 50, 1, 100);
    invalid["TaskGroups"][0]["Count"] = json!(-1);
    let mut misread = job("web", 50, 1, 100);
    misread["TaskGroups"][0]["Count"] = json!("three");
    let (invalid_bare, misread_bare) = (invalid.clone(), misread.clone());
    let folder = Folder::new(name)
        .with("nodes.json", json!([node("n1", 1000)]))
        .with("job.json", json!({"Job": job("web", 50, 1, 100)}))
        .with("allocs.json", json!([allocation("a1", "web", "n1", 100)]))
        .with("empty.json", "")
        .with("blank.json", " \n")
        .with("list.json", "[]")
        .with("null.json", "null")
        .with("cut.json", r#"[{"ID": "web", "TaskGroups": ["#)
        .with("comma.json", "[\n  {\"ID\": \"n1\",}\n]")
        .with("job.hcl", "job \"web\" {\n  type = \"batch\"\n}\n")
        .with("variables.hcl", "# Copyright\n\n/* a job */\nvariable \"a\" {}\njob \"web\" {}\n")
        .with("wrapped-nodes.json", json!({"Nodes": [node("n1", 1000)]}))
        .with("wrapped-jobs.json", json!({"Jobs": [job("web", 50, 1, 100)]}))
        .with("wrapped-allocs.json", json!({"Allocations": [allocation("a1", "web", "n1", 100)]}))
        .with("wrapped-twice.json", json!({"Job": {"Job": job("web", 50, 1, 100)}}))
        .with("invalid.json", json!([job("db", 50, 1, 1), invalid, {"Job": job("x", 101, 1, 1)}]))
        .with("misread.json", json!([job("db", 50, 1, 1), misread]))
        .with("twins.json", json!([node("n1", 1), node("n2", 1), node("n1", 2)]))
        .with("stubs.json", json!([stub]))
        .with("lost.json", json!([allocation("a1", "web", "n9", 100)]))
        .with("foreign.json", json!([allocation("a1", "db", "n1", 100)]))
        .with("holds-nothing.json", json!([holds_nothing]))
        .with("bare.json", invalid_bare)
        .with("bare-misread.json", misread_bare)
        .with("braces.json", "{}")
        .with("misnamed.json", json!({"job": job("web", 50, 1, 100)}))
        .with(
            "status.json",
            json!([{"ID": "a1", "JobID": "web", "TaskGroup": "g", "ClientStatus": "up"}]),
        );
    std::fs::create_dir(folder.path.join("folder")).unwrap();
    std::fs::write(folder.path.join("binary.json"), b"[\"\xff\xfe\"]").unwrap();
    folder
}

/// What is given after `place`, and what is written to standard error.
const MISTAKES: &[(&str, &str)] = &[
    // Files that are not there or hold nothing.
    ("--nodes nope.json --job job.json", "nope.json: there is no such file\n"),
    ("--nodes nodes.json --job folder", "folder: it is a directory, not a file\n"),
    (
        "--nodes nope.json --job gone.json --allocs folder",
        "nope.json: there is no such file\n\
         gone.json: there is no such file\n\
         folder: it is a directory, not a file\n",
    ),
    (
        "--nodes empty.json --job job.json",
        "empty.json: expected a node or a list of nodes, found an empty text\n",
    ),
    (
        "--nodes nodes.json --job blank.json",
        "blank.json: expected a job or a list of jobs, found an empty text\n",
    ),
    (
        "--nodes nodes.json --job job.json --allocs empty.json",
        "empty.json: expected an allocation or a list of allocations, found an empty text\n",
    ),
    (
        "--nodes nodes.json --job list.json",
        "list.json: there is no job to place in an empty list\n",
    ),
    (
        "--nodes - --job job.json",
        "standard input: expected a node or a list of nodes, found an empty text\n",
    ),
    (
        "--nodes - --job -",
        "standard input: `-` is given for `--nodes` and for `--job`, but can be read only once\n",
    ),
    (
        "--nodes nodes.json --job - --job -",
        "standard input: `-` is given twice for `--job`, but can be read only once\n",
    ),
    (
        "--nodes - --job nope.json --job - --allocs -",
        "standard input: `-` is given for `--nodes`, for `--job` and for `--allocs`, but can be read \
         only once\n",
    ),
    // Files that are not JSON, or not of the kind.
    #[cfg(not(feature = "hcl"))]
    (
        "--nodes nodes.json --job job.hcl",
        "job.hcl: a job file in HCL, which this build does not read: build with `--features hcl` \
         (`nomad job run -output FILE` writes one as JSON)\n",
    ),
    #[cfg(not(feature = "hcl"))]
    (
        "--nodes nodes.json --job variables.hcl",
        "variables.hcl: a job file in HCL, which this build does not read: build with `--features hcl` \
         (`nomad job run -output FILE` writes one as JSON)\n",
    ),
    (
        "--nodes wrapped-nodes.json --job wrapped-jobs.json --allocs wrapped-allocs.json",
        "wrapped-nodes.json: expected a node or a list of nodes, found an object with `Nodes`; give \
         the list in it\n\
         wrapped-jobs.json: expected a job or a list of jobs, found an object with `Jobs`; give the \
         list in it\n\
         wrapped-allocs.json: expected an allocation or a list of allocations, found an object with \
         `Allocations`; give the list in it\n",
    ),
    (
        "--nodes nodes.json --job wrapped-twice.json",
        "wrapped-twice.json: the job is inside two `Job` objects, one of which is too many\n",
    ),
    (
        "--nodes nodes.json --job cut.json",
        "cut.json: line 1, column 30: the text ends inside a list\n",
    ),
    (
        "--nodes comma.json --job job.json",
        "comma.json: line 2, column 15: a comma before a closing bracket\n",
    ),
    (
        "--nodes nodes.json --job binary.json",
        "binary.json: line 1, column 3: the text is not UTF-8\n",
    ),
    (
        "--nodes null.json --job job.json",
        "null.json: expected a node or a list of nodes, found `null`\n",
    ),
    (
        "--nodes job.json --job nodes.json",
        "job.json: expected a node, found a job; is the file meant for `--job`?\n\
         nodes.json: expected a job, found a node; is the file meant for `--nodes`?\n",
    ),
    (
        "--nodes allocs.json --job allocs.json",
        "allocs.json: expected a node, found an allocation; is the file meant for `--allocs`?\n\
         allocs.json: expected a job, found an allocation; is the file meant for `--allocs`?\n",
    ),
    (
        "--nodes nodes.json --job job.json --allocs nodes.json",
        "nodes.json: expected an allocation, found a node; is the file meant for `--nodes`?\n",
    ),
    (
        "--nodes nodes.json --job job.json --allocs job.json",
        "job.json: expected an allocation, found a job; is the file meant for `--job`?\n",
    ),
    (
        "--nodes nodes.json --job misnamed.json",
        "misnamed.json: unknown key `job`, did you mean `Job`\n",
    ),
    // Documents that are wrong somewhere inside.
    (
        "--nodes nodes.json --job misread.json",
        "misread.json: [1].TaskGroups[0].Count: expected an integer, found the string `three`\n",
    ),
    (
        "--nodes stubs.json --job invalid.json",
        "stubs.json: [0].NodeResources: a node needs its resources, which the entries of \
         `/v1/nodes` lack without `?resources=true`\n\
         invalid.json: [1].TaskGroups[0].Count: expected 0 to 1000000, found `-1`\n\
         invalid.json: [2].Job.Priority: expected 1 to 100, found `101`\n",
    ),
    (
        "--nodes nodes.json --job bare.json",
        "bare.json: TaskGroups[0].Count: expected 0 to 1000000, found `-1`\n",
    ),
    (
        "--nodes nodes.json --job bare-misread.json",
        "bare-misread.json: TaskGroups[0].Count: expected an integer, found the string `three`\n",
    ),
    (
        "--nodes braces.json --job braces.json --allocs braces.json",
        "braces.json: ID: a node needs an ID\n\
         braces.json: Datacenter: a node needs a datacenter\n\
         braces.json: NodeResources: a node needs its resources, which the entries of `/v1/nodes` \
         lack without `?resources=true`\n\
         braces.json: ID: a job needs an ID\n\
         braces.json: TaskGroups: a job needs at least one task group\n\
         braces.json: ID: an allocation needs an ID\n\
         braces.json: JobID: an allocation needs the ID of its job\n\
         braces.json: TaskGroup: an allocation needs its group\n",
    ),
    // Documents that do not go together.
    (
        "--nodes twins.json --nodes nodes.json --job job.json",
        "twins.json: [2].ID: there is a node with the ID `n1` already: twins.json: [0]\n\
         nodes.json: [0].ID: there is a node with the ID `n1` already: twins.json: [0]\n",
    ),
    (
        "--nodes nodes.json --job job.json --job job.json",
        "job.json: Job.ID: there is a job with the ID `web` already: job.json: Job\n",
    ),
    (
        "--nodes nodes.json --job job.json --allocs allocs.json --allocs allocs.json",
        "allocs.json: [0].ID: there is an allocation with the ID `a1` already: allocs.json: [0]\n",
    ),
    (
        "--nodes nodes.json --job job.json --allocs lost.json",
        "lost.json: [0].NodeID: there is no node with the ID `n9`\n",
    ),
    (
        "--nodes nodes.json --job job.json --allocs foreign.json",
        "foreign.json: [0].Job: the job `db` is not among those being placed, so the allocation \
         needs to bring it\n",
    ),
    (
        "--nodes nodes.json --job job.json --allocs holds-nothing.json",
        "holds-nothing.json: [0].AllocatedResources: an allocation on a node needs its resources, \
         which the entries of `/v1/allocations` lack without `?resources=true`\n",
    ),
    (
        "--nodes nodes.json --job job.json --allocs status.json",
        "status.json: [0].ClientStatus: unknown status `up`, known are `pending`, `running`, \
         `complete`, `failed`, `lost`, `unknown`, `dead`\n",
    ),
    // What refers to a file that cannot be read is not complained about.
    ("--nodes nope.json --job job.json --allocs lost.json", "nope.json: there is no such file\n"),
];

#[test]
fn mistakes_in_files_are_answered_with_where_and_what() {
    let folder = folder("mistakes");
    let mut found = Vec::new();
    for (arguments, expected) in MISTAKES {
        for option in ["", "--json --explain"] {
            let answer = folder.run(&format!("place {arguments} {option}"));
            if (answer.status, &*answer.stdout, &*answer.stderr) != (1, "", *expected) {
                let Answer { status, stdout, stderr } = answer;
                found.push(format!("{arguments}\nexits with {status}:\n{stderr}{stdout}"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn mistakes_on_the_command_line_exit_with_1_too() {
    let folder = folder("usage");
    let files = "place --nodes nodes.json --job job.json";
    for (arguments, expected) in [
        ("plcae", "error: unrecognized subcommand 'plcae'"),
        ("place", "error: the following required arguments were not provided:"),
        ("place --nodes nodes.json", "error: the following required arguments were not provided:"),
        ("place --nodes", "error: a value is required for '--nodes <FILE>' but none was supplied"),
        (&format!("{files} --seed x"), "error: invalid value 'x' for '--seed <N>'"),
        (
            &format!("{files} --seed -1"),
            "error: invalid value '-1' for '--seed <N>': expected a whole number from 0 to \
             18446744073709551615\n",
        ),
        (
            "bench --nodes -5",
            "error: invalid value '-5' for '--nodes <N>': expected a whole number from 1 to 1000000\n",
        ),
        (
            "bench --fill 101",
            "error: invalid value '101' for '--fill <PERCENT>': expected a whole number from 0 to \
             100\n",
        ),
        (
            "bench --count 1e3",
            "error: invalid value '1e3' for '--count <C>': expected a whole number from 1 to \
             1000000\n",
        ),
        (&format!("{files} --algorithm best"), "error: invalid value 'best' for '--algorithm"),
        (&format!("{files} --scores some"), "error: invalid value 'some' for '--scores"),
        (&format!("{files} --explian"), "error: unexpected argument '--explian' found"),
        (&format!("{files} job.json"), "error: unexpected argument 'job.json' found"),
        (&format!("{files} --json --full"), "error: the argument '--json' cannot be used with"),
    ] {
        let answer = folder.run(arguments);
        assert!(answer.stderr.starts_with(expected), "{arguments}: {}", answer.stderr);
        assert_eq!((answer.status, answer.stdout.as_str()), (1, ""), "{arguments}");
    }
    let answer = folder.run("");
    assert!(answer.stderr.contains("Usage: stowplan <COMMAND>"), "{}", answer.stderr);
    assert_eq!(answer.status, 1);
}

#[test]
fn help_and_version_are_no_mistakes() {
    let folder = folder("help");
    for (arguments, expected) in [
        ("--help", "Usage: stowplan <COMMAND>"),
        ("--version", "stowplan "),
        ("help place", "Exit status:"),
        ("place --help", "stowplan place --nodes nodes.json --job web.json --explain"),
        ("place -h", "--memory-oversubscription"),
    ] {
        let answer = folder.run(arguments);
        assert!(answer.stdout.contains(expected), "{arguments}: {}", answer.stdout);
        assert_eq!((answer.status, answer.stderr.as_str()), (0, ""), "{arguments}");
    }
}

#[test]
fn a_thousand_mistakes_are_not_all_written_out() {
    let jobs: Vec<_> = (0..1000).map(|at| job(&format!("j{at}"), 101, 1, 1)).collect();
    let folder = folder("many");
    folder.write("jobs.json", json!(jobs));
    let answer = folder.run("place --nodes nodes.json --job jobs.json");
    let lines: Vec<&str> = answer.stderr.lines().collect();
    assert_eq!((answer.status, lines.len()), (1, 51));
    assert_eq!(lines[49], "jobs.json: [49].Priority: expected 1 to 100, found `101`");
    assert_eq!(lines[50], "and 950 more problems");
}

/// Keys that nobody knows are named with the nearest known one; those in another letter case are read.
#[test]
fn misspelt_keys_are_warned_of_and_with_strict_refused() {
    let mut web = job("web", 50, 1, 100);
    web["Datacentres"] = json!(["eu1"]);
    web["TaskGroups"][0]["Conut"] = json!(4);
    web["TaskGroups"][0]["Constraint"] = json!([]);
    web["TaskGroups"][0]["Tasks"][0]["Resources"]["Memory"] = json!(4000);
    web["TaskGroups"][0]["Tasks"][0]["config"] = json!({"Imagee": "nginx"});
    let folder = Folder::new("misspelt").with("nodes.json", json!([node("n1", 1000)]));
    let folder = folder.with("job.json", json!({"Job": web}));
    let answer = folder.run("place --nodes nodes.json --job job.json");
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let expected = "\
warning: job.json: Job.Datacentres: unknown key, ignored; did you mean `Datacenters`?
warning: job.json: Job.TaskGroups[0].Constraint: unknown key, ignored; did you mean `Constraints`?
warning: job.json: Job.TaskGroups[0].Conut: unknown key, ignored; did you mean `Count`?
warning: job.json: Job.TaskGroups[0].Tasks[0].Resources.Memory: unknown key, ignored; did you mean `MemoryMB`?
warning: job.json: Job.TaskGroups[0].Tasks[0].config: read as `Config`
";
    assert_eq!(answer.stderr, expected);
    let answer = folder.run("place --nodes nodes.json --job job.json --strict");
    assert_eq!(answer.status, 1);
    assert_eq!(answer.stderr, expected.replace("warning: ", "").replace(", ignored", ""));
}

/// A key that nobody reads may be why something is missing.
#[test]
fn misspelt_keys_are_told_beside_what_they_make_wrong() {
    let rename = |value: &mut serde_json::Value, from: &str, to: &str| {
        let keys = value.as_object_mut().unwrap();
        let taken = keys.remove(from).unwrap();
        keys.insert(to.to_owned(), taken);
    };
    let (mut groups, mut driver) = (job("web", 50, 1, 100), job("web", 50, 1, 100));
    rename(&mut groups, "TaskGroups", "TaskGroup");
    rename(&mut driver["TaskGroups"][0]["Tasks"][0], "Driver", "Drivr");
    let folder = Folder::new("misspelt-invalid")
        .with("nodes.json", json!([node("n1", 1000)]))
        .with("groups.json", groups)
        .with("driver.json", json!({"Job": driver}))
        .with("wrapper.json", json!({"Jobb": job("web", 50, 1, 100)}));
    for (file, key, known, wrong) in [
        (
            "groups.json",
            "TaskGroup",
            "TaskGroups",
            "groups.json: TaskGroups: a job needs at least one task group\n",
        ),
        (
            "driver.json",
            "Job.TaskGroups[0].Tasks[0].Drivr",
            "Driver",
            "driver.json: Job.TaskGroups[0].Tasks[0].Driver: a task needs a driver\n",
        ),
        (
            "wrapper.json",
            "Jobb",
            "Job",
            "wrapper.json: ID: a job needs an ID\n\
             wrapper.json: TaskGroups: a job needs at least one task group\n",
        ),
    ] {
        for command in ["place", "explain", "plan"] {
            let files = format!("{command} --nodes nodes.json --job {file}");
            let unknown = format!("{file}: {key}: unknown key, ignored; did you mean `{known}`?\n");
            let answer = folder.run(&files);
            let expected = format!("warning: {unknown}{wrong}");
            assert_eq!((answer.status, answer.stderr), (1, expected), "{files}");
            let strict = folder.run(&format!("{files} --strict"));
            assert_eq!(strict.stderr, format!("{}{wrong}", unknown.replace(", ignored", "")));
        }
    }
    // In a file of something else there is no key to speak of.
    let answer = folder.run("place --nodes nodes.json --job nodes.json --strict");
    let expected = "nodes.json: expected a job, found a node; is the file meant for `--nodes`?\n";
    assert_eq!(answer.stderr, expected);
}

/// What real job files of both eras hold is known.
#[test]
fn the_example_is_free_of_unknown_keys() {
    let answer = Folder::new("known").run(&format!("{} --strict", super::example()));
    assert_eq!((answer.status, answer.stderr.as_str()), (0, ""));
}
