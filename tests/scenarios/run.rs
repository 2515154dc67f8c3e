//! What the lines of a scenario do, and what they print.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;
use stowplan::model::{
    Allocation, ClientStatus, DynamicVolume, Job, JobSpec, MigrateStrategy, Node, NodeStatus,
    TaskGroup,
};
use stowplan::{
    Algorithm, Cluster, Inventory, PlaceOptions, PlacementRequest, Preemption, ScoreDetail, Search,
    Span,
};

use crate::print::{self, Shown};
use crate::words::Line;
use crate::{allocations, documents, evaluations, words};

/// One scenario under way.
#[derive(Default)]
pub(crate) struct Scenario {
    seed: u64,
    /// What the first cluster is made of, until the first command asks something of it.
    inventory: Inventory,
    nodes: Vec<Node>,
    allocations: Vec<Allocation>,
    volumes: Vec<DynamicVolume>,
    jobs: BTreeMap<String, Job>,
    /// By the names that `fork` gave them; the first one is `main`.
    clusters: BTreeMap<String, Cluster>,
    current: String,
    /// The names of allocations by identities, as `identities` found them.
    identities: BTreeMap<String, String>,
}

impl Scenario {
    /// Does what the lines say and gives what they print.
    pub(crate) fn run(&mut self, lines: &[Line]) -> String {
        let mut printed = String::new();
        for line in lines {
            let text = self.command(line);
            if !text.is_empty() {
                printed.push_str(text.trim_end_matches('\n'));
                printed.push('\n');
            }
        }
        printed
    }

    fn command(&mut self, line: &Line) -> String {
        match line.head() {
            "seed" => {
                self.seed = line.word(1).parse().unwrap_or_else(|_| line.fail("a number"));
                String::new()
            }
            "node" => self.node(line),
            "dynamic-volume" => {
                let volume = serde_json::from_value(documents::dynamic_volume(line));
                self.volumes.push(volume.unwrap());
                String::new()
            }
            "job" => self.job(line, documents::job(line)),
            "job-json" => self.job(line, documents::parse_json(line, 2)),
            "alloc" => self.alloc(line),
            "place" => self.place(line),
            "propose" => self.propose(line),
            "explain" => self.explain(line),
            "show" => print::allocations(self.cluster()),
            "register" => {
                let job = self.known_job(line);
                self.present().register_job(&job);
                String::new()
            }
            "allocs" => {
                let job = self.job_of(line, line.value("job").unwrap_or_default());
                evaluations::add_allocations(self.present(), line, &job);
                String::new()
            }
            "deployment" => {
                let job = self.known_job(line);
                evaluations::add_deployment(self.present(), line, &job);
                String::new()
            }
            "evaluate" => {
                let job = self.known_job(line);
                evaluations::evaluate(self.present(), line, &job)
            }
            "follow-up" => {
                let job = self.known_job(line);
                evaluations::follow_up(self.present(), line, &job)
            }
            "later" => {
                let cluster = self.present();
                let span: Span = line.word(1).parse().unwrap_or_else(|_| line.fail("a length"));
                cluster.advance_to(cluster.now() + span).unwrap();
                String::new()
            }
            "node-status" => self.node_status(line),
            "stop" | "remove" | "client-status" | "mark-lost" => self.change(line),
            "remove-node" => self.remove_node(line),
            "fork" => {
                let fork = self.cluster().fork();
                self.clusters.insert(line.word(1).into(), fork);
                String::new()
            }
            "switch" => {
                self.cluster();
                self.current = line.word(1).into();
                String::new()
            }
            "sample-size" => self.sample_size(line),
            "identities" => self.identities(),
            _ => line.fail("unknown command"),
        }
    }

    /// The cluster that commands are for, made of what came before the first of them.
    fn cluster(&mut self) -> &mut Cluster {
        if self.clusters.is_empty() {
            self.inventory = Inventory::new(std::mem::take(&mut self.nodes))
                .and_then(|inventory| {
                    inventory.with_allocations(std::mem::take(&mut self.allocations))
                })
                .unwrap_or_else(|error| panic!("{error}"))
                .with_volumes(std::mem::take(&mut self.volumes));
            let cluster = Cluster::from_inventory(&self.inventory, self.seed);
            self.current = "main".into();
            self.clusters.insert("main".into(), cluster);
        }
        let current = &self.current;
        self.clusters.get_mut(current).unwrap_or_else(|| panic!("no fork is called {current}"))
    }

    fn node(&mut self, line: &Line) -> String {
        let document: stowplan::model::NodeSpec =
            serde_json::from_value(documents::node(line)).unwrap();
        match Node::new(document) {
            Err(errors) => print::refusal(errors.problems()),
            Ok(node) if self.clusters.is_empty() => {
                self.nodes.push(node);
                String::new()
            }
            Ok(node) => {
                self.cluster().upsert_node(node);
                String::new()
            }
        }
    }

    fn job(&mut self, line: &Line, document: Value) -> String {
        match Job::from_json(document.to_string()) {
            Err(errors) => print::refusal(errors.problems()),
            Ok(job) => {
                self.jobs.insert(line.word(1).into(), job);
                String::new()
            }
        }
    }

    fn alloc(&mut self, line: &Line) -> String {
        let job_name = line.value("job").unwrap_or(line.word(1));
        let job = self.jobs.get(job_name);
        let group = job.map(|job| {
            let name = line.value("group").unwrap_or(&job.task_groups[0].name);
            serde_json::to_value(job.group(name).unwrap_or_else(|| line.fail("no such group")))
        });
        let group = group.map(Result::unwrap);
        let spec = match job {
            Some(job) => job.shared_spec(),
            None => Arc::new(stub_job(line, job_name)),
        };
        let document = allocations::allocation(line, &spec.id, &spec.namespace, group.as_ref());
        let mut allocation: Allocation = serde_json::from_value(document).unwrap();
        allocation.job = Some(spec).filter(|_| !line.has("without-job"));
        if self.clusters.is_empty() {
            self.allocations.push(allocation);
            return String::new();
        }
        match self.cluster().add_allocation(allocation) {
            Ok(()) => String::new(),
            Err(error) => format!("error: {error}"),
        }
    }

    fn known_job(&self, line: &Line) -> Job {
        self.job_of(line, line.word(1))
    }

    fn job_of(&self, line: &Line, name: &str) -> Job {
        self.jobs.get(name).cloned().unwrap_or_else(|| line.fail("no such job"))
    }

    /// The cluster, at an instant at which evaluations may be.
    fn present(&mut self) -> &mut Cluster {
        let cluster = self.cluster();
        if cluster.now() < evaluations::BEGINNING {
            cluster.advance_to(evaluations::BEGINNING).unwrap();
        }
        cluster
    }

    /// `node-status NODE down|disconnected|ready|initializing`.
    fn node_status(&mut self, line: &Line) -> String {
        let status = match line.word(2) {
            "down" => NodeStatus::Down,
            "disconnected" => NodeStatus::Disconnected,
            "initializing" => NodeStatus::Initializing,
            "ready" => NodeStatus::Ready,
            _ => line.fail("unknown status"),
        };
        match self.present().set_node_status(line.word(1), status) {
            Ok(_) => String::new(),
            Err(error) => format!("error: {error}"),
        }
    }

    fn place(&mut self, line: &Line) -> String {
        let job = self.known_job(line);
        let (options, shown) = (self.options(line, &job), Shown::of(line));
        let cluster = self.cluster();
        let mut slow = cluster.fork();
        let placement = cluster.place(&job, &options);
        let oracle = slow.place(&job, &options.oracle(true));
        let same = print::allocations_of(&placement) == print::allocations_of(&oracle);
        assert!(same, "line {}: the plain scan places it otherwise", line.number);
        print::placement(&placement, cluster, &shown)
    }

    fn propose(&mut self, line: &Line) -> String {
        let job = self.known_job(line);
        let (options, shown) = (self.options(line, &job), Shown::of(line));
        let proposal = self.cluster().propose(&job, &options);
        let printed = print::placement(proposal.placement(), proposal.cluster(), &shown);
        match line.has("commit") {
            true => drop(proposal.commit()),
            false => proposal.take_back(),
        }
        printed
    }

    fn explain(&mut self, line: &Line) -> String {
        let job = self.known_job(line);
        let options = self.options(line, &job);
        let group = line.value("group").unwrap_or(&job.task_groups[0].name).to_owned();
        let shown = Shown::of(line);
        let cluster = self.cluster();
        let explanation = match line.value("penalty") {
            None => cluster.explain(&job, &group, &options),
            Some(nodes) => {
                let missing = cluster.missing(&job);
                let request = missing.into_iter().find(|it| it.task_group() == group);
                let request = request.unwrap_or_else(|| line.fail("nothing is missing"));
                let request = nodes.split(',').fold(request, PlacementRequest::penalty_node);
                cluster.explain_request(&request, &options)
            }
        };
        match explanation {
            Some(explanation) => print::explanation(&explanation, cluster, &shown),
            None => format!("no group {group}"),
        }
    }

    fn change(&mut self, line: &Line) -> String {
        let name = line.word(1);
        let cluster = self.cluster();
        let id = print::id_of(cluster, name);
        let done = match line.head() {
            "stop" => cluster.stop_allocation(&id),
            "remove" => cluster.remove_allocation(&id),
            "mark-lost" => cluster.mark_lost([&id]),
            _ => {
                let status = ClientStatus::from_text(line.word(2));
                let status = status.unwrap_or_else(|| line.fail("unknown status"));
                cluster.set_client_status(&id, status)
            }
        };
        done.map_or_else(|error| format!("error: {error}"), |()| String::new())
    }

    fn remove_node(&mut self, line: &Line) -> String {
        let cluster = self.cluster();
        match cluster.remove_node(line.word(1)) {
            Err(error) => format!("error: {error}"),
            Ok(unreachable) if unreachable.is_empty() => String::new(),
            Ok(unreachable) => {
                let names = unreachable.iter().map(|id| print::name_of(cluster, id));
                let mut names: Vec<String> = names.collect();
                names.sort_unstable();
                format!("out of reach: {}", names.join(" "))
            }
        }
    }

    /// Whether every allocation that was ever shown an identity of is still found by it.
    fn identities(&mut self) -> String {
        let now: BTreeMap<String, String> =
            self.cluster().allocations().map(|it| (it.id, it.name)).collect();
        let gone = self.identities.iter().filter(|(id, name)| now.get(*id) != Some(*name)).count();
        self.identities.extend(now.clone());
        format!("{} allocations, {gone} of those before are not found", now.len())
    }

    /// `sample-size JOB nodes=4,5 [limit=..]`: how many nodes the original would look at.
    fn sample_size(&mut self, line: &Line) -> String {
        let job = self.known_job(line);
        let limit = line.number("limit").unwrap_or(100) as usize;
        let mut printed = String::new();
        for nodes in words::numbers(line.value("nodes").unwrap_or_default()) {
            let group = &job.task_groups[0];
            match Search::like_the_original(&job, group, nodes as usize, limit) {
                Search::Sample(size) => writeln!(printed, "{nodes} nodes: {size}").unwrap(),
                other => writeln!(printed, "{nodes} nodes: {other:?}").unwrap(),
            }
        }
        printed
    }

    fn options(&mut self, line: &Line, job: &Job) -> PlaceOptions {
        let mut options = PlaceOptions::default();
        for word in line.words.iter().skip(2) {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            options = match (key, value) {
                ("algorithm", "spread") => options.algorithm(Algorithm::Spread),
                ("algorithm", "binpack") => options.algorithm(Algorithm::Binpack),
                ("preempt", "") => options.preemption(Preemption::all()),
                ("no-preempt", "") => options.preemption(Preemption::none()),
                ("oversubscription", "") => options.memory_oversubscription(true),
                ("seed", seed) => options.seed(seed.parse().unwrap()),
                ("search", search) => options.search(self.search(line, search, job)),
                ("detail", "all") => options.score_detail(ScoreDetail::All),
                ("detail", top) => options.score_detail(ScoreDetail::Top(top.parse().unwrap())),
                _ if Shown::WORDS.contains(&key)
                    || ["commit", "group", "penalty"].contains(&key) =>
                {
                    options
                }
                _ => line.fail(&format!("unknown word `{word}`")),
            };
        }
        options
    }

    /// `sample:N`, or `original:LIMIT` for as many as the original would look at.
    fn search(&mut self, line: &Line, text: &str, job: &Job) -> Search {
        match text.split_once(':').map(|(kind, number)| (kind, number.parse().unwrap())) {
            Some(("sample", size)) => Search::Sample(size),
            Some(("original", limit)) => {
                let nodes = self.cluster().nodes().count();
                Search::like_the_original(job, &job.task_groups[0], nodes, limit)
            }
            _ => line.fail("expected sample:N or original:LIMIT"),
        }
    }
}

/// The job of an allocation of which the scenario tells no more than the line does.
fn stub_job(line: &Line, id: &str) -> JobSpec {
    let max_parallel = line.number("max-parallel");
    let migrate = max_parallel
        .map(|limit| MigrateStrategy { max_parallel: Some(limit), ..MigrateStrategy::default() });
    let name = line.value("group").unwrap_or("group").into();
    JobSpec {
        id: id.into(),
        namespace: "default".into(),
        priority: line.number("priority"),
        task_groups: vec![TaskGroup { name, migrate, ..TaskGroup::default() }],
        ..JobSpec::default()
    }
}
