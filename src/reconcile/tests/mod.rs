//! Tests of reconciling. In: cases and traps of the specification. Out: agreement. May import what
//! `reconcile` may.

mod cases;
mod rollouts;
mod traps;
mod world;
