//! The watch over PostgreSQL: a streaming replica is read, and the primary halted.

use std::sync::Arc;

use countersign_core::report::ErrorType;
use countersign_engine::watch::{Kind, Setup, Watch};
use countersign_store::conformance::desk;
use countersign_store::{Store, Wanted, postgres};
use countersign_testbed::shared;

use crate::ledger::Place;

#[test]
fn a_streaming_replica_is_read_and_the_primary_halted() {
    let (place, server) = (Place::new(), shared());
    let database = server.new_database();
    postgres::create(&server.url(&database), &desk::identity(), desk::start(), None).unwrap();
    let primary: Arc<dyn Store> = Arc::new(postgres::open(&server.url(&database), None).unwrap());
    desk::furnish(&*primary, &["alice", "bob", "carol"]);
    desk::carry_out(&*primary, &[desk::transfer("alice", "bob", "100")]);
    let standby = server.replica();
    let replica: Arc<dyn Store> = Arc::new(postgres::open_read_only(&standby.url(&database), None).unwrap());
    server.wait_for(&standby);
    let setup = Setup { store: primary.clone(), replica: Some(replica), ..place.setup() };
    let mut watch = Watch::new(setup).unwrap();
    let audit = watch.audit_now(Kind::Incremental).unwrap();
    assert!(audit.valid(), "{audit:?}");
    desk::carry_out(&*primary, &[desk::transfer("bob", "carol", "20")]);
    server.wait_for(&standby);
    let audit = watch.audit_now(Kind::Incremental).unwrap();
    assert_eq!((audit.valid(), audit.kind, audit.entries), (true, Kind::Incremental, 5));
    server.sql(&database, "UPDATE countersign_entries SET receiver_id = 'carol' WHERE seq = 2");
    server.wait_for(&standby);
    let audit = watch.audit_now(Kind::Full).unwrap();
    let finding = &audit.report.as_ref().unwrap().findings[0];
    assert_eq!((finding.error_type, finding.seq), (ErrorType::TransactionTampered, Some(2)));
    assert_eq!(primary.load(&Wanted::default()).unwrap().head.halt.unwrap().by, "watch");
    assert_eq!(place.hook.causes(), ["FINDING"]);
}
