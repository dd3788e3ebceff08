//! Tampered copies of a demo export, each the work of one act.
//!
//! The acts are done to the written lines, as somebody with an editor would.

use countersign_core::entry::Entry;
use countersign_core::export::line::Line;
use countersign_core::hash::Hash;

/// A tampered copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TamperedCopy {
    /// What was done, as the name of a file has it.
    pub name: &'static str,
    /// What was done, in words.
    pub what: String,
    /// The file.
    pub text: String,
}

/// Every act that the export has room for, done to a copy each.
#[must_use]
pub fn copies(export: &str) -> Vec<TamperedCopy> {
    let export = Lines::of(export);
    ACTS.iter().filter_map(|(name, act)| act(export.clone()).map(|done| done.copy(name))).collect()
}

type Act = fn(Lines) -> Option<Done>;

const ACTS: [(&str, Act); 15] = [
    ("amount-edited", amount_edited),
    ("receiver-redirected", receiver_redirected),
    ("entry-deleted", entry_deleted),
    ("entries-swapped", entries_swapped),
    ("entry-duplicated", entry_duplicated),
    ("entry-forged", entry_forged),
    ("previous-hash-overwritten", previous_hash_overwritten),
    ("edited-and-rehashed", edited_and_rehashed),
    ("ip-edited", ip_edited),
    ("document-edited", document_edited),
    ("tail-cut", tail_cut),
    ("trailer-altered", trailer_altered),
    ("wrong-ledger-id", wrong_ledger_id),
    ("unknown-key", unknown_key),
    ("malformed-amount", malformed_amount),
];

struct Done {
    what: String,
    lines: Lines,
}

impl Done {
    fn copy(self, name: &'static str) -> TamperedCopy {
        TamperedCopy { name, what: self.what, text: self.lines.text() }
    }
}

/// The lines of an export: header, entries, documents, trailer.
#[derive(Clone)]
struct Lines {
    lines: Vec<String>,
    entries: usize,
}

impl Lines {
    fn of(text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let entries = lines.iter().filter(|line| line.starts_with("{\"seq\":")).count();
        Self { lines, entries }
    }

    fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line, "\n"]).collect()
    }

    /// The line of the first entry that will do, looked for from a place in tenths of the ledger on,
    /// never the last two: an act needs neighbours.
    fn find(&self, tenths: usize, will_do: impl Fn(&str) -> bool) -> Option<usize> {
        let last = self.entries.checked_sub(2)?;
        let start = (self.entries * tenths / 10).max(1);
        (start..=last).chain(1..start.min(last)).find(|&at| will_do(&self.lines[at]))
    }

    fn transfer(&self, tenths: usize) -> Option<usize> {
        self.find(tenths, |line| is(line, "type", "TRANSFER") && !line.contains("\"personal\":null"))
    }

    fn set(&mut self, at: usize, key: &str, value: &str) -> Option<String> {
        let old = value_of(&self.lines[at], key)?.to_owned();
        let (before, after) = (format!("\"{key}\":\"{old}\""), format!("\"{key}\":\"{value}\""));
        self.lines[at] = self.lines[at].replacen(&before, &after, 1);
        Some(old)
    }

    fn seq(&self, at: usize) -> &str {
        let rest = self.lines[at].strip_prefix("{\"seq\":").unwrap_or_default();
        rest.split(',').next().unwrap_or_default()
    }

    fn done(self, what: String) -> Option<Done> {
        Some(Done { what, lines: self })
    }
}

/// The text of a key. The export's writer puts no space in, and a quotation mark inside a text has a
/// backslash before it, so this cannot be found elsewhere.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let mark = format!("\"{key}\":\"");
    let start = line.find(&mark)? + mark.len();
    line[start..].split('"').next()
}

fn is(line: &str, key: &str, value: &str) -> bool {
    value_of(line, key) == Some(value)
}

/// The line with its `current_hash` made to fit its content.
fn rehashed(line: &str) -> Option<String> {
    let read = Line::read(line.as_bytes());
    let entry = read.entry()?;
    let hash = entry.content_hash().to_string();
    serde_json::to_string(&Entry { current_hash: &hash, ..entry }).ok()
}

fn amount_edited(mut lines: Lines) -> Option<Done> {
    let at = lines.transfer(5)?;
    let more = format!("9{}", value_of(&lines.lines[at], "amount_gross")?);
    let old = lines.set(at, "amount_gross", &more)?;
    let what = format!("the gross amount of entry {} was edited from {old} to {more}", lines.seq(at));
    lines.done(what)
}

fn receiver_redirected(mut lines: Lines) -> Option<Done> {
    let at = lines.transfer(4)?;
    let (sender, receiver) = (value_of(&lines.lines[at], "sender_id")?, value_of(&lines.lines[at], "receiver_id")?);
    let other = ["u-1001", "u-1002", "u-1003"].into_iter().find(|id| *id != sender && *id != receiver)?;
    let old = lines.set(at, "receiver_id", other)?;
    let what = format!("entry {} was redirected from {old} to {other}", lines.seq(at));
    lines.done(what)
}

fn entry_deleted(mut lines: Lines) -> Option<Done> {
    let at = lines.transfer(6)?;
    let what = format!("entry {} was deleted", lines.seq(at));
    lines.lines.remove(at);
    lines.done(what)
}

fn entries_swapped(mut lines: Lines) -> Option<Done> {
    let at = lines.transfer(3)?;
    let what = format!("entries {} and {} changed places", lines.seq(at), lines.seq(at + 1));
    lines.lines.swap(at, at + 1);
    lines.done(what)
}

fn entry_duplicated(mut lines: Lines) -> Option<Done> {
    let at = lines.transfer(7)?;
    let what = format!("entry {} stands twice", lines.seq(at));
    lines.lines.insert(at + 1, lines.lines[at].clone());
    lines.done(what)
}

/// The forger knows the format: the new entry names the hash before it and its own is right.
fn entry_forged(mut lines: Lines) -> Option<Done> {
    let at = lines.transfer(8)?;
    let (seq, previous) = (lines.seq(at).parse::<u64>().ok()?, value_of(&lines.lines[at], "current_hash")?.to_owned());
    let what = format!("a forged entry was put in after entry {seq}");
    let forged = lines.lines[at].replacen(&format!("{{\"seq\":{seq},"), &format!("{{\"seq\":{},", seq + 1), 1);
    lines.lines.insert(at + 1, forged);
    let id = value_of(&lines.lines[at + 1], "transaction_id")?;
    let flipped: String = id.chars().rev().take(12).collect();
    let new_id = format!("{}{flipped}", &id[..id.len() - 12]);
    lines.set(at + 1, "transaction_id", &new_id)?;
    lines.set(at + 1, "previous_hash", &previous)?;
    lines.lines[at + 1] = rehashed(&lines.lines[at + 1])?;
    lines.done(what)
}

fn previous_hash_overwritten(mut lines: Lines) -> Option<Done> {
    let at = lines.find(2, |_| true)?;
    lines.set(at, "previous_hash", &Hash::of(b"overwritten").to_string())?;
    let what = format!("previous_hash of entry {} was overwritten", lines.seq(at));
    lines.done(what)
}

fn edited_and_rehashed(mut lines: Lines) -> Option<Done> {
    let at = lines.find(5, |line| is(line, "type", "REWARD"))?;
    let more = format!("1{}", value_of(&lines.lines[at], "amount_gross")?);
    lines.set(at, "amount_gross", &more)?;
    let old = lines.set(at, "amount_net", &more)?;
    lines.lines[at] = rehashed(&lines.lines[at])?;
    let what = format!("entry {} was edited from {old} to {more} and its own hash made to fit", lines.seq(at));
    lines.done(what)
}

fn ip_edited(mut lines: Lines) -> Option<Done> {
    let at = lines.transfer(9)?;
    let old = lines.set(at, "ip_address", "192.0.2.66")?;
    let what = format!("the IP address of entry {} was edited from {old} to 192.0.2.66", lines.seq(at));
    lines.done(what)
}

fn document_edited(mut lines: Lines) -> Option<Done> {
    let is_rich = |line: &String| line.starts_with("{\"state\":\"user\"") && line.contains("\"EURO\":");
    let at = lines.lines.iter().position(is_rich)?;
    let more = format!("7{}", value_of(&lines.lines[at], "EURO")?);
    let old = lines.set(at, "EURO", &more)?;
    let id = value_of(&lines.lines[at], "id")?;
    let what = format!("the document of {id} was edited from {old} to {more} EURO");
    lines.done(what)
}

fn tail_cut(mut lines: Lines) -> Option<Done> {
    let kept = lines.entries.checked_sub(3).filter(|&kept| kept > 0)?;
    lines.lines.truncate(1 + kept);
    lines.done(format!("all after entry {kept} was cut off"))
}

fn trailer_altered(mut lines: Lines) -> Option<Done> {
    let (at, entries) = (lines.lines.len().checked_sub(1)?, lines.entries);
    let old = format!("\"entries\":{entries},\"last_seq\":{entries},");
    let new = format!("\"entries\":{0},\"last_seq\":{0},", entries + 1);
    lines.lines[at] = lines.lines[at].replacen(&old, &new, 1);
    lines.done(format!("the trailer claims {} entries, and there are {entries}", entries + 1))
}

fn wrong_ledger_id(mut lines: Lines) -> Option<Done> {
    let other = &Hash::of(b"another ledger").to_string()[..32];
    lines.set(0, "ledger_id", other)?;
    lines.done("the header names another ledger_id".to_owned())
}

fn unknown_key(mut lines: Lines) -> Option<Done> {
    let at = lines.transfer(1)?;
    lines.lines[at].pop();
    lines.lines[at].push_str(",\"approved_by\":\"op-mira\"}");
    let what = format!("entry {} was given a key that no hash covers", lines.seq(at));
    lines.done(what)
}

fn malformed_amount(mut lines: Lines) -> Option<Done> {
    let at = lines.transfer(2)?;
    let old = lines.set(at, "amount_gross", "1e3")?;
    let what = format!("the gross amount of entry {} was edited from {old} to 1e3", lines.seq(at));
    lines.done(what)
}
