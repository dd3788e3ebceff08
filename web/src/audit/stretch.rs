//! What a colleague does: lines of somebody else's audit, to the segment that they amount to.

use std::hash::Hasher;

use countersign_core::segment::Segment;
use countersign_core::stretch::Stretch;
use countersign_core::surveyor::Context;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::source::{Filler, cause, whole};
use super::{scope, tell};
use crate::fingerprint::{Key, Seen};
use crate::protocol::News;

/// Answers whoever gave the order, as [`crate::protocol::Order::Stretch`] says.
pub(super) async fn answer(lines: &Blob, context: &str, key: Key) {
    let context = match serde_json::from_str(context) {
        Ok(context) => context,
        Err(error) => return tell(&News::Crashed { message: format!("a stretch was not understood: {error}") }),
    };
    let surveyed = survey(lines, context, key).await.map_err(|reason| cause(&reason));
    match postcard::to_stdvec(&surveyed) {
        Ok(bytes) => {
            let buffer = Uint8Array::from(bytes.as_slice()).buffer();
            // Where even that fails there is nobody left to tell.
            let _ = scope().post_message_with_transfer(&buffer, &Array::of1(&buffer));
        }
        Err(error) => tell(&News::Crashed { message: format!("a stretch could not be said: {error}") }),
    }
}

/// The segment that the lines amount to, and the print of their bytes.
async fn survey(lines: &Blob, context: Context, key: Key) -> Result<(Segment, u64), JsValue> {
    let (mut filler, mut stretch, mut bytes) = (Filler::of(lines), Stretch::new(context), 0);
    let mut hasher = key.hasher();
    while let Some(mut piece) = filler.next().await? {
        bytes += u64::from(piece.length());
        while stretch.read(&mut Seen(&mut piece, |bytes: &[u8]| hasher.write(bytes))).is_ok_and(|count| count > 0) {}
    }
    if bytes != whole(lines.size()) {
        return Err(JsValue::from_str("it became shorter while it was read"));
    }
    Ok((stretch.finish(), hasher.finish()))
}
