//! The cluster and the load of a benchmark, made of a seed.

use stowplan::model::{Job, JobType, Node, Operand};

use super::mix::{LoadType, Plan};

/// The CPU of a node of the middle size, in MHz; its memory has twice as many MB.
const NODE_MHZ: f64 = 100_000.0;
/// How many different attributes jobs may ask for.
const ATTRIBUTES: usize = 50;
/// How many static ports the jobs of a load use, so that some want the same.
const STATIC_PORTS: usize = 250;
const GPUS: usize = 8;
const GPU_MODELS: usize = 4;

/// A small generator of numbers: what is made must not change with the library's own.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_add(0x5354_4f57))
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % n.max(1) as u64) as usize
    }
}

/// The nodes: of as many sizes as there are classes, in racks, with attributes that jobs may ask for.
pub(crate) fn nodes(plan: &Plan) -> Vec<Node> {
    (0..plan.nodes).map(|at| node(plan, at)).collect()
}

fn node(plan: &Plan, at: usize) -> Node {
    let class = at % plan.classes;
    let cpu_mhz = node_mhz(plan, class);
    let mut node = Node::builder(format!("node-{at:06}"))
        .class(format!("class-{class}"))
        .cpu_shares(cpu_mhz)
        .memory_mb(cpu_mhz * 2)
        .disk_mb(10_000_000)
        .driver("docker")
        .attribute("kernel.name", "linux")
        .attribute("unique.hostname", format!("host-{at}"));
    if plan.racks > 0 {
        node = node.meta("rack", format!("rack-{}", at / plan.classes % plan.racks));
    }
    if plan.constraint {
        // Every node lacks a few of the attributes, not always the same ones.
        for attribute in (0..ATTRIBUTES).filter(|attribute| !(at + attribute).is_multiple_of(7)) {
            node = node.attribute(format!("feature.{attribute}"), "1");
        }
    }
    if plan.ports {
        let (a, b) = (at / 250, at % 250);
        node = node.address("default", format!("10.{}.{}.{}", a / 250, a % 250, b + 1));
    }
    if plan.devices && at % 5 < 3 {
        let name = format!("nvidia/gpu/model-{}", at % GPU_MODELS);
        node = node.device(&name, |device| {
            (0..GPUS).fold(device, |device, gpu| device.instance(format!("gpu-{at}-{gpu}")))
        });
    }
    node.build().unwrap_or_else(|errors| unreachable!("{errors}"))
}

/// The CPU of the nodes of a class: sizes lie from a half to one and a half of the middle one.
fn node_mhz(plan: &Plan, class: usize) -> i64 {
    let share = (class as f64 + 0.5) / plan.classes as f64 + 0.5;
    (NODE_MHZ * share) as i64
}

/// The most CPU that an ask may have, in MHz; twice as many MB are the most memory. It is half of the
/// smallest node, or what is free there, so that few allocations on few nodes find room too.
pub(crate) fn ask_max_mhz(plan: &Plan) -> i64 {
    let smallest = node_mhz(plan, 0);
    let free = smallest * i64::from(100_u32.saturating_sub(plan.fill_percent)) / 100;
    (smallest / 2).min(free).max(1)
}

/// Jobs that fill the cluster as far as it should be before the load: nine allocations on every node.
pub(crate) fn filler(plan: &Plan) -> Vec<Job> {
    const PER_NODE: usize = 9;
    let job = |class: usize| {
        let mhz = node_mhz(plan, class) * i64::from(plan.fill_percent) / 100 / PER_NODE as i64;
        let nodes = (plan.nodes + plan.classes - 1 - class) / plan.classes;
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
    match plan.fill_percent {
        0 => Vec::new(),
        _ => (0..plan.classes).map(job).collect(),
    }
}

/// The jobs of the load.
pub(crate) fn jobs(plan: &Plan, seed: u64) -> Vec<Job> {
    let mut numbers = Numbers::new(seed);
    (0..plan.jobs).map(|at| job(plan, at, &mut numbers)).collect()
}

/// One job of the load.
pub(crate) fn job(plan: &Plan, at: usize, numbers: &mut Numbers) -> Job {
    let mut job = Job::builder(format!("job-{at:07}")).job_type(match plan.job_type {
        LoadType::Batch => JobType::Batch,
        LoadType::Service => JobType::Service,
    });
    if plan.constraint && plan.racks > 0 {
        let racks: Vec<String> =
            (0..plan.racks.div_ceil(2)).map(|it| format!("rack-{it}")).collect();
        job = job.constraint("${meta.rack}", Operand::SetContainsAny, racks.join(","));
    } else if plan.constraint && at.is_multiple_of(2) {
        let attribute = numbers.below(ATTRIBUTES);
        job = job.constraint(format!("${{attr.feature.{attribute}}}"), Operand::IsSet, "");
    }
    if plan.spread {
        job = job.spread("${meta.rack}", 100, Vec::<(String, i64)>::new());
    }
    if plan.affinity {
        job = job.affinity("${node.class}", Operand::Eq, "class-0", 50);
    }
    if plan.distinct_hosts {
        job = job.constraint("", Operand::DistinctHosts, "");
    }
    let (cpu_mhz, memory_mb) = ask(plan, at % plan.asks, numbers);
    let gpus = 1 + numbers.below(GPUS);
    let model = numbers.below(GPU_MODELS * 2);
    job.group("group", plan.count, |mut group| {
        if plan.ports {
            group = group.static_port("main", (8_000 + at % STATIC_PORTS) as u16);
            group = group.dynamic_port("first").dynamic_port("second");
        }
        group.disk_mb(10).task("task", "docker", |task| {
            let task = task.cpu_shares(cpu_mhz).memory_mb(memory_mb);
            if !plan.devices {
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

/// The CPU and the memory of an ask. All asks together load the cluster as far as the plan says, unless
/// they are too few for that.
fn ask(plan: &Plan, ask: usize, numbers: &mut Numbers) -> (i64, i64) {
    let total: f64 = (0..plan.classes).map(|class| node_mhz(plan, class) as f64).sum();
    let total = total / plan.classes as f64 * plan.nodes as f64;
    if plan.half_too_large && ask % 2 == 1 {
        // More than is free anywhere, by the CPU or by the memory alone.
        let too_much = (NODE_MHZ * 0.05) as i64 + ask as i64;
        return if ask % 4 == 1 { (too_much, 10) } else { (5, too_much * 2) };
    }
    let placements = (plan.jobs * plan.count as usize) as f64;
    let middle = match plan.load_percent > 0.0 {
        true => total * plan.load_percent / 100.0 / placements,
        // What comes and goes is as large as what fills a node by a hundredth.
        false => NODE_MHZ / 100.0,
    };
    let most = ask_max_mhz(plan);
    if plan.asks == 1 {
        let cpu_mhz = (middle as i64).min(most);
        return (cpu_mhz, cpu_mhz * 2);
    }
    let share = (ask as f64 + 0.5) / plan.asks as f64 + 0.5;
    let skew = 0.75 + numbers.below(50) as f64 / 100.0;
    let cpu_mhz = (middle * share).max(1.0);
    let memory_mb = if plan.asks > 1000 { cpu_mhz * 2.0 * skew } else { cpu_mhz * 2.0 };
    ((cpu_mhz as i64).min(most), (memory_mb as i64).min(most * 2))
}
