//! What a group asks for with some of it dropped.

use std::sync::Arc;

use indexmap::IndexMap;

use super::apply::change_group;
use crate::feasibility::fix_action::FixAction;
use crate::fit::ask::Ask;
use crate::model::TaskGroup;
use crate::placement::group::GroupPlan;

/// A group's ask with parts of it dropped, each made once.
pub(super) struct ReducedAsks<'a> {
    pub(super) plan: &'a GroupPlan<'a>,
    /// What drops each of the group's requests for devices, in order.
    pub(super) device_drops: Vec<FixAction>,
    asks: IndexMap<Vec<FixAction>, Arc<Ask>>,
}

impl<'a> ReducedAsks<'a> {
    pub(super) fn new(plan: &'a GroupPlan<'a>) -> ReducedAsks<'a> {
        ReducedAsks { plan, device_drops: drops(plan.group), asks: IndexMap::new() }
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
}

/// What drops each of a group's requests for devices.
fn drops(group: &TaskGroup) -> Vec<FixAction> {
    let drops = group.tasks.iter().flat_map(|task| {
        let requests = task.devices().iter().enumerate();
        requests.map(|(request, asked)| FixAction::DropDevices {
            task: task.name.clone(),
            request,
            devices: asked.name.clone(),
        })
    });
    drops.collect()
}
