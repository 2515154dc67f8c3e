//! A question: one placement on an inventory, of which nothing is kept.

use super::Cluster;
use super::inventory::Inventory;
use super::placement::Placement;
use crate::model::Job;
use crate::placement::options::PlaceOptions;

/// Where would a job go, and why? Nothing is kept: the answer is all there is.
///
/// Each allocation goes to the node that scores best (docs/placement.md, section 3) of those that
/// may run it (section 2) and have room for it (sections 4, 5 and 7), where need be after evicting
/// others (section 6); what was looked at is in its metrics (section 8).
///
/// ```
/// use stowplan::{Inventory, PlaceOptions, model::{Job, Node}, place};
///
/// let node = r#"{"ID": "n1", "Datacenter": "dc1", "Attributes": {"driver.docker": "1"},
///     "NodeResources": {"Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000},
///                       "Disk": {"DiskMB": 10000}}}"#;
/// let job = r#"{"ID": "web", "TaskGroups": [{"Name": "front",
///     "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]}"#;
/// let inventory = Inventory::new([Node::from_json(node)?])?;
/// let placement = place(&inventory, &Job::from_json(job)?, &PlaceOptions::default());
/// let allocation = placement.allocations().next().ok_or("nothing was placed")?;
/// assert_eq!((allocation.name().as_str(), allocation.node_id()), ("web.front[0]", "n1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn place(inventory: &Inventory, job: &Job, options: &PlaceOptions) -> Placement {
    let mut cluster = Cluster::from_inventory(inventory, options.seed.unwrap_or(0));
    cluster.place(job, options)
}
