//! Sums that lose nothing: whole numbers wider than the machine's, and sums of doubles with their rounding errors kept.
//! So a result depends neither on the order of the rows nor on how parallel workers share them. Nothing here knows what
//! is summed.

/// A signed whole number of `N` times 64 bits in two's complement, lowest digit first. Arithmetic wraps around
/// silently: the caller chooses an `N` that is wide enough for its numbers.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const N: usize>([u64; N]);

impl<const N: usize> Whole<N> {
    pub const ZERO: Whole<N> = Whole([0; N]);

    pub fn from_i128(value: i128) -> Whole<N> {
        let mut whole = Whole::ZERO;
        whole.add(value);
        whole
    }

    #[inline(always)]
    pub fn add(&mut self, value: i128) {
        let sign = (value >> 127) as u64;
        let mut carry = false;
        for (at, digit) in self.0.iter_mut().enumerate() {
            let added = match at {
                0 => value as u64,
                1 => (value >> 64) as u64,
                _ => sign,
            };
            (*digit, carry) = add_with_carry(*digit, added, carry);
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Whole<N>) {
        let mut carry = false;
        for (digit, added) in self.0.iter_mut().zip(other.0) {
            (*digit, carry) = add_with_carry(*digit, added, carry);
        }
    }

    pub fn is_negative(&self) -> bool {
        self.0[N - 1] >> 63 == 1
    }

    fn digit(&self, at: usize) -> u64 {
        let sign = if self.is_negative() { u64::MAX } else { 0 };
        self.0.get(at).copied().unwrap_or(sign)
    }

    fn negated(&self) -> Whole<N> {
        let mut whole = Whole(self.0.map(|digit| !digit));
        whole.add(1);
        whole
    }

    /// The difference; `M` is wide enough for it.
    pub fn minus<const M: usize>(&self, other: &Whole<N>) -> Whole<M> {
        let mut difference = Whole(std::array::from_fn(|at| self.digit(at)));
        difference.merge(&Whole(std::array::from_fn(|at| other.digit(at))).negated());
        difference
    }

    /// The product; `P` is wide enough for it.
    pub fn times<const M: usize, const P: usize>(&self, other: &Whole<M>) -> Whole<P> {
        let mut product = Whole([0; P]);
        for low in 0..P {
            let mut carry = 0;
            for high in 0..P - low {
                let place = &mut product.0[low + high];
                let sum = u128::from(self.digit(low)) * u128::from(other.digit(high)) + u128::from(*place) + carry;
                *place = sum as u64;
                carry = sum >> 64;
            }
        }
        product
    }

    /// The nearest double, or a neighbour of it.
    pub fn to_f64(self) -> f64 {
        const DIGIT: f64 = 18_446_744_073_709_551_616.0;
        let magnitude = if self.is_negative() { self.negated() } else { self };
        let top = magnitude.0.iter().rposition(|digit| *digit != 0).unwrap_or(0);
        // The two highest digits have 65 bits at least, unless they are all there is.
        let below = if top == 0 { 0 } else { top - 1 };
        let mut high = u128::from(magnitude.0[below]);
        if top > below {
            high |= u128::from(magnitude.0[top]) << 64;
        }
        let value = high as f64 * DIGIT.powi(below as i32);
        if self.is_negative() { -value } else { value }
    }
}

#[inline(always)]
fn add_with_carry(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(u64::from(carry));
    (sum, first | second)
}

/// A sum of doubles that keeps what each addition rounds away (two-sum of Knuth, cascaded as by Ogita, Rump and Oishi):
/// some 106 bits, so that any order of the same numbers gives the same double but for its last bit.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sum {
    rounded: f64,
    error: f64,
}

impl Sum {
    #[inline(always)]
    pub fn add(&mut self, value: f64) {
        let sum = self.rounded + value;
        let added = sum - self.rounded;
        self.error += (self.rounded - (sum - added)) + (value - added);
        self.rounded = sum;
    }

    pub fn merge(&mut self, other: &Sum) {
        self.add(other.rounded);
        self.error += other.error;
    }

    pub fn value(&self) -> f64 {
        self.rounded + self.error
    }

    /// As bits, for a state; 0 is an empty sum.
    pub fn to_words(self) -> [u64; 2] {
        [self.rounded.to_bits(), self.error.to_bits()]
    }

    pub fn from_words([rounded, error]: [u64; 2]) -> Sum {
        Sum { rounded: f64::from_bits(rounded), error: f64::from_bits(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole<const N: usize>(value: i128) -> Whole<N> {
        Whole::from_i128(value)
    }

    proptest! {
        #[test]
        fn agrees_with_i128(a in any::<i64>(), b in any::<i64>(), c in any::<i64>(), d in any::<i64>()) {
            let (wide_a, wide_c) = (i128::from(a) * i128::from(b), i128::from(c) * i128::from(d));
            let mut sum = whole::<3>(wide_a);
            sum.add(wide_c);
            let mut merged = whole::<3>(wide_c);
            merged.merge(&whole(wide_a));
            prop_assert_eq!(sum, merged);
            prop_assert_eq!(sum.minus::<3>(&whole(wide_c)), whole(wide_a));
            prop_assert_eq!(whole::<1>(a.into()).times::<1, 2>(&whole(b.into())), whole::<2>(wide_a));
            prop_assert_eq!(whole::<2>(wide_a).is_negative(), wide_a < 0);
            prop_assert_eq!(whole::<4>(wide_a).to_f64(), wide_a as f64);
        }

        #[test]
        fn wide_products_distribute(a in any::<[u64; 3]>(), b in any::<[u64; 3]>(), c in any::<[u64; 3]>()) {
            let (a, b, c) = (Whole(a), Whole(b), Whole(c));
            let left: Whole<8> = a.minus::<4>(&b).times(&c);
            let right: Whole<8> = a.times::<3, 6>(&c).minus(&b.times(&c));
            prop_assert_eq!(left, right);
            prop_assert_eq!(a.times::<3, 6>(&b), b.times(&a));
            let (product, near) = (a.times::<3, 6>(&b).to_f64(), a.to_f64() * b.to_f64());
            prop_assert!((product - near).abs() <= near.abs() * 1e-15, "{product} {near}");
        }

        #[test]
        fn a_sum_does_not_depend_on_the_order(
            terms in prop::collection::vec((-1e15..1e15_f64, 0..40_i32), 1..60),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut terms: Vec<f64> = terms.into_iter().map(|(term, power)| term * 0.1_f64.powi(power)).collect();
            let sum = |terms: &[f64]| terms.iter().fold(Sum::default(), |mut sum, term| { sum.add(*term); sum });
            let forward = sum(&terms).value();
            let (left, right) = terms.split_at(cut.index(terms.len()));
            let mut merged = sum(left);
            merged.merge(&sum(right));
            terms.sort_by(|a, b| b.abs().total_cmp(&a.abs()));
            for other in [merged.value(), sum(&terms).value()] {
                prop_assert!((other - forward).abs() <= forward.abs() * 1e-15, "{forward} {other}");
            }
        }
    }

    #[test]
    fn digits_have_their_places() {
        let place: Whole<5> = Whole([0, 0, 1]).times(&Whole([0, 0, 1]));
        assert_eq!(place, Whole([0, 0, 0, 0, 1]));
        assert_eq!(place.to_f64(), 2_f64.powi(256));
        assert_eq!(Whole([u64::MAX, u64::MAX, u64::MAX]).to_f64(), -1.0);
        assert_eq!(Whole([0, 0, 1 << 63]).to_f64(), -2_f64.powi(191));
        assert_eq!(Whole::<3>::ZERO.to_f64(), 0.0);
    }

    #[test]
    fn a_sum_keeps_small_terms() {
        let mut sum = Sum::default();
        for term in [1e16, 0.1, -1e16, 0.2] {
            sum.add(term);
        }
        assert!((sum.value() - 0.3).abs() < 1e-15, "{}", sum.value());
    }
}
