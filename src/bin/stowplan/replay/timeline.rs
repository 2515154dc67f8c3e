//! What ran when: looks at an engine, far enough apart to be few.

use stowplan::engine::Engine;
use stowplan::model::{ClientStatus, DesiredStatus};
use stowplan::{Span, Timestamp};

/// How many looks are shown at most; up to twice as many are kept.
const SHOWN: usize = 20;

/// What there was at an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Look {
    pub(super) nodes: usize,
    pub(super) ready: usize,
    /// Jobs that are registered, those included of which nothing is to run any more.
    pub(super) jobs: usize,
    pub(super) dead_jobs: usize,
    pub(super) starting: u64,
    pub(super) running: u64,
    /// Allocations that were told to stop, and have not ended.
    pub(super) stopping: u64,
    /// Allocations that have ended, those that are forgotten included.
    pub(super) complete: u64,
    pub(super) failed: u64,
    pub(super) lost: u64,
    /// Evaluations that wait for room.
    pub(super) blocked: usize,
}

/// Looks, the earliest first.
pub(super) struct Timeline {
    looks: Vec<(Timestamp, Look)>,
    /// How far they are apart at least.
    apart: Span,
}

impl Timeline {
    pub(super) fn new(engine: &Engine) -> Timeline {
        let looks = if engine.commands() > 0 { vec![look(engine)] } else { Vec::new() };
        Timeline { looks, apart: Span::from_secs(1) }
    }

    /// Looks, if the latest look is long enough ago. Call it when all is done that is due at the present instant.
    pub(super) fn note(&mut self, engine: &Engine) {
        // Before the first command there is nothing, at no instant of anybody's.
        if engine.commands() == 0 {
            return;
        }
        let is_due = |(at, _): &(Timestamp, Look)| {
            at.checked_add(self.apart).is_some_and(|next| next <= engine.now())
        };
        if !self.looks.last().is_none_or(is_due) {
            return;
        }
        self.looks.push(look(engine));
        if self.looks.len() >= 2 * SHOWN {
            let mut at = 0;
            self.looks.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.apart = self.apart.saturating_mul(2);
        }
    }

    /// The looks to show: as many as a screen has room for, with the last one.
    pub(super) fn finish(mut self, engine: &Engine) -> Vec<(Timestamp, Look)> {
        let last = look(engine);
        self.looks.retain(|(at, _)| *at < last.0);
        let step = self.looks.len() / SHOWN + 1;
        let shown = self.looks.into_iter().step_by(step);
        shown.chain([last]).collect()
    }
}

/// What there is now.
fn look(engine: &Engine) -> (Timestamp, Look) {
    let mut look = Look { blocked: engine.stats().blocked, ..Look::default() };
    for node in engine.nodes() {
        look.nodes += 1;
        look.ready += usize::from(node.is_ready());
    }
    // What still runs of a job that was purged is counted, and the job is not.
    for job in engine.jobs() {
        look.jobs += usize::from(job.is_registered());
        look.dead_jobs += usize::from(job.document().is_some_and(|it| it.status == "dead"));
        let summary = job.summary().unwrap_or_default();
        for counts in summary.summary.values() {
            look.complete += counts.complete;
            look.failed += counts.failed;
            look.lost += counts.lost;
        }
        for allocation in job.allocations() {
            let client = allocation.client();
            let counter = match allocation.desired() {
                _ if client.is_terminal() => continue,
                DesiredStatus::Run if client == ClientStatus::Pending => &mut look.starting,
                DesiredStatus::Run => &mut look.running,
                _ => &mut look.stopping,
            };
            *counter += 1;
        }
    }
    (engine.now(), look)
}
