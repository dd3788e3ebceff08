//! From a thread that writes to a body that is sent: pieces, a few of them ahead of a slow reader.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::limits::{EXPORT_AHEAD, EXPORT_PIECE};

/// What is sent; `None` is the end, which whoever breaks off does not send.
type Piece = Option<Bytes>;

/// Where a thread writes to.
#[derive(Debug)]
pub(crate) struct Pieces {
    sender: mpsc::Sender<Piece>,
    buffer: Vec<u8>,
    until: Instant,
}

/// What is sent of it.
#[derive(Debug)]
pub(crate) struct PieceBody {
    receiver: mpsc::Receiver<Piece>,
    /// Bytes to come, where that is known.
    left: Option<u64>,
    ended: bool,
}

/// A writer until a time, and the body of what it writes.
pub(crate) fn pieces(until: Instant) -> (Pieces, PieceBody) {
    let (sender, receiver) = mpsc::channel(EXPORT_AHEAD);
    let pieces = Pieces { sender, buffer: Vec::with_capacity(EXPORT_PIECE), until };
    (pieces, PieceBody { receiver, left: None, ended: false })
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        if Instant::now() > self.until {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the export took too long"));
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(EXPORT_PIECE));
        let left = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the reader left");
        self.sender.blocking_send(Some(piece.into())).map_err(left)
    }

    /// Sends the rest, and that it is the end.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.send()?;
        // A reader that left with the last byte has all of it.
        let _ = self.sender.blocking_send(None);
        Ok(())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= EXPORT_PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    /// Small pieces are not worth sending.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl PieceBody {
    pub(crate) fn of_length(self, length: Option<u64>) -> Self {
        Self { left: length, ..self }
    }
}

impl Body for PieceBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let piece = ready!(self.receiver.poll_recv(cx));
        Poll::Ready(match piece {
            Some(Some(bytes)) => {
                self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
                Some(Ok(Frame::data(bytes)))
            }
            Some(None) => {
                self.ended = true;
                None
            }
            // Whoever wrote stopped in the middle; a reader must not take that for the whole.
            None => {
                self.ended = true;
                Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the export broke off")))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn all_that_is_written_arrives() {
        let (mut pieces, body) = pieces(soon());
        let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let expected = bytes.clone();
        let writing = tokio::task::spawn_blocking(move || {
            bytes.chunks(1000).for_each(|chunk| pieces.write_all(chunk).unwrap());
            pieces.finish().unwrap();
        });
        assert_eq!(body.collect().await.unwrap().to_bytes(), expected);
        writing.await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_breaks_off_is_an_error_of_the_body() {
        let (mut pieces, body) = pieces(soon());
        let writing = tokio::task::spawn_blocking(move || pieces.write_all(&[7; EXPORT_PIECE]).unwrap());
        assert!(body.collect().await.is_err());
        writing.await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_writer_notices_that_nobody_reads_and_that_its_time_is_over() {
        let (mut unread, body) = pieces(soon());
        drop(body);
        let (mut late, _body) = pieces(Instant::now());
        tokio::task::spawn_blocking(move || {
            assert_eq!(unread.write_all(&[7; EXPORT_PIECE]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            assert_eq!(late.write_all(&[7; EXPORT_PIECE]).unwrap_err().kind(), io::ErrorKind::TimedOut);
        })
        .await
        .unwrap();
    }
}
