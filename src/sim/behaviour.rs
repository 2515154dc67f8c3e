//! How client nodes behave.

use super::lasting::Lasting;
use crate::time::Span;

/// How client nodes and what runs on them behave. The defaults start things within seconds, let batch work
/// run for some minutes, and let nothing fail. What a job says of itself comes first: how long it has to run
/// to count as healthy, and what tasks of the driver `mock_driver` are to do (`run_for`, `exit_code`,
/// `start_error`, `start_block_for`).
///
/// ```
/// use stowplan::Span;
/// use stowplan::sim::{Behaviour, Lasting};
///
/// let hour = Span::from_secs(3_600);
/// let behaviour = Behaviour { run: Lasting::Exponential(hour), ..Behaviour::default() };
/// assert_eq!(behaviour.failed_per_1000, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// From when a client hears of an allocation until that runs.
    pub start: Lasting,
    /// Of 1,000 allocations of which the health is asked for, how many never become well.
    pub unhealthy_per_1000: u32,
    /// How long allocations of batch and sysbatch jobs run.
    pub run: Lasting,
    /// Of 1,000 of these, how many fail in the end.
    pub failed_per_1000: u32,
    /// How long allocations of service and system jobs run until they fail.
    pub failure: Lasting,
    /// From when a client hears that something is to stop until it has ended.
    pub stop: Lasting,
    /// How long a client gathers what it has to tell before it tells it, all at once.
    pub sync: Span,
    /// How long a node lives, until it dies with all that is on it.
    pub node_failure: Lasting,
    /// How long a dead node takes to come back.
    pub node_downtime: Lasting,
    /// Whether clients tell what happened to each task and which network an allocation has, for people to
    /// read. Scheduling makes nothing of it.
    pub details: bool,
}

impl Behaviour {
    /// Clients that start things at once and stop them in a moment, and on which nothing happens but what
    /// jobs ask for: batch work that does not say how long it runs is done at once.
    pub fn prompt() -> Behaviour {
        let at_once = Lasting::Fixed(Span::ZERO);
        let moment = Lasting::Fixed(Span::from_nanos(250_000_000));
        Behaviour { start: at_once, stop: moment, run: at_once, ..Behaviour::default() }
    }
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        let seconds = Span::from_secs;
        Behaviour {
            start: Lasting::Between(seconds(1), seconds(5)),
            unhealthy_per_1000: 0,
            run: Lasting::Exponential(seconds(300)),
            failed_per_1000: 0,
            failure: Lasting::Forever,
            stop: Lasting::Fixed(seconds(1)),
            sync: Span::from_nanos(200_000_000),
            node_failure: Lasting::Forever,
            node_downtime: Lasting::Exponential(seconds(600)),
            details: false,
        }
    }
}
