//! Section 3, "Per group, in order": one group of a service or batch job.

use std::rc::Rc;

use crate::answer::{Answer, Created, LOST, MIGRATED, NOT_NEEDED};
use crate::classify::{Class, class};
use crate::facts::{Alloc, Deployment, DeploymentGroup, Group, Job, Kind, World};
use crate::names::Names;
use crate::questions::{Decision, Questions, decide};
use crate::reschedule::{Verdict, batches, verdict};
use crate::{deployment, disconnect, placements};

pub(crate) type Set<'w> = Vec<&'w Alloc>;

/// What a placement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Destructive,
    Canary,
    Reschedule,
    Lost,
    Fresh,
    Migration,
}

#[derive(Debug)]
pub(crate) struct Request<'w> {
    pub(crate) name: String,
    pub(crate) why: Why,
    pub(crate) previous: Option<&'w Alloc>,
}

/// The deployments as triage sorts them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Triage<'w> {
    pub(crate) old: Option<&'w Deployment>,
    pub(crate) current: Option<&'w Deployment>,
}

impl Triage<'_> {
    pub(crate) fn is_failed(&self) -> bool {
        self.current.is_some_and(|it| it.status == "failed")
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.current.is_some_and(Deployment::is_paused)
    }
}

/// One group while it is reconciled.
pub(crate) struct Pass<'a, 'w> {
    pub(crate) world: &'w World,
    pub(crate) questions: &'a dyn Questions,
    pub(crate) answer: &'a mut Answer,
    pub(crate) triage: Triage<'w>,
    pub(crate) job: &'w Rc<Job>,
    pub(crate) group: &'w Group,
    /// The group's state in the current deployment, or what would be in a new one.
    pub(crate) state: DeploymentGroup,
    pub(crate) has_state: bool,
    /// What is left after step 4.
    pub(crate) all: Set<'w>,
    pub(crate) canaries: Set<'w>,
    pub(crate) untainted: Set<'w>,
    pub(crate) migrate: Set<'w>,
    pub(crate) lost: Set<'w>,
    pub(crate) disconnecting: Set<'w>,
    pub(crate) reconnecting: Set<'w>,
    pub(crate) now: Set<'w>,
    pub(crate) later: Vec<(i64, &'w Alloc)>,
    pub(crate) destructive: Set<'w>,
    pub(crate) in_place: Set<'w>,
    pub(crate) waits_for_clients: bool,
}

/// What of a group remains to be done once all groups are reconciled.
pub(crate) struct GroupPlan<'w> {
    pub(crate) group: String,
    pub(crate) requests: Vec<Request<'w>>,
    pub(crate) in_place: Vec<&'w Alloc>,
    pub(crate) names: Option<Names>,
    pub(crate) is_complete: bool,
    pub(crate) is_canarying: bool,
}

/// By index; of one index the earlier first.
pub(crate) fn sort(set: &mut Set) {
    set.sort_by_key(|alloc| (alloc.index(), alloc.created));
}

pub(crate) fn without(set: &mut Set, id: &str) {
    set.retain(|alloc| alloc.id != id);
}

pub(crate) fn has(set: &Set, id: &str) -> bool {
    set.iter().any(|alloc| alloc.id == id)
}

/// Steps 1 and 2, and the rest where the group is wanted.
pub(crate) fn reconcile<'w>(
    world: &'w World,
    questions: &dyn Questions,
    answer: &mut Answer,
    triage: Triage<'w>,
    job: &'w Rc<Job>,
    name: &str,
) -> GroupPlan<'w> {
    let is_batch = job.kind == Kind::Batch;
    let mut all: Set = world.allocs.iter().filter(|alloc| alloc.group == name).collect();
    all.retain(|alloc| !alloc.is_server_terminal() || (is_batch && !alloc.reschedule));
    sort(&mut all);
    answer.figures(name);
    let group = job.group(name).filter(|group| group.count > 0);
    let Some(group) = group else {
        stop_everything(world, answer, name, &all);
        return GroupPlan {
            group: name.to_owned(),
            requests: Vec::new(),
            in_place: Vec::new(),
            names: None,
            is_complete: true,
            is_canarying: false,
        };
    };
    let state = triage.current.and_then(|it| it.groups.get(name));
    let pass = Pass {
        world,
        questions,
        answer,
        triage,
        job,
        group,
        state: state.cloned().unwrap_or_default(),
        has_state: state.is_some(),
        all,
        canaries: Vec::new(),
        untainted: Vec::new(),
        migrate: Vec::new(),
        lost: Vec::new(),
        disconnecting: Vec::new(),
        reconnecting: Vec::new(),
        now: Vec::new(),
        later: Vec::new(),
        destructive: Vec::new(),
        in_place: Vec::new(),
        waits_for_clients: false,
    };
    pass.run()
}

/// Step 2: the group is absent or wants nothing.
fn stop_everything(world: &World, answer: &mut Answer, name: &str, all: &Set) {
    answer.figures(name).stop += all.len();
    for alloc in all {
        match class(world, alloc) {
            Class::Ignore => {}
            Class::Lost => answer.stop(&alloc.id, LOST),
            _ => answer.stop(&alloc.id, NOT_NEEDED),
        }
    }
}

impl<'w> Pass<'_, 'w> {
    fn run(mut self) -> GroupPlan<'w> {
        self.ignore_old_batch();
        self.stop_canaries();
        self.classify();
        self.filter();
        disconnect::reconnect(&mut self);
        disconnect::disconnect(&mut self);
        disconnect::stop_after(&mut self);
        self.delay();
        let seed = self.untainted.iter().chain(&self.migrate).chain(&self.now).chain(&self.lost);
        let mut names = Names::new(&self.job.id, &self.group.name, self.group.count, seed.copied());
        self.stop(&mut names);
        self.update();
        let requests = placements::requests(&mut self, &mut names);
        let is_complete = deployment::finish(&mut self, &requests);
        GroupPlan {
            group: self.group.name.clone(),
            requests: requests.list,
            in_place: self.in_place.clone(),
            names: Some(names),
            is_complete,
            is_canarying: self.is_canarying(),
        }
    }

    pub(crate) fn is_canarying(&self) -> bool {
        self.state.desired_canaries > 0 && !self.state.promoted
    }

    pub(crate) fn is_batch(&self) -> bool {
        self.job.kind == Kind::Batch
    }

    /// Step 3.
    fn ignore_old_batch(&mut self) {
        if !self.is_batch() {
            return;
        }
        let job = self.job;
        let is_old = |alloc: &Alloc| {
            (alloc.is_terminal() && alloc.is_of_older_job(job))
                || (alloc.is_ended_for_good() && !alloc.is_of_same_version(job))
        };
        self.answer.figures(&self.group.name).ignore +=
            self.all.iter().filter(|alloc| is_old(alloc)).count();
        self.all.retain(|alloc| !is_old(alloc));
    }

    /// Step 4.
    fn stop_canaries(&mut self) {
        let failed = self.triage.current.filter(|_| self.triage.is_failed());
        for deployment in self.triage.old.into_iter().chain(failed) {
            let Some(state) = deployment.groups.get(&self.group.name) else { continue };
            if state.promoted {
                continue;
            }
            for alloc in self.all.clone() {
                if state.placed_canaries.contains(&alloc.id) {
                    self.answer.stop(&alloc.id, NOT_NEEDED);
                    self.answer.figures(&self.group.name).stop += 1;
                    without(&mut self.all, &alloc.id);
                }
            }
        }
        for alloc in self.all.clone() {
            if !self.state.placed_canaries.contains(&alloc.id) {
                continue;
            }
            match class(self.world, alloc) {
                Class::Lost => self.answer.stop(&alloc.id, LOST),
                Class::Migrate => self.answer.stop(&alloc.id, MIGRATED),
                Class::Untainted => {
                    self.canaries.push(alloc);
                    continue;
                }
                _ => continue,
            }
            without(&mut self.all, &alloc.id);
        }
    }

    fn classify(&mut self) {
        for &alloc in &self.all {
            match class(self.world, alloc) {
                Class::Untainted => self.untainted.push(alloc),
                Class::Migrate => self.migrate.push(alloc),
                Class::Lost => self.lost.push(alloc),
                Class::Disconnecting => self.disconnecting.push(alloc),
                Class::Reconnecting => self.reconnecting.push(alloc),
                Class::Ignore => self.answer.figures(&self.group.name).ignore += 1,
                // Expired ones become lost.
                Class::Expiring => self.lost.push(alloc),
            }
        }
    }

    fn filter(&mut self) {
        for kind in [Class::Untainted, Class::Disconnecting, Class::Migrate] {
            let set = match kind {
                Class::Untainted => &mut self.untainted,
                Class::Disconnecting => &mut self.disconnecting,
                _ => &mut self.migrate,
            };
            for alloc in set.clone() {
                let is_disconnecting = kind == Class::Disconnecting;
                match verdict(self.world, self.triage.current, alloc, is_disconnecting) {
                    Verdict::Stays => {}
                    Verdict::Dropped => without(set, &alloc.id),
                    Verdict::Later(due) => self.later.push((due, alloc)),
                    Verdict::Now => {
                        if !is_disconnecting {
                            without(set, &alloc.id);
                        }
                        self.now.push(alloc);
                    }
                }
            }
        }
        // The cut at count depends on their order. Trap 25: "The order of maps is random in the
        // original; sort IDs of nodes, groups and names".
        sort(&mut self.now);
    }

    /// Step 7, delayed reschedule evaluations.
    fn delay(&mut self) {
        self.answer.figures(&self.group.name).reschedule_later += self.later.len();
        let due = self.later.iter().map(|(time, alloc)| (*time, alloc.id.clone())).collect();
        for (at, (time, ids)) in batches(due).into_iter().enumerate() {
            let created = self.answer.create(Created {
                trigger: if at == 0 { "alloc-reschedule" } else { "alloc-failure" },
                description: if at == 0 { "created for delayed rescheduling" } else { "" },
                wait_until: Some(time),
                ..Created::default()
            });
            self.answer.next_eval = Some(created);
            for id in ids {
                self.answer.update(&id).followup = Some(created);
            }
        }
    }

    /// The stop rule.
    fn stop(&mut self, names: &mut Names) {
        for alloc in self.lost.clone() {
            let followup = self.answer.stops.get(&alloc.id).and_then(|stop| stop.followup);
            self.stop_one(alloc, LOST);
            self.answer.stops.entry(alloc.id.clone()).or_default().followup = followup;
        }
        let canarying = self.is_canarying();
        let is_hidden = |alloc: &Alloc| canarying && has(&self.canaries, &alloc.id);
        let is_surplus = |alloc: &&Alloc| alloc.client != "unknown" && !is_hidden(alloc);
        let surplus: Set = self.untainted.iter().copied().filter(is_surplus).collect();
        let present = surplus.len() + self.migrate.len();
        let mut remaining = present.saturating_sub(self.group.count);
        let mut chosen: Set = Vec::new();
        if self.state.promoted {
            let is_canary = |alloc: &&Alloc| has(&self.canaries, &alloc.id);
            let canary_names: Vec<&String> = self.canaries.iter().map(|it| &it.name).collect();
            let old = surplus.iter().copied().filter(|it| !is_canary(it));
            chosen.extend(old.filter(|it| canary_names.contains(&&it.name)).take(remaining));
        }
        remaining -= chosen.len();
        chosen.extend(self.migrate.iter().rev().take(remaining).copied());
        remaining = present.saturating_sub(self.group.count) - chosen.len();
        let rest: Set = surplus
            .iter()
            .rev()
            .copied()
            .filter(|it| !has(&chosen, &it.id) && !it.is_ended_for_good())
            .collect();
        chosen.extend(rest.into_iter().take(remaining));
        for alloc in chosen {
            self.stop_one(alloc, NOT_NEEDED);
            without(&mut self.untainted, &alloc.id);
            without(&mut self.migrate, &alloc.id);
            names.free(alloc.index());
        }
    }

    pub(crate) fn stop_one(&mut self, alloc: &Alloc, description: &'static str) {
        self.answer.stop(&alloc.id, description);
        self.answer.figures(&self.group.name).stop += 1;
    }

    /// The update decision.
    fn update(&mut self) {
        for alloc in self.untainted.clone() {
            let decision =
                decide(self.world, self.questions, self.answer, self.job, self.group, alloc);
            let figures = self.answer.figures(&self.group.name);
            match decision {
                Decision::Ignore => figures.ignore += 1,
                Decision::InPlace => {
                    figures.in_place += 1;
                    self.in_place.push(alloc);
                }
                Decision::Destructive => self.destructive.push(alloc),
            }
        }
    }
}
