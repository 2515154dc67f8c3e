#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stowplan_fuzz::run("engine", data));
