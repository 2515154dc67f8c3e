//! Volumes, asked for by groups and offered by nodes (specification, sections 1.2 and 2.7).

use super::document::document;

document! {
    /// A group's request for a volume.
    pub struct VolumeRequest {
        /// The alias the tasks know it by.
        pub name: String,
        /// `host` or `csi`.
        #[serde(rename = "Type")]
        pub volume_type: String,
        /// The volume's name on the nodes.
        pub source: String,
        /// Whether it is only read.
        pub read_only: bool,
        /// Whether a replacement must get the same volume.
        pub sticky: bool,
        /// `single-node-writer` for instance; empty depends on `read_only`.
        pub access_mode: String,
        /// `file-system` (also when empty) or `block-device`.
        pub attachment_mode: String,
        /// Whether each allocation has a volume of its own, named with its index: `data[3]`.
        pub per_alloc: bool,
    }
}

document! {
    /// A volume that a node offers.
    pub struct HostVolume {
        /// Its name.
        pub name: String,
        /// The path on the host.
        pub path: String,
        /// Whether it can only be read.
        pub read_only: bool,
        /// Of a dynamic volume, the volume's ID; empty for one of the node's configuration.
        #[serde(rename = "ID")]
        pub id: String,
    }
}

document! {
    /// A dynamic host volume, as `/v1/volume/host/<id>` gives it.
    pub struct DynamicVolume {
        /// Its identity.
        #[serde(rename = "ID")]
        pub id: String,
        /// Its name.
        pub name: String,
        /// Empty is `default`.
        pub namespace: String,
        /// The node that has it.
        #[serde(rename = "NodeID")]
        pub node_id: String,
        /// `ready` when it can be used.
        pub state: String,
        /// What it was made for.
        pub requested_capabilities: Vec<VolumeCapability>,
    }
}

document! {
    /// A way in which a volume may be used.
    pub struct VolumeCapability {
        /// `single-node-writer` for instance.
        pub access_mode: String,
        /// `file-system` or `block-device`.
        pub attachment_mode: String,
    }
}
