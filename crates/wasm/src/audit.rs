//! An audit that JavaScript feeds.

use std::mem;

use countersign_core::taxes::Taxes;
use countersign_core::{Options, Report, Step, Verifier};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::{failure, keys, values};

/// How far an audit is, as JavaScript sees it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Progress {
    /// Which reading of the input this is, from 1.
    pub pass: u32,
    /// Bytes of this reading taken, before decompression.
    pub bytes: u64,
    /// Entries checked in this reading.
    pub entries: u64,
}

impl From<countersign_core::verify::Progress> for Progress {
    fn from(progress: countersign_core::verify::Progress) -> Self {
        let countersign_core::verify::Progress { pass, bytes, entries } = progress;
        Self { pass, bytes, entries }
    }
}

/// What an audit is told, as JavaScript has it; what is left out is as in [`Options`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// How the caller names the input.
    pub name: Option<String>,
    /// Whether the SHA-256 of the input is computed along the way.
    pub input_hash: bool,
    /// Keys that the auditor trusts, `name+hash+base64`.
    pub keys: Vec<String>,
    /// Signed notes that the auditor kept.
    pub checkpoints: Vec<String>,
    /// Keys of witnesses.
    pub witnesses: Vec<String>,
    /// How many of them must have cosigned; 0 for all.
    pub witness_quorum: usize,
    /// How many candidates may be tried in search of what changed entries said before.
    pub recovery_budget: Option<u64>,
    /// What the auditor holds taxes to, as JSON.
    pub taxes: Option<String>,
}

impl Settings {
    fn options(self) -> Result<Options, JsValue> {
        let keys = keys::read("keys", &self.keys)?;
        let witnesses = keys::read_witnesses("witnesses", &self.witnesses)?;
        let checkpoints = self.checkpoints.iter().map(|text| keys::note(text)).collect();
        let Self { name, input_hash, witness_quorum, taxes, .. } = self;
        let recovery_budget = self.recovery_budget.unwrap_or(Options::RECOVERY_BUDGET);
        let taxes = taxes.as_deref().map(Taxes::parse).transpose();
        let taxes = taxes.map_err(|wrong| failure::invalid(&format!("options.taxes: {wrong}")))?;
        Ok(Options {
            name,
            threads: 1,
            input_hash,
            keys,
            checkpoints,
            witnesses,
            witness_quorum,
            recovery_budget,
            taxes,
        })
    }
}

/// An audit fed with bytes: `push` them all, then `finish`; where that gives `false`, once more. Then `report`.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Audit {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Reading(Box<Verifier>),
    Done(Box<Report>, Progress),
    Over,
}

#[wasm_bindgen]
impl Audit {
    /// A new audit, told a [`Settings`] object.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for other settings, or a text that is no key.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: JsValue) -> Result<Self, JsValue> {
        let settings: Settings =
            serde_wasm_bindgen::from_value(settings).map_err(|error| failure::invalid(&error.to_string()))?;
        Ok(Self { stage: Stage::Reading(Box::new(Verifier::new(settings.options()?))) })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// Where the input is no export, or a limit is passed.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let Stage::Reading(verifier) = &mut self.stage else { return Err(failure::already_finished()) };
        verifier.push(bytes).map_err(|error| {
            self.stage = Stage::Over;
            failure::unreadable(&error)
        })
    }

    /// How far it is; `undefined` once it is over.
    ///
    /// # Errors
    /// None is known; the conversion could have one.
    pub fn progress(&self) -> Result<JsValue, JsValue> {
        match &self.stage {
            Stage::Reading(verifier) => values::to_js(&Progress::from(verifier.progress())),
            Stage::Done(_, progress) => values::to_js(progress),
            Stage::Over => Ok(JsValue::UNDEFINED),
        }
    }

    /// Ends this reading: whether the report can be had; else the same bytes must be pushed once more.
    ///
    /// # Errors
    /// As [`Audit::push`].
    pub fn finish(&mut self) -> Result<bool, JsValue> {
        let Stage::Reading(verifier) = mem::replace(&mut self.stage, Stage::Over) else {
            return Err(failure::already_finished());
        };
        let progress = Progress::from(verifier.progress());
        self.stage = match verifier.finish().map_err(|error| failure::unreadable(&error))? {
            // An end without a line feed has entries that only its finish could count.
            Step::Done(report) => {
                let progress = Progress { entries: report.total_transactions, ..progress };
                Stage::Done(Box::new(report), progress)
            }
            Step::ReadAgain(again) => Stage::Reading(Box::new(again)),
        };
        Ok(matches!(self.stage, Stage::Done(..)))
    }

    /// The report, of an audit that ended at this Unix time and took this wall time, in milliseconds.
    ///
    /// # Errors
    /// `ALREADY_FINISHED` where `finish` gave `true` not just before.
    pub fn report(&mut self, now_ms: f64, elapsed_ms: f64) -> Result<JsValue, JsValue> {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Done(report, _) => values::to_js(&report.timed(whole_millis(now_ms), elapsed_ms)),
            Stage::Reading(_) | Stage::Over => Err(failure::already_finished()),
        }
    }
}

/// JavaScript's clock counts in floats, without a fraction that matters.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and a Date ends far below 2^63")]
const fn whole_millis(now_ms: f64) -> i64 {
    now_ms as i64
}
