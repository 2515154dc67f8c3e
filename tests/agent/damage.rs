//! Files that are torn, damaged or of another: each is named, with what to do about it.

use serde_json::Value;

use crate::durability::job;
use crate::process::{Agent, Folder, files};

#[test]
fn files_that_are_damaged_are_named_and_nothing_is_lost_in_silence() {
    let folder = Folder::new("damaged");
    let flags = ["--data-dir", folder.text()];
    let begin = |id: &str| {
        let agent = Agent::start(&flags);
        agent.put("/v1/jobs", &job(id, 1));
        agent
    };
    assert_eq!(begin("first").stop(), Some(0));
    assert_eq!(begin("second").stop(), Some(0));
    begin("third").kill();
    let own = folder.0.join("global");
    let names = files(&own);
    let states: Vec<&String> = names.iter().filter(|name| name.ends_with(".saved")).collect();
    assert_eq!(states.len(), 2, "{names:?}");
    let latest = own.join(states[1]);
    let bytes = std::fs::read(&latest).unwrap();
    for at in [0, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        std::fs::write(&latest, damaged).unwrap();
        let (code, text) = Agent::fails(&flags);
        assert_ne!(code, Some(0));
        assert!(text.contains(states[1].as_str()) && text.contains("move it away"), "{text}");
    }
    std::fs::write(&latest, &bytes[..bytes.len() / 2]).unwrap();
    assert!(Agent::fails(&flags).1.contains("move it away"));
    // What it says to do does it: the log goes on from the state before.
    std::fs::remove_file(&latest).unwrap();
    let agent = Agent::start(&flags);
    let ids: Vec<Value> =
        agent.get("/v1/jobs").as_array().unwrap().iter().map(|it| it["ID"].clone()).collect();
    assert_eq!(ids, ["first", "second", "third"]);
    // Two at once would write over each other.
    assert!(Agent::fails(&flags).1.contains("another agent has it"));
    agent.kill();

    let log = own.join("log.redb");
    let whole = std::fs::read(&log).unwrap();
    for length in [100, 5_000, whole.len() / 3, whole.len() / 2, whole.len() - 10_000] {
        std::fs::write(&log, &whole[..length]).unwrap();
        let (code, text) = Agent::fails(&flags);
        assert_eq!(code, Some(1), "{length}: {text}");
        assert!(text.contains("log.redb") && text.contains("it is damaged"), "{length}: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
    // Without the earlier state the commands before it would be missing.
    std::fs::write(&log, &whole).unwrap();
    for name in files(&own).iter().filter(|name| name.ends_with(".saved")) {
        std::fs::remove_file(own.join(name)).unwrap();
    }
    let (_, text) = Agent::fails(&flags);
    assert!(text.is_empty() || text.contains("saved state"), "{text}");
}

#[test]
fn a_log_without_what_was_kept_last_is_refused() {
    let folder = Folder::new("shorter");
    let flags = ["--data-dir", folder.text()];
    let (log, mark) = (folder.0.join("global/log.redb"), folder.0.join("global/latest"));
    let kept = |id: &str| {
        let agent = Agent::start(&flags);
        agent.put("/v1/jobs", &job(id, 1));
        agent.kill();
    };
    kept("first");
    let before = std::fs::read(&log).unwrap();
    kept("second");
    // As it would be if what was written last could not be read any more.
    std::fs::write(&log, before).unwrap();
    let (code, text) = Agent::fails(&flags);
    assert_eq!(code, Some(1));
    assert!(
        text.contains("latest: commands up to 3 were kept, and the log beside it ends with 1"),
        "{text}"
    );
    let whole = std::fs::read(&mark).unwrap();
    for damaged in [&whole[..5], b"00000000000000000009 00000000\n", b"\xff\xff"] {
        std::fs::write(&mark, damaged).unwrap();
        let (code, text) = Agent::fails(&flags);
        assert!(code == Some(1) && text.contains("latest: it is damaged"), "{text}");
    }
    // What it says to do does it.
    std::fs::remove_file(&mark).unwrap();
    let agent = Agent::start(&flags);
    assert_eq!(agent.get("/v1/jobs").as_array().unwrap().len(), 1);
}

#[test]
fn a_folder_of_others_is_not_written_to() {
    let folder = Folder::new("others");
    std::fs::write(folder.0.join("notes.txt"), "mine").unwrap();
    let (code, text) = Agent::fails(&["--data-dir", folder.text()]);
    assert_eq!(code, Some(1));
    assert!(text.contains("no agent put there, notes.txt"), "{text}");
    assert_eq!(files(&folder.0), ["notes.txt"]);
    let file = folder.0.join("notes.txt");
    let (code, text) = Agent::fails(&["--data-dir", file.to_str().unwrap()]);
    assert!(code == Some(1) && text.contains("it is a file, not a folder"), "{text}");
}
