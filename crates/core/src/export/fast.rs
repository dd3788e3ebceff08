//! The fast path: an entry exactly as [`super::writer`] lays it out, without escapes.
//!
//! It accepts only what [`super::strict`] accepts and with the same values, which a property test
//! holds it to; everything else it leaves to the strict reader.

use crate::entry::{Entry, Personal, Values};

/// Reads an entry in the writer's own layout; `None` says nothing but "ask the strict reader".
#[inline]
#[must_use]
pub fn read(line: &str) -> Option<(Entry<'_>, Values)> {
    let plain = is_plain(line.as_bytes());
    let mut c = Cursor { rest: line, plain };
    c.literal("{\"seq\":")?;
    let seq = c.number()?;
    c.literal(",\"transaction_id\":\"")?;
    let transaction_id = c.fixed(36)?;
    c.literal("\",\"created_at\":\"")?;
    let created_at = c.fixed(24)?;
    c.literal("\",\"type\":\"")?;
    let kind = c.token()?;
    c.literal("\",\"currency\":\"")?;
    let currency = c.token()?;
    c.literal("\",\"amount_gross\":\"")?;
    let amount_gross = c.token()?;
    c.literal("\",\"tax_withheld\":\"")?;
    let tax_withheld = c.token()?;
    c.literal("\",\"amount_net\":\"")?;
    let amount_net = c.token()?;
    c.literal("\",\"tax_type\":")?;
    let tax_type = c.nullable_token()?;
    c.literal(",\"sender_id\":\"")?;
    let sender_id = c.token()?;
    c.literal("\",\"receiver_id\":\"")?;
    let receiver_id = c.token()?;
    c.literal("\",\"operator_id\":")?;
    let operator_id = c.nullable_token()?;
    c.literal(",\"reference_id\":")?;
    let reference_id = c.nullable_text()?;
    c.literal(",\"personal\":")?;
    let personal = c.personal()?;
    c.literal(",\"personal_hash\":\"")?;
    let personal_hash = c.fixed(64)?;
    c.literal("\",\"previous_hash\":\"")?;
    let previous_hash = c.fixed(64)?;
    c.literal("\",\"current_hash\":\"")?;
    let current_hash = c.fixed(64)?;
    if c.rest != "\"}" {
        return None;
    }
    let entry = Entry {
        seq,
        transaction_id,
        created_at,
        kind,
        currency,
        amount_gross,
        tax_withheld,
        amount_net,
        tax_type,
        sender_id,
        receiver_id,
        operator_id,
        reference_id,
        personal,
        personal_hash,
        previous_hash,
        current_hash,
    };
    let values = if plain { entry.check_plain() } else { entry.check() }.ok()?;
    Some((entry, values))
}

/// Whether a line holds only printable ASCII without a backslash: then no text in it needs a closer
/// look. One pass of vector instructions, where a look at each text would be many short ones.
#[inline]
fn is_plain(line: &[u8]) -> bool {
    let odd = |b: u8| b.wrapping_sub(0x20) >= 0x5f || b == b'\\';
    let (chunks, rest) = line.as_chunks::<64>();
    chunks.iter().all(|chunk| !chunk.iter().fold(false, |found, &b| found | odd(b))) && !rest.iter().any(|&b| odd(b))
}

struct Cursor<'a> {
    rest: &'a str,
    plain: bool,
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    fn literal(&mut self, text: &'static str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// A text of known length; its grammar, checked later, admits no quote.
    #[inline(always)]
    fn fixed(&mut self, len: usize) -> Option<&'a str> {
        let (text, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(text)
    }

    /// A canonical number of at most 16 digits.
    #[inline(always)]
    fn number(&mut self) -> Option<u64> {
        let bytes = self.rest.as_bytes();
        let digits = bytes.iter().take(17).take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 || digits > 16 || bytes[0] == b'0' {
            return None;
        }
        let (text, rest) = self.rest.split_at(digits);
        self.rest = rest;
        Some(text.bytes().fold(0, |n, b| n * 10 + u64::from(b - b'0')))
    }

    /// A short text up to its quote, which is left. Its grammar, checked later, admits no backslash.
    #[inline(always)]
    fn token(&mut self) -> Option<&'a str> {
        let end = self.rest.bytes().position(|b| b == b'"')?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(text)
    }

    #[inline(always)]
    fn nullable_token(&mut self) -> Option<Option<&'a str>> {
        if self.literal("null").is_some() {
            return Some(None);
        }
        self.literal("\"")?;
        let text = self.token()?;
        self.literal("\"")?;
        Some(Some(text))
    }

    /// A text that may hold anything but a quote or a backslash.
    #[inline(always)]
    fn nullable_text(&mut self) -> Option<Option<&'a str>> {
        if self.literal("null").is_some() {
            return Some(None);
        }
        self.literal("\"")?;
        let end = memchr::memchr(b'"', self.rest.as_bytes())?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.literal("\"")?;
        (self.plain || memchr::memchr(b'\\', text.as_bytes()).is_none()).then_some(Some(text))
    }

    #[inline(always)]
    fn personal(&mut self) -> Option<Option<Personal<'a>>> {
        if self.literal("null").is_some() {
            return Some(None);
        }
        self.literal("{\"salt\":\"")?;
        let salt = self.fixed(32)?;
        self.literal("\",\"sender_username\":")?;
        let sender_username = self.nullable_text()?;
        self.literal(",\"receiver_username\":")?;
        let receiver_username = self.nullable_text()?;
        self.literal(",\"description\":")?;
        let description = self.nullable_text()?;
        self.literal(",\"ip_address\":")?;
        let ip_address = self.nullable_text()?;
        self.literal(",\"user_agent\":")?;
        let user_agent = self.nullable_text()?;
        self.literal("}")?;
        Some(Some(Personal { salt, sender_username, receiver_username, description, ip_address, user_agent }))
    }
}
