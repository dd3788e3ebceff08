//! `countersign token`: what lets somebody in at the server.

use clap::{Args, Subcommand, ValueEnum};
use countersign_server::{Role, Token};
use serde::Serialize;

use super::{Failure, Outcome, answer};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a token: its secret is shown once and kept nowhere
    New(New),
}

#[derive(Args, Debug)]
struct New {
    /// Who holds it: operator_id of what is ordered with it, where the type has one
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it lets its holder do: each role does what those before it do
    #[arg(long, value_enum)]
    role: RoleName,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    /// Reads
    Auditor,
    /// Orders transactions: REWARD, WORK and SALARY from SYSTEM too, which make money
    Operator,
    /// Opens accounts, mints and burns, freezes, withdraws, erases, halts
    Admin,
}

impl RoleName {
    const fn role(self) -> Role {
        match self {
            Self::Auditor => Role::Auditor,
            Self::Operator => Role::Operator,
            Self::Admin => Role::Admin,
        }
    }
}

/// A token with its secret, to be shown once.
#[derive(Serialize)]
pub(super) struct Made {
    pub(super) secret: String,
    token: Token,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let What::New(new) = &arguments.what;
    answer::give(new.json, || make(&new.name, new.role.role()), Made::words)
}

/// Makes a token.
pub(super) fn make(name: &str, role: Role) -> Result<Made, Failure> {
    let (secret, sha256) = Token::generate().map_err(|e| Failure::new("the system gives no randomness", e))?;
    let token = Token { name: name.to_owned(), role, sha256 };
    token.check().map_err(|why| Failure::new("--name", why))?;
    Ok(Made { secret, token })
}

impl Made {
    fn words(&self) -> String {
        format!(
            "The secret, shown this once:\n\n  {}\n\nWhat the server's settings need to know of it:\n\n{}",
            self.secret,
            self.stanza()
        )
    }

    /// The table of the settings file.
    pub(super) fn stanza(&self) -> String {
        let Token { name, role, sha256 } = &self.token;
        format!("[[server.tokens]]\nname = \"{name}\"\nrole = \"{role}\"\nsha256 = \"{sha256}\"\n")
    }
}
