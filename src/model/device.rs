//! Devices, asked for, offered and assigned (specification, sections 1.1, 1.2 and 5).

use indexmap::IndexMap;

use super::constraint::{Affinity, Constraint};
use super::document::document;

document! {
    /// A request of a task for devices, all of one kind.
    pub struct RequestedDevice {
        /// `type`, `vendor/type` or `vendor/type/name`.
        pub name: String,
        /// How many instances; absent is 1.
        pub count: Option<i64>,
        /// Rules on the device, with targets such as `${device.attr.memory}`.
        pub constraints: Vec<Constraint>,
        /// Preferences among devices.
        pub affinities: Vec<Affinity>,
    }
}

document! {
    /// A group of alike devices on a node.
    pub struct NodeDevice {
        /// `nvidia` for instance.
        pub vendor: String,
        /// `gpu` for instance.
        #[serde(rename = "Type")]
        pub device_type: String,
        /// The model, `1080ti` for instance.
        pub name: String,
        /// Typed facts about each instance.
        pub attributes: IndexMap<String, DeviceAttribute>,
        /// The instances.
        pub instances: Vec<DeviceInstance>,
    }
}

document! {
    /// One device.
    pub struct DeviceInstance {
        /// Unique on its node.
        #[serde(rename = "ID")]
        pub id: String,
        /// Whether it may be assigned.
        pub healthy: bool,
    }
}

document! {
    /// A typed value: exactly one of the kinds is present.
    pub struct DeviceAttribute {
        /// A whole number.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub int: Option<i64>,
        /// A number.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub float: Option<f64>,
        /// A text.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub string: Option<String>,
        /// A truth value.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub bool: Option<bool>,
        /// The unit of a number, `GiB` for instance.
        #[serde(skip_serializing_if = "String::is_empty")]
        pub unit: String,
    }
}

document! {
    /// Devices of one group assigned to a task.
    pub struct AllocatedDevice {
        /// The group's vendor.
        pub vendor: String,
        /// The group's type.
        #[serde(rename = "Type")]
        pub device_type: String,
        /// The group's model.
        pub name: String,
        /// The instances.
        #[serde(rename = "DeviceIDs")]
        pub device_ids: Vec<String>,
    }
}
