//! Sparklines: scores over time as a line of eight block characters.

use super::refused::Refused;
use crate::base::number::shortest;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const GAP: char = ' ';

/// A level has four bits: 0 is a gap, 1 to 8 are the blocks.
const BITS: usize = 4;
const LEVELS_OF_A_WORD: usize = 64 / BITS;
const WORDS: usize = Spark::MOST_POINTS.div_ceil(LEVELS_OF_A_WORD);

#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Spark {
    points: u64,
    levels: [u64; WORDS],
}

impl Default for Spark {
    fn default() -> Self {
        Spark { points: 0, levels: [0; WORDS] }
    }
}

impl Spark {
    /// A longer line cannot be read; it usually comes from a forgotten GROUP BY.
    pub const MOST_POINTS: usize = 1000;

    /// A score between 0 and 100, or none for a gap. False where the line is full.
    pub fn add(&mut self, score: Option<f64>) -> Result<bool, Refused> {
        let level = score.map_or(Ok(0), level)?;
        let at = self.points as usize;
        if at >= Spark::MOST_POINTS {
            return Ok(false);
        }
        self.levels[at / LEVELS_OF_A_WORD] |= level << (at % LEVELS_OF_A_WORD * BITS);
        self.points += 1;
        Ok(true)
    }

    fn each_level(&self) -> impl Iterator<Item = usize> {
        let level = |at: usize| self.levels[at / LEVELS_OF_A_WORD] >> (at % LEVELS_OF_A_WORD * BITS) & 0xF;
        (0..self.points as usize).map(move |at| level(at) as usize)
    }

    /// The line, none without a score in it.
    pub fn draw(&self) -> Option<String> {
        let block = |level: usize| level.checked_sub(1).map_or(GAP, |block| BLOCKS[block]);
        self.each_level().any(|level| level > 0).then(|| self.each_level().map(block).collect())
    }

    pub fn is_consistent(&self) -> bool {
        self.points <= Spark::MOST_POINTS as u64 && self.each_level().all(|level| level <= BLOCKS.len())
    }
}

fn level(score: f64) -> Result<u64, Refused> {
    if !(0.0..=100.0).contains(&score) {
        return Err(Refused {
            message: format!("a sparkline's score is between 0 and 100, not {}", shortest(score)),
            hint: "Scale another measure to 0 to 100 first.",
        });
    }
    Ok((score * BLOCKS.len() as f64 / 100.0).min(7.0) as u64 + 1)
}
