//! When periodic jobs are launched: the next instant of their cron expressions (docs/lifecycle.md,
//! section 9, *Periodic*). Only with the feature `cron` are these read.

use crate::model::{JobErrors, PeriodicConfig};
use crate::time::Timestamp;

/// The first instant after another one at which a periodic job is launched: the earliest of its
/// expressions in its time zone. None if it is not launched by itself, or never again.
///
/// Without the feature `cron` there is none.
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::next_launch;
/// use stowplan::model::PeriodicConfig;
///
/// let hourly = PeriodicConfig { spec: "30 * * * *".into(), ..PeriodicConfig::default() };
/// let next = next_launch(&hourly, Timestamp::from_secs(3_600));
/// assert_eq!(next, cfg!(feature = "cron").then_some(Timestamp::from_secs(5_400)));
/// ```
pub fn next_launch(periodic: &PeriodicConfig, after: Timestamp) -> Option<Timestamp> {
    if !periodic.is_enabled() {
        return None;
    }
    reading::next(periodic, after)
}

/// Whether the expressions and the time zone of a periodic job can be read. Without the feature `cron` nobody
/// looks.
pub(crate) fn check(periodic: &PeriodicConfig) -> Result<(), JobErrors> {
    reading::check(periodic)
}

#[cfg(not(feature = "cron"))]
mod reading {
    use crate::model::{JobErrors, PeriodicConfig};
    use crate::time::Timestamp;

    pub(super) fn next(_: &PeriodicConfig, _: Timestamp) -> Option<Timestamp> {
        None
    }

    pub(super) fn check(_: &PeriodicConfig) -> Result<(), JobErrors> {
        Ok(())
    }
}

#[cfg(feature = "cron")]
mod reading {
    use chrono::DateTime;
    use chrono_tz::Tz;
    use croner::Cron;
    use croner::parser::{CronParser, Seconds, Year};

    use crate::model::{JobErrors, PeriodicConfig, Problem};
    use crate::time::Timestamp;

    /// The first instant of any expression. One that cannot be read has none: it was refused.
    pub(super) fn next(periodic: &PeriodicConfig, after: Timestamp) -> Option<Timestamp> {
        let zone = zone_of(periodic)?;
        let after = DateTime::from_timestamp_nanos(after.as_nanos()).with_timezone(&zone);
        let next = |expression: &str| {
            let next = read(expression).ok()?.find_next_occurrence(&after, false).ok()?;
            Some(Timestamp::from_nanos(next.timestamp_nanos_opt()?))
        };
        periodic.expressions().filter_map(next).min()
    }

    pub(super) fn check(periodic: &PeriodicConfig) -> Result<(), JobErrors> {
        let mut problems = Vec::new();
        let one =
            (!periodic.spec.is_empty()).then_some(("Periodic.Spec".to_owned(), &periodic.spec));
        let several = periodic.specs.iter().enumerate();
        let several = several.map(|(at, it)| (format!("Periodic.Specs[{at}]"), it));
        for (path, expression) in one.into_iter().chain(several) {
            if let Err(error) = read(expression) {
                let message = format!("`{expression:.100}` is no cron expression: {error}");
                problems.push(Problem::new(&path, &message));
            }
        }
        if zone_of(periodic).is_none() {
            let message = format!("unknown time zone `{:.100}`", periodic.time_zone);
            problems.push(Problem::new("Periodic.TimeZone", &message));
        }
        JobErrors::check(problems)
    }

    fn zone_of(periodic: &PeriodicConfig) -> Option<Tz> {
        match periodic.time_zone.as_str() {
            "" => Some(Tz::UTC),
            name => name.parse().ok(),
        }
    }

    /// Reads an expression. Five fields are from the minute to the day of the week, a sixth after them is
    /// the year, and a seventh before them the second.
    fn read(expression: &str) -> Result<Cron, String> {
        let has_year = expression.split_whitespace().count() == 6;
        let whole = if has_year { format!("0 {expression}") } else { expression.to_owned() };
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Optional).build();
        parser.parse(&whole).map_err(|error| error.to_string())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn launch(spec: &str, zone: &str, after: &str) -> Option<String> {
            let periodic = PeriodicConfig {
                spec: spec.into(),
                time_zone: zone.into(),
                ..PeriodicConfig::default()
            };
            check(&periodic).unwrap();
            next(&periodic, after.parse().unwrap()).map(|at| at.to_string())
        }

        #[test]
        fn expressions_are_read_with_years_seconds_and_names() {
            let now = "2026-11-27T13:15:30.25Z";
            for (spec, expected) in [
                ("*/15 * * * *", "2026-11-27T13:30:00Z"),
                ("15 13 * * *", "2026-11-28T13:15:00Z"),
                ("@hourly", "2026-11-27T14:00:00Z"),
                ("@daily", "2026-11-28T00:00:00Z"),
                ("0 0 1 1 *", "2027-01-01T00:00:00Z"),
                ("0 0 1 1 * 2030", "2030-01-01T00:00:00Z"),
                ("*/10 * * * * * *", "2026-11-27T13:15:40Z"),
                ("30 15 13 * * * *", "2026-11-28T13:15:30Z"),
                // Either of the days will do.
                ("0 6 13 * FRI", "2026-12-04T06:00:00Z"),
                ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
            ] {
                assert_eq!(launch(spec, "", now).as_deref(), Some(expected), "{spec}");
            }
            assert_eq!(launch("0 0 1 1 * 2020", "", now), None);
            assert_eq!(launch("0 0 31 2 *", "", now), None);
        }

        #[test]
        fn an_instant_itself_is_not_its_next() {
            let at = "2026-11-27T14:00:00Z";
            assert_eq!(launch("0 * * * *", "", at).as_deref(), Some("2026-11-27T15:00:00Z"));
            let before = "2026-11-27T13:59:59.999999999Z";
            assert_eq!(launch("0 * * * *", "", before).as_deref(), Some(at));
        }

        #[test]
        fn the_clock_is_that_of_the_time_zone() {
            let berlin = |after: &str| launch("30 2 * * *", "Europe/Berlin", after).unwrap();
            assert_eq!(berlin("2026-07-01T12:00:00Z"), "2026-07-02T00:30:00Z");
            assert_eq!(berlin("2026-12-01T12:00:00Z"), "2026-12-02T01:30:00Z");
            // Half past two is not there on that day, and twice on the other.
            assert_eq!(berlin("2026-03-28T12:00:00Z"), "2026-03-29T01:00:00Z");
            assert_eq!(berlin("2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z");
            assert_eq!(berlin("2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z");
        }

        #[test]
        fn what_cannot_be_read_is_said() {
            let periodic = PeriodicConfig {
                spec: "61 * * * *".into(),
                specs: vec!["@daily".into(), "now".into()],
                time_zone: "Local".into(),
                ..PeriodicConfig::default()
            };
            let error = check(&periodic).unwrap_err().to_string();
            for part in ["Periodic.Spec: `61", "Periodic.Specs[1]: `now`", "TimeZone: unknown"] {
                assert!(error.contains(part), "{error}");
            }
        }
    }
}
