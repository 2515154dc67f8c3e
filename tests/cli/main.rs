//! The program `stowplan`, run as people and scripts run it.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bench;
mod documents;
mod evaluate;
mod explain;
mod golden;
#[cfg(feature = "hcl")]
mod hcl;
mod html;
mod mistakes;
mod openb;
#[cfg(all(feature = "agent", unix))]
mod page;
mod place;
mod plan;
mod real;
mod replay;
mod report;
#[path = "../common/shared.rs"]
#[allow(dead_code, unreachable_pub, reason = "what tests share")]
mod shared;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run of the program gave.
struct Answer {
    status: i32,
    stdout: String,
    stderr: String,
}

/// A folder of files that a test runs the program in.
struct Folder {
    path: PathBuf,
}

impl Folder {
    /// An empty folder of this name, which no other test has.
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir_all(&path).unwrap();
        Folder { path }
    }

    /// Adds a file, or replaces it.
    fn with(self, file: &str, content: impl ToString) -> Self {
        self.write(file, content);
        self
    }

    fn write(&self, file: &str, content: impl ToString) {
        fs::write(self.path.join(file), content.to_string()).unwrap();
    }

    /// Runs the program with these arguments, which spaces separate.
    fn run(&self, arguments: &str) -> Answer {
        self.run_with("", arguments)
    }

    /// Runs the program with this text as standard input.
    fn run_with(&self, stdin: &str, arguments: &str) -> Answer {
        let mut program = Command::new(env!("CARGO_BIN_EXE_stowplan"))
            .args(arguments.split_whitespace())
            .current_dir(&self.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not read its input closes it.
        let _ = program.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = program.wait_with_output().unwrap();
        Answer {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Answer {
    /// The JSON object that was written, where nothing went wrong.
    fn json(&self) -> Value {
        assert_eq!(self.stderr, "");
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout))
    }
}

/// A file of the package.
fn package(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// The arguments of the first API's example job on its inventory.
fn example() -> String {
    format!(
        "place --nodes {} --job {}",
        package("examples/nodes.json").display(),
        package("examples/binstore-storagelocker.json").display()
    )
}
