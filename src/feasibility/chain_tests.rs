//! Tests of `chain.rs`: what it takes to add a rule, and what becomes of one that reads more than it
//! names.

use super::*;
use crate::feasibility::mask::{FIRST_RULE, Mask, NOT_CANDIDATE, PASSES};
use crate::feasibility::rule::one;
use crate::model::{Job, Node};
use crate::state::State;
use crate::time::Timestamp;

/// A rule that is no rule of ours: the class of a node and the name of a group have to be one.
const NAMESAKES: RuleKind = RuleKind {
    write_key: |source, key| key.text(&source.group.name),
    rules: |source| one(Namesakes { group: source.group.name.clone(), names: &[Fact::Class] }),
};

/// The same rule where it forgot what it reads.
const FORGETFUL: RuleKind = RuleKind {
    rules: |source| one(Namesakes { group: source.group.name.clone(), names: &[] }),
    ..NAMESAKES
};

#[derive(Debug)]
struct Namesakes {
    group: String,
    names: &'static [Fact],
}

impl Rule for Namesakes {
    fn facts(&self) -> FactSet {
        FactSet::of(self.names)
    }

    fn filter(&self, node: NodeView<'_>, reasons: &mut Vec<FilterReason>) {
        if node.node_class() != self.group {
            reasons.push(FilterReason::Constraint("no namesake".into()));
        }
    }

    fn findings(&self, node: NodeView<'_>, findings: &mut Vec<Finding>) {
        let (asked, found) = (self.group.as_str(), node.node_class());
        findings.push(Finding::new("namesake", asked, found, asked == found));
    }

    fn remedy(&self, _: NodeView<'_>, _: &mut Remedies) {}
}

fn job(group: &str) -> Job {
    let json = format!(
        r#"{{"ID": "web", "TaskGroups": [{{"Name": "{group}",
            "Tasks": [{{"Name": "nginx", "Driver": "docker"}}]}}]}}"#
    );
    Job::from_json(&json).unwrap()
}

fn source(job: &Job) -> RuleSource<'_> {
    RuleSource { job, group: &job.task_groups[0], index: 0 }
}

fn key_of(kinds: &[RuleKind], job: &Job) -> Vec<u64> {
    let mut key = KeyWriter::default();
    write_key_of(kinds, &source(job), &mut key);
    key.words().to_vec()
}

/// Nodes of the classes `front` and `back`, two of each, and one of another datacenter.
fn state() -> State {
    let mut state = State::new(0);
    let mut transaction = state.begin(Timestamp::EPOCH);
    let nodes = [("dc1", "front"), ("dc1", "back"), ("dc1", "front"), ("dc1", "back"), ("dc2", "")];
    for (at, (datacenter, class)) in nodes.into_iter().enumerate() {
        let json = format!(
            r#"{{"ID": "n{at}", "Datacenter": "{datacenter}", "NodeClass": "{class}",
                "Attributes": {{"driver.docker": "1"}}, "NodeResources": {{}}}}"#
        );
        transaction.upsert_node(Node::from_json(&json).unwrap());
    }
    transaction.commit();
    state
}

fn codes(kinds: &[RuleKind]) -> Vec<u16> {
    let (state, mut job) = (state(), job("front"));
    job = job.changed(|spec| spec.datacenters = vec!["dc1".into()]).unwrap();
    let mask = Mask::new(&state, &job, Chain::of_kinds(kinds, &source(&job)));
    state.nodes().map(|(slot, _)| mask.code(slot)).collect()
}

#[test]
fn a_rule_is_added_in_one_file_and_one_line() {
    let with_one_more: Vec<RuleKind> = RULES.into_iter().chain([NAMESAKES]).collect();
    assert_eq!(codes(&RULES), [PASSES, PASSES, PASSES, PASSES, NOT_CANDIDATE]);
    let filtered = FIRST_RULE;
    assert_eq!(codes(&with_one_more), [PASSES, filtered, PASSES, filtered, NOT_CANDIDATE]);
    // Groups that differ only in what the rule goes by shared a mask, and do so no longer.
    let [front, back] = ["front", "back"].map(job);
    assert_eq!(key_of(&RULES, &front), key_of(&RULES, &back));
    assert_ne!(key_of(&with_one_more, &front), key_of(&with_one_more, &back));
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "Class is read and not named")]
fn a_rule_that_reads_what_it_does_not_name_is_caught() {
    codes(&[FORGETFUL]);
}

/// Whatever a group asks for, a rule that reads what differs from node to node is asked of every node.
#[test]
fn rules_name_what_they_read() {
    let facts_of = |fields: &str| {
        let json = format!(
            r#"{{"ID": "web", "TaskGroups": [{{"Name": "front", {fields}
                "Tasks": [{{"Name": "nginx", "Driver": "docker"}}]}}]}}"#
        );
        let job = Job::from_json(&json).unwrap();
        Chain::of(&source(&job)).facts()
    };
    let constraint = |target: &str| {
        facts_of(&format!(r#""Constraints": [{{"LTarget": "{target}", "RTarget": "x"}}],"#))
    };
    let volume = |mode: &str| {
        facts_of(&format!(
            r#""Volumes": {{"v": {{"Type": "host", "Source": "v", "AccessMode": "{mode}"}}}},"#
        ))
    };
    let network = |network: &str| facts_of(&format!(r#""Networks": [{network}],"#));
    let plain = FactSet::of(&[Fact::Drivers, Fact::Attributes]);
    let cases = [
        (facts_of(""), plain),
        (constraint("${node.class}"), plain.with(Fact::Class)),
        (constraint("${node.unique.name}"), plain.with(Fact::Name)),
        (constraint("${meta.unique.rack}"), plain.with(Fact::UniqueMeta)),
        (network(r#"{"Mode": "host"}"#), plain.with(Fact::NetworkModes)),
        (
            network(r#"{"DynamicPorts": [{"Label": "http", "HostNetwork": "${meta.net}"}]}"#),
            plain.union(FactSet::of(&[Fact::NetworkModes, Fact::AddressAliases, Fact::Meta])),
        ),
        (
            volume("single-node-writer"),
            plain.union(FactSet::of(&[Fact::HostVolumes, Fact::DynamicVolumes])),
        ),
        (
            volume("single-node-single-writer"),
            plain.union(FactSet::of(&[Fact::HostVolumes, Fact::DynamicVolumes, Fact::Allocations])),
        ),
    ];
    for (at, (named, expected)) in cases.into_iter().enumerate() {
        assert_eq!(named, expected, "case {at}");
    }
}
