//! Numbers, texts, instants.

use std::borrow::Cow;

use super::{Flaw, Reader, Saved, Writer};
use crate::time::{Span, Timestamp};

impl Saved for () {
    fn save(&self, _: &mut Writer) {}

    fn load(_: &mut Reader<'_>) -> Result<(), Flaw> {
        Ok(())
    }
}

impl Saved for bool {
    fn save(&self, out: &mut Writer) {
        out.byte(u8::from(*self));
    }

    fn load(input: &mut Reader<'_>) -> Result<bool, Flaw> {
        match input.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Flaw::Unknown("yes or no")),
        }
    }
}

macro_rules! unsigned {
    ($($name:ty),*) => {$(
        impl Saved for $name {
            #[inline]
            fn save(&self, out: &mut Writer) {
                out.number(*self as u64);
            }

            #[inline]
            fn load(input: &mut Reader<'_>) -> Result<$name, Flaw> {
                input.fitting()
            }
        }
    )*};
}

unsigned!(u8, u16, u32, u64, usize);

/// The sign goes to the lowest bit, so that small numbers take few bytes whatever their sign.
impl Saved for i64 {
    #[inline]
    fn save(&self, out: &mut Writer) {
        out.number((*self << 1 ^ *self >> 63) as u64);
    }

    #[inline]
    fn load(input: &mut Reader<'_>) -> Result<i64, Flaw> {
        let number = input.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }
}

/// To the last bit.
impl Saved for f64 {
    fn save(&self, out: &mut Writer) {
        out.raw(&self.to_bits().to_le_bytes());
    }

    fn load(input: &mut Reader<'_>) -> Result<f64, Flaw> {
        let bytes = input.raw(8)?.try_into().map_err(|_| Flaw::Short)?;
        Ok(f64::from_bits(u64::from_le_bytes(bytes)))
    }
}

impl Saved for String {
    fn save(&self, out: &mut Writer) {
        out.blob(self.as_bytes());
    }

    fn load(input: &mut Reader<'_>) -> Result<String, Flaw> {
        input.text().map(str::to_owned)
    }
}

/// As a text of its own.
impl Saved for Cow<'static, str> {
    fn save(&self, out: &mut Writer) {
        out.blob(self.as_bytes());
    }

    fn load(input: &mut Reader<'_>) -> Result<Cow<'static, str>, Flaw> {
        String::load(input).map(Cow::Owned)
    }
}

impl Saved for Box<str> {
    fn save(&self, out: &mut Writer) {
        out.blob(self.as_bytes());
    }

    fn load(input: &mut Reader<'_>) -> Result<Box<str>, Flaw> {
        input.text().map(Box::from)
    }
}

impl Saved for Box<[u8]> {
    fn save(&self, out: &mut Writer) {
        out.blob(self);
    }

    fn load(input: &mut Reader<'_>) -> Result<Box<[u8]>, Flaw> {
        input.blob().map(Box::from)
    }
}

impl Saved for Timestamp {
    #[inline]
    fn save(&self, out: &mut Writer) {
        self.as_nanos().save(out);
    }

    #[inline]
    fn load(input: &mut Reader<'_>) -> Result<Timestamp, Flaw> {
        i64::load(input).map(Timestamp::from_nanos)
    }
}

impl Saved for Span {
    fn save(&self, out: &mut Writer) {
        self.as_nanos().save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Span, Flaw> {
        i64::load(input).map(Span::from_nanos)
    }
}
