//! Where an audit's bytes come from: a file, or a stream of the page's own origin that is kept while it
//! is read, so that a second reading (and the SHA-256) sees exactly the same bytes.

use std::collections::VecDeque;

use gloo_net::http::Request;
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ReadableStreamDefaultReader, RequestRedirect};

use crate::protocol::Order;

/// How much of a file is read at once.
const SLICE: f64 = 1_048_576.0;
/// How many slices are on their way while one is verified: the browser reads them in another process.
const AHEAD: usize = 3;
/// How much of a stream is gathered before the browser takes it over, which may then put it on disk.
const PART: u32 = 8 << 20;

/// An input that can be read from its start more than once.
pub(super) enum Source {
    /// A file, or a stream that was read to its end.
    Blob(Slices),
    /// A stream in its first reading.
    Stream(Stream),
}

/// A file being read, some way ahead.
pub(super) struct Slices {
    blob: Blob,
    /// How far slices are asked for.
    offset: f64,
    coming: VecDeque<JsFuture>,
}

/// A response being read.
pub(super) struct Stream {
    reader: ReadableStreamDefaultReader,
    total: Option<u64>,
    kept: Array,
    gathered: Array,
    gathered_bytes: u32,
}

impl Source {
    /// Opens what the order names.
    pub(super) async fn open(order: Order) -> Result<Self, JsValue> {
        match order {
            Order::File { file, .. } => Ok(Self::Blob(Slices::of(file))),
            Order::Address { url, .. } => Stream::open(&url).await.map(Self::Stream),
        }
    }

    /// The size of the input, where known.
    pub(super) fn total(&self) -> Option<u64> {
        match self {
            Self::Blob(slices) => Some(whole(slices.blob.size())),
            Self::Stream(stream) => stream.total,
        }
    }

    /// The next bytes; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        match self {
            Self::Blob(slices) => slices.next().await,
            Self::Stream(stream) => stream.next().await,
        }
    }

    /// Goes back to the start.
    pub(super) fn rewind(&mut self) -> Result<(), JsValue> {
        match self {
            Self::Blob(slices) => *slices = Slices::of(slices.blob.clone()),
            Self::Stream(stream) => *self = Self::Blob(Slices::of(stream.whole()?)),
        }
        Ok(())
    }
}

impl Slices {
    fn of(blob: Blob) -> Self {
        Self { blob, offset: 0.0, coming: VecDeque::with_capacity(AHEAD) }
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        while self.coming.len() < AHEAD && self.offset < self.blob.size() {
            let end = (self.offset + SLICE).min(self.blob.size());
            let slice = self.blob.slice_with_f64_and_f64(self.offset, end)?;
            self.coming.push_back(JsFuture::from(slice.array_buffer()));
            self.offset = end;
        }
        let Some(slice) = self.coming.pop_front() else { return Ok(None) };
        Ok(Some(Uint8Array::new(&slice.await?).to_vec()))
    }
}

impl Stream {
    /// Asks for a file of this origin. A redirect is refused: it could lead to another.
    async fn open(url: &str) -> Result<Self, JsValue> {
        let response = Request::get(url)
            .redirect(RequestRedirect::Error)
            .send()
            .await
            .map_err(|error| JsValue::from_str(&error.to_string()))?;
        if !response.ok() {
            let answer = format!("the server answered {} {}", response.status(), response.status_text());
            return Err(JsValue::from_str(answer.trim_end()));
        }
        let body = response.body().ok_or_else(|| JsValue::from_str("the server sent no content"))?;
        // Where the transport compresses, its length is not that of what is read here.
        let plain = response.headers().get("content-encoding").is_none();
        let total = response.headers().get("content-length").filter(|_| plain).and_then(|length| length.parse().ok());
        Ok(Self {
            reader: body.get_reader().unchecked_into(),
            total,
            kept: Array::new(),
            gathered: Array::new(),
            gathered_bytes: 0,
        })
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        let read = JsFuture::from(self.reader.read()).await?;
        if Reflect::get(&read, &"done".into())?.is_truthy() {
            return Ok(None);
        }
        let bytes: Uint8Array = Reflect::get(&read, &"value".into())?.dyn_into()?;
        self.gathered_bytes += bytes.length();
        self.gathered.push(&bytes);
        if self.gathered_bytes >= PART {
            self.keep()?;
        }
        Ok(Some(bytes.to_vec()))
    }

    /// Hands what was gathered over to the browser.
    fn keep(&mut self) -> Result<(), JsValue> {
        let part = Blob::new_with_u8_array_sequence(&self.gathered)?;
        self.kept.push(&part);
        self.gathered = Array::new();
        self.gathered_bytes = 0;
        Ok(())
    }

    /// All that was read.
    fn whole(&mut self) -> Result<Blob, JsValue> {
        self.keep()?;
        Blob::new_with_blob_sequence(&self.kept)
    }
}

/// What a JavaScript error says.
pub(super) fn cause(reason: &JsValue) -> String {
    match reason.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => reason.as_string().unwrap_or_else(|| format!("{reason:?}")),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size: whole, positive, below 2^53")]
fn whole(size: f64) -> u64 {
    size as u64
}
