//! The fuzz targets: each takes any bytes and checks properties of the results. The extension's readers of bytes are
//! included unchanged: they do not depend on Postgres's memory.

#[path = "../../src/pg"]
mod pg {
    pub mod numeric;
    #[cfg(test)]
    pub mod numeric_write;
    pub mod json {
        pub mod flat;
        #[allow(dead_code)]
        pub mod jsonb;
    }
}

mod given;
mod jsonb_bytes;
pub mod target {
    pub mod document;
    pub mod jsonb;
    pub mod states;
}

#[cfg(test)]
mod tests {
    use health_score_engine::Value;

    use crate::pg::numeric_write::{whole_billionths, write_billionths, write_decimal};

    /// The short way for numbers of few digits writes what the long one writes of the shortest decimal.
    #[test]
    fn billionths_are_written_as_their_decimals() {
        let mut state = 42_u64;
        let mut short = 0;
        for case in 0..400_000_i32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let digits = (state >> 8) % 10_u64.pow(1 + (state >> 58) as u32 % 16);
            let number = match case % 3 {
                0 => digits as f64 / 10_f64.powi((state >> 48) as i32 % 12),
                1 => f64::from_bits(state),
                _ => (digits as f64).sqrt() / 1e3,
            } * if state >> 63 == 0 { 1.0 } else { -1.0 };
            let Some(billionths) = whole_billionths(number) else { continue };
            short += 1;
            let (mut text, mut by_decimal, mut by_billionths) = (String::new(), Vec::new(), Vec::new());
            Value::Number(number).write(&mut text);
            write_decimal(&text, &mut Vec::new(), &mut by_decimal);
            write_billionths(billionths, &mut by_billionths);
            assert_eq!(by_billionths, by_decimal, "{text}");
        }
        assert!(short > 50_000);
        for no in [0.0, -0.0, f64::NAN, f64::INFINITY, 1e-10, 0.1 + 0.2, 1e6, 1.0 / 3.0] {
            assert_eq!(whole_billionths(no), None, "{no}");
        }
    }
}
