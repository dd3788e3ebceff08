//! What is read: entries, histories, figures, checkpoints, proofs.

use countersign_core::hash::Hash;
use countersign_core::merkle::{leaf, verify_consistency, verify_inclusion};
use serde_json::{Value, json};

use crate::bed::{Bed, Plan, ledger_file};

fn with_payments(count: u64) -> Bed {
    let bed = Bed::start();
    let order =
        json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "1"});
    for n in 0..count {
        assert_eq!(bed.order(&n.to_string(), &order).status, 201);
    }
    bed
}

fn hash(value: &Value) -> Hash {
    Hash::parse(value.as_str().unwrap()).unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

#[test]
fn entries_come_in_pages() {
    let bed = with_payments(6);
    let (mut first, mut seqs) = (1, Vec::new());
    loop {
        let page = bed.get(&format!("/api/v1/entries?first={first}&limit=3")).json();
        seqs.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["seq"].as_u64().unwrap()));
        assert_eq!(page["last_seq"], 7);
        match page["next"].as_u64() {
            Some(next) => first = next,
            None => break,
        }
    }
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6, 7]);
    let beyond = bed.get("/api/v1/entries?first=100").json();
    assert_eq!(beyond, json!({"entries": [], "next": null, "last_seq": 7}));
    let by_seq = bed.get("/api/v1/entries/3").json();
    let by_id = bed.get(&format!("/api/v1/entries/{}", by_seq["transaction_id"].as_str().unwrap())).json();
    assert_eq!(by_seq, by_id);
    assert_eq!(bed.get("/api/v1/entries/8").code(), "NOT_FOUND");
    for name in ["0", "01", "-1", "x", "9007199254740992", "0190A5E2-7B1C-7C3D-8E4F-0123456789AB"] {
        assert_eq!(bed.get(&format!("/api/v1/entries/{name}")).code(), "INVALID_PARAMETER", "{name}");
    }
}

#[test]
fn histories_come_in_pages_the_latest_first() {
    let bed = with_payments(5);
    let seqs = |path: &str| -> Vec<u64> {
        let page = bed.get(path).json();
        page["entries"].as_array().unwrap().iter().map(|entry| entry["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(seqs("/api/v1/accounts/anna/history?side=sent"), [6, 5, 4, 3, 2]);
    assert_eq!(seqs("/api/v1/accounts/anna/history?side=received"), [1]);
    assert_eq!(seqs("/api/v1/accounts/anna/history"), [6, 5, 4, 3, 2, 1]);
    let page = bed.get("/api/v1/accounts/bob/history?limit=2").json();
    assert_eq!(page["before"], 5);
    assert_eq!(seqs("/api/v1/accounts/bob/history?limit=2&before=5"), [4, 3]);
    assert_eq!(bed.get("/api/v1/accounts/nobody/history").code(), "NOT_FOUND");
    assert_eq!(bed.get("/api/v1/accounts/anna/history?side=left").code(), "INVALID_PARAMETER");
    assert_eq!(bed.get("/api/v1/accounts/a%20b").code(), "INVALID_PARAMETER");
    assert_eq!(bed.get("/api/v1/accounts/SYSTEM").code(), "NOT_FOUND");
}

/// A page is kept until its reader has taken it.
#[test]
fn a_page_is_no_longer_than_a_megabyte() {
    let bed = Bed::start();
    let order = json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "1",
                       "description": "\"".repeat(2000)});
    for n in 0..300 {
        assert_eq!(bed.order(&n.to_string(), &order).status, 201);
    }
    let read = |path: &str, onward: &str| {
        let (mut next, mut seqs) = (path.to_owned(), Vec::new());
        loop {
            let answer = bed.get(&next);
            assert!(answer.body.len() < (1 << 20) + 100, "{}", answer.body.len());
            let page = answer.json();
            seqs.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["seq"].as_u64().unwrap()));
            match page[onward].as_u64() {
                Some(from) => next = format!("{path}&{}={from}", if onward == "next" { "first" } else { onward }),
                None => return seqs,
            }
        }
    };
    assert_eq!(read("/api/v1/entries?limit=1000", "next"), (1..=301).collect::<Vec<_>>());
    assert_eq!(read("/api/v1/accounts/anna/history?limit=301", "before"), (1..=301).rev().collect::<Vec<_>>());
}

#[test]
fn figures_add_up() {
    let bed = with_payments(4);
    let stats = bed.get("/api/v1/stats").json();
    assert_eq!(stats["totals"]["EURO"]["TRANSFER"]["transactions"], 4);
    assert_eq!(stats["minted"], json!({"EURO": "1000.0000"}));
    assert_eq!(stats["burned"], json!({"EURO": "0.0000"}));
    assert_eq!((&stats["ledger"], &stats["halted"]), (&"game.example/economy".into(), &false.into()));
    let last = bed.get("/api/v1/entries/5").json();
    assert_eq!(stats["head"], last["current_hash"]);
    let text = bed.get("/metrics");
    assert!(text.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    for line in ["countersign_ledger_entries 5\n", "countersign_engine_settled_total 4\n", "# EOF\n"] {
        assert!(text.text().contains(line), "{line}: {}", text.text());
    }
}

/// A reader that keeps to OpenMetrics takes none of the figures where one histogram has no bucket for all.
#[test]
fn every_histogram_ends_with_a_bucket_for_all() {
    let figures = with_payments(2).get("/metrics");
    let text = figures.text();
    assert!(!text.contains("7976931348623157"), "{text}");
    let histograms: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" histogram")).collect();
    assert!(histograms.contains(&"countersign_engine_commit_seconds"), "{text}");
    for name in histograms {
        let buckets: Vec<&str> = text.lines().filter(|line| line.starts_with(&format!("{name}_bucket"))).collect();
        let counts = text.lines().filter(|line| line.starts_with(&format!("{name}_count"))).count();
        let all = buckets.iter().filter(|bucket| bucket.contains("le=\"+Inf\"")).count();
        assert!(counts > 0 && all == counts, "{name}: {buckets:?}");
        assert!(buckets.last().is_some_and(|last| last.contains("le=\"+Inf\"")), "{name}: {buckets:?}");
    }
}

#[test]
fn figures_are_there_while_the_database_is_not() {
    let bed = with_payments(1);
    assert!(bed.get("/metrics").text().contains("countersign_ledger_up 1\n"));
    let database = rusqlite::Connection::open(ledger_file(&bed.folder)).unwrap();
    database.execute_batch("ALTER TABLE ledger RENAME TO lost").unwrap();
    assert_ne!(bed.get("/api/v1/stats").status, 200);
    let text = bed.get("/metrics");
    assert_eq!(text.status, 200);
    for line in ["countersign_ledger_up 0\n", "countersign_engine_settled_total 1\n", "# EOF\n"] {
        assert!(text.text().contains(line), "{line}: {}", text.text());
    }
    assert!(!text.text().contains("ledger_entries"), "{}", text.text());
}

/// Whoever drops a trigger keeps nobody from reading, and no balancer sends orders to what is written there.
#[test]
fn a_server_says_that_its_ledger_lost_its_protection() {
    let bed = with_payments(1);
    assert!(bed.get("/metrics").text().contains("countersign_ledger_unprotected 0\n"));
    let file = rusqlite::Connection::open(ledger_file(&bed.folder)).unwrap();
    file.execute_batch("DROP TRIGGER entries_never_change; DROP INDEX entries_type").unwrap();
    assert_eq!(bed.get("/readyz").code(), "NOT_READY");
    assert!(bed.get("/metrics").text().contains("countersign_ledger_unprotected 2\n"));
    assert_eq!((bed.get("/api/v1/export").status, bed.get("/api/v1/entries?first=1").status), (200, 200));
}

/// As where the file is another user's, or the database a standby.
#[test]
fn a_server_that_cannot_write_what_it_takes_is_not_ready() {
    let bed = with_payments(1);
    let file = rusqlite::Connection::open(ledger_file(&bed.folder)).unwrap();
    let smallest = i64::MIN;
    let refuses = format!("CREATE INDEX none ON acts (abs(CASE kind WHEN 'HALT' THEN {smallest} ELSE 1 END))");
    file.execute_batch(&refuses).unwrap();
    assert_eq!(bed.get("/readyz").code(), "NOT_READY");
}

#[test]
fn proofs_hold_for_every_entry_and_every_pair_of_sizes() {
    let bed = with_payments(8);
    for size in 1..=9_u64 {
        for seq in 1..=size {
            let proof = bed.get(&format!("/api/v1/proof?seq={seq}&size={size}")).json();
            let entry = bed.get(&format!("/api/v1/entries/{seq}")).json();
            assert_eq!(hash(&proof["leaf"]), leaf(&hash(&entry["current_hash"])));
            let (leaf, root) = (hash(&proof["leaf"]), hash(&proof["root"]));
            assert!(verify_inclusion(seq - 1, size, &leaf, &root, &hashes(&proof["proof"])), "{seq} in {size}");
        }
        let proof = bed.get(&format!("/api/v1/proof?old={}&new={size}", size - 1)).json();
        let (old, new) = (hash(&proof["old_root"]), hash(&proof["new_root"]));
        assert!(verify_consistency(size - 1, &old, size, &new, &hashes(&proof["proof"])), "{size}");
    }
    let whole = bed.get("/api/v1/proof?seq=1").json();
    assert_eq!((&whole["size"], &whole["root"]), (&9.into(), &bed.get("/api/v1/stats").json()["root"]));
    for query in ["", "?seq=10", "?seq=3&size=2", "?size=3", "?seq=1&old=1", "?old=5&new=4", "?old=1&new=10", "?seq=0"]
    {
        assert_eq!(bed.get(&format!("/api/v1/proof{query}")).code(), "INVALID_PARAMETER", "{query}");
    }
}

/// Whoever has the file makes a subtree another one, below those that the roots of today are made of.
#[test]
fn a_proof_that_does_not_hold_is_not_given() {
    let bed = with_payments(8);
    let file = rusqlite::Connection::open(ledger_file(&bed.folder)).unwrap();
    let forge = "DROP TRIGGER nodes_never_change; UPDATE nodes SET hash = ? WHERE level = 1 AND idx = 0";
    file.execute_batch(&forge.replace('?', &format!("'{}'", "ab".repeat(32)))).unwrap();
    // The last two agree with a root that is made of the same subtree.
    for query in ["?seq=3", "?seq=4&size=7", "?old=2", "?old=3&new=8", "?seq=1&size=2", "?seq=3&size=3", "?old=2&new=3"]
    {
        let refused = bed.get(&format!("/api/v1/proof{query}"));
        assert_eq!((refused.status, refused.code().as_str()), (500, "STORE_DAMAGED"), "{query}");
    }
    for query in ["?seq=1", "?seq=5", "?seq=9", "?old=4", "?old=0"] {
        assert_eq!(bed.get(&format!("/api/v1/proof{query}")).status, 200, "{query}");
    }
    let export = bed.get_with("/api/v1/export?first=3", &[("range", "bytes=0-9")]);
    assert_eq!((export.status, export.code().as_str()), (500, "STORE_DAMAGED"));
}

#[test]
fn a_resource_answers_head_options_and_no_other_method() {
    let bed = with_payments(0);
    let bearer = crate::bed::bearer(&bed.secrets.auditor);
    let token = [("authorization", bearer.as_str())];
    let head = bed.send("HEAD", "/api/v1/stats", &token, b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length").unwrap(), bed.get("/api/v1/stats").body.len().to_string());
    let options = bed.send("OPTIONS", "/api/v1/accounts/anna", &[], b"");
    assert_eq!((options.status, options.header("allow")), (204, Some("GET, PATCH, HEAD, OPTIONS")));
    for method in ["PUT", "DELETE", "BREW"] {
        let refused = bed.send(method, "/api/v1/stats", &token, b"");
        assert_eq!((refused.status, refused.code().as_str()), (405, "METHOD_NOT_ALLOWED"), "{method}");
        assert_eq!(refused.header("allow"), Some("GET, HEAD, OPTIONS"));
    }
    for path in ["/api/v1/nothing", "/api/v2/stats", "/api/v1/stats/", "/nothing", "/"] {
        assert_eq!(bed.get(path).code(), "NOT_FOUND", "{path}");
    }
    assert_eq!(bed.get("/api/v1/stats?verbose=1").code(), "INVALID_PARAMETER");
    let answer = bed.get("/api/v1/stats");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
}

#[test]
fn a_server_whose_watch_is_gone_is_not_ready() {
    for gone in [false, true] {
        let watch = Some(countersign_engine::watch::Metrics { gone, ..Default::default() });
        let bed = Plan { watch, ..Plan::default() }.start();
        let ready = bed.get("/readyz");
        assert_eq!(ready.status, if gone { 503 } else { 200 }, "{}", ready.text());
        assert!(bed.get("/metrics").text().contains(&format!("countersign_watch_gone {}\n", i32::from(gone))));
    }
}
