//! The prepared mixes. The benchmarks in `benches/` use them too.

use clap::ValueEnum;
use stowplan::model::JobType;
use stowplan::testing::Load;

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

impl Mix {
    /// The cluster and the load that it is.
    pub(crate) fn load(self) -> Load {
        let name = self.to_possible_value().map_or_else(String::new, |it| it.get_name().to_owned());
        let load = Load { name, ..Load::default() };
        let service = JobType::Service;
        match self {
            Mix::C1m => Load { jobs: 1_000, count: 1_000, ..load },
            Mix::C2m => Load { nodes: 6_100, jobs: 2_000, count: 1_000, ..load },
            Mix::Service => Load { job_type: service, ..load },
            Mix::RackSpread => Load {
                jobs: 2,
                count: 600,
                job_type: service,
                racks: 50,
                constraint: true,
                spread: true,
                load_percent: 10.0,
                ..load
            },
            Mix::Trickle => {
                Load { nodes: 10_000, jobs: 100_000, count: 1, job_type: service, ..load }
            }
            Mix::Mixed => Load {
                jobs: 20_000,
                count: 5,
                job_type: service,
                asks: 20_000,
                constraint: true,
                classes: 8,
                load_percent: 60.0,
                ..load
            },
            Mix::Full => Load {
                jobs: 10_000,
                count: 10,
                asks: 100,
                fill_percent: 99,
                half_too_large: true,
                load_percent: 1.0,
                ..load
            },
            Mix::Churn => Load {
                nodes: 10_000,
                count: 1,
                fill_percent: 70,
                events: 1_000_000,
                standing: 1_000,
                load_percent: 0.0,
                ..load
            },
            Mix::Gpu => Load { jobs: 6_000, count: 1, devices: true, load_percent: 50.0, ..load },
            Mix::Ports => Load { count: 20, job_type: service, ports: true, ..load },
        }
    }
}

impl From<LoadType> for JobType {
    fn from(of: LoadType) -> JobType {
        match of {
            LoadType::Batch => JobType::Batch,
            LoadType::Service => JobType::Service,
        }
    }
}
