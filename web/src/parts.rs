//! Small pieces that several screens are made of.

use leptos::ev::{Custom, Event};
use leptos::prelude::*;

/// The product's sign.
pub(crate) fn mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="7"></rect>
            <path class="mark-lines" d="M9 10.5h14M9 15.5h8"></path>
            <path class="mark-tick" d="m13.5 21.5 3.4 3.2L24 17.5"></path>
        </svg>
    }
}

/// How a verdict looks besides its words: three shapes, so that colour is never alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A tick in a circle.
    Good,
    /// A bar in a circle: nothing to say.
    Neutral,
    /// A cross in an octagon.
    Bad,
}

impl Tone {
    /// The name that the style sheet knows it by.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Neutral => "neutral",
            Self::Bad => "bad",
        }
    }
}

/// The sign of a verdict.
pub(crate) fn seal(tone: Tone) -> impl IntoView {
    let (outline, sign) = match tone {
        Tone::Good => ("M24 3a21 21 0 1 1 0 42a21 21 0 0 1 0-42z", "m14.5 24.5 6.5 6.5L34 18"),
        Tone::Neutral => ("M24 3a21 21 0 1 1 0 42a21 21 0 0 1 0-42z", "M15 24h18"),
        Tone::Bad => ("M15.7 4h16.6L44 15.7v16.6L32.3 44H15.7L4 32.3V15.7z", "m17 17 14 14M31 17 17 31"),
    };
    view! {
        <svg class="seal" viewBox="0 0 48 48" aria-hidden="true" focusable="false">
            <path class="seal-outline" d=outline></path>
            <path class="seal-sign" d=sign></path>
        </svg>
    }
}

/// A term and what it stands for.
pub(crate) fn fact(term: &'static str, value: impl IntoView + 'static) -> impl IntoView {
    view! { <div class="fact"><dt>{term}</dt><dd>{value}</dd></div> }
}

/// A hash, in groups that the eye can follow and a line can break between; copied as one word.
pub(crate) fn hash(hex: &str) -> impl IntoView + use<> {
    view! { <code class="hash">{groups(hex, None)}</code> }
}

/// A hash beside another, with the groups marked in which they differ.
pub(crate) fn hash_against(hex: &str, other: &str) -> impl IntoView + use<> {
    view! { <code class="hash">{groups(hex, Some(other))}</code> }
}

fn groups(hex: &str, other: Option<&str>) -> Vec<AnyView> {
    let chars: Vec<char> = hex.chars().collect();
    let against: Option<Vec<char>> = other.map(|other| other.chars().collect());
    let group = |(place, group): (usize, &[char])| {
        let text: String = group.iter().collect();
        let start = place * GROUP;
        let differs = against.as_ref().is_some_and(|other| other.get(start..start + group.len()) != Some(group));
        if differs {
            view! { <mark class="group">{text}</mark><wbr/> }.into_any()
        } else {
            view! { <span class="group">{text}</span><wbr/> }.into_any()
        }
    };
    chars.chunks(GROUP).enumerate().map(group).collect()
}

/// Digits in a group of a hash.
const GROUP: usize = 8;

/// Whether the page is being printed.
pub(crate) fn printing() -> ReadSignal<bool> {
    let (printing, set) = signal(false);
    let before = window_event_listener(Custom::<Event>::new("beforeprint"), move |_| set.set(true));
    let after = window_event_listener(Custom::<Event>::new("afterprint"), move |_| set.set(false));
    on_cleanup(move || {
        before.remove();
        after.remove();
    });
    printing
}

/// A JSON value as it is read: text without its quotes, the rest as JSON writes it.
pub(crate) fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => visible(text),
        serde_json::Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

/// A text of the file's, with what the eye would not see, or what turns the text around it, written as its code point.
pub(crate) fn visible(text: &str) -> String {
    let (start, end) = (text.len() - text.trim_start().len(), text.trim_end().len());
    let mut shown = String::with_capacity(text.len());
    for (place, char) in text.char_indices() {
        if is_unseen(char) || (char.is_whitespace() && (char != ' ' || place < start || place >= end)) {
            shown += &format!("⟨U+{:04X}⟩", u32::from(char));
        } else {
            shown.push(char);
        }
    }
    shown
}

/// Characters without a width of their own, and those that say in which direction others are read.
fn is_unseen(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text is a hash, to be shown as one.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Any value in the hand that suits it.
pub(crate) fn value(text: &str) -> AnyView {
    if is_hash(text) {
        hash(text).into_any()
    } else {
        view! { <code class="value"><bdi>{visible(text)}</bdi></code> }.into_any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_eye_would_not_see_is_written_out() {
        for (text, shown) in [
            ("Ana Maria", "Ana Maria"),
            ("al\u{200b}ice", "al⟨U+200B⟩ice"),
            ("Q1 \u{202e}gnp.jsonl", "Q1 ⟨U+202E⟩gnp.jsonl"),
            ("alice ", "alice⟨U+0020⟩"),
            ("a\u{a0}b\n", "a⟨U+00A0⟩b⟨U+000A⟩"),
            ("Ștefan 李 😀", "Ștefan 李 😀"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }
}
