//! Volumes, asked for by groups and offered by nodes (docs/placement.md, sections 1.2 and 2.7).

use super::document::document;

document! {
    /// A group's request for a volume.
    pub struct VolumeRequest {
        /// The alias the tasks know it by.
        "Name" => pub name: String,
        /// `host` or `csi`.
        "Type" => pub volume_type: String,
        /// The volume's name on the nodes.
        "Source" => pub source: String,
        /// Whether it is only read.
        "ReadOnly" => pub read_only: bool,
        /// Whether a replacement must get the same volume.
        "Sticky" => pub sticky: bool,
        /// `single-node-writer` for instance; empty depends on `read_only`.
        "AccessMode" => pub access_mode: String,
        /// `file-system` (also when empty) or `block-device`.
        "AttachmentMode" => pub attachment_mode: String,
        /// Whether each allocation has a volume of its own, named with its index: `data[3]`.
        "PerAlloc" => pub per_alloc: bool,
    }
}

impl VolumeRequest {
    /// How it is accessed; where the document does not say, `single-node-reader-only` for a volume
    /// that is only read and `single-node-writer` for others (docs/placement.md, section 2.7).
    pub fn access_mode(&self) -> &str {
        match self.access_mode.as_str() {
            "" if self.read_only => "single-node-reader-only",
            "" => "single-node-writer",
            mode => mode,
        }
    }

    /// How it is attached; where the document does not say, `file-system`.
    pub fn attachment_mode(&self) -> &str {
        if self.attachment_mode.is_empty() { "file-system" } else { &self.attachment_mode }
    }
}

document! {
    /// A volume that a node offers.
    pub struct HostVolume {
        /// Its name.
        "Name" => pub name: String,
        /// The path on the host.
        "Path" => pub path: String,
        /// Whether it can only be read.
        "ReadOnly" => pub read_only: bool,
        /// Of a dynamic volume, the volume's ID; empty for one of the node's configuration.
        "ID" => pub id: String,
    }
}

document! {
    /// A dynamic host volume, as `/v1/volume/host/<id>` gives it.
    pub struct DynamicVolume {
        /// Its identity.
        "ID" => pub id: String,
        /// Its name.
        "Name" => pub name: String,
        /// Empty is `default`.
        "Namespace" => pub namespace: String,
        /// The node that has it.
        "NodeID" => pub node_id: String,
        /// `ready` when it can be used.
        "State" => pub state: String,
        /// What it was made for.
        "RequestedCapabilities" => pub requested_capabilities: Vec<VolumeCapability>,
    }
}

document! {
    /// A way in which a volume may be used.
    pub struct VolumeCapability {
        /// `single-node-writer` for instance.
        "AccessMode" => pub access_mode: String,
        /// `file-system` or `block-device`.
        "AttachmentMode" => pub attachment_mode: String,
    }
}
