//! The compact form of a state: one number for each input. Most groups need only the last values of signals, without
//! times; seven values take little more than half of the memory. A group that needs more moves to the full form.

use super::cell::order;
use super::layout::{FLAGS, KNOWN};
use super::state::Gathering;
use super::stop::Stop;
use crate::base::value::Value;

/// Words that stand for no number. NaN is not kept here, so these bit patterns cannot be a value.
const NEVER_SEEN: u64 = 0x7FF8_6873_0000_0000;
const WITHOUT_VALUE: u64 = 0x7FF8_6873_0000_0001;

impl Gathering {
    /// The words of a compact state; none where the model needs more than last values.
    pub fn compact_words(&self) -> Option<usize> {
        // Only a derived value has cells of another kind than the last value's.
        self.derived.is_empty().then_some(self.cells.len())
    }

    /// Makes the words a compact state without events.
    pub fn begin_compact(words: &mut [u64]) {
        words.fill(NEVER_SEEN);
    }

    /// One event, as [`Self::add`] takes it. False where the state has no place for it; nothing has changed then.
    #[inline]
    pub fn add_compact(&self, words: &mut [u64], signal: &[u8], value: Value) -> bool {
        let Some(input) = self.names.find(signal) else {
            // Unknown names matter only while no known name was seen.
            return words.iter().any(|word| *word != NEVER_SEEN);
        };
        let Some(word) = self.feeds[input].plain.and_then(|plain| words.get_mut(plain.number)) else { return false };
        match value {
            Value::Missing if *word == NEVER_SEEN => *word = WITHOUT_VALUE,
            Value::Missing => {}
            Value::Number(number) if !number.is_nan() => {
                let is_first = matches!(*word, NEVER_SEEN | WITHOUT_VALUE);
                if is_first || order(&value, &Value::Number(f64::from_bits(*word))).is_gt() {
                    *word = number.to_bits();
                }
            }
            _ => return false,
        }
        true
    }

    /// Copies a compact state to the words of a full one, without times.
    pub fn expand(&self, compact: &[u64], full: &mut [u64], as_of: Option<i64>) -> Result<(), Stop> {
        self.begin(full, as_of, false);
        for (cell, word) in self.cells.iter().zip(compact) {
            if *word != NEVER_SEEN {
                full[FLAGS] |= KNOWN;
            }
            if let (Some(number), Some(plain)) = (number_of(*word)?, cell.plain()) {
                plain.set(full, number);
            }
        }
        Ok(())
    }

    /// The values of the model's inputs.
    pub fn read_compact(&self, words: &[u64], values: &mut Vec<Value>) -> Result<(), Stop> {
        if self.compact_words() != Some(words.len()) {
            return Err(Stop::Forged);
        }
        values.clear();
        values.resize(self.input_names.len(), Value::Missing);
        for (input, cell) in &self.plain {
            if let Some(number) = number_of(words[*cell])? {
                values[*input] = Value::Number(number);
            }
        }
        Ok(())
    }
}

#[inline]
fn number_of(word: u64) -> Result<Option<f64>, Stop> {
    match f64::from_bits(word) {
        number if !number.is_nan() => Ok(Some(number)),
        _ if matches!(word, NEVER_SEEN | WITHOUT_VALUE) => Ok(None),
        _ => Err(Stop::Forged),
    }
}
