//! Drivers: every driver of a group's tasks must be on the node and healthy (docs/placement.md, section
//! 2.4).

use crate::state::node::NodeRecord;
use crate::syntax::boolean::parse_bool;

/// The text the metrics count filtered nodes under.
pub(crate) const KEY: &str = "missing drivers";

/// Whether a node has a driver. A node that does not describe its drivers may name them in
/// attributes.
pub(crate) fn has_driver(node: &NodeRecord, driver: &str) -> bool {
    let spec = node.node.spec();
    match spec.drivers.get(driver) {
        Some(info) => info.detected && info.healthy,
        None => {
            let attribute = spec.attributes.get(&format!("driver.{driver}"));
            attribute.is_some_and(|text| parse_bool(text).unwrap_or(false))
        }
    }
}
