//! Tells a story: its lines as commands of an engine in a simulated world.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stowplan::engine::{
    Command, CommandError, DeregisterJob, EngineOptions, EvaluateJob, PurgeNode, RegisterJob,
    RevertJob, ScaleJob, SetEligibility, SetJobStability, SetNodeStatus, SetSchedulerConfiguration,
    StopAllocation,
};
use stowplan::model::Allocation;
use stowplan::sim::{Behaviour, World};
use stowplan::{Span, Timestamp};

use super::words::Line;
use super::{documents, show};

/// How long nothing must have moved before a step is over.
const CALM: Span = Span::from_secs(2);
/// How long a step waits for what it waits for, unless it says otherwise.
const PATIENCE: Span = Span::from_secs(15);
/// How long it waits for things to calm down.
const MOST_CALM: Span = Span::from_secs(20);
const TICK: Span = Span::from_nanos(150_000_000);

/// A story under way.
pub(crate) struct Teller {
    pub(crate) world: World,
    pub(crate) nodes: usize,
    /// The jobs, in the order in which they came.
    pub(crate) jobs: Vec<String>,
    /// The jobs of which it is told where they run.
    pub(crate) shown: BTreeSet<String>,
    /// Whether any node came back.
    pub(crate) is_after_return: bool,
    /// What the commands since the last step came to.
    replies: Vec<String>,
    /// What was told of evaluations: their statuses by ID.
    pub(crate) evaluations: BTreeMap<String, String>,
}

impl Default for Teller {
    fn default() -> Teller {
        let mut world = World::new(EngineOptions::default(), Behaviour::prompt());
        world.run_until(Timestamp::from_secs(1_767_225_600));
        Teller {
            world,
            nodes: 0,
            jobs: Vec::new(),
            shown: BTreeSet::new(),
            is_after_return: false,
            replies: Vec::new(),
            evaluations: BTreeMap::new(),
        }
    }
}

impl Teller {
    /// Does what lines say, of which the last is a step, and gives how things are then.
    pub(crate) fn tell(&mut self, lines: &[Line], expected: &[String]) -> Vec<String> {
        let mut told = Vec::new();
        for line in lines {
            if line.head() == "step" {
                self.wait(line);
                let ignored: Vec<&str> = line
                    .below("not-compared")
                    .filter_map(|it| it.text.split_once(' '))
                    .map(|it| it.1)
                    .collect();
                told = self.show(&ignored, expected);
            } else {
                self.line(line);
            }
        }
        told
    }

    fn show(&mut self, ignored: &[&str], expected: &[String]) -> Vec<String> {
        let mut fields = show::fields(self);
        let replies = std::mem::take(&mut self.replies);
        if !replies.is_empty() {
            fields.insert("replies".into(), Value::from(replies));
        }
        show::text(&fields, ignored, expected)
    }

    fn line(&mut self, line: &Line) {
        let id = || line.word(1).to_owned();
        match line.head() {
            "nodes" => {
                let count: usize = line.word(1).parse().unwrap_or_else(|_| line.fail("a number"));
                (0..count).for_each(|_| self.join(line));
            }
            "join" => self.join(line),
            "show-nodes" => drop(self.shown.insert(id())),
            "register" | "stop" | "purge" | "scale" | "evaluate" | "revert" | "stable" => {
                self.job(line);
            }
            "node" | "drain" | "purge-node" => self.node(line),
            "promote" | "pause" | "resume" | "set-health" => self.deployment(line),
            "stop-alloc" => {
                let allocation_id = self.allocation(line, line.word(1));
                self.command(
                    line,
                    "stop",
                    StopAllocation { allocation_id, ..StopAllocation::default() },
                );
            }
            "preempt" => {
                let configuration = json!({
                    "SchedulerAlgorithm": "binpack",
                    "PreemptionConfig": {"SystemSchedulerEnabled": true, "ServiceSchedulerEnabled": true},
                });
                let command = SetSchedulerConfiguration {
                    configuration: serde_json::from_value(configuration).unwrap(),
                    ..SetSchedulerConfiguration::default()
                };
                self.command(line, "configuration", command);
            }
            _ => line.fail("unknown command"),
        }
    }

    fn job(&mut self, line: &Line) {
        let id = || line.word(1).to_owned();
        match line.head() {
            "register" => {
                let job = stowplan::model::read::job(documents::job(line).to_string()).unwrap();
                if !self.jobs.contains(&job.id) {
                    self.jobs.push(job.id.clone());
                }
                self.command(line, "register", RegisterJob { job, ..RegisterJob::default() });
            }
            "stop" => {
                self.command(
                    line,
                    "stop",
                    DeregisterJob { job_id: id(), ..DeregisterJob::default() },
                );
            }
            "purge" => {
                let command =
                    DeregisterJob { job_id: id(), purge: true, ..DeregisterJob::default() };
                self.command(line, "purge", command);
            }
            "scale" => {
                let count = line.word(3).parse().unwrap_or_else(|_| line.fail("a number"));
                let target = [("Group".to_owned(), line.word(2).to_owned())].into_iter().collect();
                let command =
                    ScaleJob { job_id: id(), count: Some(count), target, ..ScaleJob::default() };
                self.command(line, "scale", command);
            }
            "evaluate" => {
                let mut command = EvaluateJob { job_id: id(), ..EvaluateJob::default() };
                command.eval_options.force_reschedule = line.has("force");
                self.command(line, "evaluate", command);
            }
            "revert" => {
                let command = RevertJob {
                    job_id: id(),
                    job_version: line.word(2).parse().unwrap(),
                    enforce_prior_version: line.number("prior").map(|prior| prior as u64),
                    ..RevertJob::default()
                };
                self.command(line, "revert", command);
            }
            "stable" => {
                let command = SetJobStability {
                    job_id: id(),
                    job_version: line.word(2).parse().unwrap(),
                    stable: line.word(3) == "true",
                    ..SetJobStability::default()
                };
                self.command(line, "stable", command);
            }
            _ => line.fail("unknown command"),
        }
    }

    fn join(&mut self, line: &Line) {
        let node = documents::node(self.nodes, line);
        self.nodes += 1;
        self.world.add_node(stowplan::model::read::node(node.to_string()).unwrap()).unwrap();
    }

    fn node(&mut self, line: &Line) {
        let node_id = format!("n{}", line.word(1));
        match (line.head(), line.words.get(2).map_or("", String::as_str)) {
            ("node", status @ ("down" | "disconnected")) => {
                self.world.disconnect_node(&node_id);
                self.tell_silently(SetNodeStatus { node_id, status: status.into() });
            }
            ("node", "ready") => {
                self.is_after_return = true;
                self.tell_silently(SetNodeStatus {
                    node_id: node_id.clone(),
                    status: "ready".into(),
                });
                self.world.reconnect_node(&node_id);
            }
            ("node", eligibility) => {
                let command = SetEligibility { node_id, eligibility: eligibility.into() };
                self.command(line, "eligibility", command);
            }
            ("drain", _) => {
                let deadline = line.nanos("deadline").unwrap_or(0);
                let spec = (!line.has("off")).then(|| json!({"Deadline": deadline}));
                self.written(
                    line,
                    "drain",
                    "DrainNode",
                    json!({"NodeID": node_id, "DrainSpec": spec}),
                );
            }
            _ => self.command(line, "purge", PurgeNode { node_id }),
        }
    }

    fn deployment(&mut self, line: &Line) {
        let latest = self.latest_deployment("j");
        let deployment_id = latest.map(|it| it.id).unwrap_or_default();
        let mut body = json!({"DeploymentID": deployment_id});
        let (note, name) = match line.head() {
            "promote" => {
                body["All"] = json!(true);
                ("promote", "PromoteDeployment")
            }
            "set-health" => {
                let ids: Vec<String> =
                    line.word(2).split("),").map(|it| self.allocation(line, it)).collect();
                let key = match line.word(1) {
                    "healthy" => "HealthyAllocationIDs",
                    _ => "UnhealthyAllocationIDs",
                };
                body[key] = json!(ids);
                ("set health", "SetAllocationHealth")
            }
            head => {
                body["Pause"] = json!(head == "pause");
                (head, "PauseDeployment")
            }
        };
        self.written(line, note, name, body);
    }

    /// The allocation of `nth(2)`: of those that are wanted of the latest deployment's version, by name; of
    /// `first(job=j,version=1)`; or itself.
    fn allocation(&self, line: &Line, text: &str) -> String {
        let text = text.trim_end_matches(')');
        let found = if let Some(at) = text.strip_prefix("nth(") {
            let version = self.latest_deployment("j").map(|it| it.job_version);
            let mut wanted = self.allocations();
            wanted.retain(|it| it.desired_status == "run" && Some(it.job_version()) == version);
            wanted.sort_by(|a, b| a.name.cmp(&b.name));
            wanted.get(at.parse::<usize>().unwrap()).map(|it| it.id.clone())
        } else if let Some(filter) = text.strip_prefix("first(") {
            let filter = filter.replace(',', " ");
            let mut found = self.allocations();
            found.retain(|it| filter.split(' ').all(|word| self.is_of(line, it, word)));
            found.sort_by_key(|it| (it.name.clone(), it.create_index));
            found.first().map(|it| it.id.clone())
        } else {
            Some(text.to_owned())
        };
        found.unwrap_or_else(|| line.fail("there is no such allocation"))
    }

    fn command(&mut self, line: &Line, note: &str, command: impl Into<Command>) {
        let note = line.value("note").unwrap_or(note).to_owned();
        let result: Result<_, CommandError> = self.world.apply(command.into());
        match result {
            Ok(_) => self.replies.push(note),
            Err(_) => self.replies.push(format!("{note}: refused")),
        }
    }

    /// A command as it is written.
    fn written(&mut self, line: &Line, note: &str, name: &str, body: Value) {
        match serde_json::from_value::<Command>(json!({name: body})) {
            Ok(command) => self.command(line, note, command),
            Err(_) => self.replies.push(format!("{note}: unknown")),
        }
    }

    fn tell_silently(&mut self, command: impl Into<Command>) {
        self.world.apply(command.into()).unwrap();
    }

    /// Waits for what a step waits for, and until nothing moves.
    fn wait(&mut self, line: &Line) {
        let until = line.text.split_once(" until ").map_or("", |(_, until)| until);
        let until = until.split(" within ").next().unwrap_or_default();
        let until = until.split(" calm=").next().unwrap_or_default();
        let within = line.words.iter().position(|word| word == "within");
        let patience = within.map_or(PATIENCE, |at| line.word(at + 1).parse().unwrap());
        let calm = line.nanos("calm").map_or(CALM, Span::from_nanos);
        let end = self.world.now() + patience;
        while !until.is_empty() && !self.holds(line, until) && self.world.now() < end {
            self.pass(TICK);
        }
        if calm == Span::ZERO {
            return;
        }
        let end = self.world.now() + MOST_CALM;
        let (_, mut last) = show::signature(self);
        let mut since = self.world.now();
        while self.world.now() < end {
            self.pass(TICK);
            let now = show::signature(self);
            if now.1 != last {
                since = self.world.now();
            }
            last = now.1;
            let wanted = if now.0 { calm + Span::from_secs(2) } else { calm };
            if self.world.now().since(since) >= wanted {
                break;
            }
        }
    }

    fn pass(&mut self, span: Span) {
        let until = self.world.now() + span;
        self.world.run_until(until);
    }

    /// Whether all of it is so.
    fn holds(&self, line: &Line, until: &str) -> bool {
        until.split(" and ").all(|term| self.holds_one(line, term))
    }

    fn holds_one(&self, line: &Line, term: &str) -> bool {
        let words: Vec<&str> = term.split(' ').collect();
        let (Some((relation, wanted)), Some(head)) =
            (words.len().checked_sub(2).map(|at| (words[at], words[at + 1])), words.first())
        else {
            line.fail("a condition")
        };
        let filter = &words[1..words.len() - 2];
        if *head == "deployment" {
            let version = filter.iter().find_map(|word| word.strip_prefix("version="));
            let version = version.map(|version| version.parse::<u64>().unwrap());
            let deployments = self.world.engine().deployments_of("default", filter[0]);
            let of_version =
                deployments.filter(|it| version.is_none_or(|version| it.job_version == version));
            let latest = of_version.max_by_key(|it| it.create_index);
            return latest.is_some_and(|it| it.status == wanted);
        }
        let all = self.allocations();
        let found = all.iter().filter(|it| filter.iter().all(|word| self.is_of(line, it, word)));
        let (found, wanted) = (found.count(), wanted.parse::<usize>().unwrap());
        match relation {
            "=" => found == wanted,
            ">=" => found >= wanted,
            _ => line.fail("a condition has = or >="),
        }
    }

    fn is_of(&self, line: &Line, it: &Allocation, word: &str) -> bool {
        match word.split_once('=').unwrap_or((word, "")) {
            ("job", job) => it.job_id == job,
            ("client", status) => it.client_status == status,
            ("desired", status) => it.desired_status == status,
            ("version", version) => it.job_version().to_string() == version,
            ("node", node) => it.node_id == format!("n{node}"),
            ("healthy", _) => {
                it.deployment_status.as_ref().is_some_and(|it| it.healthy == Some(true))
            }
            _ => line.fail(&format!("unknown word `{word}`")),
        }
    }

    /// The allocations of the story's jobs.
    pub(crate) fn allocations(&self) -> Vec<Allocation> {
        let engine = self.world.engine();
        let of_job = self.jobs.iter().flat_map(|job| engine.allocations_of("default", job));
        of_job.map(|it| it.document()).collect()
    }

    fn latest_deployment(&self, job: &str) -> Option<stowplan::model::Deployment> {
        let deployments = self.world.engine().deployments_of("default", job);
        deployments.max_by_key(|it| it.create_index)
    }
}
