//! The statuses of allocations (docs/placement.md, sections 1.2 and 1.4; docs/lifecycle.md,
//! section 8).

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
    #[inline]
    pub fn is_terminal(self) -> bool {
        self != DesiredStatus::Run
    }
}

impl ClientStatus {
    /// Whether it has ended and holds nothing any more.
    #[inline]
    pub fn is_terminal(self) -> bool {
        matches!(self, ClientStatus::Complete | ClientStatus::Failed | ClientStatus::Lost)
    }
}
