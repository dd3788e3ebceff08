//! Who may do what.

use countersign_server::{Config, Role, Token};
use serde_json::json;

use crate::bed::{Bed, Plan, bearer};
use crate::client::Reply;

fn pay() -> serde_json::Value {
    json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "1"})
}

/// All that tells one refusal from another, without what names the request.
fn told(reply: &Reply) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let headers = reply.headers.iter().filter(|(name, _)| name != "date" && name != "x-request-id");
    (reply.status, headers.cloned().collect(), reply.body.clone())
}

#[test]
fn missing_wrong_and_powerless_tokens_are_refused_without_a_hint_of_which() {
    let bed = Bed::start();
    let wrong = bearer(&bed.secrets.admin.replace(|c: char| c.is_ascii_digit(), "0"));
    for (method, path) in
        [("GET", "/api/v1/stats"), ("GET", "/metrics"), ("POST", "/api/v1/transactions"), ("POST", "/api/v1/halt")]
    {
        let missing = bed.send(method, path, &[], b"");
        assert_eq!((missing.status, missing.code().as_str()), (401, "UNAUTHENTICATED"));
        assert_eq!(missing.header("www-authenticate"), Some("Bearer realm=\"countersign\""));
        for authorization in [wrong.as_str(), "Bearer x", "Basic eDp5", "Bearer"] {
            let refused = bed.send(method, path, &[("authorization", authorization)], b"");
            assert_eq!(told(&refused), told(&missing), "{method} {path} {authorization}");
        }
    }
}

#[test]
fn a_role_does_what_it_may_and_no_more() {
    let bed = Bed::start();
    let reason = json!({"reason": "test"});
    let ask = |secret: &str, path: &str, body| bed.write(secret, "POST", path, &[("idempotency-key", "k")], body);
    for path in ["/api/v1/transactions", "/api/v1/halt", "/api/v1/resume", "/api/v1/accounts", "/api/v1/erasures"] {
        let refused = ask(&bed.secrets.auditor, path, &reason);
        assert_eq!((refused.status, refused.code().as_str()), (403, "FORBIDDEN"), "{path}");
    }
    for path in ["/api/v1/halt", "/api/v1/accounts/anna/freeze", "/api/v1/treasury/withdrawals"] {
        assert_eq!(ask(&bed.secrets.operator, path, &reason).status, 403, "{path}");
    }
    let refused = bed.write(&bed.secrets.operator, "PATCH", "/api/v1/accounts/anna", &[], &json!({}));
    assert_eq!(refused.status, 403);
    assert_eq!(bed.order("a", &pay()).status, 201);
    let as_admin = bed.write(&bed.secrets.admin, "POST", "/api/v1/transactions", &[("idempotency-key", "a")], &pay());
    assert_eq!(as_admin.status, 201);
    let reads = bed.send("GET", "/api/v1/stats", &[("authorization", &bearer(&bed.secrets.operator))], b"");
    assert_eq!(reads.status, 200);
}

#[test]
fn money_is_made_by_admins_and_the_operator_is_who_holds_the_token() {
    let bed = Bed::start();
    let mint =
        json!({"type": "SYSTEM_MINT", "sender_id": "SYSTEM", "receiver_id": "anna", "currency": "EURO", "amount": "5"});
    let refused = bed.order("m", &mint);
    assert_eq!((refused.status, refused.code().as_str()), (403, "FORBIDDEN"));
    let made = bed.administer("/api/v1/transactions", &mint);
    assert_eq!(made.status, 201, "{made:?}");
    let entry = bed.get(made.header("location").unwrap()).json();
    assert_eq!(entry["operator_id"], "chief");
    let mut forged = mint;
    forged["operator_id"] = "somebody".into();
    let refused = bed.administer("/api/v1/transactions", &forged);
    assert_eq!((refused.status, refused.code().as_str()), (422, "INVALID_FIELD"));
    assert_eq!(refused.json()["field"], "operator_id");
    let frozen = bed.administer("/api/v1/accounts/bob/freeze", &json!({"reason": "looks odd"}));
    let entry = bed.get(frozen.header("location").unwrap()).json();
    assert_eq!((&entry["operator_id"], &entry["personal"]["description"]), (&"chief".into(), &"looks odd".into()));
}

#[test]
fn a_secret_that_replaces_another_keeps_its_idempotency_keys() {
    let mut plan = Plan::default();
    let (new, sha256) = Token::generate().unwrap();
    plan.config.tokens.push(Token { name: "desk".to_owned(), role: Role::Operator, sha256 });
    let bed = plan.start();
    let paid = bed.order("k", &pay());
    let again = bed.write(&new, "POST", "/api/v1/transactions", &[("idempotency-key", "k")], &pay());
    assert_eq!((paid.status, again.status), (201, 201));
    assert_eq!(paid.json()["transaction_id"], again.json()["transaction_id"]);
    assert_eq!(bed.get("/api/v1/stats").json()["last_seq"], 2);
}

#[test]
fn a_server_reads_only_unless_it_is_told_to_write() {
    let bed = Bed::start();
    let config = Config { writable: false, ..bed.plan().config };
    let reader = Plan { config, ..bed.plan() }.start_in(bed.folder.clone());
    let only = Plan { config: reader.config.clone(), read_only: true, ..bed.plan() }.start_in(bed.folder.clone());
    for server in [&reader, &only] {
        let refused = server.administer("/api/v1/transactions", &pay());
        assert_eq!((refused.status, refused.code().as_str()), (405, "READ_ONLY"));
        assert_eq!(refused.header("allow"), Some("OPTIONS"));
        let refused = server.administer("/api/v1/accounts", &json!({"id": "x"}));
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
        assert_eq!(server.get("/api/v1/stats").json()["last_seq"], 1);
        assert_eq!(server.get("/readyz").status, 200);
    }
    assert_eq!(bed.order("k", &pay()).status, 201);
    assert_eq!(only.get("/api/v1/stats").json()["last_seq"], 2);
}

/// A page whose name was made to point here asks for that name, and reads nothing.
#[test]
fn who_asks_for_another_host_is_refused() {
    let mut plan = Plan::default();
    plan.config.public_reads = true;
    plan.config.hosts = vec!["ledger.example".to_owned()];
    let bed = plan.start();
    let ask = |line: &str, host: &str| {
        let head = format!("GET {line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        crate::client::raw(bed.address, head.as_bytes())
    };
    for path in ["/api/v1/stats", "/api/v1/export", "/metrics", "/healthz", "/", "/nowhere"] {
        let refused = ask(path, "evil.example");
        assert_eq!((refused.status, refused.code().as_str()), (421, "HOST_NOT_SERVED"), "{path}");
    }
    for host in ["ledger.example", "127.0.0.1", "localhost:8787"] {
        assert_eq!(ask("/api/v1/stats", host).status, 200, "{host}");
    }
    assert_eq!(ask("http://evil.example/api/v1/stats", "localhost").status, 421);
    let any = Plan { config: Config { hosts: vec!["*".to_owned()], ..bed.plan().config }, ..bed.plan() };
    let any = any.start_in(bed.folder.clone());
    let head = "GET /api/v1/stats HTTP/1.1\r\nhost: any.example\r\nconnection: close\r\n\r\n";
    assert_eq!(crate::client::raw(any.address, head.as_bytes()).status, 200);
}

#[test]
fn public_reads_show_no_personal_data_and_write_nothing() {
    let mut plan = Plan::default();
    plan.config.public_reads = true;
    let bed = plan.start();
    let paid = bed.order("k", &pay());
    let path = paid.header("location").unwrap();
    let public = |path: &str| bed.send("GET", path, &[], b"");
    assert_eq!((public("/api/v1/acts").status, bed.get("/api/v1/acts").status), (401, 200));
    assert_eq!(public(path).json()["personal"], serde_json::Value::Null);
    assert!(bed.get(path).json()["personal"]["salt"].is_string());
    assert_eq!(public("/api/v1/accounts/anna").json()["username"], serde_json::Value::Null);
    assert_eq!(bed.get("/api/v1/accounts/anna").json()["username"], "anna's name");
    for path in ["/api/v1/export", "/api/v1/entries", "/api/v1/accounts/anna/history"] {
        let seen = public(path);
        assert_eq!(seen.status, 200);
        assert!(!seen.text().contains("name\":\"") && !seen.text().contains("salt"), "{path}: {}", seen.text());
    }
    assert_eq!(public("/api/v1/export?personal=full").code(), "UNAUTHENTICATED");
    assert_eq!(bed.send("POST", "/api/v1/transactions", &[], b"{}").code(), "UNAUTHENTICATED");
    let wrong = bed.send("GET", "/api/v1/stats", &[("authorization", "Bearer x")], b"");
    assert_eq!(wrong.code(), "UNAUTHENTICATED");
}

#[test]
fn what_makes_no_sense_is_not_served() {
    use countersign_server::{Ledger, Server};
    use countersign_store::sqlite;
    let bed = Bed::start();
    let refused = |change: &dyn Fn(&mut Config)| {
        let mut config = bed.plan().config;
        change(&mut config);
        let store = sqlite::open_read_only(&crate::bed::ledger_file(&bed.folder), None).unwrap();
        Server::bind(config, Ledger::ReadOnly(std::sync::Arc::new(store)), None).unwrap_err().to_string()
    };
    assert!(refused(&|config| config.writable = true).contains("writable"));
    let read_only = |config: &mut Config| config.writable = false;
    assert!(
        refused(&|config| {
            read_only(config);
            config.tokens.push(config.tokens[0].clone());
        })
        .contains("twice")
    );
    assert!(
        refused(&|config| {
            read_only(config);
            config.limits.connections = 0;
        })
        .contains("connections")
    );
    assert!(
        refused(&|config| {
            read_only(config);
            config.page = Some("/nowhere".into());
        })
        .contains("index.html")
    );
    let taken = refused(&|config| {
        read_only(config);
        config.listen = bed.address;
    });
    assert!(taken.contains("cannot be listened on"), "{taken}");
}
