use countersign_store::conformance::{self, Open, desk};
use countersign_store::sqlite;
use tempfile::TempDir;

/// A ledger in a directory of its own, which goes when nobody opens it any more.
fn fresh() -> Box<Open> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("ledger.db");
    sqlite::create(&path, &desk::identity(), desk::start()).unwrap();
    Box::new(move || {
        let _kept = &directory;
        Box::new(sqlite::open(&path, Some(&desk::identity().ledger)).unwrap())
    })
}

#[test]
fn it_is_a_store() {
    conformance::run(&fresh);
}
