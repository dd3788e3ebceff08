//! What the last load or commit left: the head, the Treasury, and accounts, all as of one version of the head.
//!
//! Every commit by anybody moves that version. So where a batch goes through on it, all of this was so, and nothing
//! had to be read again: the commit holds the head, the Treasury and each account that it writes to it. Where it does
//! not go through, all of this is forgotten. While others write too, it is not relied upon: each batch would only learn
//! by failing that it was written elsewhere.

use std::collections::HashMap;

use countersign_core::books::{Account, Books, Treasury};
use countersign_store::{Basis, Batch, Head, Loaded, Wanted};

/// Most accounts kept. Past it all are forgotten, and asked for again.
const MAX_ACCOUNTS: usize = 100_000;
/// So many loads in a row must find the head where it was left, before it is relied upon again.
const UNDISTURBED: u32 = 8;

/// What is known, if anything.
#[derive(Debug)]
pub(crate) struct Known {
    documents: Option<Documents>,
    /// Loads in a row that found the head where it was left.
    undisturbed: u32,
}

#[derive(Debug)]
struct Documents {
    head: Head,
    treasury: Treasury,
    accounts: HashMap<String, Account>,
}

impl Default for Known {
    /// Nothing yet; nobody is known to write beside us.
    fn default() -> Self {
        Self { documents: None, undisturbed: UNDISTURBED }
    }
}

impl Known {
    /// Whether an account is known. One that does not exist never is.
    pub(crate) fn knows(&self, account: &str) -> bool {
        self.documents.as_ref().is_some_and(|known| known.accounts.contains_key(account))
    }

    /// Whether another head or another Treasury was loaded than was left.
    pub(crate) fn is_not(&self, loaded: &Loaded) -> bool {
        let differs = |known: &Documents| (&known.head, &known.treasury) != (&loaded.head, &loaded.treasury);
        self.documents.as_ref().is_some_and(differs)
    }

    /// Forgets everything: somebody else wrote, or it is not known what was written.
    pub(crate) fn forget(&mut self) {
        *self = Self { documents: None, undisturbed: 0 };
    }

    /// Everything, to settle a batch on that wants nothing else. Nothing is known then until it is kept again.
    pub(crate) fn take(&mut self, wanted: &Wanted) -> Option<Loaded> {
        let Wanted { accounts, referenced, answers, sent, .. } = wanted;
        let is_enough = [accounts, referenced, answers, sent].into_iter().all(Vec::is_empty);
        if !is_enough || self.undisturbed < UNDISTURBED {
            return None;
        }
        let Documents { head, treasury, accounts } = self.documents.take()?;
        let (referenced, answers, sent) = (HashMap::new(), HashMap::new(), HashMap::new());
        Some(Loaded { head, treasury, accounts, referenced, answers, sent })
    }

    /// Adds what is known, and was not asked for, to what was loaded of the same head; as [`Known::take`].
    pub(crate) fn complete(&mut self, wanted: &Wanted, loaded: &mut Loaded) {
        let Some(Documents { mut accounts, .. }) = self.documents.take() else { return };
        wanted.accounts.iter().for_each(|id| drop(accounts.remove(id)));
        accounts.extend(loaded.accounts.drain());
        loaded.accounts = accounts;
        self.undisturbed = self.undisturbed.saturating_add(1);
    }

    /// Keeps what a batch that wrote nothing was settled on.
    pub(crate) fn keep(&mut self, head: Head, books: Books) {
        let Books { mut accounts, treasury, .. } = books;
        if accounts.len() > MAX_ACCOUNTS {
            accounts = HashMap::new();
        }
        self.documents = Some(Documents { head, treasury, accounts });
    }

    /// Keeps what a batch that is not written was settled on, as it was before it. `books`: without what it changes.
    pub(crate) fn put_back(&mut self, basis: Basis, mut books: Books) {
        books.accounts.extend(basis.accounts);
        if let Some(treasury) = basis.treasury {
            books.treasury = treasury;
        }
        self.keep(basis.head, books);
    }

    /// Keeps what a batch that was written left. `books`: what it was settled on and did not change.
    pub(crate) fn commit(&mut self, batch: Batch, mut books: Books) {
        let next = |account: Account| (account.id.clone(), Account { version: account.version + 1, ..account });
        books.accounts.extend(batch.accounts.into_iter().chain(batch.opened).map(next));
        if let Some(treasury) = batch.treasury {
            books.treasury = Treasury { version: treasury.version + 1, ..treasury };
        }
        self.keep(Head { version: batch.head.version + 1, ..batch.head }, books);
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::timestamp::Timestamp;
    use countersign_store::Identity;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn head() -> Head {
        Head::empty(&Identity { ledger: "a".to_owned(), ledger_id: "b".to_owned() })
    }

    fn books(ids: impl IntoIterator<Item = String>) -> Books {
        let accounts = ids.into_iter().map(|id| (id.clone(), Account::open(id, None, NOW))).collect();
        Books { accounts, ..Books::default() }
    }

    #[test]
    fn a_commit_leaves_everything_at_its_next_version() {
        let mut known = Known::default();
        let mut batch = Batch::on(head());
        batch.accounts.push(Account { version: 4, ..Account::open("ada".to_owned(), None, NOW) });
        batch.opened.push(Account::open("ben".to_owned(), None, NOW));
        batch.treasury = Some(Treasury { version: 6, ..Treasury::default() });
        known.commit(batch, books(["cleo".to_owned()]));
        assert!(["ada", "ben", "cleo"].iter().all(|id| known.knows(id)) && !known.knows("dov"));
        let left = known.take(&Wanted::default()).unwrap();
        assert_eq!((left.head.version, left.treasury.version), (1, 7));
        assert_eq!(["ada", "ben", "cleo"].map(|id| left.accounts[id].version), [5, 1, 0]);
        assert!(known.take(&Wanted::default()).is_none(), "what is taken is known no more");
    }

    #[test]
    fn a_batch_that_wants_anything_else_is_not_settled_on_it() {
        let mut known = Known::default();
        known.keep(head(), books([]));
        let some = || vec!["x".to_owned()];
        for wanted in [
            Wanted { accounts: some(), ..Wanted::default() },
            Wanted { referenced: some(), ..Wanted::default() },
            Wanted { answers: some(), ..Wanted::default() },
            Wanted { sent: some(), ..Wanted::default() },
        ] {
            assert!(known.take(&wanted).is_none(), "{wanted:?}");
        }
        assert!(known.take(&Wanted::default()).is_some());
    }

    #[test]
    fn past_its_bound_accounts_are_forgotten() {
        let mut known = Known::default();
        known.keep(head(), books((0..MAX_ACCOUNTS).map(|n| n.to_string())));
        assert!(known.knows("0"));
        let mut batch = Batch::on(head());
        batch.opened.push(Account::open("one more".to_owned(), None, NOW));
        let Loaded { accounts, treasury, .. } = known.take(&Wanted::default()).unwrap();
        known.commit(batch, Books { accounts, treasury, ..Books::default() });
        assert!(!known.knows("0") && !known.knows("one more"));
        assert_eq!(known.take(&Wanted::default()).unwrap().head.version, 1);
    }

    #[test]
    fn after_somebody_else_wrote_it_is_not_relied_upon_for_a_while() {
        let mut known = Known::default();
        known.forget();
        for _ in 0..UNDISTURBED {
            known.keep(head(), books(["ada".to_owned()]));
            assert!(known.knows("ada") && known.take(&Wanted::default()).is_none());
            let (accounts, sent, answers, referenced) = Default::default();
            let mut loaded =
                Loaded { head: head(), treasury: Treasury::default(), accounts, sent, answers, referenced };
            assert!(!known.is_not(&loaded));
            known.complete(&Wanted { accounts: vec!["ben".to_owned()], ..Wanted::default() }, &mut loaded);
            assert!(loaded.accounts.contains_key("ada"));
        }
        known.keep(head(), books(["ada".to_owned()]));
        assert!(known.take(&Wanted::default()).is_some());
    }
}
