//! The economy once more, written as simply as can be: what each operation should come to, and what an
//! export comes to when its entries are added up. It shares no code with the engine.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

/// Ten-thousandths.
pub(crate) type Units = i128;

#[derive(Clone, Debug, Default)]
pub(crate) struct Naive {
    pub(crate) balances: HashMap<(String, String), Units>,
    pub(crate) buckets: BTreeMap<(String, String), Units>,
    pub(crate) frozen: BTreeSet<String>,
    pub(crate) out: BTreeSet<String>,
    pub(crate) minted: BTreeMap<String, Units>,
    pub(crate) burned: BTreeMap<String, Units>,
    pub(crate) paid: Vec<Paid>,
}

/// An earlier payment.
#[derive(Clone, Debug)]
pub(crate) struct Paid {
    pub(crate) id: String,
    pub(crate) sender: String,
    pub(crate) receiver: String,
    pub(crate) currency: String,
    pub(crate) net: Units,
    pub(crate) refunded: Units,
    pub(crate) erased: bool,
}

/// A movement of money.
#[derive(Clone, Debug)]
pub(crate) struct Move<'a> {
    pub(crate) kind: &'a str,
    pub(crate) sender: &'a str,
    pub(crate) receiver: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) gross: Units,
    pub(crate) bucket: Option<&'a str>,
    /// Of which earlier payment it is a refund.
    pub(crate) of: Option<usize>,
}

fn is_user(id: &str) -> bool {
    id != "SYSTEM" && id != "TREASURY"
}

/// Half up.
fn tax(kind: &str, gross: Units) -> (Units, &'static str) {
    let (percent, bucket) = match kind {
        "TRANSFER" => (5, "transfer_tax"),
        "WORK" | "SALARY" => (15, "income_tax"),
        "MARKET_BUY" | "MARKET_SELL" => (10, "vat"),
        "TAX_COLLECTION" => (100, ""),
        _ => (0, ""),
    };
    ((gross * percent + 50) / 100, bucket)
}

impl Naive {
    fn holds(&self, account: &str, currency: &str) -> Units {
        self.balances.get(&(account.to_owned(), currency.to_owned())).copied().unwrap_or(0)
    }

    fn add(&mut self, account: &str, currency: &str, units: Units) {
        *self.balances.entry((account.to_owned(), currency.to_owned())).or_default() += units;
    }

    /// Every reason there is to refuse a movement; moves nothing.
    pub(crate) fn reasons(&self, m: &Move<'_>) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        let mut when = |holds: bool, code| {
            if holds {
                reasons.push(code);
            }
        };
        when(m.sender == m.receiver, "SAME_ACCOUNT");
        for account in [m.sender, m.receiver] {
            when(is_user(account) && self.out.contains(account), "ACCOUNT_BANNED");
        }
        when(self.frozen.contains(m.sender), "ACCOUNT_FROZEN");
        when(self.frozen.contains(m.receiver) && is_user(m.sender), "ACCOUNT_FROZEN");
        when(is_user(m.sender) && self.holds(m.sender, m.currency) < m.gross, "INSUFFICIENT_FUNDS");
        if m.kind == "TAX_WITHDRAWAL" {
            let bucket = (m.bucket.unwrap_or_default().to_owned(), m.currency.to_owned());
            when(self.buckets.get(&bucket).copied().unwrap_or(0) < m.gross, "TREASURY_INSUFFICIENT");
        }
        if m.kind == "REFUND" {
            let paid = m.of.and_then(|of| self.paid.get(of));
            let fits = paid.filter(|p| p.sender == m.receiver && p.receiver == m.sender && p.currency == m.currency);
            when(fits.is_none(), "REFUND_UNMATCHED");
            when(fits.is_some_and(|p| p.net - p.refunded < m.gross), "REFUND_EXCEEDS");
        }
        reasons
    }

    /// Moves it: `(tax, net)`.
    pub(crate) fn apply(&mut self, m: &Move<'_>, id: String) -> (Units, Units) {
        let (tax, default_bucket) = tax(m.kind, m.gross);
        let net = m.gross - tax;
        match m.sender {
            "SYSTEM" => *self.minted.entry(m.currency.to_owned()).or_default() += m.gross,
            "TREASURY" => self.collect(m.bucket.unwrap_or_default(), m.currency, -m.gross),
            user => self.add(user, m.currency, -m.gross),
        }
        match m.receiver {
            "SYSTEM" => *self.burned.entry(m.currency.to_owned()).or_default() += net,
            "TREASURY" => {}
            user => self.add(user, m.currency, net),
        }
        if tax > 0 {
            self.collect(m.bucket.unwrap_or(default_bucket), m.currency, tax);
        }
        if let Some(of) = m.of.filter(|_| m.kind == "REFUND") {
            self.paid[of].refunded += net;
        }
        let (sender, receiver) = (m.sender.to_owned(), m.receiver.to_owned());
        let currency = m.currency.to_owned();
        self.paid.push(Paid { id, sender, receiver, currency, net, refunded: 0, erased: false });
        (tax, net)
    }

    fn collect(&mut self, bucket: &str, currency: &str, units: Units) {
        *self.buckets.entry((bucket.to_owned(), currency.to_owned())).or_default() += units;
    }
}

/// `"12.3400"` as ten-thousandths.
pub(crate) fn units(text: &str) -> Units {
    let (whole, decimals) = text.split_once('.').unwrap();
    assert_eq!(decimals.len(), 4);
    whole.parse::<Units>().unwrap() * 10_000 + decimals.parse::<Units>().unwrap()
}

/// Adds up an export's entries, holds its documents to the sums, and all money to what was made.
pub(crate) fn replay(export: &[u8]) {
    let mut balances: BTreeMap<(String, String), Units> = BTreeMap::new();
    let mut buckets: BTreeMap<(String, String), Units> = BTreeMap::new();
    let (mut frozen, mut made) = (BTreeSet::new(), BTreeMap::<String, Units>::new());
    let (mut documents, mut held) = (BTreeMap::new(), BTreeMap::new());
    let mut frozen_by_document = BTreeSet::new();
    for line in std::str::from_utf8(export).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        if line.get("seq").is_some() {
            let (currency, sender, receiver) = (text("currency"), text("sender_id"), text("receiver_id"));
            let [gross, tax, net] = ["amount_gross", "tax_withheld", "amount_net"].map(|key| units(&text(key)));
            assert_eq!(gross, tax + net);
            match sender.as_str() {
                "SYSTEM" => *made.entry(currency.clone()).or_default() += gross,
                "TREASURY" => *buckets.entry((text("tax_type"), currency.clone())).or_default() -= gross,
                _ => *balances.entry((sender, currency.clone())).or_default() -= gross,
            }
            match receiver.as_str() {
                "SYSTEM" => *made.entry(currency.clone()).or_default() -= net,
                "TREASURY" => {}
                _ => *balances.entry((receiver.clone(), currency.clone())).or_default() += net,
            }
            if tax > 0 {
                *buckets.entry((text("tax_type"), currency)).or_default() += tax;
            }
            match text("type").as_str() {
                "ACCOUNT_FREEZE" => assert!(frozen.insert(receiver)),
                "ACCOUNT_UNFREEZE" => assert!(frozen.remove(&receiver)),
                _ => {}
            }
            assert!(balances.values().chain(buckets.values()).all(|sum| *sum >= 0));
        } else if line["state"] == "user" {
            for (currency, sum) in line["balances"].as_object().unwrap() {
                documents.insert((text("id"), currency.clone()), units(sum.as_str().unwrap()));
            }
            if line["is_frozen_for_fraud"] == true {
                frozen_by_document.insert(text("id"));
            }
        } else if line["state"] == "treasury" {
            for (bucket, sums) in line["collected"].as_object().unwrap() {
                for (currency, sum) in sums.as_object().unwrap() {
                    held.insert((bucket.clone(), currency.clone()), units(sum.as_str().unwrap()));
                }
            }
        }
    }
    for sums in [&mut balances, &mut buckets, &mut documents, &mut held] {
        sums.retain(|_, sum| *sum != 0);
    }
    assert_eq!((&documents, &held, &frozen_by_document), (&balances, &buckets, &frozen));
    for (currency, made) in made {
        let of = |((_, c), sum): (&(String, String), &Units)| if *c == currency { *sum } else { 0 };
        let all: Units = balances.iter().map(of).chain(buckets.iter().map(of)).sum();
        assert_eq!(all, made, "{currency}: balances and buckets against minted − burned");
    }
}
