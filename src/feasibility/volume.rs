//! Volumes: what a group mounts must be on the node, in a way that allows the mount
//! (docs/placement.md, section 2.7).
//!
//! Host volumes are static (the node's configuration names them) or dynamic (the inventory describes
//! them). The inventory knows no CSI volumes, so that a group that asks for one finds it missing.

use std::borrow::Cow;

use super::finding::Finding;
use super::fix_action::FixAction;
use super::reason::FilterReason;
use super::remedies::Remedies;
use super::rule::{Rule, RuleKind, RuleSource, one};
use super::view::NodeView;
use crate::model::TaskGroup;
use crate::model::volume::{HostVolume, VolumeRequest};
use crate::state::facts::{Fact, FactSet};
use crate::state::key_writer::KeyWriter;

const READER_ONLY: &str = "single-node-reader-only";
const WRITER: &str = "single-node-writer";
const SINGLE_WRITER: &str = "single-node-single-writer";

/// The rule on a group's host volumes.
pub(crate) const HOST_VOLUMES: RuleKind = RuleKind {
    write_key: |source, key| {
        key.list(of_type(source.group, "host"), |key, (_, request)| {
            write_source(request, source.index, key);
            key.text(&source.job.namespace);
            key.text(&request.access_mode);
            key.text(&request.attachment_mode);
            key.number(request.read_only.into());
            key.number(request.sticky.into());
        });
    },
    rules: |source| {
        let mounts = of_type(source.group, "host").map(|(alias, request)| Mount {
            alias: alias.clone(),
            source: source_of(request, source.index).into_owned(),
            request: request.clone(),
        });
        let mounts: Vec<Mount> = mounts.collect();
        let namespace = source.job.namespace.clone();
        if mounts.is_empty() { Vec::new() } else { one(HostVolumeRule { mounts, namespace }) }
    },
};

/// The rule on a group's CSI volumes.
pub(crate) const CSI_VOLUMES: RuleKind = RuleKind {
    write_key: |source, key| {
        key.list(of_type(source.group, "csi"), |key, (_, request)| {
            write_source(request, source.index, key);
        });
    },
    rules: |source| {
        let rule = CsiVolumeRule::of(source);
        if rule.aliases.is_empty() { Vec::new() } else { one(rule) }
    },
};

/// The volumes of a type that a group asks for, by alias.
fn of_type<'a>(
    group: &'a TaskGroup,
    volume_type: &'static str,
) -> impl Iterator<Item = (&'a String, &'a VolumeRequest)> {
    group.volumes.iter().filter(move |(_, request)| request.volume_type == volume_type)
}

/// The name of the volume that a request means for the allocation of a number.
fn source_of(request: &VolumeRequest, index: u32) -> Cow<'_, str> {
    match request.per_alloc {
        true => format!("{}[{index}]", request.source).into(),
        false => request.source.as_str().into(),
    }
}

/// Writes what the name of a request's volume is made of.
fn write_source(request: &VolumeRequest, index: u32, key: &mut KeyWriter) {
    key.text(&request.source);
    key.number(if request.per_alloc { u64::from(index) + 1 } else { 0 });
}

/// Whether the allocation of a number has the host volume of a name to write, by its group's requests.
pub(crate) fn writes(group: &TaskGroup, index: u32, source: &str) -> bool {
    let mut to_write = of_type(group, "host").filter(|(_, it)| !it.read_only);
    to_write.any(|(_, it)| source_of(it, index) == source)
}

/// The host volumes that a group asks for.
#[derive(Debug)]
struct HostVolumeRule {
    mounts: Vec<Mount>,
    namespace: String,
}

/// A host volume that a group asks for.
#[derive(Debug)]
struct Mount {
    /// The group's name for it.
    alias: String,
    /// The volume's name on the nodes.
    source: String,
    request: VolumeRequest,
}

impl HostVolumeRule {
    fn refused<'a>(&'a self, node: NodeView<'a>) -> impl Iterator<Item = &'a Mount> {
        self.mounts.iter().filter(move |mount| !mount.is_allowed(&self.namespace, node))
    }
}

impl Rule for HostVolumeRule {
    fn facts(&self) -> FactSet {
        let facts = FactSet::of(&[Fact::HostVolumes, Fact::DynamicVolumes]);
        let writes_alone = self.mounts.iter().any(Mount::writes_alone);
        if writes_alone { facts.with(Fact::Allocations) } else { facts }
    }

    fn filter(&self, node: NodeView<'_>, reasons: &mut Vec<FilterReason>) {
        if self.refused(node).next().is_some() {
            reasons.push(FilterReason::MissingHostVolumes);
        }
    }

    fn findings(&self, node: NodeView<'_>, findings: &mut Vec<Finding>) {
        for mount in &self.mounts {
            let passes = mount.is_allowed(&self.namespace, node);
            let found = match node.host_volume(&mount.source) {
                None => "missing",
                Some(_) if passes => "there",
                Some(_) => "there, not to be used so",
            };
            let way = if mount.request.read_only { "to read" } else { "to write" };
            let asked = format!("`{}` {way}", mount.source);
            findings.push(Finding::new("host volume", &asked, found, passes));
        }
    }

    fn remedy(&self, node: NodeView<'_>, remedies: &mut Remedies) {
        for mount in self.refused(node) {
            let drop = FixAction::DropVolume { alias: mount.alias.clone() };
            let on_node = node.host_volume(&mount.source);
            let is_dynamic = on_node.is_some_and(|volume| !volume.id.is_empty());
            if is_dynamic || mount.request.sticky {
                remedies.add(drop);
            } else {
                let volume = mount.source.clone();
                remedies.add_with_other(FixAction::AddVolume { nodes: Vec::new(), volume }, drop);
            }
        }
    }
}

impl Mount {
    /// Whether a node has the volume and lets it be used so.
    fn is_allowed(&self, namespace: &str, node: NodeView<'_>) -> bool {
        let Some(volume) = node.host_volume(&self.source) else { return false };
        if volume.id.is_empty() {
            return !self.request.sticky && (self.request.read_only || !volume.read_only);
        }
        // Who writes to it is asked only where that matters.
        self.dynamic_allows(volume, namespace, node)
            && !(self.writes_alone() && node.has_writer(&self.source))
    }

    /// Whether no other allocation may write to it.
    fn writes_alone(&self) -> bool {
        self.request.access_mode() == SINGLE_WRITER
    }

    fn dynamic_allows(&self, on_node: &HostVolume, namespace: &str, node: NodeView<'_>) -> bool {
        let Some(volume) = node.dynamic_volume(&on_node.id) else { return false };
        let of_volume = if volume.namespace.is_empty() { "default" } else { &volume.namespace };
        if of_volume != namespace || volume.state != "ready" {
            return false;
        }
        let request = &self.request;
        let is_capable = volume.requested_capabilities.iter().any(|capability| {
            capability.access_mode == request.access_mode()
                && capability.attachment_mode == request.attachment_mode()
        });
        let suits_mode = match request.access_mode() {
            READER_ONLY => request.read_only,
            WRITER => !request.read_only,
            _ => true,
        };
        is_capable && suits_mode
    }
}

/// The CSI volumes that a group asks for.
#[derive(Debug)]
struct CsiVolumeRule {
    aliases: Vec<String>,
    sources: Vec<String>,
}

impl CsiVolumeRule {
    fn of(source: &RuleSource<'_>) -> CsiVolumeRule {
        let volumes = of_type(source.group, "csi");
        let (aliases, sources) = volumes
            .map(|(alias, request)| (alias.clone(), source_of(request, source.index).into_owned()))
            .unzip();
        CsiVolumeRule { aliases, sources }
    }
}

impl Rule for CsiVolumeRule {
    fn facts(&self) -> FactSet {
        FactSet::default()
    }

    fn filter(&self, _: NodeView<'_>, reasons: &mut Vec<FilterReason>) {
        reasons.push(FilterReason::MissingCsiVolumes(self.sources.clone()));
    }

    fn findings(&self, _: NodeView<'_>, findings: &mut Vec<Finding>) {
        for source in &self.sources {
            let asked = format!("`{source}`");
            findings.push(Finding::new("CSI volume", &asked, "CSI volumes are not known", false));
        }
    }

    fn remedy(&self, _: NodeView<'_>, remedies: &mut Remedies) {
        for alias in &self.aliases {
            remedies.add(FixAction::DropVolume { alias: alias.clone() });
        }
    }
}
