//! What an agent knows of its nodes after it was away.

use std::path::PathBuf;

use stowplan::engine::{Command, EngineOptions, Heartbeat, RegisterNode};
use stowplan::http::{Clock, EngineHandle};
use stowplan::model::Node;
use stowplan::{Span, Timestamp};

use super::region::resumed;
use super::store::Store;

/// A folder that is gone when this is dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn started(folder: &Folder, clock: &Clock) -> EngineHandle {
    let restored = Store::open(&folder.0, EngineOptions::default()).unwrap();
    let (engine, store) = resumed(restored, clock.now()).unwrap();
    EngineHandle::start_kept(engine, clock.clone(), store).unwrap()
}

fn status(handle: &EngineHandle) -> String {
    let snapshot = handle.snapshot();
    snapshot.node("n1").unwrap().status.clone()
}

fn heard(handle: &EngineHandle) {
    let heard = Command::from(Heartbeat { node_id: "n1".into() });
    assert!(handle.apply_blocking(heard).unwrap().is_ok());
}

#[test]
fn after_ten_minutes_down_nodes_are_ready_and_have_time_to_be_heard_of() {
    let name = format!("stowplan-away-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    let began = Timestamp::from_secs(1_000);
    let clock = Clock::manual(began);
    let handle = started(&folder, &clock);
    let node = Node::builder("n1").build().unwrap().spec().clone();
    assert!(handle.apply_blocking(RegisterNode::from(node).into()).unwrap().is_ok());
    heard(&handle);
    assert_eq!(handle.end_blocking(), Ok(()));

    let back = began + Span::from_secs(600);
    let clock = Clock::manual(back);
    let handle = started(&folder, &clock);
    // What comes to others lets time come to now, and the node is still there.
    let other = Node::builder("n2").build().unwrap().spec().clone();
    assert!(handle.apply_blocking(RegisterNode::from(other).into()).unwrap().is_ok());
    assert_eq!(status(&handle), "ready");
    clock.set(back + Span::from_secs(5));
    heard(&handle);
    assert_eq!(status(&handle), "ready");
    // It is not heard of any more.
    clock.set(back + Span::from_secs(600));
    assert!(handle.apply_blocking(Heartbeat { node_id: "n2".into() }.into()).is_some());
    assert_eq!(handle.end_blocking(), Ok(()));
    assert_eq!(status(&handle), "down");
}

#[test]
fn what_happened_in_the_course_of_time_outlasts_a_kill() {
    let name = format!("stowplan-lost-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(&name));
    let clock = Clock::starting_at(Timestamp::from_secs(1_000), 500.0);
    let handle = started(&folder, &clock);
    let node = Node::builder("n1").build().unwrap().spec().clone();
    assert!(handle.apply_blocking(RegisterNode::from(node).into()).unwrap().is_ok());
    heard(&handle);
    // It is not heard of any more, and nothing else is told after that.
    while status(&handle) != "down" {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let seen = handle.snapshot().modify_index();
    // As it is on disk at that moment.
    let copy = Folder(std::env::temp_dir().join(format!("{name}-copy")));
    std::fs::create_dir_all(&copy.0).unwrap();
    for entry in std::fs::read_dir(&folder.0).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.0.join(path.file_name().unwrap())).unwrap();
    }
    let back = started(&copy, &clock);
    assert_eq!(status(&back), "down");
    assert!(back.snapshot().modify_index() >= seen);
}
