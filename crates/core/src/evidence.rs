//! What anyone can check by hand: an entry's preimages, and the hashes that they give.

use serde::{Deserialize, Serialize};

use crate::export::line::Line;
use crate::export::strict::Fault;

/// The preimages of an entry and what they hash to. `sha256sum` over each preimage prints its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryHashes {
    /// What the personal block hashes to; `None` where it is withheld or erased.
    pub personal_hash: Option<String>,
    /// What the entry hashes to.
    pub current_hash: String,
    /// What is hashed for `personal_hash`.
    pub personal_preimage: Option<String>,
    /// What is hashed for `current_hash`.
    pub preimage: String,
}

/// Hashes the entry of one line of an export, as it stands there.
///
/// # Errors
/// The first field at fault, where the line is no entry of format 2.
pub fn hash_entry_line(line: &[u8]) -> Result<EntryHashes, Fault> {
    let read = Line::read(line);
    if let Line::Faulty(_, fault) | Line::Unreadable(fault) = read {
        return Err(fault);
    }
    let entry = read.entry().ok_or_else(|| Fault::of_line("a document, where an entry belongs"))?;
    let text = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    Ok(EntryHashes {
        personal_hash: entry.personal_content_hash().map(|hash| hash.to_string()),
        current_hash: entry.content_hash().to_string(),
        personal_preimage: entry.personal.map(|personal| text(&|out| personal.write_preimage(out))),
        preimage: text(&|out| entry.write_preimage(out)),
    })
}
