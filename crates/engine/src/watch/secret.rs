//! Texts that nobody may read in a log: they show themselves to no formatter.

use std::fmt;

use serde::Deserialize;

/// A password, or an address with a token in it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for whoever it is meant for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Reads a secret from a file; the white space around it is no part of it.
///
/// # Errors
/// Where the file cannot be read, holds nothing, or more than [`MAX_SECRET`] bytes. The file is named, what
/// it holds is not.
pub(super) fn from_file(path: &std::path::Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {}", path.display(), e.kind()))?;
    match text.trim() {
        "" => Err(format!("{}: it holds nothing", path.display())),
        text if text.len() > MAX_SECRET => Err(format!("{}: a secret is at most {MAX_SECRET} bytes", path.display())),
        text => Ok(Secret::new(text.to_owned())),
    }
}

/// Longest secret, in bytes.
pub const MAX_SECRET: usize = 4096;
