//! One accumulator of a state: one way to combine the events of one input. It adds an event, merges what another state
//! has, and gives a value. The layout of a value in words is decided here.

use std::cmp::Ordering;

use super::heap::{
    ElementSet, Region, element, element_of_day, elements, text_at, words_of_set, words_of_text, write_text,
};
use super::layout::{Fields, View, kind_of, set_kind};
use super::stop::Stop;
use crate::base::exact::Sum;
use crate::base::time::DAY;
use crate::base::value::Value;
use crate::signal::problem::{Expected, InvalidValue};
use crate::signal::recipe::Combine;

const MICROS_OF_A_DAY: i64 = DAY as i64;

/// The time of an event without a time: older than all others.
const NO_TIME: i64 = i64::MIN;

/// The days of a window up to this length are bits; the days of a longer or unbounded window are a set.
const MOST_DAY_BITS: i64 = 512;

/// What the word of a cell holds, one byte a cell. A text of up to eight bytes lies in the word itself, its length in
/// the lower half of the byte.
mod kind {
    pub const EMPTY: u8 = 0;
    pub const NUMBER: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const TRUE: u8 = 3;
    pub const TIME: u8 = 4;
    pub const LONG_TEXT: u8 = 5;
    pub const UNUSABLE: u8 = 6;
    /// At least one value cannot be combined with others.
    pub const SPOILT: u8 = 7;
    pub const SHORT_TEXT: u8 = 0x10;
}
const LONGEST_SHORT_TEXT: usize = 8;

/// The ages, in microseconds, that count: from the first to below the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ages {
    pub from: i64,
    pub below: Option<i64>,
}

impl Ages {
    fn include(&self, age: i64) -> bool {
        age >= self.from && self.below.is_none_or(|below| age < below)
    }

    /// The maximum number of days that a short window touches.
    fn days(&self) -> Option<i64> {
        let days = self.below?.saturating_sub(self.from) / MICROS_OF_A_DAY + 2;
        (days <= MOST_DAY_BITS).then_some(days)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub input: usize,
    pub combine: Combine,
    /// None where events of any age count, also those without a time.
    pub ages: Option<Ages>,
    /// For a sum or a count: each event fades by its own age.
    pub half_life: Option<i64>,
    pub keeps_time: bool,
    /// The first signal that needs it, for messages.
    pub signal: String,
    /// Its number among the cells, and the place of its words.
    pub number: usize,
    pub at: usize,
    pub time_at: usize,
}

/// The part of a last-value cell that the fast path needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain {
    pub number: usize,
    at: usize,
    time_at: usize,
}

impl Plain {
    /// The first value, of a state without times.
    pub fn set(&self, fixed: &mut [u64], number: f64) {
        set_kind(fixed, self.number, kind::NUMBER);
        fixed[self.at] = number.to_bits();
    }

    /// Keeps a number in the simple cases: the first value, or a value later than the number before.
    #[inline(always)]
    pub fn add(&self, fixed: &mut [u64], timed: bool, number: f64, at: Option<i64>) -> bool {
        let time = at.unwrap_or(NO_TIME);
        match kind_of(fixed, self.number) {
            kind::EMPTY => set_kind(fixed, self.number, kind::NUMBER),
            kind::NUMBER if timed && time != fixed[self.time_at] as i64 => {
                if time < fixed[self.time_at] as i64 {
                    return true;
                }
            }
            _ => return false,
        }
        fixed[self.at] = number.to_bits();
        if timed {
            fixed[self.time_at] = time as u64;
        }
        true
    }
}

/// One row of the long form.
#[derive(Clone, Copy)]
pub(super) struct Event<'a> {
    pub value: Value<'a>,
    pub at: Option<i64>,
    /// The age before as_of, where both times are known.
    pub age: Option<i64>,
}

impl Cell {
    pub fn words(&self) -> usize {
        match self.combine {
            Combine::Last | Combine::Min | Combine::Max => 1,
            Combine::Sum => 2,
            Combine::Count if self.half_life.is_some() => 2,
            Combine::Count => 1,
            Combine::Mean => 3,
            Combine::Distinct => 2,
            Combine::ActiveDays => self.day_bits().map_or(2, |bits| bits.div_ceil(64)),
        }
    }

    fn day_bits(&self) -> Option<usize> {
        self.ages.and_then(|ages| ages.days()).map(|days| days as usize)
    }

    pub fn plain(&self) -> Option<Plain> {
        (self.combine == Combine::Last && self.ages.is_none()).then_some(Plain {
            number: self.number,
            at: self.at,
            time_at: self.time_at,
        })
    }

    /// Whether events are counted, whatever their value: an event without a value counts.
    pub fn counts(&self) -> bool {
        matches!(self.combine, Combine::Count | Combine::ActiveDays)
    }

    /// Whether the cell is a set, whose words grow with the events.
    pub fn is_set(&self) -> bool {
        match self.combine {
            Combine::Distinct => true,
            Combine::ActiveDays => self.day_bits().is_none(),
            _ => false,
        }
    }

    /// The maximum number of heap words that one more value takes.
    pub fn room_for(&self, fields: &Fields, value: &Value) -> Result<usize, Stop> {
        if self.is_set() {
            return self.room_for_elements(fields.fixed, 1);
        }
        Ok(match (self.combine, value) {
            (Combine::Last, Value::Text(text)) if text.len() > LONGEST_SHORT_TEXT => words_of_text(text.len()),
            _ => 0,
        })
    }

    fn room_for_elements(&self, fixed: &[u64], more: usize) -> Result<usize, Stop> {
        let wanted = words_of_set(self.elements(fixed)?.saturating_add(more));
        let has = Region::unpack(fixed[self.at]).length as usize;
        Ok(if wanted > has { wanted } else { 0 })
    }

    fn elements(&self, fixed: &[u64]) -> Result<usize, Stop> {
        u32::try_from(fixed[self.at + 1]).map(|count| count as usize).map_err(|_| Stop::Forged)
    }

    /// The heap words that the cell holds, and their place.
    pub fn held(&self, view: &View) -> Option<(Region, usize)> {
        let place = Region::unpack(view.fixed[self.at]);
        if self.is_set() {
            return (place.length > 0).then_some((place, place.length as usize));
        }
        let is_text = self.combine == Combine::Last && view.kind(self.number) == kind::LONG_TEXT;
        is_text.then(|| (place, words_of_text(place.length as usize)))
    }

    #[inline]
    pub fn add(&self, fields: &mut Fields, event: &Event, strict: bool) -> Result<(), Stop> {
        if let Some(ages) = self.ages
            && !event.age.is_some_and(|age| ages.include(age))
        {
            return Ok(());
        }
        match self.combine {
            Combine::Last => self.add_last(fields, event),
            _ => self.add_to_others(fields, event, strict),
        }
    }

    fn add_to_others(&self, fields: &mut Fields, event: &Event, strict: bool) -> Result<(), Stop> {
        match self.combine {
            Combine::Last => {}
            Combine::Count => self.add_count(fields, event),
            Combine::Sum | Combine::Mean | Combine::Min | Combine::Max => match event.value.units() {
                Some(units) => self.add_number(fields, units, event.age),
                None if strict => return Err(self.refuse(fields.names, &event.value)),
                None => fields.set_kind(self.number, kind::SPOILT),
            },
            Combine::Distinct => match element(&event.value) {
                Some(element) => self.insert(fields, element)?,
                None if strict => return Err(self.refuse(fields.names, &event.value)),
                None => fields.set_kind(self.number, kind::SPOILT),
            },
            Combine::ActiveDays => {
                // An event without a time has no day.
                let Some(at) = event.at else { return Ok(()) };
                self.add_day(fields, at)?;
            }
        }
        if self.keeps_time && fields.timed {
            let time = event.at.unwrap_or(NO_TIME);
            fields.fixed[self.time_at] = (fields.fixed[self.time_at] as i64).max(time) as u64;
        }
        Ok(())
    }

    #[cold]
    fn refuse(&self, names: &[String], value: &Value) -> Stop {
        let expected = if self.combine == Combine::Distinct { Expected::Code } else { Expected::Number };
        Stop::Invalid(InvalidValue::of_event(&self.signal, &names[self.input], value, expected))
    }

    #[inline]
    fn add_last(&self, fields: &mut Fields, event: &Event) -> Result<(), Stop> {
        let is_first = fields.kind(self.number) == kind::EMPTY;
        if fields.timed {
            let (time, last) = (event.at.unwrap_or(NO_TIME), fields.fixed[self.time_at] as i64);
            if !is_first && (time < last || (time == last && !self.is_greater(fields, &event.value)?)) {
                return Ok(());
            }
            fields.fixed[self.time_at] = time as u64;
        } else if !is_first && !self.is_greater(fields, &event.value)? {
            return Ok(());
        }
        self.keep(fields, &event.value)
    }

    /// Among values with the same time the greatest counts as the last, so the result does not depend on the order of
    /// the rows.
    fn is_greater(&self, fields: &Fields, value: &Value) -> Result<bool, Stop> {
        Ok(order(value, &self.last(&fields.view())?) == Ordering::Greater)
    }

    #[inline]
    fn keep(&self, fields: &mut Fields, value: &Value) -> Result<(), Stop> {
        let (kind, word) = match value {
            Value::Number(number) => (kind::NUMBER, number.to_bits()),
            Value::Bool(false) => (kind::FALSE, 0),
            Value::Bool(true) => (kind::TRUE, 0),
            Value::Time(at) => (kind::TIME, *at as u64),
            Value::Text(text) => return self.keep_text(fields, text),
            Value::Missing | Value::Unusable(_) => (kind::UNUSABLE, 0),
        };
        fields.set_kind(self.number, kind);
        fields.fixed[self.at] = word;
        Ok(())
    }

    fn keep_text(&self, fields: &mut Fields, text: &str) -> Result<(), Stop> {
        if text.len() <= LONGEST_SHORT_TEXT {
            let mut bytes = [0; LONGEST_SHORT_TEXT];
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            fields.set_kind(self.number, kind::SHORT_TEXT | text.len() as u8);
            fields.fixed[self.at] = u64::from_ne_bytes(bytes);
            return Ok(());
        }
        let wanted = words_of_text(text.len());
        let start = match self.held(&fields.view()) {
            Some((place, words)) if words >= wanted => place.start as usize,
            _ => fields.allocate(wanted)?,
        };
        fields.fixed[self.at] = write_text(fields.heap, start, text)?.pack();
        fields.set_kind(self.number, kind::LONG_TEXT);
        Ok(())
    }

    fn add_count(&self, fields: &mut Fields, event: &Event) {
        match self.half_life {
            Some(half_life) => self.change_sum(fields, |sum| sum.add(fading(half_life, event.age))),
            None => fields.fixed[self.at] = fields.fixed[self.at].saturating_add(1),
        }
    }

    fn add_number(&self, fields: &mut Fields, units: f64, age: Option<i64>) {
        match self.combine {
            Combine::Min | Combine::Max => self.add_extreme(fields, units),
            _ => {
                let faded = self.half_life.map_or(units, |half_life| units * fading(half_life, age));
                self.change_sum(fields, |sum| sum.add(faded));
                if self.combine == Combine::Mean {
                    fields.fixed[self.at + 2] = fields.fixed[self.at + 2].saturating_add(1);
                }
            }
        }
    }

    fn add_extreme(&self, fields: &mut Fields, units: f64) {
        let known = f64::from_bits(fields.fixed[self.at]);
        let kept = match fields.kind(self.number) {
            kind::EMPTY => {
                fields.set_kind(self.number, kind::NUMBER);
                units
            }
            _ if self.combine == Combine::Min => known.min(units),
            _ => known.max(units),
        };
        fields.fixed[self.at] = kept.to_bits();
    }

    fn change_sum(&self, fields: &mut Fields, change: impl FnOnce(&mut Sum)) {
        let words = &mut fields.fixed[self.at..self.at + 2];
        let mut sum = Sum::from_words([words[0], words[1]]);
        change(&mut sum);
        words.copy_from_slice(&sum.to_words());
    }

    fn add_day(&self, fields: &mut Fields, at: i64) -> Result<(), Stop> {
        let day = at.div_euclid(MICROS_OF_A_DAY);
        let (Some(bits), Some(ages), Some(as_of)) = (self.day_bits(), self.ages, fields.as_of) else {
            return self.insert(fields, element_of_day(day));
        };
        let last = as_of.saturating_sub(ages.from).div_euclid(MICROS_OF_A_DAY);
        let bit = usize::try_from(last - day).ok().filter(|bit| *bit < bits).ok_or(Stop::Forged)?;
        fields.fixed[self.at + bit / 64] |= 1 << (bit % 64);
        Ok(())
    }

    fn insert(&self, fields: &mut Fields, element: [u64; 2]) -> Result<(), Stop> {
        self.make_room(fields, 1)?;
        if ElementSet::at(fields.heap, Region::unpack(fields.fixed[self.at]))?.insert(element)? {
            fields.fixed[self.at + 1] += 1;
        }
        Ok(())
    }

    /// Moves the set to more words if it is too small for more elements.
    fn make_room(&self, fields: &mut Fields, more: usize) -> Result<(), Stop> {
        let words = self.room_for_elements(fields.fixed, more)?;
        if words == 0 {
            return Ok(());
        }
        let old = Region::unpack(fields.fixed[self.at]);
        let start = fields.allocate(words)?;
        let (before, behind) = fields.heap.split_at_mut(start);
        let mut set = ElementSet::at(behind, Region { start: 0, length: words as u32 })?;
        let mut count = 0;
        for element in elements(before, old)? {
            set.insert(element)?;
            count += 1;
        }
        fields.fixed[self.at] = Region { start: start as u32, length: words as u32 }.pack();
        fields.fixed[self.at + 1] = count;
        Ok(())
    }

    /// The maximum number of heap words that merging takes.
    pub fn room_to_merge(&self, fields: &Fields, other: &View) -> Result<usize, Stop> {
        if self.is_set() {
            return self.room_for_elements(fields.fixed, self.elements(other.fixed)?);
        }
        Ok(self.held(other).map_or(0, |(_, words)| words))
    }

    pub fn merge(&self, fields: &mut Fields, other: &View) -> Result<(), Stop> {
        if self.combine == Combine::Last {
            let value = self.last(other)?;
            return match value {
                Value::Missing => Ok(()),
                _ => self.add_last(fields, &Event { value, at: self.time(other), age: None }),
            };
        }
        if other.kind(self.number) == kind::SPOILT {
            fields.set_kind(self.number, kind::SPOILT);
        }
        let words = &other.fixed[self.at..self.at + self.words()];
        match self.combine {
            Combine::Last => {}
            Combine::Min | Combine::Max => {
                if other.kind(self.number) == kind::NUMBER {
                    self.add_extreme(fields, f64::from_bits(words[0]));
                }
            }
            Combine::Count if self.half_life.is_none() => {
                fields.fixed[self.at] = fields.fixed[self.at].saturating_add(words[0]);
            }
            Combine::Sum | Combine::Mean | Combine::Count => {
                self.change_sum(fields, |sum| sum.merge(&Sum::from_words([words[0], words[1]])));
                if self.combine == Combine::Mean {
                    fields.fixed[self.at + 2] = fields.fixed[self.at + 2].saturating_add(words[2]);
                }
            }
            Combine::Distinct | Combine::ActiveDays if self.is_set() => {
                // One move instead of many: intermediate moves would leave more unused words than were requested.
                self.make_room(fields, self.elements(other.fixed)?)?;
                for element in elements(other.heap, Region::unpack(words[0]))? {
                    self.insert(fields, element)?;
                }
            }
            Combine::Distinct | Combine::ActiveDays => {
                let own = &mut fields.fixed[self.at..self.at + words.len()];
                own.iter_mut().zip(words).for_each(|(own, other)| *own |= other);
            }
        }
        if self.keeps_time && fields.timed {
            let time = self.time(other).unwrap_or(NO_TIME);
            fields.fixed[self.time_at] = (fields.fixed[self.time_at] as i64).max(time) as u64;
        }
        Ok(())
    }

    /// Begins a state without a time for this cell.
    pub fn begin(&self, fields: &mut Fields) {
        if fields.timed && self.has_time() {
            fields.fixed[self.time_at] = NO_TIME as u64;
        }
    }

    /// Whether a state with times has a time for this cell.
    pub fn has_time(&self) -> bool {
        self.keeps_time || self.combine == Combine::Last
    }

    /// The time of the last event.
    pub fn time(&self, view: &View) -> Option<i64> {
        let time = (view.timed && self.has_time()).then(|| view.fixed[self.time_at] as i64);
        time.filter(|time| *time != NO_TIME)
    }

    /// The combined value of the events.
    pub fn value<'a>(&self, view: &View<'a>) -> Result<Value<'a>, Stop> {
        if self.combine == Combine::Last {
            return self.last(view);
        }
        if view.kind(self.number) == kind::SPOILT {
            return Ok(Value::Unusable("made of a value that does not combine with others"));
        }
        let words = &view.fixed[self.at..self.at + self.words()];
        Ok(match self.combine {
            Combine::Last => Value::Missing,
            Combine::Min | Combine::Max => match view.kind(self.number) {
                kind::NUMBER => Value::Number(f64::from_bits(words[0])),
                _ => Value::Missing,
            },
            Combine::Count if self.half_life.is_none() => Value::Number(words[0] as f64),
            Combine::Sum | Combine::Count => Value::Number(Sum::from_words([words[0], words[1]]).value()),
            Combine::Mean => match words[2] {
                0 => Value::Missing,
                count => Value::Number(Sum::from_words([words[0], words[1]]).value() / count as f64),
            },
            Combine::Distinct | Combine::ActiveDays if self.is_set() => Value::Number(words[1] as f64),
            Combine::Distinct | Combine::ActiveDays => {
                Value::Number(words.iter().map(|word| f64::from(word.count_ones())).sum())
            }
        })
    }

    /// The value that a cell of last values keeps.
    #[inline]
    pub fn last<'a>(&self, view: &View<'a>) -> Result<Value<'a>, Stop> {
        let word: &'a u64 = &view.fixed[self.at];
        Ok(match view.kind(self.number) {
            kind::EMPTY => Value::Missing,
            kind::NUMBER => Value::Number(f64::from_bits(*word)),
            kind::FALSE => Value::Bool(false),
            kind::TRUE => Value::Bool(true),
            kind::TIME => Value::Time(*word as i64),
            kind::LONG_TEXT => Value::Text(text_at(view.heap, Region::unpack(*word))?),
            kind::UNUSABLE => Value::Unusable("a value that is neither number, text, boolean nor time"),
            short if short & !0xF == kind::SHORT_TEXT => {
                let bytes = bytemuck::bytes_of(word).get(..usize::from(short & 0xF)).ok_or(Stop::Forged)?;
                Value::Text(std::str::from_utf8(bytes).map_err(|_| Stop::Forged)?)
            }
            _ => return Err(Stop::Forged),
        })
    }
}

/// The remaining part of one unit: 0.5^(age / half-life). With an unknown age it is 1.
pub(super) fn fading(half_life: i64, age: Option<i64>) -> f64 {
    age.map_or(1.0, |age| (-(age.max(0) as f64) / half_life as f64).exp2())
}

pub(super) fn order(left: &Value, right: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Missing => 0,
        Value::Number(_) => 1,
        Value::Bool(_) => 2,
        Value::Time(_) => 3,
        Value::Text(_) => 4,
        Value::Unusable(_) => 5,
    };
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => (left + 0.0).total_cmp(&(right + 0.0)),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Time(left), Value::Time(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        _ => rank(left).cmp(&rank(right)),
    }
}
