//! C2SP signed notes: a text, a blank line, and a line for each signature,
//! `— name base64(key ID ‖ signature)`. One encoding is accepted.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::cosignature;
use super::key::{KeyKind, VerifyingKey, is_key_name};
use super::signing::SigningKey;
use crate::limits::{MAX_NOTE, MAX_NOTE_SIGNATURES};

/// Why a text is no signed note, or none that the keys open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than [`MAX_NOTE`].
    #[error("a note has at most {MAX_NOTE} bytes, and this has {0}")]
    TooLong(usize),
    /// More signatures than [`MAX_NOTE_SIGNATURES`].
    #[error("a note has at most {MAX_NOTE_SIGNATURES} signatures")]
    TooMany,
    /// A control character other than the line feed.
    #[error("a note has no control character but the line feed")]
    Control,
    /// No blank line between text and signatures, or nothing on one side of it.
    #[error("a note is a text, a blank line and at least one signature, each line ended by a line feed")]
    Form,
    /// A line after the blank one is no signature.
    #[error("signature {0} is not written “— name base64”")]
    Signature(usize),
    /// No key given is one of its signers'.
    #[error("no given key signed it")]
    Unopened,
    /// A given key is named as a signer, and its signature does not verify.
    #[error("the signature that says it is {name}'s does not verify")]
    Invalid {
        /// The key's name.
        name: String,
    },
}

/// One signature under a note, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Whose it says it is.
    pub name: String,
    /// Key ID.
    pub id: [u8; 4],
    /// What the kind of key puts there.
    pub signature: Vec<u8>,
}

/// A signed note, well formed and not verified: read nothing from it before it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A key whose signature verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The key.
    pub key: VerifyingKey,
    /// The time that it signed, in Unix seconds, for `cosignature/v1`.
    pub time: Option<u64>,
}

/// Proof that at least one key given to [`SignedNote::open`] signed the text: made nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedNote<'a> {
    text: &'a str,
    signers: Vec<Signer>,
}

impl OpenedNote<'_> {
    /// What was signed, with its last line feed.
    #[must_use]
    pub const fn text(&self) -> &str {
        self.text
    }

    /// Whose signatures verified, at least one, in the order of the note.
    #[must_use]
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }
}

impl SignedNote {
    /// A text signed by nobody yet.
    ///
    /// # Panics
    /// Where `text` does not end with a line feed, has a blank line, or has a control character.
    pub(super) fn unsigned(text: String) -> Self {
        assert!(is_text(&text), "a note's text is lines, none of them blank: {text:?}");
        Self { text, signatures: Vec::new() }
    }

    /// Adds the signature of an Ed25519 key.
    pub(super) fn sign(&mut self, key: &SigningKey) {
        self.push(key, key.sign(self.text.as_bytes()).to_vec());
    }

    /// Adds a cosignature at `time`, in Unix seconds.
    pub(super) fn cosign(&mut self, key: &SigningKey, time: u64) {
        self.push(key, cosignature::make(key, &self.text, time));
    }

    fn push(&mut self, key: &SigningKey, signature: Vec<u8>) {
        let id = key.verifying_key().id();
        self.signatures.push(NoteSignature { name: key.name().to_owned(), id, signature });
    }

    /// Reads a note.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE {
            return Err(NoteError::TooLong(note.len()));
        }
        if note.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(NoteError::Control);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let text = format!("{text}\n");
        let signatures = signatures.strip_suffix('\n').filter(|lines| !lines.is_empty()).ok_or(NoteError::Form)?;
        if !is_text(&text) {
            return Err(NoteError::Form);
        }
        let lines: Vec<&str> = signatures.split('\n').take(MAX_NOTE_SIGNATURES + 1).collect();
        if lines.len() > MAX_NOTE_SIGNATURES {
            return Err(NoteError::TooMany);
        }
        let read = |(i, line): (usize, &&str)| signature(line).ok_or(NoteError::Signature(i + 1));
        Ok(Self { text, signatures: lines.iter().enumerate().map(read).collect::<Result<_, _>>()? })
    }

    /// What is said to be signed, with its last line feed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its signatures, none verified.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Verifies the signatures of those `keys` that the note names; of several by one key the first.
    ///
    /// # Errors
    /// No key is named, or one is whose signature does not verify: then the whole note is refused
    /// (C2SP signed-note, "Verification").
    pub fn open(&self, keys: &[VerifyingKey]) -> Result<OpenedNote<'_>, NoteError> {
        let mut signers = Vec::new();
        for key in keys {
            let named = |s: &&NoteSignature| s.name == key.name() && s.id == key.id();
            let Some(signature) = self.signatures.iter().find(named) else { continue };
            let signer = self.signer(key, &signature.signature);
            let signer = signer.ok_or_else(|| NoteError::Invalid { name: key.name().to_owned() })?;
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        if signers.is_empty() { Err(NoteError::Unopened) } else { Ok(OpenedNote { text: &self.text, signers }) }
    }

    fn signer(&self, key: &VerifyingKey, signature: &[u8]) -> Option<Signer> {
        let time = match key.kind() {
            KeyKind::Ed25519 => {
                let signature = signature.try_into().ok()?;
                key.verifies(self.text.as_bytes(), signature).then_some(None)?
            }
            KeyKind::CosignatureV1 => Some(cosignature::verify(key, &self.text, signature)?),
        };
        Some(Signer { key: key.clone(), time })
    }
}

/// Signed notes that stand one after another, however they were copied: a byte order mark, white space at the ends of
/// lines and blank lines between notes are what editors and mails leave behind. None is read yet.
#[must_use]
pub fn notes(text: &str) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let mut signatures = true;
    for line in text.trim_start_matches('\u{feff}').trim().lines().map(str::trim_end) {
        let signs = line.starts_with("— ");
        if signatures && !signs {
            if line.is_empty() {
                continue;
            }
            notes.push(String::new());
        }
        signatures = signs;
        if let Some(note) = notes.last_mut() {
            note.push_str(line);
            note.push('\n');
        }
    }
    notes
}

impl std::fmt::Display for SignedNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|s| {
            let bytes = [s.id.as_slice(), &s.signature].concat();
            writeln!(f, "— {} {}", s.name, STANDARD.encode(bytes))
        })
    }
}

/// Lines, each ended, none of them blank, and no control character.
fn is_text(text: &str) -> bool {
    text.ends_with('\n')
        && text[..text.len() - 1].split('\n').all(|line| !line.is_empty())
        && text.bytes().all(|b| b >= 0x20 || b == b'\n')
}

fn signature(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    let whole = is_key_name(name) && !signature.is_empty();
    whole.then(|| NoteSignature { name: name.to_owned(), id: *id, signature: signature.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = include_str!("../../../../tests/vectors/checkpoint-20-cosigned.txt");

    #[test]
    fn one_encoding_is_accepted() {
        let note = SignedNote::parse(NOTE).unwrap();
        assert_eq!((note.to_string().as_str(), note.signatures().len()), (NOTE, 2));
        assert_eq!(SignedNote::parse(NOTE.trim_end()), Err(NoteError::Form));
        assert_eq!(SignedNote::parse(&NOTE.replace("\n\n", "\n")), Err(NoteError::Form));
        assert_eq!(SignedNote::parse(&NOTE.replacen('\n', "\r\n", 1)), Err(NoteError::Control));
        assert_eq!(SignedNote::parse(&NOTE.replacen("— g", "-- g", 1)), Err(NoteError::Signature(1)));
        assert_eq!(SignedNote::parse(&NOTE.replacen("XWAA==", "XWAA", 1)), Err(NoteError::Signature(2)));
        assert_eq!(SignedNote::parse(&NOTE.replacen("XWAA==", "XWAB==", 1)), Err(NoteError::Signature(2)));
        assert_eq!(SignedNote::parse(&format!("{NOTE}\n")), Err(NoteError::Form));
    }

    #[test]
    fn its_sizes_are_capped() {
        let line = NOTE.lines().last().unwrap();
        let many = format!("{NOTE}{}", format!("{line}\n").repeat(MAX_NOTE_SIGNATURES));
        assert_eq!(SignedNote::parse(&many), Err(NoteError::TooMany));
        let long = "x".repeat(MAX_NOTE + 1);
        assert_eq!(SignedNote::parse(&long), Err(NoteError::TooLong(MAX_NOTE + 1)));
    }
}
