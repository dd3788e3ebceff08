//! An entry of format 1 and what is hashed for it: FORMAT.md, "Format 1".

use countersign_core::timestamp::Timestamp;
use serde_json::Value;

/// The keys of what is hashed, in their order, and where the document has each value.
const HASHED: [(&str, &[&str]); 10] = [
    ("transaction_id", &["transaction_id"]),
    ("sender_id", &["sender_id", "$oid"]),
    ("receiver_id", &["receiver_id", "$oid"]),
    ("amount_gross", &["amount_gross", "$numberDecimal"]),
    ("tax_withheld", &["tax_withheld", "$numberDecimal"]),
    ("amount_net", &["amount_net", "$numberDecimal"]),
    ("currency", &["currency"]),
    ("type", &["type"]),
    ("previous_hash", &["previous_hash"]),
    ("timestamp", &["createdAt", "$date"]),
];

/// What is hashed for `current_hash`; the key whose value has the wrong type, where one has.
pub(super) fn preimage(document: &Value) -> Result<String, &'static str> {
    let mut members = Vec::with_capacity(HASHED.len());
    for (key, path) in HASHED {
        let stored = path.iter().try_fold(document, |value, step| value.get(step)).ok_or(path[0])?;
        let text = if key == "timestamp" { time(stored) } else { stored.as_str().map(str::to_owned) };
        // JSON.stringify escapes texts as this does.
        members.push(format!("\"{key}\":{}", Value::from(text.ok_or(path[0])?)));
    }
    Ok(format!("{{{}}}", members.join(",")))
}

fn time(stored: &Value) -> Option<String> {
    let canonical = || stored.get("$numberLong")?.as_str()?.parse().ok().map(Timestamp::from_millis);
    stored.as_str().map_or_else(canonical, Timestamp::parse_relaxed).map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::hash::Hash;

    #[test]
    fn the_first_systems_own_hashes_come_out() {
        for form in ["legacy.jsonl", "legacy-canonical.jsonl"] {
            let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
            let text = std::fs::read_to_string(format!("{package}/../../tests/vectors/legacy/{form}")).unwrap();
            for line in text.lines() {
                let document: Value = serde_json::from_str(line).unwrap();
                let hash = Hash::of(preimage(&document).unwrap().as_bytes()).to_string();
                assert_eq!(document["current_hash"], hash, "{line}");
            }
        }
    }
}
