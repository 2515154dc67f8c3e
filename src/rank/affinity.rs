//! Node affinity: the share of a group's affinities that a node matches (specification, section 3.5).

use crate::feasibility::constraint::ConstraintRule;
use crate::model::Job;
use crate::model::TaskGroup;
use crate::model::constraint::{Affinity, Constraint};
use crate::state::node::NodeRecord;

/// The affinities of a job, a group and its tasks together.
#[derive(Clone, Debug)]
pub(crate) struct Affinities {
    rules: Vec<(ConstraintRule, f64)>,
    /// The sum of the sizes of all weights.
    weight_sum: f64,
}

impl Affinities {
    /// The affinities of a group; `None` if it has none. Soft constraints are affinities of their
    /// weight, and those of weight 0 weigh nothing.
    pub(crate) fn of(job: &Job, group: &TaskGroup) -> Option<Affinities> {
        let mut rules = Vec::new();
        let mut add = |affinities: &[Affinity], constraints: &[Constraint]| {
            rules.extend(affinities.iter().map(|it| {
                let rule = ConstraintRule::new(&it.l_target, &it.operand, &it.r_target);
                (rule, it.weight() as f64)
            }));
            let soft = constraints.iter().filter(|it| it.is_soft());
            let weighted = soft.map(|it| (it, it.weight.unwrap_or(0) as f64));
            let weighing = weighted.filter(|(_, weight)| *weight != 0.0);
            rules.extend(weighing.map(|(it, weight)| (ConstraintRule::of(it), weight)));
        };
        add(&job.spec().affinities, &job.spec().constraints);
        add(&group.affinities, &group.constraints);
        for task in &group.tasks {
            add(&task.affinities, &task.constraints);
        }
        let weight_sum = rules.iter().map(|(_, weight)| weight.abs()).sum();
        (weight_sum > 0.0).then_some(Affinities { rules, weight_sum })
    }

    /// The score of a node, from -1 to 1.
    pub(crate) fn score(&self, node: &NodeRecord) -> f64 {
        let matched = self.rules.iter().filter(|(rule, _)| rule.holds(node));
        matched.map(|(_, weight)| weight).sum::<f64>() / self.weight_sum
    }

    /// Whether it reads facts that differ from node to node by their nature.
    pub(crate) fn is_unique(&self) -> bool {
        self.rules.iter().any(|(rule, _)| rule.is_unique())
    }
}
