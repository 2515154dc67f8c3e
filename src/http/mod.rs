//! The HTTP API (docs/lifecycle.md, section 10), as a thin adapter on an engine.
//!
//! In: requests, and an engine. Out: replies: one request is one command or one snapshot that is read. May
//! import `engine`, `model` and `time` only. No scheduling decision is made here.

#![allow(dead_code, reason = "the router that uses all of it comes with the engine")]

mod body;
mod documents;
mod page;
mod query;
mod refusal;
mod route;
mod stubs;
mod text;
mod waiting;
