//! What is written to, by its name: of a full disk the system says only that it is full.

use std::io::{self, Write};

/// Something that is written to, whose errors say what it is.
#[derive(Debug)]
pub(super) struct Named<W> {
    out: W,
    name: String,
}

impl<W> Named<W> {
    pub(super) const fn new(out: W, name: String) -> Self {
        Self { out, name }
    }

    fn failed(&self, error: &io::Error) -> io::Error {
        // Tried again, and not told.
        if error.kind() == io::ErrorKind::Interrupted {
            return error.kind().into();
        }
        io::Error::new(error.kind(), format!("{}: {error}", self.name))
    }
}

impl<W: Write> Write for Named<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(|error| self.failed(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(|error| self.failed(&error))
    }
}
