//! Clusters and loads of any size, made of a seed, for measuring.

use crate::model::{Job, JobType, Node, Operand};

use super::random::Random;

/// The CPU of a node of the middle size, in MHz; its memory has twice as many MB.
const NODE_MHZ: f64 = 100_000.0;
/// How many different attributes jobs may ask for.
const ATTRIBUTES: usize = 50;
/// How many static ports the jobs of a load use, so that some want the same.
const STATIC_PORTS: usize = 250;
const GPUS: usize = 8;
const GPU_MODELS: usize = 4;

/// A cluster and the jobs of a load on it, alike or not.
#[derive(Clone, Debug)]
pub struct Load {
    /// What it is called.
    pub name: String,
    /// How many nodes there are.
    pub nodes: usize,
    /// How many jobs there are.
    pub jobs: usize,
    /// How many allocations each job asks for.
    pub count: u32,
    /// The type of the jobs.
    pub job_type: JobType,
    /// How many racks the nodes are in; 0 for none.
    pub racks: usize,
    /// How many asks the jobs share.
    pub asks: usize,
    /// Whether jobs have constraints.
    pub constraint: bool,
    /// Whether jobs are spread over racks.
    pub spread: bool,
    /// Whether jobs prefer a class.
    pub affinity: bool,
    /// Whether a job's allocations are on nodes of their own.
    pub distinct_hosts: bool,
    /// Whether jobs ask for ports.
    pub ports: bool,
    /// Whether jobs ask for GPUs, which some of the nodes have.
    pub devices: bool,
    /// How many sizes nodes have.
    pub classes: usize,
    /// How much of each node is in use before the load.
    pub fill_percent: u32,
    /// How much of the cluster's CPU the load would use if the cluster were empty.
    pub load_percent: f64,
    /// Whether every second ask is too large for any node that is as full as the cluster.
    pub half_too_large: bool,
    /// How many arrivals and departures follow one another; 0 for arrivals only.
    pub events: usize,
    /// How many jobs of the load are there before any of them comes or goes.
    pub standing: usize,
}

impl Load {
    /// The numbers that the jobs of a seed are drawn from.
    pub fn random(seed: u64) -> Random {
        Random::from_state(seed.wrapping_add(0x5354_4f57))
    }

    /// The nodes: of as many sizes as there are classes, in racks, with attributes that jobs may ask for.
    pub fn nodes(&self) -> Vec<Node> {
        (0..self.nodes).map(|at| self.node(at)).collect()
    }

    fn node(&self, at: usize) -> Node {
        let class = at % self.classes;
        let cpu_mhz = self.node_mhz(class);
        let mut node = Node::builder(format!("node-{at:06}"))
            .class(format!("class-{class}"))
            .cpu_shares(cpu_mhz)
            .memory_mb(cpu_mhz * 2)
            .disk_mb(10_000_000)
            .driver("docker")
            .attribute("kernel.name", "linux")
            .attribute("unique.hostname", format!("host-{at}"));
        if self.racks > 0 {
            node = node.meta("rack", format!("rack-{}", at / self.classes % self.racks));
        }
        if self.constraint {
            // Every node lacks a few of the attributes, not always the same ones.
            for attribute in (0..ATTRIBUTES).filter(|attribute| !(at + attribute).is_multiple_of(7))
            {
                node = node.attribute(format!("feature.{attribute}"), "1");
            }
        }
        if self.ports {
            let (a, b) = (at / 250, at % 250);
            node = node.address("default", format!("10.{}.{}.{}", a / 250, a % 250, b + 1));
        }
        if self.devices && at % 5 < 3 {
            let name = format!("nvidia/gpu/model-{}", at % GPU_MODELS);
            node = node.device(&name, |device| {
                (0..GPUS).fold(device, |device, gpu| device.instance(format!("gpu-{at}-{gpu}")))
            });
        }
        node.build().unwrap_or_else(|errors| unreachable!("{errors}"))
    }

    /// The CPU of the nodes of a class: sizes lie from a half to one and a half of the middle one.
    fn node_mhz(&self, class: usize) -> i64 {
        let share = (class as f64 + 0.5) / self.classes as f64 + 0.5;
        (NODE_MHZ * share) as i64
    }

    /// The most CPU that an ask may have, in MHz; twice as many MB are the most memory. It is half of the
    /// smallest node, or what is free there, so that few allocations on few nodes find room too.
    pub fn ask_max_mhz(&self) -> i64 {
        let smallest = self.node_mhz(0);
        let free = smallest * i64::from(100_u32.saturating_sub(self.fill_percent)) / 100;
        (smallest / 2).min(free).max(1)
    }

    /// Jobs that fill the cluster as far as it should be before the load: nine allocations on every node.
    pub fn fillers(&self) -> Vec<Job> {
        const PER_NODE: usize = 9;
        let job = |class: usize| {
            let mhz = self.node_mhz(class) * i64::from(self.fill_percent) / 100 / PER_NODE as i64;
            let nodes = (self.nodes + self.classes - 1 - class) / self.classes;
            let name = format!("filler-{class}");
            let job = Job::builder(name)
                .job_type(JobType::Batch)
                .constraint("${node.class}", Operand::Eq, format!("class-{class}"))
                .group("filler", (nodes * PER_NODE) as u32, |group| {
                    group
                        .disk_mb(10)
                        .task("task", "docker", |task| task.cpu_shares(mhz).memory_mb(mhz * 2))
                });
            job.build().unwrap_or_else(|errors| unreachable!("{errors}"))
        };
        match self.fill_percent {
            0 => Vec::new(),
            _ => (0..self.classes).map(job).collect(),
        }
    }

    /// The jobs of the load.
    pub fn jobs(&self, seed: u64) -> Vec<Job> {
        let mut numbers = Load::random(seed);
        (0..self.jobs).map(|at| self.job(at, &mut numbers)).collect()
    }

    /// One job of the load.
    pub fn job(&self, at: usize, numbers: &mut Random) -> Job {
        let mut job = Job::builder(format!("job-{at:07}")).job_type(self.job_type);
        if self.constraint && self.racks > 0 {
            let racks: Vec<String> =
                (0..self.racks.div_ceil(2)).map(|it| format!("rack-{it}")).collect();
            job = job.constraint("${meta.rack}", Operand::SetContainsAny, racks.join(","));
        } else if self.constraint && at.is_multiple_of(2) {
            let attribute = numbers.below(ATTRIBUTES);
            job = job.constraint(format!("${{attr.feature.{attribute}}}"), Operand::IsSet, "");
        }
        if self.spread {
            job = job.spread("${meta.rack}", 100, Vec::<(String, i64)>::new());
        }
        if self.affinity {
            job = job.affinity("${node.class}", Operand::Eq, "class-0", 50);
        }
        if self.distinct_hosts {
            job = job.constraint("", Operand::DistinctHosts, "");
        }
        let (cpu_mhz, memory_mb) = self.ask(at % self.asks, numbers);
        let gpus = 1 + numbers.below(GPUS);
        let model = numbers.below(GPU_MODELS * 2);
        job.group("group", self.count, |mut group| {
            if self.ports {
                group = group.static_port("main", (8_000 + at % STATIC_PORTS) as u16);
                group = group.dynamic_port("first").dynamic_port("second");
            }
            group.disk_mb(10).task("task", "docker", |task| {
                let task = task.cpu_shares(cpu_mhz).memory_mb(memory_mb);
                if !self.devices {
                    return task;
                }
                // Half of the jobs name a model.
                let name = match model < GPU_MODELS {
                    true => format!("nvidia/gpu/model-{model}"),
                    false => "nvidia/gpu".into(),
                };
                task.device(name, gpus as u32)
            })
        })
        .build()
        .unwrap_or_else(|errors| unreachable!("{errors}"))
    }

    /// The CPU and the memory of an ask. All asks together load the cluster as far as it says, unless
    /// they are too few for that.
    fn ask(&self, ask: usize, numbers: &mut Random) -> (i64, i64) {
        let total: f64 = (0..self.classes).map(|class| self.node_mhz(class) as f64).sum();
        let total = total / self.classes as f64 * self.nodes as f64;
        if self.half_too_large && ask % 2 == 1 {
            // More than is free anywhere, by the CPU or by the memory alone.
            let too_much = (NODE_MHZ * 0.05) as i64 + ask as i64;
            return if ask % 4 == 1 { (too_much, 10) } else { (5, too_much * 2) };
        }
        let placements = (self.jobs * self.count as usize) as f64;
        let middle = match self.load_percent > 0.0 {
            true => total * self.load_percent / 100.0 / placements,
            // What comes and goes is as large as what fills a node by a hundredth.
            false => NODE_MHZ / 100.0,
        };
        let most = self.ask_max_mhz();
        if self.asks == 1 {
            let cpu_mhz = (middle as i64).min(most);
            return (cpu_mhz, cpu_mhz * 2);
        }
        let share = (ask as f64 + 0.5) / self.asks as f64 + 0.5;
        let skew = 0.75 + numbers.below(50) as f64 / 100.0;
        let cpu_mhz = (middle * share).max(1.0);
        let memory_mb = if self.asks > 1000 { cpu_mhz * 2.0 * skew } else { cpu_mhz * 2.0 };
        ((cpu_mhz as i64).min(most), (memory_mb as i64).min(most * 2))
    }
}

impl Default for Load {
    fn default() -> Self {
        Load {
            name: "custom".into(),
            nodes: 5_000,
            jobs: 1_000,
            count: 100,
            job_type: JobType::Batch,
            racks: 0,
            asks: 1,
            constraint: false,
            spread: false,
            affinity: false,
            distinct_hosts: false,
            ports: false,
            devices: false,
            classes: 1,
            fill_percent: 0,
            load_percent: 85.0,
            half_too_large: false,
            events: 0,
            standing: 0,
        }
    }
}
