//! Devices, asked for, offered and assigned (docs/placement.md, sections 1.1, 1.2 and 5).

use indexmap::IndexMap;

use super::constraint::{Affinity, Constraint};
use super::document::document;

document! {
    /// A request of a task for devices, all of one kind.
    pub struct RequestedDevice {
        /// `type`, `vendor/type` or `vendor/type/name`.
        "Name" => pub name: String,
        /// How many instances; absent is 1.
        "Count" => pub count: Option<i64>,
        /// Rules on the device, with targets such as `${device.attr.memory}`.
        "Constraints" => pub constraints: Vec<Constraint>,
        /// Preferences among devices.
        "Affinities" => pub affinities: Vec<Affinity>,
    }
}

document! {
    /// A group of alike devices on a node.
    pub struct NodeDevice {
        /// `nvidia` for instance.
        "Vendor" => pub vendor: String,
        /// `gpu` for instance.
        "Type" => pub device_type: String,
        /// The model, `1080ti` for instance.
        "Name" => pub name: String,
        /// Typed facts about each instance.
        "Attributes" => pub attributes: IndexMap<String, DeviceAttribute>,
        /// The instances.
        "Instances" => pub instances: Vec<DeviceInstance>,
    }
}

document! {
    /// One device.
    pub struct DeviceInstance {
        /// Unique on its node.
        "ID" => pub id: String,
        /// Whether it may be assigned.
        "Healthy" => pub healthy: bool,
    }
}

document! {
    /// A typed value: exactly one of the kinds is present.
    pub struct DeviceAttribute {
        /// A whole number.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Int" => pub int: Option<i64>,
        /// A number.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Float" => pub float: Option<f64>,
        /// A text.
        #[serde(skip_serializing_if = "Option::is_none")]
        "String" => pub string: Option<String>,
        /// A truth value.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Bool" => pub bool: Option<bool>,
        /// The unit of a number, `GiB` for instance.
        #[serde(skip_serializing_if = "String::is_empty")]
        "Unit" => pub unit: String,
    }
}

document! {
    /// Devices of one group assigned to a task.
    pub struct AllocatedDevice {
        /// The group's vendor.
        "Vendor" => pub vendor: String,
        /// The group's type.
        "Type" => pub device_type: String,
        /// The group's model.
        "Name" => pub name: String,
        /// The instances.
        "DeviceIDs" => pub device_ids: Vec<String>,
    }
}

impl RequestedDevice {
    /// How many instances; where the document names none, 1.
    pub fn count(&self) -> u32 {
        u32::try_from(self.count.unwrap_or(1).max(0)).unwrap_or(u32::MAX)
    }
}

impl DeviceAttribute {
    /// A whole number with its unit; the unit may be empty.
    pub fn int(value: i64, unit: impl Into<String>) -> Self {
        DeviceAttribute { int: Some(value), unit: unit.into(), ..DeviceAttribute::default() }
    }

    /// A number with its unit; the unit may be empty.
    pub fn float(value: f64, unit: impl Into<String>) -> Self {
        DeviceAttribute { float: Some(value), unit: unit.into(), ..DeviceAttribute::default() }
    }

    /// A text.
    pub fn string(text: impl Into<String>) -> Self {
        DeviceAttribute { string: Some(text.into()), ..DeviceAttribute::default() }
    }

    /// A truth value.
    pub fn bool(value: bool) -> Self {
        DeviceAttribute { bool: Some(value), ..DeviceAttribute::default() }
    }

    /// How many of the kinds are present; one in a good document.
    pub(crate) fn kinds(&self) -> usize {
        let kinds =
            [self.int.is_some(), self.float.is_some(), self.string.is_some(), self.bool.is_some()];
        kinds.into_iter().filter(|present| *present).count()
    }
}
