//! Names this build by what it is made of, so that the page refuses a worker of another build.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What both the page and the worker are made of. Names and contents only: no time, no machine.
const MADE_OF: [&str; 5] = ["src", "Cargo.toml", "../crates/core/src", "../crates/core/Cargo.toml", "../Cargo.toml"];

fn main() -> io::Result<()> {
    let mut files = BTreeSet::new();
    for part in MADE_OF {
        println!("cargo:rerun-if-changed={part}");
        collect(Path::new(part), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(&file)?.hash(&mut hasher);
    }
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    println!("cargo:rustc-env=COUNTERSIGN_BUILD={version}-{:016x}", hasher.finish());
    Ok(())
}

fn collect(path: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.insert(path.to_path_buf());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
