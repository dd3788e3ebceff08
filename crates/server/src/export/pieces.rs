//! From a thread that writes to a body that is sent: pieces, a few of them ahead of a slow reader.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

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
    pace: Pace,
}

/// Holds a reader to a pace: an export holds a snapshot of the database, and whoever takes a little now and then
/// would hold it for as long as an export may take.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Bytes a second; 0 where any will do.
    least: u64,
    /// It is looked at whenever the reader kept the writer waiting for so long.
    window: Duration,
    taken: u64,
    waited: Duration,
}

impl Pace {
    pub(crate) const fn new(least: u64, window: Duration) -> Self {
        Self { least, window, taken: 0, waited: Duration::ZERO }
    }

    /// Takes note of bytes that were waited for; whether the reader is fast enough.
    fn holds(&mut self, bytes: u64, waited: Duration) -> bool {
        (self.taken, self.waited) = (self.taken + bytes, self.waited + waited);
        if self.waited < self.window {
            return true;
        }
        let holds = u128::from(self.taken) * 1000 >= u128::from(self.least) * self.waited.as_millis();
        (self.taken, self.waited) = (0, Duration::ZERO);
        holds
    }
}

/// What is sent of it.
#[derive(Debug)]
pub(crate) struct PieceBody {
    receiver: mpsc::Receiver<Piece>,
    /// Bytes to come, where that is known.
    left: Option<u64>,
    ended: bool,
}

/// A writer until a time, for a reader who keeps a pace, and the body of what it writes.
pub(crate) fn pieces(until: Instant, pace: Pace) -> (Pieces, PieceBody) {
    let (sender, receiver) = mpsc::channel(EXPORT_AHEAD);
    let pieces = Pieces { sender, buffer: Vec::with_capacity(EXPORT_PIECE), until, pace };
    (pieces, PieceBody { receiver, left: None, ended: false })
}

impl Pieces {
    /// Refuses to go on for a reader who left, or for too long.
    fn check(&self) -> io::Result<()> {
        if Instant::now() > self.until {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the export took too long"));
        }
        if self.sender.is_closed() { Err(left()) } else { Ok(()) }
    }

    fn send(&mut self) -> io::Result<()> {
        self.check()?;
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(EXPORT_PIECE));
        let (bytes, asked) = (piece.len() as u64, Instant::now());
        self.sender.blocking_send(Some(piece.into())).map_err(|_| left())?;
        if self.pace.holds(bytes, asked.elapsed()) {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "the reader was too slow"))
    }

    /// Sends the rest, and that it is the end.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.send()?;
        // A reader that left with the last byte has all of it.
        let _ = self.sender.blocking_send(None);
        Ok(())
    }
}

fn left() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the reader left")
}

impl Write for Pieces {
    /// Nothing may be written, to ask whether it is worth going on.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            self.check()?;
        }
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

    use super::super::window::Window;
    use super::*;

    #[test]
    fn who_takes_a_little_now_and_then_is_too_slow() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::new(1000, 30 * second);
        assert!((0..29).all(|_| pace.holds(1, second)), "nobody is judged by a moment");
        assert!(!pace.holds(1, second));
        assert!((0..300).all(|_| pace.holds(1000, second)));
        // Who keeps nobody waiting may be sent little.
        assert!((0..300).all(|_| pace.holds(1, Duration::ZERO)));
        assert!(!pace.holds(999, 30 * second));
        assert!(Pace::new(0, second).holds(0, 9 * second));
    }

    fn any() -> Pace {
        Pace::new(0, Duration::from_secs(60))
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn all_that_is_written_arrives() {
        let (mut pieces, body) = pieces(soon(), any());
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
        let (mut pieces, body) = pieces(soon(), any());
        let writing = tokio::task::spawn_blocking(move || pieces.write_all(&[7; EXPORT_PIECE]).unwrap());
        assert!(body.collect().await.is_err());
        writing.await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_writer_notices_that_nobody_reads_and_that_its_time_is_over() {
        let (mut unread, body) = pieces(soon(), any());
        drop(body);
        let (mut late, _body) = pieces(Instant::now(), any());
        tokio::task::spawn_blocking(move || {
            // Also while all that is written lies before the range that was asked for.
            let mut skipping = Window::new(&mut unread, 1000..2000);
            assert_eq!(skipping.write_all(&[7; 10]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            let mut skipping = Window::new(&mut late, 1000..2000);
            assert_eq!(skipping.write_all(&[7; 10]).unwrap_err().kind(), io::ErrorKind::TimedOut);
            assert_eq!(unread.write_all(&[7; EXPORT_PIECE]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            assert_eq!(late.write_all(&[7; EXPORT_PIECE]).unwrap_err().kind(), io::ErrorKind::TimedOut);
        })
        .await
        .unwrap();
    }
}
