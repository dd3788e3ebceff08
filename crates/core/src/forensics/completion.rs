//! The end of the second reading: what only shows once every line is read.

use super::assembly::{Assembly, place};
use super::assurance::{Besides, judge};
use super::chain::Permuted;
use super::coverage::{CONSERVATION, coverage};
use super::examination::Examination;
use super::finding::{FIRST_LINE, Place, Shown, chain_finding, content_finding, file_finding};
use super::gaps::{CUT, DROPPED, Gaps, NO_TRAILER, TOO_BROKEN, TOO_MANY, UNJUDGED, UNKNOWN};
use super::{documents, warning};
use crate::export::header::PersonalData;
use crate::hash::Hash;
use crate::index::{Found, Retrospect};
use crate::report::{Cause, Coverage, ErrorType, Finding, NotChecked, Report, Warning};
use crate::segment::id_text;

impl Examination {
    pub(crate) fn finish(mut self) -> Report {
        self.judge_held();
        // Of the last entry's hash the trailer and the checkpoints speak.
        self.judge_changed(self.last.map(|last| last.hash), None);
        self.tell_renumbered();
        self.recover_blocks();
        self.replay.finish();
        // What they cover, now that the last entry is known.
        let last = self.stated_last().max(self.last_seq());
        self.statements = self.statements.within(&self.header, last);
        let asides = std::mem::take(&mut self.asides);
        asides.findings().into_iter().for_each(|finding| self.find(finding));
        self.find_permuted();
        self.judge_end();
        let gaps = self.gaps();
        let mut warnings: Vec<_> =
            self.replay.notes.listed().into_iter().map(|at| warning::of_note(at, FIRST_LINE)).collect();
        if gaps.looking_back.is_none() {
            self.look_back(&gaps, &mut warnings);
        }
        let mut missing_unlisted = 0;
        if gaps.balances.or(gaps.documents).is_none() {
            let (findings, missing) = documents::compare(&self.documents, &self.replay.balances, FIRST_LINE);
            self.findings.pass_over(ErrorType::DocumentMismatch, findings.count - findings.first.len() as u64);
            findings.first.into_iter().for_each(|finding| self.find(finding));
            if !self.overview.cut {
                missing_unlisted = missing.count - missing.first.len() as u64;
                warnings.extend(missing.first);
            }
        }
        warnings.extend(warning::of_file(&self.header, self.overview.entries, self.overview.withheld));
        let leaves = std::mem::take(&mut self.leaves).finish();
        let besides = Besides { any: !self.found_nothing(), explain: self.explains_checkpoints() };
        let assurance = judge(&self.statements, &leaves.roots, besides);
        if self.found_nothing() && assurance.findings.is_empty() {
            self.find_unexplained();
        }
        let taxes = self.statements.holdings.taxes.take();
        let Self { mut findings, replay, overview, header, recovery, broken_before, .. } = self;
        let mut coverage = coverage(&header, self.documents.any(), gaps, &assurance, taxes.as_ref());
        recovery.budget.cover(&mut coverage);
        let vouched = assurance.views.iter().filter(|view| view.counts).filter_map(|view| view.size).max();
        let first = vouched.map_or(header.first_seq, |size| size + 1);
        coverage.not_checked.extend(unvouched(first, broken_before.saturating_sub(1)));
        if replay.findings.listed.iter().any(|finding| finding.error_type == ErrorType::AmountMismatch) {
            not_conserved(&mut coverage);
        }
        findings.join(replay.findings);
        Assembly {
            format: 2,
            ledger: Some(header.ledger),
            total: overview.entries,
            first: overview.first.map(place),
            last: overview.last.map(place),
            findings,
            warnings,
            warnings_unlisted: replay.notes.unlisted() + missing_unlisted,
            coverage,
            head: self.last.map(|last| last.hash.to_string()),
            root: leaves.whole.map(|hash| hash.to_string()),
            assurance: Some(assurance),
        }
        .report()
    }

    /// Whether a finding says why no checkpoint counts: the trailer that had them is gone, or the
    /// header names another ledger than theirs.
    fn explains_checkpoints(&self) -> bool {
        let renamed = self.findings.listed.iter().any(|finding| finding.error_type == ErrorType::GenesisMismatch);
        self.overview.cut || (renamed && self.statements.names_another_ledger())
    }

    fn found_nothing(&self) -> bool {
        self.findings.total() == 0 && self.replay.findings.total() == 0
    }

    /// The first reading was not clean, and that is never passed over.
    fn find_unexplained(&mut self) {
        let line = self.overview.faults.first.first().map(|line| FIRST_LINE + line);
        let at = line.map_or(String::new(), |line| format!(", first at line {line}"));
        let message = format!(
            "The first reading of the file found it broken{at}, and the second could not say how: it may have been changed between the two."
        );
        self.find(Finding { line, cause: Some(Cause::Unknown), ..file_finding(ErrorType::HashChainBroken, message) });
    }

    /// `seq` of the chain's last entry.
    fn last_seq(&self) -> u64 {
        self.chain.end().unwrap_or(self.header.first_seq) - 1
    }

    /// That of the ledger's last entry by the trailer; by the number that the chain's last bears, where the
    /// trailer goes by that.
    fn stated_last(&self) -> u64 {
        let stated = self.documents.trailer.as_ref().map_or(0, |trailer| trailer.last_seq);
        let by_number = self.last.is_some_and(|last| last.seq == stated);
        if by_number { self.last_seq() } else { stated }
    }

    fn gaps(&self) -> Gaps {
        let too_broken = self.overview.too_broken.then_some(TOO_BROKEN);
        let dropped = self.statements.say_truncated() || self.stated_last() > self.last_seq();
        let cut = self.overview.cut || self.header.last_seq.is_some() || dropped;
        Gaps {
            balances: self.replay.stopped.or(too_broken),
            documents: dropped.then_some(DROPPED),
            looking_back: self.replay.index.overflown().then_some(TOO_MANY),
            removed: cut.then_some(CUT).or(self.replay.misses_any.then_some(UNKNOWN)).or(too_broken),
            entries: self.order.unjudged.then_some(UNJUDGED),
            trailer: self.trailer().is_none().then_some(NO_TRAILER).or(too_broken),
            rest: too_broken,
        }
    }

    fn find_permuted(&mut self) {
        for Permuted { line, seqs } in std::mem::take(&mut self.chain.permuted) {
            let Some((place, shown)) = self.permuted.remove(&line).flatten() else { continue };
            let listed: Vec<String> = seqs.iter().take(10).map(u64::to_string).collect();
            let more = if seqs.len() > 10 { " …" } else { "" };
            let message = format!(
                "Entries do not stand in their order: {}{more}. By their hashes they belong to the chain.",
                listed.join(", ")
            );
            let mut finding = chain_finding(Cause::Reordered, message, &place, &shown, None);
            finding.seqs = Some(seqs);
            self.find(finding);
        }
    }

    /// The end of the file and its trailer.
    fn judge_end(&mut self) {
        if self.overview.cut && (self.overview.cut_short || !self.order.bad_trailer) {
            let message = "The file's end is missing: there is no trailer, or the stream ends early.".to_owned();
            let line = FIRST_LINE + self.overview.lines.saturating_sub(1);
            let last = format!("ends at line {line}");
            self.find(Finding { found: Some(last.into()), ..file_finding(ErrorType::ExportTruncated, message) });
        }
        let Some(trailer) = self.documents.trailer.clone().filter(|_| !self.overview.too_broken) else { return };
        let first = self.header.first_seq;
        let last_seq = self.last_seq();
        let count = last_seq + 1 - first;
        let head = self.last.map_or_else(|| self.header.genesis(), |last| last.hash);
        // What other findings explain is not a second one: lines that cannot be read, entries put in.
        let gone = trailer.last_seq.saturating_sub(last_seq);
        let unknown = (1..=self.order.unreadable).contains(&gone) && trailer.entries == count + gone;
        let counts = trailer.entries == count || trailer.entries == self.overview.entries;
        let ends = trailer.last_seq == last_seq || self.last.is_some_and(|last| trailer.last_seq == last.seq);
        let as_header = self.header.last_seq.is_none_or(|stated| stated == trailer.last_seq);
        let nothing = self.overview.entries == 0 && !self.header.is_from_start();
        let agrees = unknown || (counts && ends && trailer.head == head);
        if agrees && as_header && !nothing {
            return;
        }
        let text = |entries: u64, last: u64, head: Hash| format!("{entries} entries up to {last}, head {head}");
        let stated = self.header.last_seq.filter(|_| !as_header);
        let message = match stated {
            Some(last) => {
                format!("The header says that the export ends at {last}, its trailer at {}.", trailer.last_seq)
            }
            None => "The trailer does not agree with the entries.".to_owned(),
        };
        let finding = Finding {
            line: self.documents.trailer_line().map(|line| FIRST_LINE + line),
            expected: Some(text(count, stated.unwrap_or(last_seq), head).into()),
            found: Some(text(trailer.entries, trailer.last_seq, trailer.head).into()),
            ..file_finding(ErrorType::TrailerMismatch, message)
        };
        self.find(finding);
    }

    fn look_back(&mut self, gaps: &Gaps, warnings: &mut Vec<Warning>) {
        let whole = self.header.is_from_start() && gaps.balances.is_none();
        let blocks = gaps.removed.is_none() && self.header.personal == PersonalData::Full;
        let places = self.chain.places(&self.runs);
        let mut index = std::mem::take(&mut self.replay.index);
        index.move_lines(|line| places.order(line));
        for found in index.look_back(whole, blocks) {
            let line = places.line(found.line).unwrap_or_default();
            let seen = self.wanted.get(&line).cloned().flatten();
            let (place, shown) = seen.unwrap_or_else(|| unseen(FIRST_LINE + line, places.seq(line), found.id));
            match retrospect_finding(&found, &place, &shown) {
                Some(finding) => self.find(finding),
                None => warnings.push(warning::erasure_not_done(&found, place.line, place.seq)),
            }
        }
    }
}

/// What stands before the last break vouches for nothing but itself, and whoever edits can go on a chain.
fn unvouched(first: u64, last: u64) -> Option<NotChecked> {
    let those = match first == last {
        true => format!("entry {first} is"),
        false => format!("the entries {first} to {last} are"),
    };
    (first <= last).then(|| NotChecked {
        what: format!("whether {those} what stood there"),
        why: "the chain breaks after, so that no later entry confirms them: they may have been hashed anew".to_owned(),
    })
}

/// Where it was not checked, that was for another reason, which is given.
fn not_conserved(coverage: &mut Coverage) {
    let Some(at) = coverage.checked.iter().position(|what| what == CONSERVATION) else { return };
    coverage.checked.remove(at);
    let why = "amounts of an entry do not add up, which makes money or destroys it".to_owned();
    coverage.not_checked.push(NotChecked { what: CONSERVATION.to_owned(), why });
}

/// An entry of which no more was kept. Entries stand before everything else.
fn unseen(line: u64, seq: Option<u64>, id: u128) -> (Place, Shown) {
    (
        Place { line, index: line - FIRST_LINE, seq, ..Place::default() },
        Shown { transaction_id: Some(id_text(id)), ..Shown::default() },
    )
}

/// `None` for what is only a warning.
fn retrospect_finding(found: &Found, place: &Place, shown: &Shown) -> Option<Finding> {
    let (error, message) = match found.what {
        Retrospect::IdUsedTwice => {
            (ErrorType::DuplicateTransactionId, "The transaction id of this entry is that of an earlier one.")
        }
        Retrospect::RefundUnmatched => (
            ErrorType::RefundUnmatched,
            "This refund names no earlier entry between the same parties in the same currency.",
        ),
        Retrospect::RefundExceeds => {
            (ErrorType::RefundExceeds, "With this refund more is paid back than the payment it names brought.")
        }
        Retrospect::ErasureUnmatched => {
            (ErrorType::TypeRuleBroken, "This erasure names no earlier entry of that account.")
        }
        Retrospect::PersonalRemoved => (
            ErrorType::PersonalRemoved,
            "The personal block of this entry is gone, and no entry says that it was erased.",
        ),
        Retrospect::ErasureNotDone => return None,
    };
    let mut finding = content_finding(error, message.to_owned(), place, shown);
    if found.what == Retrospect::ErasureUnmatched {
        finding.rule = Some("an erasure names an earlier entry of its receiver".to_owned());
    }
    Some(finding)
}
