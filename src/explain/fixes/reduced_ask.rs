//! What a group asks for with some of it dropped.

use std::sync::Arc;

use indexmap::IndexMap;

use super::action::FixAction;
use super::apply::change_group;
use crate::feasibility::device::DeviceRequest;
use crate::fit::ask::Ask;
use crate::placement::group::GroupPlan;

/// A group's ask with parts of it dropped, each made once.
pub(super) struct ReducedAsks<'a> {
    pub(super) plan: &'a GroupPlan<'a>,
    /// Requests for devices with the task, the place in its list and the name.
    pub(super) requests: Vec<(FixAction, DeviceRequest)>,
    asks: IndexMap<Vec<FixAction>, Arc<Ask>>,
}

impl<'a> ReducedAsks<'a> {
    pub(super) fn new(plan: &'a GroupPlan<'a>) -> ReducedAsks<'a> {
        ReducedAsks { plan, requests: requests(plan), asks: IndexMap::new() }
    }

    /// What the group asks for once some of it is dropped.
    pub(super) fn ask_without(&mut self, dropped: &[FixAction]) -> Option<Arc<Ask>> {
        if let Some(ask) = self.asks.get(dropped) {
            return Some(ask.clone());
        }
        let ask = if dropped.is_empty() {
            self.plan.ask.clone()
        } else {
            let mut group = self.plan.group.clone();
            change_group(&mut group, dropped).ok()?;
            Ask::of(&group)
        };
        let ask = Arc::new(ask);
        self.asks.insert(dropped.to_vec(), ask.clone());
        Some(ask)
    }

    /// What drops each of the group's requests for devices, in order.
    pub(super) fn device_requests(&self) -> impl Iterator<Item = &FixAction> {
        self.requests.iter().map(|(drop, _)| drop)
    }
}

/// Actions in order, each once.
pub(super) fn sorted(mut actions: Vec<FixAction>) -> Vec<FixAction> {
    actions.sort_unstable();
    actions.dedup();
    actions
}

/// The group's requests for devices with what drops each of them.
fn requests(plan: &GroupPlan<'_>) -> Vec<(FixAction, DeviceRequest)> {
    let tasks = plan.group.tasks.iter();
    let requests = tasks.flat_map(|task| {
        task.devices().iter().enumerate().map(|(request, asked)| {
            let (task, devices) = (task.name.clone(), asked.name.clone());
            (FixAction::DropDevices { task, request, devices }, DeviceRequest::new(asked))
        })
    });
    requests.collect()
}
