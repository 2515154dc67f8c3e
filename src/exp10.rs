//! 10^x and e^x as functions of our own, with the same bits on every platform.
//!
//! std leaves the last bits of `powf` and `exp` to the platform, and one bit is enough to choose
//! another node. Here are only additions, multiplications and operations on bits, each of which IEEE
//! 754 rounds in one way only.
//!
//! The error is below 0.53 units in the last place where the result is a normal number; so powers of
//! ten that an `f64` holds exactly, 10^0 to 10^22, are exact. Neither function ever decreases, to the
//! last bit: see [`power`].
//!
//! In: a number. Out: a number. May import nothing.

mod table;

use table::POWERS;

/// 10^x. Infinite above 308.25, 0 below -323.6, NaN for NaN.
pub(crate) fn exp10(x: f64) -> f64 {
    power(x, &TEN)
}

/// e^x. Infinite above 709.78, 0 below -745.1, NaN for NaN.
pub(crate) fn exp(x: f64) -> f64 {
    power(x, &E)
}

/// What [`power`] needs to know of the number b that it raises to a power.
///
/// All of it was computed with 80 decimal digits. A step is log_b(2)/128, so that b to the power of one
/// step is 2^(1/128).
struct Base {
    /// Results for arguments of this size or more are infinite or 0.
    limit: f64,
    /// 1/step.
    steps_per_unit: f64,
    /// The step cut to 33 bits, so that its multiples up to 2^20 are exact.
    step_high: f64,
    /// The step less `step_high`.
    step_low: f64,
    /// ln(b)^i/i! for i from 1 to 6: the Taylor coefficients of b^r - 1.
    coefficients: [f64; 6],
}

/// b = 10.
const TEN: Base = Base {
    limit: 400.0,
    steps_per_unit: f64::from_bits(0x407a_934f_0979_a371),
    step_high: f64::from_bits(0x3f63_4413_5090_0000),
    step_low: f64::from_bits(0x3d5e_f3fd_e623_e256),
    coefficients: [
        f64::from_bits(0x4002_6bb1_bbb5_5516),
        f64::from_bits(0x4005_3524_c73c_ea69),
        f64::from_bits(0x4000_4705_91de_2ca4),
        f64::from_bits(0x3ff2_bd76_09fd_98c4),
        f64::from_bits(0x3fe1_429f_fd1d_4d76),
        f64::from_bits(0x3fca_7ed7_0847_c8b6),
    ],
};

/// b = e.
const E: Base = Base {
    limit: 800.0,
    steps_per_unit: f64::from_bits(0x4067_1547_652b_82fe),
    step_high: f64::from_bits(0x3f76_2e42_fef0_0000),
    step_low: f64::from_bits(0x3d64_73de_6af2_78ed),
    coefficients: [
        f64::from_bits(0x3ff0_0000_0000_0000),
        f64::from_bits(0x3fe0_0000_0000_0000),
        f64::from_bits(0x3fc5_5555_5555_5555),
        f64::from_bits(0x3fa5_5555_5555_5555),
        f64::from_bits(0x3f81_1111_1111_1111),
        f64::from_bits(0x3f56_c16c_16c1_6c17),
    ],
};

/// b^x: with x = n steps + r, where n is whole and 0 <= r < 1 step, it is 2^(n/128) times b^r. The first
/// factor is in the table but for a power of 2, the second is 1 plus a short polynomial.
///
/// The result never decreases as x grows. While n stays the same, r does not decrease, and the sums and
/// products of non-negative numbers that follow do not either, exact or rounded: that is why n is rounded
/// down and not to the nearest. (Where x is next to a seam, r may be negative by a rounding error. All
/// seams of both functions' ranges were tried.)
fn power(x: f64, base: &Base) -> f64 {
    if x.is_nan() {
        // Not x itself: the bits of a NaN differ by platform.
        return f64::NAN;
    }
    if x >= base.limit {
        return f64::INFINITY;
    }
    if x <= -base.limit {
        return 0.0;
    }
    let steps = x * base.steps_per_unit;
    // A cast cuts towards zero, without the call that `floor` is on some platforms.
    let cut = steps as i32;
    let n = cut - i32::from(f64::from(cut) > steps);
    // The product is exact by the choice of `step_high`, and so is the difference, because its sides
    // are near (but for n = -1, where what is lost does not matter).
    let rest = x - f64::from(n) * base.step_high;
    let r = rest - f64::from(n) * base.step_low;
    let [c1, c2, c3, c4, c5, c6] = base.coefficients;
    let rr = r * r;
    let excess = r * ((c1 + c2 * r) + rr * ((c3 + c4 * r) + rr * (c5 + c6 * r)));
    // The index is the remainder of n by 128, also for negative n, and so is in bounds.
    let [high, low] = POWERS[(n & 127) as usize];
    let (high, low) = (f64::from_bits(high), f64::from_bits(low));
    scale(high + (low + high * excess), n >> 7)
}

/// `value` times 2^exponent, for a value of about 1 to 2 and an exponent of at most 2,000 in size.
fn scale(value: f64, exponent: i32) -> f64 {
    // The field of an f64's exponent is in bits 52 to 62 and holds 1 to 2046 for normal numbers.
    let power_of_2 = |exponent: i32| f64::from_bits(((exponent + 1023) as u64) << 52);
    if exponent > 1023 {
        value * power_of_2(1023) * power_of_2(exponent - 1023)
    } else if exponent < -1022 {
        // The first product is exact, so a result too small for a normal number is rounded once.
        value * power_of_2(-1022) * power_of_2(exponent + 1022)
    } else {
        value * power_of_2(exponent)
    }
}

#[cfg(test)]
mod tests;
