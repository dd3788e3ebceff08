//! What each field of format 2 may hold. One function a rule of FORMAT.md's key table; both readers
//! call these and nothing else decides.

/// Longest account or operator id, in bytes.
pub const MAX_ID: usize = 64;
/// The two reserved account ids.
pub const SYSTEM: &str = "SYSTEM";
/// See [`SYSTEM`].
pub const TREASURY: &str = "TREASURY";
/// The currency of entries that move nothing.
pub const NO_CURRENCY: &str = "XXX";
/// Largest `seq`: 2^53 − 1.
pub const MAX_SEQ: u64 = (1 << 53) - 1;

const ID: u8 = 1;
const UPPER_OR_DIGIT: u8 = 2;
const LOWER_DIGIT_OR_UNDERSCORE: u8 = 4;
const UPPER_DIGIT_OR_UNDERSCORE: u8 = 8;
const LEDGER: u8 = 16;

static CLASS: [u8; 256] = classes();

#[expect(clippy::cast_possible_truncation, reason = "every byte, counted in a type that can end the loop")]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8 as char;
        let mut class = 0;
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-') {
            class |= ID | LEDGER;
        }
        if c == '/' {
            class |= LEDGER;
        }
        if c.is_ascii_uppercase() || c.is_ascii_digit() {
            class |= UPPER_OR_DIGIT | UPPER_DIGIT_OR_UNDERSCORE;
        }
        if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' {
            class |= LOWER_DIGIT_OR_UNDERSCORE;
        }
        if c == '_' {
            class |= UPPER_DIGIT_OR_UNDERSCORE;
        }
        table[b] = class;
        b += 1;
    }
    table
}

/// The longest start of a text whose bytes are all of a class.
#[inline(always)]
fn leading(text: &str, class: u8) -> &str {
    let end = text.bytes().position(|b| CLASS[usize::from(b)] & class == 0).unwrap_or(text.len());
    // Every class is of ASCII, so that no character is cut.
    text.get(..end).unwrap_or_default()
}

#[inline]
fn all(text: &[u8], class: u8) -> bool {
    text.iter().all(|&b| CLASS[usize::from(b)] & class != 0)
}

/// An account or operator: 1 to 64 of `A-Za-z0-9._:-`.
#[inline]
#[must_use]
pub fn is_id(text: &str) -> bool {
    is_all_of(leading_id(text), text)
}

/// The id that a text starts with, as far as it goes.
#[inline(always)]
#[must_use]
pub fn leading_id(text: &str) -> Option<&str> {
    Some(leading(text, ID)).filter(|id| (1..=MAX_ID).contains(&id.len()))
}

/// `[A-Z][A-Z0-9]{2,11}`.
#[inline]
#[must_use]
pub fn is_currency(text: &str) -> bool {
    is_all_of(leading_currency(text), text)
}

/// The currency that a text starts with, as far as it goes.
#[inline(always)]
#[must_use]
pub fn leading_currency(text: &str) -> Option<&str> {
    let currency = leading(text, UPPER_OR_DIGIT);
    ((3..=12).contains(&currency.len()) && currency.as_bytes()[0].is_ascii_uppercase()).then_some(currency)
}

/// `[a-z][a-z0-9_]{1,31}`.
#[inline]
#[must_use]
pub fn is_tax_type(text: &str) -> bool {
    is_all_of(leading_tax_type(text), text)
}

/// The tax type that a text starts with, as far as it goes.
#[inline(always)]
#[must_use]
pub fn leading_tax_type(text: &str) -> Option<&str> {
    let bucket = leading(text, LOWER_DIGIT_OR_UNDERSCORE);
    ((2..=32).contains(&bucket.len()) && bucket.as_bytes()[0].is_ascii_lowercase()).then_some(bucket)
}

#[inline(always)]
fn is_all_of(leading: Option<&str>, text: &str) -> bool {
    leading.is_some_and(|leading| leading.len() == text.len())
}

/// The longest start of a text that could be an entry's type.
#[inline(always)]
#[must_use]
pub fn leading_type(text: &str) -> &str {
    leading(text, UPPER_DIGIT_OR_UNDERSCORE)
}

/// An application's own type: `X_[A-Z0-9_]{1,30}`.
#[inline]
#[must_use]
pub fn is_application_type(text: &str) -> bool {
    let t = text.as_bytes();
    (3..=32).contains(&t.len()) && t.starts_with(b"X_") && all(t, UPPER_DIGIT_OR_UNDERSCORE)
}

/// A ledger's name: `[A-Za-z0-9._/:-]{1,128}`.
#[must_use]
pub fn is_ledger_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && all(text.as_bytes(), LEDGER)
}

/// `len` lowercase hex digits.
#[inline]
#[must_use]
pub fn is_hex(text: &str, len: usize) -> bool {
    // Without an early exit, so that it becomes a few vector instructions.
    text.len() == len && text.bytes().fold(true, |ok, b| ok & (b.wrapping_sub(b'0') < 10 || b.wrapping_sub(b'a') < 6))
}

/// Whether something holds a hash: 64 lowercase hex digits together.
#[must_use]
pub(crate) fn holds_hash(bytes: &[u8]) -> bool {
    let is_digit = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    bytes.split(|b| !is_digit(b)).any(|digits| digits.len() >= 64)
}

/// A UUID in lowercase with hyphens; its 128 bits.
#[inline]
#[must_use]
pub fn uuid(text: &str) -> Option<u128> {
    let t: &[u8; 36] = text.as_bytes().try_into().ok()?;
    if t[8] != b'-' || t[13] != b'-' || t[18] != b'-' || t[23] != b'-' {
        return None;
    }
    let mut digits = [0_u8; 32];
    digits[..8].copy_from_slice(&t[..8]);
    digits[8..12].copy_from_slice(&t[9..13]);
    digits[12..16].copy_from_slice(&t[14..18]);
    digits[16..20].copy_from_slice(&t[19..23]);
    digits[20..].copy_from_slice(&t[24..]);
    let mut bad = false;
    for d in &mut digits {
        let (decimal, letter) = (d.wrapping_sub(b'0'), d.wrapping_sub(b'a'));
        bad |= decimal > 9 && letter > 5;
        *d = if decimal < 10 { decimal } else { letter.wrapping_add(10) };
    }
    let mut value = [0_u8; 16];
    for (byte, pair) in value.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (pair[0] << 4) | (pair[1] & 15);
    }
    (!bad).then(|| u128::from_be_bytes(value))
}

/// Text of 1 to `max` bytes with no control character and none that deceives the eye.
#[inline]
#[must_use]
pub fn is_text(text: &str, max: usize) -> bool {
    if text.is_empty() || text.len() > max {
        return false;
    }
    let (control, ascii) = text.bytes().fold((false, true), |(c, a), b| (c | (b < 0x20) | (b == 0x7f), a & (b < 0x80)));
    !control && (ascii || !text.chars().any(is_forbidden))
}

/// Whether a text of 1 to `max` bytes says something: blanks are a text of the format, and nobody's name or reason.
#[must_use]
pub fn says_something(text: &str, max: usize) -> bool {
    is_text(text, max) && !text.trim().is_empty()
}

/// Whether a byte of UTF-8 is a control character, a backslash, or the first of a character that could be
/// forbidden: the five below stand before all of [`is_forbidden`] past ASCII.
#[inline(always)]
#[must_use]
pub const fn needs_a_look(b: u8) -> bool {
    (b < 0x20) | (b == b'\\') | (b == 0x7f) | (b == 0xc2) | (b == 0xd8) | (b == 0xe2) | (b == 0xef) | (b == 0xf3)
}

/// Control characters, and characters that are invisible or turn the reading direction.
#[must_use]
pub const fn is_forbidden(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

/// A text of at most so many characters: of a longer one its start. What a hostile file says is shown, and not kept whole.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_refuses_what_deceives() {
        assert!(is_text("Ștefan — 金", 64));
        for bad in ["", "a\nb", "\u{7f}", "\u{9f}", "a\u{202e}b", "\u{feff}a", "\u{e0001}", "\u{ad}"] {
            assert!(!is_text(bad, 64), "{bad:?}");
        }
        assert!(!is_text(&"x".repeat(65), 64));
    }

    #[test]
    fn whatever_is_forbidden_needs_a_look() {
        for c in ('\0'..=char::MAX).filter(|&c| is_forbidden(c) || c == '\\') {
            let mut utf8 = [0; 4];
            c.encode_utf8(&mut utf8);
            assert!(needs_a_look(utf8[0]), "{c:?}");
        }
        assert!(!"Ștefan × 金 🦊".bytes().any(needs_a_look));
    }

    #[test]
    fn uuid_has_one_form() {
        let text = "709b55bd-3da0-75a8-8812-5bd0ee20c5bf";
        assert_eq!(uuid(text), Some(0x709b_55bd_3da0_75a8_8812_5bd0_ee20_c5bf));
        assert_eq!(uuid(&text.to_uppercase()), None);
        assert_eq!(uuid(&text.replace('-', "0")), None);
        assert_eq!(uuid(&text.replace('7', "g")), None);
    }
}
