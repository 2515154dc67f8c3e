//! How long something lasts, as a distribution. Draws are made of integers only, so that they are the same
//! on every machine.

use crate::rng::Rng;
use crate::time::Span;

/// How long something lasts.
///
/// ```
/// use stowplan::Span;
/// use stowplan::sim::{Behaviour, Lasting};
///
/// let minute = Span::from_secs(60);
/// let behaviour = Behaviour { node_failure: Lasting::Exponential(minute), ..Behaviour::default() };
/// assert_ne!(behaviour.node_failure, Lasting::Forever);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lasting {
    /// It does not end.
    Forever,
    /// Always as long.
    Fixed(Span),
    /// From the first to the second, each length being as likely as any other.
    Between(Span, Span),
    /// This long in the mean, and as likely to end at any moment as at any other.
    Exponential(Span),
}

impl Lasting {
    /// A length, or none if it does not end.
    pub(super) fn draw(self, rng: &mut Rng) -> Option<Span> {
        match self {
            Lasting::Forever => None,
            Lasting::Fixed(span) => Some(span),
            Lasting::Between(from, to) => {
                let width = to.as_nanos().saturating_sub(from.as_nanos()).max(0) as u64;
                let more = rng.below(width.saturating_add(1)) as i64;
                from.checked_add(Span::from_nanos(more))
            }
            Lasting::Exponential(mean) => Some(exponential(mean, rng)),
        }
    }
}

/// Exponential lengths from uniform numbers and comparisons alone (J. von Neumann, *Various techniques
/// used in connection with random digits*, 1951): the length of a run of falling numbers decides whether its
/// first one is the fraction, and how often it was not is the whole part.
fn exponential(mean: Span, rng: &mut Rng) -> Span {
    let mut whole: i64 = 0;
    loop {
        let first = rng.next_u64();
        let (mut last, mut length) = (first, 1_u32);
        loop {
            let next = rng.next_u64();
            if next >= last {
                break;
            }
            (last, length) = (next, length + 1);
        }
        if length % 2 == 1 {
            let nanos = i128::from(mean.as_nanos());
            let fraction = (nanos * i128::from(first)) >> 64;
            let all = nanos * i128::from(whole) + fraction;
            return Span::from_nanos(i64::try_from(all).unwrap_or(i64::MAX));
        }
        whole += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_lengths_have_their_mean_and_their_median() {
        let mut rng = Rng::for_key(7, &[1]);
        let mean = Span::from_secs(1_000);
        let mut drawn: Vec<i64> =
            (0..20_000).map(|_| exponential(mean, &mut rng).as_nanos()).collect();
        drawn.sort_unstable();
        let sum: i128 = drawn.iter().map(|&nanos| i128::from(nanos)).sum();
        let (mean, median) = (sum / 20_000 / 1_000_000_000, drawn[10_000] / 1_000_000_000);
        // The median is the mean times ln 2.
        assert!((970..=1_030).contains(&mean) && (670..=716).contains(&median), "{mean} {median}");
    }

    #[test]
    fn lengths_between_two_reach_both() {
        let mut rng = Rng::for_key(7, &[2]);
        let (from, to) = (Span::from_nanos(5), Span::from_nanos(7));
        let drawn = (0..200).filter_map(|_| Lasting::Between(from, to).draw(&mut rng));
        let mut drawn: Vec<i64> = drawn.map(Span::as_nanos).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, [5, 6, 7]);
        assert_eq!(Lasting::Between(to, from).draw(&mut rng), Some(to));
        assert_eq!(Lasting::Forever.draw(&mut rng), None);
    }
}
