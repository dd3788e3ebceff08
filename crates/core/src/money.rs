//! Exact money: whole ten-thousandths, never floats.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An amount in ten-thousandths of its currency, as format 2 writes amounts:
/// `(0|[1-9][0-9]{0,14})\.[0-9]{4}`. At most 999,999,999,999,999.9999, which fits 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u64);

/// A sum of amounts, or a balance, in ten-thousandths; may be negative. 2^53 entries of the largest
/// amount stay below 2^117.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sum(i128);

const SCALE: u64 = 10_000;
const DECIMALS: usize = 4;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The smallest that is something.
    pub const LEAST: Self = Self(1);
    /// The largest that the format can say.
    pub const MAX: Self = Self(10_u64.pow(19) - 1);
    const MAX_WHOLE_DIGITS: usize = 15;

    /// From ten-thousandths; none above the format's largest amount.
    #[must_use]
    pub fn from_ten_thousandths(units: u64) -> Option<Self> {
        (units <= Self::MAX.0).then_some(Self(units))
    }

    /// Ten-thousandths.
    #[must_use]
    pub const fn ten_thousandths(self) -> u64 {
        self.0
    }

    /// Reads the one accepted form.
    #[inline]
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        Self::leading(text).filter(|(_, length)| *length == text.len()).map(|(amount, _)| amount)
    }

    /// The amount that a text starts with, and its length in bytes.
    #[inline(always)]
    #[must_use]
    pub fn leading(text: &[u8]) -> Option<(Self, usize)> {
        let (mut units, mut whole) = (0_u64, 0);
        while let Some(digit) = text.get(whole).map(|b| b.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            // One digit too many still fits 64 bits.
            if whole > Self::MAX_WHOLE_DIGITS {
                return None;
            }
            units = units * 10 + u64::from(digit);
            whole += 1;
        }
        let (point, decimals) = text.get(whole..=whole + DECIMALS)?.split_first()?;
        let canonical = (1..=Self::MAX_WHOLE_DIGITS).contains(&whole) && (whole == 1 || text[0] != b'0');
        let are_digits = decimals.iter().fold(true, |all, b| all & b.is_ascii_digit());
        if !canonical || *point != b'.' || !are_digits {
            return None;
        }
        let units = decimals.iter().fold(units, |units, b| units * 10 + u64::from(b - b'0'));
        Some((Self(units), whole + 1 + DECIMALS))
    }

    /// This amount at a rate in ten-thousandths (5 % = 500), rounded half up to four decimals.
    #[must_use]
    pub fn at_rate(self, rate: u32) -> Self {
        let exact = u128::from(self.0) * u128::from(rate);
        let scale = u128::from(SCALE);
        Self(u64::try_from((exact + scale / 2) / scale).unwrap_or(u64::MAX))
    }

    /// `self − other`, where that is not negative.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// The same amount as a decimal of scale 4.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::from_i128_with_scale(i128::from(self.0), 4)
    }
}

impl Sum {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest that a document can say.
    pub const MAX: Self = Self(10_i128.pow(26) - 1);
    const MAX_WHOLE_DIGITS: usize = 22;
    /// Of a turnover: more than 2^53 entries of the largest amount come to, and no more than fits.
    const MAX_TURNOVER_DIGITS: usize = 34;

    /// From ten-thousandths.
    #[must_use]
    pub const fn from_ten_thousandths(units: i128) -> Self {
        Self(units)
    }

    /// Ten-thousandths.
    #[must_use]
    pub const fn ten_thousandths(self) -> i128 {
        self.0
    }

    /// Reads a document's amount, `(0|[1-9][0-9]{0,21})\.[0-9]{4}`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        fixed_point(text, Self::MAX_WHOLE_DIGITS).and_then(|units| i128::try_from(units).ok()).map(Self)
    }

    /// Reads what all entries together moved, which no balance bounds: as [`Sum::parse`], with up to 34 digits before
    /// the point.
    #[must_use]
    pub fn parse_turnover(text: &[u8]) -> Option<Self> {
        fixed_point(text, Self::MAX_TURNOVER_DIGITS).and_then(|units| i128::try_from(units).ok()).map(Self)
    }
}

fn fixed_point(text: &[u8], max_whole: usize) -> Option<u128> {
    let whole = text.len().checked_sub(DECIMALS + 1)?;
    if whole == 0 || whole > max_whole || text[whole] != b'.' || (whole > 1 && text[0] == b'0') {
        return None;
    }
    let digit = |n: u128, b: &u8| b.is_ascii_digit().then(|| n * 10 + u128::from(b - b'0'));
    let units = text[..whole].iter().try_fold(0, digit)?;
    text[whole + 1..].iter().try_fold(units, digit)
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}", self.0 / SCALE, self.0 % SCALE)
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, units) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        write!(f, "{sign}{}.{:04}", units / u128::from(SCALE), units % u128::from(SCALE))
    }
}

/// Reads and writes as text: a number would lose digits in JSON.
macro_rules! serde_as_text {
    ($type:ty, $what:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(text.as_bytes()).ok_or_else(|| D::Error::custom($what))
            }
        }
    };
}

serde_as_text!(Amount, "an amount has up to 15 digits and exactly 4 decimals");
serde_as_text!(Sum, "a balance has up to 22 digits and exactly 4 decimals");

impl From<Amount> for Sum {
    fn from(amount: Amount) -> Self {
        Self(i128::from(amount.0))
    }
}

impl std::ops::Add for Sum {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::ops::Sub for Sum {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::ops::Neg for Sum {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Sum};

    #[test]
    fn reads_what_it_writes() {
        for text in ["0.0000", "0.0001", "100.0000", "999999999999999.9999"] {
            assert_eq!(Amount::parse(text.as_bytes()).unwrap().to_string(), text);
        }
        let largest = "9999999999999999999999.9999";
        assert_eq!(Sum::parse(largest.as_bytes()).unwrap().to_string(), largest);
        let most = Sum::from_ten_thousandths((1 << 53) * i128::from(Amount::MAX.ten_thousandths())).to_string();
        assert_eq!(Sum::parse(most.as_bytes()), None);
        for turnover in [largest, &most, &format!("{}.9999", "9".repeat(34))] {
            assert_eq!(Sum::parse_turnover(turnover.as_bytes()).unwrap().to_string(), turnover);
        }
    }

    #[test]
    fn refuses_every_other_form() {
        for text in [
            "",
            "1",
            "1.0",
            "01.0000",
            ".0000",
            "-1.0000",
            "+1.0000",
            "1e2",
            "1,0000",
            "1.00000",
            "NaN",
            "1000000000000000.0000",
            "1.000 ",
            "\u{0661}.0000",
        ] {
            assert_eq!(Amount::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn rounds_half_up() {
        let tax = |text: &str, rate| Amount::parse(text.as_bytes()).unwrap().at_rate(rate).to_string();
        assert_eq!(tax("0.0300", 500), "0.0015");
        assert_eq!(tax("0.0010", 500), "0.0001");
        assert_eq!(tax("0.0009", 500), "0.0000");
        assert_eq!(tax("3.3333", 1000), "0.3333");
    }
}
