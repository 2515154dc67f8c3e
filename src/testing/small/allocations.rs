//! Allocations that are there already, and may claim what cannot be.

use crate::model::{
    AllocatedCpuResources, AllocatedDevice, AllocatedMemoryResources, AllocatedPort,
    AllocatedResources, AllocatedSharedResources, AllocatedTaskResources, Allocation, Job,
    NetworkResource, Port,
};

use super::nodes::id;
use crate::testing::bytes::Bytes;

/// An allocation under the `at`th identity, of one of the jobs, on one of the first nodes.
pub fn allocation(bytes: &mut Bytes<'_>, at: usize, jobs: &[Job], nodes: usize) -> Allocation {
    let job = jobs.get(bytes.below(jobs.len().max(1)));
    let group = job.map_or("g0", |job| &job.task_groups[0].name).to_owned();
    let job_id = job.map_or("unknown", |job| &job.id).to_owned();
    let node = bytes.below(nodes.max(1));
    Allocation {
        id: format!("a{at}"),
        namespace: job.map_or_else(String::new, |job| job.namespace.clone()),
        name: format!("{job_id}.{group}[{}]", bytes.below(4)),
        node_id: id(node),
        job_id,
        task_group: group,
        job: job.filter(|_| !bytes.one_in(6)).map(Job::shared_spec),
        desired_status: bytes.pick(&["run", "run", "run", "stop", "evict"]).into(),
        client_status: bytes
            .pick(&["running", "running", "pending", "unknown", "failed", "complete", "lost"])
            .into(),
        allocated_resources: Some(resources(bytes)),
        ..Allocation::default()
    }
}

fn resources(bytes: &mut Bytes<'_>) -> AllocatedResources {
    let mut resources = AllocatedResources {
        shared: AllocatedSharedResources {
            disk_mb: bytes.pick(&[0, 300, 1000]),
            ..AllocatedSharedResources::default()
        },
        ..AllocatedResources::default()
    };
    if bytes.one_in(4) {
        resources.shared.ports.push(AllocatedPort {
            label: "http".into(),
            value: bytes.pick(&[80, 81, 20_000, 20_001]),
            host_ip: bytes.pick(&["10.0.0.1", "10.0.0.0", "10.9.9.9"]).into(),
            ignore_collision: bytes.one_in(4),
            ..AllocatedPort::default()
        });
    }
    let mut task = AllocatedTaskResources {
        cpu: AllocatedCpuResources {
            cpu_shares: bytes.pick(&[100, 300, 700]),
            ..AllocatedCpuResources::default()
        },
        memory: AllocatedMemoryResources {
            memory_mb: bytes.pick(&[100, 300, 700]),
            ..AllocatedMemoryResources::default()
        },
        ..AllocatedTaskResources::default()
    };
    match bytes.below(8) {
        4 => task.cpu.reserved_cores = vec![bytes.pick(&[0, 1, 2, 9])],
        5 => task.cpu.reserved_cores = vec![0, 1],
        6 => task.networks.push(NetworkResource {
            device: "eth0".into(),
            ip: bytes.pick(&["10.0.0.1", "10.0.0.0"]).into(),
            mbits: Some(bytes.pick(&[10, 60])),
            reserved_ports: vec![Port { value: bytes.pick(&[80, 20_000]), ..Port::default() }]
                .into(),
            ..NetworkResource::default()
        }),
        7 => task.devices.push(AllocatedDevice {
            vendor: "nvidia".into(),
            device_type: "gpu".into(),
            name: "1080ti".into(),
            device_ids: vec![bytes.pick(&["1080ti-0", "1080ti-1", "gone"]).into()],
            ..AllocatedDevice::default()
        }),
        _ => {}
    }
    resources.tasks.insert("t0".into(), task);
    resources
}
