//! Many at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::Open;
use super::desk::{Everything, carry_out, furnish, identity, transfer};

const WRITERS: usize = 8;
const EACH: usize = 12;

/// Half of the writers share a handle, the others have one each. All pay from one account, taxed.
pub(super) fn many_writers_make_one_chain(open: &Open) {
    let shared = open();
    furnish(&*shared, &["alice", "bob", "carol"]);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let shared = &*shared;
            scope.spawn(move || {
                let own = (writer % 2 == 0).then(open);
                let store = own.as_deref().unwrap_or(shared);
                let to = if writer % 4 < 2 { "bob" } else { "carol" };
                for _ in 0..EACH {
                    carry_out(store, &[transfer("alice", to, "1.0100")]);
                }
            });
        }
    });
    let end = Everything::of(&*shared);
    end.assert_one_chain(&identity());
    assert_eq!(end.entries.len(), 3 + WRITERS * EACH);
    assert_eq!(end.treasury.transactions, (WRITERS * EACH) as u64);
    assert_eq!(end.euro().to_string(), "3000.0000", "what was minted, to the last ten-thousandth");
    // 96 times 1.01 with 0.0505 tax each; 48 times 0.9595 net to either.
    let balances: Vec<String> = end.accounts.iter().map(|account| account.balance("EURO").to_string()).collect();
    assert_eq!(balances, ["903.0400", "1046.0560", "1046.0560"]);
    assert_eq!(end.treasury.bucket("transfer_tax", "EURO").to_string(), "4.8480");
    let transfers = &end.head.totals["EURO"]["TRANSFER"];
    assert_eq!((transfers.transactions, transfers.gross.to_string()), (96, "96.9600".to_owned()));
}

pub(super) fn who_reads_sees_whole_commits(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0;
            while !done.load(Ordering::Relaxed) || looks == 0 {
                let seen = Everything::of(&*store);
                seen.assert_one_chain(&identity());
                assert_eq!(seen.euro().to_string(), "2000.0000");
                looks += 1;
            }
        });
        let other = open();
        for _ in 0..30 {
            carry_out(&*other, &[transfer("alice", "bob", "1"), transfer("bob", "alice", "0.5")]);
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
}
