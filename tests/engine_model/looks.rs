//! Looks at a job that nothing has happened to: whether they find anything to do, and which of them lead to
//! another, each by a rule of docs/lifecycle.md.

use std::collections::{BTreeMap, BTreeSet};

use stowplan::engine::{Engine, EvaluateJob};
use stowplan::model::{ClientStatus, DeploymentState};
use stowplan::{Span, Timestamp};

use crate::facts::{self, Fact, Facts};
use crate::model::{Key, Model};
use crate::rest::is_replacement;

/// The most canaries that a step asks for.
const CANARIES_MAX: usize = 2;

/// What matters of the past though it may be forgotten, each with the index of the latest of it.
#[derive(Default)]
pub(crate) struct Past {
    /// The system jobs of which something was stopped by hand.
    stopped: BTreeMap<Key, u64>,
    /// The deployments of system jobs of which something was lost.
    lost: BTreeMap<String, u64>,
}

impl Past {
    /// Remembers what is stopped by hand and what is lost of system jobs.
    pub(crate) fn note(&mut self, facts: &Facts) {
        for fact in facts.allocations.values().filter(|it| is_system(&it.job_type)) {
            let index = fact.it.modify_index;
            if fact.it.desired_transition.migrate == Some(true) {
                let key = (fact.it.namespace.clone(), fact.it.job_id.clone());
                let at = self.stopped.entry(key).or_default();
                *at = (*at).max(index);
            }
            if fact.it.client() == ClientStatus::Lost && !fact.it.deployment_id.is_empty() {
                let at = self.lost.entry(fact.it.deployment_id.clone()).or_default();
                *at = (*at).max(index);
            }
        }
    }
}

/// Whether the next look at a job may find something though nothing has happened.
pub(crate) fn leads_on(
    engine: &Engine,
    model: &Model,
    facts: &Facts,
    key: &Key,
    past: &Past,
) -> bool {
    is_due_soon(facts, key, model.now)
        || has_earlier_replacements(model, facts, key)
        || ends_a_deployment(model, facts, key)
        || has_expired(facts, key, model.now)
        || is_given_up(model, facts, key)
        || has_failed_anew(facts, key)
        || has_lost_in_the_last_look(engine, model, facts, key, past)
        || leaves_filtered_nodes(model, facts, key)
        || has_more_canaries_than_places(model, key)
}

/// Looks at a job until nothing comes of it. One look is enough, but where a system job leaves nodes, where
/// there are to be more canaries than one pass places, where the first look replaced one that failed in a
/// group of which too many are there, which it does not count in its pass (section 3, *Stop rule*), where it
/// brought what does not answer to a version that does not wait for it, and where canaries wait and it placed
/// what runs another version: the next one may update that in place, or place canaries again that were lost
/// together with all that they were to replace (section 3, *Canaries*).
pub(crate) fn settle(
    fork: &mut Engine,
    model: &Model,
    facts: &Facts,
    key: &Key,
    has_surplus: bool,
) -> Result<(), String> {
    let mut before = wanted(fork, key);
    let is_placed = |it: &&Wanted| !facts.allocations.contains_key(&it.id);
    let placed: Vec<_> = before.iter().filter(is_placed).collect();
    let documents = placed.iter().filter_map(|it| Some(fork.view(&it.id)?.outline()));
    let has_replaced = documents.into_iter().any(|it| is_replacement(&it));
    let present = model.jobs[key].present().number;
    let has_placed_earlier = placed.iter().any(|it| it.version != present);
    let most = match () {
        () if leaves_filtered_nodes(model, facts, key) => before.len() + 1,
        () if has_more_canaries_than_places(model, key) => CANARIES_MAX + 1,
        () if has_surplus && has_replaced => 2,
        () if before.iter().any(|it| is_brought_to_be_lost(model, facts, key, it)) => 2,
        () if has_placed_earlier && awaits_canaries(model, facts, key) => 2,
        () => 1,
    };
    for _ in 0..most {
        look_at(fork, key, model.now)?;
        let after = wanted(fork, key);
        if before == after {
            return Ok(());
        }
        if most == 1 {
            return Err(format!("{key:?} is looked at twice: {before:?} becomes {after:?}"));
        }
        before = after;
    }
    Err(format!("{key:?} is looked at {most} times, and something changes still"))
}

/// When a job was looked at last.
fn looked_at(facts: &Facts, key: &Key) -> Option<u64> {
    let complete = facts.evaluations_of(key).filter(|it| it.status == "complete");
    complete.map(|it| it.modify_index).max()
}

/// Whether another version of a job was made the present one since it was looked at last: calling one stable
/// makes no evaluation (section 9, *Stable*).
pub(crate) fn is_turned(model: &Model, facts: &Facts, key: &Key) -> bool {
    let turned = model.jobs.get(key).map_or(0, |job| job.turned_at);
    turned > looked_at(facts, key).unwrap_or(0)
}

/// Whether nothing of a job has ended, and no node has changed, since it was looked at last.
pub(crate) fn is_noticed(
    engine: &Engine,
    model: &Model,
    facts: &Facts,
    key: &Key,
    past: &Past,
) -> bool {
    let Some(looked) = looked_at(facts, key) else { return false };
    if is_turned(model, facts, key) {
        return false;
    }
    if past.stopped.get(key).is_some_and(|at| *at >= looked) {
        return false;
    }
    let present = model.jobs[key].present().number;
    let is_news = |fact: &Fact| {
        let transition = &fact.it.desired_transition;
        // A pass that stops an allocation of a system job by hand does not replace it.
        if is_system(&fact.job_type) && transition.migrate == Some(true) {
            return fact.it.modify_index >= looked;
        }
        // Batch work that is stopped by hand, to be started again later, is started by any look at its job.
        if fact.job_type == "batch" && transition.reschedule == Some(true) {
            return true;
        }
        // A drain ends batch work for good, also that of another version, whose end the present one does
        // not count: the next look starts it anew (section 3, *Migrations*).
        let is_for_good = transition.migrate_disable_placement == Some(true);
        if is_for_good && !(fact.has_job && fact.it.job_version == Some(present)) {
            return fact.it.modify_index >= looked;
        }
        let has_ended = fact.it.client().is_terminal() && fact.it.modify_index > looked;
        !fact.it.desired().is_terminal() && (has_ended || !fact.has_node)
    };
    !facts.allocations_of(key).any(is_news) && !engine.nodes().any(|it| it.modify_index > looked)
}

fn is_system(job_type: &str) -> bool {
    matches!(job_type, "system" | "sysbatch")
}

/// Whether the last look at a system job found lost what its rolling update had placed: in that pass it
/// still counts as on its way (section 4: *minus current-deployment allocs not yet healthy*), and the next
/// one goes on.
fn has_lost_in_the_last_look(
    engine: &Engine,
    model: &Model,
    facts: &Facts,
    key: &Key,
    past: &Past,
) -> bool {
    let present = model.jobs[key].present();
    let deployment = facts.current_deployment_of(key, present.number);
    let looked = looked_at(facts, key).unwrap_or(engine.modify_index());
    is_system(&present.spec.job_type)
        && deployment.is_some_and(|it| past.lost.get(&it.id).is_some_and(|at| *at >= looked))
}

/// Whether the counters of a job's deployment say that all is well, so that the next look ends it, if
/// nothing is left to be updated or moved. Once it has ended, what failed under it is replaced (section 3.1), and
/// what was held back while it was paused is placed, which does not keep it from ending (section 3, *Creation
/// of a deployment*).
fn ends_a_deployment(model: &Model, facts: &Facts, key: &Key) -> bool {
    let is_well =
        |it: &DeploymentState| it.healthy_allocs >= it.desired_total.max(it.desired_canaries);
    let deployment = facts.deployment_of(key);
    let is_ending = deployment.filter(|it| it.task_groups.values().all(is_well));
    let has_failed = |fact: &Fact, id: &str| {
        fact.it.deployment_id == id && fact.it.client() == ClientStatus::Failed
    };
    is_ending.is_some_and(|it| match it.status.as_str() {
        "running" => facts.allocations_of(key).any(|fact| has_failed(fact, &it.id)),
        "paused" => lacks_any(model, facts, key),
        _ => false,
    })
}

/// Whether fewer of a group live than there should be.
fn lacks_any(model: &Model, facts: &Facts, key: &Key) -> bool {
    model.jobs[key].present().spec.task_groups.iter().any(|group| {
        let of_group = facts.allocations_of(key).filter(|it| it.it.task_group == group.name);
        of_group.filter(|it| it.is_live()).count() < group.count() as usize
    })
}

/// Whether what is there of another version of a system job is on a node that the present one does not
/// want: each look takes as many as may change at once, and a stop on a node that is filtered stays in the
/// plan though nothing comes in its place (section 4), so that nothing is on its way and the next look takes
/// more.
fn leaves_filtered_nodes(model: &Model, facts: &Facts, key: &Key) -> bool {
    let present = model.jobs[key].present();
    let is_filtered = |fact: &Fact| {
        let mut groups = present.spec.task_groups.iter();
        let group = groups.find(|it| it.name == fact.it.task_group);
        let class = group.and_then(|it| it.constraints.first()).map(|it| it.r_target.as_str());
        let node = model.nodes.get(&fact.it.node_id);
        node.is_some_and(|it| class.is_some_and(|class| it.spec.node_class != class))
    };
    let looked = looked_at(facts, key);
    let is_outdated = |fact: &Fact| {
        // What the last look stopped there is what the next one does not wait for.
        let was_there = fact.is_live() || Some(fact.it.modify_index) >= looked;
        was_there && fact.it.job_version != Some(present.number)
    };
    is_system(&present.spec.job_type)
        && facts.allocations_of(key).any(|fact| is_outdated(fact) && is_filtered(fact))
}

/// Whether a group is to have more canaries than allocations: one pass places at most as many as these
/// (section 12, trap 21).
fn has_more_canaries_than_places(model: &Model, key: &Key) -> bool {
    let mut groups = model.jobs[key].present().spec.task_groups.iter();
    groups.any(|group| group.update.as_ref().is_some_and(|it| it.canary() > group.count()))
}

/// Whether something that does not answer has done so for longer than its version of the job allows: a
/// version that allows less, and to which the last look brought it, is not what its time was set by.
fn has_expired(facts: &Facts, key: &Key, now: Timestamp) -> bool {
    let is_expired = |fact: &Fact| {
        let last = fact.it.alloc_states.last().and_then(|it| it.time);
        fact.it.client() == ClientStatus::Unknown
            && last.is_some_and(|since| since + fact.lost_after <= now)
    };
    facts.allocations_of(key).any(is_expired)
}

/// Whether the last look brought something that does not answer, on a node that is down, to a version that does
/// not wait for it: it was in its place by its earlier version, and is lost by its own in the next look
/// (section 3, *Classification*, 12 and 13).
fn is_given_up(model: &Model, facts: &Facts, key: &Key) -> bool {
    let looked = looked_at(facts, key);
    let is_down = |id: &str| model.nodes.get(id).is_some_and(|it| it.status == "down");
    facts.allocations_of(key).any(|fact| {
        fact.it.client() == ClientStatus::Unknown
            && fact.is_replaceable
            && is_down(&fact.it.node_id)
            && Some(fact.it.modify_index) >= looked
    })
}

/// Whether a look has brought something that does not answer to a version that does not wait for it, or not
/// for as long as it is gone by now.
fn is_brought_to_be_lost(model: &Model, facts: &Facts, key: &Key, wanted: &Wanted) -> bool {
    let (Some(fact), present) = (facts.allocations.get(&wanted.id), model.jobs[key].present())
    else {
        return false;
    };
    if wanted.client != ClientStatus::Unknown || fact.it.job_version == Some(wanted.version) {
        return false;
    }
    let has_been = fact.it.client() == ClientStatus::Unknown;
    let last = fact.it.alloc_states.last().filter(|_| has_been).and_then(|it| it.time);
    let (spec, group) = (&present.spec, &fact.it.task_group);
    let node = model.nodes.get(&fact.it.node_id);
    let is_down = node.is_some_and(|it| it.status == "down");
    is_down && facts::is_replaceable(spec, group)
        || last.unwrap_or(model.now) + facts::lost_after(spec, group) <= model.now
}

/// Whether the last look found no place for what failed, and none of its tasks says when it ended: then it failed when
/// that was noted of it (section 3, *Candidate rules*), and the next look has it wait for its delay, and others
/// updated in the meantime.
fn has_failed_anew(facts: &Facts, key: &Key) -> bool {
    let looked = looked_at(facts, key);
    facts.allocations_of(key).any(|fact| {
        let mut tasks = fact.it.task_states.values();
        fact.it.client() == ClientStatus::Failed
            && !fact.it.desired().is_terminal()
            && tasks.all(|task| task.finished_at.is_none())
            && Some(fact.it.modify_index) >= looked
    })
}

/// Whether a job is looked at within the second that counts as now.
fn is_due_soon(facts: &Facts, key: &Key, now: Timestamp) -> bool {
    let soon = now + Span::from_secs(1);
    let mut all = facts.evaluations_of(key).filter(|it| it.status == "pending");
    all.any(|it| it.wait_until.is_some_and(|at| at <= soon))
}

/// Whether canaries wait while something runs another version: what replaces it meanwhile is of such a
/// version too (section 2), and may be brought to the present one in place by the next look.
fn has_earlier_replacements(model: &Model, facts: &Facts, key: &Key) -> bool {
    let present = model.jobs[key].present().number;
    awaits_canaries(model, facts, key)
        && facts.allocations_of(key).any(|it| it.is_live() && it.it.job_version != Some(present))
}

/// Whether canaries of a job's present version wait.
fn awaits_canaries(model: &Model, facts: &Facts, key: &Key) -> bool {
    let deployment = facts.current_deployment_of(key, model.jobs[key].present().number);
    let mut groups = deployment.into_iter().flat_map(|it| it.task_groups.values());
    groups.any(|it| it.desired_canaries > 0 && !it.promoted)
}

pub(crate) fn look_at(engine: &mut Engine, key: &Key, now: Timestamp) -> Result<(), String> {
    let (namespace, job_id) = key.clone();
    let evaluate = EvaluateJob { namespace, job_id, ..EvaluateJob::default() };
    engine.apply(now, evaluate.into()).map_err(|error| error.to_string())?;
    engine.advance(now).map_err(|error| error.to_string())
}

/// An allocation that is to run.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    id: String,
    version: u64,
    name: String,
    client: ClientStatus,
}

/// What is wanted of a job, and which version of it.
pub(crate) fn wanted(engine: &Engine, key: &Key) -> BTreeSet<Wanted> {
    let all = engine.allocations_of(&key.0, &key.1);
    let wanted = all.filter(|it| !it.desired().is_terminal());
    wanted
        .map(|it| Wanted {
            id: it.id(),
            version: it.outline().job_version(),
            name: it.name(),
            client: it.client(),
        })
        .collect()
}
