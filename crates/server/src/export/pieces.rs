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
    ///
    /// What is taken shows in lumps, of as many bytes as his system makes room for at once: a long wait, and then many
    /// pieces that nobody waits for. So he is judged as soon as a piece takes too long again, by all that came before.
    fn holds(&mut self, bytes: u64, waited: Duration) -> bool {
        let is_due = self.waited >= self.window && !self.is_kept(bytes, waited);
        let holds = !is_due || self.is_kept(self.taken, self.waited);
        if is_due {
            (self.taken, self.waited) = (0, Duration::ZERO);
        }
        (self.taken, self.waited) = (self.taken + bytes, self.waited + waited);
        holds
    }

    /// Whether bytes in this time are as many as they must be.
    const fn is_kept(&self, bytes: u64, time: Duration) -> bool {
        bytes as u128 * 1000 >= self.least as u128 * time.as_millis()
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
        let why = format!("cut off: the reader was slower than {} bytes a second", self.pace.least);
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
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
    io::Error::new(io::ErrorKind::BrokenPipe, "the connection ended")
}

impl Write for Pieces {
    /// Nothing may be written, to ask whether it is worth going on.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            self.check()?;
        }
        // Not before more comes: so something is left to be sent at the end, and nobody has all of it before that.
        if self.buffer.len() >= EXPORT_PIECE {
            self.send()?;
        }
        self.buffer.extend_from_slice(bytes);
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
        assert!((0..30).all(|_| pace.holds(1, second)), "nobody is judged by a moment");
        assert!(!pace.holds(1, second));
        let mut pace = Pace::new(1000, 30 * second);
        assert!((0..300).all(|_| pace.holds(1000, second)));
        // Who keeps nobody waiting may be sent little.
        assert!((0..300).all(|_| pace.holds(1, Duration::ZERO)));
        let mut pace = Pace::new(1000, 30 * second);
        assert!(pace.holds(999, 30 * second) && pace.holds(28_000, Duration::ZERO) && !pace.holds(1, second));
        let mut any = Pace::new(0, second);
        assert!(any.holds(0, 9 * second) && any.holds(0, 9 * second));
    }

    /// A third of four megabytes at once, which takes 32 s at 40 KiB/s: more than twice what he has to.
    #[test]
    fn who_takes_enough_in_large_lumps_is_fast_enough() {
        let mut pace = Pace::new(16 << 10, Duration::from_secs(30));
        for _ in 0..20 {
            assert!(pace.holds(64 << 10, Duration::from_secs(32)));
            assert!((0..20).all(|_| pace.holds(64 << 10, Duration::ZERO)));
        }
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
    async fn nobody_has_all_of_it_before_the_end() {
        let (mut pieces, mut body) = pieces(soon(), any());
        pieces.write_all(&[7; EXPORT_PIECE]).unwrap();
        assert!(body.receiver.try_recv().is_err(), "the last piece waits for the end");
        let writing = tokio::task::spawn_blocking(move || pieces.finish().unwrap());
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len(), EXPORT_PIECE);
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
            for (mut pieces, kind) in [(unread, io::ErrorKind::BrokenPipe), (late, io::ErrorKind::TimedOut)] {
                pieces.write_all(&[7; EXPORT_PIECE]).unwrap();
                assert_eq!(pieces.write_all(&[7; EXPORT_PIECE]).unwrap_err().kind(), kind);
            }
        })
        .await
        .unwrap();
    }
}
