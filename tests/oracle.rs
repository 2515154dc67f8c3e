//! The quick way of placing against the plain scan: the same nodes, the same bits of every score, the
//! same metrics, whatever happened to the cluster before.
//!
//! Two clusters live the same life, one placing off frontiers and one looking at every node for every
//! placement. `STOWPLAN_ORACLE_WORLDS` says how many worlds are tried (a share of the full run by
//! default) and `STOWPLAN_ORACLE_SEED` where they begin; the full run is
//! `STOWPLAN_ORACLE_WORLDS=20000 cargo test --release --test oracle -- --nocapture`.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and is set by its environment"
)]

use stowplan::model::{
    Allocation, ClientStatus, Constraint, Job, JobSpec, Node, NodeSpec, Operand, Spread,
};
use stowplan::testing::{self, Feature, Random, Recipe, World};
use stowplan::{
    Algorithm, Cluster, PlaceOptions, Placement, PlacementRequest, Preemption, ScoreDetail,
};

const WORLDS: u64 = 30;
const STEPS: usize = 80;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn the_quick_way_agrees_with_the_scan() {
    let worlds = setting("STOWPLAN_ORACLE_WORLDS", WORLDS);
    let first = setting("STOWPLAN_ORACLE_SEED", 0);
    let mut totals = Totals::default();
    for seed in first..first + worlds {
        Life::new(seed).live(&mut totals);
    }
    println!(
        "{worlds} worlds: {} placements and {} refusals agree, {} of all selections quick",
        totals.placed, totals.refused, totals.quick
    );
    // Most of what is placed has to take the quick way, or nothing is tested.
    assert!(totals.quick * 2 > totals.placed);
}

/// A world large enough for several shards and blocks.
#[test]
fn it_agrees_on_many_nodes() {
    let mut totals = Totals::default();
    for seed in 0..2 {
        let recipe = Recipe { nodes: 2_500, ..Recipe::from_seed(seed) };
        let recipe = recipe.without(Feature::SystemJobs).without(Feature::Preemption);
        let mut life = Life::of(recipe);
        for _ in 0..6 {
            life.place(&mut totals);
            life.change_a_node();
            life.check();
        }
    }
}

/// Jobs of many allocations over nodes that all have values of their own, or share them with one other:
/// none of them is looked for by the scan, and the metrics name no more values than a few.
#[test]
fn it_agrees_where_every_node_has_a_value_of_its_own() {
    let mut totals = Totals::default();
    for (seed, spread, property) in [
        (0, Some("${node.unique.name}"), None),
        (1, None, Some(("${node.unique.name}", ""))),
        (2, Some("${meta.pair}"), Some(("${meta.pair}", "2"))),
        (3, Some("${meta.rack}"), Some(("${node.unique.name}", "1"))),
        (4, Some("${node.unique.name}"), Some(("${meta.rack}", "9"))),
    ] {
        let recipe = Recipe { nodes: 60, features: 0, ..Recipe::from_seed(seed) };
        let mut life = Life::of(recipe);
        for count in [1, 12, 40] {
            let mut spec: JobSpec = testing::job(&recipe, 0);
            (spec.job_type, spec.constraints) = (String::new(), Vec::new());
            let group = &mut spec.task_groups[0];
            group.count = Some(count);
            group.spreads = spread.into_iter().map(spread_over).collect();
            group.constraints = property.into_iter().map(distinct).collect();
            spec.task_groups.truncate(1);
            life.place_job(&Job::new(spec).unwrap(), &mut totals);
            life.change_a_node();
            life.check();
        }
    }
    assert_eq!(totals.quick, totals.placed);
}

/// Jobs that are on most of the nodes already, spread over racks or kept apart, which lose some of what they
/// have and grow: nodes that they are on are left in the frontier, or hidden from it.
#[test]
fn it_agrees_where_a_job_is_on_most_of_the_nodes() {
    let evenly = || Spread { weight: Some(50), ..spread_over("${meta.rack}") };
    let by_shares = || -> Spread {
        let listed = r#"[{"Value": "r0", "Percent": 70}, {"Value": "r1", "Percent": 30}]"#;
        let spread_target = serde_json::from_str(listed).unwrap();
        Spread { spread_target, ..evenly() }
    };
    // Two nodes that should have far more than all others, and have a value that is rare.
    let to_a_pair = || -> Spread {
        let spread_target = serde_json::from_str(r#"[{"Value": "p5", "Percent": 60}]"#).unwrap();
        Spread { attribute: "${meta.pair}".into(), spread_target, ..evenly() }
    };
    let hosts = || Constraint { operand: Operand::DistinctHosts, ..Constraint::default() };
    let mut totals = Totals::default();
    for (seed, spreads, apart) in [
        (0, vec![evenly()], None),
        (1, vec![by_shares()], None),
        (2, vec![evenly(), Spread { attribute: "${node.class}".into(), ..by_shares() }], None),
        (3, vec![], Some(hosts())),
        (4, vec![by_shares()], Some(hosts())),
        (5, vec![], None),
        (6, vec![evenly(), spread_over("${meta.pair}")], None),
        (7, vec![evenly(), to_a_pair()], None),
    ] {
        let recipe = Recipe { nodes: 90, features: 0, ..Recipe::from_seed(seed) };
        let mut life = Life::of(recipe);
        for _ in 0..25 {
            let mut spec: JobSpec = testing::job(&recipe, 0);
            (spec.job_type, spec.spreads) = (String::new(), spreads.clone());
            spec.constraints = apart.iter().cloned().collect();
            let group = &mut spec.task_groups[0];
            group.count = Some(life.random.pick(&[20, 50, 55, 60, 65, 85]));
            (group.spreads, group.constraints) = (Vec::new(), Vec::new());
            spec.task_groups.truncate(1);
            life.place_job(&Job::new(spec).unwrap(), &mut totals);
            life.change_a_node();
            (0..life.random.below(6)).for_each(|_| life.change_an_allocation());
            life.check();
        }
    }
    // Where a request names a node, that one is looked at.
    assert!(totals.quick * 10 > totals.placed * 9);
    assert!(totals.placed > 600, "{}", totals.placed);
}

/// However many values there are, they are no reason to look at every node.
#[test]
fn a_thousand_values_are_not_scanned() {
    let recipe = Recipe { nodes: 1_100, features: 0, ..Recipe::from_seed(6) };
    let mut cluster = World::new(recipe).cluster();
    let spec = Job::builder("web").group("front", 20, |group| {
        let group = group.task("nginx", "docker", |task| task.cpu_shares(10).memory_mb(10));
        let group = group.constraint("${node.unique.name}", Operand::DistinctProperty, "");
        group.spread("${attr.unique.hostname}", 100, Vec::<(String, i64)>::new())
    });
    let placement = cluster.place(&spec.build().unwrap(), &PlaceOptions::default());
    assert_eq!((placement.len(), placement.scanned()), (20, 0));
    let metrics = placement.allocations().last().unwrap().to_allocation().metrics.unwrap();
    let many = "distinct_property: ${node.unique.name}: more than 8 values in use";
    assert_eq!(metrics.constraint_filtered.get(many), Some(&19), "{metrics:?}");
}

fn spread_over(attribute: &str) -> Spread {
    Spread { attribute: attribute.into(), ..Spread::default() }
}

fn distinct((property, allowed): (&str, &str)) -> Constraint {
    Constraint {
        l_target: property.into(),
        operand: Operand::from("distinct_property"),
        r_target: allowed.into(),
        ..Constraint::default()
    }
}

#[derive(Default)]
struct Totals {
    placed: usize,
    refused: usize,
    quick: usize,
}

/// Two clusters that live the same life.
struct Life {
    recipe: Recipe,
    random: Random,
    quick: Cluster,
    slow: Cluster,
    /// Forks of both, to go on from later.
    saved: Vec<(Cluster, Cluster)>,
    options: PlaceOptions,
}

impl Life {
    fn new(seed: u64) -> Life {
        Life::of(Recipe::from_seed(seed))
    }

    fn of(recipe: Recipe) -> Life {
        let world = World::new(recipe);
        let mut random = Random::new(recipe.seed, 77);
        let detail = random.pick(&[ScoreDetail::Top(5), ScoreDetail::Top(5), ScoreDetail::Top(1)]);
        let options = world.options.clone().seed(recipe.seed % 5).score_detail(detail);
        Life {
            recipe,
            random,
            quick: world.cluster(),
            slow: world.cluster(),
            saved: Vec::new(),
            options,
        }
    }

    fn live(&mut self, totals: &mut Totals) {
        for _ in 0..STEPS {
            match self.random.below(20) {
                0..=9 => self.place(totals),
                10 => self.propose(),
                11 | 12 => self.change_a_node(),
                13 => self.remove_a_node(),
                14..=17 => self.change_an_allocation(),
                18 => self.saved.push((self.quick.fork(), self.slow.fork())),
                _ => self.swap_with_a_fork(),
            }
            assert_eq!(self.quick.digest(), self.slow.digest(), "{:?}", self.recipe);
            self.check();
        }
    }

    /// Everything that is kept agrees with everything else.
    fn check(&self) {
        for cluster in [&self.quick, &self.slow] {
            if let Err(broken) = cluster.check() {
                panic!("{broken}\nin {:?}", self.recipe);
            }
        }
    }

    /// One of a few jobs, in one of a few versions, so that some come again.
    fn job(&mut self) -> Job {
        let version = self.random.below(4) as u64;
        let recipe = Recipe { seed: self.recipe.seed ^ (version << 40), ..self.recipe };
        let spec: JobSpec = testing::job(&recipe, self.random.below(5));
        Job::new(spec).unwrap()
    }

    fn options(&mut self) -> PlaceOptions {
        let mut options = self.options.clone();
        if self.random.percent(20) {
            options = options.algorithm(self.random.pick(&[Algorithm::Binpack, Algorithm::Spread]));
        }
        if self.random.percent(15) {
            options =
                options.preemption(self.random.pick(&[Preemption::all(), Preemption::none()]));
        }
        options
    }

    fn node_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.quick.nodes().map(|node| node.id.clone()).collect();
        ids.sort_unstable();
        ids
    }

    fn place(&mut self, totals: &mut Totals) {
        let job = self.job();
        self.place_job(&job, totals);
    }

    fn place_job(&mut self, job: &Job, totals: &mut Totals) {
        let options = self.options();
        let (quick, slow) = match self.random.percent(20) {
            true => {
                let requests = self.requests(job);
                let quick = self.quick.place_requests(&requests, &options).unwrap();
                (quick, self.slow.place_requests(&requests, &options.oracle(true)).unwrap())
            }
            false => {
                let quick = self.quick.place(job, &options);
                (quick, self.slow.place(job, &options.oracle(true)))
            }
        };
        self.compare(job, &quick, &slow);
        totals.placed += quick.len();
        totals.refused += quick.failed().len();
        totals.quick += quick.len() - quick.scanned().min(quick.len());
    }

    /// What is missing of a job, some of it to be placed here rather than there.
    fn requests(&mut self, job: &Job) -> Vec<PlacementRequest> {
        let ids = self.node_ids();
        let mut requests = self.quick.missing(job);
        for request in requests.iter_mut().filter(|_| !ids.is_empty()) {
            if self.random.percent(50) {
                *request = ids.iter().take(2).fold(request.clone(), PlacementRequest::penalty_node);
            }
            if self.random.percent(20) {
                *request = request.clone().preferred_node(self.random.pick(&ids));
            }
        }
        requests
    }

    fn propose(&mut self) {
        let (job, options) = (self.job(), self.options());
        let keeps = self.random.percent(50);
        let quick = self.quick.propose(&job, &options);
        let slow = self.slow.propose(&job, &options.oracle(true));
        if keeps {
            let (quick, slow) = (quick.commit(), slow.commit());
            self.compare(&job, &quick, &slow);
        } else {
            quick.take_back();
            slow.take_back();
        }
    }

    fn compare(&self, job: &Job, quick: &Placement, slow: &Placement) {
        let documents = |placement: &Placement| -> Vec<Allocation> {
            placement.allocations().map(|it| it.to_allocation()).collect()
        };
        let (a, b) = (documents(quick), documents(slow));
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(a, b, "{:?}\n{}", self.recipe, serde_json::to_string(job).unwrap());
        }
        assert_eq!(a.len(), b.len(), "{:?}", self.recipe);
        assert_eq!(quick.failed().len(), slow.failed().len(), "{:?}", self.recipe);
        for (a, b) in quick.failed().iter().zip(slow.failed()) {
            assert_eq!(a.metrics(), b.metrics(), "{:?}\n{job:?}", self.recipe);
            assert_eq!(a.to_allocation(), b.to_allocation(), "{:?}", self.recipe);
        }
        let bits = |placement: &Placement| -> Vec<u64> {
            placement.allocations().map(|it| it.score().to_bits()).collect()
        };
        assert_eq!(bits(quick), bits(slow), "{:?}", self.recipe);
    }

    /// A node changes, or joins: it becomes what a node of another world is.
    fn change_a_node(&mut self) {
        let seed = self.recipe.seed ^ ((1 + self.random.below(3) as u64) << 44);
        let specs = testing::nodes(&Recipe { seed, nodes: 12, ..self.recipe });
        let ids = self.node_ids();
        let mut spec: NodeSpec = self.random.pick(&specs);
        if !ids.is_empty() && self.random.percent(60) {
            spec.id = self.random.pick(&ids);
        }
        let node = Node::new(spec).unwrap();
        self.quick.upsert_node(node.clone());
        self.slow.upsert_node(node);
    }

    fn remove_a_node(&mut self) {
        let ids = self.node_ids();
        if ids.len() > 1 {
            let id = self.random.pick(&ids);
            let (a, b) = (self.quick.remove_node(&id), self.slow.remove_node(&id));
            assert_eq!(a, b, "{:?}", self.recipe);
            let unreachable = a.unwrap();
            if self.random.percent(50) {
                self.quick.mark_lost(&unreachable).unwrap();
                self.slow.mark_lost(&unreachable).unwrap();
            }
        }
    }

    fn change_an_allocation(&mut self) {
        let mut ids: Vec<String> = self.quick.allocations().map(|it| it.id).collect();
        ids.sort_unstable();
        if ids.is_empty() {
            return;
        }
        let id = self.random.pick(&ids);
        match self.random.below(4) {
            0 => {
                self.quick.stop_allocation(&id).unwrap();
                self.slow.stop_allocation(&id).unwrap();
            }
            1 => {
                let status = self.random.pick(ClientStatus::ALL);
                let changed = self.quick.set_client_status(&id, status);
                assert_eq!(changed, self.slow.set_client_status(&id, status));
            }
            _ => {
                self.quick.remove_allocation(&id).unwrap();
                self.slow.remove_allocation(&id).unwrap();
            }
        }
    }

    fn swap_with_a_fork(&mut self) {
        if let Some((quick, slow)) = self.saved.pop() {
            let quick = std::mem::replace(&mut self.quick, quick);
            let slow = std::mem::replace(&mut self.slow, slow);
            if self.random.percent(50) {
                self.saved.insert(0, (quick, slow));
            }
        }
    }
}
