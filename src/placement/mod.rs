//! Placing: requests in, where each goes out.
//!
//! In: a job, requests for its allocations, the state, the caches, options. Out: an outcome: what was
//! placed with its metrics, by group, and which groups could not be placed whole. Placing does not
//! decide what is missing; [`missing`] does that for who has no better idea. May import everything
//! below: `rank`, `fit`, `feasibility`, `state`, `model`, `syntax`.
//!
//! # The way of a placement
//!
//! ```text
//!  missing ──▶ requests, by group
//!                 │
//!                 ▼
//!              placer     one loop: adapt the group plan to the request, search, take room; the first
//!                 │       refusal ends a group, the last evicting way having been tried
//!        ┌────────┴───────────┐
//!        ▼                    ▼
//!     selector             commit ──▶ assign ports, cores and devices, then evict, then take room
//!   ┌────┴─────┬────────┬────────┐          │
//!   ▼          ▼        ▼        ▼          ▼
//! frontier    scan    sample   one node   open group ──▶ state: a batch of allocations
//!   │          └────────┴────────┘          │
//!   ▼                   ▼                   ▼
//! pass over a      every node judged      outcome ──▶ `Placement`, `Plan` (in the floors above)
//! kept order       anew: the oracle
//!   │
//!   ▼
//! caches: masks, columns, lanes, frontiers; caught up from the journals of the state
//! ```
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | request | one allocation to be placed: its number, and what to heed of the nodes |
//! | group plan | a group made ready for placing: its rules, its ask, its scorers |
//! | ask | what an allocation of a group takes: amounts, ports, cores, devices |
//! | candidate | a node that the job looks at: ready, in its datacenters and its pool |
//! | filtered | a candidate that may not run the group |
//! | exhausted | a candidate that may, and has no room |
//! | ranked | a candidate that would do, with its scores |
//! | selection | one search for the best node: the node, the counts, the best scores |
//! | selector | a way to search: frontier, scan, sample, one node |
//! | tally | the counts of one selection, as the metrics show them |
//! | frontier | all candidates for one ask in the order of what they score, kept up to date |
//! | lane | the nodes of a frontier that have the same values for spreads and distinct properties |
//! | pass | the placements of one group taken off a frontier, one after another |
//! | mask | which nodes may run a group, by their facts alone |
//! | column | a property of all nodes, as small numbers |
//! | batch | what the placements of one group by one call share: their metrics and scores |
//! | refusal | a request for which no node was found |
//! | victim | an allocation that is evicted for another |
//! | observer | who watches a job being placed, and makes explanations of it |

mod buffers;
pub(crate) mod caches;
mod commit;
pub(crate) mod evaluation;
mod filters;
pub(crate) mod group;
mod leaderboard;
pub(crate) mod missing;
pub(crate) mod observer;
mod open_group;
pub(crate) mod options;
pub(crate) mod outcome;
mod pass;
pub(crate) mod place;
mod placer;
mod record;
mod refusal;
pub(crate) mod request;
pub(crate) mod reuse;
pub(crate) mod scan;
mod select;
