//! One node and one group: everything that is asked of the node for the group's next allocation, what it
//! has of it, and whether that will do (docs/placement.md, sections 2 to 7).

use std::fmt;

use super::format::Joined;
use super::verdicts::{Verdict, verdict};
use crate::feasibility::base::NotCandidate;
use crate::feasibility::finding::Finding;
use crate::fit::ask::PortsAsk;
use crate::fit::{cores, devices, ports};
use crate::model::{Node, Port};
use crate::placement::group::GroupPlan;
use crate::placement::missing;
use crate::placement::options::PlaceOptions;
use crate::placement::scan::Scan;
use crate::rank::preempt::Evicted;
use crate::state::State;
use crate::state::node::NodeRecord;
use crate::state::slots::NodeSlot;
use crate::state::usage::{Holdings, Taken};

/// An account, check by check, of what a node is to a group's next allocation, from
/// [`Cluster::explain_node`](crate::Cluster::explain_node).
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let cluster = Cluster::new([node])?;
/// let explanation = cluster.explain_node(&job, "front", "n1", &PlaceOptions::default());
/// let explanation = explanation.ok_or("no such node")?;
/// assert!(explanation.would_do());
/// assert!(explanation.checks().iter().all(|check| check.passes));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct NodeExplanation {
    job: String,
    group: String,
    node: Node,
    verdict: Verdict,
    with_preemption: Option<Verdict>,
    checks: Vec<NodeCheck>,
}

/// One thing that is asked of a node.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let cluster = Cluster::new([node])?;
/// use stowplan::{Measure, Stage};
///
/// let explanation = cluster.explain_node(&job, "front", "n1", &PlaceOptions::default());
/// let explanation = explanation.ok_or("no such node")?;
/// let cpu = explanation.checks().iter().find(|check| check.subject == "cpu").ok_or("no cpu")?;
/// assert_eq!((cpu.stage, cpu.passes), (Stage::Room, true));
/// assert_eq!(cpu.measure, Measure::Amount { asked: 400, used: 0, free: 1_000, unit: "MHz" });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeCheck {
    /// When it is asked.
    pub stage: Stage,
    /// The subject: `datacenter`, `driver`, `constraint`, `cpu`, `dynamic ports`.
    pub subject: String,
    /// Whether the node passes.
    pub passes: bool,
    /// The amount or fact that is asked for, and the one that there is.
    pub measure: Measure,
}

/// The stages of a choice, in order: only a node that passes one is asked what comes after it. An
/// explanation has the checks of all of them nevertheless.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let cluster = Cluster::new([node])?;
/// use stowplan::Stage;
///
/// let explanation = cluster.explain_node(&job, "front", "n1", &PlaceOptions::default());
/// let explanation = explanation.ok_or("no such node")?;
/// let mut stages: Vec<Stage> = explanation.checks().iter().map(|check| check.stage).collect();
/// assert!(stages.is_sorted());
/// stages.dedup();
/// assert_eq!(stages, [Stage::Candidate, Stage::Feasibility, Stage::Room]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Whether the job looks at the node at all (docs/placement.md, section 2.1).
    Candidate,
    /// Whether the node may run the group (the rest of section 2).
    Feasibility,
    /// Whether it has room for one more allocation of it (sections 3.3 to 7).
    Room,
}

/// The two sides of a check.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let cluster = Cluster::new([node])?;
/// use stowplan::Measure;
///
/// let explanation = cluster.explain_node(&job, "front", "n1", &PlaceOptions::default());
/// let explanation = explanation.ok_or("no such node")?;
/// let free = explanation.checks().iter().find_map(|check| match &check.measure {
///     Measure::Amount { free, unit: "MHz", .. } => Some(*free),
///     _ => None,
/// });
/// assert_eq!(free, Some(1_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// What does not come in amounts, in words.
    Fact {
        /// What is asked for.
        asked: String,
        /// What the node has.
        found: String,
    },
    /// What comes in amounts.
    Amount {
        /// How much is asked for.
        asked: i64,
        /// How much is in use, reserved amounts aside.
        used: i64,
        /// How much is free.
        free: i64,
        /// `MHz`, `MB`, `MBit/s`, or empty for what is counted.
        unit: &'static str,
    },
}

impl Stage {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Candidate => "candidate",
            Stage::Feasibility => "feasibility",
            Stage::Room => "room",
        }
    }
}

impl NodeExplanation {
    /// The job's identity.
    pub fn job_id(&self) -> &str {
        &self.job
    }

    /// The group's name.
    pub fn task_group(&self) -> &str {
        &self.group
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The verdict on it for the group, without eviction.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The verdict with eviction, where it may be used and the node would not do without.
    pub fn with_preemption(&self) -> Option<&Verdict> {
        self.with_preemption.as_ref()
    }

    /// Tells whether the group's next allocation could go there, with eviction where it may be used.
    pub fn would_do(&self) -> bool {
        let is_ranked = |it: &Verdict| matches!(it, Verdict::Ranked { .. });
        is_ranked(&self.verdict) || self.with_preemption.as_ref().is_some_and(is_ranked)
    }

    /// Everything that is asked of the node, in order. All of it passes exactly where the node would do
    /// without eviction.
    pub fn checks(&self) -> &[NodeCheck] {
        &self.checks
    }
}

/// The node's identity, the verdict, and how many checks there are.
impl fmt::Debug for NodeExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeExplanation")
            .field("job", &self.job)
            .field("group", &self.group)
            .field("node", &self.node.id)
            .field("verdict", &self.verdict)
            .field("with_preemption", &self.with_preemption)
            .field("checks", &self.checks.len())
            .finish()
    }
}

impl NodeCheck {
    fn amount(subject: &str, asked: i64, used: i64, free: i64, unit: &'static str) -> NodeCheck {
        let measure = Measure::Amount { asked, used, free, unit };
        NodeCheck { stage: Stage::Room, subject: subject.into(), passes: asked <= free, measure }
    }

    fn counted(subject: &str, asked: usize, used: usize, free: usize) -> NodeCheck {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        NodeCheck::amount(subject, count(asked), count(used), count(free), "")
    }

    fn fact(stage: Stage, finding: Finding) -> NodeCheck {
        let Finding { subject, asked, found, passes } = finding;
        NodeCheck { stage, subject, passes, measure: Measure::Fact { asked, found } }
    }
}

/// What a node is to a group's next allocation, check by check.
pub(crate) fn explain(
    state: &State,
    plan: &GroupPlan<'_>,
    options: &PlaceOptions,
    slot: NodeSlot,
) -> Option<NodeExplanation> {
    let node = state.node(slot)?;
    let scan = Scan::new(state, plan, None);
    let is_done = missing::done_nodes(state, plan).binary_search(&slot).is_ok();
    let verdict_of = |scan: &Scan<'_>| match is_done {
        true => Verdict::NotCandidate(vec![NotCandidate::Done]),
        false => verdict(state, plan, scan, slot, node),
    };
    let without = verdict_of(&scan);
    let may_evict = options.preemption.is_on_for(plan.job.job_type());
    let none = Evicted::new();
    let with_preemption = (may_evict && matches!(without, Verdict::Exhausted(_)))
        .then(|| verdict_of(&Scan::new(state, plan, Some(&none))));
    Some(NodeExplanation {
        job: plan.job.id.clone(),
        group: plan.group.name.clone(),
        node: node.node.clone(),
        checks: checks(state, plan, &scan, slot, node, is_done, &without),
        verdict: without,
        with_preemption,
    })
}

fn checks<'a>(
    state: &'a State,
    plan: &GroupPlan<'_>,
    scan: &Scan<'a>,
    slot: NodeSlot,
    node: &'a NodeRecord,
    is_done: bool,
    verdict: &Verdict,
) -> Vec<NodeCheck> {
    let of_base = plan.base.findings(node).into_iter();
    let mut checks: Vec<NodeCheck> =
        of_base.map(|it| NodeCheck::fact(Stage::Candidate, it)).collect();
    if is_done {
        let finding = Finding::new("system job", "nothing of it there yet", "served", false);
        checks.push(NodeCheck::fact(Stage::Candidate, finding));
    }
    let of_rules = scan.findings(slot, node).into_iter();
    checks.extend(of_rules.map(|it| NodeCheck::fact(Stage::Feasibility, it)));
    checks.extend(of_room(state, plan, slot, node));
    // What is there one by one may not be there together: two ports of one number, devices that two
    // requests want. And what allocations hold against the rules counts against every ask.
    if let Verdict::Exhausted(shortages) = verdict
        && !checks.iter().any(|check| check.stage == Stage::Room && !check.passes)
    {
        let what = shortages.first().map(|it| it.dimension.to_string()).unwrap_or_default();
        let finding = Finding::new("all of it together", "room for all", &what, false);
        checks.push(NodeCheck::fact(Stage::Room, finding));
    }
    checks
}

/// What an allocation takes of a node.
fn of_room(
    state: &State,
    plan: &GroupPlan<'_>,
    slot: NodeSlot,
    node: &NodeRecord,
) -> Vec<NodeCheck> {
    let (taken, ask) = (state.taken(slot, node), &plan.ask);
    let mut checks = Vec::new();
    if node.max_allocations < i64::MAX {
        let free = state.free_allocations(slot);
        checks.push(NodeCheck::amount("allocations", 1, node.max_allocations - free, free, ""));
    }
    if let Some(network) = &ask.network {
        group_ports(node, taken, network, &mut checks);
    }
    for network in ask.task_networks() {
        task_network(node, taken, network, &mut checks);
    }
    for (request, name) in ask.devices.iter().zip(names_of_devices(plan)) {
        let subject = format!("devices `{name}`");
        let supply = devices::supply(node, taken, request, &Holdings::default());
        let (used, free) = supply.map_or((0, 0), |it| (it.used, it.free));
        checks.push(NodeCheck::counted(&subject, request.count(), used, free));
    }
    let asked: usize = ask.tasks.iter().map(|task| task.cores).sum();
    if asked > 0 {
        let is_free = |id: u16| taken.cores.binary_search(&id).is_err();
        let free = node.node.cores().iter().filter(|core| is_free(core.id)).count();
        checks.push(NodeCheck::counted("cores", asked, taken.cores.len(), free));
    }
    let amounts = cores::amounts_with_cores(node, taken, ask);
    let (free, capacity) = (state.free(slot), node.capacity);
    for (subject, asked, free, capacity, unit) in [
        ("cpu", amounts.cpu_mhz, free.cpu_mhz, capacity.cpu_mhz, "MHz"),
        ("memory", amounts.memory_mb, free.memory_mb, capacity.memory_mb, "MB"),
        ("disk", amounts.disk_mb, free.disk_mb, capacity.disk_mb, "MB"),
    ] {
        checks.push(NodeCheck::amount(subject, asked, capacity - free, free, unit));
    }
    checks
}

/// The names of the requests for devices, in the order of the ask.
fn names_of_devices<'a>(plan: &GroupPlan<'a>) -> impl Iterator<Item = &'a str> {
    plan.group.tasks.iter().flat_map(|task| task.devices()).map(|request| request.name.as_str())
}

/// The ports of a group's network: each static one, and the dynamic ones of each host network together.
fn group_ports(node: &NodeRecord, taken: &Taken, network: &PortsAsk, checks: &mut Vec<NodeCheck>) {
    for port in network.with_numbers() {
        let addresses = ports::addresses_of(node, port).map(|it| it.ip.to_string());
        checks.push(static_port(port, &addresses.collect::<Vec<_>>(), taken));
    }
    let mut host_networks: Vec<&str> = Vec::new();
    for port in network.to_choose() {
        let name = port.host_network();
        if host_networks.contains(&name) {
            continue;
        }
        host_networks.push(name);
        let alike = network.to_choose().iter().filter(|it| it.host_network() == name);
        let free = ports::addresses_of(node, port)
            .map(|address| dynamic_ports(node, taken, &address.ip))
            .reduce(|most, it| if it.1 > most.1 { it } else { most });
        let subject = match name {
            "default" => "dynamic ports".to_owned(),
            name => format!("dynamic ports on `{name}`"),
        };
        // Without an address there is no range to take one from.
        let (used, free) = free.unwrap_or((0, 0));
        checks.push(NodeCheck::counted(&subject, alike.count(), used, free));
    }
}

/// The bandwidth and the ports of a task's network.
fn task_network(node: &NodeRecord, taken: &Taken, network: &PortsAsk, checks: &mut Vec<NodeCheck>) {
    let usable = || node.task_networks.iter().filter(|it| it.cidr.is_some());
    let bandwidth = usable().map(|it| (taken.bandwidth_on(&it.device), it.mbits));
    let bandwidth = bandwidth.map(|(used, all)| (used, all.saturating_sub(used)));
    let most = bandwidth.reduce(|most, it| if it.1 > most.1 { it } else { most });
    let Some((used, free)) = most else {
        let finding =
            Finding::new("network of a task", "a device with an address", "there is none", false);
        return checks.push(NodeCheck::fact(Stage::Room, finding));
    };
    checks.push(NodeCheck::amount("bandwidth", network.mbits, used, free, "MBit/s"));
    // Of a block of addresses the first is tried first; the others are asked for where it is full.
    let first = usable().find_map(|it| it.cidr.and_then(|cidr| cidr.addresses().next()));
    let Some(ip) = first else { return };
    for port in network.with_numbers() {
        let blocks = usable().filter_map(|it| it.cidr).flat_map(|cidr| cidr.addresses().take(256));
        checks.push(static_port(port, &blocks.collect::<Vec<_>>(), taken));
    }
    if !network.to_choose().is_empty() {
        let (used, free) = dynamic_ports(node, taken, &ip);
        checks.push(NodeCheck::counted("dynamic ports", network.to_choose().len(), used, free));
    }
}

fn static_port(port: &Port, addresses: &[String], taken: &Taken) -> NodeCheck {
    let value = u16::try_from(port.value).ok();
    let is_used = |ip: &str| match value {
        Some(value) => taken.ports_on(ip).is_some_and(|ports| ports.contains(value)),
        None => true,
    };
    let free = addresses.iter().find(|ip| port.ignore_collision || !is_used(ip));
    let found = match (free, addresses.is_empty()) {
        (Some(ip), _) => format!("free on {ip}"),
        (None, true) => format!("no address on host network `{}`", port.host_network()),
        (None, false) => {
            let shown: Vec<String> = addresses.iter().take(3).cloned().collect();
            let more = if addresses.len() > shown.len() { " and others" } else { "" };
            format!("in use or reserved on {}{more}", Joined(&shown))
        }
    };
    let asked = format!("{} (`{}`)", port.value, port.label);
    NodeCheck::fact(Stage::Room, Finding::new("static port", &asked, &found, free.is_some()))
}

/// How many ports of the dynamic range are in use on an address, and how many are free.
fn dynamic_ports(node: &NodeRecord, taken: &Taken, ip: &str) -> (usize, usize) {
    let (first, last) = node.dynamic_ports();
    let range = usize::from(last.saturating_sub(first)) + 1;
    let ports = taken.ports_on(ip);
    let used = ports.map_or(0, |it| it.iter().filter(|it| (first..=last).contains(it)).count());
    (used, range.saturating_sub(used))
}
