//! What an allocation will do on its node, as its job says: how long until it is well, and, for the driver
//! `mock_driver`, what its tasks come to.

use serde_json::{Map, Value};

use crate::model::{Allocation, JobSpec, JobType, Task, TaskGroup};
use crate::time::Span;

/// What an allocation will do.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Script {
    /// Its tasks.
    pub(super) tasks: Vec<String>,
    /// Whether its work is done some day.
    pub(super) is_batch: bool,
    /// Whether it has a network of its own.
    pub(super) has_network: bool,
    /// Whether anybody asks for its health.
    pub(super) is_asked_for_health: bool,
    /// How long it has to run to count as well.
    pub(super) min_healthy_time: Span,
    /// How long it may take to become well.
    pub(super) healthy_deadline: Span,
    /// What its tasks are told by their configuration; none where they use other drivers.
    pub(super) mock: Option<Mock>,
}

/// What tasks of the driver `mock_driver` are told to do: the first that fails, or the longest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mock {
    /// How long starting takes.
    pub(super) start: Span,
    /// Whether starting fails.
    pub(super) fails_to_start: bool,
    pub(super) run: Span,
    /// Whether it fails in the end.
    pub(super) fails: bool,
}

/// How long an allocation may take to become well, where its job does not say.
const HEALTHY_DEADLINE: Span = Span::from_secs(300);
const MIN_HEALTHY_TIME: Span = Span::from_secs(10);

impl Script {
    pub(super) fn of(allocation: &Allocation, job: &JobSpec) -> Script {
        let job_type = JobType::from_text(&job.job_type).unwrap_or_default();
        let group = job.task_groups.iter().find(|group| group.name == allocation.task_group);
        let Some(group) = group else { return Script::default() };
        let update = group.update.as_ref().or(job.update.as_ref());
        let migrate = group.migrate.as_ref();
        let (check, healthy, deadline) = match allocation.deployment_id.is_empty() {
            false => (
                update.map(|it| it.health_check.as_str()),
                update.and_then(|it| it.min_healthy_time),
                update.and_then(|it| it.healthy_deadline),
            ),
            true => (
                migrate.map(|it| it.health_check.as_str()),
                migrate.and_then(|it| it.min_healthy_time),
                migrate.and_then(|it| it.healthy_deadline),
            ),
        };
        let is_served = matches!(job_type, JobType::Service | JobType::System);
        Script {
            tasks: group.tasks.iter().map(|task| task.name.clone()).collect(),
            is_batch: !is_served,
            has_network: group.networks.iter().any(|it| has_own(&it.mode)),
            is_asked_for_health: is_served && check != Some("manual"),
            min_healthy_time: healthy.unwrap_or(MIN_HEALTHY_TIME),
            healthy_deadline: deadline.unwrap_or(HEALTHY_DEADLINE),
            mock: Mock::of(group),
        }
    }

    /// What is left of it for an allocation that has run for so long.
    pub(super) fn after(&self, ran: Span) -> Script {
        let left = |span: Span| Span::from_nanos((span.as_nanos() - ran.as_nanos().max(0)).max(0));
        Script {
            min_healthy_time: left(self.min_healthy_time),
            healthy_deadline: left(self.healthy_deadline),
            mock: self.mock.map(|mock| Mock { run: left(mock.run), ..mock }),
            ..self.clone()
        }
    }
}

/// Whether allocations have a network of their own in a mode.
fn has_own(mode: &str) -> bool {
    mode == "bridge" || mode.starts_with("cni/")
}

impl Mock {
    fn of(group: &TaskGroup) -> Option<Mock> {
        let mocks =
            group.tasks.iter().filter(|task| task.driver == "mock_driver").map(Mock::of_task);
        mocks.reduce(|a, b| {
            let is_first = match (a.ends_badly(), b.ends_badly()) {
                (true, true) => a.length() <= b.length(),
                (false, false) => a.length() >= b.length(),
                (is_bad, _) => is_bad,
            };
            if is_first { a } else { b }
        })
    }

    fn of_task(task: &Task) -> Mock {
        let none = Map::new();
        let config = task.extra.get("Config").and_then(Value::as_object).unwrap_or(&none);
        let span = |key: &str| match config.get(key) {
            Some(Value::String(text)) => text.parse::<Span>().unwrap_or(Span::ZERO),
            Some(Value::Number(nanos)) => nanos.as_i64().map_or(Span::ZERO, Span::from_nanos),
            _ => Span::ZERO,
        };
        let code = config.get("exit_code").and_then(|code| match code {
            Value::String(text) => text.parse().ok(),
            code => code.as_i64(),
        });
        let error = config.get("start_error").and_then(Value::as_str).unwrap_or_default();
        Mock {
            start: span("start_block_for"),
            fails_to_start: !error.is_empty(),
            run: span("run_for"),
            fails: code.is_some_and(|code| code != 0),
        }
    }

    fn ends_badly(&self) -> bool {
        self.fails || self.fails_to_start
    }

    fn length(&self) -> Span {
        let run = if self.fails_to_start { Span::ZERO } else { self.run };
        self.start + run
    }
}
