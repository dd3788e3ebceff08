//! Two processes on one file.

use std::env;
use std::process::Command;

use countersign_store::conformance::desk::{self, Everything};
use countersign_store::sqlite;

use crate::Ledger;

const LEDGER: &str = "COUNTERSIGN_TEST_LEDGER";
const PAYMENTS: usize = 40;

fn pay(path: &std::path::Path, amount: &str) {
    let store = sqlite::open(path, None).unwrap();
    for _ in 0..PAYMENTS {
        desk::carry_out(&store, &[desk::transfer("alice", "bob", amount)]);
    }
}

#[test]
#[ignore = "the other process, which its test starts"]
fn the_other_process() {
    pay(env::var_os(LEDGER).unwrap().as_ref(), "2");
}

#[test]
fn two_processes_make_one_chain() {
    let ledger = Ledger::furnished();
    let before = Everything::of(&ledger.open());
    let mut other = Command::new(env::current_exe().unwrap());
    other.args(["--exact", "processes::the_other_process", "--ignored"]).env(LEDGER, &ledger.path);
    let mut other = other.spawn().unwrap();
    pay(&ledger.path, "1");
    assert!(other.wait().unwrap().success());
    let end = Everything::of(&ledger.open());
    end.assert_one_chain(&desk::identity());
    assert_eq!(end.entries.len(), before.entries.len() + 2 * PAYMENTS);
    assert_eq!(end.euro(), before.euro());
    // 100 to bob and 10 of it back before; then 40 times 1 and 40 times 2.
    assert_eq!(desk::balance(&ledger.open(), "alice"), "790.0000");
}
