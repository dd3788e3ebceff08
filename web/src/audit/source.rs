//! Where an audit's bytes come from: a file, or a stream of the page's own origin that is kept while it
//! is read, so that a second reading (and the SHA-256) sees exactly the same bytes.

use std::collections::VecDeque;
use std::io::{self, Read};

use gloo_net::http::Request;
use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, ReadableStream, ReadableStreamByobReader, ReadableStreamDefaultReader, RequestRedirect};

use crate::protocol::Refused;

/// How many pieces of a response are on their way while one is verified.
const AHEAD: usize = 3;
/// How much of a file is read at once, which is what a block of lines takes.
const ROOM: u32 = 1 << 20;
/// How much of a stream is gathered before the browser takes it over, which may then put it on disk.
const PART: u32 = 8 << 20;

/// An input that can be read from its start more than once.
pub(super) enum Source {
    /// A file, or a stream that was read to its end.
    Blob(Blob, Filler),
    /// A stream in its first reading.
    Stream(Stream),
}

/// A file's pieces, each read into the memory of the one before it: that every piece has new memory takes longer
/// than to read it. One read at a time is enough, since the browser reads ahead of it in another process; a second
/// one would be answered with whatever little is there.
///
/// A file is read as a stream: asked for in slices, each would be opened anew.
pub(super) struct Filler {
    reader: ReadableStreamByobReader,
    room: ArrayBuffer,
}

/// A response's pieces, asked for some way ahead. They are kept, so that each has its own memory.
struct Pieces {
    reader: ReadableStreamDefaultReader,
    coming: VecDeque<JsFuture>,
}

/// Bytes outside of this module's memory, read from their start.
pub(super) struct Piece(Uint8Array);

/// A response being read.
pub(super) struct Stream {
    pieces: Pieces,
    total: Option<u64>,
    kept: Array,
    gathered: Array,
    gathered_bytes: u32,
}

impl Source {
    /// Asks for a file of this origin.
    pub(super) async fn open(url: &str) -> Result<Self, JsValue> {
        Stream::open(url).await.map(Self::Stream)
    }

    /// A file.
    pub(super) fn of(blob: Blob) -> Self {
        let filler = Filler::of(&blob);
        Self::Blob(blob, filler)
    }

    /// Goes on at a place of a file, in bytes.
    pub(super) fn go_to(&mut self, place: f64) -> Result<(), JsValue> {
        if let Self::Blob(blob, filler) = self {
            *filler = Filler::of(&blob.slice_with_f64(place)?);
        }
        Ok(())
    }

    /// The size of the input, where known.
    pub(super) fn total(&self) -> Option<u64> {
        match self {
            Self::Blob(blob, _) => Some(whole(blob.size())),
            Self::Stream(stream) => stream.total,
        }
    }

    /// The next bytes, which stand until the next are asked for; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Piece>, JsValue> {
        match self {
            Self::Blob(_, filler) => filler.next().await,
            Self::Stream(stream) => Ok(stream.next().await?.map(Piece)),
        }
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

impl Piece {
    /// Bytes still to be read.
    pub(super) fn length(&self) -> u32 {
        self.0.length()
    }

    /// Its first bytes, as many as a refusal shows.
    pub(super) fn opening(&self) -> Vec<u8> {
        self.0.subarray(0, Refused::OPENING).to_vec()
    }
}

impl Read for Piece {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.length().min(u32::try_from(buffer.len()).unwrap_or(u32::MAX));
        self.0.subarray(0, count).copy_to(&mut buffer[..count as usize]);
        self.0 = self.0.subarray(count, self.0.length());
        Ok(count as usize)
    }
}

impl Filler {
    pub(super) fn of(blob: &Blob) -> Self {
        let stream = blob.stream();
        // A reader that brings memory of its own is asked in the same way.
        let reader = ReadableStreamByobReader::new(&stream).unwrap_or_else(|_| stream.get_reader().unchecked_into());
        Self { reader, room: ArrayBuffer::new(ROOM) }
    }

    /// The next bytes, which stand until the next are asked for; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Piece>, JsValue> {
        let room = Uint8Array::new(&self.room);
        let bytes = content(&JsFuture::from(self.reader.read_with_array_buffer_view(&room)).await?)?;
        if let Some(bytes) = &bytes {
            self.room = bytes.buffer();
        }
        Ok(bytes.map(Piece))
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
        content(&read.await?)
    }
}

impl Drop for Pieces {
    /// The worker outlives its audit: what is not read to its end is no longer sent.
    fn drop(&mut self) {
        let cancelled = JsFuture::from(self.reader.cancel());
        spawn_local(async move { drop(cancelled.await) });
    }
}

/// What a reader has read; none at the end.
fn content(read: &JsValue) -> Result<Option<Uint8Array>, JsValue> {
    if Reflect::get(read, &"done".into())?.is_truthy() {
        return Ok(None);
    }
    Ok(Some(Reflect::get(read, &"value".into())?.dyn_into()?))
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
pub(super) fn whole(size: f64) -> u64 {
    size as u64
}
