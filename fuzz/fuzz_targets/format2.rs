//! Lines of format 2 after a header that passes, and the two readers of an entry against each other.
#![no_main]

use countersign_core::export::{fast, strict};

const HEADER: &str = include_str!("../../tests/vectors/good.jsonl");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let header = HEADER.lines().next().unwrap_or_default();
    let own = bytes.starts_with(b"{\"format\"");
    let export = if own { bytes.to_vec() } else { [header.as_bytes(), b"\n", bytes].concat() };
    countersign_fuzz::hold_to_pieces(&export);
    for line in bytes.split(|b| *b == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
        // Whatever the fast reader takes, the strict one takes, and reads the same.
        let plain = fast::read(line).map(|(entry, values)| (strict::OwnedEntry::from(&entry), values));
        for (entry, values) in plain.into_iter().chain(fast::read_escaped(line)) {
            let members = strict::Members::read(line).expect("the fast reader took it");
            assert_eq!(strict::read(&members), strict::Strict { entry, values: Ok(values) });
        }
    }
});
