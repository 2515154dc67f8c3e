//! Volumes: what a group mounts must be on the node, in a way that allows the mount
//! (docs/placement.md, section 2.7).
//!
//! Host volumes are static (the node's configuration names them) or dynamic (the inventory describes
//! them). The inventory knows no CSI volumes, so that a group that asks for one finds it missing.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::TaskGroup;
use crate::model::volume::{DynamicVolume, HostVolume, VolumeRequest};
use crate::state::node::NodeRecord;

/// The text the metrics count filtered nodes under for host volumes.
pub(crate) const KEY: &str = "missing compatible host volumes";

const READER_ONLY: &str = "single-node-reader-only";
const WRITER: &str = "single-node-writer";
const SINGLE_WRITER: &str = "single-node-single-writer";
const FILE_SYSTEM: &str = "file-system";

/// A group's request for a host volume.
#[derive(Clone, Debug)]
pub(crate) struct HostVolumeRule {
    request: VolumeRequest,
    namespace: String,
}

impl HostVolumeRule {
    /// The rules of a group's host volumes. The name of a volume that each allocation has for itself
    /// carries the allocation's index.
    pub(crate) fn of(group: &TaskGroup, namespace: &str, index: u32) -> Vec<HostVolumeRule> {
        let host_volumes = group.volumes.values().filter(|it| it.volume_type == "host");
        let rule = |request: &VolumeRequest| {
            let source = source_of(request, index).into_owned();
            let request = VolumeRequest { source, ..request.clone() };
            HostVolumeRule { request, namespace: namespace.to_owned() }
        };
        host_volumes.map(rule).collect()
    }

    /// Whether a node has the volume and lets it be used so. `has_writer` tells whether an allocation
    /// on the node has the volume to write; it is asked only where that matters.
    pub(crate) fn holds(
        &self,
        node: &NodeRecord,
        volumes: &[DynamicVolume],
        has_writer: impl FnOnce(&str) -> bool,
    ) -> bool {
        let Some(volume) = node.node.spec().host_volumes.get(&self.request.source) else {
            return false;
        };
        if volume.id.is_empty() {
            return !self.request.sticky && (self.request.read_only || !volume.read_only);
        }
        let writes_alone = self.access_mode() == SINGLE_WRITER;
        self.dynamic_holds(volume, volumes) && !(writes_alone && has_writer(&self.request.source))
    }

    /// The volume's name on the nodes.
    pub(crate) fn source(&self) -> &str {
        &self.request.source
    }

    /// Whether its answer depends on the allocations that are on a node.
    pub(crate) fn depends_on_allocations(&self) -> bool {
        self.access_mode() == SINGLE_WRITER
    }

    fn access_mode(&self) -> &str {
        match (self.request.access_mode.as_str(), self.request.read_only) {
            ("", true) => READER_ONLY,
            ("", false) => WRITER,
            (mode, _) => mode,
        }
    }

    fn dynamic_holds(&self, on_node: &HostVolume, volumes: &[DynamicVolume]) -> bool {
        let Some(volume) = volumes.iter().find(|volume| volume.id == on_node.id) else {
            return false;
        };
        let namespace = if volume.namespace.is_empty() { "default" } else { &volume.namespace };
        if namespace != self.namespace || volume.state != "ready" {
            return false;
        }
        let attachment = match self.request.attachment_mode.as_str() {
            "" => FILE_SYSTEM,
            mode => mode,
        };
        let is_capable = volume.requested_capabilities.iter().any(|capability| {
            capability.access_mode == self.access_mode() && capability.attachment_mode == attachment
        });
        let suits_mode = match self.access_mode() {
            READER_ONLY => self.request.read_only,
            WRITER => !self.request.read_only,
            _ => true,
        };
        is_capable && suits_mode
    }
}

/// The name of the volume that a request means for the allocation of a number.
fn source_of(request: &VolumeRequest, index: u32) -> Cow<'_, str> {
    match request.per_alloc {
        true => format!("{}[{index}]", request.source).into(),
        false => request.source.as_str().into(),
    }
}

/// Whether the allocation of a number has the host volume of a name to write, by its group's requests.
pub(crate) fn writes(group: &TaskGroup, index: u32, source: &str) -> bool {
    let mut to_write =
        group.volumes.values().filter(|it| it.volume_type == "host" && !it.read_only);
    to_write.any(|it| source_of(it, index) == source)
}

/// The text for the CSI volumes that a group asks for, all of which are missing; `None` if it asks for
/// none.
pub(crate) fn missing_csi_volumes(group: &TaskGroup, index: u32) -> Option<Arc<str>> {
    let csi_volumes = group.volumes.values().filter(|it| it.volume_type == "csi");
    let sources: Vec<Cow<'_, str>> = csi_volumes.map(|it| source_of(it, index)).collect();
    if sources.is_empty() {
        return None;
    }
    Some(format!("missing CSI volume(s) {}", sources.join(", ")).into())
}
