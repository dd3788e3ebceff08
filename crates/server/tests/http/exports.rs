//! Exports: what is downloaded verifies, however it is downloaded.

use std::io::{Cursor, Read};
use std::sync::Arc;

use countersign_core::checkpoint::{Checkpoint, KeyKind, SignedNote, SigningKey};
use countersign_core::hash::Hash;
use countersign_core::report::TrustGrade;
use countersign_core::{Options, Report, verify_chain_integrity};
use countersign_engine::notary::Signer;
use flate2::read::GzDecoder;
use serde_json::json;

use crate::bed::{Bed, Plan, bearer};
use crate::client::Reply;

fn pay(bed: &Bed, times: u64) {
    let order =
        json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "1"});
    let last = bed.get("/api/v1/stats").json()["last_seq"].as_u64().unwrap();
    for n in 0..times {
        assert_eq!(bed.order(&format!("{last}-{n}"), &order).status, 201);
    }
}

fn bed() -> Bed {
    let bed = Bed::start();
    pay(&bed, 9);
    bed
}

fn verified(bytes: &[u8], options: &Options) -> Report {
    let report = verify_chain_integrity(Cursor::new(bytes), options, &mut |_| {}).unwrap();
    assert!(report.valid, "{}", serde_json::to_string_pretty(&report).unwrap());
    report
}

fn entries(bytes: &[u8]) -> u64 {
    verified(bytes, &Options::default()).total_transactions
}

#[test]
fn an_export_verifies_plain_packed_partial_and_withheld() {
    let bed = bed();
    let whole = bed.get("/api/v1/export");
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("application/jsonl")));
    assert_eq!(whole.header("content-disposition"), Some("attachment; filename=\"ledger-1-10.jsonl\""));
    assert_eq!(entries(&whole.body), 10);
    let on_the_way = bed.get_with("/api/v1/export", &[("accept-encoding", "br, gzip")]);
    assert_eq!(on_the_way.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    GzDecoder::new(on_the_way.body.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, whole.body);
    let file = bed.get("/api/v1/export?gzip=true");
    assert_eq!((file.header("content-type"), file.header("content-encoding")), (Some("application/gzip"), None));
    assert_eq!((entries(&file.body), &file.body), (10, &on_the_way.body));
    let middle = bed.get("/api/v1/export?first=4&last=7");
    assert_eq!(entries(&middle.body), 4);
    let withheld = bed.get("/api/v1/export?personal=withheld");
    assert_eq!(entries(&withheld.body), 10);
    assert!(!withheld.text().contains("salt") && whole.text().contains("anna's name"));
}

#[test]
fn what_is_not_there_is_not_exported() {
    let bed = bed();
    for query in ["?first=11", "?last=11", "?first=5&last=100"] {
        assert_eq!(bed.get(&format!("/api/v1/export{query}")).code(), "NOT_FOUND", "{query}");
    }
    for query in ["?first=0", "?first=5&last=4", "?personal=none", "?gzip=maybe", "?entries=all", "?first=1&first=2"] {
        assert_eq!(bed.get(&format!("/api/v1/export{query}")).code(), "INVALID_PARAMETER", "{query}");
    }
}

fn part(bed: &Bed, path: &str, range: &str, more: &[(&str, &str)]) -> Reply {
    bed.get_with(path, &[more, &[("range", range)]].concat())
}

#[test]
fn ranges_make_up_the_same_bytes() {
    let bed = bed();
    for path in ["/api/v1/export", "/api/v1/export?gzip", "/api/v1/export?first=3&last=8&personal=withheld"] {
        let whole = bed.get(path);
        let (tag, length) = (whole.header("etag").unwrap(), whole.body.len());
        let mut joined = Vec::new();
        while joined.len() < length {
            let range = format!("bytes={}-{}", joined.len(), joined.len() + 699);
            let part = part(&bed, path, &range, &[("if-range", tag)]);
            assert_eq!((part.status, part.header("etag")), (206, Some(tag)), "{path}");
            let last = (joined.len() + 699).min(length - 1);
            let stated = format!("bytes {}-{last}/{length}", joined.len());
            assert_eq!(part.header("content-range"), Some(stated.as_str()));
            joined.extend_from_slice(&part.body);
        }
        assert!(joined == whole.body, "{path}");
        let known = [("if-match", tag)];
        assert_eq!(part(&bed, path, "bytes=-10", &known).body, whole.body[length - 10..]);
        let beyond = part(&bed, path, &format!("bytes={length}-"), &known);
        assert_eq!((beyond.status, beyond.code().as_str()), (416, "RANGE_NOT_SATISFIABLE"));
        assert_eq!(beyond.header("content-range"), Some(format!("bytes */{length}").as_str()));
        assert_eq!(part(&bed, path, "bytes=0-1,5-6", &[]).status, 200, "several ranges are answered by the whole");
    }
}

#[test]
fn a_range_of_what_was_never_sent_whole_is_the_same() {
    let bed = bed();
    let path = "/api/v1/export?last=9";
    let head = bed.send("HEAD", path, &[("authorization", &bearer(&bed.secrets.auditor))], b"");
    let part = part(&bed, path, "bytes=100-199", &[("if-match", head.header("etag").unwrap())]);
    assert_eq!((part.status, part.body.len()), (206, 100));
    assert_eq!(part.body, bed.get(path).body[100..200]);
}

/// `curl -C -` says from where it wants to go on, and not of what.
#[test]
fn who_goes_on_without_saying_of_what_begins_anew() {
    let bed = bed();
    let path = "/api/v1/export?last=8";
    let before = bed.get(path);
    let second = bed.get("/api/v1/entries/2").json();
    let erasure = json!({"transaction_id": second["transaction_id"], "account_id": "anna"});
    assert_eq!(bed.administer("/api/v1/erasures", &erasure).status, 201);
    let anew = part(&bed, path, "bytes=1000-", &[]);
    assert_eq!((anew.status, anew.header("content-range")), (200, None), "half of it would be of another file");
    assert_eq!(entries(&anew.body), 8);
    let first = part(&bed, path, "bytes=0-999", &[]);
    assert_eq!((first.status, &first.body[..]), (206, &anew.body[..1000]));
    assert_ne!(anew.body, before.body);
}

#[test]
fn a_download_goes_on_after_the_ledger_did_and_starts_anew_where_it_must() {
    let bed = bed();
    let (fixed, whole) = (bed.get("/api/v1/export?last=8"), bed.get("/api/v1/export"));
    pay(&bed, 1);
    let tag = fixed.header("etag").unwrap();
    let rest = part(&bed, "/api/v1/export?last=8", "bytes=1000-", &[("if-range", tag)]);
    assert_eq!((rest.status, &rest.body[..]), (206, &fixed.body[1000..]));
    let tag = whole.header("etag").unwrap();
    let anew = part(&bed, "/api/v1/export", "bytes=1000-", &[("if-range", tag)]);
    assert_eq!((anew.status, entries(&anew.body)), (200, 11));
    let second = bed.get("/api/v1/entries/2").json();
    let erasure = json!({"transaction_id": second["transaction_id"], "account_id": "anna"});
    assert_eq!(bed.administer("/api/v1/erasures", &erasure).status, 201);
    let tag = fixed.header("etag").unwrap();
    let anew = part(&bed, "/api/v1/export?last=8", "bytes=1000-", &[("if-range", tag)]);
    assert_eq!(anew.status, 200, "what was erased is no longer sent");
    assert_eq!(entries(&anew.body), 8);
}

#[test]
fn what_the_reader_has_is_not_sent_again() {
    let bed = bed();
    let whole = bed.get("/api/v1/export");
    let tag = whole.header("etag").unwrap();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 34);
    let known = bed.get_with("/api/v1/export", &[("if-none-match", tag)]);
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, Some(tag)));
    assert_ne!(bed.get("/api/v1/export?gzip").header("etag"), Some(tag));
    assert_ne!(bed.get("/api/v1/export?personal=withheld").header("etag"), Some(tag));
    assert_eq!(bed.get_with("/api/v1/export", &[("if-match", "\"x\"")]).code(), "PRECONDITION_FAILED");
    let head = bed.send("HEAD", "/api/v1/export", &[("authorization", &bearer(&bed.secrets.auditor))], b"");
    assert_eq!((head.status, head.header("etag"), head.body.len()), (200, Some(tag), 0));
    assert_eq!(head.header("content-length"), Some(whole.body.len().to_string().as_str()));
    pay(&bed, 1);
    assert_eq!(bed.get_with("/api/v1/export", &[("if-none-match", tag)]).status, 200);
}

#[derive(Debug)]
struct Key(SigningKey);

impl Signer for Key {
    fn sign(&self, size: u64, root: &Hash, _unix_seconds: u64) -> String {
        let checkpoint = Checkpoint { origin: self.0.name().to_owned(), size, root: *root };
        checkpoint.sign(&self.0, None)
    }

    fn opens(&self, note: &str) -> Option<(u64, Hash)> {
        let note = SignedNote::parse(note).ok()?;
        let checkpoint = note.open(&[self.0.verifying_key()]).ok()?.checkpoint().ok()?;
        Some((checkpoint.size, checkpoint.root))
    }
}

#[test]
fn an_export_carries_a_checkpoint_of_exactly_its_entries() {
    let key = SigningKey::from_seed("game.example/economy", [7; 32], KeyKind::Ed25519).unwrap();
    let options = Options { keys: vec![key.verifying_key()], ..Options::default() };
    let bed = Plan { signer: Some(Arc::new(Key(key))), ..Plan::default() }.start();
    assert_eq!(bed.get("/api/v1/checkpoint").code(), "NOT_FOUND");
    pay(&bed, 5);
    for query in ["", "?last=4", "?first=3", "?first=2&last=5&personal=withheld"] {
        let export = bed.get(&format!("/api/v1/export{query}"));
        assert_eq!(verified(&export.body, &options).trust_grade, TrustGrade::Signed, "{query}");
        assert_eq!(bed.get(&format!("/api/v1/export{query}")).body, export.body, "{query}");
    }
    let note = bed.get("/api/v1/checkpoint?size=6");
    assert_eq!(note.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(note.text().starts_with("game.example/economy\n6\n"), "{}", note.text());
    assert_eq!(bed.get("/api/v1/checkpoint").body, note.body);
    assert_eq!(bed.get("/api/v1/checkpoint?size=4").code(), "NOT_FOUND", "whoever reads fills no table");
}

/// Whoever has only the new verifying key could not use a note by the old one.
#[test]
fn after_a_change_of_keys_exports_are_signed_by_the_new_one() {
    let key = |seed| SigningKey::from_seed("game.example/economy", [seed; 32], KeyKind::Ed25519).unwrap();
    let signer = |seed| Some(Arc::new(Key(key(seed))) as Arc<dyn Signer>);
    let mut bed = Plan { signer: signer(7), ..Plan::default() }.start();
    pay(&bed, 5);
    let before = bed.get("/api/v1/export");
    for (seed, read_only) in [(8, true), (9, false)] {
        bed.stop();
        let mut plan = Plan { signer: signer(seed), read_only, ..bed.plan() };
        plan.config.writable = !read_only;
        bed = plan.start_in(bed.folder.clone());
        let options = Options { keys: vec![key(seed).verifying_key()], ..Options::default() };
        for query in ["", "?last=4"] {
            let export = bed.get(&format!("/api/v1/export{query}"));
            assert_eq!(verified(&export.body, &options).trust_grade, TrustGrade::Signed, "{seed}{query}");
            assert_eq!(bed.get(&format!("/api/v1/export{query}")).body, export.body, "{query}");
            assert_ne!(export.body, before.body);
        }
    }
    // Who signs nothing hands out what is kept.
    bed.stop();
    let bed = bed.plan().start_in(bed.folder.clone());
    let options = Options { keys: vec![key(9).verifying_key()], ..Options::default() };
    assert_eq!(verified(&bed.get("/api/v1/export").body, &options).trust_grade, TrustGrade::Signed);
}

#[test]
fn what_would_be_said_of_an_export_signs_nothing() {
    let key = SigningKey::from_seed("game.example/economy", [7; 32], KeyKind::Ed25519).unwrap();
    let bed = Plan { signer: Some(Arc::new(Key(key))), ..Plan::default() }.start();
    pay(&bed, 5);
    let token = bearer(&bed.secrets.auditor);
    for query in ["", "?last=4"] {
        let path = format!("/api/v1/export{query}");
        let ask = || bed.send("HEAD", &path, &[("authorization", &token)], b"");
        assert_eq!((ask().status, ask().header("etag")), (200, None), "{query}");
        assert_eq!(bed.get("/api/v1/checkpoint?size=4").code(), "NOT_FOUND");
        let whole = bed.get(&path);
        assert_eq!(ask().header("etag"), whole.header("etag"), "once it is signed, it is known");
        let length = whole.body.len().to_string();
        assert_eq!(ask().header("content-length"), Some(length.as_str()), "{query}");
    }
}

/// Whoever has the file makes its tree another one; no note says so.
#[test]
fn a_tree_that_the_entries_do_not_give_is_not_signed() {
    let key = SigningKey::from_seed("game.example/economy", [7; 32], KeyKind::Ed25519).unwrap();
    let bed = Plan { signer: Some(Arc::new(Key(key))), ..Plan::default() }.start();
    pay(&bed, 5);
    let file = rusqlite::Connection::open(crate::bed::ledger_file(&bed.folder)).unwrap();
    let forge = format!("DROP TRIGGER nodes_never_change; UPDATE nodes SET hash = '{}'", "ab".repeat(32));
    file.execute_batch(&forge).unwrap();
    for query in ["", "?last=4", "?first=3"] {
        let refused = bed.get(&format!("/api/v1/export{query}"));
        assert_eq!((refused.status, refused.code().as_str()), (500, "STORE_DAMAGED"), "{query}");
    }
    assert_eq!(bed.get("/api/v1/checkpoint").code(), "NOT_FOUND");
}

#[test]
fn an_empty_ledger_is_exported_too() {
    use countersign_store::{Identity, sqlite};
    let folder = Arc::new(tempfile::TempDir::new().unwrap());
    let identity = Identity { ledger: "empty".to_owned(), ledger_id: "0".repeat(32) };
    drop(sqlite::create(&crate::bed::ledger_file(&folder), &identity, crate::bed::now()).unwrap());
    let bed = Plan::default().start_in(folder);
    let export = bed.get("/api/v1/export");
    assert_eq!(export.status, 200, "{export:?}");
    assert_eq!(verified(&export.body, &Options::default()).trust_grade, TrustGrade::Empty);
    assert_eq!(bed.get("/api/v1/export?first=1&last=1").code(), "NOT_FOUND");
    assert_eq!(bed.get("/api/v1/entries").json()["entries"], json!([]));
    assert_eq!(bed.get("/api/v1/proof?old=0").json()["proof"], json!([]));
}

#[test]
fn exports_are_bounded_in_number() {
    use std::io::Write;
    let mut plan = Plan::default();
    plan.config.limits.exports = 1;
    (plan.config.limits.stall_ms, plan.config.limits.export_bytes_per_second) = (2_000, 2 << 20);
    let bed = plan.start();
    // More than what waits in sockets between writer and reader.
    let order = json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO",
                       "amount": "0.01", "description": "x".repeat(2000)});
    let bodies = 3_000;
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (bed, order) = (&bed, &order);
            scope.spawn(move || {
                (0..bodies / 8).for_each(|n| assert_eq!(bed.order(&format!("{worker}-{n}"), order).status, 201));
            });
        }
    });
    let mut slow = crate::client::connect(bed.address);
    let token = bearer(&bed.secrets.auditor);
    write!(slow, "GET /api/v1/export HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n\r\n").unwrap();
    slow.read_exact(&mut [0; 12]).unwrap();
    let refused = bed.get("/api/v1/export");
    assert_eq!((refused.status, refused.code().as_str()), (503, "TOO_MANY_EXPORTS"));
    assert!(refused.header("retry-after").is_some());
    // What writes nothing is answered meanwhile.
    let said = bed.send("HEAD", "/api/v1/export", &[("authorization", &token)], b"");
    assert_eq!(said.status, 200);
    let known = [("if-none-match", said.header("etag").unwrap())];
    assert_eq!(bed.get_with("/api/v1/export", &known).status, 304);
    assert_eq!(bed.get_with("/api/v1/export", &[("if-match", "\"x\"")]).status, 412);
    // Whoever reads nothing is cut off, and the next one has his turn.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while bed.get("/api/v1/export?last=1").status != 200 {
        assert!(std::time::Instant::now() < until, "a reader that reads nothing keeps others out");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    drop(slow);
}

#[test]
fn who_has_all_of_an_export_has_the_next_one_at_once() {
    let mut plan = Plan::default();
    plan.config.limits.exports = 1;
    let bed = plan.start();
    pay(&bed, 3);
    for n in 0..100 {
        // Of a length that is known and of one that is not.
        let query = if n % 2 == 0 { "" } else { "?gzip" };
        assert_eq!(bed.get(&format!("/api/v1/export{query}")).status, 200, "the {n}th");
    }
}

/// Entries, accounts and a halt change nothing of a part that holds no documents.
#[test]
fn a_part_below_the_last_entry_stays_what_it_is() {
    let bed = bed();
    let tag = |query: &str| bed.get(&format!("/api/v1/export{query}")).header("etag").unwrap().to_owned();
    let (below, from) = (tag("?last=9"), tag("?first=2"));
    bed.administer("/api/v1/accounts", &json!({"id": "cara"}));
    bed.administer("/api/v1/halt", &json!({"reason": "test"}));
    assert_eq!((tag("?last=9"), tag("?first=2")), (below.clone(), from));
    bed.administer("/api/v1/resume", &json!({"reason": "test"}));
    pay(&bed, 3);
    assert_eq!(tag("?last=9"), below);
}
