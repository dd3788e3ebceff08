//! Whom the entries of format 1 name: users whose documents an import must have.

use std::io::{ErrorKind, Read};

use bson::RawDocument;
use serde::Deserialize;
use serde_json::{Value, json};

use super::framing::{Framing, Layout, bson_documents};
use crate::intake::Decoder;
use crate::limits::MAX_LINE;
use crate::segment::lines_of;
use crate::sniff::{Form, form};
use crate::unreadable::Unreadable;

/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 18;
/// Who is no user, by `sender_type` and `receiver_type`.
const NO_USERS: [&str; 2] = ["SYSTEM", "TREASURY"];

/// Reads an export of format 1, in any of its forms, and hands on who stands at both ends of each entry, where that is
/// a user: the 24 hex of an ObjectId in lower case, or a text as it is. Each comes as often as it stands there.
/// What is no entry is passed over: the audit says so.
///
/// # Errors
/// As an audit; also where the export is of format 2, which names accounts otherwise.
pub fn users_of_format_1(mut input: impl Read, each: &mut dyn FnMut(&str)) -> Result<(), Unreadable> {
    let (mut decoder, mut reading, mut chunk) = (Decoder::default(), Reading::Start(Vec::new()), vec![0; CHUNK]);
    loop {
        match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => decoder.push(&chunk[..count], &mut |bytes| reading.take(bytes, each))?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    decoder.finish(&mut |bytes| reading.take(bytes, each))?;
    reading.finish(each)
}

enum Reading {
    /// Until it tells its form.
    Start(Vec<u8>),
    Body(Framing),
}

impl Reading {
    fn take(&mut self, bytes: &[u8], each: &mut dyn FnMut(&str)) -> Result<(), Unreadable> {
        match self {
            Self::Start(start) => {
                start.extend_from_slice(bytes);
                self.begin(false, each)
            }
            Self::Body(framing) => {
                let layout = framing.layout();
                framing.push(bytes, &mut |block| {
                    users(layout, &block, each);
                    block
                })
            }
        }
    }

    fn begin(&mut self, ended: bool, each: &mut dyn FnMut(&str)) -> Result<(), Unreadable> {
        let Self::Start(start) = self else { return Ok(()) };
        let Some((form, body)) = form(start, ended)? else { return Ok(()) };
        if let Form::Ledger(_) = form {
            return Err(Unreadable::NotAnExport { seen: "it is of format 2".to_owned() });
        }
        let start = std::mem::take(start);
        *self = Self::Body(Framing::new(&form));
        self.take(&start[body..], each)
    }

    fn finish(mut self, each: &mut dyn FnMut(&str)) -> Result<(), Unreadable> {
        self.begin(true, each)?;
        let Self::Body(mut framing) = self else { return Err(Unreadable::Empty) };
        users(framing.layout(), &framing.finish().rest, each);
        Ok(())
    }
}

/// Both ends of an entry. What somebody made of another type names nobody.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Ends {
    sender_id: Value,
    sender_type: Value,
    receiver_id: Value,
    receiver_type: Value,
}

fn users(layout: Layout, block: &[u8], each: &mut dyn FnMut(&str)) {
    match layout {
        Layout::Lines => lines_of(block, |line, _| {
            let ends: Option<Ends> = (line.len() <= MAX_LINE).then(|| serde_json::from_slice(line).ok()).flatten();
            ends.unwrap_or_default().hand_on(each);
        }),
        Layout::Bson => bson_documents(block, |bytes| Ends::of_bson(bytes).unwrap_or_default().hand_on(each)),
    }
}

impl Ends {
    fn of_bson(bytes: &[u8]) -> Option<Self> {
        let document = RawDocument::from_bytes(bytes).ok()?;
        let value = |name: &str| {
            let value = document.get(name).ok().flatten();
            let id = value.and_then(|value| value.as_object_id()).map(|id| json!({"$oid": id.to_hex()}));
            id.or_else(|| value.and_then(|value| value.as_str()).map(Value::from)).unwrap_or_default()
        };
        Some(Self {
            sender_id: value("sender_id"),
            sender_type: value("sender_type"),
            receiver_id: value("receiver_id"),
            receiver_type: value("receiver_type"),
        })
    }

    fn hand_on(&self, each: &mut dyn FnMut(&str)) {
        for (id, role) in [(&self.sender_id, &self.sender_type), (&self.receiver_id, &self.receiver_type)] {
            if role.as_str().is_some_and(|role| NO_USERS.contains(&role)) {
                continue;
            }
            match (id.get("$oid").and_then(Value::as_str), id.as_str()) {
                (Some(id), _) => each(&id.to_ascii_lowercase()),
                (None, Some(id)) if !NO_USERS.contains(&id) => each(id),
                _ => {}
            }
        }
    }
}
