#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| health_score_fuzz::target::states::run(bytes));
