//! The double nearest to a decimal number of up to 19 digits, by exact integer arithmetic.

const LARGEST_POWER: usize = 27;

/// Powers of five. The largest lies below 2^63.
const POWERS_OF_FIVE: [u64; LARGEST_POWER + 1] = {
    let mut powers = [1; LARGEST_POWER + 1];
    let mut at = 1;
    while at <= LARGEST_POWER {
        powers[at] = powers[at - 1] * 5;
        at += 1;
    }
    powers
};

/// 2^(63 + bits) / 5^k, rounded down to 64 bits, and bits, the length of 5^k.
const RECIPROCALS: [(u64, i32); LARGEST_POWER + 1] = {
    // The first is 1, a power of two. Nobody divides by it.
    let mut reciprocals = [(u64::MAX, 1); LARGEST_POWER + 1];
    let mut at = 1;
    while at <= LARGEST_POWER {
        let bits = u64::BITS - POWERS_OF_FIVE[at].leading_zeros();
        reciprocals[at] = (((1u128 << (63 + bits)) / POWERS_OF_FIVE[at] as u128) as u64, bits as i32);
        at += 1;
    }
    reciprocals
};

fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// The double nearest to mantissa · 10^exponent, ties to even; None for an exponent beyond ±27.
#[inline]
pub fn nearest_double(mantissa: u64, exponent: i32) -> Option<f64> {
    let power = exponent.unsigned_abs() as usize;
    if power > LARGEST_POWER {
        return None;
    }
    if mantissa == 0 {
        return Some(0.0);
    }
    if exponent >= 0 {
        let product = u128::from(mantissa) * u128::from(POWERS_OF_FIVE[power]);
        return Some(product as f64 * power_of_two(exponent));
    }
    // Scaling by a power of two is exact: the result is far from the smallest doubles.
    let shift = mantissa.leading_zeros() as i32;
    let (reciprocal, bits) = RECIPROCALS[power];
    // The true quotient lies from this one to less than two units above it.
    let quotient = ((u128::from(mantissa << shift) * u128::from(reciprocal)) >> 64) as u64;
    let dropped = u64::BITS - f64::MANTISSA_DIGITS - quotient.leading_zeros();
    let half = 1 << (dropped - 1);
    let above_half = (quotient & ((1 << dropped) - 1)).wrapping_sub(half - 2);
    if above_half <= 2 {
        return Some(divided(mantissa, power));
    }
    Some(quotient as f64 * power_of_two(1 - shift - bits - power as i32))
}

/// mantissa / 10^power where a quotient of 64 bits does not tell how to round.
#[cold]
fn divided(mantissa: u64, power: usize) -> f64 {
    // The quotient has at least 64 bits. Its last bit also stands for the remainder, so that the conversion below is the
    // only rounding.
    let shift = mantissa.leading_zeros() as i32 + 63;
    let dividend = u128::from(mantissa) << shift;
    let divisor = u128::from(POWERS_OF_FIVE[power]);
    let quotient = dividend / divisor;
    let inexact = quotient * divisor != dividend;
    (quotient | u128::from(inexact)) as f64 * power_of_two(-shift - power as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_text(mantissa: u64, exponent: i32) -> f64 {
        format!("{mantissa}e{exponent}").parse().unwrap()
    }

    fn same(mantissa: u64, exponent: i32) {
        let (ours, theirs) = (nearest_double(mantissa, exponent), by_text(mantissa, exponent));
        assert_eq!(ours.map(f64::to_bits), Some(theirs.to_bits()), "{mantissa}e{exponent}: {ours:?}, not {theirs}");
    }

    #[test]
    fn edges() {
        for mantissa in
            [0, 1, 5, 9, 1 << 52, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, (1 << 54) + 2, u64::MAX - 1, u64::MAX]
        {
            for exponent in -27..=27 {
                same(mantissa, exponent);
            }
        }
        assert_eq!(nearest_double(1, 28), None);
        assert_eq!(nearest_double(1, -28), None);
        assert_eq!(nearest_double(1, i32::MIN), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn as_the_parser_of_text(mantissa: u64, bits in 0u32..64, exponent in -27..=27i32) {
            same(mantissa >> bits, exponent);
        }

        // Exactly between two doubles, and one unit beside it.
        #[test]
        fn ties(odd in (1u64 << 52)..(1 << 53), exponent in 0..=4i32, beside in -1..=1i64) {
            let tie = (odd << 1 | 1).wrapping_add_signed(beside);
            same(tie, 0);
            same(tie * 5u64.pow(exponent as u32), -exponent);
        }

        // What to_jsonb(float8) writes: the shortest text that gives the same double.
        #[test]
        fn shortest_texts(number in prop::num::f64::POSITIVE) {
            let number = number % 1e9;
            let text = format!("{number:e}");
            let (digits, exponent) = text.split_once('e').unwrap();
            let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
            let mantissa: u64 = digits.replace('.', "").parse().unwrap();
            let exponent = exponent.parse::<i32>().unwrap() - decimals;
            if exponent >= -27 {
                prop_assert_eq!(nearest_double(mantissa, exponent).map(f64::to_bits), Some(number.to_bits()));
            }
        }
    }
}
