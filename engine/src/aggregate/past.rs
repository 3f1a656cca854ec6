//! The past of an account: its scores of some weeks as a few bytes, carried from night to night, so that no night reads
//! the nights before it. Times are microseconds since any fixed instant.

use super::trend::{Direction, Trend};
use crate::base::time::DAY;

/// The score of one time: none for lack of data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastScore<'a> {
    pub at: i64,
    pub score: Option<f64>,
    pub band: Option<&'a str>,
}

/// Scores at rising times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Past<'a>(Vec<PastScore<'a>>);

/// What a new score is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared<'a> {
    pub trend: Option<Direction>,
    /// The newest score that is at least [`CHANGE_OVER`] old.
    pub before: Option<PastScore<'a>>,
}

/// The change of a score is that of 30 days.
pub const CHANGE_OVER: i64 = 30 * DAY as i64;
/// An older score is not compared with.
pub const OLDEST: i64 = 92 * DAY as i64;

/// The first byte of a list; a changed layout gets a new number.
const LAYOUT: u8 = 1;
const UNIT: f64 = 1e9;
/// Scores up to here have exact whole units in a double.
const MOST_UNITS: f64 = 1e13;

const SAME: u64 = 0;
const UNITS: u64 = 1;
const BITS: u64 = 2;
const NONE: u64 = 3;

impl<'a> Past<'a> {
    /// From rows in any order; of several at one time the first counts.
    pub fn of(mut scores: Vec<PastScore<'a>>) -> Past<'a> {
        scores.sort_by_key(|score| score.at);
        scores.dedup_by_key(|score| score.at);
        Past(scores)
    }

    pub fn scores(&self) -> &[PastScore<'a>] {
        &self.0
    }

    /// The list as of a new score: with rows that entered since, and without what is not to be compared with, which are
    /// the times of held runs and everything from the new score on.
    pub fn joined(mut self, entered: Past<'a>, new: PastScore<'a>, held: &[i64]) -> Past<'a> {
        let added = !entered.0.is_empty();
        self.0.extend(entered.0);
        if added {
            self = Past::of(self.0);
        }
        self.0.truncate(self.0.partition_point(|score| score.at < new.at));
        if !held.is_empty() {
            self.0.retain(|score| !held.contains(&score.at));
        }
        self.0.push(new);
        self
    }

    /// Without the scores before `since`, except the newest of these that may still be compared with.
    pub fn trimmed(mut self, since: i64) -> Past<'a> {
        let Some(last) = self.0.last() else { return self };
        let oldest = last.at.saturating_sub(OLDEST);
        let older = self.0.partition_point(|score| score.at < since);
        let keep = if older > 0 && self.0[older - 1].at > oldest { older - 1 } else { older };
        self.0.drain(..keep);
        self
    }

    /// The last score compared with those before it. A score that no trend can read gives none.
    pub fn compared(&self, window: i64, tolerance: f64) -> Option<Compared<'a>> {
        let last = self.0.last()?;
        let newest = last.at.saturating_sub(CHANGE_OVER);
        let before = self.0[..self.0.partition_point(|score| score.at <= newest)].last();
        Some(Compared {
            trend: self.trend(last.at.saturating_sub(window), tolerance),
            before: before.copied().filter(|score| score.at > last.at.saturating_sub(OLDEST)),
        })
    }

    /// The trend of the scores from `since` on.
    pub fn trend(&self, since: i64, tolerance: f64) -> Option<Direction> {
        let mut trend = Trend::default();
        for score in &self.0[self.0.partition_point(|score| score.at < since)..] {
            if let Some(points) = score.score {
                trend.add(points, score.at, tolerance).ok()?;
            }
        }
        if trend.observations() == 0 { None } else { trend.direction() }
    }

    /// The score of this very time.
    pub fn at(&self, at: i64) -> Option<&PastScore<'a>> {
        self.0.binary_search_by_key(&at, |score| score.at).ok().map(|place| &self.0[place])
    }

    /// The first score from `since` on, without those for lack of data.
    pub fn first(&self, since: i64) -> Option<&PastScore<'a>> {
        self.0[self.0.partition_point(|score| score.at < since)..].iter().find(|score| score.score.is_some())
    }

    /// The list in bytes: the names of bands, then each score as its distance from the one before.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        out.reserve(12 * self.0.len() + 64);
        out.push(LAYOUT);
        let mut bands = Names::default();
        for score in &self.0 {
            bands.place(score.band);
        }
        write_number(bands.list.len() as u64, out);
        for band in &bands.list {
            write_number(band.len() as u64, out);
            out.extend_from_slice(band.as_bytes());
        }
        write_number(self.0.len() as u64, out);
        let mut last = Last::default();
        for score in &self.0 {
            let step = score.at.wrapping_sub(last.at);
            write_signed(step.wrapping_sub(last.step), out);
            (last.at, last.step) = (score.at, step);
            let band = bands.place(score.band) << 2;
            match score.score {
                None => write_number(band | NONE, out),
                Some(points) if points.to_bits() == last.bits => write_number(band | SAME, out),
                Some(points) => {
                    last.bits = points.to_bits();
                    match units(points) {
                        Some(units) => {
                            write_number(band | UNITS, out);
                            write_signed(units.wrapping_sub(last.units), out);
                            last.units = units;
                        }
                        None => {
                            write_number(band | BITS, out);
                            out.extend_from_slice(&last.bits.to_le_bytes());
                        }
                    }
                }
            }
        }
    }

    /// The list that [`Past::write`] has written; none for other bytes.
    pub fn read(bytes: &'a [u8]) -> Option<Past<'a>> {
        let (layout, mut rest) = bytes.split_first()?;
        if *layout != LAYOUT {
            return None;
        }
        let from = &mut rest;
        // A count beyond the bytes is made up; nothing is reserved for it.
        let count = read_count(from)?;
        let mut bands: Vec<&str> = Vec::with_capacity(count);
        for _ in 0..count {
            let length = read_count(from)?;
            let (band, rest) = from.split_at(length);
            *from = rest;
            bands.push(std::str::from_utf8(band).ok()?);
        }
        let count = read_count(from)?;
        // With room for one more.
        let mut scores: Vec<PastScore> = Vec::with_capacity(count + 1);
        let mut last = Last::default();
        for _ in 0..count {
            last.step = last.step.wrapping_add(read_signed(from)?);
            let at = last.at.wrapping_add(last.step);
            if scores.last().is_some_and(|before| before.at >= at) {
                return None;
            }
            last.at = at;
            let flags = read_number(from)?;
            let band = match flags >> 2 {
                0 => None,
                place => Some(*bands.get(usize::try_from(place - 1).ok()?)?),
            };
            let score = match flags & 3 {
                SAME => Some(f64::from_bits(last.bits)),
                UNITS => {
                    last.units = last.units.wrapping_add(read_signed(from)?);
                    Some(last.units as f64 / UNIT)
                }
                BITS => {
                    let (bits, rest) = from.split_first_chunk()?;
                    *from = rest;
                    Some(f64::from_le_bytes(*bits))
                }
                _ => None,
            };
            if let Some(points) = score {
                last.bits = points.to_bits();
            }
            scores.push(PastScore { at, score, band });
        }
        from.is_empty().then_some(Past(scores))
    }
}

/// The names of bands, numbered from 1.
#[derive(Default)]
struct Names<'a> {
    list: Vec<&'a str>,
    /// The number of the last name: most scores stay in their band, and a list that was read has each name once.
    last: Option<(&'a str, u64)>,
}

impl<'a> Names<'a> {
    /// The number of a name, 0 for none; a new name gets the next one.
    fn place(&mut self, name: Option<&'a str>) -> u64 {
        let Some(name) = name else { return 0 };
        if let Some((last, number)) = self.last
            && std::ptr::eq(last, name)
        {
            return number;
        }
        let known = self.list.iter().position(|known| *known == name);
        let place = known.unwrap_or_else(|| {
            self.list.push(name);
            self.list.len() - 1
        });
        self.last = Some((name, place as u64 + 1));
        place as u64 + 1
    }
}

/// What the next score is written against.
#[derive(Default)]
struct Last {
    at: i64,
    step: i64,
    units: i64,
    bits: u64,
}

/// The score in billionths, where they give back the very same double.
fn units(score: f64) -> Option<i64> {
    let scaled = score * UNIT;
    if scaled.abs() > MOST_UNITS {
        return None;
    }
    let units = (scaled + 0.5_f64.copysign(scaled)) as i64;
    (scaled.is_finite() && (units as f64 / UNIT).to_bits() == score.to_bits()).then_some(units)
}

/// Seven bits a byte, the lowest first.
fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// A number of things that take a byte each at least.
fn read_count(from: &mut &[u8]) -> Option<usize> {
    let count = usize::try_from(read_number(from)?).ok()?;
    (count <= from.len()).then_some(count)
}

/// Small numbers of either sign are short.
fn write_signed(number: i64, out: &mut Vec<u8>) {
    write_number(((number << 1) ^ (number >> 63)) as u64, out);
}

fn read_signed(from: &mut &[u8]) -> Option<i64> {
    let number = read_number(from)?;
    Some((number >> 1) as i64 ^ -((number & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rounding::round9;
    use proptest::prelude::*;

    const HOUR: i64 = DAY as i64 / 24;
    const BANDS: [&str; 3] = ["red", "yellow", "grün"];

    fn score() -> impl Strategy<Value = Option<f64>> {
        prop_oneof![
            1 => Just(None),
            6 => (0.0..=100.0_f64).prop_map(|score| Some(round9(score))),
            2 => (0..=100_i32).prop_map(|score| Some(f64::from(score))),
            1 => any::<f64>().prop_filter("a score", |score| score.abs() <= 10_000.0).prop_map(Some),
        ]
    }

    fn rows() -> impl Strategy<Value = Vec<PastScore<'static>>> {
        let row = (0..24 * 200_i64, 0..3_i64, score(), prop::option::of(0..3_usize));
        let row = row.prop_map(|(hours, micros, score, band)| PastScore {
            at: hours * HOUR + micros,
            score,
            band: band.map(|band| BANDS[band]),
        });
        prop::collection::vec(row, 0..80)
    }

    fn bytes(past: &Past) -> Vec<u8> {
        let mut out = Vec::new();
        past.write(&mut out);
        out
    }

    fn same(a: &Past, b: &Past) -> bool {
        let bits = |past: &Past| -> Vec<_> {
            past.0
                .iter()
                .map(|score| (score.at, score.score.map(f64::to_bits), score.band.map(str::to_owned)))
                .collect()
        };
        bits(a) == bits(b)
    }

    proptest! {
        #[test]
        fn bytes_give_back_the_list(rows in rows()) {
            let past = Past::of(rows);
            let written = bytes(&past);
            prop_assert!(same(&Past::read(&written).unwrap(), &past));
            for cut in 0..written.len() {
                prop_assert_eq!(Past::read(&written[..cut]), None);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut forged = vec![LAYOUT];
            forged.extend(&bytes);
            for bytes in [bytes, forged] {
                if let Some(past) = Past::read(&bytes) {
                    past.compared(30 * DAY as i64, 5.0);
                    past.clone().trimmed(0);
                }
            }
        }

        /// Carried from run to run, the list says what a look at all rows says.
        #[test]
        fn a_carried_list_equals_a_full_look_back(
            rows in rows(),
            runs in prop::collection::btree_set(0..24 * 200_i64, 1..20),
            held in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
            window in 1..60_i64,
            tolerance in 0.0..20.0_f64,
        ) {
            let all = Past::of(rows);
            let runs: Vec<i64> = runs.into_iter().map(|hour| hour * HOUR + 7).collect();
            let held: Vec<i64> = held.iter().map(|at| *at.get(&runs)).collect();
            let window = window * DAY as i64;
            let span = window.max(CHANGE_OVER);
            // Every row of a run is in the history; the others are single accounts.
            let mut history = all.0.clone();
            let mut list = Vec::new();
            for (place, run) in runs.iter().enumerate() {
                let this = PastScore { at: *run, score: Some((run % 97) as f64), band: Some(BANDS[place % 3]) };
                let last = place.checked_sub(1).map_or(i64::MIN, |before| runs[before]);
                let entered = all.0.iter().filter(|row| row.at > last && row.at < *run).copied().collect();
                let past = if list.is_empty() { Past::default() } else { Past::read(&list).unwrap() };
                let joined = past.joined(Past::of(entered), this, &held);
                history.push(this);
                let seen = |row: &&PastScore| row.at == *run || row.at < *run && !held.contains(&row.at);
                let full = Past::of(history.iter().filter(seen).copied().collect());
                prop_assert_eq!(joined.compared(window, tolerance), full.compared(window, tolerance));
                let naive = |from: i64| {
                    let mut trend = Trend::default();
                    let mut any = false;
                    for row in full.0.iter().filter(|row| row.at >= from) {
                        if let Some(score) = row.score {
                            trend.add(score, row.at, tolerance).unwrap();
                            any = true;
                        }
                    }
                    if any { trend.direction() } else { None }
                };
                prop_assert_eq!(joined.trend(run - window, tolerance), naive(run - window));
                let before = full.0.iter().rfind(|row| row.at <= run - CHANGE_OVER);
                let before = before.filter(|row| row.at > run - OLDEST);
                prop_assert_eq!(joined.compared(window, tolerance).unwrap().before, before.copied());
                let trimmed = joined.trimmed(run - span);
                for row in full.0.iter().filter(|row| row.at >= run - span) {
                    prop_assert_eq!(trimmed.at(row.at), Some(row));
                    prop_assert_eq!(trimmed.first(row.at), full.first(row.at));
                }
                list = bytes(&trimmed);
            }
        }
    }

    #[test]
    fn a_month_of_nights_is_short() {
        let night = |day: i64| PastScore {
            at: 800_000_000_000_000 + day * DAY as i64,
            score: Some(round9(50.0 + (day * 7_919 % 100) as f64 / 7.0)),
            band: Some(BANDS[day as usize % 3]),
        };
        let past = Past::of((0..32).map(night).collect());
        assert!(bytes(&past).len() < 300, "{}", bytes(&past).len());
    }
}
