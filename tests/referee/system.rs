//! Section 4: one attempt of a system or sysbatch evaluation.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::answer::{Answer, Created, LOST, NOT_NEEDED, Placement, TAINTED, UPDATED};
use crate::classify::is_expired;
use crate::deployment::triage;
use crate::facts::{Alloc, Group, Job, Kind, Node, World};
use crate::generic::{deployment_id, mark_lost, move_in_place, without_deployment};
use crate::group::Triage;
use crate::questions::{Decision, Questions, Room, decide};
use crate::system_deployment::{self, Rollout};

const TRIGGERS: [&str; 12] = [
    "job-register",
    "node-update",
    "failed-follow-up",
    "job-deregister",
    "rolling-update",
    "preemption",
    "deployment-watcher",
    "node-drain",
    "alloc-stop",
    "queued-allocs",
    "job-scaling",
    "reconnect",
];

/// What one node is to get of a group.
struct Wish<'w> {
    node: &'w Node,
    group: &'w Group,
    name: String,
    previous: Option<&'w Alloc>,
    is_destructive: bool,
    is_canary: bool,
}

/// What is wanted of the job, found so far.
pub(crate) struct Pass<'w> {
    pub(crate) world: &'w World,
    pub(crate) job: &'w Rc<Job>,
    pub(crate) triage: Triage<'w>,
    required: BTreeMap<String, &'w Group>,
    missing: Vec<Wish<'w>>,
    pub(crate) updates: BTreeMap<String, Vec<&'w Alloc>>,
    pub(crate) in_place: BTreeMap<String, Vec<&'w Alloc>>,
    ignored: BTreeSet<String>,
    pub(crate) migrating: BTreeSet<String>,
}

pub(crate) fn process(world: &World, questions: &dyn Questions) -> Answer {
    let mut answer = Answer::default();
    let Some(job) = world.job() else { return answer };
    let trigger = world.eval.triggered_by.as_str();
    let is_periodic = job.kind == Kind::Sysbatch && trigger == "periodic-job";
    if !TRIGGERS.contains(&trigger) && !is_periodic {
        answer.failure = Some(format!("scheduler cannot handle '{trigger}' evaluation reason"));
        return answer;
    }
    mark_lost(world, &mut answer);
    let triage = match job.kind {
        Kind::System => triage(world, Some(job), &mut answer),
        _ => Triage::default(),
    };
    if job.is_stopped {
        // No name is required any more.
        for alloc in world.allocs.iter().filter(|alloc| !alloc.is_terminal()) {
            answer.stop(&alloc.id, NOT_NEEDED);
        }
    } else {
        Pass::new(world, job, triage).run(&mut answer, questions);
    }
    let has_deployments = job.kind == Kind::System && world.deployment().is_some();
    answer.deployment = match () {
        () if answer.new_deployment.is_some() => "new",
        () if has_deployments => "existing",
        () => "",
    };
    answer
}

impl<'w> Pass<'w> {
    fn new(world: &'w World, job: &'w Rc<Job>, triage: Triage<'w>) -> Pass<'w> {
        let mut required = BTreeMap::new();
        for group in &job.groups {
            for index in 0..group.count {
                required.insert(format!("{}.{}[{index}]", job.name, group.name), group);
            }
        }
        Pass {
            world,
            job,
            triage,
            required,
            missing: Vec::new(),
            updates: BTreeMap::new(),
            in_place: BTreeMap::new(),
            ignored: BTreeSet::new(),
            migrating: BTreeSet::new(),
        }
    }

    fn run(mut self, answer: &mut Answer, questions: &dyn Questions) {
        for alloc in self.world.allocs.iter().filter(|alloc| !alloc.is_terminal()) {
            self.look_at(answer, alloc);
        }
        for node in self.world.nodes.values() {
            if self.is_eligible(node) {
                self.find_missing(node);
            }
        }
        self.decide(answer, questions);
        self.place(answer, questions);
    }

    pub(crate) fn is_eligible(&self, node: &Node) -> bool {
        node.is_ready() && self.job.reaches(node)
    }

    /// The table of live allocations: the first condition that holds decides.
    fn look_at(&mut self, answer: &mut Answer, alloc: &'w Alloc) {
        let node = self.world.node_of(alloc);
        let status = node.map_or("", |node| node.status.as_str());
        let is_draining = node.is_some_and(|node| node.is_draining);
        let is_tainted =
            node.is_none() || status == "down" || status == "disconnected" || is_draining;
        let is_changed = alloc.job.job_modify_index != self.job.job_modify_index
            || alloc.job.create_index != self.job.create_index;
        let has_lost_after =
            alloc.own_group().is_some_and(|group| group.disconnect.lost_after_ns.is_some());
        if !self.required.contains_key(&alloc.name) {
            answer.stop(&alloc.id, NOT_NEEDED);
        } else if alloc.migrate {
            answer.stop(&alloc.id, TAINTED);
            self.migrating.insert(alloc.group.clone());
        } else if alloc.client == "unknown" {
            if is_expired(self.world, alloc) {
                answer.stop(&alloc.id, LOST);
            } else {
                self.ignored.insert(alloc.group.clone());
            }
        } else if (!is_tainted || status == "ready") && alloc.needs_reconnect() {
            answer.update(&alloc.id).new_state = Some(alloc.client.clone());
        } else if is_tainted && self.job.kind == Kind::Sysbatch && alloc.ran_successfully() {
            self.ignored.insert(alloc.group.clone());
        } else if status == "disconnected" && alloc.client == "running" && has_lost_after {
            let change = answer.update(&alloc.id);
            change.becomes_unknown = true;
            change.new_state = Some("unknown".to_owned());
        } else if node.is_none() || status == "down" {
            answer.stop(&alloc.id, LOST);
        } else if is_draining {
            self.ignored.insert(alloc.group.clone());
        } else if node.is_some_and(|node| !node.is_ready() && self.job.has_in_pool(node)) {
            if is_changed {
                answer.stop(&alloc.id, NOT_NEEDED);
            } else {
                self.ignored.insert(alloc.group.clone());
            }
        } else if node.is_some_and(|node| !self.is_eligible(node)) {
            answer.stop(&alloc.id, NOT_NEEDED);
        } else if is_changed {
            self.updates.entry(alloc.group.clone()).or_default().push(alloc);
        } else {
            self.ignored.insert(alloc.group.clone());
        }
    }

    /// Required names that no live allocation of the node has.
    fn find_missing(&mut self, node: &'w Node) {
        let here: Vec<&Alloc> =
            self.world.allocs.iter().filter(|alloc| alloc.node_id == node.id).collect();
        for (name, &group) in &self.required {
            let mut named = here.iter().copied().filter(|alloc| &alloc.name == name);
            if named.clone().any(|alloc| !alloc.is_terminal()) {
                continue;
            }
            let latest = named.by_ref().max_by_key(|alloc| alloc.created);
            if let Some(alloc) = latest.filter(|_| self.job.kind == Kind::Sysbatch) {
                let is_updated = alloc.own_group().is_none_or(|own| own.tasks != group.tasks);
                if is_updated {
                    self.updates.entry(alloc.group.clone()).or_default().push(alloc);
                } else {
                    self.ignored.insert(alloc.group.clone());
                }
                continue;
            }
            self.missing.push(Wish {
                node,
                group,
                name: name.clone(),
                previous: latest,
                is_destructive: false,
                is_canary: false,
            });
        }
    }

    /// Which updates are done in place.
    fn decide(&mut self, answer: &mut Answer, questions: &dyn Questions) {
        for (name, allocs) in &mut self.updates {
            let Some(group) = self.job.group(name) else { continue };
            let mut destructive = Vec::new();
            for &alloc in allocs.iter() {
                match decide(self.world, questions, answer, self.job, group, alloc) {
                    Decision::Ignore => {
                        self.ignored.insert(name.clone());
                    }
                    Decision::InPlace => self.in_place.entry(name.clone()).or_default().push(alloc),
                    Decision::Destructive => destructive.push(alloc),
                }
            }
            destructive.sort_by(|a, b| (&a.node_id, &a.id).cmp(&(&b.node_id, &b.id)));
            *allocs = destructive;
        }
    }

    fn place(mut self, answer: &mut Answer, questions: &dyn Questions) {
        let rollout = system_deployment::rollout(&self, questions, answer, self.missing.len());
        for group in &self.job.groups {
            let missing = self.missing.iter().filter(|wish| wish.group.name == group.name).count();
            let updates = self.updates.get(&group.name).map_or(0, Vec::len);
            // What waits for canaries is queued, what waits for its turn is not.
            let updates = match rollout.get(&group.name) {
                Some(rollout) if !rollout.are_canaries => updates.min(rollout.limit),
                _ => updates,
            };
            if self.job.kind == Kind::System || missing + updates > 0 {
                answer.queued.insert(group.name.clone(), (missing + updates) as i64);
            }
        }
        if answer.queued.is_empty() {
            answer.queued = self.job.groups.iter().map(|group| (group.name.clone(), 0)).collect();
        }
        let usual = deployment_id(self.world, answer);
        for alloc in self.in_place.values().flatten() {
            move_in_place(self.world, answer, alloc, usual);
        }
        let mut wishes = std::mem::take(&mut self.missing);
        wishes.extend(self.destructive(&rollout));
        wishes.sort_by(|a, b| {
            let key = |wish: &Wish<'w>| {
                let id = wish.previous.filter(|_| wish.is_destructive).map(|it| it.id.clone());
                (wish.node.id.clone(), wish.is_destructive, id, wish.name.clone())
            };
            key(a).cmp(&key(b))
        });
        let mut placed: BTreeMap<String, i64> = BTreeMap::new();
        for wish in &wishes {
            self.place_one(answer, questions, wish, usual, &mut placed);
        }
        if self.job.is_whole && !answer.failed.is_empty() {
            self.take_back(answer, &wishes);
            return;
        }
        for (group, count) in placed {
            *answer.queued.entry(group).or_default() -= count;
        }
    }

    /// Section 5, AllAtOnce: each node is asked, and nothing is placed where one failed.
    fn take_back(&self, answer: &mut Answer, wishes: &[Wish]) {
        answer.placements.clear();
        for wish in wishes.iter().filter(|wish| wish.is_destructive) {
            if let Some(alloc) = wish.previous {
                answer.withdraw(&alloc.id);
            }
        }
        without_deployment(self.world, answer, self.in_place.values().flatten());
    }

    /// The updates of this pass.
    fn destructive(&self, rollout: &BTreeMap<String, Rollout>) -> Vec<Wish<'w>> {
        let mut wishes = Vec::new();
        for (name, allocs) in &self.updates {
            let (Some(group), Some(rollout)) = (self.job.group(name), rollout.get(name)) else {
                continue;
            };
            for &alloc in allocs.iter().take(rollout.limit) {
                let Some(node) = self.world.node_of(alloc) else { continue };
                wishes.push(Wish {
                    node,
                    group,
                    name: alloc.name.clone(),
                    previous: Some(alloc),
                    is_destructive: true,
                    is_canary: rollout.are_canaries,
                });
            }
        }
        wishes
    }

    fn place_one(
        &self,
        answer: &mut Answer,
        questions: &dyn Questions,
        wish: &Wish,
        usual: &str,
        placed: &mut BTreeMap<String, i64>,
    ) {
        let group = &wish.group.name;
        // What is to be replaced gives its room to nothing but its replacement.
        if let Some(alloc) = wish.previous.filter(|_| wish.is_destructive) {
            answer.stop(&alloc.id, UPDATED);
        }
        match questions.room(self.world, answer, self.job, wish.group, wish.node) {
            Room::Fits => {
                *placed.entry(group.clone()).or_default() += 1;
                answer.placements.push(Placement {
                    name: wish.name.clone(),
                    previous: wish.previous.map(|alloc| alloc.id.clone()).unwrap_or_default(),
                    version: self.job.version,
                    is_canary: wish.is_canary,
                    deployment: usual.to_owned(),
                    events: None,
                    node_id: Some(wish.node.id.clone()),
                });
            }
            Room::Filtered => {
                let queued = answer.queued.entry(group.clone()).or_default();
                *queued -= 1;
                let is_idle = !self.ignored.contains(group) && !self.in_place.contains_key(group);
                if *queued <= 0 && is_idle {
                    fail(answer, group);
                }
            }
            Room::Exhausted => {
                fail(answer, group);
                if let Some(alloc) = wish.previous.filter(|_| wish.is_destructive) {
                    answer.withdraw(&alloc.id);
                }
                block(answer, &wish.node.id);
            }
        }
    }
}

fn fail(answer: &mut Answer, group: &str) {
    let coalesced = answer.failed.get(group).map_or(0, |more| more + 1);
    answer.failed.insert(group.to_owned(), coalesced);
}

/// One blocked evaluation for each node.
fn block(answer: &mut Answer, node_id: &str) {
    if !answer.created.iter().any(|created| created.node_id == node_id) {
        answer.create(Created {
            trigger: "queued-allocs",
            description: "created to place remaining allocations",
            is_blocked: true,
            node_id: node_id.to_owned(),
            wait_until: None,
        });
    }
}
