//! The prepared mixes, and what a plan of a run consists of. The benchmarks in `benches/` use them too.

use clap::ValueEnum;

/// A prepared cluster and load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mix {
    /// 5,000 nodes, 1,000 batch jobs of 1,000
    C1m,
    /// 6,100 nodes, 2,000 batch jobs of 1,000
    C2m,
    /// 5,000 nodes, 1,000 service jobs of 100
    Service,
    /// 5,000 nodes in 50 racks, 2 service jobs of 600 spread over half of the racks
    RackSpread,
    /// 10,000 nodes, 100,000 service jobs of 1
    Trickle,
    /// 5,000 nodes of 8 sizes, 20,000 service jobs of 5, each with an ask of its own, half with one of
    /// 50 constraints
    Mixed,
    /// 5,000 nodes 99 % full, 10,000 jobs of 10 with 100 asks, half of which cannot fit
    Full,
    /// 10,000 nodes at 70 %, a million arrivals and departures of jobs of 1, about 1,000 of which are
    /// there at a time
    Churn,
    /// 5,000 nodes, 3,000 of them with 8 GPUs, jobs of 1 that ask for 1 to 8, until they are full
    Gpu,
    /// 5,000 nodes, 1,000 service jobs of 20 with one static and two dynamic ports
    Ports,
}

/// The type of the jobs of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LoadType {
    /// Jobs that end by themselves
    Batch,
    /// Jobs that run until they are stopped
    Service,
}

/// What is measured, all options settled.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) nodes: usize,
    pub(crate) jobs: usize,
    pub(crate) count: u32,
    pub(crate) job_type: LoadType,
    /// 0 for none.
    pub(crate) racks: usize,
    pub(crate) asks: usize,
    pub(crate) constraint: bool,
    pub(crate) spread: bool,
    pub(crate) affinity: bool,
    pub(crate) distinct_hosts: bool,
    pub(crate) ports: bool,
    pub(crate) devices: bool,
    pub(crate) classes: usize,
    pub(crate) fill_percent: u32,
    /// How much of the cluster's CPU the load would use if the cluster were empty.
    pub(crate) load_percent: f64,
    /// Whether every second ask is too large for any node that is as full as the cluster.
    pub(crate) half_too_large: bool,
    /// How many arrivals and departures follow one another; 0 for arrivals only.
    pub(crate) events: usize,
    /// How many jobs of the load are there before any of them comes or goes.
    pub(crate) standing: usize,
}

impl Plan {
    /// What a mix comes to.
    pub(crate) fn of_mix(mix: Mix) -> Plan {
        let name = mix.to_possible_value().map_or_else(String::new, |it| it.get_name().to_owned());
        let plan = Plan { name, ..Plan::default() };
        let service = LoadType::Service;
        match mix {
            Mix::C1m => Plan { jobs: 1_000, count: 1_000, ..plan },
            Mix::C2m => Plan { nodes: 6_100, jobs: 2_000, count: 1_000, ..plan },
            Mix::Service => Plan { job_type: service, ..plan },
            Mix::RackSpread => Plan {
                jobs: 2,
                count: 600,
                job_type: service,
                racks: 50,
                constraint: true,
                spread: true,
                load_percent: 10.0,
                ..plan
            },
            Mix::Trickle => {
                Plan { nodes: 10_000, jobs: 100_000, count: 1, job_type: service, ..plan }
            }
            Mix::Mixed => Plan {
                jobs: 20_000,
                count: 5,
                job_type: service,
                asks: 20_000,
                constraint: true,
                classes: 8,
                load_percent: 60.0,
                ..plan
            },
            Mix::Full => Plan {
                jobs: 10_000,
                count: 10,
                asks: 100,
                fill_percent: 99,
                half_too_large: true,
                load_percent: 1.0,
                ..plan
            },
            Mix::Churn => Plan {
                nodes: 10_000,
                count: 1,
                fill_percent: 70,
                events: 1_000_000,
                standing: 1_000,
                load_percent: 0.0,
                ..plan
            },
            Mix::Gpu => Plan { jobs: 6_000, count: 1, devices: true, load_percent: 50.0, ..plan },
            Mix::Ports => Plan { count: 20, job_type: service, ports: true, ..plan },
        }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            name: "custom".into(),
            nodes: 5_000,
            jobs: 1_000,
            count: 100,
            job_type: LoadType::Batch,
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
