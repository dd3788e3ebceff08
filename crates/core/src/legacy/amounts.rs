//! Amounts of format 1: the texts of Decimal128, and whether three of them add up.

use rust_decimal::Decimal;

/// Most zeros that two amounts are brought to one scale with.
const MAX_SHIFT: u32 = 38;

/// Whether gross = tax + net.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    /// It is.
    Holds,
    /// It is not, or one of them is no finite number.
    Differs,
    /// Not decided: the amount with this number has more digits than are computed with.
    Beyond(usize),
}

/// A finite number: its digits, and how many of them are decimals.
#[derive(Clone, Copy, Debug)]
struct Number {
    digits: i128,
    scale: i32,
}

/// Whether a text is one that Decimal128 is written as: General Decimal Arithmetic, `to-scientific-string`,
/// with MongoDB's names for what is not finite.
pub(super) fn is_decimal128(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if unsigned == "NaN" || unsigned == "Infinity" {
        return true;
    }
    let (digits, exponent) = unsigned.split_once('E').unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, decimals, exponent].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// Judges gross, tax and net, each the text of a Decimal128. Never rounds: DESIGN's money has 28 digits,
/// Decimal128 has 34.
pub(super) fn judge(amounts: [&str; 3]) -> Sum {
    if amounts.iter().any(|text| text.ends_with(['N', 'y'])) {
        return Sum::Differs;
    }
    let mut numbers = [Number { digits: 0, scale: 0 }; 3];
    for (i, text) in amounts.iter().enumerate() {
        let Some(number) = number(text) else { return Sum::Beyond(i) };
        numbers[i] = number;
    }
    let scale = numbers.iter().filter(|n| n.digits != 0).map(|n| n.scale).max().unwrap_or(0);
    let [Some(gross), Some(tax), Some(net)] = numbers.map(|n| n.at(scale)) else {
        let shortest = (0..3).min_by_key(|i| numbers[*i].scale).unwrap_or(0);
        return Sum::Beyond(shortest);
    };
    if tax.checked_add(net) == Some(gross) { Sum::Holds } else { Sum::Differs }
}

fn number(text: &str) -> Option<Number> {
    let (digits, exponent) = text.split_once('E').unwrap_or((text, "0"));
    let digits = Decimal::from_str_exact(digits).ok()?;
    if digits.is_zero() {
        return Some(Number { digits: 0, scale: 0 });
    }
    let scale = i32::try_from(digits.scale()).ok()?.checked_sub(exponent.parse().ok()?)?;
    Some(Number { digits: digits.mantissa(), scale })
}

impl Number {
    /// Its digits with that many decimals, which are no fewer than its own.
    fn at(self, scale: i32) -> Option<i128> {
        if self.digits == 0 {
            return Some(0);
        }
        let shift = u32::try_from(scale.checked_sub(self.scale)?).ok().filter(|shift| *shift <= MAX_SHIFT)?;
        self.digits.checked_mul(10_i128.checked_pow(shift)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_whatever_the_notation() {
        for holds in [
            ["100.00", "5", "95"],
            ["1E+3", "0.0001", "999.9999"],
            ["-0", "0E-6176", "0"],
            ["0", "0E+6111", "-0.0"],
            ["1E-27", "0", "1.0E-27"],
            ["1E+6000", "0", "1E+6000"],
            ["-5", "-2", "-3"],
        ] {
            assert_eq!(judge(holds), Sum::Holds, "{holds:?}");
        }
        for differs in
            [["100.00", "5", "95.0001"], ["NaN", "NaN", "0"], ["Infinity", "0", "Infinity"], ["1", "-Infinity", "1"]]
        {
            assert_eq!(judge(differs), Sum::Differs, "{differs:?}");
        }
        assert_eq!(judge(["0", "12345678901234567890123456789012", "0"]), Sum::Beyond(1));
        assert_eq!(judge(["1E+6000", "0", "1"]), Sum::Beyond(0));
    }

    #[test]
    fn only_texts_of_decimal128_are() {
        for good in ["0", "-0", "100.00", "1E+3", "1.5E-7", "NaN", "-Infinity"] {
            assert!(is_decimal128(good), "{good}");
        }
        for bad in ["", "-", "1_000", "+1", "1.", ".5", "1e3", "0x1", "1E", "nan", "1.2.3", " 1"] {
            assert!(!is_decimal128(bad), "{bad}");
        }
    }
}
