mod model_card;
mod model_diff;
