#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| healthspace::fuzz_internals::keys(bytes));
