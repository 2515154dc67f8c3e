//! What is true of an engine at any time.

use super::Engine;
use super::error::BrokenEngine;
use super::queues::Queues;

impl Engine {
    /// Checks what is true at any time: what [`Cluster::check`](crate::Cluster::check) does, that queues
    /// and timers are those of the state, and that no evaluation is lost. It looks at everything.
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
        let open = state.evaluations().filter(|(_, record)| !record.status.is_terminal());
        for (slot, _) in open {
            if !queues.knows(slot) {
                return Err(BrokenEngine::LostEvaluation { id: state.evaluation_id(slot) });
            }
        }
        Ok(())
    }
}
