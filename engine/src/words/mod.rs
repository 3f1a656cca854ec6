//! A model in plain English: phrases, flat descriptions, the card. No account and no score is read here.

pub(crate) mod card;
pub(crate) mod describe;
pub(crate) mod phrase;
pub(crate) mod shown;
pub(crate) mod variation;
