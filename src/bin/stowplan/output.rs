//! Standard output: buffered, and indifferent to a reader that has had enough.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

use crate::files::reason;

/// What the answer is written to.
///
/// Where the reader goes away (`| head`), the rest is dropped: that is no mistake of anyone's, and
/// the exit status still says whether everything was placed.
pub(crate) struct Output {
    to: BufWriter<StdoutLock<'static>>,
    is_begun: bool,
    is_closed: bool,
}

/// Writes to standard error; if nobody listens there, the exit status has to do.
pub(crate) fn complain(what: &dyn Display) {
    let _ = write!(io::stderr(), "{what}");
}

/// Says that and why the answer did not get out.
pub(crate) fn complain_unwritten(error: &io::Error) {
    complain(&format_args!("the answer cannot be written: {}\n", reason(error)));
}

impl Output {
    pub(crate) fn stdout() -> Self {
        Output {
            to: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
            is_begun: false,
            is_closed: false,
        }
    }

    /// Whether anything was written.
    pub(crate) fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Whether nobody reads any more, so that what is still to come need not be found out.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Writes what is still in the buffer.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.flush()
    }

    /// What came of a write, with a closed pipe taken for success.
    fn settle<T>(&mut self, written: io::Result<T>, on_closed: T) -> io::Result<T> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(on_closed)
            }
            other => other,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is_begun = true;
        if self.is_closed {
            return Ok(bytes.len());
        }
        let written = self.to.write(bytes);
        self.settle(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let flushed = self.to.flush();
        self.settle(flushed, ())
    }
}
