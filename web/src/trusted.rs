//! What the auditor brings: keys, witnesses, kept checkpoints, what is taxed. It stays on this machine, and is kept
//! there only where he asks for it.

use std::collections::BTreeSet;

use countersign_core::checkpoint::{Checkpoint, KeyKind, SignedNote, VerifyingKey, notes};
use countersign_core::limits::{MAX_CHECKPOINTS, MAX_NOTE};
use countersign_core::taxes::Taxes;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, FileList, Storage, StorageEvent};

use crate::figures;

/// Where it is kept, in the browser's storage for this site.
const STORED: &str = "countersign.trusted";
/// Longest file that is taken as keys or checkpoints, in bytes.
const MAX_FILE: f64 = 1_048_576.0;

/// What is said of a file that is something else. What is wrong with it as a table of taxes would be of no help.
const NOTHING_OF_THESE: &str = "neither verifying keys, one a line, nor a checkpoint, nor a table of taxes. To verify \
                                an export, choose it above.";

/// What goes with an order to the worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Brought {
    /// Keys, `name+hash+base64`.
    pub(crate) keys: Vec<String>,
    /// Witnesses' keys.
    pub(crate) witnesses: Vec<String>,
    /// Signed notes.
    pub(crate) checkpoints: Vec<String>,
    /// The auditor's table.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) taxes: Option<Taxes>,
}

/// The fields, as they are written.
#[derive(Clone, Copy)]
pub(crate) struct Trusted {
    /// Keys, one a line.
    pub(crate) keys: RwSignal<String>,
    /// Witnesses' keys, one a line.
    pub(crate) witnesses: RwSignal<String>,
    /// Signed notes, one after the other.
    pub(crate) checkpoints: RwSignal<String>,
    /// What is taxed, as JSON.
    pub(crate) taxes: RwSignal<String>,
    /// Whether they are kept on this machine.
    pub(crate) remembered: RwSignal<bool>,
    /// What was wrong with a file that was added.
    pub(crate) refused: RwSignal<Option<String>>,
}

/// The fields, as they are kept.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    keys: String,
    witnesses: String,
    checkpoints: String,
    taxes: String,
}

impl Trusted {
    /// What this machine remembers, or nothing.
    pub(crate) fn new() -> Self {
        let stored = storage().and_then(|storage| storage.get_item(STORED).ok().flatten());
        let remembered = stored.is_some();
        let stored: Stored = stored.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let trusted = Self {
            keys: RwSignal::new(stored.keys),
            witnesses: RwSignal::new(stored.witnesses),
            checkpoints: RwSignal::new(stored.checkpoints),
            taxes: RwSignal::new(stored.taxes),
            remembered: RwSignal::new(remembered),
            refused: RwSignal::new(None),
        };
        Effect::new(move |_| trusted.store());
        trusted.follow_other_tabs();
        trusted
    }

    /// Keeps what stands in the fields, where that was asked for.
    fn store(self) {
        let [keys, witnesses, checkpoints, taxes] = self.fields().map(|field| field.get());
        let Some(storage) = storage().filter(|_| self.remembered.get()) else { return };
        if let Ok(json) = serde_json::to_string(&Stored { keys, witnesses, checkpoints, taxes }) {
            // A full storage, or one that the browser denies, keeps nothing: no audit depends on it.
            let _ = storage.set_item(STORED, &json);
        }
    }

    /// Remembers what stands in the fields from now on, or forgets what was kept, which only this does.
    pub(crate) fn remember(self, remembered: bool) {
        self.remembered.set(remembered);
        if let Some(storage) = storage().filter(|_| !remembered) {
            let _ = storage.remove_item(STORED);
        }
    }

    /// What another tab of this site keeps or forgets holds here too, where this one remembers: the last who wrote
    /// would else undo what the other added.
    fn follow_other_tabs(self) {
        let heard = Closure::<dyn FnMut(StorageEvent)>::new(move |event: StorageEvent| {
            if event.key().as_deref() == Some(STORED) && self.remembered.get_untracked() {
                match event.new_value().and_then(|json| serde_json::from_str(&json).ok()) {
                    Some(stored) => self.show(stored),
                    None => self.remembered.set(false),
                }
            }
        });
        // Fails for no name of an event; the page lives as long as its listeners.
        let _ = window().add_event_listener_with_callback("storage", heard.as_ref().unchecked_ref());
        heard.forget();
    }

    fn show(self, stored: Stored) {
        let Stored { keys, witnesses, checkpoints, taxes } = stored;
        for (field, text) in self.fields().into_iter().zip([keys, witnesses, checkpoints, taxes]) {
            // What is the same already is left alone, and with it the cursor in it.
            if field.with_untracked(|field| *field != text) {
                field.set(text);
            }
        }
    }

    pub(crate) fn clear(self) {
        self.refused.set(None);
        self.fields().into_iter().for_each(|field| field.set(String::new()));
    }

    const fn fields(self) -> [RwSignal<String>; 4] {
        [self.keys, self.witnesses, self.checkpoints, self.taxes]
    }

    /// Everything that was brought; the first thing that cannot be read, where there is one.
    pub(crate) fn read(self) -> Result<Brought, String> {
        let texts = |keys: Vec<VerifyingKey>| each_once(keys.iter().map(VerifyingKey::to_string).collect());
        Ok(Brought {
            keys: texts(keys(&self.keys.get())?),
            witnesses: texts(witnesses(&self.witnesses.get())?),
            checkpoints: each_once(checkpoints(&self.checkpoints.get())?),
            taxes: taxes(&self.taxes.get())?,
        })
    }

    /// What was brought, in a few words.
    pub(crate) fn in_words(self) -> String {
        match self.read() {
            Ok(Brought { keys, witnesses, checkpoints, taxes }) => {
                let counted = [
                    (keys.len(), "key", "keys"),
                    (witnesses.len(), "witness", "witnesses"),
                    (checkpoints.len(), "checkpoint", "checkpoints"),
                    (usize::from(taxes.is_some()), "tax table", "tax tables"),
                ];
                let some = counted.into_iter().filter(|(count, ..)| *count > 0);
                let words: Vec<String> = some.map(|(n, one, many)| figures::counted(n as u64, one, many)).collect();
                if words.is_empty() { "none given".to_owned() } else { words.join(", ") }
            }
            Err(_) => "something in it cannot be read".to_owned(),
        }
    }

    /// Adds what stands in files: keys, checkpoints or a table of taxes, each to its field.
    pub(crate) fn add_files(self, files: Option<FileList>) {
        let Some(files) = files else { return };
        self.refused.set(None);
        for file in (0..files.length()).filter_map(|n| files.get(n)) {
            spawn_local(async move {
                if let Err(why) = self.add_file(&file).await {
                    self.refused.set(Some(format!("{}: {why}", file.name())));
                }
            });
        }
    }

    /// Adds what stands in a file to its field, or says why it is nothing of these.
    pub(crate) async fn add_file(self, file: &File) -> Result<(), String> {
        if file.size() > MAX_FILE {
            return Err("too large for keys or checkpoints. To verify an export, choose it above.".to_owned());
        }
        let read = JsFuture::from(file.text()).await;
        let text = read.ok().and_then(|text| text.as_string()).ok_or("it could not be read")?;
        if checkpoints(&text).is_ok_and(|notes| !notes.is_empty()) {
            append(self.checkpoints, &text);
        } else if witnesses(&text).is_ok_and(|keys| !keys.is_empty()) {
            append(self.witnesses, &text);
        } else if keys(&text).is_ok_and(|keys| !keys.is_empty()) {
            append(self.keys, &text);
        } else {
            // A table that says nothing is no table: an empty object may be anything.
            Taxes::parse(text.trim()).ok().filter(|taxes| !taxes.is_empty()).ok_or(NOTHING_OF_THESE)?;
            self.taxes.set(text);
        }
        Ok(())
    }
}

/// What was added twice counts once.
fn each_once(texts: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts.into_iter().filter(|text| seen.insert(text.clone())).collect()
}

fn append(field: RwSignal<String>, text: &str) {
    field.update(|field| {
        let before = field.trim_end().len();
        field.truncate(before);
        if before > 0 {
            field.push('\n');
        }
        field.push_str(text.trim());
        field.push('\n');
    });
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Keys, one a line; blank lines and those that start with # are passed over.
pub(crate) fn keys(text: &str) -> Result<Vec<VerifyingKey>, String> {
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(n, line)| line.parse().map_err(|error| format!("Line {n} is no verifying key: {error}.")))
        .collect()
}

/// The same, of those who cosign.
pub(crate) fn witnesses(text: &str) -> Result<Vec<VerifyingKey>, String> {
    let keys = keys(text)?;
    match keys.iter().find(|key| key.kind() != KeyKind::CosignatureV1) {
        Some(key) => {
            Err(format!("The key of {} is no witness's: theirs are of type 0x04, cosignature/v1.", key.name()))
        }
        None => Ok(keys),
    }
}

/// A table of taxes, where there is any text.
pub(crate) fn taxes(text: &str) -> Result<Option<Taxes>, String> {
    let json = Some(text.trim()).filter(|json| !json.is_empty());
    json.map(Taxes::parse).transpose().map_err(|error| format!("It is no table of taxes: {error}."))
}

/// Signed notes that stand one after the other, however they were copied.
pub(crate) fn checkpoints(text: &str) -> Result<Vec<String>, String> {
    let notes = notes(text);
    if notes.len() > MAX_CHECKPOINTS || notes.iter().any(|note| note.len() > MAX_NOTE) {
        return Err(format!("At most {MAX_CHECKPOINTS} checkpoints are taken, each of at most {MAX_NOTE} bytes."));
    }
    notes.into_iter().enumerate().map(|(i, note)| checkpoint(i + 1, note)).collect()
}

fn checkpoint(number: usize, note: String) -> Result<String, String> {
    let body = SignedNote::parse(&note).map_err(|error| format!("Checkpoint {number} cannot be read: {error}."))?;
    match Checkpoint::parse(body.text()) {
        Ok(_) => Ok(note),
        Err(error) => Err(format!("Checkpoint {number} cannot be read: {error}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "game.example/economy+b7e99c16+AYMq5iT7Tj3bthuC2BO2upajYP1EdR6ZRFFydV2hbw8R";
    const WITNESS: &str = "witness.example/1+2e550400+BPrE5gsZjUc6LSkelUdg+5b8RAE8ZgxMLrz2N1dPYewJ";
    const NINE: &str = include_str!("../../tests/vectors/checkpoint-9.txt");
    const COSIGNED: &str = include_str!("../../tests/vectors/checkpoint-20-cosigned.txt");

    #[test]
    fn keys_stand_one_a_line() {
        assert_eq!(keys(&format!("# of the game\n\n  {KEY} \r\n{WITNESS}")).unwrap().len(), 2);
        assert_eq!(keys("").unwrap(), []);
        let fault = keys(&format!("{KEY}\nhello")).unwrap_err();
        assert!(fault.starts_with("Line 2 is no verifying key: "), "{fault}");
        assert_eq!(witnesses(WITNESS).unwrap().len(), 1);
        assert!(witnesses(KEY).is_err());
    }

    #[test]
    fn notes_stand_one_after_the_other_however_they_were_copied() {
        let both = [NINE.to_owned(), COSIGNED.to_owned()];
        let pasted = [
            format!("{NINE}{COSIGNED}"),
            format!("{NINE}\n\n{COSIGNED}\n"),
            format!("\n{}\n{}", NINE.trim_end(), COSIGNED.trim_end()),
            format!("{NINE}\n{COSIGNED}").replace('\n', "\r\n"),
            format!("{NINE}{COSIGNED}").replace('\n', "  \n"),
        ];
        for text in pasted {
            assert_eq!(checkpoints(&text).unwrap(), both, "{text:?}");
        }
        assert_eq!(checkpoints(" \n ").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_was_added_twice_counts_once_where_it_first_stood() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(each_once(texts(&["b", "a", "b"])), texts(&["b", "a"]));
    }

    #[test]
    fn what_is_no_note_is_said_by_its_number() {
        let fault = checkpoints(&format!("{NINE}\n{}", NINE.replacen('9', "09", 1))).unwrap_err();
        assert!(fault.starts_with("Checkpoint 2 cannot be read: "), "{fault}");
        for text in ["hello", "hello\n\n", "a\n\n— b"] {
            assert!(checkpoints(text).is_err(), "{text:?}");
        }
    }
}
