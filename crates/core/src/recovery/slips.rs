//! What one slip of a pen can have made of a text: a character changed, added, removed, or moved.

/// Longest text, in bytes, of which a character is moved to every other place and not only to the next.
const MOVED_WIDELY: usize = 64;

/// Longest text, in bytes, that is looked at: no text of a ledger is longer.
const LONGEST: usize = 2_048;

/// Every text from which one slip leads to this one, where that is with characters of this alphabet.
pub(super) fn slips(text: &str, alphabet: &str) -> impl Iterator<Item = String> + use<> {
    let own: Vec<char> = if text.len() <= LONGEST { text.chars().collect() } else { Vec::new() };
    let alphabet: Vec<char> = if text.len() <= LONGEST { alphabet.chars().collect() } else { Vec::new() };
    changed(own.clone(), alphabet.clone())
        .chain(removed(own.clone()))
        .chain(added(own.clone(), alphabet))
        .chain(moved(own, text.len() <= MOVED_WIDELY))
}

fn changed(own: Vec<char>, alphabet: Vec<char>) -> impl Iterator<Item = String> {
    (0..own.len()).flat_map(move |at| {
        let own = own.clone();
        alphabet.clone().into_iter().map(move |new| {
            let mut text = own.clone();
            text[at] = new;
            text.into_iter().collect()
        })
    })
}

fn removed(own: Vec<char>) -> impl Iterator<Item = String> {
    (0..own.len()).map(move |at| {
        let mut text = own.clone();
        text.remove(at);
        text.into_iter().collect()
    })
}

fn added(own: Vec<char>, alphabet: Vec<char>) -> impl Iterator<Item = String> {
    (0..=own.len()).flat_map(move |at| {
        let own = own.clone();
        alphabet.clone().into_iter().map(move |new| {
            let mut text = own.clone();
            text.insert(at, new);
            text.into_iter().collect()
        })
    })
}

fn moved(own: Vec<char>, widely: bool) -> impl Iterator<Item = String> {
    (0..own.len()).flat_map(move |from| {
        let own = own.clone();
        let reach = if widely { 0..own.len() } else { from..(from + 2).min(own.len()) };
        reach.filter(move |to| *to != from).map(move |to| {
            let mut text = own.clone();
            let moved = text.remove(from);
            text.insert(to, moved);
            text.into_iter().collect()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slip_is_undone() {
        let slipped = |text: &str, alphabet| slips(text, alphabet).collect::<Vec<_>>();
        for (original, found) in
            [("u-1003", "u-1002"), ("u-1003", "u-103"), ("u-1003", "u-10003"), ("u-1003", "u-1030")]
        {
            assert!(slipped(found, "0123456789").contains(&original.to_owned()), "{found} was {original}");
        }
        // Characters of more than a byte.
        assert!(slipped("Zoë", "").contains(&"Zëo".to_owned()));
        assert_eq!(slipped("", ""), [""; 0]);
    }

    #[test]
    fn a_character_of_a_long_text_moves_to_the_next_place() {
        let text = "ab".repeat(50);
        assert_eq!(slips(&"a".repeat(LONGEST + 1), "0123456789").count(), 0);
        let moved = slips(&text, "").count();
        assert_eq!(moved, 100 + 99, "each removed, and each but the last moved on");
        assert!(slips(&text, "").any(|slip| slip == format!("ba{}", "ab".repeat(49))));
    }
}
