//! Findings as the report shows them: what was seen, in words, and what to do.

use serde_json::Value;

use crate::entry::{Entry, Personal};
use crate::grammar::cut;
use crate::hash::Hash;
use crate::limits::MAX_SHOWN;
use crate::report::{
    Cause, ContentView, CorruptedTransaction, ErrorType, Finding, HashIntegrityFailure, HashMismatch, LinkView,
    PreviousTransaction,
};

/// Line of the file at which a segment of everything after the header starts.
pub(crate) const FIRST_LINE: u64 = 2;

/// Where in the file something was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// From 1.
    pub(crate) line: u64,
    /// Among the entries, from 0.
    pub(crate) index: u64,
    /// The genuine one.
    pub(crate) seq: Option<u64>,
    /// The entry before it in the file.
    pub(crate) previous: Option<PreviousTransaction>,
}

/// An entry of either format as a report shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) transaction_id: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) receiver: Option<String>,
    pub(crate) sender_id: Option<String>,
    pub(crate) receiver_id: Option<String>,
    pub(crate) amount_gross: Option<String>,
    pub(crate) tax_withheld: Option<String>,
    pub(crate) amount_net: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) timestamp: Option<String>,
    pub(crate) ip_address: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) previous_hash: Option<String>,
    pub(crate) current_hash: Option<String>,
}

impl From<&Entry<'_>> for Shown {
    fn from(e: &Entry<'_>) -> Self {
        let own = |text: &str| Some(shown(text));
        let personal = |text: fn(&Personal<'_>) -> Option<String>| e.personal.as_ref().and_then(text);
        Self {
            transaction_id: own(e.transaction_id),
            sender: personal(|p| p.sender_username.map(shown)).or_else(|| own(e.sender_id)),
            receiver: personal(|p| p.receiver_username.map(shown)).or_else(|| own(e.receiver_id)),
            sender_id: own(e.sender_id),
            receiver_id: own(e.receiver_id),
            amount_gross: own(e.amount_gross),
            tax_withheld: own(e.tax_withheld),
            amount_net: own(e.amount_net),
            currency: own(e.currency),
            kind: own(e.kind),
            timestamp: own(e.created_at),
            ip_address: personal(|p| p.ip_address.map(shown)),
            user_agent: personal(|p| p.user_agent.map(shown)),
            previous_hash: own(e.previous_hash),
            current_hash: own(e.current_hash),
        }
    }
}

/// A text of a file as a finding shows it.
pub(crate) fn shown(text: &str) -> String {
    cut(text, MAX_SHOWN)
}

/// A value of a file as a finding shows it.
pub(crate) fn shown_value(value: Value) -> Value {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().nth(MAX_SHOWN).is_some() { Value::String(shown(&text)) } else { value }
}

impl Shown {
    pub(crate) fn as_previous(&self) -> PreviousTransaction {
        PreviousTransaction { transaction_id: self.transaction_id.clone(), current_hash: self.current_hash.clone() }
    }

    fn content(&self, index: u64) -> CorruptedTransaction {
        let s = self.clone();
        CorruptedTransaction::Content(Box::new(ContentView {
            transaction_id: s.transaction_id,
            index,
            sender: s.sender,
            receiver: s.receiver,
            sender_id: s.sender_id,
            receiver_id: s.receiver_id,
            amount_gross: s.amount_gross,
            tax_withheld: s.tax_withheld,
            amount_net: s.amount_net,
            currency: s.currency,
            r#type: s.kind,
            timestamp: s.timestamp,
            ip_address: s.ip_address,
            user_agent: s.user_agent,
        }))
    }

    fn link(&self, index: u64, expected: Option<String>) -> CorruptedTransaction {
        let s = self.clone();
        CorruptedTransaction::Link(Box::new(LinkView {
            transaction_id: s.transaction_id,
            index,
            sender: s.sender,
            receiver: s.receiver,
            sender_id: s.sender_id,
            receiver_id: s.receiver_id,
            amount: s.amount_gross,
            currency: s.currency,
            r#type: s.kind,
            timestamp: s.timestamp,
            stored_previous_hash: s.previous_hash,
            expected_previous_hash: expected,
        }))
    }
}

/// A finding about the file as a whole, or one that shows no entry.
pub(crate) fn file_finding(error_type: ErrorType, message: String) -> Finding {
    Finding {
        error_type,
        message,
        line: None,
        index: None,
        seq: None,
        transaction_id: None,
        expected: None,
        found: None,
        cause: None,
        missing: None,
        seqs: None,
        count: None,
        modified_fields: None,
        possibly_modified_fields: None,
        field: None,
        reason: None,
        rule: None,
        account: None,
        currency: None,
        tax_type: None,
        size: None,
        corrupted_transaction: None,
        hash_mismatch_details: None,
        hash_integrity_failure: None,
        previous_transaction: None,
        security_recommendation: recommendation(error_type).to_owned(),
    }
}

/// A finding about the content of an entry, which its message names by its place in the file, from 1.
pub(crate) fn content_finding(error_type: ErrorType, mut message: String, place: &Place, shown: &Shown) -> Finding {
    message.insert_str(0, &format!("#{}: ", place.index + 1));
    Finding {
        line: Some(place.line),
        index: Some(place.index),
        seq: place.seq,
        transaction_id: shown.transaction_id.clone(),
        corrupted_transaction: Some(shown.content(place.index)),
        previous_transaction: place.previous.clone(),
        ..file_finding(error_type, message)
    }
}

/// A finding about how an entry hangs onto the chain.
pub(crate) fn chain_finding(
    cause: Cause,
    message: String,
    place: &Place,
    shown: &Shown,
    expected: Option<Hash>,
) -> Finding {
    let expected = expected.map(|hash| hash.to_string());
    Finding {
        cause: Some(cause),
        expected: expected.clone().map(Value::from),
        found: shown.previous_hash.clone().map(Value::from),
        corrupted_transaction: Some(shown.link(place.index, expected.clone())),
        hash_mismatch_details: Some(mismatch(cause, expected, shown.previous_hash.clone())),
        ..content_finding(ErrorType::HashChainBroken, message, place, shown)
    }
}

/// What HASH_CHAIN_BROKEN adds to a finding.
pub(crate) fn mismatch(cause: Cause, expected: Option<String>, actual: Option<String>) -> HashMismatch {
    let difference = match (&expected, cause) {
        (Some(_), _) => "the hash that this entry names as its predecessor's is not the hash that should stand there",
        (None, Cause::Inserted | Cause::Duplicated | Cause::Reordered | Cause::Forked) => {
            "it is not the link that is wrong, but where this entry stands, or that it stands here at all"
        }
        (None, _) => "the hash that this entry names is that of no entry in its place in the file",
    };
    HashMismatch { expected, actual, difference: difference.to_owned() }
}

/// What TRANSACTION_TAMPERED adds to a finding.
pub(crate) fn integrity(
    stored: Option<String>,
    computed: Option<String>,
    what: &str,
    possibly: &[String],
) -> HashIntegrityFailure {
    let difference = if stored == computed {
        format!("{what} gives the hash that stands for it: what the entry itself states is another")
    } else {
        format!("{what} gives another hash than the one that stands for it: it was changed after it was written")
    };
    HashIntegrityFailure {
        stored_hash: stored,
        computed_hash: computed,
        difference,
        possibly_modified_fields: possibly.to_vec(),
    }
}

/// What to do about a kind of finding.
pub(crate) const fn recommendation(error_type: ErrorType) -> &'static str {
    match error_type {
        ErrorType::HashChainBroken => {
            "Take no transaction until this is explained. Compare the named entries with a backup and with every earlier export, and keep this file as evidence."
        }
        ErrorType::TransactionTampered => {
            "Treat the database as compromised. Keep this file as evidence, find out who could write this entry, and restore its original from a backup or an earlier export."
        }
        ErrorType::MalformedLine => {
            "No writer of the ledger makes such a line: find out what wrote or edited the export, and export anew from the database."
        }
        ErrorType::ExportTruncated => {
            "Do not rely on this file: its end is missing. Export anew, and compare its head with this file's last entry."
        }
        ErrorType::TrailerMismatch => {
            "Export anew; if it stays so, compare the head with one from an earlier export or a checkpoint."
        }
        ErrorType::GenesisMismatch => {
            "The header names another ledger than the entries belong to. Do not attribute these entries to the ledger named."
        }
        ErrorType::CheckpointMismatch => {
            "Treat the ledger as rewritten. Keep this file, the checkpoint and every earlier export as evidence, and find with them where the histories part."
        }
        ErrorType::CheckpointUntrusted => {
            "Do not take the names in this file for those of its signer. Ask for an export with a checkpoint by the key that you were given, and make sure of the key by another way."
        }
        ErrorType::AmountMismatch | ErrorType::TypeRuleBroken => {
            "The writer sealed an entry that breaks the ledger's rules: audit the engine that wrote it, and correct by a new entry, never by an edit."
        }
        ErrorType::BalanceNegative | ErrorType::TreasuryNegative => {
            "More was spent than was there: stop the account's payments, and audit how the engine checked funds at this time."
        }
        ErrorType::FrozenAccountMoved => "A freeze did not hold: audit which path wrote this entry past the freeze.",
        ErrorType::DuplicateTransactionId => {
            "One id stands for two transactions: check whether one order was settled twice."
        }
        ErrorType::RefundUnmatched | ErrorType::RefundExceeds => {
            "Hold the refund against the payment it names, and recover what was paid too much."
        }
        ErrorType::PersonalRemoved => {
            "A personal block is gone and no entry says that it was erased: ask for the order to erase it, or restore it from an earlier export."
        }
        ErrorType::DocumentMismatch => {
            "A balance in the database is not what its ledger gives: the document was written past the ledger. Correct it by an entry once explained."
        }
    }
}
