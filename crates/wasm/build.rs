//! Lists the vectors, so that a test without a file system can read them.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let vectors = Path::new(&manifest).join("../../tests/vectors");
    let mut list = String::from("&[\n");
    for folder in ["", "legacy"] {
        embed(&vectors.join(folder), folder, &mut list)?;
    }
    list.push(']');
    println!("cargo::rerun-if-changed={}", vectors.display());
    fs::write(Path::new(&out).join("vectors.rs"), list)
}

/// Adds a line for every file of a folder.
fn embed(folder: &Path, prefix: &str, list: &mut String) -> io::Result<()> {
    let mut files: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    for file in files.iter().filter(|file| file.path().is_file()) {
        let name = Path::new(prefix).join(file.file_name());
        writeln!(list, "    ({name:?}, include_bytes!({:?})),", file.path().canonicalize()?)
            .map_err(io::Error::other)?;
    }
    Ok(())
}
