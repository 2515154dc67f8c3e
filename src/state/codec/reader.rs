//! Bytes that are being read, and why they are not what they should be.

use std::any::Any;
use std::sync::Arc;

use thiserror::Error;

/// Why bytes are not a record.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// There are fewer than there should be.
    #[error("it ends too early")]
    Short,
    /// There are more than there should be.
    #[error("there is more than was expected")]
    Long,
    /// A number is larger than its place allows.
    #[error("a number is too large")]
    Number,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// A number stands for none of what there is.
    #[error("a number stands for no {0}")]
    Unknown(&'static str),
    /// A document cannot be read.
    #[error("a document cannot be read: {0}")]
    Document(Box<str>),
    /// Records do not agree with each other.
    #[error("{0}")]
    Disagrees(Box<str>),
}

/// Bytes with what was read of them that may come again.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    format: u32,
    pub(super) shared: Vec<Arc<dyn Any + Send + Sync>>,
    pub(super) texts: Vec<Arc<str>>,
    /// Where the pages are in memory that were found to be sound last.
    pub(in crate::state) sound: usize,
}

impl<'a> Reader<'a> {
    /// Bytes of a format.
    pub(crate) fn new(bytes: &'a [u8], format: u32) -> Reader<'a> {
        Reader { bytes, format, shared: Vec::new(), texts: Vec::new(), sound: 0 }
    }

    /// Goes on with other bytes of the same file.
    pub(crate) fn go_on(&mut self, bytes: &'a [u8]) {
        self.bytes = bytes;
    }

    /// The format of the file.
    #[allow(dead_code, reason = "no field came later than the first format yet")]
    pub(crate) fn format(&self) -> u32 {
        self.format
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len()
    }

    /// Says that nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Flaw> {
        if self.bytes.is_empty() { Ok(()) } else { Err(Flaw::Long) }
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Flaw> {
        let (&byte, rest) = self.bytes.split_first().ok_or(Flaw::Short)?;
        self.bytes = rest;
        Ok(byte)
    }

    /// A number in as many bytes as it takes.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<u64, Flaw> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(first.into());
        }
        self.rest_of_number(first)
    }

    fn rest_of_number(&mut self, first: u8) -> Result<u64, Flaw> {
        let mut number = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && byte > 1 {
                return Err(Flaw::Number);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Flaw::Number)
    }

    /// A number that has to fit.
    #[inline]
    pub(crate) fn fitting<T: TryFrom<u64>>(&mut self) -> Result<T, Flaw> {
        T::try_from(self.number()?).map_err(|_| Flaw::Number)
    }

    /// So many bytes as they are.
    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8], Flaw> {
        let (bytes, rest) = self.bytes.split_at_checked(length).ok_or(Flaw::Short)?;
        self.bytes = rest;
        Ok(bytes)
    }

    /// Bytes with their length before them.
    pub(crate) fn blob(&mut self) -> Result<&'a [u8], Flaw> {
        let length = self.number()?;
        self.raw(usize::try_from(length).map_err(|_| Flaw::Short)?)
    }

    /// A text with its length before it.
    pub(crate) fn text(&mut self) -> Result<&'a str, Flaw> {
        std::str::from_utf8(self.blob()?).map_err(|_| Flaw::Text)
    }

    /// How many things of a list follow. Each takes a byte at least.
    pub(crate) fn length(&mut self) -> Result<usize, Flaw> {
        let length = self.fitting::<usize>().map_err(|_| Flaw::Short)?;
        if length <= self.left() { Ok(length) } else { Err(Flaw::Short) }
    }
}
