//! The texts of Decimal128 to exact sums: General Decimal Arithmetic, `to-scientific-string`.

use countersign_core::money::Sum;

/// Digits of a Decimal128.
const MAX_DIGITS: usize = 34;
const DECIMALS: i32 = 4;

/// Reads a balance. Nothing is rounded: what does not fit four decimals is refused.
///
/// # Errors
/// Why it is none.
pub(super) fn balance(text: &str) -> Result<Sum, &'static str> {
    let (is_negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    if unsigned == "NaN" || unsigned == "Infinity" {
        return Err("no finite number");
    }
    let (units, scale) = number(unsigned).ok_or("no text of a Decimal128")?;
    let sum = at_four_decimals(units, scale)?;
    if is_negative && sum != Sum::ZERO {
        return Err("below zero");
    }
    Ok(sum)
}

/// The digits as a number, and how many of them are decimals.
fn number(text: &str) -> Option<(u128, i32)> {
    let (digits, exponent) = text.split_once('E').unwrap_or((text, "0"));
    let (whole, decimals) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let all = format!("{whole}{}", decimals.unwrap_or(""));
    let written = !whole.is_empty() && decimals.is_none_or(|decimals| !decimals.is_empty());
    if !written || all.len() > MAX_DIGITS || !all.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let decimals = i32::try_from(decimals.unwrap_or("").len()).ok()?;
    Some((all.parse().ok()?, decimals.checked_sub(exponent.parse().ok()?)?))
}

fn at_four_decimals(mut units: u128, mut scale: i32) -> Result<Sum, &'static str> {
    while scale > DECIMALS && units.is_multiple_of(10) && units > 0 {
        (units, scale) = (units / 10, scale - 1);
    }
    if units == 0 {
        return Ok(Sum::ZERO);
    }
    let shift = u32::try_from(DECIMALS - scale).map_err(|_| "more than four decimals, and nothing is rounded")?;
    let power = 10_u128.checked_pow(shift);
    let units = power.and_then(|power| units.checked_mul(power)).and_then(|units| i128::try_from(units).ok());
    let sum = units.map(Sum::from_ten_thousandths).filter(|sum| *sum <= Sum::MAX);
    sum.ok_or("more than 22 digits before the point")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_is_exact() {
        let read = |text| balance(text).map(|sum| sum.to_string());
        for (text, expected) in [
            ("0", "0.0000"),
            ("-0", "0.0000"),
            ("-0.00", "0.0000"),
            ("0E-6176", "0.0000"),
            ("0E+6111", "0.0000"),
            ("5", "5.0000"),
            ("100.00", "100.0000"),
            ("1E+3", "1000.0000"),
            ("1.5E-3", "0.0015"),
            ("0.00010000000", "0.0001"),
            ("9999999999999999999999.9999", "9999999999999999999999.9999"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (text, part) in [
            ("0.00001", "four decimals"),
            ("1E-5", "four decimals"),
            ("1E-6176", "four decimals"),
            ("10000000000000000000000", "22 digits"),
            ("1E+6111", "22 digits"),
            ("-0.0001", "below zero"),
            ("NaN", "finite"),
            ("-Infinity", "finite"),
            ("", "no text"),
            ("+1", "no text"),
            ("1.", "no text"),
            (".5", "no text"),
            ("1e3", "no text"),
            ("1E", "no text"),
            ("1E+99999999999", "no text"),
            ("0x1", "no text"),
            ("1 ", "no text"),
            ("1.2.3", "no text"),
        ] {
            let refused = balance(text).unwrap_err();
            assert!(refused.contains(part), "{text}: {refused}");
        }
    }
}
