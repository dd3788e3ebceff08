//! Serves a ledger over HTTP.
