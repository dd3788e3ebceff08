//! Stopping, and being replaced, while others pay.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use countersign_server::Config;
use serde_json::{Value, json};

use crate::bed::{Bed, Plan, bearer};
use crate::client::{connect, parse};

fn order() -> Value {
    json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "0.01"})
}

/// Pays on one connection after the other until told to stop; each payment until it is acknowledged.
fn keep_paying(address: SocketAddr, secret: &str, name: &str, stop: &AtomicBool) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for n in 0.. {
        let key = format!("{name}-{n}");
        loop {
            if stop.load(Ordering::Relaxed) {
                return acknowledged;
            }
            if let Some(id) = pay_once(address, secret, &key) {
                acknowledged.push(id);
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    acknowledged
}

/// The id of the transaction, where it was acknowledged.
fn pay_once(address: SocketAddr, secret: &str, key: &str) -> Option<String> {
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let body = order().to_string();
    let (token, length) = (bearer(secret), body.len());
    write!(
        stream,
        "POST /api/v1/transactions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {token}\r\n\
         idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .ok()?;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let reply = parse(&bytes, false)?;
    match reply.status {
        201 => Some(reply.json()["transaction_id"].as_str().unwrap().to_owned()),
        503 => None,
        status => panic!("{status}: {}", reply.text()),
    }
}

/// Every acknowledged payment is there, and no other.
fn hold(bed: &Bed, acknowledged: &[String]) {
    for id in acknowledged {
        assert_eq!(bed.get(&format!("/api/v1/entries/{id}")).status, 200, "{id} was acknowledged and is lost");
    }
    let settled = bed.get("/api/v1/stats").json()["totals"]["EURO"]["TRANSFER"]["transactions"].as_u64().unwrap_or(0);
    // Of each payer one payment may have been settled whose answer nobody waited for.
    let most = acknowledged.len() as u64 + PAYERS;
    assert!((acknowledged.len() as u64..=most).contains(&settled), "{settled} of {}", acknowledged.len());
}

const PAYERS: u64 = 4;

#[test]
fn what_is_acknowledged_before_a_stop_is_there_after_it() {
    let mut bed = Bed::start();
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let (address, secret) = (bed.address, bed.secrets.operator.clone());
    std::thread::scope(|scope| {
        for payer in 0..PAYERS {
            let (stop, acknowledged, secret) = (&stop, &acknowledged, &secret);
            scope.spawn(move || {
                let paid = keep_paying(address, secret, &format!("p{payer}"), stop);
                acknowledged.lock().unwrap().extend(paid);
            });
        }
        std::thread::sleep(Duration::from_millis(700));
        bed.stop();
        stop.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(!acknowledged.is_empty());
    hold(&bed.plan().start_in(bed.folder.clone()), &acknowledged);
}

#[cfg(unix)]
#[test]
fn a_server_is_replaced_under_load_and_loses_nothing() {
    let mut plan = Plan::default();
    plan.config.reuse_port = true;
    plan.config.limits.farewell_ms = 500;
    let mut old = plan.start();
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let (address, secret) = (old.address, old.secrets.operator.clone());
    let new = std::thread::scope(|scope| {
        for payer in 0..PAYERS {
            let (stop, acknowledged, secret) = (&stop, &acknowledged, &secret);
            scope.spawn(move || {
                let paid = keep_paying(address, secret, &format!("p{payer}"), stop);
                acknowledged.lock().unwrap().extend(paid);
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        let config = Config { listen: address, ..old.config.clone() };
        let new = Plan { config, ..old.plan() }.start_in(old.folder.clone());
        assert_eq!(new.address, address);
        std::thread::sleep(Duration::from_millis(300));
        old.stop();
        let so_far = || new.get("/api/v1/stats").json()["last_seq"].as_u64().unwrap();
        let (before, until) = (so_far(), Instant::now() + Duration::from_secs(60));
        while so_far() < before + 10 {
            assert!(Instant::now() < until, "the new server settles nothing");
        }
        stop.store(true, Ordering::Relaxed);
        new
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > 10);
    hold(&new, &acknowledged);
}

#[test]
fn a_server_that_stops_says_so_before_it_does() {
    let mut plan = Plan::default();
    plan.config.limits.farewell_ms = 1_500;
    let mut bed = plan.start();
    assert_eq!(bed.get("/readyz").json(), json!({"status": "ready"}));
    bed.tell_to_stop();
    let until = Instant::now() + Duration::from_secs(60);
    let refused = loop {
        let reply = bed.get("/readyz");
        if reply.status != 200 {
            break reply;
        }
        assert!(Instant::now() < until);
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "NOT_READY"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(bed.get("/api/v1/stats").status, 200, "whoever comes before the end is answered");
    assert_eq!(bed.order("k", &order()).status, 201);
    bed.stop();
    assert!(std::net::TcpStream::connect(bed.address).is_err());
}

#[test]
fn what_is_under_way_comes_to_its_end_and_no_later_than_the_bound() {
    let mut plan = Plan::default();
    plan.config.limits.shutdown_ms = 3_000;
    let mut bed = plan.start();
    let (token, body) = (bearer(&bed.secrets.operator), order().to_string());
    let start = |length: usize| {
        let mut stream = connect(bed.address);
        write!(
            stream,
            "POST /api/v1/transactions HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\nidempotency-key: k\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{}",
            &body[..10]
        )
        .unwrap();
        stream
    };
    let (mut good, stuck) = (start(body.len()), start(body.len()));
    std::thread::sleep(Duration::from_millis(300));
    bed.tell_to_stop();
    std::thread::sleep(Duration::from_millis(300));
    good.write_all(&body.as_bytes()[10..]).unwrap();
    let mut bytes = Vec::new();
    let _ = good.read_to_end(&mut bytes);
    let reply = parse(&bytes, false).unwrap();
    assert_eq!((reply.status, reply.header("connection")), (201, Some("close")));
    let stopping = Instant::now();
    bed.stop();
    assert!(stopping.elapsed() < Duration::from_secs(20));
    drop(stuck);
}

/// Somebody puts an older ledger in its place: no order can be carried out, and a balancer is to know.
#[test]
fn a_server_that_cannot_go_on_is_not_ready() {
    let bed = Plan::default().start();
    assert_eq!(bed.order("k", &order()).status, 201);
    let database = rusqlite::Connection::open(crate::bed::ledger_file(&bed.folder)).unwrap();
    database.execute("UPDATE ledger SET version = 0", []).unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while bed.get("/readyz").status == 200 {
        assert!(Instant::now() < until, "it says that it is ready");
    }
    assert_eq!(bed.get("/readyz").code(), "NOT_READY");
    assert_eq!(bed.order("l", &order()).code(), "STORE_DAMAGED");
    assert_eq!(bed.get("/healthz").status, 200);
}
