//! The server is held to its OpenAPI description: every documented resource answers as documented.
//! That every route is documented, and the other way round, is a test beside the routes.

use std::collections::BTreeSet;
use std::sync::Arc;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::bed::{Bed, Plan, ledger_file};
use crate::client::Reply;

/// The description as the server gives it.
struct Description(Value);

impl Description {
    /// A schema by its place, with all the others for it to refer to.
    fn validator(&self, schema: &Value) -> Validator {
        let mut whole = schema.clone();
        whole["components"] = self.0["components"].clone();
        jsonschema::draft202012::new(&whole).unwrap()
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(place) => self.0.pointer(place.strip_prefix('#').unwrap()).unwrap(),
            None => value,
        }
    }

    /// The documented answer of an operation with this status; what the server could not has the default one.
    fn answer(&self, method: &str, path: &str, status: u16) -> &Value {
        let responses = &self.0["paths"][path][method.to_lowercase()]["responses"];
        let answer = &responses[status.to_string()];
        let answer = if answer.is_null() && status >= 500 { &responses["default"] } else { answer };
        assert!(!answer.is_null(), "{method} {path}: {status} is not documented");
        self.resolve(answer)
    }

    /// Holds an answer to what is documented: status, type, headers, body.
    fn hold(&self, method: &str, path: &str, reply: &Reply) {
        let documented = self.answer(method, path, reply.status);
        for name in documented["headers"].as_object().map(|headers| headers.keys()).into_iter().flatten() {
            let optional = name == "Retry-After" && reply.status != 503;
            assert!(optional || reply.header(&name.to_lowercase()).is_some(), "{method} {path}: no {name}");
        }
        let Some(content) = documented["content"].as_object() else {
            assert!(reply.body.is_empty(), "{method} {path}");
            return;
        };
        let stated = reply.header("content-type").unwrap().split(';').next().unwrap();
        let schema =
            &content.get(stated).unwrap_or_else(|| panic!("{method} {path}: {stated} is not documented"))["schema"];
        if !stated.ends_with("json") {
            return;
        }
        let body = reply.json();
        let errors: Vec<String> =
            self.validator(schema).iter_errors(&body).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{method} {path} {}: {errors:?}\n{body}", reply.status);
    }
}

fn description(bed: &Bed) -> Description {
    let description = bed.send("GET", "/api/v1/openapi.json", &[], b"").json();
    assert_eq!(description["openapi"], "3.1.0");
    Description(description)
}

/// A request to be held to the description: method, documented path, path, body, status.
type Case = (&'static str, &'static str, String, Value, u16);

fn cases(erased: &str) -> Vec<Case> {
    let reason = || json!({"reason": "test"});
    let get = |path: &'static str, query: &str, status| ("GET", path, format!("{path}{query}"), Value::Null, status);
    let post = |path: &'static str, body, status| ("POST", path, path.to_owned(), body, status);
    let account = "/api/v1/accounts/{account}";
    let transfer =
        json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "9"});
    let withdrawal =
        json!({"receiver_id": "bob", "tax_type": "transfer_tax", "currency": "EURO", "amount": "0.1", "reason": "x"});
    vec![
        get("/healthz", "", 200),
        get("/readyz", "", 200),
        get("/metrics", "", 200),
        get("/api/v1/openapi.json", "", 200),
        post("/api/v1/transactions", transfer, 201),
        post("/api/v1/transactions", json!({"type": "X"}), 422),
        post(
            "/api/v1/transactions",
            json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "5000"}),
            409,
        ),
        post("/api/v1/accounts", json!({"id": "cara"}), 201),
        post("/api/v1/accounts", json!({"id": "cara"}), 409),
        (
            "PATCH",
            account,
            "/api/v1/accounts/cara".to_owned(),
            json!({"is_active": true, "is_banned": true, "reason": "x"}),
            200,
        ),
        (
            "PATCH",
            account,
            "/api/v1/accounts/nobody".to_owned(),
            json!({"is_active": true, "is_banned": true, "reason": "test"}),
            404,
        ),
        ("GET", account, "/api/v1/accounts/anna".to_owned(), Value::Null, 200),
        ("GET", account, "/api/v1/accounts/nobody".to_owned(), Value::Null, 404),
        (
            "GET",
            "/api/v1/accounts/{account}/history",
            "/api/v1/accounts/anna/history?limit=1".to_owned(),
            Value::Null,
            200,
        ),
        ("POST", "/api/v1/accounts/{account}/freeze", "/api/v1/accounts/bob/freeze".to_owned(), reason(), 201),
        get("/api/v1/accounts", "?frozen=true", 200),
        get("/api/v1/accounts", "", 400),
        ("POST", "/api/v1/accounts/{account}/unfreeze", "/api/v1/accounts/bob/unfreeze".to_owned(), reason(), 201),
        post("/api/v1/treasury/withdrawals", withdrawal, 201),
        get("/api/v1/treasury", "", 200),
        post("/api/v1/erasures", json!({"transaction_id": erased, "account_id": "anna"}), 201),
        get("/api/v1/entries", "?limit=3", 200),
        get("/api/v1/entries", "?first=0", 400),
        ("GET", "/api/v1/entries/{entry}", "/api/v1/entries/1".to_owned(), Value::Null, 200),
        ("GET", "/api/v1/entries/{entry}", format!("/api/v1/entries/{erased}"), Value::Null, 200),
        ("GET", "/api/v1/entries/{entry}", "/api/v1/entries/999".to_owned(), Value::Null, 404),
        get("/api/v1/acts", "?limit=2", 200),
        get("/api/v1/acts", "?before=0", 400),
        get("/api/v1/stats", "", 200),
        get("/api/v1/proof", "?seq=1", 200),
        get("/api/v1/proof", "?old=1", 200),
        get("/api/v1/proof", "", 400),
        get("/api/v1/export", "", 200),
        get("/api/v1/export", "?gzip", 200),
        get("/api/v1/export", "?first=999", 404),
        get("/api/v1/checkpoint", "", 200),
        get("/api/v1/checkpoint", "?size=999", 404),
        post("/api/v1/halt", reason(), 200),
        post(
            "/api/v1/transactions",
            json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "1"}),
            503,
        ),
        post("/api/v1/resume", json!({"reason": "a drill", "of": "watch"}), 409),
        post("/api/v1/resume", reason(), 200),
    ]
}

#[derive(Debug)]
struct Note;

impl countersign_engine::notary::Signer for Note {
    fn sign(&self, size: u64, _root: &countersign_core::hash::Hash, _unix_seconds: u64) -> String {
        format!("game.example/economy\n{size}\nroot\n\n— nobody\n")
    }

    fn opens(&self, _note: &str) -> Option<(u64, countersign_core::hash::Hash)> {
        None
    }
}

fn ask(bed: &Bed, n: usize, (method, _, path, body, _): &Case) -> Reply {
    let key = format!("case-{n}");
    if *method == "GET" {
        return bed.get(path);
    }
    bed.write(&bed.secrets.admin, method, path, &[("idempotency-key", &key)], body)
}

#[test]
fn every_documented_resource_answers_as_documented() {
    let bed = Plan { signer: Some(Arc::new(Note)), ..Plan::default() }.start();
    let description = description(&bed);
    let mint = bed.get("/api/v1/entries/1").json()["transaction_id"].as_str().unwrap().to_owned();
    let mut seen = BTreeSet::new();
    for (n, case) in cases(&mint).into_iter().enumerate() {
        let reply = ask(&bed, n, &case);
        let (method, documented, path, _, status) = case;
        assert_eq!(reply.status, status, "{method} {path}: {}", String::from_utf8_lossy(&reply.body));
        description.hold(method, documented, &reply);
        if reply.status < 300 {
            seen.insert(format!("{method} {documented}"));
        }
    }
    let paths = description.0["paths"].as_object().unwrap();
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            assert!(seen.contains(&format!("{} {path}", method.to_uppercase())), "{method} {path} was not asked");
        }
    }
}

#[test]
fn what_needs_a_token_says_so_and_what_is_refused_is_documented() {
    let bed = Bed::start();
    let description = description(&bed);
    for (path, methods) in description.0["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let (method, concrete) = (method.to_uppercase(), path.replace("{account}", "anna").replace("{entry}", "1"));
            let reply = bed.send(&method, &concrete, &[], b"");
            if operation["security"] == json!([]) {
                assert_eq!(reply.status, 200, "{method} {path}");
                continue;
            }
            assert_eq!(reply.status, 401, "{method} {path}");
            description.hold(&method, path, &reply);
            if method != "GET" {
                let weak = bed.write(&bed.secrets.auditor, &method, &concrete, &[], &json!({}));
                assert_eq!(weak.status, 403, "{method} {path}");
                description.hold(&method, path, &weak);
                let empty =
                    bed.write(&bed.secrets.admin, &method, &concrete, &[("idempotency-key", "k")], &json!({"no": 1}));
                assert_eq!(empty.status, 422, "{method} {path}");
                description.hold(&method, path, &empty);
            }
        }
    }
}

#[test]
fn ranges_and_conditions_are_documented() {
    let bed = Bed::start();
    let description = description(&bed);
    let tag = bed.get("/api/v1/export").header("etag").unwrap().to_owned();
    for (headers, status) in [
        (vec![("range", "bytes=0-9")], 206),
        (vec![("range", "bytes=9999999-"), ("if-range", tag.as_str())], 416),
        (vec![("if-none-match", tag.as_str())], 304),
        (vec![("if-match", "\"x\"")], 412),
    ] {
        let reply = bed.get_with("/api/v1/export", &headers);
        assert_eq!(reply.status, status);
        description.hold("GET", "/api/v1/export", &reply);
    }
}

#[test]
fn what_fails_is_documented_of_every_resource() {
    let bed = Bed::start();
    let description = description(&bed);
    let database = rusqlite::Connection::open(ledger_file(&bed.folder)).unwrap();
    database.execute_batch("ALTER TABLE ledger RENAME TO lost").unwrap();
    for (n, case) in cases("0190a5e2-7b1c-7c3d-8e4f-0123456789ab").into_iter().enumerate() {
        let reply = ask(&bed, n, &case);
        if reply.status >= 500 {
            description.hold(case.0, case.1, &reply);
        }
    }
    for (path, methods) in description.0["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let default = description.resolve(&operation["responses"]["default"]);
            let schema = &default["content"]["application/problem+json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{method} {path}");
        }
    }
    assert!(bed.get("/api/v1/stats").status >= 500);
}
