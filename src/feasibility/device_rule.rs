//! Devices: a node must have enough healthy ones for all requests of a group, in use or not
//! (docs/placement.md, section 5.2).

use super::device::{self, DeviceRequest};
use super::finding::Finding;
use super::fix_action::FixAction;
use super::reason::FilterReason;
use super::remedies::Remedies;
use super::rule::{Rule, RuleKind, RuleSource, one};
use super::supply;
use super::view::{DeviceView, NodeView};
use crate::model::RequestedDevice;
use crate::state::facts::{Fact, FactSet};

/// The rule on a group's devices.
pub(crate) const DEVICES: RuleKind = RuleKind {
    write_key: |source, key| {
        key.list(requested(source), |key, request| device::write_key(request, key));
    },
    rules: |source| {
        let tasks = source.group.tasks.iter();
        let requests = tasks.flat_map(|task| {
            task.devices().iter().enumerate().map(|(request, asked)| {
                let (task, devices) = (task.name.clone(), asked.name.clone());
                (FixAction::DropDevices { task, request, devices }, DeviceRequest::new(asked))
            })
        });
        let (drops, requests): (Vec<_>, Vec<_>) = requests.unzip();
        if requests.is_empty() { Vec::new() } else { one(DeviceRule { requests, drops }) }
    },
};

fn requested<'a>(source: &RuleSource<'a>) -> impl Iterator<Item = &'a RequestedDevice> {
    source.group.tasks.iter().flat_map(|task| task.devices())
}

/// The requests of a group.
#[derive(Debug)]
struct DeviceRule {
    requests: Vec<DeviceRequest>,
    /// What drops each of them.
    drops: Vec<FixAction>,
}

impl DeviceRule {
    /// The requests, as places in the list, for which a node has too few devices.
    fn unmet(&self, node: NodeView<'_>, supply: impl Fn(DeviceView<'_>) -> usize) -> Vec<usize> {
        supply::unmet(node, &self.requests, supply)
    }
}

impl Rule for DeviceRule {
    fn facts(&self) -> FactSet {
        let of_devices = FactSet::of(&[Fact::Devices]);
        let reads_ids = self.requests.iter().any(DeviceRequest::reads_ids);
        if reads_ids { of_devices.with(Fact::DeviceIds) } else { of_devices }
    }

    fn filter(&self, node: NodeView<'_>, reasons: &mut Vec<FilterReason>) {
        if !self.unmet(node, |device| device.facts().healthy()).is_empty() {
            reasons.push(FilterReason::MissingDevices);
        }
    }

    fn findings(&self, node: NodeView<'_>, findings: &mut Vec<Finding>) {
        let unmet = self.unmet(node, |device| device.facts().healthy());
        for (at, (request, drop)) in self.requests.iter().zip(&self.drops).enumerate() {
            let name = match drop {
                FixAction::DropDevices { devices, .. } => devices.as_str(),
                _ => "",
            };
            let matching = node.devices().filter(|device| request.matches_in(*device));
            let counts = matching.map(|it| (it.facts().healthy(), it.facts().instances()));
            let sum = |(healthy, all): (usize, usize), (more_healthy, more)| {
                (healthy + more_healthy, all + more)
            };
            let (healthy, all): (usize, usize) = counts.fold((0, 0), sum);
            let found = match all - healthy {
                0 => format!("{healthy}, in use or not"),
                ill => format!("{healthy}, in use or not, and {ill} not healthy"),
            };
            let asked = format!("{} `{name}`", request.count());
            findings.push(Finding::new("devices", &asked, &found, !unmet.contains(&at)));
        }
    }

    fn remedy(&self, node: NodeView<'_>, remedies: &mut Remedies) {
        let unmet = self.unmet(node, |device| device.facts().healthy());
        if unmet.is_empty() {
            return;
        }
        let unmet_if_healthy = self.unmet(node, |device| device.facts().instances());
        for (at, drop) in self.drops.iter().enumerate().filter(|(at, _)| unmet.contains(at)) {
            match drop {
                FixAction::DropDevices { devices, .. } if !unmet_if_healthy.contains(&at) => {
                    let devices = devices.clone();
                    let repair = FixAction::RepairDevices { nodes: Vec::new(), devices };
                    remedies.add_with_other(repair, drop.clone());
                }
                _ => remedies.add(drop.clone()),
            }
        }
    }
}
