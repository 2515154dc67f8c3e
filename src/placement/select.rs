//! One selection by scanning: the best node for a group's next allocation, the counts of all that were
//! looked at, and the best scores.

use std::sync::Arc;

use indexmap::IndexMap;

use super::filters::FilteredByProperty;
use super::group::GroupPlan;
use super::options::{PlaceOptions, Search};
use super::sample::{self, Cursor};
use super::scan::{Candidate, Filter, Scan, Verdict, compare};
use crate::fit::exhausted::Exhausted;
use crate::rank::preempt::Evicted;
use crate::state::State;
use crate::state::node::NodeRecord;
use crate::state::slots::NodeSlot;
use crate::state::tally::{BaseTally, Filtered, Tally, add};

/// What one selection found.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The best node, if any would do.
    pub(crate) best: Option<Candidate>,
    pub(crate) tally: Tally,
    /// The best candidates, best first, as many as the metrics show.
    pub(crate) top: Vec<Candidate>,
}

/// Selects by looking at all nodes, or at a sample of them from where the cursor is.
pub(crate) fn select(
    state: &State,
    plan: &GroupPlan<'_>,
    options: &PlaceOptions,
    evicted: Option<&Evicted>,
    cursor: Option<&mut Cursor>,
) -> Selection {
    let scan = Scan::new(state, plan, evicted);
    let mut counter = Counter::new(plan);
    let mut candidates: Vec<Candidate> = match (options.search, cursor) {
        (Search::Best, _) | (_, None) => {
            let nodes = state.nodes();
            nodes.filter_map(|(slot, node)| counter.look(&scan, slot, node)).collect()
        }
        (Search::Sample(limit), Some(cursor)) => {
            let round = cursor.round().filter_map(|slot| Some((slot, state.node(slot)?)));
            let offers = round.filter_map(|(slot, node)| counter.look(&scan, slot, node));
            sample::limited(offers, limit, |candidate: &Candidate| candidate.scores.mean())
        }
    };
    let mut tally = counter.finish();
    let base = base_tally(state, plan, std::mem::take(&mut tally.filtered));
    tally.base = Arc::new(base);
    if options.search == Search::Best {
        candidates.sort_by(|a, b| compare(b, a));
    } else {
        // Of equals in a sample the one that came first is taken.
        candidates.sort_by(|a, b| b.scores.mean().total_cmp(&a.scores.mean()));
    }
    let best = candidates.first().cloned();
    candidates.truncate(options.score_detail.limit());
    Selection { best, tally, top: candidates }
}

/// The nodes that a job looks at, counted.
pub(crate) fn base_tally(state: &State, plan: &GroupPlan<'_>, filtered: Filtered) -> BaseTally {
    let mut base = BaseTally { filtered, ..BaseTally::default() };
    for (_, node) in state.nodes().filter(|(_, node)| plan.base.contains(node)) {
        base.nodes += 1;
        add(&mut base.available, state.name(node.datacenter), 1);
    }
    base
}

/// Counts what becomes of the nodes that a selection looks at.
struct Counter<'a> {
    plan: &'a GroupPlan<'a>,
    tally: Tally,
    /// What each `distinct_property` filters.
    by_property: Vec<FilteredByProperty>,
    /// The texts of what ran out, each made once.
    keys: IndexMap<Exhausted, Arc<str>>,
}

impl<'a> Counter<'a> {
    fn new(plan: &'a GroupPlan<'a>) -> Counter<'a> {
        let by_property = vec![FilteredByProperty::default(); plan.distinct_properties.len()];
        Counter { plan, tally: Tally::default(), by_property, keys: IndexMap::new() }
    }

    /// Looks at a node and gives it back if it would do.
    fn look<'s>(
        &mut self,
        scan: &Scan<'s>,
        slot: NodeSlot,
        node: &'s NodeRecord,
    ) -> Option<Candidate> {
        let verdict = scan.verdict(slot, node);
        if !matches!(verdict, Verdict::NotCandidate) {
            self.tally.evaluated += 1;
        }
        let class = scan.state().name(node.class);
        match verdict {
            Verdict::NotCandidate => None,
            Verdict::Filtered(Filter { reason, property }) => {
                let text = reason.text();
                match property {
                    None => self.tally.filtered.add(&text, class),
                    Some(at) => {
                        self.by_property[at].add(&text, 1);
                        self.tally.filtered.add_class(class, 1);
                    }
                }
                None
            }
            Verdict::Exhausted(exhausted) => {
                let ask = &self.plan.ask;
                let key = self.keys.entry(exhausted).or_insert_with(|| exhausted.key(ask).into());
                self.tally.exhausted.add(key, class);
                None
            }
            Verdict::Ranked(candidate) => Some(candidate),
        }
    }

    fn finish(mut self) -> Tally {
        for (rule, filtered) in self.plan.distinct_properties.iter().zip(&self.by_property) {
            filtered.add_to(rule, &mut self.tally.filtered);
        }
        self.tally
    }
}
