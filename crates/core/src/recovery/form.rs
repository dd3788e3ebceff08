//! What the fields of a message are for, and how its format writes them.

use crate::entry::REFERENCE_MAX;
use crate::grammar;
use crate::kind::Kind;
use crate::money::Amount;
use crate::timestamp::Timestamp;

/// What a field is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Id,
    Time,
    Kind,
    Currency,
    Gross,
    Tax,
    Net,
    TaxType,
    Sender,
    Receiver,
    Operator,
    Reference,
    PersonalHash,
}

/// A format of hashed messages.
pub(crate) struct Form {
    /// Its fields in their order: what each is for, and its name in a report.
    pub(crate) fields: &'static [(Role, &'static str)],
    /// Whether a text may stand in a field.
    pub(crate) fits: fn(Role, &str) -> bool,
    pub(crate) amount: fn(&str) -> Option<Amount>,
    /// The ways in which an amount may be written.
    pub(crate) written: &'static [fn(Amount) -> String],
}

/// The content of an entry of format 2, beside its number and its link.
pub(super) static ENTRY: Form = Form {
    fields: &[
        (Role::Id, "transaction_id"),
        (Role::Time, "created_at"),
        (Role::Kind, "type"),
        (Role::Currency, "currency"),
        (Role::Gross, "amount_gross"),
        (Role::Tax, "tax_withheld"),
        (Role::Net, "amount_net"),
        (Role::TaxType, "tax_type"),
        (Role::Sender, "sender_id"),
        (Role::Receiver, "receiver_id"),
        (Role::Operator, "operator_id"),
        (Role::Reference, "reference_id"),
        (Role::PersonalHash, "personal_hash"),
    ],
    fits: is_grammatical,
    amount: |text| Amount::parse(text.as_bytes()),
    written: &[|amount| amount.to_string()],
};

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789_";
const HEX: &str = "0123456789abcdef-";
const DIGITS: &str = "0123456789.";
const OF_IDS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
/// The printable characters of ASCII, of which free text mostly is.
pub(super) const PRINTABLE: &str =
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

impl Form {
    /// Where a field stands.
    pub(super) fn place(&self, role: Role) -> Option<usize> {
        self.fields.iter().position(|(of, _)| *of == role)
    }
}

impl Role {
    /// Characters of which its texts are made.
    pub(super) const fn alphabet(self) -> &'static str {
        match self {
            Self::Id | Self::PersonalHash => HEX,
            Self::Time | Self::Gross | Self::Tax | Self::Net => DIGITS,
            Self::Kind | Self::Currency => UPPER,
            Self::TaxType => LOWER,
            Self::Reference => PRINTABLE,
            Self::Sender | Self::Receiver | Self::Operator => OF_IDS,
        }
    }
}

/// Whether a text keeps the grammar of format 2.
fn is_grammatical(role: Role, text: &str) -> bool {
    match role {
        Role::Id => grammar::uuid(text).is_some(),
        Role::Time => Timestamp::parse(text.as_bytes()).is_some(),
        Role::Kind => Kind::parse(text).is_some(),
        Role::Currency => grammar::is_currency(text),
        Role::Gross | Role::Tax | Role::Net => Amount::parse(text.as_bytes()).is_some(),
        Role::TaxType => grammar::is_tax_type(text),
        Role::Reference => grammar::is_text(text, REFERENCE_MAX),
        Role::PersonalHash => grammar::is_hex(text, 64),
        Role::Sender | Role::Receiver | Role::Operator => grammar::is_id(text),
    }
}
