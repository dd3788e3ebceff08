//! What is shown of one entry.

use std::fmt::{Display, Write as _};

use countersign_core::entry::{Entry, KEYS, PERSONAL_KEYS};
use countersign_core::export::line::Line;
use countersign_core::hash::Hash;
use countersign_core::hash_entry_line;
use serde_json::Value;

use super::legacy_entry;
use super::screen::{Paint, plain_whole};
use super::shell;

/// A page that grows line by line.
pub(super) struct Sheet {
    text: String,
    paint: Paint,
}

impl Sheet {
    pub(super) const fn new(paint: Paint) -> Self {
        Self { text: String::new(), paint }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, text: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{text}");
    }

    /// Where the entry stands, and where else one that passes for it does.
    pub(super) fn place(&mut self, number: u64, name: &str, elsewhere: &[u64]) {
        self.line(self.paint.heading(format_args!("Line {number} of {name}")));
        if !elsewhere.is_empty() {
            let lines: Vec<String> = elsewhere.iter().map(u64::to_string).collect();
            let also = format!("The same number or id stands again at line {}.", lines.join(", "));
            self.line(self.paint.bad(also));
        }
        self.line("");
    }

    /// An entry of format 2; whether its hashes agree.
    pub(super) fn entry(&mut self, line: &[u8]) -> bool {
        let read = Line::read(line);
        let Some(entry) = read.entry() else { return false };
        self.fields(&entry);
        let hashes = match hash_entry_line(line) {
            Ok(hashes) => hashes,
            Err(fault) => {
                let field = fault.field.map_or(String::new(), |field| format!("{}: ", plain_whole(&field)));
                self.line(format_args!("\n{} {field}{}", self.paint.bad("Malformed:"), plain_whole(&fault.reason)));
                return false;
            }
        };
        let personal = match hashes.personal_preimage {
            Some(preimage) => self.hash("personal_hash", &preimage, entry.personal_hash),
            None => {
                self.line("\npersonal_hash cannot be checked: the personal block is withheld or erased.");
                true
            }
        };
        self.hash("current_hash", &hashes.preimage, entry.current_hash) && personal
    }

    fn fields(&mut self, entry: &Entry<'_>) {
        let Ok(value) = serde_json::to_value(entry) else { return };
        for key in KEYS {
            match &value[key] {
                Value::Object(personal) => {
                    for key in PERSONAL_KEYS {
                        self.field(&format!("personal.{key}"), &personal[key]);
                    }
                }
                other => self.field(key, other),
            }
        }
    }

    fn field(&mut self, key: &str, value: &Value) {
        let shown = match value {
            Value::String(text) => plain_whole(text),
            other => plain_whole(&other.to_string()),
        };
        self.line(format_args!("  {key:<26} {shown}"));
    }

    /// An entry of format 1; whether its hash agrees.
    pub(super) fn legacy(&mut self, line: &[u8]) -> bool {
        let Ok(document) = serde_json::from_slice::<Value>(line) else { return false };
        for (key, value) in document.as_object().into_iter().flatten() {
            self.field(key, value);
        }
        let Some(stored) = document["current_hash"].as_str() else {
            self.line("\ncurrent_hash is no text: there is nothing to compare with.");
            return false;
        };
        match legacy_entry::preimage(&document) {
            Ok(preimage) => self.hash("current_hash", &preimage, stored),
            Err(key) => {
                self.line(format_args!("\n{} {key} has not the type that is hashed.", self.paint.bad("Tampered:")));
                false
            }
        }
    }

    /// A preimage, the hash stored and the one computed, and the command; whether they agree.
    fn hash(&mut self, name: &str, preimage: &str, stored: &str) -> bool {
        let computed = Hash::of(preimage.as_bytes()).to_string();
        let agrees = computed == stored;
        self.line("");
        self.line(self.paint.heading(format_args!("{name} is the SHA-256 of")));
        for line in preimage.split_terminator('\n') {
            self.line(format_args!("  | {}", plain_whole(line)));
        }
        self.line(format_args!("  stored    {}", plain_whole(stored)));
        self.line(format_args!("  computed  {computed}"));
        match agrees {
            true => self.line(self.paint.good("  they agree")),
            false => self.line(self.paint.bad("  THEY DISAGREE: the content is not what was hashed")),
        }
        self.line(format_args!("  check     {}", shell::sha256sum(preimage)));
        agrees
    }
}
