//! Tests of `exp10.rs`. Another program, written in Python, computed every number here.

#[path = "reference.rs"]
mod reference;

use super::*;
use crate::rng::{Rng, mix64};

/// By how many units in the last place the function misses the reference values at most.
fn worst_error(function: fn(f64) -> f64, reference: &[(u64, u64, i32)]) -> f64 {
    let error = |&(x, nearest, thousandths): &(u64, u64, i32)| {
        // Neighbouring positive numbers have neighbouring bits.
        let found = function(f64::from_bits(x)).to_bits();
        let units = i64::try_from(found).unwrap() - i64::try_from(nearest).unwrap();
        (units as f64 - f64::from(thousandths) / 1000.0).abs()
    };
    reference.iter().map(error).fold(0.0, f64::max)
}

#[test]
fn errors_are_below_053_units_in_the_last_place() {
    assert!(worst_error(exp10, &reference::TEN) < 0.53);
    assert!(worst_error(exp, &reference::E) < 0.53);
}

#[test]
#[rustfmt::skip]
fn known_powers_of_ten() {
    let known: [(f64, u64); 52] = [
        (0.0, 0x3ff0_0000_0000_0000),
        (-0.0, 0x3ff0_0000_0000_0000),
        (1.0, 0x4024_0000_0000_0000),
        (2.0, 0x4059_0000_0000_0000),
        (3.0, 0x408f_4000_0000_0000),
        (10.0, 0x4202_a05f_2000_0000),
        (15.0, 0x430c_6bf5_2634_0000),
        (22.0, 0x4480_f0cf_064d_d592),
        (23.0, 0x44b5_2d02_c7e1_4af7),
        (-1.0, 0x3fb9_9999_9999_999a),
        (-2.0, 0x3f84_7ae1_47ae_147b),
        (-3.0, 0x3f50_624d_d2f1_a9fc),
        (-10.0, 0x3ddb_7cdf_d9d7_bdbb),
        (0.5, 0x4009_4c58_3ada_5b53),
        (-0.5, 0x3fd4_3d13_6248_490f),
        (0.25, 0x3ffc_73d5_1c54_470e),
        (0.75, 0x4016_7e60_0b23_4626),
        (0.1, 0x3ff4_248e_f8fc_2604),
        (0.2, 0x3ff9_5bb8_f6d4_6053),
        (0.3, 0x3fff_ec98_2d5b_b8af),
        (0.9, 0x401f_c5eb_cec1_3542),
        (0.99, 0x4023_8b74_5ec8_c85c),
        (0.999999999, 0x4023_ffff_ff3a_359f),
        (1e-5, 0x3ff0_0018_2506_a506),
        (-1e-5, 0x3fef_ffcf_b63b_9458),
        (1e-17, 0x3ff0_0000_0000_0000),
        (-1e-17, 0x3ff0_0000_0000_0000),
        (1e-300, 0x3ff0_0000_0000_0000),
        (std::f64::consts::LOG10_2, 0x4000_0000_0000_0000),
        (-std::f64::consts::LOG10_2, 0x3fe0_0000_0000_0000),
        (0.43429448190325176, 0x4005_bf0a_8b14_5768),
        (0.36585365853658536, 0x4002_935c_bffe_651f),
        (0.9641726618705036, 0x4022_6a93_67c8_a16c),
        (0.9677419354838709, 0x4022_917b_8304_d66a),
        (0.7424242424242424, 0x4016_1acc_504d_a2ce),
        (0.6666666666666666, 0x4012_90fc_a9c7_61f7),
        (0.09090909090909094, 0x3ff3_b9bd_80ae_247c),
        (-0.5012, 0x3fd4_2ec7_964a_c060),
        (1.7, 0x4049_0f32_53c0_17a0),
        (-7.3, 0x3e6a_e843_cfb8_a8e0),
        (100.25, 0x54c0_42aa_11ba_5d55),
        (-250.75, 0x0be0_4c05_01fd_864d),
        (300.0, 0x7e37_e43c_8800_759c),
        (-300.0, 0x01a5_6e1f_c2f8_f359),
        (308.25, 0x7fef_a788_589d_81d3),
        (308.2547155599167, 0x7fef_ffff_ffff_fba1),
        (-307.9, 0x0009_0d7a_3a04_564b),
        (-310.0, 0x0000_1268_8b70_e62b),
        (-320.5, 0x0000_0000_0000_0280),
        (-323.3, 0x0000_0000_0000_0001),
        (12.345678901234567, 0x4280_20a8_bc00_42f1),
        (-0.007812499999999999, 0x3fef_6df3_bde3_9efe),
    ];
    for (x, bits) in known {
        assert_eq!(exp10(x).to_bits(), bits, "{x}");
    }
}

#[test]
#[rustfmt::skip]
fn known_powers_of_e() {
    let known: [(f64, u64); 10] = [
        (0.0, 0x3ff0_0000_0000_0000),
        (1.0, 0x4005_bf0a_8b14_5769),
        (-1.0, 0x3fd7_8b56_362c_ef38),
        (0.5, 0x3ffa_6129_8e1e_069c),
        (-9.6816, 0x3f10_5d0a_0d5a_3c9e),
        (4.5696, 0x4058_205a_1c0c_82da),
        (-9.8256, 0x3f0c_5679_bde0_bf44),
        (20.0, 0x41bc_eb08_8b68_e804),
        (-700.0, 0x00d1_4f2b_0fb9_307f),
        (709.5, 0x7fe8_1e9b_4b52_d0c9),
    ];
    for (x, bits) in known {
        assert_eq!(exp(x).to_bits(), bits, "{x}");
    }
}

/// One number that depends on every bit of 60,001 results.
#[test]
fn known_sum_of_many_powers() {
    let fold =
        (-30_000..=30_000).fold(0, |fold, i| mix64(fold ^ exp10(f64::from(i) * 0.0007).to_bits()));
    assert_eq!(fold, 0x6779_80dd_f9f4_2834);
}

#[test]
fn whole_powers_are_exact() {
    let mut power = 1_u128;
    for x in 0..=22 {
        assert_eq!(exp10(f64::from(x)), power as f64, "{x}");
        power *= 10;
    }
}

#[test]
fn limits() {
    for function in [exp10, exp] {
        assert_eq!(function(0.0), 1.0);
        assert_eq!(function(f64::INFINITY), f64::INFINITY);
        assert_eq!(function(f64::MAX), f64::INFINITY);
        assert_eq!(function(f64::NEG_INFINITY).to_bits(), 0);
        assert_eq!(function(f64::MIN).to_bits(), 0);
        assert_eq!(function(f64::NAN).to_bits(), f64::NAN.to_bits());
        assert_eq!(function(-f64::NAN).to_bits(), f64::NAN.to_bits());
    }
    assert!(exp10(308.254).is_finite());
    assert_eq!(exp10(308.26), f64::INFINITY);
    assert_eq!(exp10(399.9), f64::INFINITY);
    assert_eq!(exp10(-323.0).to_bits(), 2);
    assert_eq!(exp10(-324.0), 0.0);
    assert_eq!(exp10(-399.9), 0.0);
    assert!(exp(709.7).is_finite());
    assert_eq!(exp(709.8), f64::INFINITY);
    assert_eq!(exp(-745.0).to_bits(), 1);
    assert_eq!(exp(-746.0), 0.0);
}

/// Asserts that a function does not decrease over neighbouring numbers, going away from 0.
fn assert_monotonic(function: fn(f64) -> f64, from: f64, neighbours: u64) {
    let start = from.to_bits();
    let mut last = function(from);
    for bits in start..=start + neighbours {
        let now = function(f64::from_bits(bits));
        let fine = if from.is_sign_negative() { now <= last } else { now >= last };
        assert!(fine, "{:e}", f64::from_bits(bits));
        last = now;
    }
}

#[test]
fn never_decreases_over_a_fine_grid() {
    let mut last = 0.0;
    for i in -2_000_000..=1_000_000 {
        let now = exp10(f64::from(i) * 1e-6);
        assert!(now > last, "{i}");
        last = now;
    }
}

/// Where n changes, and with it the entry of the table. All seams of both functions' whole ranges were
/// tried once, 24 neighbours to either side; this repeats those of scores, and some farther out.
#[test]
fn never_decreases_at_seams() {
    for (function, base) in [(exp10 as fn(f64) -> f64, &TEN), (exp, &E)] {
        for n in (-860..860).chain((-130_000..130_000).step_by(997)) {
            let seam = f64::from(n) * base.step_high + f64::from(n) * base.step_low;
            if n != 0 {
                assert_monotonic(function, f64::from_bits(seam.to_bits() - 24), 48);
            }
        }
        assert_monotonic(function, 0.0, 48);
        assert_monotonic(function, -0.0, 48);
    }
}

#[test]
fn never_decreases_between_neighbours() {
    let mut rng = Rng::for_key(5, &[]);
    for i in 0..4_000 {
        // From 0 to 1, then other scales and signs.
        let x = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let scale = [1.0, -2.0, 1e-2, -1e-3, 1e-8, -1e-12, 300.0, -300.0];
        assert_monotonic(exp10, x * scale[i % scale.len()], 200);
    }
}

/// Rows 15 and 16 of section 9.2 are about the preemption score; this is its formula.
#[test]
fn preemption_scores_come_out() {
    let score = |priority: f64| 1.0 / (1.0 + exp(0.0048 * (priority - 2048.0)));
    let known = [
        (31.0, 0.999_937_58),
        (52.0, 0.999_930_96),
        (41.75, 0.999_934_28),
        (2048.0, 0.5),
        (3000.0, 0.010_255_83),
    ];
    for (priority, wanted) in known {
        assert!((score(priority) - wanted).abs() < 1e-8, "{priority}");
    }
}
