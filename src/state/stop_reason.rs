//! Why allocations stop.

/// Why an allocation stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StopReason {
    NotNeeded,
    ReconnectReplaced,
    Migrating,
    Updating,
    Lost,
    Rescheduled,
    NodeTainted,
}

impl StopReason {
    const ALL: [StopReason; 7] = [
        StopReason::NotNeeded,
        StopReason::ReconnectReplaced,
        StopReason::Migrating,
        StopReason::Updating,
        StopReason::Lost,
        StopReason::Rescheduled,
        StopReason::NodeTainted,
    ];

    /// The text in documents (docs/lifecycle.md, section 8).
    pub(crate) fn description(self) -> &'static str {
        match self {
            StopReason::NotNeeded => "alloc not needed due to job update",
            StopReason::ReconnectReplaced => {
                "alloc not needed due to disconnected client reconnect"
            }
            StopReason::Migrating => "alloc is being migrated",
            StopReason::Updating => "alloc is being updated due to job update",
            StopReason::Lost => "alloc is lost since its node is down",
            StopReason::Rescheduled => "alloc was rescheduled because it failed",
            StopReason::NodeTainted => "alloc not needed as node is tainted",
        }
    }

    /// The reason that a text in documents gives.
    pub(crate) fn of_description(description: &str) -> Option<StopReason> {
        // Mostly it is the text of a reason itself, which is told without reading it.
        let is_same = |reason: &StopReason| std::ptr::eq(reason.description(), description);
        let found = StopReason::ALL.into_iter().find(is_same);
        found.or_else(|| {
            StopReason::ALL.into_iter().find(|reason| reason.description() == description)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::StopReason;

    #[test]
    fn every_reason_is_known_by_its_text() {
        for reason in StopReason::ALL {
            assert_eq!(StopReason::of_description(reason.description()), Some(reason));
        }
        assert_eq!(StopReason::of_description(""), None);
    }
}
