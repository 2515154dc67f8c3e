//! Who may ask: tokens, hosts and origins.

use std::hint::black_box;

use axum::http::{HeaderMap, HeaderName, Method, header};

use super::refusal::Refusal;

const TOKEN: HeaderName = HeaderName::from_static("x-nomad-token");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// How long a token is at most, in bytes.
const TOKEN_MAX: usize = 256;

/// Who may ask. Everybody may, unless it is said who; but no page of another origin may write.
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions};
/// use stowplan::http::{Access, Clock, EngineHandle, Regions, router};
///
/// let handle = EngineHandle::start(Engine::new(EngineOptions::default()), Clock::system())?;
/// let access = Access::open().with_token("open sesame").with_hosts(["plans.example"]);
/// let app = router(Regions::from(handle).with_access(access));
/// # let _: axum::Router = app;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Access {
    token: Option<Vec<u8>>,
    hosts: Option<Vec<String>>,
}

impl Access {
    /// Everybody may ask, by whatever name.
    pub fn open() -> Access {
        Access::default()
    }

    /// Who asks has to send this token, as `X-Nomad-Token` or as a bearer. An empty one and longer ones than
    /// 256 bytes are nobody's.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Access {
        self.token = Some(token.into().into_bytes());
        self
    }

    /// Requests have to be for one of these hosts, or for this machine by its own address: pages that have
    /// their names lead here are not.
    #[must_use]
    pub fn with_hosts<T: Into<String>>(mut self, hosts: impl IntoIterator<Item = T>) -> Access {
        self.hosts = Some(hosts.into_iter().map(Into::into).collect());
        self
    }

    /// Whether a request with these headers is answered.
    pub(super) fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name: HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        if self.hosts.as_ref().is_some_and(|hosts| !is_served(host_of(host), hosts)) {
            return Err(Refusal::forbidden("the host of the request is not served here"));
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            let is_foreign = headers.contains_key(header::ORIGIN)
                && !text(header::ORIGIN).is_some_and(|origin| is_same(origin, host));
            let site = text(FETCH_SITE).unwrap_or("none");
            if is_foreign || !["same-origin", "none"].contains(&site) {
                return Err(Refusal::forbidden("a page of another origin may not write"));
            }
        }
        let Some(token) = &self.token else { return Ok(()) };
        let bearer = || text(header::AUTHORIZATION).and_then(|it| it.strip_prefix("Bearer "));
        let sent = headers.get(TOKEN).map(|it| it.as_bytes());
        let sent = sent.or_else(|| bearer().map(str::as_bytes)).unwrap_or_default();
        // An empty one, of a variable that is not set, lets nobody in.
        match !token.is_empty() && is_equal(token, sent) {
            true => Ok(()),
            false => Err(Refusal::forbidden("Permission denied")),
        }
    }
}

impl std::fmt::Debug for Access {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("has_token", &self.token.is_some())
            .field("hosts", &self.hosts)
            .finish()
    }
}

/// Whether two tokens are the same, in a time that does not depend on where they differ.
fn is_equal(token: &[u8], sent: &[u8]) -> bool {
    let padded = |text: &[u8]| {
        let mut bytes = [0_u8; TOKEN_MAX];
        bytes.iter_mut().zip(text).for_each(|(byte, sent)| *byte = *sent);
        bytes
    };
    let pairs = padded(token).into_iter().zip(padded(sent));
    let differs = pairs.fold(0, |differs, (a, b)| black_box(differs | (a ^ b)));
    black_box(differs == 0) & (token.len() == sent.len()) & (sent.len() <= TOKEN_MAX)
}

/// A host without its port.
fn host_of(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

fn is_served(host: &str, hosts: &[String]) -> bool {
    let is_own = host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    is_own || hosts.iter().any(|it| it.eq_ignore_ascii_case(host))
}

/// Whether an origin is the host that a request is for.
fn is_same(origin: &str, host: &str) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn check(access: &Access, method: Method, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        access.check(&method, &headers.collect()).is_ok()
    }

    #[test]
    fn a_token_has_to_be_the_right_one() {
        let access = Access::open().with_token("sesame");
        let has = |headers: &[(&'static str, &'static str)]| check(&access, Method::GET, headers);
        assert!(has(&[("x-nomad-token", "sesame")]));
        assert!(has(&[("authorization", "Bearer sesame")]));
        for wrong in ["", "sesam", "sesamee", "Sesame", "sesame\t"] {
            assert!(!has(&[("x-nomad-token", wrong)]), "{wrong:?}");
        }
        assert!(!has(&[]) && !has(&[("authorization", "Basic sesame")]));
        assert!(!is_equal(&[b'a'; 300], &[b'a'; 300]) && is_equal(&[b'a'; 256], &[b'a'; 256]));
        assert!(!format!("{access:?}").contains("sesame"));
    }

    #[test]
    fn hosts_are_this_machine_or_named() {
        let access = Access::open().with_hosts(["plans.example"]);
        let has = |host: &'static str| check(&access, Method::GET, &[("host", host)]);
        for host in
            ["localhost:4646", "127.0.0.1", "127.8.0.1:80", "[::1]:4646", "Plans.Example:4646"]
        {
            assert!(has(host), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:4646", "", "localhost.evil"]
        {
            assert!(!has(host), "{host}");
        }
        assert!(!check(&access, Method::GET, &[]) && check(&Access::open(), Method::GET, &[]));
    }

    #[test]
    fn pages_of_other_origins_read_at_most() {
        let access = Access::open();
        let write = |headers: &[(&'static str, &'static str)]| check(&access, Method::PUT, headers);
        let host = ("host", "127.0.0.1:4646");
        assert!(write(&[host]) && write(&[host, ("origin", "http://127.0.0.1:4646")]));
        for origin in ["http://evil.example", "http://127.0.0.1:8080", "null", "127.0.0.1:4646"] {
            assert!(!write(&[host, ("origin", origin)]), "{origin}");
            assert!(check(&access, Method::GET, &[host, ("origin", origin)]));
        }
        assert!(!write(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(!write(&[host, ("sec-fetch-site", "same-site")]));
        assert!(write(&[host, ("sec-fetch-site", "same-origin")]));
    }
}
