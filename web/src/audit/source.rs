//! Where an audit's bytes come from: a file, or a stream of the page's own origin that is kept while it
//! is read, so that a second reading (and the SHA-256) sees exactly the same bytes.

use std::collections::VecDeque;

use gloo_net::http::Request;
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ReadableStream, ReadableStreamDefaultReader, RequestRedirect};

use crate::protocol::Order;

/// How many pieces are on their way while one is verified: the browser reads them in another process.
const AHEAD: usize = 3;
/// How much of a stream is gathered before the browser takes it over, which may then put it on disk.
const PART: u32 = 8 << 20;

/// An input that can be read from its start more than once.
pub(super) enum Source {
    /// A file, or a stream that was read to its end.
    Blob(Blob, Pieces),
    /// A stream in its first reading.
    Stream(Stream),
}

/// A stream's pieces, asked for some way ahead. A file is read as a stream, too: asked for in slices, each
/// would be opened anew, which takes the browser half as long again.
pub(super) struct Pieces {
    reader: ReadableStreamDefaultReader,
    coming: VecDeque<JsFuture>,
}

/// A response being read.
pub(super) struct Stream {
    pieces: Pieces,
    total: Option<u64>,
    kept: Array,
    gathered: Array,
    gathered_bytes: u32,
}

impl Source {
    /// Opens what the order names.
    pub(super) async fn open(order: Order) -> Result<Self, JsValue> {
        match order {
            Order::File { file, .. } => Ok(Self::of(file)),
            Order::Address { url, .. } => Stream::open(&url).await.map(Self::Stream),
        }
    }

    fn of(blob: Blob) -> Self {
        let pieces = Pieces::of(&blob.stream());
        Self::Blob(blob, pieces)
    }

    /// The size of the input, where known.
    pub(super) fn total(&self) -> Option<u64> {
        match self {
            Self::Blob(blob, _) => Some(whole(blob.size())),
            Self::Stream(stream) => stream.total,
        }
    }

    /// The next bytes; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        let piece = match self {
            Self::Blob(_, pieces) => pieces.next().await,
            Self::Stream(stream) => stream.next().await,
        };
        Ok(piece?.map(|bytes| bytes.to_vec()))
    }

    /// Goes back to the start.
    pub(super) fn rewind(&mut self) -> Result<(), JsValue> {
        *self = match self {
            Self::Blob(blob, _) => Self::of(blob.clone()),
            Self::Stream(stream) => Self::of(stream.whole()?),
        };
        Ok(())
    }
}

impl Pieces {
    fn of(stream: &ReadableStream) -> Self {
        Self { reader: stream.get_reader().unchecked_into(), coming: VecDeque::with_capacity(AHEAD) }
    }

    async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        while self.coming.len() < AHEAD {
            self.coming.push_back(JsFuture::from(self.reader.read()));
        }
        let Some(read) = self.coming.pop_front() else { return Ok(None) };
        let read = read.await?;
        if Reflect::get(&read, &"done".into())?.is_truthy() {
            return Ok(None);
        }
        Ok(Some(Reflect::get(&read, &"value".into())?.dyn_into()?))
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
        Ok(Self { pieces: Pieces::of(&body), total, kept: Array::new(), gathered: Array::new(), gathered_bytes: 0 })
    }

    async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let Some(bytes) = self.pieces.next().await? else { return Ok(None) };
        self.gathered_bytes += bytes.length();
        self.gathered.push(&bytes);
        if self.gathered_bytes >= PART {
            self.keep()?;
        }
        Ok(Some(bytes))
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
