//! The frames of a saved state: finding them, and that they are as they were written.

use super::LoadError;
use crate::rng::{hash_bytes, mix64};
use crate::state::codec::Flaw;
use crate::state::saved::{PartFlaw, Records};

/// What every saved state begins with. The line ends show whether it was taken for a text on its way.
const MAGIC: [u8; 12] = *b"stowplan\r\n\x1a\n";

/// How many bytes come before the first frame: the magic and two numbers.
const HEADER: usize = 20;

/// How many bytes a frame has before its content: a kind, a length and a checksum.
const HEAD: usize = 17;

/// What a frame has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Kind {
    Engine,
    Base,
    Records(Records),
    Events,
    End,
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Kind::Engine => 1,
            Kind::Base => 2,
            Kind::Records(records) => match records {
                Records::Nodes => 3,
                Records::Jobs => 4,
                Records::Batches => 5,
                Records::Allocations => 6,
                Records::Lifecycles => 7,
                Records::Evaluations => 8,
                Records::Deployments => 9,
            },
            Kind::Events => 64,
            Kind::End => 255,
        }
    }

    fn of(number: u8) -> Option<Kind> {
        let others = [Kind::Engine, Kind::Base, Kind::Events, Kind::End];
        let mut all = others.into_iter().chain(Records::ALL.map(Kind::Records));
        all.find(|kind| kind.number() == number)
    }

    fn as_str(self) -> &'static str {
        match self {
            Kind::Engine => "the engine's options",
            Kind::Base => "the base",
            Kind::Records(records) => records.as_str(),
            Kind::Events => "events",
            Kind::End => "the end",
        }
    }
}

/// What comes before the first frame.
pub(in crate::engine) fn header(format: u32, replay_version: u32) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let (magic, numbers) = header.split_at_mut(MAGIC.len());
    magic.copy_from_slice(&MAGIC);
    let (first, second) = numbers.split_at_mut(4);
    first.copy_from_slice(&format.to_le_bytes());
    second.copy_from_slice(&replay_version.to_le_bytes());
    header
}

/// Adds a frame.
pub(in crate::engine) fn frame(
    kind: Kind,
    header: &[u8],
    at: u64,
    content: &[u8],
    bytes: &mut Vec<u8>,
) {
    bytes.reserve(HEAD + content.len());
    bytes.push(kind.number());
    bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&checksum(kind.number(), header, at, content).to_le_bytes());
    bytes.extend_from_slice(content);
}

/// A number that differs for other bytes, and for the same in another place or under another header.
fn checksum(kind: u8, header: &[u8], at: u64, content: &[u8]) -> u64 {
    hash_bytes(hash_bytes(mix64(at << 8 | u64::from(kind)), header), content)
}

/// The frames of a saved state.
#[derive(Debug)]
pub(in crate::engine) struct Frames<'a> {
    header: &'a [u8],
    left: &'a [u8],
    format: u32,
    /// How many frames were found so far.
    found: u64,
    /// The latest of them, and where it begins.
    kind: Kind,
    at: u64,
    length: u64,
}

impl<'a> Frames<'a> {
    /// The frames of bytes of which the format is known.
    pub(in crate::engine) fn of(bytes: &'a [u8], known: u32) -> Result<Frames<'a>, LoadError> {
        let beginning = bytes.get(..MAGIC.len()).unwrap_or(bytes);
        if beginning.is_empty() || !MAGIC.starts_with(beginning) {
            return Err(LoadError::Foreign);
        }
        let length = bytes.len() as u64;
        let torn = LoadError::Torn { at: length, part: "its beginning" };
        let (header, left) = bytes.split_at_checked(HEADER).ok_or(torn)?;
        let format = number_at::<4>(header, MAGIC.len()).map_or(0, u32::from_le_bytes);
        if format > known {
            return Err(LoadError::Newer { found: format, known });
        }
        if format == 0 {
            return Err(LoadError::Damaged { at: 0, part: "its beginning" });
        }
        Ok(Frames { header, left, format, found: 0, kind: Kind::Engine, at: HEADER as u64, length })
    }

    pub(in crate::engine) fn format(&self) -> u32 {
        self.format
    }

    /// The next frame. It is of the kind of the one before or of a later one.
    pub(in crate::engine) fn next(&mut self) -> Result<(Kind, &'a [u8]), LoadError> {
        self.at = self.length - self.left.len() as u64;
        let head = self.left.first_chunk::<HEAD>();
        let torn = LoadError::Torn { at: self.length, part: self.kind.as_str() };
        let head = head.ok_or(torn)?;
        let (Some(length), Some(sum)) = (number_at::<8>(head, 1), number_at::<8>(head, 9)) else {
            return Err(self.damaged());
        };
        let kind = Kind::of(head[0]).filter(|it| it.number() >= self.kind.number());
        self.kind = kind.ok_or_else(|| self.damaged())?;
        let length = u64::from_le_bytes(length);
        let rest = self.left.get(HEAD..).unwrap_or_default();
        let parts = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
        let torn = LoadError::Torn { at: self.length, part: self.kind.as_str() };
        let (content, left) = parts.ok_or(torn)?;
        let expected = checksum(self.kind.number(), self.header, self.found, content);
        if expected != u64::from_le_bytes(sum) {
            return Err(self.damaged());
        }
        self.left = left;
        self.found += 1;
        Ok((self.kind, content))
    }

    /// Reads the next frame, which has to be of a kind.
    pub(in crate::engine) fn expect<T, F: Into<Unsound>>(
        &mut self,
        kind: Kind,
        read: impl FnOnce(&'a [u8]) -> Result<T, F>,
    ) -> Result<T, LoadError> {
        let (found, content) = self.next()?;
        match found == kind {
            true => self.read(read(content)),
            false => Err(self.unexpected()),
        }
    }

    /// What was read of the latest frame.
    pub(in crate::engine) fn read<T, F: Into<Unsound>>(
        &self,
        read: Result<T, F>,
    ) -> Result<T, LoadError> {
        read.map_err(|flaw| {
            let Unsound(part, flaw) = flaw.into();
            let part = part.unwrap_or(self.kind.as_str());
            LoadError::Senseless { at: self.at, part, reason: flaw.to_string().into() }
        })
    }

    /// Whether so many frames came before the latest one.
    pub(in crate::engine) fn is_end_after(&self, count: u64) -> Result<(), Flaw> {
        match count.checked_add(1) == Some(self.found) {
            true => Ok(()),
            false => Err(Flaw::Long),
        }
    }

    /// Nothing comes after the last frame.
    pub(in crate::engine) fn end(&self) -> Result<(), LoadError> {
        match self.left.len() as u64 {
            0 => Ok(()),
            more => Err(LoadError::Longer { at: self.length - more, more }),
        }
    }

    /// The latest frame is not one that may come there.
    pub(in crate::engine) fn unexpected(&self) -> LoadError {
        let reason = "it comes where something else is expected".into();
        LoadError::Senseless { at: self.at, part: self.kind.as_str(), reason }
    }

    fn damaged(&self) -> LoadError {
        LoadError::Damaged { at: self.at, part: self.kind.as_str() }
    }
}

/// A flaw, with the part that it is in where that is known.
#[derive(Debug)]
pub(in crate::engine) struct Unsound(Option<&'static str>, Flaw);

impl From<Flaw> for Unsound {
    fn from(flaw: Flaw) -> Unsound {
        Unsound(None, flaw)
    }
}

impl From<PartFlaw> for Unsound {
    fn from((part, flaw): PartFlaw) -> Unsound {
        Unsound(Some(part), flaw)
    }
}

fn number_at<const BYTES: usize>(bytes: &[u8], at: usize) -> Option<[u8; BYTES]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Makes the checksums right of as many frames as can be found.
pub(in crate::engine) fn reseal(bytes: &mut [u8]) {
    let Some((header, mut left)) = bytes.split_at_mut_checked(HEADER) else { return };
    let mut found = 0;
    while let Some((head, rest)) = left.split_at_mut_checked(HEAD) {
        let length = number_at::<8>(head, 1).map_or(0, u64::from_le_bytes);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((content, rest)) = rest.split_at_mut_checked(length) else { return };
        let sum = checksum(head[0], header, found, content);
        if let Some(place) = head.get_mut(9..) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
        found += 1;
        left = rest;
    }
}
