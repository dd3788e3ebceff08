//! Figures as a person reads them.

use std::fmt::Write;

/// `1,523`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 entry`, `2 entries`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `16.1 kB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if number < 1000 {
        return counted(number, "byte", "bytes");
    }
    let mut size = approximate(number) / 1000.0;
    let mut unit = 0;
    while size >= 999.95 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// `12.5 ms`, `3.51 s`, `12 s`, `3 min 5 s`.
pub(crate) fn duration(ms: f64) -> String {
    let seconds = ms / 1000.0;
    if seconds < 1.0 {
        return format!("{ms:.1} ms");
    }
    if seconds < 10.0 {
        return format!("{seconds:.2} s");
    }
    let whole = rounded(seconds);
    if whole < 60 { format!("{whole} s") } else { format!("{} min {} s", whole / 60, whole % 60) }
}

/// What is left, in steps that do not flicker.
pub(crate) fn left(ms: f64) -> String {
    let seconds = rounded((ms / 1000.0).ceil());
    match seconds {
        0 | 1 => "about a second".to_owned(),
        2..=9 => format!("about {seconds} seconds"),
        10..=59 => format!("about {} seconds", seconds.div_ceil(5) * 5),
        _ => format!("about {}", counted(seconds.div_ceil(60), "minute", "minutes")),
    }
}

/// A rate or share to the nearest whole.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
pub(crate) fn rounded(figure: f64) -> u64 {
    figure.round().clamp(0.0, 1e15) as u64
}

/// The first bytes of a file, as a person who knows file types reads them: hex, then text.
pub(crate) fn opening(bytes: &[u8]) -> (String, String) {
    let mut hex = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        let _ = write!(hex, "{byte:02x} ");
    }
    let text = bytes.iter().map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '·' });
    (hex.trim_end().to_owned(), text.collect())
}

/// A figure for a rate or a share, where the last digits do not matter.
#[expect(clippy::cast_precision_loss, reason = "a rate or a share is no exact figure")]
pub(crate) fn approximate(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
    }

    #[test]
    fn sizes_keep_one_decimal() {
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(16_106), "16.1 kB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(bytes(200_000_000), "200.0 MB");
    }

    #[test]
    fn openings_show_text_beside_hex() {
        assert_eq!(opening(b"PK\x03\x04"), ("50 4b 03 04".to_owned(), "PK··".to_owned()));
    }
}
