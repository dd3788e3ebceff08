//! The limit of any verifier of format 2: SHA-256 over the preimages of an export and nothing else.
//!
//! `cargo run --release --example bare_sha256 -- FILE THREADS` prints entries and seconds, first with `sha2` one
//! message after another, then with the lanes that the core hashes with.

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::time::Instant;
use std::{env, fs::File, thread};

use countersign_core::hash::{Batch, TOGETHER};
use countersign_core::hash_entry_line;
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or("usage: bare_sha256 FILE THREADS")?;
    let threads: usize = arguments.next().unwrap_or_else(|| "1".into()).parse()?;
    let preimages = preimages(&path)?;
    // Both preimages of an entry count once.
    let entries = preimages.iter().filter(|preimage| preimage.starts_with("countersign/entry/2\n")).count();
    let share = preimages.len().div_ceil(threads).max(1);
    let by_sha2 = timed(&preimages, share, |part| {
        for preimage in part {
            black_box(Sha256::digest(preimage.as_bytes()));
        }
    });
    let by_lanes = timed(&preimages, share, |part| {
        let (mut batch, mut digests) = (Batch::default(), Vec::new());
        for together in part.chunks(TOGETHER) {
            batch.clear();
            together.iter().for_each(|preimage| batch.push(preimage.as_bytes()));
            batch.digest_into(&mut digests);
            black_box(&digests);
        }
    });
    println!("{entries} {by_sha2} {by_lanes}");
    Ok(())
}

fn preimages(path: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut all = Vec::new();
    for line in BufReader::new(File::open(path)?).lines().skip(1) {
        let line = line?;
        // What is no entry is a document or the trailer.
        if let Ok(hashes) = hash_entry_line(line.as_bytes()) {
            all.push(hashes.preimage);
            all.extend(hashes.personal_preimage);
        }
    }
    Ok(all)
}

fn timed(preimages: &[String], share: usize, hash: impl Fn(&[String]) + Sync) -> f64 {
    let began = Instant::now();
    thread::scope(|scope| {
        for part in preimages.chunks(share) {
            scope.spawn(|| hash(part));
        }
    });
    began.elapsed().as_secs_f64()
}
