//! Transactions and what administers them: every refusal has its code and changes nothing.

use countersign_core::taxes::Tax;
use serde_json::{Value, json};

use crate::bed::{Bed, Plan};
use crate::client::Reply;

fn transfer() -> Value {
    json!({"type": "TRANSFER", "sender_id": "anna", "receiver_id": "bob", "currency": "EURO", "amount": "100"})
}

/// A transfer with one field changed.
fn with(field: &str, value: impl Into<Value>) -> Value {
    let mut order = transfer();
    order[field] = value.into();
    order
}

fn refused(reply: &Reply) -> (u16, String) {
    (reply.status, reply.code())
}

#[test]
fn a_payment_is_settled_whole() {
    let bed = Bed::start();
    let paid = bed.order("k", &transfer());
    assert_eq!(paid.status, 201, "{paid:?}");
    let receipt = paid.json();
    assert_eq!(
        (&receipt["gross"], &receipt["tax"], &receipt["net"]),
        (&"100.0000".into(), &"5.0000".into(), &"95.0000".into())
    );
    assert_eq!(receipt["sender"], json!({"id": "anna", "before": "1000.0000", "after": "900.0000"}));
    assert_eq!(receipt["receiver"], json!({"id": "bob", "before": "0.0000", "after": "95.0000"}));
    let entry = bed.get(paid.header("location").unwrap()).json();
    assert_eq!(entry["current_hash"], receipt["current_hash"]);
    assert_eq!(entry["personal"]["ip_address"], "127.0.0.1");
    assert_eq!(entry["operator_id"], Value::Null);
    assert_eq!(bed.get("/api/v1/treasury").json()["collected"]["transfer_tax"]["EURO"], "5.0000");
}

#[test]
fn every_refusal_has_its_code_and_changes_nothing() {
    let mut plan = Plan::default();
    plan.engine.policy.taxes.set("X_FEE", Tax { rate: 100, tax_type: "fee".to_owned() });
    let bed = plan.start();
    bed.administer("/api/v1/accounts", &json!({"id": "frozen"}));
    bed.administer("/api/v1/accounts/frozen/freeze", &json!({"reason": "test"}));
    let stand = |id: &str, is_active: bool, is_banned: bool| {
        bed.administer("/api/v1/accounts", &json!({"id": id}));
        let standing = json!({"is_active": is_active, "is_banned": is_banned, "reason": "test"});
        let set = bed.write(&bed.secrets.admin, "PATCH", &format!("/api/v1/accounts/{id}"), &[], &standing);
        assert_eq!((set.status, &set.json()["is_banned"]), (200, &is_banned.into()));
    };
    stand("inactive", false, false);
    stand("banned", true, true);
    let before = bed.get("/api/v1/stats").json();
    let cases = [
        (with("receiver_id", "nobody"), 422, "UNKNOWN_ACCOUNT"),
        (with("receiver_id", "frozen"), 409, "ACCOUNT_FROZEN"),
        (with("receiver_id", "inactive"), 409, "ACCOUNT_INACTIVE"),
        (with("receiver_id", "banned"), 409, "ACCOUNT_BANNED"),
        (with("amount", "1000.0001"), 409, "INSUFFICIENT_FUNDS"),
        (with("receiver_id", "anna"), 422, "SAME_ACCOUNT"),
        (with("type", "TRANSPORT"), 422, "UNKNOWN_TYPE"),
        (with("type", "REWARD"), 422, "DIRECTION_NOT_ALLOWED"),
        (with("currency", "USD"), 422, "UNKNOWN_CURRENCY"),
        (with("amount", "-1"), 422, "INVALID_AMOUNT"),
        (with("amount", "+1"), 422, "INVALID_AMOUNT"),
        (with("amount", "1e3"), 422, "INVALID_AMOUNT"),
        (with("amount", "1.00001"), 422, "INVALID_AMOUNT"),
        (with("amount", "\u{661}"), 422, "INVALID_AMOUNT"),
        (with("amount", ""), 422, "INVALID_AMOUNT"),
        (with("amount", "1000000000"), 422, "AMOUNT_TOO_LARGE"),
        (with("amount", "0.0000"), 422, "AMOUNT_TOO_SMALL"),
        (with("tax_type", "vat"), 422, "INVALID_FIELD"),
        (with("description", "a\u{202e}b"), 422, "INVALID_FIELD"),
        (with("receiver_id", "no spaces"), 422, "INVALID_FIELD"),
        (with("reference_id", "x".repeat(129)), 422, "INVALID_FIELD"),
        (with("operator_id", "desk"), 422, "OPERATOR_NOT_ALLOWED"),
        (with("description", "x".repeat(5000)), 422, "PAYLOAD_REFUSED"),
    ];
    for (n, (order, status, code)) in cases.into_iter().enumerate() {
        let reply = bed.order(&format!("k{n}"), &order);
        assert_eq!(refused(&reply), (status, code.to_owned()), "{order}: {}", reply.text());
    }
    let mut refund = with("type", "REFUND");
    refund["reference_id"] = "0190a5e2-7b1c-7c3d-8e4f-0123456789ab".into();
    assert_eq!(refused(&bed.order("r", &refund)), (422, "REFUND_UNMATCHED".to_owned()));
    assert_eq!(bed.get("/api/v1/stats").json(), before);
}

/// What is said of a body is said in its own names, of fields that it has.
#[test]
fn a_refusal_names_the_field_that_was_sent() {
    let bed = Bed::start();
    let named = |reply: Reply| {
        let problem = reply.json();
        let (field, detail) = (problem["field"].as_str().map(str::to_owned), problem["detail"].as_str().unwrap());
        (reply.code(), field, detail.to_owned())
    };
    let hold = |reply: Reply, code: &str, field: Option<&str>, says: &str| {
        let (its_code, its_field, detail) = named(reply);
        assert_eq!((its_code.as_str(), its_field.as_deref()), (code, field), "{detail}");
        assert!(detail.contains(says), "{detail}");
    };
    for path in ["/api/v1/accounts/bob/freeze", "/api/v1/accounts/bob/unfreeze"] {
        hold(bed.administer(path, &json!({"reason": "a\u{202e}b"})), "INVALID_FIELD", Some("reason"), "reason: ");
    }
    let withdrawal = json!({"receiver_id": "bob", "tax_type": "transfer_tax", "currency": "EURO", "amount": "1",
                            "reason": "a\u{202e}b"});
    let refused = bed.administer("/api/v1/treasury/withdrawals", &withdrawal);
    hold(refused, "INVALID_FIELD", Some("reason"), "reason: ");
    let unknown = json!({"transaction_id": "0190a5e2-7b1c-7c3d-8e4f-0123456789ab", "account_id": "anna"});
    hold(
        bed.administer("/api/v1/erasures", &unknown),
        "ERASURE_UNMATCHED",
        Some("transaction_id"),
        "transaction_id names",
    );
    for (field, value, code) in [
        ("amount", "x", "INVALID_AMOUNT"),
        ("amount", "1000000000", "AMOUNT_TOO_LARGE"),
        ("amount", "0.0000", "AMOUNT_TOO_SMALL"),
        ("currency", "USD", "UNKNOWN_CURRENCY"),
        ("type", "TRANSPORT", "UNKNOWN_TYPE"),
    ] {
        hold(bed.order(code, &with(field, value)), code, Some(field), "");
    }
    for (field, code) in [("amount", "INVALID_AMOUNT"), ("currency", "UNKNOWN_CURRENCY")] {
        let mut order = transfer();
        order.as_object_mut().unwrap().remove(field);
        hold(bed.order(code, &order), code, Some(field), "is missing or empty");
    }
    hold(bed.order("long", &with("description", "x".repeat(5000))), "PAYLOAD_REFUSED", None, "its texts");
}

#[test]
fn refunds_withdrawals_and_erasures_are_held_to_their_entries() {
    let bed = Bed::start();
    let paid = bed.order("k", &transfer()).json();
    let refund = |amount: &str, key: &str| {
        let mut order = with("type", "REFUND");
        order["reference_id"] = paid["transaction_id"].clone();
        (order["sender_id"], order["receiver_id"], order["amount"]) = ("bob".into(), "anna".into(), amount.into());
        bed.order(key, &order)
    };
    assert_eq!(refund("90", "r1").status, 201);
    assert_eq!(refused(&refund("5.0001", "r2")), (409, "REFUND_EXCEEDS".to_owned()));
    let withdrawal = |amount: &str, key: &str| {
        let body = json!({"receiver_id": "bob", "tax_type": "transfer_tax", "currency": "EURO", "amount": amount, "reason": "road works"});
        bed.write(&bed.secrets.admin, "POST", "/api/v1/treasury/withdrawals", &[("idempotency-key", key)], &body)
    };
    assert_eq!(refused(&withdrawal("5.0001", "w1")), (409, "TREASURY_INSUFFICIENT".to_owned()));
    let unexplained = json!({"type": "TAX_WITHDRAWAL", "sender_id": "TREASURY", "receiver_id": "bob",
                             "tax_type": "transfer_tax", "currency": "EURO", "amount": "5"});
    let asked = [("idempotency-key", "w3")];
    let unexplained = bed.write(&bed.secrets.admin, "POST", "/api/v1/transactions", &asked, &unexplained);
    assert_eq!(refused(&unexplained), (422, "REASON_REQUIRED".to_owned()));
    assert_eq!(withdrawal("5", "w2").status, 201);
    let treasury = bed.get("/api/v1/treasury").json();
    assert_eq!((&treasury["last_withdrawal_by"], &treasury["as_of_seq"]), (&"chief".into(), &4.into()));
    let erasure = json!({"transaction_id": paid["transaction_id"], "account_id": "anna"});
    let stranger = json!({"transaction_id": paid["transaction_id"], "account_id": "nobody"});
    assert_eq!(bed.administer("/api/v1/erasures", &stranger).status, 422);
    let erased = bed.write(&bed.secrets.admin, "POST", "/api/v1/erasures", &[], &erasure);
    assert_eq!(erased.status, 201, "{}", erased.text());
    let entry = bed.get(&format!("/api/v1/entries/{}", paid["transaction_id"].as_str().unwrap())).json();
    assert_eq!(entry["personal"], Value::Null);
    let again = bed.write(&bed.secrets.admin, "POST", "/api/v1/erasures", &[], &erasure);
    assert_eq!(refused(&again), (409, "ALREADY_ERASED".to_owned()));
}

#[test]
fn a_repeated_key_is_answered_again_and_pays_once() {
    let bed = Bed::start();
    let first = bed.order("order-17", &transfer()).json();
    let again = bed.order("\"order-17\"", &transfer());
    assert_eq!(again.status, 201);
    let again = again.json();
    assert_eq!((&again["transaction_id"], &again["replayed"]), (&first["transaction_id"], &true.into()));
    assert_eq!(bed.balance("anna"), "900.0000");
    let other = bed.order("order-17", &with("amount", "101"));
    assert_eq!(refused(&other), (422, "IDEMPOTENCY_CONFLICT".to_owned()));
    let others =
        bed.write(&bed.secrets.admin, "POST", "/api/v1/transactions", &[("idempotency-key", "order-17")], &transfer());
    assert_eq!((others.status, &others.json()["replayed"]), (201, &false.into()), "a key is one token's own");
    assert_eq!(bed.balance("anna"), "800.0000");
    let without = bed.write(&bed.secrets.operator, "POST", "/api/v1/transactions", &[], &transfer());
    assert_eq!(refused(&without), (400, "IDEMPOTENCY_KEY_REQUIRED".to_owned()));
    for key in ["", "a b", &"k".repeat(65), "a/b"] {
        assert_eq!(refused(&bed.order(key, &transfer())), (400, "INVALID_KEY".to_owned()), "{key}");
    }
    assert_eq!(bed.balance("anna"), "800.0000");
}

#[test]
fn a_halted_ledger_takes_nothing_until_it_is_lifted() {
    let bed = Bed::start();
    let halt = bed.administer("/api/v1/halt", &json!({"reason": "a finding"}));
    assert_eq!((halt.status, &halt.json()["by"], &halt.json()["already"]), (200, &"chief".into(), &false.into()));
    let again = bed.administer("/api/v1/halt", &json!({"reason": "another"})).json();
    assert_eq!((&again["reason"], &again["already"]), (&"a finding".into(), &true.into()));
    let other = bed.administer("/api/v1/resume", &json!({"reason": "looked into", "of": "watch"}));
    assert_eq!(refused(&other), (409, "HALT_NOT_NAMED".to_owned()));
    assert!(other.json()["detail"].as_str().unwrap().contains("by chief since "), "{}", other.text());
    let refusal = bed.order("k", &transfer());
    assert_eq!(refused(&refusal), (503, "HALTED".to_owned()));
    assert_eq!(refusal.header("retry-after"), Some("60"), "asked again at once, it is refused again");
    assert!(!refusal.text().contains("a finding") && !refusal.text().contains("chief"), "{}", refusal.text());
    assert_eq!(bed.get("/api/v1/stats").json()["halted"], true);
    assert!(bed.get("/metrics").text().contains("countersign_ledger_halted 1\n"));
    assert_eq!(bed.administer("/api/v1/halt", &json!({"reason": ""})).status, 422);
    let lifted = bed.administer("/api/v1/resume", &json!({"reason": "looked into"}));
    assert_eq!((lifted.status, lifted.json()), (200, json!({"halted": false})));
    let nothing = bed.administer("/api/v1/resume", &json!({"reason": "once more"}));
    assert_eq!(refused(&nothing), (409, "NOT_HALTED".to_owned()));
    let acts = bed.get("/api/v1/acts?limit=2").json();
    for (n, kind, reason) in [(0, "RESUME", "looked into"), (1, "HALT", "a finding")] {
        let act = &acts["acts"][n];
        assert_eq!((&act["kind"], &act["by"], &act["reason"]), (&kind.into(), &"chief".into(), &reason.into()));
    }
    assert_eq!(bed.order("k", &transfer()).status, 201);
}

#[test]
fn accounts_are_opened_frozen_and_found() {
    let bed = Bed::start();
    let opened = bed.administer("/api/v1/accounts", &json!({"id": "cara", "username": "Cara"}));
    assert_eq!((opened.status, opened.header("location")), (201, Some("/api/v1/accounts/cara")));
    let act = &bed.get("/api/v1/acts").json()["acts"][0];
    let opened = (&act["kind"], &act["account"], &act["by"]);
    assert_eq!(opened, (&"ACCOUNT_OPENED".into(), &"cara".into(), &"chief".into()));
    let again = bed.administer("/api/v1/accounts", &json!({"id": "cara"}));
    assert_eq!(refused(&again), (409, "ALREADY_EXISTS".to_owned()));
    for id in ["", "SYSTEM", "TREASURY", "a b", "a@b.example", ".", ".."] {
        assert_eq!(bed.administer("/api/v1/accounts", &json!({"id": id})).status, 422, "{id}");
    }
    assert_eq!(bed.administer("/api/v1/accounts", &json!({"id": "..."})).status, 201);
    let reason = json!({"reason": "test"});
    let freeze =
        |id: &str| bed.write(&bed.secrets.admin, "POST", &format!("/api/v1/accounts/{id}/freeze"), &[], &reason);
    assert_eq!(freeze("cara").status, 201);
    assert_eq!(refused(&freeze("cara")), (409, "ALREADY_FROZEN".to_owned()));
    assert_eq!(refused(&freeze("nobody")), (404, "NOT_FOUND".to_owned()));
    let unfreeze =
        |id: &str| bed.write(&bed.secrets.admin, "POST", &format!("/api/v1/accounts/{id}/unfreeze"), &[], &reason);
    assert_eq!(refused(&unfreeze("bob")), (409, "NOT_FROZEN".to_owned()));
    let frozen = bed.get("/api/v1/accounts?frozen=true").json();
    assert_eq!(frozen["accounts"][0]["id"], "cara");
    assert_eq!(bed.get("/api/v1/accounts").code(), "INVALID_PARAMETER");
    assert_eq!(unfreeze("cara").status, 201);
    let standing = json!({"is_active": true, "is_banned": false, "reason": "test"});
    let missing = bed.write(&bed.secrets.admin, "PATCH", "/api/v1/accounts/nobody", &[], &standing);
    assert_eq!(refused(&missing), (404, "NOT_FOUND".to_owned()));
}

#[test]
fn a_name_is_changed_or_removed_with_a_reason() {
    let bed = Bed::start();
    let change = |body: Value| bed.write(&bed.secrets.admin, "PATCH", "/api/v1/accounts/bob", &[], &body);
    let renamed = change(json!({"username": "Bobby", "is_banned": false, "reason": "he asked"}));
    assert_eq!((renamed.status, &renamed.json()["username"]), (200, &"Bobby".into()), "{}", renamed.text());
    let removed = change(json!({"username": null, "reason": "Article 17"}));
    assert_eq!((removed.status, &removed.json()["username"]), (200, &Value::Null), "{}", removed.text());
    let paid = bed.order("k", &transfer());
    let entry = bed.get(paid.header("location").unwrap()).json();
    assert_eq!(entry["personal"]["receiver_username"], Value::Null);
    let acts = bed.get("/api/v1/acts").json();
    for (n, reason) in [(0, "Article 17"), (1, "he asked")] {
        let act = &acts["acts"][n];
        let said = [&act["kind"], &act["account"], &act["by"], &act["reason"]];
        assert_eq!(said, ["ACCOUNT_RENAMED", "bob", "chief", reason]);
    }
    assert!(!acts.to_string().contains("Bobby") && !acts.to_string().contains("bob's name"), "{acts}");
    for (body, code) in [
        (json!({"username": null}), "INVALID_BODY"),
        (json!({"username": "", "reason": "x"}), "INVALID_FIELD"),
        (json!({"username": "B", "reason": " "}), "INVALID_FIELD"),
        (json!({"username": 7, "reason": "x"}), "INVALID_BODY"),
        (json!({"reason": "x"}), "INVALID_FIELD"),
    ] {
        assert_eq!(refused(&change(body.clone())), (422, code.to_owned()), "{body}");
    }
}

/// One rule for freezes, bans, halts and withdrawals, by whatever way they are ordered.
#[test]
fn nothing_that_needs_a_reason_is_done_without_one() {
    let bed = Bed::start();
    let write = |method: &str, path: &str, body: &Value| {
        bed.write(&bed.secrets.admin, method, path, &[("idempotency-key", "k")], body)
    };
    let is_refused = |refusal: &Reply, path: &str, body: &Value| {
        let codes = ["INVALID_BODY", "INVALID_FIELD", "REASON_REQUIRED"];
        assert!(refusal.status == 422 && codes.contains(&&*refusal.code()), "{path} {body}: {}", refusal.text());
    };
    for reason in [None, Some(""), Some(" "), Some("\u{3000}")] {
        let because = |mut body: Value, key: &str| {
            reason.into_iter().for_each(|reason| body[key] = reason.into());
            body
        };
        let freeze = json!({"type": "ACCOUNT_FREEZE", "sender_id": "SYSTEM", "receiver_id": "bob"});
        for (method, path, body) in [
            ("POST", "/api/v1/accounts/bob/freeze", because(json!({}), "reason")),
            ("POST", "/api/v1/accounts/bob/unfreeze", because(json!({}), "reason")),
            ("PATCH", "/api/v1/accounts/bob", because(json!({"is_banned": true}), "reason")),
            ("POST", "/api/v1/transactions", because(freeze, "description")),
            ("POST", "/api/v1/halt", because(json!({}), "reason")),
        ] {
            is_refused(&write(method, path, &body), path, &body);
        }
        // Lifted is only what stands.
        let path = "/api/v1/resume";
        assert_eq!(write("POST", "/api/v1/halt", &json!({"reason": "a drill"})).status, 200);
        is_refused(&write("POST", path, &because(json!({}), "reason")), path, &json!({"reason": reason}));
        assert_eq!(write("POST", path, &json!({"reason": "the drill is over"})).status, 200);
    }
    let bob = bed.get("/api/v1/accounts/bob").json();
    assert_eq!((&bob["is_banned"], &bob["is_frozen_for_fraud"]), (&false.into(), &false.into()));
    let freeze = json!({"type": "ACCOUNT_FREEZE", "sender_id": "SYSTEM", "receiver_id": "bob", "description": "odd"});
    assert_eq!(write("POST", "/api/v1/transactions", &freeze).status, 201);
}

#[test]
fn the_shield_counts_where_requests_come_from_and_believes_no_stranger() {
    let mut plan = Plan::default();
    plan.engine.shield.rate.enabled = true;
    plan.engine.shield.rate.requests = 2;
    let bed = plan.start();
    let from = |key: &str, address: &str| {
        let headers = [("idempotency-key", key), ("x-forwarded-for", address)];
        bed.write(&bed.secrets.operator, "POST", "/api/v1/transactions", &headers, &with("amount", "1"))
    };
    let first = from("a", "198.51.100.1");
    let entry = bed.get(first.header("location").unwrap()).json();
    assert_eq!(entry["personal"]["ip_address"], "127.0.0.1", "what a stranger says of his address is not written");
    assert_eq!(from("b", "198.51.100.2").status, 201);
    let limited = from("c", "198.51.100.3");
    assert_eq!(refused(&limited), (429, "RATE_LIMITED".to_owned()));
    assert!(limited.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
}

#[test]
fn behind_a_trusted_proxy_the_client_is_who_it_says() {
    let mut plan = Plan::default();
    plan.engine.shield.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let bed = plan.start();
    let long = "agent/".repeat(200);
    let headers =
        [("idempotency-key", "a"), ("x-forwarded-for", "6.6.6.6, 198.51.100.1"), ("user-agent", long.as_str())];
    let paid = bed.write(&bed.secrets.operator, "POST", "/api/v1/transactions", &headers, &transfer());
    let entry = bed.get(paid.header("location").unwrap()).json();
    assert_eq!(entry["personal"]["ip_address"], "198.51.100.1");
    assert_eq!(entry["personal"]["user_agent"].as_str().unwrap().len(), 512);
}

#[test]
fn too_many_transactions_freeze_an_account() {
    let mut plan = Plan::default();
    plan.engine.shield.velocity.enabled = true;
    plan.engine.shield.velocity.transactions = 2;
    let bed = plan.start();
    assert_eq!(bed.order("a", &with("amount", "1")).status, 201);
    assert_eq!(bed.order("b", &with("amount", "1")).status, 201);
    assert_eq!(refused(&bed.order("c", &with("amount", "1"))), (409, "VELOCITY_EXCEEDED".to_owned()));
    assert_eq!(refused(&bed.order("d", &with("amount", "1"))), (409, "ACCOUNT_FROZEN".to_owned()));
}

#[test]
fn two_servers_on_one_file_share_a_ledger() {
    let bed = Bed::start();
    let other = bed.plan().start_in(bed.folder.clone());
    let pay = |server: &Bed, key: String| {
        let paid = server.order(&key, &with("amount", "1"));
        assert_eq!(paid.status, 201, "{paid:?}");
    };
    std::thread::scope(|scope| {
        for (name, server) in [("a", &bed), ("b", &other)] {
            scope.spawn(move || (0..20).for_each(|n| pay(server, format!("{name}{n}"))));
        }
    });
    assert_eq!((bed.balance("anna"), other.balance("anna")), ("960.0000".to_owned(), "960.0000".to_owned()));
    assert_eq!(other.order("a0", &with("amount", "1")).json()["replayed"], true);
}
