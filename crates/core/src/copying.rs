//! Texts of a line, put one after another: what is hashed, and what a movement names.
//!
//! There are some twenty-five for each entry. A copy of unknown length asks how long it is, over and over, and in WebAssembly
//! is a call; so whole pieces are copied, together with what stands behind a text in its line.

/// Bytes that are copied together. Most texts are shorter.
const PIECE: usize = 32;

/// How much more memory than it fills a [`Copying`] needs.
pub(crate) const MARGIN: usize = PIECE;

/// Fills memory with texts. What was put too much is overwritten by what comes next, or stays behind the end.
pub(crate) struct Copying<'a> {
    line: &'a [u8],
    out: &'a mut [u8],
    length: usize,
}

impl<'a> Copying<'a> {
    /// Of texts that mostly stand in `line`; others are taken too, and take longer.
    #[inline(always)]
    pub(crate) const fn new(line: &'a [u8], out: &'a mut [u8]) -> Self {
        Self { line, out, length: 0 }
    }

    /// How many bytes were put so far.
    #[inline(always)]
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    #[inline(always)]
    pub(crate) fn bytes<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.out[self.length..self.length + N].copy_from_slice(bytes);
        self.length += N;
    }

    /// A text of any length.
    #[inline(always)]
    pub(crate) fn text(&mut self, text: &str) {
        let end = self.length + text.len();
        match self.from(text).first_chunk::<PIECE>() {
            Some(piece) if text.len() <= PIECE => self.out[self.length..self.length + PIECE].copy_from_slice(piece),
            _ if text.is_empty() => {}
            _ => self.out[self.length..end].copy_from_slice(text.as_bytes()),
        }
        self.length = end;
    }

    /// A text that mostly has `N` bytes.
    #[inline(always)]
    pub(crate) fn text_of<const N: usize>(&mut self, text: &str) {
        match text.as_bytes().as_array() {
            Some(bytes) => self.bytes::<N>(bytes),
            None => self.text(text),
        }
    }

    #[inline(always)]
    pub(crate) fn number(&mut self, mut number: u64) {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
            if number == 0 {
                break;
            }
        }
        for digit in &digits[at..] {
            self.bytes(&[*digit]);
        }
    }

    #[inline(always)]
    pub(crate) fn line_feed(&mut self) {
        self.bytes(b"\n");
    }

    /// The line from where a text stands in it; nothing, where it does not. Whatever stands at that place is the text.
    #[inline(always)]
    fn from(&self, text: &str) -> &'a [u8] {
        let at = text.as_ptr().addr().wrapping_sub(self.line.as_ptr().addr());
        self.line.get(at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is copied where two texts follow one another.
    fn copied(line: &str, texts: [&str; 2]) -> Vec<u8> {
        let mut out = vec![0xff; texts.iter().map(|text| text.len()).sum::<usize>() + 1 + MARGIN];
        let mut copying = Copying::new(line.as_bytes(), &mut out);
        copying.text(texts[0]);
        copying.line_feed();
        copying.text(texts[1]);
        let length = copying.length();
        out.truncate(length);
        out
    }

    #[test]
    fn a_text_is_the_same_from_the_line_its_end_and_elsewhere() {
        let line: String = ('a'..='z').cycle().take(200).collect();
        for start in 0..=line.len() {
            for end in start..=line.len() {
                let text = &line[start..end];
                let elsewhere = text.to_owned();
                let expected = format!("{text}\nnext");
                assert_eq!(copied(&line, [text, "next"]), expected.as_bytes(), "{start} to {end}");
                assert_eq!(copied(&line, [&elsewhere, "next"]), expected.as_bytes());
            }
        }
    }

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 1, 9, 10, 12_345_678_901_234_567_890, u64::MAX] {
            let mut out = [0; 20];
            let mut copying = Copying::new(&[], &mut out);
            copying.number(number);
            let length = copying.length();
            assert_eq!(out[..length], *number.to_string().as_bytes());
        }
    }
}
