//! Replays and saved states, as people and scripts run them.

use std::fs;

use serde_json::{Value, json};

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
    assert_eq!(columns[..5], ["2026-01-01T00:06:40Z", "2", "of", "3", "2"], "{last}");

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
        "commands.jsonl: line 3: command.Heartbeat.NodeID: invalid type",
        "commands.jsonl: line 4: expected ident",
        "commands.jsonl: line 6: refused: ",
        "commands.jsonl: line 7: more: unknown field `more`",
    ];
    assert_eq!(said.len(), expected.len(), "{}", answer.stderr);
    for (line, beginning) in said.iter().zip(expected) {
        assert!(line.starts_with(beginning), "{line}");
    }
    // A command that came too late was not told, so that it is not skipped for another one.
    let more = format!(
        "{}\n{}",
        lines.join("\n"),
        r#"{"now": 9, "command": {"Heartbeat": {"NodeID": "n1"}}}"#
    );
    folder.write("more.jsonl", more);
    let answer = folder.run("replay more.jsonl --from end.saved");
    assert!(answer.stdout.starts_with("1 command accepted, 2 not"), "{}", answer.stdout);

    let strict = folder.run("replay commands.jsonl --strict");
    assert_eq!((strict.status, strict.stderr.lines().count()), (2, 1), "{}", strict.stderr);
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
