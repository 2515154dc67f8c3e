//! What has to be true of the groups of system and sysbatch jobs when nothing is due, by section 4.

use stowplan::model::{JobSpec, NodeSpec, TaskGroup};

use crate::facts::{Fact, is_active};
use crate::rest::{Look, Waits, most_parallel};

/// Whether a node is of the datacenter and the pool that a job is for.
pub(crate) fn is_for(spec: &JobSpec, node: &NodeSpec) -> bool {
    let datacenter = spec.datacenters.first().map_or("*", String::as_str);
    (datacenter == "*" || node.datacenter == datacenter)
        && (spec.node_pool.is_empty() || spec.node_pool == node.node_pool)
}

/// Looks at a group on every node.
pub(crate) fn check(look: &Look<'_>, group: &TaskGroup, waits: &mut Waits) -> Result<(), String> {
    let spec = &look.job.present().spec;
    let is_batch = spec.job_type == "sysbatch";
    let count = group.count.unwrap_or(1) as usize;
    let class = group.constraints.first().map(|it| it.r_target.as_str());
    let mut outdated = 0;
    for (id, node) in &look.model.nodes {
        let on_node = || {
            look.facts
                .allocations_of(look.key)
                .filter(|it| it.it.node_id == *id && it.has_node && it.it.task_group == group.name)
        };
        let live = on_node().filter(|it| it.is_live()).count();
        let is_asked =
            is_for(spec, &node.spec) && class.is_none_or(|class| node.spec.node_class == class);
        let is_ready = node.status == "ready" && node.is_eligible && !node.is_draining;
        if live > count {
            return Err(format!("{live} are on {id}, of {count}"));
        }
        // What a job that was purged has left there is none of its (section 9, *Purge*).
        let has_ended = |it: &Fact| is_batch && it.has_job && it.it.client().is_terminal();
        let ended = on_node().filter(|it| has_ended(it)).count();
        if is_ready && is_asked && live + ended < count {
            let why = match () {
                () if look.is_blocked() => "blocked",
                () if look.deployment().is_some_and(|it| !is_active(it)) => "deployment: ended",
                () if look.deployment().is_some_and(|it| it.status == "paused") => {
                    "deployment: paused"
                }
                // What a client or an operator ended is placed when the job is looked at next.
                () if on_node().any(|it| !it.is_live()) => "not looked at",
                // No event of a node has jobs of the type sysbatch looked at (section 1).
                () if is_batch || !look.is_noticed => "not looked at",
                () => return Err(format!("nothing is on {id}")),
            };
            *waits.entry(why).or_default() += 1;
        }
        let present = look.job.present().number;
        if is_ready && is_asked {
            outdated +=
                on_node().filter(|it| it.is_live() && it.it.job_version != Some(present)).count();
        }
    }
    if outdated > 0 {
        let most = most_parallel(group, &spec.job_type);
        let why = match look.deployment() {
            _ if look.is_blocked() => "blocked",
            Some(it) if it.status != "running" => "deployment: not running",
            Some(it)
                if it
                    .task_groups
                    .get(&group.name)
                    .is_some_and(|it| !it.promoted && it.desired_canaries > 0) =>
            {
                "deployment: canaries"
            }
            Some(_) if most > 0 => "limit",
            _ if !look.is_noticed => "not looked at",
            _ => return Err(format!("{outdated} are outdated")),
        };
        *waits.entry(why).or_default() += 1;
    }
    Ok(())
}
