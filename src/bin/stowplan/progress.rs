//! A bar that says how far the work is, where somebody looks and it takes long enough to ask.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The work that is done before a bar appears.
const PATIENCE: Duration = Duration::from_millis(500);

/// A progress bar on standard error; nothing where that is not a terminal.
pub(crate) struct Progress {
    what: &'static str,
    total: u64,
    #[expect(clippy::disallowed_types, reason = "people wait in real time, the answer does not")]
    started: std::time::Instant,
    is_watched: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins work of as many steps.
    #[expect(clippy::disallowed_types, reason = "people wait in real time, the answer does not")]
    #[expect(clippy::disallowed_methods, reason = "people wait in real time, the answer does not")]
    pub(crate) fn new(what: &'static str, total: usize) -> Self {
        Progress {
            what,
            total: total as u64,
            started: std::time::Instant::now(),
            is_watched: stderr().is_terminal(),
            bar: None,
        }
    }

    /// Notes that as many steps are done.
    pub(crate) fn at(&mut self, done: usize) {
        if !self.is_watched {
            return;
        }
        if self.bar.is_none() && self.started.elapsed() >= PATIENCE {
            let bar = ProgressBar::new(self.total);
            let template = "{msg} [{bar:30}] {human_pos} of {human_len}";
            // The template is fixed, so that it is well-formed; a plain bar would do as well.
            let style = ProgressStyle::with_template(template);
            bar.set_style(
                style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "),
            );
            bar.set_message(self.what);
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
