//! Compressed streams, damaged ones and whole ones of hostile content.
#![no_main]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

const MAGIC: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_fuzz::hold_to_pieces(&[&MAGIC, bytes].concat());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).expect("a Vec takes every byte");
    let packed = gzip.finish().expect("a Vec takes every byte");
    // Gzip within gzip is refused, gzip by itself is read.
    if !bytes.starts_with(&MAGIC[..2]) {
        let says = |report: &str| report.find("\"input\":").map_or(report.to_owned(), |at| report[..at].to_owned());
        let audit =
            |input: &[u8]| says(&countersign_fuzz::audit(input, usize::MAX, countersign_fuzz::brings_keys(bytes)));
        assert_eq!(audit(&packed), audit(bytes));
    }
});
