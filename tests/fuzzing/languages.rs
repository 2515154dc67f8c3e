//! The small languages of documents, reached through whole jobs and nodes: constraints with their
//! operands, versions and patterns, quantities of devices, globs and lists of ports.

use stowplan::model::{
    Affinity, Constraint, DeviceAttribute, DeviceInstance, Job, JobSpec, Node, NodeDevice,
    NodeReservedNetworkResources, NodeReservedResources, NodeResources, NodeSpec, Operand,
    RequestedDevice, Resources, Task, TaskGroup,
};
use stowplan::{Cluster, PlaceOptions, Verdict};

use stowplan::testing::Bytes;

/// The longest text that is tried, in bytes.
const LONGEST: usize = 60;

pub(crate) fn constraint(data: &[u8]) {
    let bytes = &mut Bytes::new(data);
    match bytes.below(6) {
        0 => operands(bytes),
        1 => quantities(bytes),
        2 => versions(bytes),
        3 => globs(bytes),
        4 => port_lists(bytes),
        _ => targets(bytes),
    }
}

/// A literal means the same as an attribute of that text, a constraint the same as an affinity.
fn operands(bytes: &mut Bytes<'_>) {
    let operands: Vec<&str> = Operand::known().filter(|it| !it.starts_with("distinct")).collect();
    let operand = bytes.pick(&operands);
    let (left, right) = (bytes.text(LONGEST), bytes.text(LONGEST));
    let node = node(|spec| {
        spec.attributes.insert("a".into(), left.clone());
        spec.attributes.insert("b".into(), right.clone());
    });
    let Some(node) = node else { return };
    let holds = |operand: &str, right: &str| {
        job(|spec| spec.constraints.push(rule("${attr.a}", operand, right)))
            .map(|job| is_ranked(&node, &job))
    };
    let looked_up = holds(operand, "${attr.b}");
    let literal = holds(operand, &right).filter(|_| !right.starts_with("${"));
    if let (Some(looked_up), Some(literal)) = (looked_up, literal) {
        assert_eq!(looked_up, literal, "{left:?} {operand} {right:?}");
    }
    let affine = job(|spec| {
        spec.affinities.push(Affinity {
            l_target: "${attr.a}".into(),
            operand: operand.into(),
            r_target: "${attr.b}".into(),
            weight: Some(100),
            ..Affinity::default()
        });
    });
    if let (Some(looked_up), Some(affine)) = (looked_up, affine) {
        assert_eq!(affinity(&node, &affine), looked_up, "{left:?} {operand} {right:?}");
    }
    let both = |a: &str, b: &str| {
        holds(a, "${attr.b}").unwrap_or(false) && holds(b, "${attr.b}").unwrap_or(false)
    };
    for (a, b) in [("=", "!="), ("<", ">="), (">", "<="), ("<", ">")] {
        assert!(!both(a, b), "{left:?} {a} and {b} {right:?}");
    }
}

/// Typed values of devices are ordered, as far as they are comparable.
fn quantities(bytes: &mut Bytes<'_>) {
    let texts = [bytes.text(24), bytes.text(24), bytes.text(24)];
    let attribute =
        DeviceAttribute { string: Some(texts[0].clone()), ..DeviceAttribute::default() };
    let node = device_node(attribute);
    let holds = |left: &str, operand: &str, right: &str| {
        let request = RequestedDevice {
            name: "gpu".into(),
            constraints: vec![rule(left, operand, right)],
            ..RequestedDevice::default()
        };
        let resources = Resources { devices: vec![request], ..Resources::default() };
        let job = job(|spec| spec.task_groups[0].tasks[0].resources = Some(resources));
        job.map(|job| is_ranked(&node, &job))
    };
    let [a, b, c] = texts.each_ref().map(String::as_str);
    for (left, right) in [(a, b), (b, c), (a, c), (a, a)] {
        let less = holds(left, "<", right);
        assert!(less.is_none() || less == holds(right, ">", left).or(less), "{left:?} < {right:?}");
        let of = |operand| holds(left, operand, right).unwrap_or(false);
        let [lt, le, eq, ge, gt, ne] = ["<", "<=", "=", ">=", ">", "!="].map(of);
        let count = [lt, eq, gt].iter().filter(|it| **it).count();
        assert!(count <= 1, "{left:?} and {right:?}: {lt} {eq} {gt}");
        assert!(le == (lt || eq) && ge == (gt || eq) || !both_texts(left, right));
        assert!(!(eq && ne), "{left:?} and {right:?} are equal and not");
    }
    let of = |left, right| holds(left, "<=", right).unwrap_or(false);
    if of(a, b) && of(b, c) {
        assert!(of(a, c), "{a:?} <= {b:?} <= {c:?}");
    }
}

/// Validation refuses an empty side, and then nothing is known of it.
fn both_texts(left: &str, right: &str) -> bool {
    let is_target = |text: &str| text.contains('$');
    !left.is_empty() && !right.is_empty() && !is_target(left) && !is_target(right)
}

/// A list of versions holds where each of its parts does.
fn versions(bytes: &mut Bytes<'_>) {
    let operand = bytes.pick(&["version", "semver"]);
    let version = bytes.text(24);
    let parts = [bytes.text(20), bytes.text(20)];
    let Some(node) = node(|spec| {
        spec.attributes.insert("a".into(), version.clone());
    }) else {
        return;
    };
    let holds = |right: &str| {
        job(|spec| spec.constraints.push(rule("${attr.a}", operand, right)))
            .map(|job| is_ranked(&node, &job))
    };
    if parts.iter().any(|part| part.contains([',', '$'])) {
        return;
    }
    let single = parts.each_ref().map(|part| holds(part));
    let together = holds(&parts.join(","));
    if let [Some(first), Some(second)] = single {
        assert_eq!(together, Some(first && second), "{version:?} {operand} {parts:?}");
    }
    if let (Some(equal), Some(unequal)) =
        (holds(&format!("= {}", parts[0])), holds(&format!("!= {}", parts[0])))
    {
        assert!(!(equal && unequal), "{version:?} is {:?} and not", parts[0]);
    }
}

/// Globs of datacenters against a matcher that tries everything.
fn globs(bytes: &mut Bytes<'_>) {
    fn matches(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|at| matches(rest, &text[at..])),
            Some((first, rest)) => text.first() == Some(first) && matches(rest, &text[1..]),
        }
    }
    // Few letters, so that something matches.
    let mut text = |most: usize| -> String {
        (0..bytes.below(most)).map(|_| bytes.pick(&['a', 'b', '*', 'a'])).collect()
    };
    let (pattern, datacenter) = (text(10), text(12));
    let node = node(|spec| spec.datacenter.clone_from(&datacenter));
    let job = job(|spec| spec.datacenters = vec![pattern.clone()]);
    let (Some(node), Some(job)) = (node, job) else { return };
    let chars = |text: &str| text.chars().collect::<Vec<char>>();
    let expected = matches(&chars(&pattern), &chars(&datacenter));
    assert_eq!(is_ranked(&node, &job), expected, "{pattern} {datacenter}");
}

/// Lists of ports against a reader that does as docs/placement.md, section 4.1, says, word by word.
fn port_lists(bytes: &mut Bytes<'_>) {
    let text: String = match bytes.one_in(2) {
        true => bytes.text(LONGEST),
        false => {
            (0..bytes.below(14)).map(|_| bytes.pick(&['1', '3', ',', '-', ' ', '0'])).collect()
        }
    };
    let number = |text: &str| -> Option<u16> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|port| is_number && *port > 0)
    };
    let range = |part: &str| -> Option<(u16, u16)> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first.trim())?, number(last.trim())?);
        (first <= last).then_some((first, last))
    };
    let expected: Option<Vec<(u16, u16)>> = match text.trim() {
        "" => Some(Vec::new()),
        text => text.split(',').map(range).collect(),
    };
    let node = node(|spec| {
        spec.reserved_resources = Some(NodeReservedResources {
            networks: NodeReservedNetworkResources {
                reserved_host_ports: text.clone(),
                ..NodeReservedNetworkResources::default()
            },
            ..NodeReservedResources::default()
        });
    });
    assert_eq!(node.is_some(), expected.is_some(), "{text:?}");
    let (Some(node), Some(expected)) = (node, expected) else { return };
    for port in 0..=u16::MAX {
        let is_in = node.reserved_ports().iter().any(|range| range.contains(&port));
        let should = expected.iter().any(|(first, last)| (*first..=*last).contains(&port));
        assert_eq!(is_in, should, "{port} of {text:?}");
    }
}

/// Targets of any text resolve to something or nothing, and are counted under their own text.
fn targets(bytes: &mut Bytes<'_>) {
    let (left, right) = (bytes.text(LONGEST), bytes.text(LONGEST));
    let node = node(|spec| {
        spec.meta.insert("rack".into(), "r1".into());
        spec.attributes
            .insert(left.trim_start_matches("${attr.").trim_end_matches('}').into(), "1".into());
    });
    let job = job(|spec| spec.constraints.push(rule(&left, "=", &right)));
    let (Some(node), Some(job)) = (node, job) else { return };
    if let Verdict::Filtered(rules) = verdict(&node, &job) {
        let texts: Vec<String> = rules.iter().map(ToString::to_string).collect();
        assert_eq!(texts, [format!("{left} = {right}")]);
    }
}

fn rule(left: &str, operand: &str, right: &str) -> Constraint {
    Constraint {
        l_target: left.into(),
        operand: operand.into(),
        r_target: right.into(),
        ..Constraint::default()
    }
}

fn node(change: impl FnOnce(&mut NodeSpec)) -> Option<Node> {
    let mut spec = NodeSpec {
        id: "n1".into(),
        datacenter: "dc1".into(),
        node_resources: Some(resources()),
        ..NodeSpec::default()
    };
    spec.attributes.insert("driver.docker".into(), "1".into());
    change(&mut spec);
    Node::new(spec).ok()
}

fn resources() -> NodeResources {
    let mut resources = NodeResources::default();
    resources.cpu.cpu_shares = 1000;
    resources.memory.memory_mb = 1000;
    resources.disk.disk_mb = 1000;
    resources
}

fn device_node(attribute: DeviceAttribute) -> Node {
    let instance = DeviceInstance { id: "u1".into(), healthy: true, ..DeviceInstance::default() };
    let mut device = NodeDevice {
        vendor: "nvidia".into(),
        device_type: "gpu".into(),
        name: "1080ti".into(),
        instances: vec![instance],
        ..NodeDevice::default()
    };
    device.attributes.insert("x".into(), attribute);
    let node = node(|spec| spec.node_resources.as_mut().unwrap().devices.push(device));
    node.unwrap()
}

fn job(change: impl FnOnce(&mut JobSpec)) -> Option<Job> {
    let task = Task { name: "t".into(), driver: "docker".into(), ..Task::default() };
    let group = TaskGroup { name: "g".into(), tasks: vec![task], ..TaskGroup::default() };
    let mut spec = JobSpec { id: "j".into(), task_groups: vec![group], ..JobSpec::default() };
    change(&mut spec);
    Job::new(spec).ok()
}

fn verdict(node: &Node, job: &Job) -> Verdict {
    let cluster = Cluster::new([node.clone()]).unwrap();
    let explanation = cluster.explain(job, "g", &PlaceOptions::default()).unwrap();
    explanation.nodes()[0].verdict().clone()
}

fn is_ranked(node: &Node, job: &Job) -> bool {
    matches!(verdict(node, job), Verdict::Ranked { .. })
}

/// Whether the job's only affinity matches.
fn affinity(node: &Node, job: &Job) -> bool {
    let Verdict::Ranked { scores, .. } = verdict(node, job) else { panic!("not ranked") };
    scores.contains(&("node-affinity", 1.0))
}
