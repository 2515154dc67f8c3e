//! An inventory from texts.

use thiserror::Error;

use super::inventory::{Inventory, InventoryError};
use crate::model::{AllocationErrors, NodeErrors, read};

/// Why texts make no inventory.
///
/// ```
/// use stowplan::{Inventory, InventoryJsonError};
///
/// let error = Inventory::from_json(r#"[{"ID": "n1"}]"#, "[]").unwrap_err();
/// assert!(matches!(error, InventoryJsonError::Nodes(_)));
/// assert!(error.to_string().starts_with("nodes: [0].Datacenter: a node needs a datacenter\n"));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InventoryJsonError {
    /// The nodes cannot be read, or some are not valid; each problem has its path.
    #[error("nodes: {0}")]
    Nodes(#[source] NodeErrors),
    /// The allocations cannot be read, or some are not valid; each problem has its path.
    #[error("allocations: {0}")]
    Allocations(#[source] AllocationErrors),
    /// They do not go together.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
}

impl Inventory {
    /// An inventory from the texts that the API answers with: of nodes (`/v1/nodes?resources=true`, or one of
    /// `/v1/node/<id>`), and of allocations (`[]` where there are none), which may come without their
    /// jobs where [`Inventory::with_jobs`] brings them.
    ///
    /// # Errors
    ///
    /// A text cannot be read, something in it is not valid, two nodes or two allocations have one
    /// identity, or an allocation has not ended on a node that is not there.
    ///
    /// ```
    /// use stowplan::model::{Job, read};
    /// use stowplan::{Inventory, PlaceOptions, place};
    ///
    /// let nodes = r#"[{"ID": "n1", "Datacenter": "dc1", "Attributes": {"driver.docker": "1"},
    ///     "NodeResources": {"Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000},
    ///                       "Disk": {"DiskMB": 10000}}}]"#;
    /// let jobs = r#"[{"ID": "web", "TaskGroups": [{"Name": "front",
    ///     "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]}]"#;
    /// let inventory = Inventory::from_json(nodes, "[]")?;
    /// for job in read::valid_jobs(jobs)? {
    ///     assert!(place(&inventory, &job, &PlaceOptions::default()).is_complete());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_json(
        nodes: impl AsRef<[u8]>,
        allocations: impl AsRef<[u8]>,
    ) -> Result<Inventory, InventoryJsonError> {
        let nodes = read::valid_nodes(nodes).map_err(InventoryJsonError::Nodes)?;
        let allocations =
            read::valid_allocations(allocations).map_err(InventoryJsonError::Allocations)?;
        Ok(Inventory::new(nodes)?.with_allocations(allocations)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str =
        r#"{"ID": "n1", "Datacenter": "dc1", "NodeResources": {"Cpu": {"CpuShares": 1000}}}"#;

    #[test]
    fn what_is_wrong_is_said_with_its_path() {
        let error = |nodes: &str, allocations: &str| {
            Inventory::from_json(nodes, allocations).unwrap_err().to_string()
        };
        let bad = r#"[{"ID": "n1", "NodeResources": {"Memory": {"MemoryMB": "x"}}}]"#;
        let expected =
            "nodes: [0].NodeResources.Memory.MemoryMB: expected an integer, found the string `x`";
        assert_eq!(error(bad, "[]"), expected);
        let text = error(NODE, r#"[{"ID": "a1", "NodeID": "n1", "ClientStatus": "up"}]"#);
        assert!(text.starts_with("allocations: [0].JobID: "), "{text}");
        assert!(text.contains("\n[0].ClientStatus: unknown status `up`"), "{text}");
        let twins = format!("[{NODE}, {NODE}]");
        assert_eq!(error(&twins, "[]"), "two nodes have the ID `n1`");
        assert_eq!(Inventory::from_json(NODE, "[]").unwrap().nodes().len(), 1);
        assert_eq!(Inventory::from_json("[]", "[]").unwrap().nodes().len(), 0);
    }
}
