//! What the log says, and what it does not.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::bed::{Plan, bearer};

/// Keeps what is logged by the whole process.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn a_line_a_request_and_no_secret_in_any() {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE).with_writer(kept.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let mut plan = Plan::default();
    plan.engine.shield.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let bed = plan.start();
    let order = json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "1",
                       "description": "a-private-word"});
    let key =
        [("idempotency-key", "secret-key-1"), ("x-forwarded-for", "198.51.100.77"), ("user-agent", "agent-of-mine")];
    let paid = bed.write(&bed.secrets.operator, "POST", "/api/v1/transactions", &key, &order);
    assert_eq!(paid.status, 201);
    bed.send("GET", "/api/v1/stats", &[("authorization", &bearer("a-wrong-secret"))], b"");
    bed.write(&bed.secrets.operator, "POST", "/api/v1/treasury/withdrawals", &key, &json!({}));
    bed.get("/api/v1/accounts/a-private-account");
    bed.get("/a-private-path?token=a-secret-parameter");
    bed.write(&bed.secrets.operator, "POST", "/api/v1/transactions", &key, &json!({"a-private-field": 1}));
    let secrets = bed.secrets.clone();
    drop(bed);
    let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let fields = lines.iter().map(|line| &line["fields"]).filter(|fields| fields["message"] == "answered");
    let told = fields.clone().find(|fields| fields["status"] == 201 && fields["caller"] == "desk").unwrap();
    assert_eq!((&told["method"], &told["route"]), (&"POST".into(), &"/api/v1/transactions".into()));
    assert!(told["microseconds"].is_u64() && told.get("address").is_none(), "{told}");
    assert!(fields.clone().any(|fields| fields["code"] == "UNAUTHENTICATED"));
    assert!(fields.clone().any(|fields| fields["code"] == "FORBIDDEN" && fields["caller"] == "desk"));
    assert!(fields.clone().any(|fields| fields["route"] == "/api/v1/accounts/{account}" && fields["status"] == 404));
    let private =
        ["a-private", "a-wrong-secret", "a-secret", "secret-key", "198.51.100.77", "agent-of-mine", "anna's name"];
    for secret in private.into_iter().chain([&*secrets.auditor, &*secrets.operator, &*secrets.admin]) {
        assert!(!log.contains(secret), "{secret}");
    }
}
