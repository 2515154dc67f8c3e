//! `stowplan agent`: an engine behind the HTTP API, with a clock, and with a store if it is given a folder.
//!
//! In: flags, a file that says the same, and a file of nodes. Out: replies to requests, until a signal ends it. May import what the
//! program may.

mod logs;
mod made_up;
mod options;
mod page;
mod region;
mod server;
mod simulated;
mod stopwatch;
mod store;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use stowplan::engine::Snapshot;
use stowplan::http::{Access, EngineHandle, Regions, router};
use stowplan::model::{NodeSpec, read};
use tokio::signal;

pub(crate) use self::options::Options as Agent;
use self::page::with_page;
use crate::exit::{BAD_INPUT, SUCCESS};
use crate::files::reason;
use crate::words::count;

impl Agent {
    /// Runs the subcommand until a signal ends it, and gives the exit status.
    pub(crate) fn run(&self) -> u8 {
        match self.with_file().and_then(|options| options.serve()) {
            Ok(()) => SUCCESS,
            Err(message) => {
                eprintln!("stowplan agent: {message}");
                BAD_INPUT
            }
        }
    }

    fn serve(&self) -> Result<(), String> {
        logs::start(self.level());
        let access = self.access()?;
        let nodes = match &self.nodes {
            Some(path) => read_nodes(path)?,
            None if self.dev => made_up::nodes(),
            None => Vec::new(),
        };
        if let Some(folder) = &self.data_dir {
            region::check_folder(folder, &self.regions())?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| reason(&error))?;
        // Before anything is brought back or kept: who has the address may have the folder, too.
        let listener = runtime.block_on(server::listen(self.bind()))?;
        let (mut regions, mut handles): (Option<Regions>, Vec<EngineHandle>) = (None, Vec::new());
        let mut replayed = 0;
        for name in self.regions() {
            let (handle, applied) = region::start(self, name, &nodes)?;
            replayed += applied;
            handles.push(handle.clone());
            regions = Some(match regions {
                None => Regions::new(name, handle),
                Some(regions) => regions.with_region(name, handle),
            });
        }
        let regions = regions.ok_or("no region")?.with_access(access);
        let address = listener.local_addr().map_err(|error| reason(&error))?.to_string();
        self.say_what_is_there(&address, &regions, &handles, replayed);
        let app = logs::with_requests(with_page(router(regions.with_address(address))));
        runtime.block_on(server::serve(listener, app, told_to_end()));
        tracing::info!("ends, since it is told to");
        // Requests that still wait are not waited for.
        runtime.shutdown_background();
        handles.iter().try_for_each(EngineHandle::end_blocking)
    }

    /// Who may ask. Whom others can reach demands a token; else requests have to be for this machine, so
    /// that no page of the web leads here by a name of its own.
    fn access(&self) -> Result<Access, String> {
        let address = self.bind();
        let is_own = address.ip().is_loopback();
        let access = match is_own {
            true => Access::open().with_hosts([address.ip().to_string()]),
            false => Access::open(),
        };
        match &self.token_file {
            Some(path) => Ok(access.with_token(read_token(path)?)),
            None if is_own => Ok(access),
            None => {
                Err(format!("{address} can be reached by others: give a token with --token-file"))
            }
        }
    }

    /// Logs where it listens and what it loaded.
    fn say_what_is_there(
        &self,
        address: &str,
        regions: &Regions,
        handles: &[EngineHandle],
        replayed: u64,
    ) {
        let sum = |count: fn(&Snapshot) -> usize| -> usize {
            handles.iter().map(|handle| count(&handle.snapshot())).sum()
        };
        let (nodes, jobs) = (sum(|it| it.nodes().count()), sum(|it| it.registered_jobs().count()));
        let names: Vec<&str> = regions.names().collect();
        let kept = self.data_dir.as_ref().map(|folder| folder.display());
        tracing::info!(
            data_dir = kept.map(tracing::field::display),
            replayed,
            speed = self.speed(),
            "listening on http://{address}, {}, {}, {}: {}",
            count(nodes, "node"),
            count(jobs, "job"),
            if names.len() == 1 { "region" } else { "regions" },
            names.join(", ")
        );
    }
}

/// The token that a file has, without the blanks around it.
fn read_token(path: &PathBuf) -> Result<String, String> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{name}: {}", reason(&error)))?;
    match text.trim() {
        "" => Err(format!("{name}: there is no token in it")),
        token if token.len() > 256 => Err(format!("{name}: a token has at most 256 bytes")),
        token if token.contains(char::is_whitespace) => {
            Err(format!("{name}: there is more than a token in it"))
        }
        token => Ok(token.to_owned()),
    }
}

fn read_nodes(path: &PathBuf) -> Result<Vec<NodeSpec>, String> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("{name}: {}", reason(&error)))?;
    read::nodes(bytes).map_err(|error| format!("{name}: {error}"))
}

/// Ends with a signal that asks the program to.
async fn told_to_end() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        let interrupt = signal::ctrl_c();
        let mut interrupt = std::pin::pin!(interrupt);
        return std::future::poll_fn(|context| {
            use std::future::Future;
            if interrupt.as_mut().poll(context).is_ready() {
                return std::task::Poll::Ready(());
            }
            terminate.poll_recv(context).map(|_| ())
        })
        .await;
    }
    let _ = signal::ctrl_c().await;
}
