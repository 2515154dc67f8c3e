//! An agent that is measured.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Outcome;

/// An agent on the first core, while this program is on the second. It is killed when this is dropped.
pub(crate) struct Agent {
    child: Child,
    address: String,
}

impl Agent {
    pub(crate) fn start(program: &Path, nodes: &Path, kept: Option<&Path>) -> Outcome<Agent> {
        let is_pinned = Command::new("taskset").arg("--version").output().is_ok();
        if is_pinned {
            let own = std::process::id().to_string();
            Command::new("taskset").args(["-apc", "1", &own]).output()?;
        }
        let mut command = match is_pinned {
            true => Command::new("taskset"),
            false => Command::new(program),
        };
        if is_pinned {
            command.args(["-c", "0"]).arg(program);
        }
        command.args(["agent", "--bind", "127.0.0.1:0", "--nodes"]).arg(nodes);
        if let Some(folder) = kept {
            command.arg("--data-dir").arg(folder);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.split_once("http://").and_then(|(_, rest)| rest.split_once(','));
        let address = address.ok_or_else(|| format!("it did not start: {line}"))?.0.to_owned();
        Ok(Agent { child, address })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How much of a processor's time it has had, in hundredths of a second; none where that is not told.
    pub(crate) fn processor_time(&self) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        let (user, system) = (fields.next()?, fields.next()?);
        Some(user.parse::<u64>().ok()? + system.parse::<u64>().ok()?)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
