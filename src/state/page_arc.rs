//! The pointer that pages hang on.

/// A shared page. Nothing points to one weakly, and to find out whether it is shared costs no locked operation
/// then: the most frequent question that is asked of one.
pub(crate) type PageArc<T> = triomphe::Arc<T>;
