//! Keys of a node's document that an engine writes.

/// The index at which the node came.
pub(super) const CREATE_INDEX: &str = "CreateIndex";
/// When its status last changed, in seconds since 1970.
pub(super) const STATUS_UPDATED_AT: &str = "StatusUpdatedAt";
/// What happened to it.
pub(super) const EVENTS: &str = "Events";
/// How its latest drain went.
pub(super) const LAST_DRAIN: &str = "LastDrain";
/// What proves that its client is the same.
pub(super) const SECRET_ID: &str = "SecretID";
