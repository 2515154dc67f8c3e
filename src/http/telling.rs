//! Telling an engine what a request says.

use serde::de::DeserializeOwned;

use super::asked::Asked;
use super::body::{self, Sent};
use super::refusal::Refusal;
use crate::engine::{Applied, Command, CommandError};

/// Tells the engine something. What it refuses is an error of the API.
pub(super) async fn apply(
    asked: &Asked<'_>,
    command: impl Into<Command>,
) -> Result<Applied, Refusal> {
    Ok(told(asked, command.into()).await??)
}

/// Tells the engine something.
pub(super) async fn told(
    asked: &Asked<'_>,
    command: Command,
) -> Result<Result<Applied, CommandError>, Refusal> {
    asked.engine("")?.apply(command).await.ok_or_else(Refusal::unavailable)
}

/// Reads a body that may be left out.
pub(super) fn optional<T: DeserializeOwned + Default>(sent: Sent) -> Result<T, Refusal> {
    if sent.is_blank() { Ok(T::default()) } else { body::read(sent) }
}
