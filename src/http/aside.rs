//! Work that takes its time, beside what is served meanwhile.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Does something slow. Where there are several threads the others go on with what this one had to do.
pub(super) fn aside<T>(work: impl FnOnce() -> T) -> T {
    let has_others =
        Handle::try_current().is_ok_and(|it| it.runtime_flavor() == RuntimeFlavor::MultiThread);
    if has_others { tokio::task::block_in_place(work) } else { work() }
}
