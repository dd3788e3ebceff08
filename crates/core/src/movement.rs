//! What entries move, written down while lines are read and summed by account when their turn comes.
//!
//! Reading a line is most of the work and needs nothing but the line; summing needs every account. So
//! threads that read blocks keep a list, and whoever is next in order adds it to the one ledger.

use crate::copying::{Copying, MARGIN};
use crate::entry::{Entry, Values};
use crate::grammar;
use crate::kind::Kind;
use crate::money::Amount;

/// What an entry does to balances, and what looking back needs of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement<'a> {
    /// `transaction_id` as 128 bits.
    pub id: u128,
    /// `type`.
    pub kind: Kind,
    /// `currency`.
    pub currency: &'a str,
    /// `sender_id`.
    pub sender: &'a str,
    /// `receiver_id`.
    pub receiver: &'a str,
    /// `tax_type`.
    pub tax_type: Option<&'a str>,
    /// `amount_gross`.
    pub gross: Amount,
    /// `tax_withheld`.
    pub tax: Amount,
    /// `amount_net`.
    pub net: Amount,
    /// Of a refund or an erasure: the id that `reference_id` names, where it is one.
    pub reference: Option<u128>,
    /// Whether the personal block stands.
    pub has_personal: bool,
}

impl<'a> Movement<'a> {
    /// Of an entry that keeps its grammar.
    #[inline]
    #[must_use]
    pub fn of(entry: &Entry<'a>, values: &Values, kind: Kind) -> Self {
        let refers = matches!(kind, Kind::Refund | Kind::Erasure);
        Self {
            id: values.id,
            kind,
            currency: entry.currency,
            sender: entry.sender_id,
            receiver: entry.receiver_id,
            tax_type: entry.tax_type,
            gross: values.gross,
            tax: values.tax,
            net: values.net,
            reference: entry.reference_id.filter(|_| refers).and_then(grammar::uuid),
            has_personal: entry.personal.is_some(),
        }
    }
}

/// The movements of a block, in their order.
#[derive(Debug, Default)]
pub(crate) struct Movements {
    /// Currency, sender, receiver and tax type of each, end to end; and behind them memory for more.
    texts: Vec<u8>,
    /// How much they fill.
    filled: usize,
    all: Vec<Packed>,
}

/// A [`Movement`] whose texts stand elsewhere.
#[derive(Debug)]
struct Packed {
    id: u128,
    reference: Option<u128>,
    gross: Amount,
    tax: Amount,
    net: Amount,
    line: u64,
    /// Bytes of each text; 0 for no tax type.
    lengths: [u8; 4],
    kind: Kind,
    has_personal: bool,
}

/// The grammar admits no longer id, currency or tax type than 64 bytes.
fn length(text: &str) -> u8 {
    u8::try_from(text.len()).unwrap_or(u8::MAX)
}

impl Movements {
    /// Adds the movement of a line, counted from the start of the block. `bytes`: the line, in which its texts may stand.
    #[inline]
    pub(crate) fn push(&mut self, line: u64, bytes: &[u8], movement: &Movement<'_>) {
        let Movement { id, kind, currency, sender, receiver, tax_type, gross, tax, net, reference, has_personal } =
            *movement;
        let texts = [currency, sender, receiver, tax_type.unwrap_or("")];
        let end = self.filled + texts.len() * usize::from(u8::MAX) + MARGIN;
        if self.texts.len() < end {
            self.texts.resize(end.next_power_of_two(), 0);
        }
        let mut out = Copying::new(bytes, &mut self.texts[self.filled..end]);
        texts.iter().for_each(|text| out.text(text));
        self.filled += out.length();
        let lengths = texts.map(length);
        self.all.push(Packed { id, reference, gross, tax, net, line, lengths, kind, has_personal });
    }

    /// All, with their lines.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Movement<'_>)> {
        let texts = std::str::from_utf8(&self.texts[..self.filled]).expect("whole texts, end to end");
        self.all.iter().scan(texts, |texts, packed| {
            let [currency, sender, receiver, tax_type] = packed.lengths.map(|length| {
                let (text, rest) = texts.split_at(usize::from(length));
                *texts = rest;
                text
            });
            let Packed { id, reference, gross, tax, net, line, kind, has_personal, .. } = *packed;
            let tax_type = (!tax_type.is_empty()).then_some(tax_type);
            let movement =
                Movement { id, kind, currency, sender, receiver, tax_type, gross, tax, net, reference, has_personal };
            Some((line, movement))
        })
    }

    /// Forgets every movement.
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
        self.all.clear();
    }
}
