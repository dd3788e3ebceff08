//! The second reading: every line again, each in its role in the chain that was found.

use std::collections::{BTreeMap, BTreeSet};

use super::asides::Asides;
use super::chain::{Chain, End, Joint};
use super::content::{Genuine, malformed_entry};
use super::finder::find_chain;
use super::finding::{FIRST_LINE, Place, Shown, file_finding, shown};
use super::gaps::TOO_MANY;
use super::layout::boundary;
use super::listing::Listing;
use super::recovery::Recovery;
use super::renumbering::{Ends, Renumbered, restore_numbers};
use super::replay::Replay;
use super::role::{NOT_KNOWN, Named, Role};
use super::roots::Roots;
use super::statement::Statements;
use crate::entry::{Entry, Values};
use crate::export::document::{Document, Trailer, is_trailer};
use crate::export::header::{Header, PersonalData};
use crate::export::line::Line;
use crate::export::strict::{Fault, OwnedEntry};
use crate::grammar::{holds_hash, uuid};
use crate::hash::Hash;
use crate::index::{Found, Index};
use crate::limits::{MAX_COMPARED, MAX_FINDINGS, MAX_LINE};
use crate::recovery::Lexicon;
use crate::report::{ErrorType, Finding, LATER_START, PreviousTransaction};
use crate::segment::{Documents, EndEntry, FirstFew, Run, Segment, lines_of};

/// The second reading of a file in which something is wrong.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(super) header: Header,
    pub(super) runs: Vec<Run>,
    pub(super) chain: Chain,
    /// By run: its piece of the chain.
    pub(super) pieces: Vec<Option<usize>>,
    pub(super) overview: Overview,
    pub(super) documents: Documents,
    pub(super) replay: Replay,
    /// Lines whose entries a finding may show once everything is read.
    pub(super) wanted: BTreeMap<u64, Option<(Place, Shown)>>,
    /// Ids of entries that are wrong by themselves.
    unsound: BTreeSet<u128>,
    /// Lines whose entries do not stand in their order.
    pub(super) permuted: BTreeMap<u64, Option<(Place, Shown)>>,
    pub(super) asides: Asides,
    pub(super) findings: Listing<Finding>,
    pub(super) line: u64,
    pub(super) index: u64,
    pub(super) run: usize,
    pub(super) previous: Option<PreviousTransaction>,
    pub(super) order: Order,
    /// Where the ledger ends by its trailer, where no checkpoint goes beyond.
    pub(super) end: Option<End>,
    /// The chain's last entry: its genuine hash, and what it calls itself.
    pub(super) last: Option<End>,
    /// That entry, where others of the chain stand after it.
    held: Option<Held>,
    /// Line before which entries stand, and after which documents do.
    pub(super) boundary: u64,
    pub(super) recovery: Recovery,
    pub(super) statements: Statements,
    /// The genuine hashes, for the roots.
    pub(super) leaves: Roots,
    /// `seq` of the last entry that does not vouch for the one before it; 0 where each does.
    pub(super) broken_before: u64,
    /// How far the entry before calls itself past its place, wrapping; 0 where it is right.
    pub(super) misnumbered_by: u64,
    /// Number and hash of the genuine entry before.
    before: Option<(u64, Hash)>,
    /// Those before it whose numbers were changed alike.
    pub(super) renumbered: Option<Renumbered>,
}

/// What the first reading knows of the file as a whole.
#[derive(Debug)]
pub(super) struct Overview {
    pub(super) lines: u64,
    pub(super) entries: u64,
    pub(super) withheld: u64,
    pub(super) first: Option<EndEntry>,
    pub(super) last: Option<EndEntry>,
    /// The file's end is missing.
    pub(super) cut: bool,
    /// The compressed stream ended early.
    pub(super) cut_short: bool,
    /// The last line has no line feed, or the compressed stream ended early.
    pub(super) unfinished: bool,
    /// There are more runs than are followed.
    pub(super) too_broken: bool,
    /// Lines that are wrong by themselves, ascending.
    pub(super) faults: FirstFew<u64>,
}

impl Overview {
    /// Whether an entry is known to be right by itself: its content and its block give the hashes that it states.
    pub(super) fn is_sound(&self, place: &Place) -> bool {
        let line = place.line - FIRST_LINE;
        let FirstFew { first, count } = &self.faults;
        let listed = first.len() as u64 == *count || first.last().is_some_and(|last| line <= *last);
        listed && first.binary_search(&line).is_err()
    }
}

/// An entry of the chain that is judged when all is read.
#[derive(Debug)]
struct Held {
    entry: OwnedEntry,
    fault: Option<Fault>,
    place: Place,
    seq: u64,
    joint: Option<Joint>,
}

#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) treasury: bool,
    pub(super) trailer: bool,
    /// A line is meant as the trailer, and is none.
    pub(super) bad_trailer: bool,
    /// An entry was set aside, or its content stays unknown.
    pub(super) unjudged: bool,
    pub(super) accounts: BTreeSet<String>,
    /// Lines since the last genuine entry that can each stand for one that is gone: they hold a hash, as
    /// every entry does, and nothing else can be read of them.
    pub(super) unreadable: u64,
}

impl Examination {
    pub(crate) fn new(
        header: Header,
        segment: Segment,
        (mut index, found): (Index, Vec<Found>),
        cut_short: bool,
        unfinished: bool,
        statements: Statements,
    ) -> Self {
        let too_broken = segment.runs.count > segment.runs.first.len() as u64;
        let mut runs = segment.runs.first;
        let trailer = segment.documents.trailer.as_ref();
        let end = trailer.map(|trailer| End { seq: trailer.last_seq, hash: trailer.head });
        let end = end.filter(|end| !statements.go_beyond(end.seq));
        let ends = Ends { first: header.first_seq, head: end.map(|end| (end.hash, end.seq + 1)) };
        restore_numbers(&mut runs, &ends);
        let chain = find_chain(&runs, &header, end);
        let mut pieces = vec![None; runs.len()];
        chain.pieces.iter().enumerate().for_each(|(i, piece)| pieces[piece.run] = Some(i));
        let gaps = chain.pieces.iter().filter_map(|piece| match piece.joint {
            Joint::Missing { first, last, .. } => Some((first, last)),
            _ => None,
        });
        let stopped =
            (!header.is_from_start()).then_some(LATER_START).or(segment.documents.overflown.then_some(TOO_MANY));
        let replay =
            Replay::new(header.first_seq, gaps.collect(), stopped, FIRST_LINE, statements.holdings.taxes.clone());
        let overview = Overview {
            lines: segment.lines,
            entries: segment.entries,
            withheld: segment.withheld,
            first: segment.first,
            last: segment.last,
            cut: cut_short || segment.documents.trailer.is_none(),
            cut_short,
            unfinished: unfinished || cut_short,
            too_broken,
            faults: segment.faults,
        };
        let wanted = found.into_iter().take(MAX_FINDINGS).chain(foreseen(&mut index, &chain, &runs, &header));
        // What is wrong by itself was not looked back at.
        let wanted = wanted.map(|found| found.line).chain(overview.faults.first.iter().copied());
        let wanted = wanted.map(|line| (line, None)).collect();
        drop(index);
        // A trailer that says less than there is, is a finding of its own.
        let last = chain.end().unwrap_or(header.first_seq) - 1;
        let stated = trailer.map_or(0, |trailer| trailer.last_seq);
        let statements = statements.within(&header, stated.max(last));
        Self {
            boundary: boundary(&runs, &segment.documents),
            recovery: Recovery::new(Lexicon::of(&segment.balances, statements.holdings.taxes.as_ref())),
            pieces,
            overview,
            documents: segment.documents,
            replay,
            wanted,
            asides: Asides::of(&chain.asides),
            unsound: BTreeSet::new(),
            permuted: chain.permuted.iter().map(|permuted| (permuted.line, None)).collect(),
            findings: Listing::default(),
            line: 0,
            index: 0,
            run: 0,
            previous: None,
            order: Order::default(),
            broken_before: 0,
            misnumbered_by: 0,
            before: None,
            renumbered: None,
            end,
            last: None,
            held: None,
            leaves: Roots::new(&header, statements.wanted()),
            statements,
            header,
            runs,
            chain,
        }
    }

    pub(crate) const fn entries(&self) -> u64 {
        self.index
    }

    /// Reads whole lines.
    pub(crate) fn block(&mut self, block: &[u8]) {
        lines_of(block, |line, _| self.line(line));
    }

    fn line(&mut self, line: &[u8]) {
        let read = if line.len() > MAX_LINE {
            Line::Unreadable(Fault::of_line("longer than 1 MiB"))
        } else {
            Line::read(line)
        };
        match &read {
            Line::Plain(entry, values) => self.entry(line, entry, Ok(values)),
            Line::Other(entry, values) => self.entry(line, &entry.entry(), Ok(values)),
            Line::Faulty(entry, fault) => self.entry(line, &entry.entry(), Err(fault)),
            Line::Document(document) => self.document(document),
            Line::Unreadable(fault) => self.unreadable(line, fault),
        }
        self.line += 1;
    }

    pub(super) fn find(&mut self, finding: Finding) {
        self.findings.add(finding.error_type, || finding);
    }

    fn malformed(&mut self, fault: &Fault) {
        let line = FIRST_LINE + self.line;
        let at = fault.field.as_ref().map_or(String::new(), |field| format!("{field}: "));
        let message = format!("Line {line} is no line of an export: {at}{}.", fault.reason);
        let finding = Finding {
            line: Some(line),
            index: Some(self.index),
            field: fault.field.clone(),
            reason: Some(fault.reason.clone()),
            ..file_finding(ErrorType::MalformedLine, message)
        };
        self.find(finding);
    }

    /// A line of which no more is known than that it may have been an entry.
    fn stand_in(&mut self, line: &[u8]) {
        self.order.unreadable += u64::from(!self.order.trailer && holds_hash(line));
    }

    fn unreadable(&mut self, line: &[u8], fault: &Fault) {
        let last = self.line + 1 == self.overview.lines;
        // What is a whole object has its last byte.
        if last && self.overview.cut && self.overview.unfinished && fault.field.is_none() {
            // The file ends in the middle of this line, which is the one finding.
            return;
        }
        self.stand_in(line);
        self.order.bad_trailer |= is_trailer(line);
        let fault = if self.order.trailer { &Fault::of_line("it stands after the trailer") } else { fault };
        self.malformed(fault);
    }

    fn document(&mut self, document: &Document) {
        let late = self.order.trailer;
        let misplaced = match document {
            Document::Trailer(_) => std::mem::replace(&mut self.order.trailer, true).then_some("a second trailer"),
            _ if self.line < self.boundary && !late => Some("a document before the last entry"),
            _ if !self.header.is_from_start() => Some("a document, in an export that starts later than the ledger"),
            Document::Treasury(_) => {
                std::mem::replace(&mut self.order.treasury, true).then_some("a second document of the Treasury")
            }
            Document::User(user) => {
                (!self.order.accounts.insert(user.id.clone())).then_some("a second document of this account")
            }
        };
        let misplaced = if late { Some("it stands after the trailer") } else { misplaced };
        if let Some(reason) = misplaced {
            self.malformed(&Fault::of_line(reason));
        }
    }

    fn entry(&mut self, line: &[u8], entry: &Entry<'_>, values: Result<&Values, &Fault>) {
        let role = self.role_of(entry);
        let seq = match role {
            Role::Genuine { seq, .. } => Some(seq),
            _ => Some(entry.seq).filter(|seq| *seq > 0),
        };
        let place = Place { line: FIRST_LINE + self.line, index: self.index, seq, previous: self.previous.take() };
        let own = self.own_fault(entry);
        let fault = values.err().or(own.as_ref());
        self.recovery.see(entry);
        match role {
            // What its hash is, the checkpoints say once every other is known.
            Role::Genuine { seq, joint, named: Named::End } if !self.ends_in_place() => {
                let (entry, fault) = (OwnedEntry::from(entry), fault.cloned());
                self.held = Some(Held { entry, fault, place: place.clone(), seq, joint });
            }
            Role::Genuine { seq, joint, named } => self.in_chain(entry, fault, &place, seq, joint, named),
            Role::Aside(first) => {
                self.order.unjudged = true;
                self.asides.see(first, entry, fault.is_none(), &place);
            }
            Role::Outside => {
                self.order.unjudged = true;
                self.stand_in(line);
                if let Some(fault) = fault {
                    self.find(malformed_entry(entry, fault, &place));
                }
            }
        }
        self.remember(entry, &place);
        self.previous = Some(
            Shown {
                transaction_id: Some(shown(entry.transaction_id)),
                current_hash: Some(shown(entry.current_hash)),
                ..Shown::default()
            }
            .as_previous(),
        );
        self.index += 1;
    }

    /// Whether no other entry of the chain stands in the file after its last.
    fn ends_in_place(&self) -> bool {
        self.chain.pieces.iter().all(|piece| piece.run <= self.run)
    }

    pub(super) fn judge_held(&mut self) {
        if let Some(Held { entry, fault, place, seq, joint }) = self.held.take() {
            self.in_chain(&entry.entry(), fault.as_ref(), &place, seq, joint, Named::End);
        }
    }

    fn in_chain(
        &mut self,
        entry: &Entry<'_>,
        fault: Option<&Fault>,
        place: &Place,
        seq: u64,
        joint: Option<Joint>,
        named: Named,
    ) {
        let genuine = self.genuine_hash(entry, seq, named);
        let hash = genuine.unwrap_or(NOT_KNOWN);
        if matches!(named, Named::End) {
            self.last = Some(End { seq: entry.seq, hash });
        }
        let known = genuine.is_some() && (!matches!(named, Named::Nobody) || entry.content_hash() == hash);
        let joint = joint.map(|joint| match (joint, self.before) {
            (Joint::Diverted, Some((before, hash))) if before + 1 == seq => Joint::Disagrees(hash),
            (joint, _) => joint,
        });
        self.before = genuine.map(|hash| (seq, hash));
        self.genuine(entry, fault, place, Genuine { seq, joint, hash, known });
    }

    /// What is wrong with an entry's place, or with a block that should not be there.
    fn own_fault(&self, entry: &Entry<'_>) -> Option<Fault> {
        if self.order.trailer {
            return Some(Fault::of_line("it stands after the trailer"));
        }
        if self.line > self.boundary {
            return Some(Fault::of_line("an entry after the documents"));
        }
        let withheld = self.header.personal == PersonalData::Withheld && entry.personal.is_some();
        withheld
            .then(|| Fault::of_field("personal", "the header says that personal blocks are withheld, and one stands"))
    }

    /// What is found once the entries are put right is found of the entry as it was.
    pub(super) fn show_as_it_was(&mut self, written: &Entry<'_>, place: &Place) {
        let line = place.line - FIRST_LINE;
        if self.wanted.len() < 2 * MAX_FINDINGS || self.wanted.contains_key(&line) {
            self.wanted.insert(line, Some((place.clone(), Shown::from(written))));
        }
    }

    fn remember(&mut self, entry: &Entry<'_>, place: &Place) {
        if !self.overview.is_sound(place) {
            let room = self.unsound.len() < MAX_COMPARED;
            self.unsound.extend(uuid(entry.transaction_id).filter(|_| room));
        } else if self.meets_unsound(entry) {
            self.show_as_it_was(entry, place);
        }
        let wanted = [&mut self.wanted, &mut self.permuted].into_iter().filter_map(|lines| lines.get_mut(&self.line));
        wanted.for_each(|wanted| *wanted = Some((place.clone(), Shown::from(entry))));
    }

    /// Whether it has the id of an entry that the first reading did not look back at, or refers to one.
    fn meets_unsound(&self, entry: &Entry<'_>) -> bool {
        let ids = [Some(entry.transaction_id), entry.reference_id].into_iter().flatten();
        !self.unsound.is_empty() && ids.filter_map(uuid).any(|id| self.unsound.contains(&id))
    }

    pub(super) fn trailer(&self) -> Option<&Trailer> {
        self.documents.trailer.as_ref()
    }
}

/// What looking back may find once the entries are in order and what is forged is set aside, by its lines.
fn foreseen(index: &mut Index, chain: &Chain, runs: &[Run], header: &Header) -> Vec<Found> {
    let places = chain.places(runs);
    index.move_lines(|line| places.order(line));
    let found = index.look_back(header.is_from_start(), header.personal == PersonalData::Full);
    let at = |found: Found| Some(Found { line: places.line(found.line)?, ..found });
    found.into_iter().take(MAX_FINDINGS).filter_map(at).collect()
}
