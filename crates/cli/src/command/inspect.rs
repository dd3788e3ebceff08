//! `countersign inspect`: one entry, its preimages, and the command that checks each.

use std::io;
use std::path::PathBuf;

use clap::Args;
use countersign_core::entry::Entry;
use countersign_core::export::line::Line;
use countersign_core::export::strict::Members;
use countersign_core::grammar;
use countersign_core::limits::MAX_LINE;

use super::input::Input;
use super::lines::Lines;
use super::screen::{self, Paint, plain};
use super::sheet::Sheet;
use super::{Failure, Outcome};

/// Most other places of the same entry that are named.
const MAX_ELSEWHERE: usize = 10;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The export, plain or gzip; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    sought: SoughtArguments,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct SoughtArguments {
    /// The entry's number in the ledger
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=grammar::MAX_SEQ))]
    seq: Option<u64>,
    /// The entry's transaction_id
    #[arg(long, value_name = "UUID")]
    id: Option<String>,
}

impl SoughtArguments {
    fn is(&self, seq: u64, id: &str) -> bool {
        self.seq == Some(seq) || self.id.as_ref().is_some_and(|sought| sought.eq_ignore_ascii_case(id))
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let path = arguments.file.display();
    let input = Input::open(&arguments.file).map_err(|e| Failure::new(&path, e))?;
    let name = plain(&input.name);
    let found = search(input, &arguments.sought).map_err(|e| Failure::new(&path, e))?;
    let Some(line) = &found.line else {
        return Err(Failure::new(path, found.why_not(&arguments.sought)));
    };
    let mut sheet = Sheet::new(Paint::for_stdout());
    sheet.place(found.number, &name, &found.elsewhere);
    let agrees = if found.is_legacy { sheet.legacy(line) } else { sheet.entry(line) };
    screen::print(&sheet.into_text())?;
    Ok(if agrees { Outcome::Good } else { Outcome::Findings })
}

/// What a search through an export came to.
#[derive(Default)]
struct Found {
    is_legacy: bool,
    line: Option<Vec<u8>>,
    number: u64,
    /// Further lines with the same number or id: a doubled or forged entry.
    elsewhere: Vec<u64>,
    entries: u64,
    seqs: Option<(u64, u64)>,
    unread: u64,
    is_cut: bool,
}

fn search(input: Input, sought: &SoughtArguments) -> io::Result<Found> {
    let (mut found, mut lines) = (Found::default(), Lines::of(input.file)?);
    while let Some((number, line)) = lines.next()? {
        if number == 1 {
            match form(line) {
                Some(Form::Header) => continue,
                Some(Form::Legacy) => found.is_legacy = true,
                None => return Err(io::Error::new(io::ErrorKind::InvalidData, NO_EXPORT)),
            }
        }
        match found.is_legacy {
            true => found.take_legacy(number, line, sought),
            false => found.take(number, line, sought),
        }
    }
    found.is_cut = lines.is_cut();
    Ok(found)
}

const NO_EXPORT: &str = "it does not start as an export in lines does: with the header of format 2, or an entry of \
                         format 1 as JSON Lines";

enum Form {
    Header,
    Legacy,
}

fn form(line: &[u8]) -> Option<Form> {
    let members = Members::read(std::str::from_utf8(line).ok()?)?;
    let has = |key| members.value(key).is_some();
    if has("format") {
        return Some(Form::Header);
    }
    (has("transaction_id") && has("createdAt")).then_some(Form::Legacy)
}

impl Found {
    fn take(&mut self, number: u64, line: &[u8], sought: &SoughtArguments) {
        if line.len() > MAX_LINE {
            self.unread += 1;
            return;
        }
        match &Line::read(line) {
            Line::Document(_) => {}
            Line::Unreadable(_) => self.unread += 1,
            read => {
                if let Some(Entry { seq, transaction_id, .. }) = read.entry() {
                    self.note(seq);
                    self.keep_if(sought.is(seq, transaction_id), number, line);
                }
            }
        }
    }

    fn take_legacy(&mut self, number: u64, line: &[u8], sought: &SoughtArguments) {
        let text = std::str::from_utf8(line).ok().filter(|text| text.len() <= MAX_LINE);
        let Some(members) = text.and_then(Members::read) else {
            self.unread += 1;
            return;
        };
        self.entries += 1;
        let id = members.value("transaction_id").and_then(|json| serde_json::from_str::<String>(json).ok());
        self.keep_if(id.is_some_and(|id| sought.is(0, &id)), number, line);
    }

    fn note(&mut self, seq: u64) {
        self.entries += 1;
        // 0 stands for a number that cannot be read.
        if seq > 0 {
            let (first, last) = self.seqs.unwrap_or((seq, seq));
            self.seqs = Some((first.min(seq), last.max(seq)));
        }
    }

    fn keep_if(&mut self, sought: bool, number: u64, line: &[u8]) {
        if !sought {
            return;
        }
        if self.line.is_none() {
            (self.line, self.number) = (Some(line.to_vec()), number);
        } else if self.elsewhere.len() < MAX_ELSEWHERE {
            self.elsewhere.push(number);
        }
    }

    fn why_not(&self, sought: &SoughtArguments) -> String {
        let what = match sought {
            SoughtArguments { seq: Some(seq), .. } => format!("no entry {seq}"),
            SoughtArguments { id, .. } => format!("no entry with the id {}", plain(id.as_deref().unwrap_or_default())),
        };
        let holds = match self.seqs {
            Some((first, last)) => format!("the file holds {} entries, {first} to {last}", self.entries),
            None if self.is_legacy => format!("the file holds {} entries of format 1, sought by --id", self.entries),
            None => "the file holds none".to_owned(),
        };
        let unread = if self.unread > 0 { format!("; {} lines could not be read", self.unread) } else { String::new() };
        let cut = if self.is_cut { "; the compressed stream ends before its end" } else { "" };
        format!("{what}: {holds}{unread}{cut}")
    }
}
