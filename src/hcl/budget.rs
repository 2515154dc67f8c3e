//! How much work a job file may make: expressions can ask for far more than their text is long.

use std::cell::Cell;

/// What one file may cost: a step is one expression, one element of a list, 16 bytes of text.
const STEPS_MAX: u64 = 2_000_000;
/// How deep expressions may be nested, those of variables and locals that they name included.
const DEPTH_MAX: u32 = 100;
/// How many bytes of text are one step.
const BYTES_OF_A_STEP: usize = 16;

/// What is left to spend. All evaluation of one file shares one.
#[derive(Debug)]
pub(super) struct Budget {
    steps: Cell<u64>,
    depth: Cell<u32>,
}

/// One level of nesting, which ends with this.
#[derive(Debug)]
pub(super) struct Level<'a>(&'a Budget);

impl Budget {
    pub(super) fn new() -> Self {
        Budget { steps: Cell::new(STEPS_MAX), depth: Cell::new(0) }
    }

    /// Spends some steps.
    pub(super) fn spend(&self, steps: usize) -> Result<(), String> {
        match self.steps.get().checked_sub(steps as u64) {
            Some(left) => {
                self.steps.set(left);
                Ok(())
            }
            None => {
                self.steps.set(0);
                Err("what this file comes to is too large: it takes more than 2,000,000 steps to \
                     work out; use shorter lists and texts"
                    .to_owned())
            }
        }
    }

    /// Spends what a text of so many bytes costs.
    pub(super) fn spend_text(&self, bytes: usize) -> Result<(), String> {
        self.spend(bytes / BYTES_OF_A_STEP)
    }

    /// Goes one level deeper.
    pub(super) fn deeper(&self) -> Result<Level<'_>, String> {
        let depth = self.depth.get() + 1;
        if depth > DEPTH_MAX {
            return Err(format!(
                "this is nested more than {DEPTH_MAX} deep, the locals that it names included; \
                 make it flatter"
            ));
        }
        self.depth.set(depth);
        Ok(Level(self))
    }
}

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.depth.set(self.0.depth.get().saturating_sub(1));
    }
}
