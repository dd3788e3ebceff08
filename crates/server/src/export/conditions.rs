//! Whether what a caller has already is still it: RFC 9110 section 13.

use hyper::HeaderMap;
use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE};

use super::range::Asked;

/// The conditions of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    matches: Option<String>,
    none_matches: Option<String>,
    if_range: Option<String>,
    range: Option<Asked>,
}

/// What they come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// 412.
    Failed,
    /// 304.
    NotModified,
    /// 200, or 206 and 416 where a range is asked for.
    Sent(Option<Asked>),
}

impl Conditions {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let range = single(headers, &RANGE).and_then(|value| Asked::read(&value));
        Self {
            matches: joined(headers, &IF_MATCH),
            none_matches: joined(headers, &IF_NONE_MATCH),
            if_range: single(headers, &IF_RANGE),
            range,
        }
    }

    /// In the order of RFC 9110 section 13.2.2. `tag`: a strong one, with its quotes.
    pub(crate) fn judge(&self, tag: &str) -> Judged {
        if self.matches.as_deref().is_some_and(|list| !lists(list, tag, false)) {
            return Judged::Failed;
        }
        if self.none_matches.as_deref().is_some_and(|list| lists(list, tag, true)) {
            return Judged::NotModified;
        }
        Judged::Sent(self.range.filter(|range| self.may_part(*range, tag)))
    }

    /// Whether a part is sent: not one that is to be put behind bytes of which nobody says what they are of. With those
    /// of what it was before, it would make a file that looks as if somebody had tampered with it.
    fn may_part(&self, range: Asked, tag: &str) -> bool {
        let is_named = self.matches.as_deref().is_some_and(|list| list.trim() != "*");
        match self.if_range.as_deref() {
            Some(known) => known == tag,
            None => is_named || range.is_start(),
        }
    }
}

/// `weakly`: a tag that is marked as weak counts, too.
fn lists(list: &str, tag: &str, weakly: bool) -> bool {
    list.trim() == "*"
        || list.split(',').map(str::trim).any(|known| {
            let known = if weakly { known.strip_prefix("W/").unwrap_or(known) } else { known };
            known == tag
        })
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("")).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn single(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"abc\"";

    fn judge(headers: &[(HeaderName, &str)]) -> Judged {
        let mut map = HeaderMap::new();
        headers.iter().for_each(|(name, value)| {
            map.append(name, value.parse().unwrap());
        });
        Conditions::of(&map).judge(TAG)
    }

    #[test]
    fn what_is_known_is_not_sent_again() {
        assert_eq!(judge(&[]), Judged::Sent(None));
        for list in [TAG, "*", "\"x\", \"abc\"", "W/\"abc\""] {
            assert_eq!(judge(&[(IF_NONE_MATCH, list)]), Judged::NotModified, "{list}");
        }
        assert_eq!(judge(&[(IF_NONE_MATCH, "\"x\""), (IF_NONE_MATCH, TAG)]), Judged::NotModified);
        assert_eq!(judge(&[(IF_NONE_MATCH, "\"x\"")]), Judged::Sent(None));
        assert_eq!(judge(&[(IF_MATCH, "\"x\"")]), Judged::Failed);
        assert_eq!(judge(&[(IF_MATCH, "W/\"abc\"")]), Judged::Failed);
        assert_eq!(judge(&[(IF_MATCH, TAG)]), Judged::Sent(None));
    }

    #[test]
    fn a_range_of_something_else_is_passed_over() {
        let range = Asked::From(5, None);
        assert_eq!(judge(&[(RANGE, "bytes=5-"), (IF_RANGE, TAG)]), Judged::Sent(Some(range)));
        assert_eq!(judge(&[(RANGE, "bytes=5-"), (IF_RANGE, "\"x\"")]), Judged::Sent(None));
        assert_eq!(judge(&[(RANGE, "bytes=5-"), (IF_RANGE, "W/\"abc\"")]), Judged::Sent(None));
        assert_eq!(judge(&[(RANGE, "bytes=5-"), (IF_RANGE, "Tue, 24 Nov 2026 22:00:00 GMT")]), Judged::Sent(None));
    }

    #[test]
    fn a_part_is_sent_to_who_says_of_what_and_the_first_bytes_to_anybody() {
        for range in ["bytes=5-", "bytes=5-9", "bytes=-5"] {
            assert_eq!(judge(&[(RANGE, range)]), Judged::Sent(None), "{range}");
            assert_eq!(judge(&[(RANGE, range), (IF_MATCH, "*")]), Judged::Sent(None), "{range}");
            let asked = Judged::Sent(Asked::read(range));
            assert_eq!(judge(&[(RANGE, range), (IF_MATCH, TAG)]), asked, "{range}");
            assert_eq!(judge(&[(RANGE, range), (IF_RANGE, TAG)]), asked, "{range}");
        }
        for range in ["bytes=0-", "bytes=0-9"] {
            assert_eq!(judge(&[(RANGE, range)]), Judged::Sent(Asked::read(range)), "{range}");
        }
    }
}
