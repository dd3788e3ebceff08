//! Lines, arrays and BSON of the original ledger, as they come.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_fuzz::hold_to_pieces(bytes);
});
