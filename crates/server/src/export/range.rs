//! Which bytes are asked for: RFC 9110 section 14.

use std::ops::Range;

/// What `Range` asks for; one range of bytes. Several at once are not served, and the whole is sent instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// From a byte, to another one where it says so.
    From(u64, Option<u64>),
    /// So many at the end.
    Last(u64),
}

impl Asked {
    /// Reads the header's value; `None` where it is to be passed over.
    pub(crate) fn read(value: &str) -> Option<Self> {
        let (unit, set) = value.split_once('=')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = set.trim().split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// Whether it is from the first byte on.
    pub(crate) const fn is_start(self) -> bool {
        matches!(self, Self::From(0, _))
    }

    /// The bytes, of so many; `None` where there are none.
    pub(crate) fn of(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => first..last.map_or(length, |last| length.min(last.saturating_add(1))),
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (range.start < range.end).then_some(range)
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_bytes_is_read() {
        assert_eq!(Asked::read("bytes=0-99"), Some(Asked::From(0, Some(99))));
        assert_eq!(Asked::read("Bytes=7-"), Some(Asked::From(7, None)));
        assert_eq!(Asked::read("bytes=-5"), Some(Asked::Last(5)));
        for text in
            ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "lines=0-1", "bytes=0-1,3-4", "bytes=+1-"]
        {
            assert_eq!(Asked::read(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_cut_to_what_is_there() {
        assert_eq!(Asked::From(0, Some(99)).of(10), Some(0..10));
        assert_eq!(Asked::From(3, Some(5)).of(10), Some(3..6));
        assert_eq!(Asked::From(9, None).of(10), Some(9..10));
        assert_eq!(Asked::From(10, None).of(10), None);
        assert_eq!(Asked::From(0, Some(u64::MAX)).of(10), Some(0..10));
        assert_eq!(Asked::Last(3).of(10), Some(7..10));
        assert_eq!(Asked::Last(30).of(10), Some(0..10));
        assert_eq!(Asked::Last(0).of(10), None);
    }
}
