//! How a large file is cut into stretches of whole lines, found one after another as they are asked for.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use countersign_core::limits::MAX_LINE;

use super::source::whole;

/// From how many bytes on a file is shared: a smaller one is done before others are at hand.
const LARGE: f64 = (64 << 20) as f64;
/// Bytes of a stretch, but for the rest of its last line. What comes of it is a few hundred kB.
const STRETCH: f64 = (16 << 20) as f64;
/// Bytes at the end of the file that are in no stretch: how a file ends is judged by whoever audits it.
const REST: f64 = (1 << 18) as f64;
/// Bytes in which the end of a line is looked for at once.
const STEP: f64 = (1 << 16) as f64;

/// The stretches of a file that were not given away yet. Places are in bytes; JavaScript's numbers are exact there.
pub(super) struct Stretches {
    file: Blob,
    place: f64,
}

impl Stretches {
    /// Of a file that is large enough.
    pub(super) fn of(file: &Blob) -> Option<Self> {
        (file.size() >= LARGE).then(|| Self { file: file.clone(), place: 0.0 })
    }

    /// Where the next stretch begins.
    pub(super) fn place(&self) -> f64 {
        self.place
    }

    /// The first bytes, and how many of them are the first lines, which tell what the file is. Where no line ends
    /// early, they are none.
    pub(super) async fn opening(&mut self) -> Result<(Vec<u8>, usize), JsValue> {
        let bytes = self.read(0.0).await?;
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.place = exact(end);
        Ok((bytes, end))
    }

    /// The next stretch, and how many bytes it has.
    pub(super) async fn next(&mut self) -> Result<Option<(Blob, u64)>, JsValue> {
        let (start, last) = (self.place, self.file.size() - REST);
        if start >= last {
            return Ok(None);
        }
        let Some(end) = self.line_after((start + STRETCH).min(last)).await? else { return Ok(None) };
        self.place = end;
        Ok(Some((self.file.slice_with_f64_and_f64(start, end)?, whole(end - start))))
    }

    /// Where the first line begins whose line feed before it stands at this place or after. None where a line is too
    /// long: in a file without line feeds none is looked for to its end.
    async fn line_after(&self, mut place: f64) -> Result<Option<f64>, JsValue> {
        let last = (place + MAX_LINE as f64).min(self.file.size());
        while place <= last {
            if let Some(end) = self.read(place).await?.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(place + exact(end + 1)));
            }
            place += STEP;
        }
        Ok(None)
    }

    async fn read(&self, place: f64) -> Result<Vec<u8>, JsValue> {
        let slice = self.file.slice_with_f64_and_f64(place, place + STEP)?;
        let bytes: ArrayBuffer = JsFuture::from(slice.array_buffer()).await?.dyn_into()?;
        Ok(Uint8Array::new(&bytes).to_vec())
    }
}

/// A length below [`STEP`].
fn exact(length: usize) -> f64 {
    u32::try_from(length).map_or(STEP, f64::from)
}
