//! The blocks that say how allocations are changed, moved, restarted and replaced
//! (docs/lifecycle.md, section 9). They are complete already.

use super::{one_of, range, unknown};
use crate::model::job_spec::TaskGroup;
use crate::model::job_type::JobType;
use crate::model::problem::{Path, Problems};
use crate::model::strategy::{
    DelayFunction, DisconnectReconcile, DisconnectStrategy, MigrateStrategy, ReschedulePolicy,
    RestartPolicy, ScalingPolicy, UpdateStrategy,
};
use crate::time::Span;

/// What restarts are counted over at least.
const RESTART_INTERVAL_MIN: Span = Span::from_secs(5);
/// What replacements are counted over at least.
const RESCHEDULE_INTERVAL_MIN: Span = Span::from_secs(15);
/// The shortest time before a replacement.
const RESCHEDULE_DELAY_MIN: Span = Span::from_secs(5);

/// The largest number that a block may name.
const NUMBER_MAX: i64 = 1_000_000;

/// Checks the blocks of a group.
pub(super) fn group(problems: &mut Problems, at: &Path<'_>, group: &TaskGroup, job_type: JobType) {
    if let Some(policy) = &group.restart_policy {
        restart(problems, &at.key("RestartPolicy"), policy);
    }
    let mut only_for = |key: &str, types: &[JobType]| {
        let is_for = types.contains(&job_type);
        if !is_for {
            let names: Vec<String> = types.iter().map(|one| format!("`{one}`")).collect();
            let message =
                format!("is for jobs of type {}, found `{job_type}`", names.join(" and "));
            problems.add(at.key(key), message);
        }
        is_for
    };
    let is_rescheduled = group.reschedule_policy.is_some()
        && only_for("ReschedulePolicy", &[JobType::Service, JobType::Batch]);
    let is_updated =
        group.update.is_some() && only_for("Update", &[JobType::Service, JobType::System]);
    let is_migrated = group.migrate.is_some() && only_for("Migrate", &[JobType::Service]);
    if let Some(policy) = group.reschedule_policy.as_ref().filter(|_| is_rescheduled) {
        reschedule(problems, &at.key("ReschedulePolicy"), policy);
    }
    if let Some(strategy) = group.update.as_ref().filter(|_| is_updated) {
        update(problems, &at.key("Update"), strategy);
    }
    if let Some(strategy) = group.migrate.as_ref().filter(|_| is_migrated) {
        migrate(problems, &at.key("Migrate"), strategy);
    }
    if let Some(strategy) = &group.disconnect {
        disconnect(problems, &at.key("Disconnect"), strategy);
    }
    if let Some(policy) = &group.scaling {
        scaling(problems, at, policy, i64::from(group.count()));
    }
}

/// Checks that a length of time is not negative.
fn not_negative(problems: &mut Problems, at: Path<'_>, span: Option<Span>) {
    at_least(problems, at, span, Span::ZERO);
}

/// Checks the shortest that a length of time may be.
fn at_least(problems: &mut Problems, at: Path<'_>, span: Option<Span>, least: Span) {
    if let Some(span) = span
        && span < least
    {
        let (found, least) = (span.as_nanos(), least.as_nanos());
        problems.add(at, format!("expected at least {least} ns, found `{found}`"));
    }
}

pub(super) fn restart(problems: &mut Problems, at: &Path<'_>, policy: &RestartPolicy) {
    one_of(problems, at.key("Mode"), &policy.mode, "mode", &["delay", "fail"]);
    let attempts = policy.attempts.unwrap_or_default();
    range(problems, at.key("Attempts"), attempts, 0, NUMBER_MAX, "");
    at_least(problems, at.key("Interval"), policy.interval, RESTART_INTERVAL_MIN);
    not_negative(problems, at.key("Delay"), policy.delay);
    let (delay, interval) = (policy.delay.unwrap_or_default(), policy.interval.unwrap_or_default());
    if attempts > 0 && interval >= RESTART_INTERVAL_MIN && delay.saturating_mul(attempts) > interval
    {
        let message = format!(
            "{attempts} restarts with a delay of {} ns take longer than the interval of {} ns",
            delay.as_nanos(),
            interval.as_nanos()
        );
        problems.add(at.key("Attempts"), message);
    }
}

fn reschedule(problems: &mut Problems, at: &Path<'_>, policy: &ReschedulePolicy) {
    if DelayFunction::from_text(&policy.delay_function).is_none() {
        let known = DelayFunction::ALL.iter().map(|one| one.as_str());
        let message = unknown(&policy.delay_function, "function", known);
        problems.add(at.key("DelayFunction"), message);
    }
    range(problems, at.key("Attempts"), policy.attempts.unwrap_or(0), 0, NUMBER_MAX, "");
    let (is_limited, delay) = (policy.attempts() > 0, policy.delay());
    if !is_limited && !policy.unlimited() {
        // Nothing is replaced, so the rest does not matter.
        return;
    }
    if is_limited && policy.unlimited() {
        let message = "expected a number of `Attempts` or `Unlimited`, found both";
        return problems.add(at.key("Unlimited"), message);
    }
    at_least(problems, at.key("Delay"), Some(delay), RESCHEDULE_DELAY_MIN);
    if policy.delay_function() != DelayFunction::Constant && policy.max_delay() < delay {
        let message = format!(
            "expected at least the `Delay` of {} ns, found `{}`",
            delay.as_nanos(),
            policy.max_delay().as_nanos()
        );
        problems.add(at.key("MaxDelay"), message);
    }
    if is_limited {
        let interval = policy.interval();
        at_least(problems, at.key("Interval"), Some(interval), RESCHEDULE_INTERVAL_MIN);
        let needed = time_of_attempts(policy);
        if interval >= RESCHEDULE_INTERVAL_MIN && needed > interval {
            let message = format!(
                "{} attempts take at least {} ns, which is longer than the interval of {} ns",
                policy.attempts(),
                needed.as_nanos(),
                interval.as_nanos()
            );
            problems.add(at.key("Attempts"), message);
        }
    }
}

/// The time that the attempts of a policy take at least: all delays before the last attempt.
fn time_of_attempts(policy: &ReschedulePolicy) -> Span {
    let (base, most) = (policy.delay(), policy.max_delay());
    let cap = |delay: Span| match policy.delay_function() {
        DelayFunction::Constant => delay,
        DelayFunction::Exponential | DelayFunction::Fibonacci => delay.min(most),
    };
    let (mut before, mut delay, mut sum) = (Span::ZERO, cap(base), Span::ZERO);
    for done in 0..policy.attempts() {
        if sum > policy.interval() || before == delay && done > 1 {
            // Too long already, or it does not grow any more.
            let left = i64::from(policy.attempts() - done);
            return sum + delay.saturating_mul(left);
        }
        sum = sum + delay;
        let next = match policy.delay_function() {
            DelayFunction::Constant => delay,
            DelayFunction::Exponential => cap(delay.saturating_mul(2)),
            // The first two are the base.
            DelayFunction::Fibonacci if done == 0 => delay,
            DelayFunction::Fibonacci => cap(before + delay),
        };
        (before, delay) = (delay, next);
    }
    sum
}

fn update(problems: &mut Problems, at: &Path<'_>, strategy: &UpdateStrategy) {
    let checks = ["checks", "task_states", "manual"];
    one_of(problems, at.key("HealthCheck"), &strategy.health_check, "health check", &checks);
    let max_parallel = strategy.max_parallel.unwrap_or_default();
    range(problems, at.key("MaxParallel"), max_parallel, 0, NUMBER_MAX, "");
    range(problems, at.key("Canary"), strategy.canary.unwrap_or(0), 0, NUMBER_MAX, "");
    if strategy.auto_promote() && strategy.canary() == 0 {
        problems.add(at.key("AutoPromote"), "there are no canaries to promote, set `Canary`");
    }
    at_least(problems, at.key("Stagger"), strategy.stagger, Span::from_nanos(1));
    not_negative(problems, at.key("MinHealthyTime"), strategy.min_healthy_time);
    not_negative(problems, at.key("HealthyDeadline"), strategy.healthy_deadline);
    not_negative(problems, at.key("ProgressDeadline"), strategy.progress_deadline);
    let (healthy, progress) =
        (strategy.healthy_deadline.unwrap_or_default(), strategy.progress_deadline());
    shorter(
        problems,
        at.key("MinHealthyTime"),
        strategy.min_healthy_time.unwrap_or_default(),
        ("HealthyDeadline", healthy),
    );
    if progress != Span::ZERO {
        shorter(problems, at.key("HealthyDeadline"), healthy, ("ProgressDeadline", progress));
    }
}

/// Checks that one length of time is shorter than another one.
fn shorter(problems: &mut Problems, at: Path<'_>, span: Span, (key, longer): (&str, Span)) {
    if span >= longer && longer >= Span::ZERO {
        let (found, longer) = (span.as_nanos(), longer.as_nanos());
        problems.add(at, format!("expected less than the `{key}` of {longer} ns, found `{found}`"));
    }
}

fn migrate(problems: &mut Problems, at: &Path<'_>, strategy: &MigrateStrategy) {
    let checks = ["checks", "task_states"];
    one_of(problems, at.key("HealthCheck"), &strategy.health_check, "health check", &checks);
    not_negative(problems, at.key("MinHealthyTime"), strategy.min_healthy_time);
    not_negative(problems, at.key("HealthyDeadline"), strategy.healthy_deadline);
    shorter(
        problems,
        at.key("MinHealthyTime"),
        strategy.min_healthy_time.unwrap_or_default(),
        ("HealthyDeadline", strategy.healthy_deadline.unwrap_or_default()),
    );
}

fn disconnect(problems: &mut Problems, at: &Path<'_>, strategy: &DisconnectStrategy) {
    not_negative(problems, at.key("LostAfter"), strategy.lost_after);
    not_negative(problems, at.key("StopOnClientAfter"), strategy.stop_on_client_after);
    if strategy.lost_after.is_some() && strategy.stop_on_client_after.is_some() {
        let message = "expected `LostAfter` or `StopOnClientAfter`, found both";
        problems.add(at.key("StopOnClientAfter"), message);
    }
    let known = DisconnectReconcile::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>();
    one_of(problems, at.key("Reconcile"), &strategy.reconcile, "way to reconcile", &known);
}

fn scaling(problems: &mut Problems, group: &Path<'_>, policy: &ScalingPolicy, count: i64) {
    let (min, max) = (policy.min.unwrap_or(0), policy.max.unwrap_or(i64::MAX));
    let at = group.key("Scaling");
    if min < 0 {
        problems.add(at.key("Min"), format!("expected 0 or more, found `{min}`"));
    } else if min > max {
        problems.add(at.key("Max"), format!("expected at least the `Min` of {min}, found `{max}`"));
    } else if count < min {
        problems.add(
            group.key("Count"),
            format!("expected at least the `Min` of {min}, found `{count}`"),
        );
    } else if count > max {
        problems.add(
            group.key("Count"),
            format!("expected at most the `Max` of {max}, found `{count}`"),
        );
    }
}
