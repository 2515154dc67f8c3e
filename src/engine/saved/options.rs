//! How an engine works, as it is written.

use crate::engine::options::{EngineOptions, GarbageOptions, HeartbeatOptions};
use crate::placement::options::{
    FailureRecords, Override, PlaceOptions, Preemption, ScoreDetail, Search,
};
use crate::rank::binpack::Algorithm;
use crate::state::codec::{Flaw, Reader, Saved, Writer, saved, saved_as_number};

saved!(EngineOptions {
    seed,
    place,
    processed,
    delivery_limit,
    nack_timeout,
    initial_nack_delay,
    nack_delay,
    heartbeats,
    garbage,
    history,
});
saved!(HeartbeatOptions {
    min_ttl,
    max_per_second,
    grace,
    after_restart,
    is_watched_from_registration,
});
saved!(GarbageOptions { evaluations, batch_evaluations, deployments, jobs, nodes });
saved!(PlaceOptions {
    algorithm,
    overrides,
    preemption,
    memory_oversubscription,
    seed,
    search,
    score_detail,
    failure_records,
    explain,
    stopwatch skipped,
    oracle,
});
saved!(Override { job_id, group, algorithm });
saved!(Preemption { service, batch, system, sysbatch });

saved_as_number!(Algorithm { Binpack = 0, Spread = 1 });
saved_as_number!(FailureRecords { Auto = 0, Always = 1, Never = 2 });

impl Saved for Search {
    fn save(&self, out: &mut Writer) {
        match self {
            Search::Best => out.byte(0),
            Search::Sample(nodes) => {
                out.byte(1);
                nodes.save(out);
            }
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<Search, Flaw> {
        Ok(match input.byte()? {
            0 => Search::Best,
            1 => Search::Sample(Saved::load(input)?),
            _ => return Err(Flaw::Unknown("way of searching")),
        })
    }
}

impl Saved for ScoreDetail {
    fn save(&self, out: &mut Writer) {
        match self {
            ScoreDetail::None => out.byte(0),
            ScoreDetail::Top(nodes) => {
                out.byte(1);
                nodes.save(out);
            }
            ScoreDetail::All => out.byte(2),
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<ScoreDetail, Flaw> {
        Ok(match input.byte()? {
            0 => ScoreDetail::None,
            1 => ScoreDetail::Top(Saved::load(input)?),
            2 => ScoreDetail::All,
            _ => return Err(Flaw::Unknown("detail of scores")),
        })
    }
}
