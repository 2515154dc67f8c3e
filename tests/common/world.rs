//! Worlds: nodes, what is on them, jobs and options, made from a recipe of a few numbers.

use std::fmt;

use proptest::prelude::*;
use stowplan::model::{Allocation, DynamicVolume, Job, JobSpec, JobType, Node, NodeSpec};
use stowplan::{Algorithm, Cluster, Inventory, PlaceOptions, Preemption, ScoreDetail};

use super::random::Random;
use super::{Feature, allocations, jobs, nodes};

/// What a world is made from. Less of anything makes a simpler world with the rest unchanged, as far as
/// that goes, so that failures shrink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    pub seed: u64,
    pub nodes: usize,
    pub jobs: usize,
    /// The most groups a job has.
    pub groups: usize,
    /// A bit for each [`Feature`].
    pub features: u32,
}

impl Recipe {
    /// A recipe of a seed alone, with any of the features.
    pub fn from_seed(seed: u64) -> Recipe {
        let mut random = Random::new(seed, 0);
        Recipe {
            seed,
            nodes: random.pick(&[0, 1, 2, 3, 4, 5, 7, 9, 12, 16, 20, 24]),
            jobs: 1 + random.below(3),
            groups: 1 + random.below(3),
            // Every feature is in half of the worlds, and all of them are in some.
            features: if random.percent(10) { u32::MAX } else { random.next() as u32 },
        }
    }

    pub fn has(&self, feature: Feature) -> bool {
        self.features & (1 << feature as u32) != 0
    }

    pub fn with(mut self, feature: Feature) -> Recipe {
        self.features |= 1 << feature as u32;
        self
    }

    pub fn without(mut self, feature: Feature) -> Recipe {
        self.features &= !(1 << feature as u32);
        self
    }
}

/// Recipes, which shrink to fewer nodes, jobs and features.
pub fn recipes() -> impl Strategy<Value = Recipe> {
    let all = (1u32 << Feature::COUNT) - 1;
    let features = prop_oneof![9 => 0..=all, 1 => Just(all)];
    (any::<u64>(), 0usize..18, 1usize..4, 1usize..4, features).prop_map(
        |(seed, nodes, jobs, groups, features)| Recipe { seed, nodes, jobs, groups, features },
    )
}

/// Nodes, what is on them, jobs and options.
#[derive(Clone)]
pub struct World {
    pub recipe: Recipe,
    pub nodes: Vec<Node>,
    pub allocations: Vec<Allocation>,
    pub volumes: Vec<DynamicVolume>,
    pub jobs: Vec<Job>,
    pub options: PlaceOptions,
    pub preemption: Preemption,
}

impl World {
    /// The world of a seed.
    pub fn from_seed(seed: u64) -> World {
        World::new(Recipe::from_seed(seed))
    }

    pub fn new(recipe: Recipe) -> World {
        let specs: Vec<NodeSpec> = nodes::nodes(&recipe);
        let volumes = nodes::dynamic_volumes(&specs, recipe.seed);
        let nodes: Vec<Node> = specs.into_iter().map(|spec| Node::new(spec).unwrap()).collect();
        let jobs: Vec<JobSpec> = (0..recipe.jobs).map(|at| jobs::job(&recipe, at)).collect();
        let allocations = allocations::allocations(&recipe, &nodes, &jobs);
        let preemption = preemption(&recipe);
        World {
            recipe,
            nodes,
            allocations,
            volumes,
            jobs: jobs.into_iter().map(|spec| Job::new(spec).unwrap()).collect(),
            options: options(&recipe).preemption(preemption),
            preemption,
        }
    }

    /// The job that the allocations may be of, and the only one that most tests place.
    pub fn job(&self) -> &Job {
        &self.jobs[0]
    }

    /// Whether placing a job may evict.
    pub fn may_evict(&self, job: &Job) -> bool {
        match job.job_type() {
            JobType::Service => self.preemption.service,
            JobType::Batch => self.preemption.batch,
            JobType::System => self.preemption.system,
            JobType::Sysbatch => self.preemption.sysbatch,
        }
    }

    /// Everything but the jobs to be placed.
    pub fn inventory(&self) -> Inventory {
        Inventory::new(self.nodes.iter().cloned())
            .and_then(|it| it.with_allocations(self.allocations.iter().cloned()))
            .unwrap()
            .with_volumes(self.volumes.iter().cloned())
            .with_jobs(&self.jobs)
    }

    pub fn cluster(&self) -> Cluster {
        Cluster::from_inventory(&self.inventory(), self.recipe.seed % 5)
    }

    /// A node by its identity.
    pub fn node(&self, id: &str) -> &Node {
        self.nodes.iter().find(|node| node.id == id).unwrap()
    }
}

/// As JSON, so that a failure can be tried by hand.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.recipe)?;
        if self.nodes.len() > 2 {
            return Ok(());
        }
        let line = |f: &mut fmt::Formatter<'_>, value: Result<String, serde_json::Error>| {
            writeln!(f, "{}", value.unwrap_or_default())
        };
        for node in &self.nodes {
            line(f, serde_json::to_string(node))?;
        }
        for allocation in &self.allocations {
            line(f, serde_json::to_string(allocation))?;
        }
        for job in &self.jobs {
            line(f, serde_json::to_string(job))?;
        }
        write!(f, "{:?}", self.options)
    }
}

fn options(recipe: &Recipe) -> PlaceOptions {
    let mut random = Random::new(recipe.seed, 4);
    PlaceOptions::default()
        .seed(recipe.seed % 7)
        .algorithm(random.pick(&[Algorithm::Binpack, Algorithm::Binpack, Algorithm::Spread]))
        .memory_oversubscription(random.percent(50))
        .score_detail(random.pick(&[
            ScoreDetail::Top(5),
            ScoreDetail::Top(5),
            ScoreDetail::None,
            ScoreDetail::All,
        ]))
}

fn preemption(recipe: &Recipe) -> Preemption {
    let mut random = Random::new(recipe.seed, 5);
    match random.percent(50) {
        _ if recipe.has(Feature::Preemption) => Preemption::all(),
        true => Preemption::none(),
        false => Preemption::default(),
    }
}
