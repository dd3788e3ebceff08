//! The cases of `cases.expected.json`, and whether a report meets one.

use countersign_core::{Options, Report};
use serde::Deserialize;
use serde_json::{Map, Value};

/// One case: a file, what the auditor gave, and what must be found.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// The file, beside the cases.
    pub file: String,
    /// What was done to it.
    #[serde(default)]
    pub what: String,
    /// Keys that the auditor gave.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Checkpoints that the auditor kept.
    #[serde(default)]
    pub checkpoints: Vec<String>,
    findings: Vec<Map<String, Value>>,
    warnings: Vec<Map<String, Value>>,
    #[serde(default)]
    findings_at_least: bool,
}

impl Case {
    /// Its file, and what else tells it from the others of that file.
    #[must_use]
    pub fn name(&self) -> String {
        let kept = if self.checkpoints.is_empty() { "" } else { " with a kept checkpoint" };
        format!("{}{kept}", self.file)
    }
}

impl Case {
    /// What the auditor of this case brings; `read` reads a file beside the cases.
    ///
    /// # Errors
    /// A key that is none, or what `read` says.
    pub fn options(&self, read: impl Fn(&str) -> Result<String, String>) -> Result<Options, String> {
        let key = |text: &String| text.parse().map_err(|e| format!("{text}: {e}"));
        let keys = self.keys.iter().map(key).collect::<Result<_, _>>()?;
        let checkpoints = self.checkpoints.iter().map(|name| read(name)).collect::<Result<_, _>>()?;
        Ok(Options { keys, checkpoints, ..Options::default() })
    }
}

/// Reads the cases of a `cases.expected.json`.
///
/// # Errors
/// Those of JSON.
pub fn read(json: &str) -> Result<Vec<Case>, serde_json::Error> {
    serde_json::from_str(json)
}

/// Cases that this version does not meet yet, by [`Case::name`]: none. A case that starts to be met must leave the list.
pub const KNOWN_SHORTFALLS: &[&str] = &[];

/// Holds a report to a case: every finding and every warning, each with every key named.
///
/// # Errors
/// What differs.
pub fn check(case: &Case, report: &Report) -> Result<(), String> {
    let report = serde_json::to_value(report).map_err(|e| e.to_string())?;
    list(&case.findings, &report["findings"], case.findings_at_least).map_err(|e| format!("findings: {e}"))?;
    list(&case.warnings, &report["warnings"], false).map_err(|e| format!("warnings: {e}"))?;
    if report["valid"] != Value::Bool(case.findings.is_empty()) {
        return Err(format!("valid is {}", report["valid"]));
    }
    Ok(())
}

fn list(expected: &[Map<String, Value>], found: &Value, at_least: bool) -> Result<(), String> {
    let found = found.as_array().ok_or("no list")?;
    if found.len() < expected.len() || (found.len() > expected.len() && !at_least) {
        return Err(format!("{} expected, {} found: {}", expected.len(), found.len(), Value::from(found.clone())));
    }
    for (expected, found) in expected.iter().zip(found) {
        for (key, value) in expected {
            if found.get(key) != Some(value) {
                return Err(format!(
                    "{key}: expected {value}, found {} in {found}",
                    found.get(key).unwrap_or(&Value::Null)
                ));
            }
        }
    }
    Ok(())
}
