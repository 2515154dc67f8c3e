//! What has to be true when nothing is due: each job has what it asks for, by group and version, or waits by
//! a rule that has a name (docs/lifecycle.md, sections 3 and 4).

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use stowplan::model::{
    Allocation, ClientStatus, Deployment, DeploymentState, JobSpec, NodeSpec, Task, TaskGroup,
};
use stowplan::{Span, Timestamp};

use crate::facts::{Fact, Facts, is_active};
use crate::launches::is_launched_later;
use crate::looks::is_turned;
use crate::model::{Job, Key, Model};
use crate::system;

/// How often jobs waited, by the rule that they waited by.
pub(crate) type Waits = BTreeMap<&'static str, usize>;

/// A job, and what there is of it.
pub(crate) struct Look<'a> {
    pub(crate) model: &'a Model,
    pub(crate) facts: &'a Facts,
    pub(crate) key: &'a Key,
    pub(crate) job: &'a Job,
    /// Whether nothing that has to do with it has changed since it was looked at last.
    pub(crate) is_noticed: bool,
}

/// More is there than asked for, until the next look.
const SURPLUS: &str = "surplus: next look";

/// Says of which job something is missing, left over or of a wrong version without a reason, and gives the
/// jobs of which more is there than asked for until they are looked at next.
pub(crate) fn check(
    model: &Model,
    facts: &Facts,
    is_noticed: impl Fn(&Key) -> bool,
    waits: &mut Waits,
) -> Result<BTreeSet<Key>, String> {
    let mut surplus = BTreeSet::new();
    for fact in facts.allocations.values().filter(|it| it.is_live()) {
        let key = (fact.it.namespace.clone(), fact.it.job_id.clone());
        if model.outside.has_batch && fact.job_type == "batch" {
            continue;
        }
        let job = model.jobs.get(&key).map(Job::present);
        let group = job.filter(|it| !it.is_stopped).and_then(|it| {
            it.spec.task_groups.iter().find(|group| group.name == fact.it.task_group)
        });
        if is_turned(model, facts, &key) {
            continue;
        }
        if group.is_none() {
            return Err(format!("{} is wanted of a job or group that is not", fact.it.name));
        }
        // No event of a node has jobs of the type sysbatch looked at, nor system jobs whose present version is
        // not for the datacenter and the pool that the node was in when it was purged (section 1, *Node
        // events*).
        let is_for = |node: &NodeSpec| job.is_some_and(|it| system::is_for(&it.spec, node));
        let is_passed_over = fact.job_type == "sysbatch"
            || (fact.job_type == "system"
                && model.purged.get(&fact.it.node_id).is_some_and(|node| !is_for(node)));
        if !fact.has_node && !is_passed_over {
            return Err(format!("{} is wanted on a node that is not there", fact.it.name));
        }
    }
    for (key, job) in model.jobs.iter().filter(|(_, job)| !job.present().is_stopped) {
        let spec = &job.present().spec;
        // What a scheduler outside does about batch jobs is its own affair.
        let is_outside = model.outside.has_batch && spec.job_type == "batch";
        if is_launched_later(spec) || is_outside {
            continue;
        }
        if is_turned(model, facts, key) {
            if spec.task_groups.iter().any(|group| has_surplus(facts, key, group)) {
                surplus.insert(key.clone());
            }
            continue;
        }
        let look = Look { model, facts, key, job, is_noticed: is_noticed(key) };
        let before = waits.get(SURPLUS).copied();
        look.groups(waits)?;
        if before != waits.get(SURPLUS).copied() {
            surplus.insert(key.clone());
        }
    }
    Ok(surplus)
}

/// Whether more allocations of a group live, or failed and are to be replaced, than it wants.
fn has_surplus(facts: &Facts, key: &Key, group: &TaskGroup) -> bool {
    let of_group = facts.allocations_of(key).filter(|it| it.it.task_group == group.name);
    let has_failed =
        |fact: &Fact| fact.it.client() == ClientStatus::Failed && !fact.it.desired().is_terminal();
    let held = of_group.filter(|it| it.is_live() || has_failed(it)).count();
    usize::try_from(group.count.unwrap_or(1)).is_ok_and(|count| held > count)
}

impl<'a> Look<'a> {
    /// All groups of the job.
    pub(crate) fn groups(&self, waits: &mut Waits) -> Result<(), String> {
        for group in &self.job.present().spec.task_groups {
            let result = match self.job.present().spec.job_type.as_str() {
                "system" | "sysbatch" => system::check(self, group, waits),
                _ => self.group(group, waits),
            };
            result.map_err(|error| format!("{:?}, {}: {error}", self.key, group.name))?;
        }
        Ok(())
    }

    /// The deployment of the present version, if there is one.
    pub(crate) fn deployment(&self) -> Option<&'a Deployment> {
        let present = self.job.present().number;
        self.facts.current_deployment_of(self.key, present)
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.facts.evaluations_of(self.key).any(|it| it.status == "blocked")
    }

    /// Whether an evaluation of it waits for its time.
    fn is_delayed(&self) -> bool {
        let mut all = self.facts.evaluations_of(self.key);
        all.any(|it| it.status == "pending" && it.wait_until.is_some_and(|at| at > self.model.now))
    }

    /// A service or batch group.
    fn group(&self, group: &TaskGroup, waits: &mut Waits) -> Result<(), String> {
        let count = group.count.unwrap_or(1);
        let deployment = self.deployment();
        let state = deployment.and_then(|it| it.task_groups.get(&group.name));
        let is_canarying = state.is_some_and(|it| it.desired_canaries > 0 && !it.promoted);
        let of_group =
            || self.facts.allocations_of(self.key).filter(|it| it.it.task_group == group.name);
        let (mut known, mut unknown) = (0, 0);
        let (mut outdated, mut current) = (0, 0);
        for fact in of_group().filter(|it| self.fills(it)) {
            let is_canary =
                fact.it.is_canary() && deployment.is_some_and(|it| it.id == fact.it.deployment_id);
            if is_canarying && is_canary {
                continue;
            }
            match fact.it.client() {
                ClientStatus::Unknown => unknown += 1,
                _ => known += 1,
            }
            if fact.is_live() && fact.it.client() != ClientStatus::Unknown {
                match fact.it.job_version == Some(self.job.present().number) {
                    true => current += 1,
                    false => outdated += 1,
                }
            }
            if fact.it.client() == ClientStatus::Failed && !fact.it.desired().is_terminal() {
                *waits.entry(self.why_not_replaced(fact)?).or_default() += 1;
            }
        }
        // A pass that lowers the count and replaces what failed in one does not count the latter (section 3,
        // *Stop rule*), nor does it what it updates that is unknown; the next one does.
        let is_uncounted = |it: &Fact| is_replacement(&it.it) || self.replaces_unknown(it);
        let replacements = of_group().filter(|it| is_wanted(it) && is_uncounted(it)).count() as i64;
        // The same of what failed and is replaced as soon as there is room for that, or the group waits no more.
        let is_put_off = self.is_blocked() || self.is_held_back(&group.name);
        let is_owed = |it: &&Fact| {
            it.it.client() == ClientStatus::Failed
                && !it.it.desired().is_terminal()
                && it.it.next_allocation.is_empty()
                && is_put_off
        };
        let owed = of_group().filter(is_owed).count() as i64;
        known -= self.ended_beyond(count, of_group());
        if known > count {
            let is_waited_for =
                owed > 0 || !self.is_noticed || is_just_made(of_group(), is_uncounted);
            if known - replacements - owed > count || !is_waited_for {
                return Err(format!("{known} are there, of {count}"));
            }
            *waits.entry(SURPLUS).or_default() += 1;
        }
        if known + unknown < count {
            let why = self.why_missing(deployment, is_canarying);
            let why = why.ok_or_else(|| format!("{known} and {unknown} unknown of {count}"))?;
            *waits.entry(why).or_default() += 1;
        }
        if outdated > 0 {
            // Where there are too many, which ones stay is settled by the next pass.
            let why = match known > count {
                true => Some(SURPLUS),
                false => self.why_outdated(group, deployment, state, is_canarying),
            };
            let why = why.ok_or_else(|| format!("{outdated} are outdated, {current} not"))?;
            *waits.entry(why).or_default() += 1;
        }
        Ok(())
    }

    /// How many more than the count a drain has ended for good: such count still, and no stop takes them
    /// away, so that none of the others is to stay (section 13). It happens where a version is made the
    /// present one again (section 9, *Stable*).
    fn ended_beyond<'f>(&self, count: i64, of_group: impl Iterator<Item = &'f Fact>) -> i64 {
        let ended = of_group.filter(|it| self.fills(it) && !is_wanted(it)).count() as i64;
        (ended - count).max(0)
    }

    /// Whether an allocation counts as one of its group.
    fn fills(&self, fact: &Fact) -> bool {
        let is_over = fact.it.client().is_terminal();
        let is_wanted = !fact.it.desired().is_terminal();
        let is_replaced = !fact.it.next_allocation.is_empty() && is_over;
        let is_batch = self.job.present().spec.job_type == "batch";
        let is_done = is_batch && self.counts_as_done(fact);
        match fact.it.client() {
            _ if is_replaced => false,
            // A drain that has come to its end stops batch work of a version for good.
            _ if !is_wanted => {
                let transition = &fact.it.desired_transition;
                let is_current = fact.it.job_version == Some(self.job.present().number);
                is_done && is_current && transition.migrate_disable_placement == Some(true)
            }
            ClientStatus::Complete => is_done,
            ClientStatus::Failed => !is_batch || is_done,
            ClientStatus::Lost => false,
            _ => true,
        }
    }

    /// Whether batch work that has ended is what the present version asks for: only that of an *older* version
    /// is ignored (section 3, step 3), so that of a later one counts too where an earlier one was made the
    /// present one (section 9, *Stable*), unless it ran other tasks and is replaced for that (section 3, *The
    /// update decision*).
    fn counts_as_done(&self, fact: &Fact) -> bool {
        let present = self.job.present();
        let own = fact.it.job_version.filter(|_| fact.has_job);
        own.is_some_and(|own| match own.cmp(&present.number) {
            Ordering::Less => false,
            Ordering::Equal => true,
            Ordering::Greater => {
                let later = self.job.version(own);
                let group = &fact.it.task_group;
                later.is_some_and(|later| tasks(&later.spec, group) == tasks(&present.spec, group))
            }
        })
    }

    /// Whether a group waits until its clients have stopped what was lost (section 3, step 6: *place nothing*).
    fn is_held_back(&self, group: &str) -> bool {
        let mut of_group =
            self.facts.allocations_of(self.key).filter(|it| it.it.task_group == group);
        let waits = |fact: &Fact| {
            let follow_up = self.facts.evaluations.get(&fact.it.followup_eval_id);
            fact.it.client() == ClientStatus::Lost
                && follow_up.is_some_and(|it| it.wait_until.is_some_and(|at| at > self.model.now))
        };
        of_group.any(waits)
    }

    /// Whether an allocation took the place of an outdated one that does not answer.
    fn replaces_unknown(&self, fact: &Fact) -> bool {
        let previous = self.facts.allocations.get(&fact.it.previous_allocation);
        previous.is_some_and(|it| {
            it.it.client() == ClientStatus::Unknown && it.it.desired().is_terminal()
        })
    }

    fn why_missing(
        &self,
        deployment: Option<&Deployment>,
        is_canarying: bool,
    ) -> Option<&'static str> {
        match () {
            () if self.is_blocked() => Some("blocked"),
            () if is_canarying => Some("deployment: canaries"),
            () if deployment.is_some_and(|it| it.status == "paused") => Some("deployment: paused"),
            () if deployment.is_some_and(|it| it.status == "failed") => Some("deployment: failed"),
            () if self.is_delayed() => Some("delay"),
            () if !self.is_noticed => Some("not looked at"),
            () => None,
        }
    }

    fn why_outdated(
        &self,
        group: &TaskGroup,
        deployment: Option<&Deployment>,
        state: Option<&DeploymentState>,
        is_canarying: bool,
    ) -> Option<&'static str> {
        let most = most_parallel(group, &self.job.present().spec.job_type);
        let mut unjudged = 0;
        let mut is_any_unwell = false;
        if let Some(deployment) = deployment {
            let of_it = self.facts.allocations_of(self.key).filter(|it| {
                it.it.deployment_id == deployment.id && it.it.task_group == group.name
            });
            // What has ended or is to stop is no longer on its way.
            for fact in of_it.filter(|it| !it.it.desired().is_terminal()) {
                match fact.it.deployment_status.as_ref().and_then(|it| it.healthy) {
                    None => unjudged += 1,
                    Some(true) => {}
                    Some(false) => is_any_unwell = true,
                }
            }
        }
        match deployment {
            _ if self.is_blocked() => Some("blocked"),
            Some(_) if is_canarying => Some("deployment: canaries"),
            Some(it) if it.status == "paused" => Some("deployment: paused"),
            Some(it) if it.status == "failed" => Some("deployment: failed"),
            Some(it) if is_active(it) && most > 0 && (is_any_unwell || unjudged >= most) => {
                Some("limit")
            }
            _ if !self.is_noticed => Some("not looked at"),
            _ => state.and(None),
        }
    }

    /// Why an allocation that failed is not replaced.
    fn why_not_replaced(&self, fact: &Fact) -> Result<&'static str, String> {
        let name = &fact.it.name;
        let followup = self.facts.evaluations.get(&fact.it.followup_eval_id);
        let is_due_later = followup.is_some_and(|it| {
            it.status == "pending" && it.wait_until.is_some_and(|at| at > self.model.now)
        });
        let attempts = fact.policy.attempts.unwrap_or(0);
        let is_unlimited = fact.policy.unlimited == Some(true);
        let interval = fact.policy.interval.unwrap_or(Span::ZERO);
        let is_enabled = is_unlimited || (attempts > 0 && interval > Span::ZERO);
        let failed_at = failed_at(fact);
        let events = fact.it.reschedule_tracker.iter().flat_map(|it| &it.events);
        let used = events
            .filter(|it| Timestamp::from_nanos(it.reschedule_time) > failed_at - interval)
            .count() as i64;
        let deployment = self.deployment();
        let is_deployed = deployment.is_some_and(|it| it.id == fact.it.deployment_id);
        match () {
            () if is_due_later || self.is_held_back(&fact.it.task_group) => Ok("delay"),
            () if !is_enabled => Ok("no rescheduling"),
            () if !is_unlimited && used >= attempts => Ok("attempts used up"),
            () if self.is_blocked() => Ok("blocked"),
            () if is_deployed && deployment.is_some_and(is_active) => Ok("deployment: watched"),
            () if deployment.is_some_and(|it| it.status == "failed") => Ok("deployment: failed"),
            () if deployment.is_some_and(|it| it.status == "paused") => Ok("deployment: paused"),
            () if deployment
                .and_then(|it| it.task_groups.get(&fact.it.task_group))
                .is_some_and(|it| it.desired_canaries > 0 && !it.promoted) =>
            {
                Ok("deployment: canaries")
            }
            () if !self.is_noticed => Ok("not looked at"),
            () => Err(format!("{name} failed, and is not replaced")),
        }
    }
}

/// The tasks of a group, without what changes nothing that runs.
fn tasks(spec: &JobSpec, group: &str) -> Option<Vec<Task>> {
    let group = spec.task_groups.iter().find(|it| it.name == group)?;
    let without = |task: &Task| Task { kill_timeout: None, ..task.clone() };
    Some(group.tasks.iter().map(without).collect())
}

/// How many allocations of a group may change at once; 0 is all of them.
pub(crate) fn most_parallel(group: &TaskGroup, job_type: &str) -> i64 {
    match (&group.update, job_type) {
        (Some(update), _) => update.max_parallel.unwrap_or(1),
        // What registering adds (section 3.1).
        (None, "service") => 1,
        (None, _) => 0,
    }
}

/// Whether an allocation took the place of one that failed.
pub(crate) fn is_replacement(it: &Allocation) -> bool {
    it.reschedule_tracker.as_ref().is_some_and(|it| !it.events.is_empty())
}

/// Whether one of the newest of some allocations, which the latest look made, is of those that it did not
/// count.
fn is_just_made<'a>(
    all: impl Iterator<Item = &'a Fact>,
    is_uncounted: impl Fn(&Fact) -> bool,
) -> bool {
    let rank = |it: &&Fact| (it.it.create_index, is_uncounted(it));
    all.filter(|it| is_wanted(it)).max_by_key(rank).is_some_and(is_uncounted)
}

/// Whether an allocation is to run, though it may have failed meanwhile.
fn is_wanted(fact: &Fact) -> bool {
    !fact.it.desired().is_terminal()
}

fn failed_at(fact: &Fact) -> Timestamp {
    let finished = fact.it.task_states.values().filter_map(|it| it.finished_at).max();
    finished.unwrap_or_else(|| Timestamp::from_nanos(fact.it.modify_time))
}
