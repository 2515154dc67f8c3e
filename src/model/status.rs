//! The statuses of allocations (docs/placement.md, sections 1.2 and 1.4; docs/lifecycle.md,
//! section 8).

use super::allocation::Allocation;
use super::allocation_state::TaskState;

/// Defines a closed set of things with their texts in documents.
macro_rules! texts {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )*
        }

        impl $name {
            /// Every one there is.
            pub const ALL: &[$name] = &[$( $name::$variant, )*];

            /// The text in documents.
            pub fn as_str(self) -> &'static str {
                match self {
                    $( $name::$variant => $text, )*
                }
            }

            /// The one with this text, if there is one.
            pub fn from_text(text: &str) -> Option<$name> {
                match text {
                    $( $text => Some($name::$variant), )*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use texts;

texts! {
    /// What should become of an allocation.
    pub enum DesiredStatus {
        /// It should run.
        Run = "run",
        /// It should stop.
        Stop = "stop",
        /// It should make room for a job of higher priority.
        Evict = "evict",
        /// It could not be placed.
        Failed = "failed",
    }
}

texts! {
    /// What became of an allocation on its node.
    pub enum ClientStatus {
        /// It has not started.
        Pending = "pending",
        /// It runs.
        Running = "running",
        /// It ended well.
        Complete = "complete",
        /// It ended badly.
        Failed = "failed",
        /// Its node went away.
        Lost = "lost",
        /// Its node does not answer.
        Unknown = "unknown",
    }
}

impl DesiredStatus {
    /// Whether the scheduler has done with it.
    pub fn is_terminal(self) -> bool {
        self != DesiredStatus::Run
    }
}

impl ClientStatus {
    /// Whether it has ended and holds nothing any more.
    pub fn is_terminal(self) -> bool {
        matches!(self, ClientStatus::Complete | ClientStatus::Failed | ClientStatus::Lost)
    }
}

impl Allocation {
    /// What should become of it; an empty or unknown text is `run`.
    pub fn desired(&self) -> DesiredStatus {
        DesiredStatus::from_text(&self.desired_status).unwrap_or(DesiredStatus::Run)
    }

    /// What became of it on its node; an empty or unknown text is `pending`, and `dead`, which the
    /// first API had, is `complete`.
    pub fn client(&self) -> ClientStatus {
        match self.client_status.as_str() {
            "dead" => ClientStatus::Complete,
            text => ClientStatus::from_text(text).unwrap_or(ClientStatus::Pending),
        }
    }

    /// Whether the node has done with it.
    pub fn is_client_terminal(&self) -> bool {
        self.client().is_terminal()
    }

    /// Whether the scheduler has done with it.
    pub fn is_server_terminal(&self) -> bool {
        self.desired().is_terminal()
    }

    /// Whether it has task states, and every task has ended and did not fail.
    pub fn ran_successfully(&self) -> bool {
        !self.task_states.is_empty() && self.task_states.values().all(TaskState::is_successful)
    }

    /// Whether the scheduler or the node has done with it.
    pub fn is_terminal(&self) -> bool {
        self.desired().is_terminal() || self.client().is_terminal()
    }
}
