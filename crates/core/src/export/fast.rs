//! The fast path: an entry exactly as [`super::writer`] lays it out.
//!
//! It accepts only what [`super::strict`] accepts and with the same values, which a property test
//! holds it to; everything else it leaves to the strict reader.

use super::strict::OwnedEntry;
use crate::entry::{Entry, PERSONAL_MAX, Personal, REFERENCE_MAX, Values};
use crate::grammar;
use crate::hash::Hash;
use crate::kind::Kind;
use crate::money::Amount;
use crate::timestamp::Timestamp;

/// Reads an entry in the writer's own layout, without escapes; `None` says nothing but "ask another reader". Each text
/// is held to its grammar as its end is looked for.
#[inline]
#[must_use]
pub fn read(line: &str) -> Option<(Entry<'_>, Values)> {
    entry(&mut Cursor::<false> { rest: line, plain: is_plain(line.as_bytes()) })
}

/// The same with escapes, of which the writer needs two: a quotation mark and a backslash in a text. Where there is none,
/// it says nothing.
#[must_use]
pub fn read_escaped(line: &str) -> Option<(OwnedEntry, Values)> {
    memchr::memchr(b'\\', line.as_bytes())?;
    let (raw, values) = entry(&mut Cursor::<true> { rest: line, plain: false })?;
    let mut entry = OwnedEntry::from(&raw);
    for (text, max) in entry.free_texts() {
        if text.contains('\\') {
            *text = unescaped(text)?;
        }
        if !grammar::is_text(text, max) {
            return None;
        }
    }
    Some((entry, values))
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        out.push(after.chars().next().filter(|c| matches!(c, '"' | '\\'))?);
        rest = &after[1..];
    }
    out.push_str(rest);
    Some(out)
}

#[inline(always)]
fn entry<'a, const ESCAPED: bool>(c: &mut Cursor<'a, ESCAPED>) -> Option<(Entry<'a>, Values)> {
    c.literal("{\"seq\":")?;
    let seq = c.number().filter(|seq| *seq <= grammar::MAX_SEQ)?;
    c.literal(",\"transaction_id\":\"")?;
    let (transaction_id, id) = c.fixed(36, grammar::uuid)?;
    c.literal("\",\"created_at\":\"")?;
    let (created_at, time) = c.fixed(24, |text| Timestamp::parse(text.as_bytes()))?;
    c.literal("\",\"type\":\"")?;
    let name = c.leading(|rest| Some(grammar::leading_type(rest)))?;
    let kind = Kind::parse(name)?;
    c.literal("\",\"currency\":\"")?;
    let currency = c.leading(grammar::leading_currency)?;
    c.literal("\",\"amount_gross\":\"")?;
    let (amount_gross, gross) = c.amount()?;
    c.literal("\",\"tax_withheld\":\"")?;
    let (tax_withheld, tax) = c.amount()?;
    c.literal("\",\"amount_net\":\"")?;
    let (amount_net, net) = c.amount()?;
    c.literal("\",\"tax_type\":")?;
    let tax_type = c.nullable(|c| c.leading(grammar::leading_tax_type))?;
    c.literal(",\"sender_id\":\"")?;
    let sender_id = c.leading(grammar::leading_id)?;
    c.literal("\",\"receiver_id\":\"")?;
    let receiver_id = c.leading(grammar::leading_id)?;
    c.literal("\",\"operator_id\":")?;
    let operator_id = c.nullable(|c| c.leading(grammar::leading_id))?;
    c.literal(",\"reference_id\":")?;
    let reference_id = c.nullable(|c| c.text(REFERENCE_MAX))?;
    c.literal(",\"personal\":")?;
    let personal = c.personal()?;
    c.literal(",\"personal_hash\":\"")?;
    let (personal_hash, of_personal) = c.fixed(64, Hash::parse)?;
    c.literal("\",\"previous_hash\":\"")?;
    let (previous_hash, previous) = c.fixed(64, Hash::parse)?;
    c.literal("\",\"current_hash\":\"")?;
    let (current_hash, current) = c.fixed(64, Hash::parse)?;
    if c.rest != "\"}" {
        return None;
    }
    let entry = Entry {
        seq,
        transaction_id,
        created_at,
        kind: name,
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
    let (personal_hash, previous_hash, current_hash) = (of_personal, previous, current);
    Some((entry, Values { id, time, kind, gross, tax, net, personal_hash, previous_hash, current_hash }))
}

/// Whether no text of a line needs a closer look. One pass of vector instructions, where a look at each text
/// would be many short ones.
#[inline]
fn is_plain(line: &[u8]) -> bool {
    // What is beyond ASCII, and so negative, is looked at only where it stands.
    let odd = |b: u8| (b.cast_signed() < 0x20) | (b == b'\\') | (b == 0x7f);
    let any = |chunk: &[u8; 64], is: fn(u8) -> bool| chunk.iter().fold(false, |found, &b| found | is(b));
    let plain = |chunk: &[u8; 64]| !any(chunk, odd) || !any(chunk, grammar::needs_a_look);
    // The last looks once more at some that the one before it saw. No entry is shorter than a chunk.
    line.last_chunk().is_some_and(plain) && line.as_chunks().0.iter().all(plain)
}

/// Where a text ends whose quotation marks are escaped.
fn end_of_escaped(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        from = at + 2;
    }
}

/// Where the reading is. Texts that may be `ESCAPED` are taken as they stand, and held to their grammar later.
struct Cursor<'a, const ESCAPED: bool> {
    rest: &'a str,
    plain: bool,
}

impl<'a, const ESCAPED: bool> Cursor<'a, ESCAPED> {
    #[inline(always)]
    fn literal(&mut self, text: &'static str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// A text of known length, and what it says.
    #[inline(always)]
    fn fixed<T>(&mut self, len: usize, parse: impl Fn(&str) -> Option<T>) -> Option<(&'a str, T)> {
        let (text, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some((text, parse(text)?))
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

    /// A text as far as its grammar takes it. The quote that must follow is looked for next.
    #[inline(always)]
    fn leading(&mut self, leading: impl Fn(&'a str) -> Option<&'a str>) -> Option<&'a str> {
        let text = leading(self.rest)?;
        self.rest = self.rest.get(text.len()..)?;
        Some(text)
    }

    #[inline(always)]
    fn amount(&mut self) -> Option<(&'a str, Amount)> {
        let (amount, length) = Amount::leading(self.rest.as_bytes())?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some((text, amount))
    }

    /// Null, or a text within quotes.
    #[inline(always)]
    fn nullable(&mut self, read: impl Fn(&mut Self) -> Option<&'a str>) -> Option<Option<&'a str>> {
        if self.literal("null").is_some() {
            return Some(None);
        }
        self.literal("\"")?;
        let text = read(self)?;
        self.literal("\"")?;
        Some(Some(text))
    }

    /// A text of 1 to `max` bytes up to its quote; where it may be escaped, one that might be.
    #[inline(always)]
    fn text(&mut self, max: usize) -> Option<&'a str> {
        let bytes = self.rest.as_bytes();
        let end = if ESCAPED { end_of_escaped(bytes)? } else { memchr::memchr(b'"', bytes)? };
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        if ESCAPED {
            // No escape of the writer's has more than two bytes.
            return (1..=2 * max).contains(&end).then_some(text);
        }
        let of_text = || memchr::memchr(b'\\', text.as_bytes()).is_none() && grammar::is_text(text, max);
        ((self.plain && (1..=max).contains(&end)) || of_text()).then_some(text)
    }

    #[inline(always)]
    fn personal(&mut self) -> Option<Option<Personal<'a>>> {
        if self.literal("null").is_some() {
            return Some(None);
        }
        self.literal("{\"salt\":\"")?;
        let (salt, ()) = self.fixed(32, |text| grammar::is_hex(text, 32).then_some(()))?;
        self.literal("\",\"sender_username\":")?;
        let sender_username = self.nullable(|c| c.text(PERSONAL_MAX[0]))?;
        self.literal(",\"receiver_username\":")?;
        let receiver_username = self.nullable(|c| c.text(PERSONAL_MAX[1]))?;
        self.literal(",\"description\":")?;
        let description = self.nullable(|c| c.text(PERSONAL_MAX[2]))?;
        self.literal(",\"ip_address\":")?;
        let ip_address = self.nullable(|c| c.text(PERSONAL_MAX[3]))?;
        self.literal(",\"user_agent\":")?;
        let user_agent = self.nullable(|c| c.text(PERSONAL_MAX[4]))?;
        self.literal("}")?;
        Some(Some(Personal { salt, sender_username, receiver_username, description, ip_address, user_agent }))
    }
}
