//! Requests of who means no good, or knows no better.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bed::{Bed, Plan, bearer};
use crate::client::{Reply, connect, raw, read};

/// Posts a body as it is.
fn post(bed: &Bed, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let bearer = bearer(&bed.secrets.operator);
    let own = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
    bed.send("POST", "/api/v1/transactions", &[headers, &own].concat(), body)
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn what_is_no_json_is_told_where_it_stops_being_it() {
    let bed = Bed::start();
    for body in ["", "{", "{\"type\":}", "[1,2", "{\"type\": \"TRANSFER\"} x", "NaN"] {
        let refused = post(&bed, &[JSON], body.as_bytes());
        assert_eq!((refused.status, refused.code().as_str()), (400, "MALFORMED_JSON"), "{body}");
        assert!(refused.json()["line"].is_u64() && refused.json()["column"].is_u64(), "{body}");
    }
    assert_eq!(post(&bed, &[JSON], b"\xff\xfe{}").status, 400);
    let deep = format!("{{\"type\":{}", "[".repeat(60_000));
    assert_eq!(post(&bed, &[JSON], deep.as_bytes()).code(), "MALFORMED_JSON");
}

#[test]
fn wrong_types_unknown_and_doubled_fields_are_named() {
    let bed = Bed::start();
    let good =
        json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "1"});
    let refused = |body: &str, field: &str| {
        let refused = post(&bed, &[JSON], body.as_bytes());
        assert_eq!((refused.status, refused.code().as_str()), (422, "INVALID_BODY"), "{body}: {}", refused.text());
        assert_eq!(refused.json()["field"], field, "{body}: {}", refused.text());
    };
    for value in [json!(1), json!(1.5), json!(true), json!(["1"]), json!({"a": 1})] {
        let mut order = good.clone();
        order["amount"] = value;
        refused(&order.to_string(), "amount");
    }
    let mut order = good.clone();
    order["ip_address"] = "1.2.3.4".into();
    refused(&order.to_string(), "ip_address");
    let doubled = good.to_string().replacen('{', "{\"amount\":\"9\",", 1);
    let reply = post(&bed, &[JSON], doubled.as_bytes());
    assert_eq!(reply.code(), "INVALID_BODY");
    assert!(reply.text().contains("duplicate field `amount`"), "{}", reply.text());
    for body in ["[]", "[\"TRANSFER\"]", "\"TRANSFER\"", "null", "1"] {
        let reply = post(&bed, &[JSON], body.as_bytes());
        assert_eq!(
            (reply.code().as_str(), &reply.json()["detail"]),
            ("INVALID_BODY", &"the body must be an object".into())
        );
    }
    assert_eq!(bed.balance("anna"), "1000.0000");
}

/// Whoever keeps a connection and is not told sends his next order into one that is gone.
#[test]
fn who_is_refused_before_his_body_came_is_told_that_the_connection_ends() {
    let bed = Bed::start();
    let posted = |path: &str, secret: &str| {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nauthorization: {}\r\nidempotency-key: k\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n",
            bearer(secret)
        );
        raw(bed.address, head.as_bytes())
    };
    for (path, secret, status) in [
        ("/api/v1/transactions", "a-wrong-secret", 401),
        ("/api/v1/transactions", &bed.secrets.auditor, 403),
        ("/api/v1/stats", &bed.secrets.auditor, 405),
        ("/api/v1/nothing", &bed.secrets.auditor, 404),
    ] {
        let refused = posted(path, secret);
        assert_eq!((refused.status, refused.header("connection")), (status, Some("close")), "{path}");
    }
    let get = format!("GET /api/v1/stats HTTP/1.1\r\nhost: test\r\nauthorization: {}\r\n\r\n", bearer("wrong"));
    let mut stream = connect(bed.address);
    stream.write_all(get.repeat(2).as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut both = String::new();
    stream.read_to_string(&mut both).unwrap();
    assert_eq!((both.matches("HTTP/1.1 401").count(), both.matches("connection: close").count()), (2, 0), "{both}");
}

#[test]
fn bodies_are_json_of_bounded_size() {
    let mut plan = Plan::default();
    plan.config.limits.body = 1000;
    let bed = plan.start();
    for headers in [
        vec![],
        vec![("content-type", "text/plain")],
        vec![("content-type", "application/x-www-form-urlencoded")],
        vec![("content-type", "application/json; charset=latin1")],
        vec![JSON, ("content-encoding", "gzip")],
    ] {
        let refused = post(&bed, &headers, b"{}");
        assert_eq!((refused.status, refused.code().as_str()), (415, "UNSUPPORTED_MEDIA_TYPE"), "{headers:?}");
    }
    assert_eq!(post(&bed, &[("content-type", "application/json; charset=UTF-8")], b"{}").status, 422);
    assert_eq!(post(&bed, &[JSON, ("content-encoding", "Identity")], b"{}").status, 422, "it is not compressed");
    let large = format!("{{\"type\":\"{}\"}}", "x".repeat(1000));
    let refused = post(&bed, &[JSON], large.as_bytes());
    assert_eq!((refused.status, refused.code().as_str()), (413, "BODY_TOO_LARGE"));
    let token = bearer(&bed.secrets.operator);
    let head = format!(
        "POST /api/v1/transactions HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\n"
    );
    let unstated = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    assert_eq!(raw(bed.address, unstated.as_bytes()).code(), "BODY_TOO_LARGE");
    let promised = format!("{head}content-length: 99999999999\r\n\r\n");
    assert_eq!(raw(bed.address, promised.as_bytes()).code(), "BODY_TOO_LARGE");
    let broken = format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n");
    assert_eq!(raw(bed.address, broken.as_bytes()).status, 400);
}

#[test]
fn heads_are_of_bounded_size_and_of_http() {
    let bed = Bed::start();
    let long = "x".repeat(100_000);
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let ask = |text: String| raw(bed.address, text.as_bytes()).status;
    assert_eq!(ask(format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {long}\r\n\r\n")), 431);
    assert_eq!(ask(format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n")), 431);
    assert!(matches!(ask(format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n")), 414 | 431));
    assert_eq!(ask("NONSENSE\r\n\r\n".to_owned()), 400);
    assert_eq!(ask("GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n".to_owned()), 400);
    assert_eq!(ask("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned()), 400);
    let query = bed.get(&format!("/api/v1/entries?{}", "a".repeat(3000)));
    assert_eq!((query.status, query.code().as_str()), (414, "ADDRESS_TOO_LONG"));
    assert_eq!(bed.get("/healthz").status, 200);
}

#[test]
fn slow_clients_are_let_go() {
    let mut plan = Plan::default();
    (plan.config.limits.head_ms, plan.config.limits.body_ms) = (300, 300);
    let bed = plan.start();
    let started = Instant::now();
    let mut silent = connect(bed.address);
    let mut slow = connect(bed.address);
    slow.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").unwrap();
    let mut bytes = Vec::new();
    assert_eq!(silent.read_to_end(&mut bytes).unwrap_or(0), 0);
    let _ = slow.read_to_end(&mut bytes);
    assert!(bytes.is_empty() || bytes.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&bytes));
    let token = bearer(&bed.secrets.operator);
    let mut body = connect(bed.address);
    write!(
        body,
        "POST /api/v1/transactions HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    )
    .unwrap();
    let refused = read(body, false);
    assert_eq!((refused.status, refused.code().as_str()), (408, "BODY_TIMEOUT"));
    assert_eq!(refused.header("connection"), Some("close"));
    assert!(started.elapsed() < Duration::from_secs(30));
}

/// Connections that send half a head, which are held for as long as a head may take.
fn half(bed: &Bed, many: usize) -> Vec<std::net::TcpStream> {
    let half = |_| {
        let mut stream = connect(bed.address);
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").unwrap();
        stream
    };
    (0..many).map(half).collect()
}

#[test]
fn who_finds_no_room_is_told_at_once_and_the_next_one_has_it() {
    let mut plan = Plan::default();
    (plan.config.limits.connections, plan.config.limits.head_ms) = (2, 600_000);
    let bed = plan.start();
    let held = half(&bed, 2);
    let refused = bed.get("/healthz");
    assert_eq!((refused.status, refused.code().as_str()), (503, "TOO_MANY_CONNECTIONS"));
    assert_eq!((refused.header("connection"), refused.header("retry-after")), (Some("close"), Some("1")));
    drop(held);
    let until = Instant::now() + Duration::from_secs(60);
    while bed.get("/healthz").status != 200 {
        assert!(Instant::now() < until, "who left still has his place");
    }
    assert!(bed.get("/metrics").text().contains("countersign_http_connections_turned_away_total"));
}

/// On Linux all of 127.0.0.0/8 is this machine.
#[cfg(target_os = "linux")]
#[test]
fn one_address_does_not_take_everybody_s_connections() {
    use socket2::{Domain, SockAddr, Socket, Type};
    let mut plan = Plan::default();
    plan.config.limits.connections_by_address = 2;
    plan.config.limits.head_ms = 600_000;
    let from = |address: &str, bed: &Bed| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let own: std::net::SocketAddr = format!("{address}:0").parse().unwrap();
        socket.bind(&SockAddr::from(own)).unwrap();
        socket.connect(&SockAddr::from(bed.address)).unwrap();
        let mut stream = std::net::TcpStream::from(socket);
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        read(stream, false).status
    };
    let bed = plan.start();
    let held = half(&bed, 2);
    assert_eq!((from("127.0.0.1", &bed), from("127.0.0.2", &bed)), (503, 200));
    let mut plan = bed.plan();
    plan.engine.shield.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let behind = plan.start_in(bed.folder.clone());
    let held_behind = half(&behind, 2);
    assert_eq!(from("127.0.0.1", &behind), 200, "a proxy's connections are many people's");
    drop((held, held_behind));
}

#[test]
fn who_has_asked_and_says_no_more_is_answered() {
    let bed = Bed::start();
    let mut stream = connect(bed.address);
    let token = bearer(&bed.secrets.auditor);
    write!(stream, "GET /api/v1/export HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n\r\n").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read(stream, false).status, 200);
}

#[test]
fn a_request_names_its_host_once() {
    let bed = Bed::start();
    let ask = |version: &str, hosts: &str| {
        raw(bed.address, format!("GET /healthz HTTP/{version}\r\n{hosts}connection: close\r\n\r\n").as_bytes())
    };
    for hosts in ["", "host: x\r\nhost: x\r\n"] {
        let refused = ask("1.1", hosts);
        assert_eq!((refused.status, refused.code().as_str()), (400, "BAD_REQUEST"), "{hosts:?}");
    }
    assert_eq!(ask("1.0", "").status, 200, "the version before knew none");
    assert_eq!(ask("1.1", "host: x\r\n").status, 200);
}

#[test]
fn an_answer_tells_nothing_of_the_inside() {
    let bed = Bed::start();
    let folder = bed.folder.path().to_str().unwrap().to_owned();
    std::fs::write(bed.folder.path().join("ledger.db"), b"what is this").unwrap();
    for path in ["/api/v1/stats", "/api/v1/export", "/api/v1/entries", "/api/v1/accounts/anna", "/readyz"] {
        let reply = bed.get(path);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(!text.contains(&folder) && !text.contains("sqlite") && !text.contains("SELECT"), "{path}: {text}");
        if reply.status >= 500 {
            let problem: Value = reply.json();
            assert!(problem["code"].is_string(), "{text}");
        }
    }
}
