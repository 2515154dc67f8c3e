//! What is true of an engine at any time.

use super::Engine;
use super::error::BrokenEngine;
use super::queues::Queues;

impl Engine {
    /// Checks what is true at any time: what [`Cluster::check`](crate::Cluster::check) does, that queues
    /// and timers are those of the state, that news is of what is there, and that no evaluation is lost. It looks at
    /// everything.
    ///
    /// An embedder's property test, on engines that the feature `proptest` makes: whatever happened, a node that
    /// has to be empty at once is, but for what waits for a node that is out of reach.
    ///
    /// ```
    /// use proptest::prelude::*;
    /// use stowplan::engine::{DrainNode, DrainSpec};
    /// use stowplan::model::ClientStatus;
    /// use stowplan::testing::engines;
    /// use stowplan::{Span, Timestamp};
    ///
    /// proptest!(ProptestConfig { cases: 8, failure_persistence: None, ..Default::default() }, |(mut engine in engines(60))| {
    ///     let drain_spec = Some(DrainSpec { deadline: Span::from_secs(-1), ..DrainSpec::default() });
    ///     let drain = DrainNode { node_id: "n1".into(), drain_spec, ..DrainNode::default() };
    ///     let is_there = engine.apply(engine.now(), drain.into()).is_ok();
    ///     engine.advance(engine.now() + Span::from_secs(1)).unwrap();
    ///     prop_assert!(!is_there || !engine.allocations_on("n1").any(|it| it.is_live() && it.client() != ClientStatus::Unknown));
    ///     prop_assert_eq!(engine.check(), Ok(())); // what is true at any time
    /// });
    /// ```
    ///
    /// # Errors
    ///
    /// The first thing found that is not so.
    pub fn check(&self) -> Result<(), BrokenEngine> {
        self.cluster.check()?;
        let state = self.cluster.state();
        let queues = Queues::of(state, &self.options.garbage);
        if queues != *self.queues {
            let difference = format!("{queues:?} and {:?}", self.queues);
            return Err(BrokenEngine::Queues { difference });
        }
        let mut news = state.book().news.keys();
        if let Some(stray) = news.find(|slot| state.deployment(**slot).is_none()) {
            return Err(BrokenEngine::StrayNews { slot: stray.0 });
        }
        let open = state.evaluations().filter(|(_, record)| !record.status.is_terminal());
        for (slot, _) in open {
            if !queues.knows(slot) {
                return Err(BrokenEngine::LostEvaluation { id: state.evaluation_id(slot) });
            }
        }
        Ok(())
    }
}
