//! The state of one group of events, and the model's recipe to fill and read it: a header, the kinds and words of the
//! cells, their times, and a heap. A caller may pass any words as a state: an inconsistent state is an error.

use super::builder::{Builder, Derived};
use super::cell::{Cell, Event, Plain, fading};
use super::heap::{Region, text_at, words_of_text, write_text};
use super::layout::{AS_OF, FLAGS, Fields, KINDS, KNOWN, NO_AS_OF, TIMED, UNKNOWN, View, used};
use super::name_table::NameTable;
use super::stop::Stop;
use crate::base::quoted::Quoted;
use crate::base::value::Value;
use crate::signal::definition::Signal;
use crate::signal::inputs::Inputs;
use crate::signal::recipe::Combine;
use crate::signal::source::Source;

/// Room for the names of a few unknown signals.
const WORDS_OF_UNKNOWN: usize = 16;

/// How one model's inputs are gathered from events.
#[derive(Debug)]
pub struct Gathering {
    pub(super) cells: Vec<Cell>,
    /// Per input of the model, the destination of its events.
    pub(super) feeds: Vec<Feed>,
    pub(super) names: NameTable,
    /// The names of the table, each once, with the input that it feeds.
    listed: Vec<(String, usize)>,
    pub(super) input_names: Vec<String>,
    /// (input, cell) of the last values that are kept as they are.
    pub(super) plain: Vec<(usize, usize)>,
    pub(super) derived: Vec<Derived>,
    /// Words before the heap, without times and with them.
    fixed: [usize; 2],
    /// An unreadable event is an error in every segment.
    strict: bool,
    reads_time: bool,
    needs_times: Option<String>,
}

/// The cells that the events of one input go to.
#[derive(Debug, Default, Clone)]
pub(super) struct Feed {
    /// Copies, so that an event finds all it needs in one place.
    cells: Vec<Cell>,
    /// Whether a value of any kind may need room of the heap.
    has_sets: bool,
    /// Whether an event without a value changes a cell.
    counts: bool,
    /// The only cell, if it keeps the last value: the feed of most signals.
    pub(super) plain: Option<Plain>,
}

/// A name that events may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventName<'a> {
    pub name: &'a str,
    /// The input of the model that these events feed.
    pub input: &'a str,
    /// The age, in microseconds, from which on no event counts. None: events of any age count.
    pub reach: Option<i64>,
    /// Whether a signal compares the events with earlier ones of the same name.
    pub compares: bool,
}

impl Gathering {
    pub(crate) fn new<'m>(inputs: &Inputs, signals: impl Iterator<Item = &'m Signal>, strict: bool) -> Gathering {
        let mut builder = Builder::default();
        let mut plain = Vec::new();
        for (at, input) in inputs.list.iter().enumerate().filter(|(_, input)| input.keeps_last) {
            plain.push((at, builder.cell(at, Combine::Last, None, None, false, &input.name)));
        }
        let derived: Vec<Derived> = inputs.derivations.iter().map(|derivation| builder.derive(derivation)).collect();
        let before = KINDS + builder.count().div_ceil(8);
        let cells = builder.lay_out(before);

        let mut feeds = vec![Feed::default(); inputs.list.len()];
        for cell in &cells {
            feeds[cell.input].cells.push(cell.clone());
            feeds[cell.input].has_sets |= cell.is_set();
            feeds[cell.input].counts |= cell.counts();
        }
        for feed in &mut feeds {
            if let [cell] = &feed.cells[..] {
                feed.plain = cell.plain();
            }
        }
        let columns = inputs.list.iter().enumerate().filter(|(_, input)| !input.gathered);
        // A signal's own name counts too, unless a column has it.
        let aliases = signals.filter_map(|signal| match signal.source {
            Source::Column(input) => Some((signal.name.as_str(), input)),
            _ => None,
        });
        let mut listed: Vec<(String, usize)> = Vec::new();
        for (name, input) in columns.map(|(at, input)| (input.name.as_str(), at)).chain(aliases) {
            if !listed.iter().any(|(known, _)| known == name) {
                listed.push((name.to_owned(), input));
            }
        }
        let names = NameTable::new(listed.iter().map(|(name, input)| (name.as_str(), *input)));
        let with_times = cells.iter().filter(|cell| cell.has_time()).count();
        let without = before + cells.iter().map(Cell::words).sum::<usize>();
        let needs_times = cells.iter().find(|cell| cell.ages.is_some() || cell.combine == Combine::ActiveDays);
        Gathering {
            feeds,
            names,
            listed,
            input_names: inputs.list.iter().map(|input| input.name.clone()).collect(),
            plain,
            fixed: [without, without + with_times],
            strict,
            reads_time: derived.iter().any(|derived| derived.recipe.reads_time()),
            needs_times: needs_times.map(|cell| cell.signal.clone()),
            derived,
            cells,
        }
    }

    /// Whether the values depend on as_of.
    pub fn reads_time(&self) -> bool {
        self.reads_time
    }

    /// A signal that needs the times of its events.
    pub fn needs_times(&self) -> Option<&str> {
        self.needs_times.as_deref()
    }

    /// The words of a new state.
    pub fn words(&self, timed: bool) -> usize {
        self.fixed[usize::from(timed)]
    }

    /// Makes words, all 0, a state without events.
    pub fn begin(&self, words: &mut [u64], as_of: Option<i64>, timed: bool) {
        words[AS_OF] = as_of.map_or(NO_AS_OF, |as_of| as_of as u64);
        words[FLAGS] = if timed { TIMED } else { 0 };
        if let Ok(mut fields) = self.fields(words) {
            self.cells.iter().for_each(|cell| cell.begin(&mut fields));
        }
    }

    /// The time that ages are relative to.
    pub fn as_of(words: &[u64]) -> Option<i64> {
        words.first().filter(|word| **word != NO_AS_OF).map(|word| *word as i64)
    }

    #[inline]
    fn fields<'a>(&'a self, words: &'a mut [u64]) -> Result<Fields<'a>, Stop> {
        let flags = *words.get(FLAGS).ok_or(Stop::Forged)?;
        let as_of = Self::as_of(words);
        let timed = flags & TIMED != 0;
        let (fixed, heap) = words.split_at_mut_checked(self.words(timed)).ok_or(Stop::Forged)?;
        if used(fixed) > heap.len() {
            return Err(Stop::Forged);
        }
        Ok(Fields { fixed, heap, names: &self.input_names, timed, as_of })
    }

    fn view<'a>(&self, words: &'a [u64]) -> Result<View<'a>, Stop> {
        let timed = words.get(FLAGS).ok_or(Stop::Forged)? & TIMED != 0;
        let (fixed, heap) = words.split_at_checked(self.words(timed)).ok_or(Stop::Forged)?;
        if used(fixed) > heap.len() {
            return Err(Stop::Forged);
        }
        Ok(View { fixed, heap, timed })
    }

    /// The fast path of [`Self::add`], for most events: a number of a signal that keeps its last value. False when the
    /// fast path does not apply; then no value has changed.
    #[inline(always)]
    pub fn add_number(&self, words: &mut [u64], signal: &[u8], number: f64, at: Option<i64>) -> bool {
        let Some(input) = self.names.find(signal) else { return false };
        let Some(plain) = &self.feeds[input].plain else { return false };
        let Some(flags) = words.get(FLAGS) else { return false };
        let timed = flags & TIMED != 0;
        let Some(fixed) = words.get_mut(..self.words(timed)) else { return false };
        fixed[FLAGS] |= KNOWN;
        let as_of = fixed[AS_OF] as i64;
        if as_of != NO_AS_OF as i64 && at.is_some_and(|at| at > as_of) {
            return true;
        }
        plain.add(fixed, timed, number, at)
    }

    /// One event of a signal, named in UTF-8. Without a value it counts where events or their days are counted, and
    /// otherwise only marks its signal as known.
    #[inline]
    pub fn add(&self, words: &mut [u64], signal: &[u8], value: Value, at: Option<i64>) -> Result<(), Stop> {
        let mut fields = self.fields(words)?;
        let Some(input) = self.names.find(signal) else {
            return self.note_unknown(&mut fields, signal);
        };
        fields.fixed[FLAGS] |= KNOWN;
        let age = match (fields.as_of, at) {
            (Some(as_of), Some(at)) if at > as_of => return Ok(()),
            (Some(as_of), Some(at)) => Some(as_of.saturating_sub(at)),
            _ => None,
        };
        let feed = &self.feeds[input];
        let is_missing = value == Value::Missing;
        if is_missing && !feed.counts {
            return Ok(());
        }
        let event = Event { value, at, age };
        if feed.has_sets || matches!(value, Value::Text(_)) {
            let mut room = 0;
            for cell in &feed.cells {
                room += cell.room_for(&fields, &value)?;
            }
            self.require(&fields, room)?;
        }
        for cell in feed.cells.iter().filter(|cell| !is_missing || cell.counts()) {
            cell.add(&mut fields, &event, self.strict)?;
        }
        Ok(())
    }

    #[inline]
    fn require(&self, fields: &Fields, room: usize) -> Result<(), Stop> {
        if room <= fields.heap.len() - used(fields.fixed) {
            return Ok(());
        }
        let view = fields.view();
        let held: usize = self.held(&view).map(|(_, words)| words).sum();
        // Twice the needed room, so that the cost of moving is amortized.
        Err(Stop::Room(fields.fixed.len() + (held + room) * 2))
    }

    /// All that the heap holds: the places and their words.
    fn held<'a>(&'a self, view: &'a View) -> impl Iterator<Item = (Region, usize)> + 'a {
        let unknown = view.fixed[UNKNOWN];
        let unknown = (unknown != 0).then(|| (Region::unpack(unknown), WORDS_OF_UNKNOWN));
        self.cells.iter().filter_map(|cell| cell.held(view)).chain(unknown)
    }

    /// Copies a state to more words.
    pub fn move_to(&self, old: &[u64], new: &mut [u64]) -> Result<(), Stop> {
        let from = self.view(old)?;
        let fixed = from.fixed.len();
        new.get_mut(..fixed).ok_or(Stop::Forged)?.copy_from_slice(from.fixed);
        new[FLAGS] &= u64::from(u32::MAX);
        let mut to = self.fields(new)?;
        let cells = self.cells.iter().filter_map(|cell| cell.held(&from).map(|(place, words)| (cell.at, place, words)));
        let unknown = from.fixed[UNKNOWN];
        let unknown = (unknown != 0).then(|| (UNKNOWN, Region::unpack(unknown), WORDS_OF_UNKNOWN));
        for (at, place, words) in cells.chain(unknown) {
            let source = from.heap.get(place.start as usize..place.start as usize + words).ok_or(Stop::Forged)?;
            let start = to.allocate(words)?;
            to.heap[start..start + words].copy_from_slice(source);
            to.fixed[at] = Region { start: start as u32, ..place }.pack();
        }
        Ok(())
    }

    /// Keeps the names of a few unknown signals for an error message, as long as no known signal has been seen.
    #[cold]
    fn note_unknown(&self, fields: &mut Fields, signal: &[u8]) -> Result<(), Stop> {
        if fields.fixed[FLAGS] & KNOWN != 0 {
            return Ok(());
        }
        let seen = match fields.fixed[UNKNOWN] {
            0 => String::new(),
            place => text_at(fields.heap, Region::unpack(place))?.to_owned(),
        };
        let quoted = Quoted(&String::from_utf8_lossy(signal)).to_string();
        if !seen.contains(&quoted) {
            let list = if seen.is_empty() { quoted } else { format!("{seen}, {quoted}") };
            return self.put_unknown(fields, &list);
        }
        Ok(())
    }

    fn put_unknown(&self, fields: &mut Fields, list: &str) -> Result<(), Stop> {
        let fits = words_of_text(list.len()) <= WORDS_OF_UNKNOWN;
        let start = match fields.fixed[UNKNOWN] {
            // A list that is full keeps those that were seen first.
            place if place != 0 && !fits => return Ok(()),
            0 => {
                self.require(fields, WORDS_OF_UNKNOWN)?;
                fields.allocate(WORDS_OF_UNKNOWN)?
            }
            place => Region::unpack(place).start as usize,
        };
        let list = if fits { list } else { "names too long to show" };
        fields.fixed[UNKNOWN] = write_text(fields.heap, start, list)?.pack();
        Ok(())
    }

    /// Merges another state of the same model and the same as_of.
    pub fn merge(&self, words: &mut [u64], other: &[u64]) -> Result<(), Stop> {
        let other = self.view(other)?;
        let mut fields = self.fields(words)?;
        if fields.timed != other.timed {
            return Err(Stop::Forged);
        }
        let mut room = 0;
        for cell in &self.cells {
            room += cell.room_to_merge(&fields, &other)?;
        }
        if other.fixed[UNKNOWN] != 0 && fields.fixed[UNKNOWN] == 0 {
            room += WORDS_OF_UNKNOWN;
        }
        self.require(&fields, room)?;
        for cell in &self.cells {
            cell.merge(&mut fields, &other)?;
        }
        fields.fixed[FLAGS] |= other.fixed[FLAGS] & KNOWN;
        if other.fixed[UNKNOWN] != 0 && fields.fixed[UNKNOWN] == 0 {
            let list = text_at(other.heap, Region::unpack(other.fixed[UNKNOWN]))?;
            self.put_unknown(&mut fields, list)?;
        }
        Ok(())
    }

    /// The names of events that feed an input.
    pub fn event_names(&self) -> impl Iterator<Item = EventName<'_>> {
        let fed = self.listed.iter().filter(|(_, input)| !self.feeds[*input].cells.is_empty());
        fed.map(|(name, input)| {
            let reaches = self.feeds[*input].cells.iter().map(|cell| cell.ages.and_then(|ages| ages.below));
            let compares = |derived: &Derived| match derived.source {
                Source::Change(now, before) => {
                    let input_of = |side: usize| self.cells[derived.cells[side]].input;
                    input_of(now) == *input && input_of(before) == *input
                }
                _ => false,
            };
            EventName {
                name,
                input: &self.input_names[*input],
                reach: reaches.reduce(|a, b| Some(a?.max(b?))).flatten(),
                compares: self.derived.iter().any(compares),
            }
        })
    }

    /// The values of the model's inputs.
    pub fn read<'a>(&self, words: &'a [u64], values: &mut Vec<Value<'a>>) -> Result<(), Stop> {
        values.clear();
        values.resize(self.input_names.len(), Value::Missing);
        self.read_beside(words, &[], values)
    }

    /// The values of the model's inputs, of which `known` marks those that are not read from events: they are in
    /// `values` already, one for each input, and stay. In a derived value a known input takes the place of its events;
    /// a derived value without events has no time.
    pub fn read_beside<'a>(&self, words: &'a [u64], known: &[bool], values: &mut [Value<'a>]) -> Result<(), Stop> {
        let view = self.view(words)?;
        if view.fixed[FLAGS] & KNOWN == 0 && view.fixed[UNKNOWN] != 0 {
            return Err(Stop::Unknown(text_at(view.heap, Region::unpack(view.fixed[UNKNOWN]))?.to_owned()));
        }
        let is_known = |input: usize| known.get(input) == Some(&true);
        for (input, cell) in self.plain.iter().filter(|(input, _)| !is_known(*input)) {
            values[*input] = self.cells[*cell].last(&view)?;
        }
        let as_of = Self::as_of(words);
        for derived in &self.derived {
            let known_value = |input: usize| is_known(input).then(|| values[input]);
            let (value, time) = self.derive(derived, &view, as_of, &known_value)?;
            values[derived.gathered.flag] = Value::Bool(true);
            values[derived.gathered.value] = value;
            values[derived.gathered.time] = time.map_or(Value::Missing, Value::Time);
        }
        Ok(())
    }

    /// A derived value, with the time of its last event where the time is needed.
    fn derive<'a>(
        &self,
        derived: &Derived,
        view: &View<'a>,
        as_of: Option<i64>,
        known: &dyn Fn(usize) -> Option<Value<'a>>,
    ) -> Result<(Value<'a>, Option<i64>), Stop> {
        let recipe = &derived.recipe;
        let mut sides = [Value::Missing; 2];
        let mut time = None;
        let mut has_events = false;
        for (side, cell) in sides.iter_mut().zip(&derived.cells) {
            let cell = &self.cells[*cell];
            if let Some(value) = known(cell.input) {
                *side = value;
                continue;
            }
            has_events = true;
            *side = cell.value(view)?;
            time = time.max(cell.time(view));
        }
        let read = derived.source.read(&sides, as_of.unwrap_or_default());
        let mut value = read.unwrap_or(Value::Unusable("made of a value that cannot be read"));
        if !has_events {
            return Ok((value, None));
        }
        if recipe.measures_age {
            value = moment_of(value, time);
        }
        if let (Some(half_life), false) = (recipe.half_life, recipe.fades_each()) {
            let age = as_of.zip(time).map(|(as_of, time)| as_of.saturating_sub(time));
            value = match value {
                Value::Number(number) => Value::Number(number * fading(half_life, age)),
                Value::Bool(flag) => Value::Number(f64::from(u8::from(flag)) * fading(half_life, age)),
                other => other,
            };
        }
        Ok((value, time.filter(|_| recipe.keeps_time)))
    }
}

/// The time that a scale of ages measures: the value where it is a time, else the time of the event. A text that begins
/// like a date but is not a date stays an error.
fn moment_of<'a>(value: Value<'a>, time: Option<i64>) -> Value<'a> {
    match (value, time) {
        (Value::Text(text), _) if text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') => value,
        (Value::Number(_) | Value::Bool(_) | Value::Text(_), Some(time)) => Value::Time(time),
        _ => value,
    }
}
