//! Tests of reconciling. In: cases of the specification and golden cases. Out: agreement. May import
//! what `reconcile` may.

mod answer;
mod cases;
mod golden;
mod rollouts;
mod system;
mod traps;
mod world;
