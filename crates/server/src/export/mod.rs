//! Exports over HTTP: streamed from a snapshot, whole or a range of their bytes, with constant memory.
//!
//! The same entries give the same bytes ([`countersign_store::export`], without `exported_at`), so a download
//! that broke off can go on: what was sent before is written again and passed over. [`validator`] says when
//! bytes are the same, [`form`] what is asked for, [`download`] writes.

mod conditions;
mod download;
mod form;
mod pieces;
mod range;
pub(crate) mod recent;
mod validator;
mod window;

pub(crate) use conditions::Conditions;
pub(crate) use download::{Download, begin};
pub(crate) use form::{Form, PARAMETERS};
