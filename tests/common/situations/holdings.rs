//! What random allocations hold of the ports and devices of their nodes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::jobs::Scarce;

/// The ports and devices of an allocation.
#[derive(Default)]
pub struct Holdings {
    /// The address and the port.
    port: Option<(String, i64)>,
    /// The name of the devices and the instances.
    devices: Option<(String, Vec<String>)>,
}

impl Holdings {
    /// What an allocation of the group has on this node: nothing where the node has nothing of the kind,
    /// and what no other wanted one has. None where the others have it all. What was told to stop still
    /// has what others may have been given since.
    pub fn draw(
        scarce: Scarce,
        group: &str,
        node: &str,
        document: Option<&Value>,
        taken: Option<&mut BTreeSet<(String, String)>>,
    ) -> Option<Holdings> {
        let mut holdings = Holdings::default();
        let Some(document) = document else { return Some(holdings) };
        let nothing = BTreeSet::new();
        let others = taken.as_deref().unwrap_or(&nothing);
        let is_free = |thing: &str| !others.contains(&(node.to_owned(), thing.to_owned()));
        let mut things = Vec::new();
        let address = document["NodeResources"]["Networks"][0]["IP"].as_str();
        if let (Some(port), Some(address)) = (scarce.port, address) {
            holdings.port = Some((address.to_owned(), port));
            things.push(port.to_string());
        }
        let instances = healthy(document, group);
        if scarce.devices > 0 && instances.len() >= scarce.devices {
            let free: Vec<String> = instances.into_iter().filter(|id| is_free(id)).collect();
            let own = free.get(..scarce.devices)?;
            holdings.devices = Some((group.to_owned(), own.to_vec()));
            things.extend_from_slice(own);
        }
        if !things.iter().all(|thing| is_free(thing)) {
            return None;
        }
        if let Some(taken) = taken {
            taken.extend(things.into_iter().map(|thing| (node.to_owned(), thing)));
        }
        Some(holdings)
    }

    /// Writes them into the allocation's document.
    pub fn write(&self, alloc: &mut Value, number: usize) {
        let resources = &mut alloc["AllocatedResources"];
        if let Some((address, port)) = &self.port {
            let main = json!({"Label": "main", "Value": port});
            let more = json!({"Label": "more", "Value": 20_000 + number});
            resources["Shared"]["Networks"] = json!([{
                "Mode": "host", "Device": "eth0", "IP": address,
                "ReservedPorts": [main], "DynamicPorts": [more],
            }]);
            let own = [main, more].map(|mut it| {
                it["HostIP"] = json!(address);
                it
            });
            resources["Shared"]["Ports"] = json!(own);
        }
        if let Some((name, instances)) = &self.devices {
            resources["Tasks"]["main"]["Devices"] = json!([
                {"Vendor": "acme", "Type": "gpu", "Name": name, "DeviceIDs": instances},
            ]);
        }
    }
}

/// The healthy devices of the group's type on a node.
pub fn healthy(node: &Value, group: &str) -> Vec<String> {
    let devices = node["NodeResources"]["Devices"].as_array().into_iter().flatten();
    let instances = devices
        .filter(|device| device["Name"] == group)
        .flat_map(|device| device["Instances"].as_array().into_iter().flatten());
    let healthy = instances.filter(|instance| instance["Healthy"] == true);
    healthy.map(|instance| instance["ID"].as_str().unwrap().to_owned()).collect()
}
