pub(crate) mod queue;
pub(crate) mod shard;
