//! What reaches the terminal: nothing hostile, colour only where it is wanted, a closed pipe in silence.

use std::fmt::{self, Display, Write as _};
use std::io::{self, IsTerminal, Write};

use countersign_core::grammar::is_forbidden;

use super::Failure;

/// Longest text of a file that is shown, in characters.
const MAX_SHOWN: usize = 400;

/// Writes all of a text to standard output. Whoever closed the pipe has seen enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new("standard output", e)),
        _ => Ok(()),
    }
}

/// A text of a file, or of its name, that can do nothing to a terminal or a reader's eye: control,
/// invisible and direction characters are written out, and what is too long is cut.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (n, c) in text.chars().enumerate() {
        if n == MAX_SHOWN {
            // Writing to a String cannot fail.
            let _ = write!(shown, "… ({} more characters)", text.chars().count() - n);
            break;
        }
        push_plain(&mut shown, c);
    }
    shown
}

/// As [`plain`], and nothing is cut.
pub(super) fn plain_whole(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|c| push_plain(&mut shown, c));
    shown
}

fn push_plain(shown: &mut String, c: char) {
    if is_forbidden(c) {
        shown.extend(c.escape_unicode());
    } else {
        shown.push(c);
    }
}

/// JSON with the same value, in which such characters stand as escapes.
pub(super) fn plain_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        // Below U+0080 JSON's writer has escaped what stands in texts; what is left is its layout.
        if c != '\u{7f}' && (c.is_ascii() || !is_forbidden(c)) {
            shown.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    }
    shown
}

/// A number with its thousands apart.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    on: bool,
}

impl Paint {
    /// Colours on a terminal, unless NO_COLOR (<https://no-color.org>) or a terminal without them.
    pub(super) fn for_stdout() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { on: io::stdout().is_terminal() && !set("NO_COLOR") && !dumb }
    }

    pub(super) fn good(self, text: impl Display) -> impl Display {
        self.painted("1;32", text)
    }

    pub(super) fn bad(self, text: impl Display) -> impl Display {
        self.painted("1;31", text)
    }

    pub(super) fn caution(self, text: impl Display) -> impl Display {
        self.painted("33", text)
    }

    pub(super) fn heading(self, text: impl Display) -> impl Display {
        self.painted("1", text)
    }

    pub(super) fn faint(self, text: impl Display) -> impl Display {
        self.painted("2", text)
    }

    fn painted<T: Display>(self, code: &'static str, text: T) -> Painted<T> {
        Painted { code: self.on.then_some(code), text }
    }
}

struct Painted<T> {
    code: Option<&'static str>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "\x1b[{code}m{}\x1b[0m", self.text),
            None => self.text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_passes() {
        assert_eq!(plain("a\x1b[31mb\u{202e}c\nd"), "a\\u{1b}[31mb\\u{202e}c\\u{a}d");
        assert_eq!(plain("Ștefan 李雷"), "Ștefan 李雷");
        assert!(plain(&"x".repeat(1000)).ends_with("… (600 more characters)"));
        assert_eq!(plain_whole(&"x".repeat(1000)).len(), 1000);
    }

    #[test]
    fn plain_json_is_the_same_value() {
        let text = "a\u{7f}\u{9b}\u{202e}\u{e0001}é\u{1b}";
        let json = plain_json(&serde_json::to_string_pretty(&[text]).unwrap());
        assert!(!json.contains(|c| c != '\n' && is_forbidden(c)), "{json}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [text]);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
