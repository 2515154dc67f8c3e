//! Who is asked what: the engines that are served, and a request for one of them.

use std::sync::Arc;

use axum::http::Method;
use indexmap::IndexMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::access::Access;
use super::host::EngineHandle;
use super::limits::{Crowd, Limits, Place};
use super::query::Query;
use super::refusal::Refusal;
use super::route::Endpoint;

/// The engines that are served, one a region, and what the API says about who serves them.
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions};
/// use stowplan::http::{Clock, EngineHandle, Regions};
///
/// let handle = || EngineHandle::start(Engine::new(EngineOptions::default()), Clock::system());
/// let regions = Regions::new("global", handle()?).with_region("eu", handle()?);
/// assert_eq!(regions.names().collect::<Vec<_>>(), ["eu", "global"]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Regions {
    local: String,
    by_name: IndexMap<String, EngineHandle>,
    address: String,
    node_name: String,
    access: Access,
    limits: Limits,
    crowd: Crowd,
    streams: Crowd,
    /// How many bytes of bodies may still be read.
    bodies: Arc<Semaphore>,
}

impl Regions {
    /// One region, which is the local one: requests that name none are for it.
    pub fn new(name: impl Into<String>, handle: EngineHandle) -> Regions {
        let local = name.into();
        Regions {
            by_name: IndexMap::from([(local.clone(), handle)]),
            local,
            address: "127.0.0.1:4646".into(),
            node_name: "stowplan".into(),
            access: Access::open(),
            bodies: Arc::new(Semaphore::new(Limits::default().bodies_bytes)),
            limits: Limits::default(),
            crowd: Crowd::default(),
            streams: Crowd::default(),
        }
    }

    /// The same with another region.
    #[must_use]
    pub fn with_region(mut self, name: impl Into<String>, handle: EngineHandle) -> Regions {
        self.by_name.insert(name.into(), handle);
        self
    }

    /// The same with the address, host and port, that it is reached at.
    #[must_use]
    pub fn with_address(mut self, address: impl Into<String>) -> Regions {
        self.address = address.into();
        self
    }

    /// The same for those who may ask.
    #[must_use]
    pub fn with_access(mut self, access: Access) -> Regions {
        self.access = access;
        self
    }

    /// The same with limits of how much may be asked.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Regions {
        let most = limits.bodies_bytes.min(Semaphore::MAX_PERMITS);
        self.bodies = Arc::new(Semaphore::new(most));
        self.limits = limits;
        self
    }

    /// The names of the regions, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.by_name.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.into_iter()
    }

    pub(super) fn local(&self) -> &str {
        &self.local
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A place among the requests that wait.
    pub(super) fn wait_in_crowd(&self) -> Result<Place, Refusal> {
        self.crowd.join(self.limits.waiting)
    }

    /// A place among the event streams.
    pub(super) fn stream_in_crowd(&self) -> Result<Place, Refusal> {
        self.streams.join(self.limits.streams)
    }

    /// Leave to hold so many bytes of bodies more.
    pub(super) fn hold(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let bytes = u32::try_from(bytes).map_err(|_| Refusal::too_large())?;
        let held = Arc::clone(&self.bodies).try_acquire_many_owned(bytes);
        held.map_err(|_| Refusal::flooded())
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn node_name(&self) -> &str {
        &self.node_name
    }

    /// The engine of a region; of the local one where none is named.
    pub(super) fn engine(&self, name: &str) -> Result<&EngineHandle, Refusal> {
        let name = if name.is_empty() { &self.local } else { name };
        self.by_name.get(name).ok_or_else(|| Refusal::failed("No path to region"))
    }
}

impl From<EngineHandle> for Regions {
    fn from(handle: EngineHandle) -> Regions {
        Regions::new("global", handle)
    }
}

/// A request, its body aside.
pub(super) struct Asked<'a> {
    pub(super) regions: &'a Regions,
    pub(super) endpoint: Endpoint,
    /// The identity of the thing that the path names.
    pub(super) id: &'a str,
    pub(super) query: &'a Query,
    pub(super) method: &'a Method,
}

impl Asked<'_> {
    /// The engine that the request names, or else its body.
    pub(super) fn engine(&self, region_of_body: &str) -> Result<&EngineHandle, Refusal> {
        match self.query.text("region") {
            "" => self.regions.engine(region_of_body),
            region => self.regions.engine(region),
        }
    }

    /// The name of the region that the request names, or else its body; of the local one if neither does.
    pub(super) fn region<'a>(&'a self, region_of_body: &'a str) -> &'a str {
        let names = [self.query.text("region"), region_of_body];
        let named = names.into_iter().find(|name| !name.is_empty());
        named.unwrap_or(&self.regions.local)
    }

    /// Whether something is to be taken out.
    pub(super) fn is_delete(&self) -> bool {
        *self.method == Method::DELETE
    }
}
