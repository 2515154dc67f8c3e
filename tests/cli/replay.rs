//! Replays and saved states, as people and scripts run them.

use std::fmt::Write as _;
use std::fs;
use std::sync::mpsc::channel;

use serde_json::{Value, json};
use stowplan::engine::{Engine, EngineOptions, RegisterJob};
use stowplan::model::{Job, JobType, Node};
use stowplan::sim::{Behaviour, Lasting, World};
use stowplan::{Span, Timestamp};

use super::{Folder, package};

/// The example that the README shows.
fn example() -> String {
    fs::read_to_string(package("examples/commands.jsonl")).unwrap()
}

fn folder(name: &str) -> Folder {
    Folder::new(name).with("commands.jsonl", example())
}

#[test]
fn the_example_of_the_readme_is_replayed_and_saved() {
    let folder = folder("replay-example");
    let whole = folder.run("replay commands.jsonl --save end.saved");
    assert_eq!((whole.status, whole.stderr.as_str()), (0, ""), "{}", whole.stdout);
    assert!(whole.stdout.starts_with("10 commands accepted\n"), "{}", whole.stdout);
    let last = whole.stdout.lines().last().unwrap();
    let columns: Vec<&str> = last.split_whitespace().collect();
    // When, nodes, jobs, starting, running, stopping.
    let expected = "2026-01-01T00:06:40Z 2 of 3 1 of 2 3 0 5";
    assert_eq!(columns[..10].join(" "), expected, "{last}");
    // What an instant brings is there in the row of that instant.
    let row = whole.stdout.lines().find(|line| line.contains("00:00:05Z")).unwrap();
    let columns: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(columns[..4], ["2026-01-01T00:00:05Z", "3", "1", "6"], "{row}");

    let half = folder.run("replay - --until 2026-01-01T00:03:00Z --save half.saved");
    assert_eq!(half.stdout.lines().next(), Some("0 commands accepted"));
    let half =
        folder.run_with(&example(), "replay - --until 2026-01-01T00:03:00Z --save half.saved");
    assert_eq!((half.status, half.stderr.as_str()), (0, ""));
    assert!(half.stdout.contains("later commands were not told"), "{}", half.stdout);
    let rest = folder.run("replay commands.jsonl --from half.saved --save again.saved");
    assert_eq!((rest.status, rest.stderr.as_str()), (0, ""));
    assert!(rest.stdout.contains("6 lines skipped"), "{}", rest.stdout);
    let digest = |text: &str| text.split("digest ").nth(1).map(|it| it[..16].to_owned()).unwrap();
    assert_eq!(digest(&rest.stdout), digest(&whole.stdout));
    assert_ne!(digest(&rest.stdout), digest(&half.stdout));
    let saved = |name: &str| fs::read(folder.path.join(name)).unwrap();
    assert_eq!(saved("again.saved"), saved("end.saved"));

    let checked = folder.run("check again.saved");
    assert_eq!((checked.status, checked.stderr.as_str()), (0, ""));
    assert!(checked.stdout.starts_with("everything agrees\n3 nodes, 2 jobs"), "{}", checked.stdout);
}

#[test]
fn events_are_the_same_bytes_whole_or_in_halves() {
    let folder = folder("replay-events");
    let whole = folder.run("replay commands.jsonl --events --seed 7 --save end.saved");
    assert_eq!((whole.status, whole.stderr.as_str()), (0, ""));
    let events: Vec<Value> =
        whole.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["Type"], "NodeRegistration");
    assert_eq!(events[0]["Payload"]["Node"]["ID"], "n1");
    let placed = events.iter().filter(|it| it["Type"] == "PlanResult").count();
    assert!(placed > 6, "{placed}");
    let first = folder.run(
        "replay commands.jsonl --events --seed 7 --until 1767225780000000000 --save half.saved",
    );
    let second = folder.run("replay commands.jsonl --events --from half.saved --save two.saved");
    assert_eq!([first.stdout, second.stdout].concat(), whole.stdout);
    let other = folder.run("replay commands.jsonl --events --seed 8");
    assert_ne!(other.stdout, whole.stdout);
}

#[test]
fn lines_that_are_refused_or_no_commands_are_named() {
    let lines = [
        json!({"now": 5, "command": {"Heartbeat": {"NodeID": "n9"}}}).to_string(),
        String::new(),
        r#"{"now": 5, "command": {"Heartbeat": {"NodeID": 7}}}"#.into(),
        "nonsense".into(),
        r#"{"now": 6, "command": {"RegisterNode": {"Node": {"ID": "n1", "Datacenter": "dc1", "NodeResources": {}}}}}"#
            .into(),
        r#"{"now": 4, "command": {"Heartbeat": {"NodeID": "n1"}}}"#.into(),
        r#"{"now": 7, "command": {"Heartbeat": {"NodeID": "n1"}}, "more": 1}"#.into(),
    ];
    let folder = Folder::new("replay-mistakes").with("commands.jsonl", lines.join("\n"));
    let answer = folder.run("replay commands.jsonl --save end.saved");
    assert_eq!(answer.status, 1);
    assert!(answer.stdout.starts_with("1 command accepted, 5 not"), "{}", answer.stdout);
    let said: Vec<&str> = answer.stderr.lines().collect();
    let expected = [
        "commands.jsonl: line 1: refused: ",
        "commands.jsonl: line 3: command.Heartbeat.NodeID: expected a string, found the integer `7`",
        "commands.jsonl: line 4: column 2: expected",
        "commands.jsonl: line 6: refused: ",
        "commands.jsonl: line 7: more: unknown field `more`",
    ];
    assert_eq!(said.len(), expected.len(), "{}", answer.stderr);
    for (line, beginning) in said.iter().zip(expected) {
        assert!(line.starts_with(beginning), "{line}");
    }
    // What was refused was told too, and is not told again.
    let more = format!(
        "{}\n{}",
        lines.join("\n"),
        r#"{"now": 9, "command": {"Heartbeat": {"NodeID": "n1"}}}"#
    );
    folder.write("more.jsonl", more);
    let answer = folder.run("replay more.jsonl --from end.saved");
    assert!(answer.stdout.starts_with("1 command accepted, 1 not"), "{}", answer.stdout);

    let strict = folder.run("replay commands.jsonl --strict");
    assert_eq!((strict.status, strict.stderr.lines().count()), (2, 1), "{}", strict.stderr);
}

#[test]
fn mistakes_of_the_command_line_are_said_before_anything_is_done() {
    let folder = folder("replay-command-line");
    assert_eq!(folder.run("replay commands.jsonl --save end.saved").status, 0);
    folder.write("cut.jsonl", example().lines().take(3).collect::<Vec<_>>().join("\n"));
    folder.write("nodes.json", "[\n{\"ID\": \"n1\"}\n]\n");
    let refused = [
        (
            "replay commands.jsonl --save commands.jsonl",
            "is a file that is read: it would be overwritten",
        ),
        ("replay commands.jsonl --save ./commands.jsonl", "is a file that is read"),
        ("replay commands.jsonl --save no/such.saved", "there is no such folder"),
        ("replay commands.jsonl --save .", "is a folder"),
        ("replay commands.jsonl --save -", "is no file"),
        ("replay cut.jsonl --from end.saved", "it has 3 commands, and the saved state has seen 10"),
        ("replay - --from -", "`-` is given for `FILE` and for `--from`"),
        (
            "replay commands.jsonl --from end.saved --until 2025-01-01T00:00:00Z",
            "is before the instant",
        ),
        ("replay commands.jsonl --until yesterday", "expected an instant like"),
        ("replay commands.jsonl --seed abc", "expected a whole number from 0 to"),
        ("replay nodes.json", "expected a command a line, found one JSON document"),
    ];
    for (command, expected) in refused {
        let answer = folder.run(command);
        assert_eq!((answer.status, answer.stdout.as_str()), (1, ""), "{command}");
        assert!(answer.stderr.contains(expected), "{command}: {}", answer.stderr);
    }
    assert_eq!(fs::read_to_string(folder.path.join("commands.jsonl")).unwrap(), example());
    assert_eq!(folder.run("check end.saved").status, 0);
}

#[test]
fn names_that_are_misspelt_are_told() {
    let job = r#"{"ID": "w", "TaskGroups": [{"Name": "g", "Conut": 6, "Tasks": [{"Name": "t", "Driver": "exec"}]}]}"#;
    let lines = [
        r#"{"now": 1, "command": {"RegisterNoode": {}}}"#.to_owned(),
        format!(r#"{{"now": 1, "command": {{"RegisterJob": {{"Job": {job}}}}}}}"#),
    ];
    let folder = Folder::new("replay-misspelt").with("commands.jsonl", lines.join("\n"));
    let answer = folder.run("replay commands.jsonl");
    let said = "commands.jsonl: line 1: command: there is no `RegisterNoode`; did you mean `RegisterNode`?\n\
        warning: commands.jsonl: line 2: command.RegisterJob.Job.TaskGroups[0].Conut: unknown key, ignored; \
        did you mean `Count`?\n";
    assert_eq!((answer.status, answer.stderr.as_str()), (1, said));
}

/// One that was purged counts no more, whatever of it still stops, and a name that no job has counts for none.
#[test]
fn only_jobs_that_are_registered_are_counted() {
    let mut lines: Vec<String> = example().lines().take(4).map(str::to_owned).collect();
    for (now, body) in [
        ("00:00:10", json!({"JobID": "web"})),
        ("00:00:20", json!({"JobID": "web", "Purge": true})),
        ("00:00:30", json!({"JobID": "typo"})),
    ] {
        let now = format!("2026-01-01T{now}Z");
        lines.push(json!({"now": now, "command": {"DeregisterJob": body}}).to_string());
    }
    let folder = Folder::new("replay-jobs").with("commands.jsonl", lines.join("\n"));
    let answer = folder.run("replay commands.jsonl --save end.saved");
    assert_eq!((answer.status, answer.stderr.as_str()), (0, ""));
    let jobs = |time: &str| {
        let begins = format!(" 2026-01-01T{time}");
        let row = answer.stdout.lines().find(|line| line.starts_with(&begins)).unwrap();
        // Columns are two spaces apart: when, nodes, jobs.
        let columns: Vec<&str> = row.split("  ").filter(|it| !it.is_empty()).collect();
        columns[2].trim().to_owned()
    };
    let counted = ["00:00:05Z", "00:00:10Z", "00:00:20Z", "00:00:30Z"].map(jobs);
    assert_eq!(counted, ["1", "0 of 1", "0", "0"], "{}", answer.stdout);
    let checked = folder.run("check end.saved");
    assert!(checked.stdout.contains("3 nodes, 0 jobs, "), "{}", checked.stdout);
}

#[test]
fn what_stands_in_the_place_of_a_command_is_named() {
    let expected = "commands.jsonl: line 1: command: expected an object with one command such as \
        `RegisterJob`, found ";
    let rows = [
        ("{}", "an empty object"),
        ("null", "`null`"),
        ("[]", "a list"),
        ("5", "the number `5`"),
        (r#""Heartbeat""#, "the string `Heartbeat`"),
        (r#"{"Heartbeat": {"NodeID": "n1"}, "PurgeNode": {}}"#, "2: `Heartbeat`, `PurgeNode`"),
        (r#"{"Heartbeat": {}, "Heartbeat": {}}"#, "one twice"),
    ];
    let folder = Folder::new("replay-no-command");
    for (command, found) in rows {
        folder.write("commands.jsonl", format!(r#"{{"now": 1, "command": {command}}}"#));
        let answer = folder.run("replay commands.jsonl");
        assert_eq!((answer.status, answer.stderr), (1, format!("{expected}{found}\n")));
    }
    // What is wrong before it is said as it was.
    folder.write("commands.jsonl", r#"{"now": true, "command": {}}"#);
    let answer = folder.run("replay commands.jsonl");
    assert!(answer.stderr.contains("line 1: now: expected nanoseconds"), "{}", answer.stderr);
}

#[test]
fn a_byte_order_mark_is_read_over() {
    let folder = folder("replay-mark").with("mark.jsonl", format!("\u{feff}{}", example()));
    let answer = folder.run("replay mark.jsonl --save mark.saved");
    assert_eq!((answer.status, answer.stderr.as_str()), (0, ""));
    assert_eq!(answer.stdout, folder.run("replay commands.jsonl").stdout);
    let again = folder.run("replay mark.jsonl --from mark.saved");
    assert!(again.stdout.contains("10 lines skipped"), "{}", again.stdout);
}

#[test]
fn each_mistake_of_a_line_has_its_number() {
    let line = r#"{"now": 1, "command": {"RegisterNode": {"Node": {"ID": "n1"}}}}"#;
    let answer = Folder::new("replay-many").run_with(line, "replay -");
    let said: Vec<&str> = answer.stderr.lines().collect();
    let [first, second] = said[..] else { panic!("{}", answer.stderr) };
    assert!(first.starts_with("standard input: line 1: refused: Datacenter: "), "{first}");
    assert!(second.starts_with("standard input: line 1: refused: NodeResources: "), "{second}");
}

#[test]
fn lengths_and_instants_of_another_form_are_said_with_what_is_expected() {
    let lines = [
        r#"{"now": "2026-01-01 00:00:03", "command": {"CollectGarbage": {}}}"#,
        r#"{"now": 1, "command": {"DrainNode": {"NodeID": "n", "DrainSpec": {"Deadline": "1h"}}}}"#,
        r#"{"now": 1, "command": {"DrainNode": {"NodeID": "n", "DrainSpec": {"Deadline": 1.5}}}}"#,
    ];
    let answer = Folder::new("replay-times").run_with(&lines.join("\n"), "replay -");
    let deadline =
        "command.DrainNode.DrainSpec.Deadline: expected an integer, of nanoseconds, found";
    let expected = format!(
        "standard input: line 1: now: `2026-01-01 00:00:03` is not a time of the form 2026-11-27T03:00:00Z\n\
         standard input: line 2: {deadline} the string `1h`\n\
         standard input: line 3: {deadline} the number `1.5`\n"
    );
    assert_eq!((answer.status, answer.stderr), (1, expected));
}

/// Those of a command's body, and of a job that is refused; `--strict` refuses the line.
#[test]
fn keys_that_nobody_reads_are_told_of_every_command() {
    let drain = r#"{"now": 1, "command": {"DrainNode": {"nodeid": "n1", "NodeID": "n1", "Foo": 1,
        "DrainSpec": {"Dedline": 60}, "Meta": {"any": "1"}}}}"#
        .replace('\n', "");
    let lines = [
        r#"{"now": 1, "command": {"RegisterNode": {"Nod": 1, "Node": {"ID": "n1", "Datacenter": "dc1",
        "Rack": "r1", "NodeResources": {}}}}}"#
            .replace('\n', ""),
        drain.clone(),
        r#"{"now": 1, "command": {"RegisterJob": {"Job": {"id": "w", "TaskGroup": []}}}}"#.into(),
        r#"{"now": 1, "command": {"UpdateAllocations": {"Alloc": [{"ID": "a", "Clientstatus": "x"}]}}}"#.into(),
    ];
    let folder = Folder::new("replay-unread").with("commands.jsonl", lines.join("\n"));
    let answer = folder.run("replay commands.jsonl");
    let warned: Vec<&str> = answer
        .stderr
        .lines()
        .filter_map(|it| it.strip_prefix("warning: commands.jsonl: "))
        .collect();
    let expected = [
        "line 1: command.RegisterNode.Nod: unknown key, ignored; did you mean `Node`?",
        "line 2: command.DrainNode.DrainSpec.Dedline: unknown key, ignored; did you mean `Deadline`?",
        "line 2: command.DrainNode.Foo: unknown key, ignored",
        "line 2: command.DrainNode.nodeid: unknown key, ignored; did you mean `NodeID`?",
        "line 3: command.RegisterJob.Job.TaskGroup: unknown key, ignored; did you mean `TaskGroups`?",
        "line 3: command.RegisterJob.Job.id: read as `ID`",
        "line 4: command.UpdateAllocations.Alloc[0].Clientstatus: unknown key, ignored; did you mean \
         `ClientStatus`?",
    ];
    assert_eq!(warned, expected, "{}", answer.stderr);
    let known =
        r#"{"now": 1, "command": {"RegisterNode": {"Node": {"ID": "n1", "Datacenter": "dc1",
        "NodeResources": {}}}}}"#
            .replace('\n', "");
    folder.write("strict.jsonl", [known, drain].join("\n"));
    let answer = folder.run("replay strict.jsonl --strict");
    let expected =
        expected[1..4].iter().map(|it| format!("strict.jsonl: {}\n", it.replace(", ignored", "")));
    assert_eq!((answer.status, answer.stderr), (1, expected.collect::<String>()));
    assert!(answer.stdout.starts_with("1 command accepted, 1 not"), "{}", answer.stdout);
}

#[test]
fn what_is_no_saved_state_is_refused() {
    let folder = folder("replay-files");
    let answer = folder.run("check commands.jsonl");
    let expected =
        "commands.jsonl: this is not a saved state of stowplan: give the file that was saved\n";
    assert_eq!((answer.status, answer.stderr.as_str()), (1, expected));
    folder.run("replay commands.jsonl --save end.saved");
    let mut bytes = fs::read(folder.path.join("end.saved")).unwrap();
    bytes.pop();
    fs::write(folder.path.join("torn.saved"), bytes).unwrap();
    for command in ["check torn.saved", "replay commands.jsonl --from torn.saved"] {
        let answer = folder.run(command);
        assert_eq!(answer.status, 1);
        assert!(answer.stderr.contains("was not written or copied whole"), "{}", answer.stderr);
    }
    let answer = folder.run("replay commands.jsonl --from end.saved --seed 7");
    assert_eq!(answer.status, 1);
    assert!(answer.stderr.contains("cannot be used with"), "{}", answer.stderr);
    let answer = folder.run("replay commands.jsonl --until tomorrow");
    assert_eq!(answer.status, 1);
    let answer = folder.run("replay nowhere.jsonl");
    assert!(
        answer.status == 1 && answer.stderr.starts_with("nowhere.jsonl: "),
        "{}",
        answer.stderr
    );
}

/// A log of so many commands of a simulated world in which nodes and tasks fail, with the world's engine at
/// the end and the instant by which half of them were told.
fn recorded(commands: usize) -> (String, Engine, Timestamp) {
    let seconds = Span::from_secs;
    let behaviour = Behaviour {
        run: Lasting::Exponential(seconds(600)),
        failed_per_1000: 20,
        failure: Lasting::Exponential(seconds(20_000)),
        node_failure: Lasting::Exponential(seconds(40_000)),
        node_downtime: Lasting::Exponential(seconds(900)),
        ..Behaviour::default()
    };
    let mut world = World::new(EngineOptions { seed: 7, ..EngineOptions::default() }, behaviour);
    let (told, log) = channel();
    world.record_with(move |recorded| {
        told.send((recorded.now, serde_json::to_string(recorded).unwrap())).unwrap();
    });
    for at in 0..12 {
        let node =
            Node::builder(format!("n{at}")).cpu_shares(4_000).memory_mb(8_192).driver("docker");
        world.add_node(node.build().unwrap().spec().clone()).unwrap();
    }
    let job = |id: String, job_type, count| {
        let job = Job::builder(id).job_type(job_type);
        let job = job.group("front", count, |g| {
            g.task("main", "docker", |t| t.cpu_shares(300).memory_mb(256))
        });
        RegisterJob::from(job.build().unwrap().spec().clone()).into()
    };
    let services = (0..6).map(move |at| {
        (Timestamp::from_secs(60 + at), job(format!("web{at}"), JobType::Service, 8))
    });
    let batch = (0..).map(move |at: i64| {
        (Timestamp::from_secs(100 + 40 * at), job(format!("run{at}"), JobType::Batch, 3))
    });
    world.arrivals(services.chain(batch));
    let (mut lines, mut instants) = (String::new(), Vec::new());
    while instants.len() < commands {
        world.run_until(world.now() + seconds(100));
        for (now, line) in log.try_iter() {
            instants.push(now);
            writeln!(lines, "{line}").unwrap();
        }
    }
    let mut engine = world.engine().fork();
    engine.advance(world.now()).unwrap();
    (lines, engine, instants[instants.len() / 2])
}

/// What is in a saved state.
fn saved(folder: &Folder, file: &str) -> Engine {
    Engine::load(&fs::read(folder.path.join(file)).unwrap()).unwrap()
}

/// A run is the same bytes in another process, whole or from a saved state on.
fn is_replayed(name: &str, commands: usize) {
    let (lines, engine, half) = recorded(commands);
    let folder = Folder::new(name).with("commands.jsonl", &lines);
    let until = format!("--until {}", engine.now());
    let whole =
        folder.run(&format!("replay commands.jsonl --seed 7 --events {until} --save whole.saved"));
    assert!(whole.stdout.lines().count() > commands / 4, "{}", whole.stdout.len());
    let first = folder
        .run(&format!("replay commands.jsonl --seed 7 --events --until {half} --save half.saved"));
    let second = folder
        .run(&format!("replay commands.jsonl --from half.saved --events {until} --save end.saved"));
    assert!(first.stdout.len() > 1_000 && second.stdout.len() > 1_000);
    assert!([first.stdout, second.stdout].concat() == whole.stdout, "the events differ");
    assert!([first.stderr, second.stderr].concat() == whole.stderr, "what is refused differs");
    let [whole, half, end] =
        ["whole.saved", "half.saved", "end.saved"].map(|file| saved(&folder, file));
    assert!(half.commands() > 0 && half.commands() < whole.commands());
    for replayed in [&whole, &end] {
        assert_eq!(replayed.commands(), engine.commands());
        assert!(replayed.dump() == engine.dump(), "the states differ");
        assert_eq!(replayed.check(), Ok(()));
    }
    assert_ne!(half.dump(), whole.dump());
    let checked = folder.run("check end.saved");
    assert_eq!(checked.status, 0, "{}", checked.stderr);
}

#[test]
fn a_run_is_replayed_in_another_process_and_from_half_way() {
    is_replayed("replay-run", 600);
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn a_run_of_100_000_commands_is_replayed_in_another_process_and_from_half_way() {
    is_replayed("replay-long-run", 100_000);
}
