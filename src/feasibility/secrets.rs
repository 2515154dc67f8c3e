//! Secrets: every provider that a group's tasks read from must be on the node (docs/placement.md, section
//! 2.4).

use super::finding::Finding;
use super::fix_action::FixAction;
use super::reason::FilterReason;
use super::remedies::Remedies;
use super::rule::{Rule, RuleKind, RuleSource, one};
use super::view::NodeView;
use crate::state::facts::{Fact, FactSet};

/// The rule on a group's secrets providers.
pub(crate) const SECRETS: RuleKind = RuleKind {
    write_key: |source, key| key.list(providers(source), |key, provider| key.text(provider)),
    rules: |source| {
        let mut providers: Vec<String> = providers(source).cloned().collect();
        providers.sort();
        providers.dedup();
        if providers.is_empty() { Vec::new() } else { one(SecretsRule { providers }) }
    },
};

fn providers<'a>(source: &RuleSource<'a>) -> impl Iterator<Item = &'a String> {
    let secrets = source.group.tasks.iter().flat_map(|task| &task.secrets);
    secrets.map(|secret| &secret.provider)
}

/// The secrets providers that a group needs.
#[derive(Debug)]
struct SecretsRule {
    providers: Vec<String>,
}

impl SecretsRule {
    fn missing<'a>(&'a self, node: NodeView<'a>) -> impl Iterator<Item = &'a String> {
        self.providers.iter().filter(move |provider| {
            node.attribute(&format!("plugins.secrets.{provider}.version")).is_none()
        })
    }
}

impl Rule for SecretsRule {
    fn facts(&self) -> FactSet {
        FactSet::of(&[Fact::Attributes])
    }

    fn filter(&self, node: NodeView<'_>, reasons: &mut Vec<FilterReason>) {
        if self.missing(node).next().is_some() {
            reasons.push(FilterReason::MissingSecretsProvider);
        }
    }

    fn findings(&self, node: NodeView<'_>, findings: &mut Vec<Finding>) {
        for provider in &self.providers {
            let passes = !self.missing(node).any(|it| it == provider);
            let found = if passes { "there" } else { "missing" };
            findings.push(Finding::new(
                "secrets provider",
                &format!("`{provider}`"),
                found,
                passes,
            ));
        }
    }

    fn remedy(&self, node: NodeView<'_>, remedies: &mut Remedies) {
        for provider in self.missing(node) {
            let provider = provider.clone();
            remedies.add(FixAction::AddSecretsProvider { nodes: Vec::new(), provider });
        }
    }
}
