//! Keys, signed notes and checkpoints: what is taken is written back byte for byte.
#![no_main]

use countersign_core::checkpoint::{Checkpoint, SignedNote, SigningKey, VerifyingKey};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(note) = SignedNote::parse(text) {
        assert_eq!(note.to_string(), text);
        let _ = note.open(&countersign_fuzz::keys());
        if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
            assert_eq!(checkpoint.text(), note.text());
        }
    }
    if let Ok(key) = text.parse::<VerifyingKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = text.parse::<SigningKey>() {
        assert_eq!(*key.secret_text(), text);
    }
});
