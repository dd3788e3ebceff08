//! The second reading: every line again, each in its role in the chain that was found.

use std::collections::{BTreeMap, BTreeSet};

use super::asides::Asides;
use super::besides::{add_block, changed_block};
use super::chain::{Chain, End, Joint};
use super::conclusion::FIRST_LINE;
use super::content::{Content, Genuine, changed_block_alone, judge_content, malformed_entry, tampered_and_malformed};
use super::coverage::{LATER_START, TOO_MANY};
use super::finding::{Place, Shown, chain_finding, file_finding};
use super::layout::boundary;
use super::recovery::Recovery;
use super::replay::Replay;
use super::roots::Roots;
use super::statement::Statements;
use crate::entry::{Entry, Values};
use crate::export::document::{Document, Trailer, is_trailer};
use crate::export::header::{Header, PersonalData};
use crate::export::line::Line;
use crate::export::strict::{Fault, OwnedEntry};
use crate::grammar::holds_hash;
use crate::hash::Hash;
use crate::index::{Found, Index};
use crate::limits::{MAX_FINDINGS, MAX_LINE};
use crate::recovery::Lexicon;
use crate::report::{Cause, ErrorType, Finding, MissingRange, PreviousTransaction};
use crate::segment::{Documents, EndEntry, Run, Segment, lines_of};

/// What an entry is in the chain that was found.
#[derive(Clone, Copy, Debug)]
enum Role {
    /// Of the genuine ledger.
    Genuine { seq: u64, joint: Option<Joint>, named: Named },
    /// Set aside; the line of the first that was with it.
    Aside(u64),
    /// In no run: it names no hashes, or the chain was not followed so far.
    Outside,
}

/// Who names the genuine hash of an entry.
#[derive(Clone, Copy, Debug)]
enum Named {
    /// Its successor names the one that it has.
    Own,
    /// Its successor names this one.
    Other(Hash),
    /// What followed it is gone.
    Nobody,
    /// It is the last, which only the trailer and the checkpoints speak of.
    End,
}

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
    pub(super) asides: Asides,
    pub(super) permuted: Vec<Option<(Place, Shown)>>,
    pub(super) findings: Vec<Finding>,
    pub(super) unlisted: u64,
    pub(super) line: u64,
    pub(super) index: u64,
    pub(super) run: usize,
    pub(super) previous: Option<PreviousTransaction>,
    pub(super) order: Order,
    /// Where the ledger ends by its trailer, where no checkpoint goes beyond.
    end: Option<End>,
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
    /// How far the entry before calls itself past its place, wrapping; 0 where it is right.
    misnumbered_by: u64,
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
    /// Line of the first that is wrong by itself.
    pub(super) first_fault: Option<u64>,
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
        let runs = segment.runs.first;
        let trailer = segment.documents.trailer.as_ref();
        let end = trailer.map(|trailer| End { seq: trailer.last_seq, hash: trailer.head });
        let end = end.filter(|end| !statements.go_beyond(end.seq));
        let chain = Chain::of(&runs, &header, end);
        let mut pieces = vec![None; runs.len()];
        chain.pieces.iter().enumerate().for_each(|(i, piece)| pieces[piece.run] = Some(i));
        let gaps = chain.pieces.iter().filter_map(|piece| match piece.joint {
            Joint::Missing { first, last, .. } => Some((first, last)),
            _ => None,
        });
        let stopped =
            (!header.is_from_start()).then_some(LATER_START).or(segment.documents.overflown.then_some(TOO_MANY));
        let replay = Replay::new(header.first_seq, gaps.collect(), stopped, FIRST_LINE);
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
            first_fault: segment.faults.first.first().copied(),
        };
        let wanted = found.into_iter().take(MAX_FINDINGS).chain(foreseen(&mut index, &chain, &runs, &header));
        let wanted = wanted.map(|found| (found.line, None)).collect();
        drop(index);
        // A trailer that says less than there is, is a finding of its own.
        let last = chain.end().unwrap_or(header.first_seq) - 1;
        let stated = trailer.map_or(0, |trailer| trailer.last_seq);
        let statements = statements.within(&header, stated.max(last));
        Self {
            boundary: boundary(&runs, &segment.documents),
            recovery: Recovery::new(Lexicon::of(&segment.balances)),
            pieces,
            overview,
            documents: segment.documents,
            replay,
            wanted,
            asides: Asides::of(&chain.asides),
            permuted: vec![None; chain.permuted.len()],
            findings: Vec::new(),
            unlisted: 0,
            line: 0,
            index: 0,
            run: 0,
            previous: None,
            order: Order::default(),
            misnumbered_by: 0,
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
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.unlisted += 1;
        }
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

    /// The role of the entry at this line.
    fn role(&mut self) -> Role {
        while self.runs.get(self.run).is_some_and(|run| self.line >= run.line + run.count) {
            self.run += 1;
        }
        let Some(run) = self.runs.get(self.run).filter(|run| self.line >= run.line) else { return Role::Outside };
        let piece = self.pieces[self.run].map(|p| (p, &self.chain.pieces[p]));
        let at = piece.and_then(|(_, piece)| (self.line - run.line).checked_sub(piece.skip));
        let Some(((p, piece), at)) = piece.zip(at).filter(|((_, piece), at)| *at < piece.take) else {
            return self.aside_role();
        };
        let follower = self.chain.pieces.get(p + 1);
        let named = match (at + 1 == piece.take, piece.last, follower.map(|f| f.joint)) {
            (false, ..) | (_, None, Some(Joint::Linked | Joint::Disagrees(_))) => Named::Own,
            (true, Some(hash), _) => Named::Other(hash),
            (.., None) => Named::End,
            _ => Named::Nobody,
        };
        Role::Genuine { seq: piece.base + at, joint: (at == 0).then_some(piece.joint), named }
    }

    /// The same, where the ledger may be found to end with this entry though others follow in its run.
    fn role_of(&mut self, entry: &Entry<'_>) -> Role {
        let role = self.role();
        let (Role::Genuine { seq, .. }, Some(end)) = (role, self.end) else { return role };
        let is_end = |stated: Hash| stated == end.hash || entry.content_hash() == end.hash;
        if seq != end.seq || !Hash::parse(entry.current_hash).is_some_and(is_end) {
            return role;
        }
        let is_last = self.pieces[self.run].is_some_and(|piece| piece + 1 == self.chain.pieces.len());
        if is_last {
            self.chain.end_at(&self.runs, seq);
        }
        self.role()
    }

    fn aside_role(&self) -> Role {
        let at = self.chain.asides.partition_point(|aside| aside.line <= self.line).checked_sub(1);
        at.map_or(Role::Outside, |at| Role::Aside(self.chain.asides[at].line))
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
                transaction_id: Some(entry.transaction_id.to_owned()),
                current_hash: Some(entry.current_hash.to_owned()),
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
        self.judge_changed(Some((seq, entry)));
        let hash = self.genuine_hash(entry, seq, named);
        if matches!(named, Named::End) {
            self.last = Some(End { seq: entry.seq, hash });
        }
        let known = !matches!(named, Named::Nobody) || entry.content_hash() == hash;
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

    fn remember(&mut self, entry: &Entry<'_>, place: &Place) {
        let show = || Some((place.clone(), Shown::from(entry)));
        if let Some(wanted) = self.wanted.get_mut(&self.line) {
            *wanted = show();
        }
        let permuted = self.chain.permuted.iter().position(|p| p.line == self.line);
        if let Some(i) = permuted {
            self.permuted[i] = show();
        }
    }

    /// The hash that the ledger had for an entry.
    fn genuine_hash(&self, entry: &Entry<'_>, seq: u64, named: Named) -> Hash {
        let stated = Hash::parse(entry.current_hash).unwrap_or_default();
        match named {
            Named::Own | Named::Nobody => stated,
            Named::Other(hash) => hash,
            Named::End => self.end_hash(seq, stated, entry.content_hash()),
        }
    }

    /// The hash of the last entry: that which a checkpoint confirms, else its own where the content
    /// gives it, else the trailer's head.
    fn end_hash(&self, seq: u64, stated: Hash, content: Hash) -> Hash {
        let head = self.trailer().filter(|trailer| trailer.last_seq == seq).map_or(stated, |trailer| trailer.head);
        let confirmed =
            |hash: &Hash| self.leaves.root_with(seq, *hash).is_some_and(|root| self.statements.say(seq, root));
        let own = if content == stated { stated } else { head };
        [stated, head, content].into_iter().find(confirmed).unwrap_or(own)
    }

    fn trailer(&self) -> Option<&Trailer> {
        self.documents.trailer.as_ref()
    }

    fn genuine(&mut self, entry: &Entry<'_>, fault: Option<&Fault>, place: &Place, genuine: Genuine) {
        let Genuine { seq, joint, hash, .. } = genuine;
        self.asides.know(seq, hash);
        let stand_ins = std::mem::take(&mut self.order.unreadable);
        if let Some(Joint::Missing { first, last, unreadable }) = joint
            && !(unreadable && stand_ins > last - first)
        {
            self.find_missing(entry, place, first, last);
        }
        self.judge_or_hold(entry, fault, place, genuine);
    }

    pub(super) fn judge(
        &mut self,
        entry: &Entry<'_>,
        fault: Option<&Fault>,
        place: &Place,
        genuine: &Genuine,
        content: &Content,
    ) {
        let (seq, vouched) = (genuine.seq, content.vouched());
        self.remember_leaves(entry, genuine, vouched);
        if let (Content::Agrees, 1, Some(Joint::Disagrees(expected))) = (content, seq, genuine.joint) {
            self.find_other_ledger(entry, expected);
        }
        let written = content.written(entry);
        let block = changed_block(&written).filter(|_| vouched);
        let found = match fault {
            Some(fault) => Some(tampered_and_malformed(entry, fault, place, content, genuine)),
            None => judge_content(entry, place, content, genuine, block.is_none()),
        };
        self.find_content(entry, found, block, &written, place);
        if matches!(content, Content::Agrees | Content::Restated) {
            self.judge_number(entry, place, seq);
        }
        // The hash vouches for all but the block; and for the number that belongs to the entry's place.
        let written = Entry { seq, ..written };
        match (Entry { personal: None, ..written.clone() }).check() {
            Ok(values) if vouched => {
                self.recovery.pass(seq, values.time);
                self.replay.entry(seq, &written, &values, place);
            }
            _ => {
                self.order.unjudged = true;
                self.replay.unknown(seq);
            }
        }
    }

    /// What was found of an entry's content and of its block is one finding.
    fn find_content(
        &mut self,
        entry: &Entry<'_>,
        found: Option<Finding>,
        block: Option<Hash>,
        written: &Entry<'_>,
        place: &Place,
    ) {
        let Some(computed) = block else { return found.into_iter().for_each(|finding| self.find(finding)) };
        let finding = match found {
            Some(mut finding) => {
                add_block(&mut finding, written, computed);
                finding
            }
            None => changed_block_alone(entry, place, computed),
        };
        let at = self.findings.len();
        self.find(finding);
        if at < self.findings.len() {
            self.recovery.seek_block(written, at);
        }
    }

    /// The entry's leaf, and that of the one before it, where it is gone and this one names its hash.
    fn remember_leaves(&mut self, entry: &Entry<'_>, genuine: &Genuine, vouched: bool) {
        if let Some(Joint::Missing { last, .. }) = genuine.joint
            && let Some(hash) = Hash::parse(entry.previous_hash).filter(|_| vouched && last > 0)
        {
            self.leaves.push(last, hash);
        }
        if genuine.known {
            self.leaves.push(genuine.seq, genuine.hash);
        }
    }

    fn find_missing(&mut self, entry: &Entry<'_>, place: &Place, first: u64, last: u64) {
        let gone =
            if first == last { format!("entry {first} is") } else { format!("the entries {first} to {last} are") };
        let message = format!("The chain breaks before entry {}: {gone} gone.", last + 1);
        let before = place.previous.as_ref().and_then(|p| p.current_hash.as_deref()).and_then(Hash::parse);
        let mut finding = chain_finding(Cause::Missing, message, place, &Shown::from(entry), before);
        finding.missing = Some(MissingRange { first_seq: first, last_seq: last });
        self.find(finding);
    }

    /// An entry whose hash, which covers its number, the chain confirms. Where later ones are off by as much
    /// they follow from the first: an entry was taken out before it, say, and every later hash made anew.
    fn judge_number(&mut self, entry: &Entry<'_>, place: &Place, seq: u64) {
        let by = entry.seq.wrapping_sub(seq);
        if by == std::mem::replace(&mut self.misnumbered_by, by) || by == 0 {
            return;
        }
        let message = format!(
            "Entry {seq} by its place calls itself {}, and the hashes confirm that: the chain was made anew, by its writer or past it, and entries may have been taken out or put in.",
            entry.seq
        );
        let mut finding = chain_finding(Cause::Unknown, message, place, &Shown::from(entry), None);
        (finding.expected, finding.found) = (Some(seq.into()), Some(entry.seq.into()));
        finding.hash_mismatch_details = None;
        self.find(finding);
    }

    fn find_other_ledger(&mut self, entry: &Entry<'_>, expected: Hash) {
        let message = "The header names another ledger than the one that entry 1 was written for, and entry 1's own hash confirms it.".to_owned();
        let finding = Finding {
            line: Some(1),
            expected: Some(expected.to_string().into()),
            found: Some(entry.previous_hash.into()),
            ..file_finding(ErrorType::GenesisMismatch, message)
        };
        self.find(finding);
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
