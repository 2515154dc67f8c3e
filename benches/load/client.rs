//! Requests over connections that stay open, and how long they take.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Outcome;

/// How many there were a second, and how long each took.
pub(crate) struct Figures {
    pub(crate) a_second: f64,
    /// In ascending order.
    pub(crate) times: Vec<Duration>,
}

impl Figures {
    pub(crate) fn new(mut times: Vec<Duration>, whole: Duration) -> Figures {
        times.sort_unstable();
        Figures { a_second: times.len() as f64 / whole.as_secs_f64(), times }
    }

    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let at = (self.times.len() * percent / 100).min(self.times.len().saturating_sub(1));
        self.times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }

    /// A line of the table, with the ratio to another's number a second.
    pub(crate) fn show(&self, what: &str, beside: Option<&Figures>) {
        let ratio =
            beside.map_or(String::new(), |it| format!("{:.2}", self.a_second / it.a_second));
        let (half, most) = (self.percentile(50), self.percentile(99));
        println!("{what:44} {:>9.0} {half:>9.0} {most:>9.0} {ratio:>7}", self.a_second);
    }
}

/// A request as it goes over the connection.
pub(crate) fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A connection that stays open.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Outcome<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::new() })
    }

    pub(crate) fn send(&mut self, request: &[u8]) -> Outcome<()> {
        Ok(self.stream.write_all(request)?)
    }

    /// Reads an answer, which has to be one of success, and gives its head and its body.
    pub(crate) fn receive(&mut self) -> Outcome<(String, Vec<u8>)> {
        self.buffer.clear();
        let mut piece = [0; 16 << 10];
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|it| it == b"\r\n\r\n") {
                break at + 4;
            }
            let length = self.stream.read(&mut piece)?;
            if length == 0 {
                return Err("the connection was closed".into());
            }
            self.buffer.extend_from_slice(&piece[..length]);
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        let said = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = said.ok_or("an answer without a length")?.trim().parse()?;
        while self.buffer.len() < end + length {
            let more = self.stream.read(&mut piece)?;
            if more == 0 {
                return Err("the connection was closed".into());
            }
            self.buffer.extend_from_slice(&piece[..more]);
        }
        let body = self.buffer[end..].to_vec();
        if !head.starts_with("http/1.1 200") {
            return Err(format!("{head}{}", String::from_utf8_lossy(&body)).into());
        }
        Ok((head, body))
    }

    pub(crate) fn ask(&mut self, request: &[u8]) -> Outcome<(String, Vec<u8>)> {
        self.send(request)?;
        self.receive()
    }
}

/// Sends so many requests, of which so many are under way at once.
pub(crate) fn closed(
    address: &str,
    clients: u64,
    number: u64,
    request: impl Fn(u64) -> Vec<u8> + Sync,
) -> Outcome<Figures> {
    let next = AtomicU64::new(0);
    let work = || -> Result<Vec<Duration>, String> {
        let mut connection = Connection::open(address).map_err(|error| error.to_string())?;
        let mut times = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= number {
                return Ok(times);
            }
            let bytes = request(at);
            let began = Instant::now();
            connection.ask(&bytes).map_err(|error| error.to_string())?;
            times.push(began.elapsed());
        }
    };
    let began = Instant::now();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join()).collect()
    });
    let whole = began.elapsed();
    let mut times = Vec::new();
    for outcome in outcomes {
        times.append(&mut outcome.map_err(|_| "a client panicked")??);
    }
    Ok(Figures::new(times, whole))
}
