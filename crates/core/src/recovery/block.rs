//! The original personal block of an entry whose `personal_hash` the chain confirms.

use std::ops::ControlFlow;

use super::form::PRINTABLE;
use super::lexicon::Lexicon;
use super::search::{Budget, Search};
use super::slips::slips;
use crate::entry::{PERSONAL_KEYS, PERSONAL_MAX, Personal};
use crate::grammar;
use crate::hash::Hash;
use crate::names::Names;
use crate::report::ModifiedField;

/// Place of the salt among [`PERSONAL_KEYS`]; the texts come after it.
const SALT: usize = 0;
const HEX: &str = "0123456789abcdef";

/// Searches for the block that gives `target`: which of its texts were changed, in key order.
pub(crate) fn original_block(
    found: &Personal<'_>,
    target: Hash,
    lexicon: &Lexicon,
    budget: &mut Budget,
) -> Option<Vec<ModifiedField>> {
    let mut texts = vec![Some(found.salt)];
    texts.extend(found.texts());
    let change = budget.spend(&write, &texts, target, |search| attempt(search, lexicon));
    budget.count(change.is_some());
    let change = change?;
    let modified = |(at, text): &(usize, Option<String>)| ModifiedField {
        field: PERSONAL_KEYS[*at].to_owned(),
        found: texts[*at].into(),
        original: text.clone().into(),
        proven: true,
    };
    Some(change.iter().filter(|(at, text)| texts[*at] != text.as_deref()).map(modified).collect())
}

fn write(texts: &[Option<&str>], out: &mut Vec<u8>) {
    let text = |at: usize| texts.get(at).copied().flatten();
    Personal {
        salt: text(SALT).unwrap_or_default(),
        sender_username: text(1),
        receiver_username: text(2),
        description: text(3),
        ip_address: text(4),
        user_agent: text(5),
    }
    .write_preimage(out);
}

fn attempt(search: &mut Search<'_>, lexicon: &Lexicon) -> ControlFlow<()> {
    let places = SALT + 1..PERSONAL_KEYS.len();
    places.clone().try_for_each(|at| search.each(at, known(at, lexicon)))?;
    let own = |at: usize| search.found()[at].map(str::to_owned);
    let exchanged = vec![(1, own(2)), (2, own(1))];
    search.attempt(exchanged)?;
    (SALT..PERSONAL_KEYS.len()).try_for_each(|at| {
        let text = search.found()[at];
        let slips = text.into_iter().flat_map(|text| slips(text, if at == SALT { HEX } else { PRINTABLE }));
        search.each_fitting(at, slips, |text| is_grammatical(at, text))
    })?;
    // Two texts at once.
    for at in places {
        for other in SALT + 1..at {
            for text in known(at, lexicon) {
                known(other, lexicon)
                    .try_for_each(|theirs| search.attempt(vec![(other, theirs), (at, text.clone())]))?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// What is known to stand there: nothing, and what the file has elsewhere.
fn known(at: usize, lexicon: &Lexicon) -> impl Iterator<Item = Option<String>> {
    let names: &Names = match at {
        1 | 2 => &lexicon.usernames,
        3 => &lexicon.descriptions,
        4 => &lexicon.addresses,
        _ => &lexicon.agents,
    };
    std::iter::once(None).chain(names.iter().map(|text| Some(text.to_owned())))
}

fn is_grammatical(at: usize, text: &str) -> bool {
    match at.checked_sub(1) {
        None => grammar::is_hex(text, 32),
        Some(at) => grammar::is_text(text, PERSONAL_MAX[at]),
    }
}
