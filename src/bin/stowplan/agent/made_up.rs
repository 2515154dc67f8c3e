//! Nodes for who has none.

use stowplan::model::{Node, NodeSpec};

/// Five nodes in two datacenters.
pub(super) fn nodes() -> Vec<NodeSpec> {
    let sizes = [("dc1", 8_000, 16_384), ("dc1", 8_000, 16_384), ("dc1", 16_000, 32_768)];
    let sizes = sizes.into_iter().chain([("dc2", 8_000, 16_384), ("dc2", 16_000, 32_768)]);
    let nodes = sizes.enumerate().filter_map(|(at, (datacenter, cpu, memory_mb))| {
        let number = at + 1;
        let id = format!("{number:08x}-5eed-4dev-8000-{number:012x}").replace("dev", "def");
        let node = Node::builder(id)
            .name(format!("dev-{number}"))
            .datacenter(datacenter)
            .cpu_shares(cpu)
            .memory_mb(memory_mb)
            .disk_mb(200_000)
            .attribute("kernel.name", "linux")
            .attribute("arch", "amd64")
            .network("eth0", format!("10.0.0.{number}/24"), 1_000);
        let drivers = ["docker", "exec", "java", "raw_exec", "mock_driver"];
        let node = drivers.into_iter().fold(node, |node, driver| node.driver(driver));
        Some(node.build().ok()?.spec().clone())
    });
    nodes.collect()
}
