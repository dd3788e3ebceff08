//! `countersign import`: from the first system's ledger and documents to a ledger of format 2.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use super::ledger::{Ledger, NAME};
use super::{code, stderr, stdout, vector};

const GENUINE: [&str; 6] = [
    "legacy.jsonl",
    "legacy-canonical.jsonl",
    "legacy-array.json",
    "legacy.bson",
    "legacy-shuffled.jsonl",
    "legacy-unprotected.jsonl",
];
const ID: [&str; 3] = ["492ac7b8907c006cd35b6bb6", "3dc060d81c566428c9cf17d8", "e72b7934ad3642f3c654a53c"];

fn users() -> Vec<Value> {
    let decimal = |text: &str| json!({"$numberDecimal": text});
    vec![
        json!({
            "_id": {"$oid": ID[0]}, "username": "李雷", "email": "lei@example.com", "is_frozen_for_fraud": true,
            "balance_euro": decimal("1234.5600"), "balance_gold": decimal("1E+3"), "balance_ron": decimal("-0"),
            "createdAt": {"$date": "2024-01-31T10:00:00.5Z"}, "updatedAt": {"$date": {"$numberLong": "1770822000000"}},
            "__v": 7
        }),
        json!({
            "_id": {"$oid": ID[1]}, "username": "Ștefan", "balances": {"EURO": decimal("0.0001"), "GOLD": decimal("0")},
            "is_active": false, "is_banned": true
        }),
        json!({"_id": {"$oid": ID[2]}, "username": null, "balances": {"RON": decimal("5000000000000000.0000")}}),
    ]
}

fn treasury() -> Value {
    let decimal = |text: &str| json!({"$numberDecimal": text});
    json!({
        "_id": {"$oid": "507f1f77bcf86cd799439011"}, "collected_transfer_tax_euro": decimal("12.3400"),
        "collected": {"vat": {"GOLD": decimal("3"), "RON": decimal("0.00")}}, "last_withdrawal_by": "op-9"
    })
}

fn lines(documents: &[Value]) -> String {
    documents.iter().map(|document| format!("{document}\n")).collect()
}

/// A directory with the documents of an old system, and where a ledger is to be.
pub(crate) struct Old(pub(crate) Ledger);

impl Old {
    fn new() -> Self {
        Self::to("ledger.db")
    }

    pub(crate) fn to(db: &str) -> Self {
        Self::on(Ledger::at(db))
    }

    pub(crate) fn on(ledger: Ledger) -> Self {
        let old = Self(ledger);
        old.write("users.json", lines(&users()));
        old.write("treasury.json", treasury().to_string());
        old
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.path(name), text).unwrap();
    }

    /// Of its eight users only those that a test needs have documents.
    pub(crate) fn import(&self, export: &str, arguments: &[&str]) -> Output {
        self.import_whole(export, &[arguments, &["--accept-missing-users"]].concat())
    }

    fn import_whole(&self, export: &str, arguments: &[&str]) -> Output {
        let (export, name) = (vector(&format!("legacy/{export}")), ["--ledger", NAME]);
        let files = ["--users", "users.json", "--treasury", "treasury.json"];
        self.0.run(&[&["import", export.to_str().unwrap()], &files[..], &name, arguments].concat())
    }

    /// Nothing but what was there before.
    fn assert_nothing_was_written(&self) {
        let left = fs::read_dir(self.0.folder.path()).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["treasury.json", "users.json"]);
    }

    fn assert_refused(&self, part: &str) {
        let output = self.import("legacy.jsonl", &[]);
        assert_eq!(code(&output), 2, "{part}: {}", stdout(&output));
        assert!(stderr(&output).contains(part), "{part}: {}", stderr(&output));
        self.assert_nothing_was_written();
    }
}

#[test]
fn every_genuine_export_is_imported() {
    for export in GENUINE {
        let old = Old::new();
        let output = old.import(export, &["--json"]);
        assert_eq!(code(&output), 0, "{export}: {}{}", stdout(&output), stderr(&output));
        let imported: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!((&imported["users"], &imported["old_entries"]), (&3.into(), &40.into()), "{export}");
        old.0.verifies();
        let first = &old.0.json(&["history", "--type", "SYSTEM_MINT"]);
        let first = first.as_array().unwrap().last().unwrap();
        assert_eq!((&first["seq"], &first["reference_id"]), (&1.into(), &imported["old_head"]), "{export}");
        assert_eq!(imported["old_head"], "b92dd2512c53283c87d1762c5622da7d47670ee2a7a317b4d93aea3b04e4db43");
    }
}

#[test]
fn the_documents_are_those_that_were_imported() {
    let old = Old::new();
    assert_eq!(code(&old.import("legacy.jsonl", &[])), 0);
    let [lei, stefan, other] = ID.map(|id| old.0.json(&["account", "show", id]));
    assert_eq!(lei["balances"], json!({"EURO": "1234.5600", "GOLD": "1000.0000"}));
    assert_eq!((&lei["username"], &lei["is_frozen_for_fraud"]), (&"李雷".into(), &true.into()));
    assert_eq!(lei["created_at"], "2024-01-31T10:00:00.500Z");
    assert_eq!(stefan["balances"], json!({"EURO": "0.0001"}));
    assert_eq!((&stefan["is_active"], &stefan["is_banned"]), (&false.into(), &true.into()));
    assert_eq!(other["balances"], json!({"RON": "5000000000000000.0000"}));
    let collected = &old.0.json(&["treasury"])["collected"];
    assert_eq!(*collected, json!({"transfer_tax": {"EURO": "12.3400"}, "vat": {"GOLD": "3.0000"}}));
    let entries: Vec<Value> = ["SYSTEM_MINT", "TAX_COLLECTION", "ACCOUNT_FREEZE"]
        .iter()
        .flat_map(|kind| old.0.json(&["history", "--type", kind]).as_array().unwrap().clone())
        .collect();
    assert!(entries.iter().all(|entry| entry["operator_id"] == "op-1"));
    assert!(!fs::read_to_string(old.0.path("users.json")).unwrap().is_empty());
    old.0.done(&["export", "--out", "export.jsonl"]);
    assert!(!fs::read_to_string(old.0.path("export.jsonl")).unwrap().contains("lei@example.com"));
}

/// A filtered export of the users would leave accounts behind, and what they hold, without a word.
#[test]
fn a_user_of_the_old_ledger_who_has_no_document_is_missed() {
    for export in GENUINE {
        let old = Old::new();
        let output = old.import_whole(export, &["--json"]);
        let error: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(code(&output), 2, "{export}: {error}");
        let told = error["error"]["message"].as_str().unwrap();
        assert!(told.contains("5 of its users") && told.contains("1a3122030e10ee3fa61f7ce8"), "{export}: {told}");
        old.assert_nothing_was_written();
    }
    let old = Old::new();
    let accepted = old.import("legacy.jsonl", &[]);
    assert!(stdout(&accepted).contains("5 users of the old ledger have no document"), "{}", stdout(&accepted));
    assert_eq!(old.import("legacy.jsonl", &[]).status.code(), Some(2), "it is there already");
    let old = Old::new();
    let missing = [
        "1a3122030e10ee3fa61f7ce8",
        "1a9bde3637ee9daf15833c79",
        "2e4038ceacb0acb420bff851",
        "33c920c9aef2cd26706ce469",
        "6a9f29a97a7eeb4ae5ab212a",
    ];
    let other = |id: &&str| json!({"_id": {"$oid": id}, "balances": {"EURO": {"$numberDecimal": "0"}}});
    old.write("users.json", lines(&users()) + &lines(&missing.iter().map(other).collect::<Vec<_>>()));
    let whole = old.import_whole("legacy.jsonl", &["--json"]);
    assert_eq!(code(&whole), 0, "{}", stdout(&whole));
    let imported: Value = serde_json::from_str(&stdout(&whole)).unwrap();
    assert_eq!((&imported["users"], &imported["missing_users"]), (&8.into(), &0.into()));
}

/// What is paid to it would lie with nobody.
#[test]
fn the_account_that_imports_pass_through_is_shut_behind_them() {
    let old = Old::new();
    assert_eq!(code(&old.import("legacy.jsonl", &[])), 0);
    assert_eq!(old.0.json(&["account", "show", "import"])["is_active"], false);
    old.0.refused(&["pay", "0.00005", "EURO", "--from", ID[2], "--to", "import"], "INVALID_AMOUNT");
    old.0.refused(&["pay", "1", "RON", "--from", ID[2], "--to", "import"], "ACCOUNT_INACTIVE");
    old.0.verifies();
}

/// An import is nobody's request: what a request may carry, and where it must come from, binds none.
#[test]
fn the_shield_s_limits_hold_up_no_import() {
    let old = Old::new();
    let shield = "[engine.shield.payload]\nmax_bytes = 1024\nrequire_user_agent = true\nrequire_address = true\n";
    old.write("countersign.toml", shield);
    let reason = "x".repeat(1500);
    let output = old.import("legacy-deleted.jsonl", &["--accept-findings", "--reason", &reason]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

/// A freeze that is left behind would let the account pay again.
#[test]
fn a_freeze_is_taken_over_by_any_of_its_names() {
    for key in ["is_frozen_for_fraud", "isFrozenForFraud", "is_frozen", "isFrozen", "frozen"] {
        let old = Old::new();
        let mut users = users();
        users[1][key] = true.into();
        old.write("users.json", lines(&users));
        assert_eq!(code(&old.import("legacy.jsonl", &[])), 0, "{key}");
        assert_eq!(old.0.json(&["account", "show", ID[1]])["is_frozen_for_fraud"], true, "{key}");
        users[1]["is_frozen_for_fraud"] = false.into();
        if key != "is_frozen_for_fraud" {
            let old = Old::new();
            old.write("users.json", lines(&users));
            old.assert_refused(&format!(
                "{key}: it is true, and is_frozen_for_fraud is false, for the account {}",
                ID[1]
            ));
        }
    }
}

#[test]
fn every_form_of_the_documents_gives_the_same() {
    let array = |documents: &[Value]| {
        format!("[\n{}\n]\n", documents.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n"))
    };
    let bson = |documents: &[Value]| documents.iter().flat_map(to_bson).collect::<Vec<u8>>();
    let gzip = |bytes: Vec<u8>| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, &bytes).unwrap();
        gzip.finish().unwrap()
    };
    let forms: [(Vec<u8>, Vec<u8>); 4] = [
        (lines(&users()).into(), lines(&[treasury()]).into()),
        (array(&users()).into(), array(&[treasury()]).into()),
        (bson(&users()), bson(&[treasury()])),
        (gzip(bson(&users())), gzip(lines(&[treasury()]).into())),
    ];
    let states = forms.map(|(users, treasury)| {
        let old = Old::new();
        old.write("users.json", users);
        old.write("treasury.json", treasury);
        let output = old.import("legacy.bson", &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let mut accounts = old.0.json(&["account", "list"]);
        for account in accounts.as_array_mut().unwrap() {
            account["updated_at"] = Value::Null;
            if account["id"] != ID[0] {
                account["created_at"] = Value::Null;
            }
        }
        (accounts, old.0.json(&["treasury"])["collected"].clone())
    });
    assert!(states.iter().all(|state| *state == states[0]), "{states:#?}");
}

/// A document of Extended JSON as MongoDB dumps it, so far as these use its types.
fn to_bson(document: &Value) -> Vec<u8> {
    fn element(name: &str, value: &Value, out: &mut Vec<u8>) {
        let mut write = |kind: u8, bytes: &[u8]| {
            out.push(kind);
            out.extend_from_slice(name.as_bytes());
            out.push(0);
            out.extend_from_slice(bytes);
        };
        match value {
            Value::Null => write(0x0a, &[]),
            Value::Bool(flag) => write(0x08, &[u8::from(*flag)]),
            Value::Number(n) => write(0x10, &i32::try_from(n.as_i64().unwrap()).unwrap().to_le_bytes()),
            Value::String(text) => {
                let length = u32::try_from(text.len() + 1).unwrap().to_le_bytes();
                write(0x02, &[&length, text.as_bytes(), &[0]].concat());
            }
            Value::Object(members) if members.contains_key("$oid") => {
                let id = members["$oid"].as_str().unwrap();
                let byte = |n: usize| u8::from_str_radix(&id[2 * n..2 * n + 2], 16).unwrap();
                write(0x07, &(0..12).map(byte).collect::<Vec<_>>());
            }
            Value::Object(members) if members.contains_key("$numberDecimal") => {
                let number: bson::Decimal128 = members["$numberDecimal"].as_str().unwrap().parse().unwrap();
                write(0x13, &number.bytes());
            }
            Value::Object(members) if members.contains_key("$date") => {
                let ms: i64 = match &members["$date"] {
                    Value::String(_) => 1_706_695_200_500,
                    long => long["$numberLong"].as_str().unwrap().parse().unwrap(),
                };
                write(0x09, &ms.to_le_bytes());
            }
            Value::Object(_) => write(0x03, &to_bson(value)),
            Value::Array(values) => {
                let members = values.iter().enumerate().map(|(n, value)| (n.to_string(), value.clone()));
                write(0x04, &to_bson(&Value::Object(members.collect())));
            }
        }
    }
    let mut body = Vec::new();
    for (name, value) in document.as_object().unwrap() {
        element(name, value, &mut body);
    }
    let length = u32::try_from(body.len() + 5).unwrap().to_le_bytes();
    [&length[..], &body, &[0]].concat()
}

#[test]
fn a_ledger_that_does_not_verify_is_not_imported_unless_somebody_answers_for_it() {
    for export in ["legacy-tampered-gross.jsonl", "legacy-deleted.jsonl", "legacy-forked.jsonl"] {
        let old = Old::new();
        let output = old.import(export, &["--json"]);
        let error: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!((code(&output), &error["error"]["code"]), (1, &"OLD_LEDGER_NOT_VERIFIED".into()), "{export}");
        old.assert_nothing_was_written();
        assert_eq!(code(&old.import(export, &["--accept-findings"])), 2, "without a reason");
        for nothing in ["", " \t"] {
            assert_eq!(code(&old.import(export, &["--accept-findings", "--reason", nothing])), 2, "{nothing:?}");
        }
        old.assert_nothing_was_written();
        let output = old.import(export, &["--accept-findings", "--reason", "known since the incident of May"]);
        assert_eq!(code(&output), 0, "{export}: {}", stderr(&output));
        let mints = old.0.json(&["history", "--type", "SYSTEM_MINT"]);
        let first = mints.as_array().unwrap().last().unwrap();
        let note = first["personal"]["description"].as_str().unwrap();
        assert!(note.contains("1 finding(s)") && note.contains("the incident of May"), "{note}");
        assert_eq!(first["operator_id"], "op-1");
        old.0.verifies();
    }
}

#[test]
fn a_document_that_is_off_is_refused_and_nothing_is_written() {
    let user = |key: &str, value: Value| {
        let mut users = users();
        users[1][key] = value;
        lines(&users)
    };
    let decimal = |text: &str| json!({"$numberDecimal": text});
    for (text, part) in [
        (user("balance_euro", decimal("0.00001")), "more than four decimals"),
        (user("balance_gold", decimal("-1")), "below zero"),
        (user("balance_gold", decimal("NaN")), "no finite number"),
        (user("balance_gold", json!(5)), "no Decimal128"),
        (user("balance_gold", json!({"$numberDouble": "5.0"})), "no Decimal128"),
        (user("balance_euro", decimal("1")), "EURO stands twice"),
        (user("balance_dollar", decimal("1")), "no such currency"),
        (user("balance_x", decimal("1")), "no currency"),
        (user("debt_euro", decimal("1")), "debt_euro: a Decimal128 that is not taken over"),
        (user("escrow", json!({"EURO": decimal("777")})), "escrow.EURO: a Decimal128 that is not taken over"),
        (user("wallets", json!([{"gold": decimal("7")}])), "wallets[0].gold: a Decimal128"),
        (user("locked", json!({"x": [[], [{"a": [1, decimal("7")]}]]})), "locked.x[1][0].a[1]: a Decimal128"),
        (user("odd", json!({"$numberDecimal": 7})), "odd: a Decimal128"),
        (user("deep", nested(65)), "deep: nested deeper than 64"),
        (user("balances", json!({})), "is this a user?"),
        (user("balances", json!([])), "no JSON object"),
        (user("_id", json!({"$oid": "xyz"})), "_id"),
        (user("_id", json!("SYSTEM")), "_id"),
        (user("_id", json!("import")), "import"),
        (user("_id", json!({"$oid": ID[0]})), "stands twice"),
        (user("username", json!("a\u{202e}b")), "username"),
        (user("username", json!(7)), "username"),
        (user("is_banned", json!("no")), "neither true nor false"),
        (
            user("active", json!(true)),
            "active: it is true, and is_active is false, for the account 3dc060d81c566428c9cf17d8",
        ),
        (user("isBanned", json!(false)), "and is_banned is true, for the account 3dc060d81c566428c9cf17d8"),
        (user("isFrozen", json!(1)), "isFrozen: neither true nor false"),
        (user("createdAt", json!("yesterday")), "no date"),
        (lines(&users()).replacen("\"is_active\":false", "\"is_active\":false,\"is_active\":true", 1), "stands twice"),
        (lines(&users()) + "{\"_id\":", "document 4"),
        (String::new(), "it holds no document"),
        ("hello".to_owned(), "document 1"),
    ] {
        let old = Old::new();
        old.write("users.json", text);
        old.assert_refused(part);
    }
}

/// Lists within lists, so many.
fn nested(depth: usize) -> Value {
    (1..depth).fold(json!([]), |inner, _| json!([inner]))
}

/// BSON has its own way of nesting.
#[test]
fn nested_money_of_a_dump_is_refused_too() {
    let decimal = |text: &str| json!({"$numberDecimal": text});
    for (value, part) in [
        (json!({"EURO": decimal("777")}), "other.EURO: a Decimal128 that is not taken over"),
        (json!([1, {"x": [decimal("777")]}]), "other[1].x[0]: a Decimal128 that is not taken over"),
        (nested(65), "BSON nested deeper than 64"),
    ] {
        let old = Old::new();
        let mut users = users();
        users[1]["other"] = value;
        old.write("users.json", users.iter().flat_map(to_bson).collect::<Vec<u8>>());
        old.assert_refused(part);
    }
}

/// What is nested and no money is left out as ever: friends, places, texts.
#[test]
fn what_is_nested_and_no_money_is_in_nobodys_way() {
    let mut users = users();
    users[1]["friends"] = json!([{"_id": {"$oid": ID[0]}, "since": {"$date": "2024-01-31T10:00:00.5Z"}}, [], {}, 7]);
    users[2]["deep"] = nested(64);
    for text in [lines(&users).into_bytes(), users.iter().flat_map(to_bson).collect()] {
        let old = Old::new();
        old.write("users.json", text);
        let output = old.import("legacy.jsonl", &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
}

#[test]
fn a_treasury_that_is_off_is_refused_and_nothing_is_written() {
    let with = |key: &str, value: Value| {
        let mut treasury = treasury();
        treasury[key] = value;
        treasury.to_string()
    };
    let decimal = |text: &str| json!({"$numberDecimal": text});
    for (text, part) in [
        (with("collected_vat_gold", decimal("1")), "stands twice"),
        (with("collected_VAT_gold", decimal("1")), "no tax type"),
        (with("collected_vat", decimal("1")), "collected_vat"),
        (with("total_euro", decimal("1")), "total_euro: a Decimal128 that is not taken over"),
        (with("reserve", json!({"EURO": decimal("1")})), "reserve.EURO: a Decimal128 that is not taken over"),
        (with("pending", json!([decimal("1")])), "pending[0]: a Decimal128 that is not taken over"),
        (with("collected_vat_euro", decimal("1.23456")), "more than four decimals"),
        (lines(&[treasury(), treasury()]), "2 documents"),
        (lines(&users()[..1]), "is this the Treasury?"),
    ] {
        let old = Old::new();
        old.write("treasury.json", text);
        let output = old.import("legacy.jsonl", &[]);
        assert_eq!(code(&output), 2, "{part}: {}", stdout(&output));
        assert!(stderr(&output).contains(part), "{part}: {}", stderr(&output));
        old.assert_nothing_was_written();
    }
}

#[test]
fn one_of_the_files_may_be_standard_input() {
    let old = Old::new();
    let export = vector("legacy/legacy.jsonl");
    let import = |users, treasury, stdin: String| {
        let files = ["import", export.to_str().unwrap(), "--ledger", NAME, "--users", users, "--treasury", treasury];
        old.write("stdin", stdin);
        let files = [&files[..], &["--accept-missing-users"]].concat();
        old.0.command(&files).stdin(fs::File::open(old.0.path("stdin")).unwrap()).output().unwrap()
    };
    let output = import("-", "-", String::new());
    assert!(code(&output) == 2 && stderr(&output).contains("only one of"), "{}", stderr(&output));
    let output = import("users.json", "-", "{".to_owned());
    assert!(code(&output) == 2 && stderr(&output).contains("standard input, document 1"), "{}", stderr(&output));
    let output = import("-", "treasury.json", lines(&users()));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    old.0.verifies();
}

#[test]
fn what_is_there_already_stays() {
    let old = Old::new();
    assert_eq!(code(&old.import("legacy.jsonl", &[])), 0);
    let before = fs::read(old.0.path("ledger.db")).unwrap();
    assert_eq!(code(&old.import("legacy.jsonl", &[])), 2);
    assert_eq!(fs::read(old.0.path("ledger.db")).unwrap(), before);
}

#[test]
fn what_is_no_old_ledger_is_not_imported() {
    for (export, part) in [("../good.jsonl", "format 2 already"), ("cases.expected.json", "cases.expected.json")] {
        let old = Old::new();
        let output = old.import(export, &[]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
        old.assert_nothing_was_written();
    }
    let old = Old::new();
    old.write("users.json", lines(&users()[..0]) + r#"{"_id":"a","balances":{"EURO":{"$numberDecimal":"0"}}}"#);
    old.write("treasury.json", r#"{"collected":{}}"#);
    old.assert_refused("nobody holds anything");
}
