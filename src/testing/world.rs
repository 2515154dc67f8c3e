//! Worlds: nodes, what is on them, jobs and options, made from a recipe of a few numbers.

use std::fmt;

use crate::cluster::Cluster;
use crate::cluster::inventory::Inventory;
use crate::model::{Allocation, DynamicVolume, Job, JobSpec, JobType, Node, NodeSpec};
use crate::placement::options::{PlaceOptions, Preemption, ScoreDetail};
use crate::rank::binpack::Algorithm;

use super::random::Random;
use super::recipe::{Feature, Recipe};
use super::{allocations, jobs, nodes};

/// Nodes, what is on them, jobs and options.
#[derive(Clone)]
pub struct World {
    /// What it was made from.
    pub recipe: Recipe,
    /// In no particular order.
    pub nodes: Vec<Node>,
    /// What is on the nodes already.
    pub allocations: Vec<Allocation>,
    /// The dynamic volumes of the nodes.
    pub volumes: Vec<DynamicVolume>,
    /// The jobs to be placed, of which allocations may be.
    pub jobs: Vec<Job>,
    /// How to place them.
    pub options: PlaceOptions,
    /// For which jobs allocations may be evicted, as in the options.
    pub preemption: Preemption,
}

impl World {
    /// The world of a seed.
    pub fn from_seed(seed: u64) -> World {
        World::new(Recipe::from_seed(seed))
    }

    /// The world of a recipe.
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

    /// The job that the allocations may be of, and the only one that most properties place.
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

    /// A cluster of everything but the jobs to be placed.
    pub fn cluster(&self) -> Cluster {
        Cluster::from_inventory(&self.inventory(), self.recipe.seed % 5)
    }

    /// A node by its identity.
    ///
    /// # Panics
    ///
    /// If the world has no such node.
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
