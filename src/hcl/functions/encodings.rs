//! Base 64, URLs, paths and addresses of networks.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::super::value::{Value, quoted};
use super::{Call, Function, MANY, Outcome, between, takes};

pub(super) const TABLE: &[Function] = &[
    takes("base64decode", 1, |it| {
        let bytes = from_base64(&it.text(0)?).ok_or("the text is not base 64")?;
        it.made(String::from_utf8(bytes).map_err(|_| "what it holds is not UTF-8")?)
    }),
    takes("base64encode", 1, |it| it.made(to_base64(it.text(0)?.as_bytes()))),
    takes("basename", 1, |it| {
        let path = it.text(0)?;
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        it.made(match (path.is_empty(), name.is_empty()) {
            (true, _) => ".".to_owned(),
            (false, true) => "/".to_owned(),
            (false, false) => name,
        })
    }),
    takes("cidrhost", 2, |it| {
        let network = Network::of(&it.text(0)?)?;
        it.made(network.host(it.int(1)?)?.to_string())
    }),
    takes("cidrnetmask", 1, |it| {
        it.made(Ipv4Addr::from(Network::of(&it.text(0)?)?.mask()).to_string())
    }),
    takes("cidrsubnet", 3, |it| {
        let network = Network::of(&it.text(0)?)?;
        it.made(network.part(it.count(1)?, it.count(2)?)?.to_string())
    }),
    between("cidrsubnets", 2, MANY, subnets),
    takes("dirname", 1, |it| {
        let path = it.text(0)?;
        let (folder, _) = path.rsplit_once('/').unwrap_or((".", ""));
        it.made(if folder.is_empty() { "/" } else { folder })
    }),
    takes("urlencode", 1, |it| it.made(url_encoded(&it.text(0)?))),
];

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * at) & 63) as usize);
            out.push(if at <= three.len() {
                letter.map_or('=', |it| char::from(*it))
            } else {
                '='
            });
        }
    }
    out
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    let data = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if !text.len().is_multiple_of(4) || data.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::new();
    for four in data.chunks(4) {
        let mut bits = 0_u32;
        for letter in four {
            let value = LETTERS.iter().position(|known| known == letter)?;
            bits = bits << 6 | u32::try_from(value).ok()?;
        }
        bits <<= 6 * (4 - four.len());
        let made = bits.to_be_bytes();
        bytes.extend(made.iter().skip(1).take(four.len() - 1));
    }
    Some(bytes)
}

fn url_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            // Writing to a text does not fail.
            byte => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

/// A network of the fourth version of the protocol.
struct Network {
    first: u32,
    /// How many bits are the network's.
    bits: u32,
}

impl Network {
    fn of(text: &str) -> Result<Self, String> {
        let wrong = || format!("{} is no network such as `10.0.0.0/8`", quoted(text));
        let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
        let address: Ipv4Addr = address.parse().map_err(|_| wrong())?;
        let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32).ok_or_else(wrong)?;
        let network = Network { first: 0, bits };
        Ok(Network { first: u32::from(address) & network.mask(), bits })
    }

    fn mask(&self) -> u32 {
        u32::MAX.checked_shl(32 - self.bits).unwrap_or(0)
    }

    fn host(&self, number: i64) -> Result<Ipv4Addr, String> {
        let size = 1_i64 << (32 - self.bits);
        // Negative numbers count from the end.
        let number = if number < 0 { size.saturating_add(number) } else { number };
        let within = u32::try_from(number).ok().filter(|_| number < size);
        let within = within.ok_or_else(|| format!("the network has {size} addresses"))?;
        Ok(Ipv4Addr::from(self.first | within))
    }

    fn part(&self, more: usize, number: usize) -> Result<Self, String> {
        let more = u32::try_from(more).ok().filter(|more| self.bits + more <= 32);
        let more = more.ok_or("a network has at most 32 bits")?;
        if number as u64 >= 1_u64 << more {
            return Err(format!("{more} bits number no network {number}"));
        }
        let bits = self.bits + more;
        let number = u32::try_from(number).unwrap_or(0).checked_shl(32 - bits).unwrap_or(0);
        Ok(Network { first: self.first | number, bits })
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.bits)
    }
}

/// Networks of the asked sizes, one behind the other.
fn subnets(it: Call<'_>) -> Outcome {
    let network = Network::of(&it.text(0)?)?;
    let end = u64::from(network.first) + (1_u64 << (32 - network.bits));
    let mut next = u64::from(network.first);
    let mut made = Vec::new();
    for at in 1..it.arguments.len() {
        let bits = network.bits.saturating_add(u32::try_from(it.count(at)?).unwrap_or(u32::MAX));
        if bits > 32 {
            return Err("a network has at most 32 bits".to_owned());
        }
        let size = 1_u64 << (32 - bits);
        let first = next.div_ceil(size) * size;
        next = first + size;
        if next > end {
            return Err("the network has no room for all of them".to_owned());
        }
        let first = u32::try_from(first).map_err(|_| "the network has no room".to_owned())?;
        made.push(Value::text(Network { first, bits }.to_string()));
    }
    it.made_list(made)
}
