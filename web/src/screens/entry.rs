//! What one finding holds: the entry, its hashes side by side, its neighbour, what to do.

use countersign_core::report::{
    ContentView, CorruptedTransaction, Finding, HashIntegrityFailure, HashMismatch, LinkView, MissingRange,
    ModifiedField, PreviousTransaction,
};
use leptos::prelude::*;
use serde_json::Value;

use crate::figures;
use crate::parts::{fact, hash, hash_against, is_hash, plain, value, visible};
use crate::words;

/// All that is known of a finding.
pub(crate) fn view(finding: &Finding, place: usize) -> impl IntoView + use<> {
    let modified = finding.modified_fields.as_deref().filter(|fields| !fields.is_empty());
    view! {
        <div class="finding-body">
            <p class="finding-message">{visible(&finding.message)}</p>
            {about(finding)}
            {modified.map(|fields| proven(fields, currency_of(finding)))}
            {possible(finding)}
            {finding.hash_integrity_failure.as_ref().map(content_hashes)}
            {finding.hash_mismatch_details.as_ref().map(link_hashes)}
            {compared(finding)}
            {finding.corrupted_transaction.as_ref().map(|entry| corrupted(entry, modified.unwrap_or_default(), place))}
            {finding.previous_transaction.as_ref().map(neighbour)}
            <div class="recommendation">
                <h4>"What to do"</h4>
                <p>{finding.security_recommendation.clone()}</p>
            </div>
        </div>
    }
}

fn about(finding: &Finding) -> impl IntoView + use<> {
    let text = |term, text: &Option<String>| text.as_deref().map(|text| fact(term, value(text)));
    view! {
        <dl class="facts">
            {finding.cause.map(|cause| fact("Cause", words::cause(cause)))}
            {finding.line.map(|line| fact("Line", figures::count(line)))}
            {finding.index.map(|index| fact("Place in the file", format!("#{}", figures::count(index + 1))))}
            {finding.seq.map(|seq| fact("Entry (seq)", figures::count(seq)))}
            {text("Transaction", &finding.transaction_id)}
            {finding.missing.map(|missing| fact("Missing", seq_range(missing)))}
            {finding.count.map(|count| fact("Entries concerned", figures::count(count)))}
            {finding.seqs.as_deref().map(|seqs| fact("Not in their place", seq_list(seqs, 40)))}
            {text("Field", &finding.field)}
            {finding.reason.clone().map(|reason| fact("Reason", reason))}
            {finding.rule.clone().map(|rule| fact("Rule", rule))}
            {text("Account", &finding.account)}
            {text("Currency", &finding.currency)}
            {finding.size.map(|size| fact("Checkpoint of", figures::counted(size, "entry", "entries")))}
            {text("Treasury bucket", &finding.tax_type)}
        </dl>
    }
}

/// Entries that are not there, by the first and the last of them.
pub(super) fn seq_range(missing: MissingRange) -> String {
    let (first, last) = (figures::count(missing.first_seq), figures::count(missing.last_seq));
    if first == last { format!("seq {first}") } else { format!("seq {first} to {last}") }
}

/// A long list is cut: the report holds it whole.
pub(super) fn seq_list(seqs: &[u64], shown: usize) -> String {
    let list: Vec<String> = seqs.iter().take(shown).map(|seq| figures::count(*seq)).collect();
    let rest = seqs.len().saturating_sub(shown) as u64;
    let rest =
        if rest > 0 { format!("; and {} more, in the JSON report", figures::count(rest)) } else { String::new() };
    format!("seq {}{rest}", list.join("; "))
}

/// The currency of an entry's amounts, where it was not changed itself.
fn currency_of(finding: &Finding) -> Option<&str> {
    let is_changed = finding.modified_fields.iter().flatten().any(|field| field.field == "currency");
    let entry = finding.corrupted_transaction.as_ref().filter(|_| !is_changed)?;
    match entry {
        CorruptedTransaction::Link(entry) => entry.currency.as_deref(),
        CorruptedTransaction::Content(entry) => entry.currency.as_deref(),
    }
}

const AMOUNTS: [&str; 4] = ["amount", "amount_gross", "tax_withheld", "amount_net"];

/// Fields whose original hashes to the genuine hash.
fn proven(fields: &[ModifiedField], currency: Option<&str>) -> impl IntoView + use<> {
    let items = fields.iter().map(|field| {
        let (mut found, mut original) = apart(&field.found, &field.original);
        if let Some(currency) = currency.filter(|_| AMOUNTS.contains(&field.field.as_str())) {
            let amounts = [&mut found, &mut original].into_iter().filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
            amounts.for_each(|amount| *amount += &format!(" {}", visible(currency)));
        }
        view! {
            <div class="change">
                <dt><code>{field.field.clone()}</code></dt>
                <dd>
                    <span class="change-side"><span class="change-label">"found"</span>" "<del><bdi>{found}</bdi></del></span>" "
                    <span class="change-arrow" aria-hidden="true">"→"</span>" "
                    <span class="change-side"><span class="change-label">"original"</span>" "<ins><bdi>{original}</bdi></ins></span>
                </dd>
            </div>
        }
    });
    view! {
        <div class="changes">
            <h4>"What was changed"</h4>
            <p class="hint">"Proven: with the original in its place, the entry gives its genuine hash again."</p>
            <dl>{items.collect_view()}</dl>
        </div>
    }
}

/// Both values so that it shows how they differ: as JSON where their texts are the same, and with the code points of
/// letters beyond ASCII that only one of them has, which may look like others.
fn apart(found: &Value, original: &Value) -> (String, String) {
    let texts = (plain(found), plain(original));
    if texts.0 == texts.1 {
        return (found.to_string(), original.to_string());
    }
    let named = |own: &str, other: &str| {
        let mut letters: Vec<char> = own.chars().filter(|c| !c.is_ascii() && !other.contains(*c)).collect();
        letters.sort_unstable();
        letters.dedup();
        letters.retain(|c| !matches!(c, '⟨' | '⟩'));
        let letters: Vec<String> = letters.iter().map(|c| format!("{c} is U+{:04X}", u32::from(*c))).collect();
        if letters.is_empty() { own.to_owned() } else { format!("{own} ({})", letters.join(", ")) }
    };
    (named(&texts.0, &texts.1), named(&texts.1, &texts.0))
}

fn possible(finding: &Finding) -> Option<impl IntoView + use<>> {
    let named = finding.possibly_modified_fields.as_ref();
    let fields = named.or(finding.hash_integrity_failure.as_ref().map(|failure| &failure.possibly_modified_fields));
    let fields = fields.filter(|fields| !fields.is_empty())?.clone();
    Some(view! {
        <div>
            <h4>"Fields that may have been changed"</h4>
            <ul class="fields">{fields.into_iter().map(|field| view! { <li><code>{field}</code></li> }).collect_view()}</ul>
        </div>
    })
}

fn content_hashes(failure: &HashIntegrityFailure) -> impl IntoView + use<> {
    let pair = pair(
        ("Stored hash (genuine)", failure.stored_hash.as_deref()),
        ("Computed from the content", failure.computed_hash.as_deref()),
    );
    view! { <div><h4>"Stored against computed hash"</h4>{pair}<p class="hint">{failure.difference.clone()}</p></div> }
}

fn link_hashes(mismatch: &HashMismatch) -> impl IntoView + use<> {
    let (expected, actual) = (mismatch.expected.as_deref(), mismatch.actual.as_deref());
    let pair = match (expected, actual) {
        // Where nothing else is expected, there is nothing to compare.
        (None, Some(actual)) => {
            view! { <dl class="facts hashes">{fact("The entry names", hash(actual))}</dl> }.into_any()
        }
        _ => pair(("The entry should name", expected), ("The entry names", actual)).into_any(),
    };
    view! { <div><h4>"The link to the entry before"</h4>{pair}<p class="hint">{mismatch.difference.clone()}</p></div> }
}

/// Two hashes, one above the other, so that what differs stands in one column.
fn pair(first: (&'static str, Option<&str>), second: (&'static str, Option<&str>)) -> impl IntoView + use<> {
    let side = |(term, own): (&'static str, Option<&str>), other: Option<&str>| {
        let shown = match (own, other) {
            (Some(own), Some(other)) => hash_against(own, other).into_any(),
            (Some(own), None) => hash(own).into_any(),
            (None, _) => view! { <span class="muted">"none"</span> }.into_any(),
        };
        fact(term, shown)
    };
    view! { <dl class="facts hashes">{side(first, second.1)}{side(second, first.1)}</dl> }
}

/// Expected against found, for findings that are about something else than the hashes shown above.
fn compared(finding: &Finding) -> Option<impl IntoView + use<>> {
    if finding.hash_integrity_failure.is_some() || finding.hash_mismatch_details.is_some() {
        return None;
    }
    let (expected, found) = (finding.expected.as_ref().map(plain), finding.found.as_ref().map(plain));
    if expected.is_none() && found.is_none() {
        return None;
    }
    let (wanted, seen) = words::compared(finding.error_type);
    if let (Some(expected), Some(found)) = (&expected, &found)
        && is_hash(expected)
        && is_hash(found)
    {
        return Some(pair((wanted, Some(expected)), (seen, Some(found))).into_any());
    }
    Some(
        view! {
            <dl class="facts">
                {expected.map(|expected| fact(wanted, value(&expected)))}
                {found.map(|found| fact(seen, value(&found)))}
            </dl>
        }
        .into_any(),
    )
}

fn corrupted(entry: &CorruptedTransaction, modified: &[ModifiedField], place: usize) -> impl IntoView + use<> {
    let rows = match entry {
        CorruptedTransaction::Link(entry) => link_rows(entry),
        CorruptedTransaction::Content(entry) => content_rows(entry),
    };
    let rows = rows.into_iter().map(|(key, text)| {
        let nothing = if MAY_BE_NULL.contains(&key) { "none shown" } else { "nothing that can be read as one" };
        let shown = match text {
            Some(text) => value(&text),
            None => view! { <span class="muted">{nothing}</span> }.into_any(),
        };
        let is_changed = modified.iter().any(|field| says(key).contains(&field.field.as_str()));
        let changed = is_changed.then(|| view! { " " <span class="changed">"changed"</span> });
        view! { <tr><th scope="row"><code>{key}</code></th><td>{shown}{changed}</td></tr> }
    });
    view! {
        <div>
            <h4 id=format!("entry-{place}")>"The entry as the file shows it"</h4>
            <table class="entry" aria-labelledby=format!("entry-{place}")><tbody>{rows.collect_view()}</tbody></table>
        </div>
    }
}

type Row = (&'static str, Option<String>);

/// What an entry need not have; of these null is no fault.
const MAY_BE_NULL: [&str; 2] = ["ip_address", "user_agent"];

/// The fields of an entry that a row of it shows.
fn says(key: &'static str) -> &'static [&'static str] {
    match key {
        "timestamp" => &["created_at", "timestamp"],
        "sender" => &["sender_id", "sender_username", "sender"],
        "receiver" => &["receiver_id", "receiver_username", "receiver"],
        "amount" => &["amount_gross", "amount"],
        "transaction_id" => &["transaction_id"],
        "type" => &["type"],
        "amount_gross" => &["amount_gross", "currency"],
        "tax_withheld" => &["tax_withheld", "currency"],
        "amount_net" => &["amount_net", "currency"],
        "ip_address" => &["ip_address"],
        "user_agent" => &["user_agent"],
        _ => &[],
    }
}

fn link_rows(entry: &LinkView) -> Vec<Row> {
    vec![
        ("transaction_id", entry.transaction_id.clone()),
        ("type", entry.r#type.clone()),
        ("timestamp", entry.timestamp.clone()),
        ("sender", named(entry.sender.as_deref(), entry.sender_id.as_deref())),
        ("receiver", named(entry.receiver.as_deref(), entry.receiver_id.as_deref())),
        ("amount", money(entry.amount.as_deref(), entry.currency.as_deref())),
    ]
}

fn content_rows(entry: &ContentView) -> Vec<Row> {
    let currency = entry.currency.as_deref();
    vec![
        ("transaction_id", entry.transaction_id.clone()),
        ("type", entry.r#type.clone()),
        ("timestamp", entry.timestamp.clone()),
        ("sender", named(entry.sender.as_deref(), entry.sender_id.as_deref())),
        ("receiver", named(entry.receiver.as_deref(), entry.receiver_id.as_deref())),
        ("amount_gross", money(entry.amount_gross.as_deref(), currency)),
        ("tax_withheld", money(entry.tax_withheld.as_deref(), currency)),
        ("amount_net", money(entry.amount_net.as_deref(), currency)),
        ("ip_address", entry.ip_address.clone()),
        ("user_agent", entry.user_agent.clone()),
    ]
}

/// A name, with the id beside it where they differ.
fn named(name: Option<&str>, id: Option<&str>) -> Option<String> {
    match (name, id) {
        (Some(name), Some(id)) if name != id => Some(format!("{name} ({id})")),
        (name, id) => name.or(id).map(str::to_owned),
    }
}

fn money(amount: Option<&str>, currency: Option<&str>) -> Option<String> {
    Some(format!("{} {}", amount?, currency.unwrap_or_default()).trim_end().to_owned())
}

fn neighbour(before: &PreviousTransaction) -> impl IntoView + use<> {
    view! {
        <div>
            <h4>"The entry before it"</h4>
            <dl class="facts">
                {before.transaction_id.as_deref().map(|id| fact("Transaction", value(id)))}
                {before.current_hash.as_deref().map(|hex| fact("Its hash", value(hex)))}
            </dl>
        </div>
    }
}
