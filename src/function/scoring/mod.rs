mod assess;
mod band;
mod change;
mod conflicts;
mod drivers;
mod explain;
mod inputs;
mod score;
