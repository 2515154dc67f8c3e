//! Flattening the tasks of a group into one sum (docs/placement.md, section 1.3).
//!
//! Tasks of a group do not all run at the same time: what runs before the main tasks, with them and
//! after them are three phases, and the group needs the most that any phase needs.

use super::usage::Amounts;

/// When a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// For the whole life of the allocation, or from its start on.
    Main,
    /// Before the main tasks.
    Prestart,
    /// Before the main tasks and beside them.
    PrestartSidecar,
    /// After the main tasks.
    Poststop,
}

impl Phase {
    /// The phase of a lifecycle block's hook; an unknown hook counts as a main task.
    pub(crate) fn of(hook: &str, sidecar: bool) -> Phase {
        match (hook, sidecar) {
            ("prestart", false) => Phase::Prestart,
            ("prestart", true) => Phase::PrestartSidecar,
            ("poststop", _) => Phase::Poststop,
            _ => Phase::Main,
        }
    }
}

/// Adds up tasks phase by phase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PhaseSums {
    prestart: [i64; 2],
    main: [i64; 2],
    poststop: [i64; 2],
    /// CPU of tasks with cores of their own: held for the whole life, whatever the hook.
    of_cores_mhz: i64,
}

impl PhaseSums {
    /// Adds a task. With cores of its own, its CPU counts in every phase.
    pub(crate) fn add(&mut self, phase: Phase, cpu_mhz: i64, memory_mb: i64, has_cores: bool) {
        let shared_mhz = if has_cores { 0 } else { cpu_mhz };
        if has_cores {
            self.of_cores_mhz += cpu_mhz;
        }
        let add_to = |sums: &mut [i64; 2]| {
            sums[0] += shared_mhz;
            sums[1] += memory_mb;
        };
        match phase {
            Phase::Main => add_to(&mut self.main),
            Phase::Prestart => add_to(&mut self.prestart),
            Phase::PrestartSidecar => {
                add_to(&mut self.prestart);
                add_to(&mut self.main);
            }
            Phase::Poststop => add_to(&mut self.poststop),
        }
    }

    /// The most of any phase, with the group's disk.
    pub(crate) fn total(&self, disk_mb: i64) -> Amounts {
        let most = |at: usize| self.prestart[at].max(self.main[at]).max(self.poststop[at]);
        Amounts { cpu_mhz: self.of_cores_mhz + most(0), memory_mb: most(1), disk_mb }
    }
}

#[cfg(test)]
mod tests {
    use super::{Phase, PhaseSums};

    fn cpu_of(tasks: &[(&str, bool, i64, bool)]) -> i64 {
        let mut sums = PhaseSums::default();
        for &(hook, sidecar, cpu_mhz, has_cores) in tasks {
            sums.add(Phase::of(hook, sidecar), cpu_mhz, 0, has_cores);
        }
        sums.total(0).cpu_mhz
    }

    #[test]
    fn row_52_the_largest_phase_counts() {
        let tasks = [
            ("prestart", false, 2000, false),
            ("", false, 4000, false),
            ("poststop", false, 1000, false),
        ];
        assert_eq!(cpu_of(&tasks), 4000);
    }

    #[test]
    fn row_53_cores_count_beside_the_largest_phase() {
        let tasks = [
            ("prestart", false, 1000, false),
            ("", false, 2000, true),
            ("poststop", false, 1000, false),
        ];
        assert_eq!(cpu_of(&tasks), 3000);
    }

    #[test]
    fn row_54_all_cores_count_for_the_whole_life() {
        let tasks = [
            ("prestart", false, 1000, true),
            ("prestart", true, 2000, true),
            ("", false, 2000, true),
            ("poststop", false, 1000, true),
        ];
        assert_eq!(cpu_of(&tasks), 6000);
    }

    #[test]
    fn a_sidecar_runs_beside_both_phases() {
        let tasks = [
            ("prestart", false, 500, false),
            ("prestart", true, 100, false),
            ("", false, 450, false),
            ("poststart", false, 10, false),
        ];
        assert_eq!(cpu_of(&tasks), 600);
    }
}
