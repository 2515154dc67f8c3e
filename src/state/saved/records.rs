//! How records are written: a line for each kind, with every field.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::model::volume::DynamicVolume;
use crate::model::{
    Allocation, AllocationMetrics, AllocationState, Job, JobSpec, JobSubmission, NetworkStatus,
    RescheduleEvent, RescheduleTracker, TaskEvent, TaskState,
};
use crate::state::allocation::{AllocationRecord, Own};
use crate::state::batch::{Batch, Placed};
use crate::state::bookkeeping::{Bookkeeping, Delivery, NodeLife, TableIndexes, Unblock};
use crate::state::codec::{
    Flaw, Reader, Saved, Writer, load_json, save_all, save_equal_by, save_json, saved,
};
use crate::state::deployment::{DeployedGroup, DeploymentDetails, DeploymentRecord, PlacedCanary};
use crate::state::evaluation::EvaluationDetails;
use crate::state::group_version::GroupVersion;
use crate::state::job::{JobVersion, Registration};
use crate::state::lifecycle::{LifecycleRecord, Rare, Rarest, Transition};
use crate::state::node::{Identity, NodeRecord};
use crate::state::queued::Queued;
use crate::state::settings::Settings;
use crate::state::standing::{ChildCounts, Counted, GroupCounts, Scaling, Standing};
use crate::state::tally::{BaseTally, ExhaustedNodes, Filtered, Tally};
use crate::state::task_states::{TaskStates, hash_of_tasks};
use crate::state::usage::{Amounts, DeviceName, HeldCore, HeldDevice, HeldPort, Holdings};
use crate::state::work::{Listed, Work};

saved!(Amounts { cpu_mhz, memory_mb, disk_mb });
saved!(HeldPort { ip, value, ignore_collision });
saved!(HeldCore { task, id, speed_mhz });
saved!(DeviceName { vendor, device_type, model });
saved!(HeldDevice { request, device, instance });
saved!(Holdings { ports, bandwidth, cores, devices });

saved!(AllocationRecord {
    job,
    group,
    desired,
    client,
    occupies,
    node,
    at_node,
    at_group,
    name_index,
    generation,
    batch,
    in_batch,
    own,
});

saved!(LifecycleRecord {
    modify_index,
    alloc_modify_index,
    modify_time,
    version,
    evaluation,
    deployment,
    predecessor,
    successor,
    evicted_by,
    health_time,
    health,
    is_canary,
    transition,
    stop_reason,
    rare,
});
saved!(Transition { migrate, reschedule, force_reschedule, no_shutdown_delay, disable_placement });

impl Saved for Rare {
    fn save(&self, out: &mut Writer) {
        let Rare { client_description, task_states, health_index, rarest: _ } = self;
        let Rarest {
            document,
            follow_up,
            desired_description,
            client_states,
            network_status,
            reschedules,
            predecessor_id,
            successor_id,
        } = &**self;
        document.save(out);
        follow_up.save(out);
        desired_description.save(out);
        client_description.save(out);
        task_states.save(out);
        client_states.save(out);
        network_status.save(out);
        reschedules.save(out);
        predecessor_id.save(out);
        successor_id.save(out);
        health_index.save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Rare, Flaw> {
        let document = Saved::load(input)?;
        let follow_up = Saved::load(input)?;
        let desired_description = Saved::load(input)?;
        let client_description = Saved::load(input)?;
        let task_states = Saved::load(input)?;
        let client_states = Saved::load(input)?;
        let rarest = Rarest {
            document,
            follow_up,
            desired_description,
            client_states,
            network_status: Saved::load(input)?,
            reschedules: Saved::load(input)?,
            predecessor_id: Saved::load(input)?,
            successor_id: Saved::load(input)?,
        };
        let is_any = rarest != Rarest::default();
        let rarest = is_any.then(|| Box::new(rarest));
        let health_index = Saved::load(input)?;
        Ok(Rare { client_description, task_states, health_index, rarest })
    }
}

/// What was said is written once, and the instants of each.
impl Saved for TaskStates {
    fn save(&self, out: &mut Writer) {
        self.told.is_some().save(out);
        if let Some(told) = &self.told {
            save_equal_by(&told.saying, hash_of_tasks, |a, b| a.iter().eq(b), out);
            save_all(told.instants.len(), told.instants.iter(), out);
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<TaskStates, Flaw> {
        if !bool::load(input)? {
            return Ok(TaskStates::default());
        }
        let saying: Arc<IndexMap<String, TaskState>> = Saved::load(input)?;
        let instants: Vec<i64> = Saved::load(input)?;
        if instants.len() != TaskStates::count_instants(&saying) {
            return Err(Flaw::Disagrees("tasks have another number of instants".into()));
        }
        Ok(TaskStates::of(saying, instants))
    }
}
saved!(TaskState { state, failed, restarts, events, last_restart, started_at, finished_at, extra });
saved!(TaskEvent { event_type, time, display_message, details, exit_code, extra });
saved!(AllocationState { field, value, time, extra });
saved!(NetworkStatus { interface_name, address, extra });
saved!(RescheduleTracker { events, last_reschedule, extra });
saved!(RescheduleEvent { reschedule_time, prev_alloc_id, prev_node_id, delay, extra });

saved!(Batch {
    version,
    evaluation,
    deployment,
    create_index,
    created,
    nodes pages,
    tallies equals,
    scores,
    placed,
    evicted,
});
saved!(Placed { node, tally, best, name_index, score, time_ns });
saved!(Tally { base equal, evaluated, filtered, exhausted });
saved!(BaseTally { nodes, available listed, filtered });
saved!(Filtered { nodes, by_rule listed, by_class listed });
saved!(ExhaustedNodes { nodes, by_dimension listed, by_class listed });

saved!(Registration { create_index, modify_index, versions listed, present });
saved!(JobVersion { job, number, is_stable, submission });
saved!(Work { evaluations, deployments });
saved!(Standing { counted, scalings, children, launched });
saved!(Counted { status, groups, summary_created, summary_modified, allocations_modified });
saved!(ChildCounts { pending, running, dead });
saved!(GroupCounts { queued, starting, running, complete, failed, lost, unknown });
saved!(Scaling { group, at, index, count, previous_count, message, is_error, meta, evaluation_id });

saved!(Queued { by_group });
saved!(EvaluationDetails {
    id,
    status_description,
    failed_groups,
    class_eligibility,
    quota_limit_reached,
    deployment_id,
    previous_id,
    next_id,
    blocked_id,
    keys,
});

saved!(DeploymentRecord {
    job,
    version,
    job_modify_index,
    job_spec_modify_index,
    job_create_index,
    create_index,
    modify_index,
    modified,
    status,
    description,
    groups,
    details,
});
saved!(DeploymentDetails { id, is_multiregion, eval_priority, keys });
saved!(DeployedGroup {
    name,
    auto_revert,
    auto_promote,
    promoted,
    progress_deadline,
    require_progress_by,
    desired_canaries,
    desired_total,
    placed,
    healthy,
    unhealthy,
    placed_canaries,
    keys,
});

saved!(Bookkeeping {
    settings,
    indexes,
    deliveries,
    claims,
    released,
    unblocks,
    news,
    tokens,
    lives,
});
saved!(Settings { scheduler json, namespaces json, pools json, namespaces_modified, pools_modified });
saved!(TableIndexes { nodes, jobs, summaries, evaluations, allocations, deployments });
saved!(Delivery { count, token, due });
saved!(Unblock { index, at });
saved!(NodeLife { heard_by, is_unsynced, allocations_modified });

saved!(Identity { id, name, gone });

/// Says which documents are written as JSON.
macro_rules! saved_as_json {
    ($($name:ident),*) => {$(
        impl Saved for $name {
            fn save(&self, out: &mut Writer) {
                save_json(self, out);
            }

            fn load(input: &mut Reader<'_>) -> Result<$name, Flaw> {
                load_json(input)
            }
        }
    )*};
}

saved_as_json!(Allocation, AllocationMetrics, DynamicVolume, JobSpec, JobSubmission);

impl<S: Saved + Copy + Send + Sync + 'static> Saved for Listed<S> {
    fn save(&self, out: &mut Writer) {
        let Listed { slots, modify_index } = self;
        slots.save(out);
        modify_index.save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Listed<S>, Flaw> {
        Ok(Listed { slots: Saved::load(input)?, modify_index: Saved::load(input)? })
    }
}

impl Saved for Job {
    fn save(&self, out: &mut Writer) {
        self.shared_spec().save(out);
        self.era().save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Job, Flaw> {
        Ok(Job::as_kept(Saved::load(input)?, Saved::load(input)?))
    }
}

impl Saved for GroupVersion {
    fn save(&self, out: &mut Writer) {
        let GroupVersion { job, group, amounts, memory_oversubscription } = self;
        job.save(out);
        out.number(if *group == usize::MAX { 0 } else { *group as u64 + 1 });
        amounts.save(out);
        memory_oversubscription.save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<GroupVersion, Flaw> {
        let job = Saved::load(input)?;
        let group = match input.number()? {
            0 => usize::MAX,
            number => usize::try_from(number - 1).map_err(|_| Flaw::Number)?,
        };
        let (amounts, memory_oversubscription) = Saved::load(input)?;
        Ok(GroupVersion { job, group, amounts, memory_oversubscription })
    }
}

impl Saved for Own {
    fn save(&self, out: &mut Writer) {
        match self {
            Own::Vacant => out.byte(0),
            Own::Amounts => out.byte(1),
            Own::Holdings(holdings) => {
                out.byte(2);
                holdings.save(out);
            }
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<Own, Flaw> {
        Ok(match input.byte()? {
            0 => Own::Vacant,
            1 => Own::Amounts,
            2 => Own::Holdings(Saved::load(input)?),
            _ => return Err(Flaw::Unknown("kind of allocation")),
        })
    }
}

impl Saved for PlacedCanary {
    fn save(&self, out: &mut Writer) {
        match self {
            PlacedCanary::Ours(of) => {
                out.byte(0);
                of.save(out);
            }
            PlacedCanary::Other(id) => {
                out.byte(1);
                id.save(out);
            }
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<PlacedCanary, Flaw> {
        Ok(match input.byte()? {
            0 => PlacedCanary::Ours(Saved::load(input)?),
            1 => PlacedCanary::Other(Saved::load(input)?),
            _ => return Err(Flaw::Unknown("kind of canary")),
        })
    }
}

/// What can be told from its document is.
impl Saved for NodeRecord {
    fn save(&self, out: &mut Writer) {
        let NodeRecord {
            node,
            datacenter,
            class,
            facts_class,
            capacity: _,
            max_allocations: _,
            devices: _,
            addresses: _,
            task_networks: _,
            reserved: _,
        } = self;
        save_json(node, out);
        (*datacenter, *class, *facts_class).save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<NodeRecord, Flaw> {
        let node = NodeRecord::new(load_json(input)?);
        let (datacenter, class, facts_class) = Saved::load(input)?;
        Ok(NodeRecord { datacenter, class, facts_class, ..node })
    }
}
