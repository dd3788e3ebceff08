//! `countersign pay`: one transaction of any type that moves money.

use clap::Args;
use countersign_core::grammar::{SYSTEM, TREASURY};
use countersign_core::kind::Kind;
use countersign_core::settle::Order;

use super::settings::Source;
use super::{Failure, Outcome, answer, ledger, receipt};

#[derive(Args, Debug)]
#[command(
    after_help = "It goes by the settings that this command reads (--config, else ./countersign.toml), also for taxes \
                        and for the shield, which freezes who sends too much too fast: without a server's settings a \
                        payment from here may freeze an account that the server would not. Give both the same file."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// How much is taken from the sender: digits with at most four decimals
    #[arg(value_name = "AMOUNT")]
    amount: String,
    /// In what: EURO, GOLD, RON, or another of the ledger's
    #[arg(value_name = "CURRENCY")]
    currency: String,
    /// Who pays; left out where the type says it: SYSTEM, or TREASURY
    #[arg(long, value_name = "ACCOUNT")]
    from: Option<String>,
    /// Who is paid; left out where the type says it
    #[arg(long, value_name = "ACCOUNT")]
    to: Option<String>,
    /// TRANSFER, WORK, SALARY, MARKET_BUY, MARKET_SELL, REWARD, SYSTEM_MINT, SYSTEM_BURN, or an X_… of your own
    #[arg(long = "type", value_name = "TYPE", default_value = "TRANSFER")]
    kind: String,
    #[command(flatten)]
    common: Common,
    /// What it refers to
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// Treasury's bucket, for TAX_COLLECTION and TAX_WITHDRAWAL
    #[arg(long, value_name = "BUCKET")]
    tax_type: Option<String>,
}

/// What every order may say.
#[derive(Args, Debug)]
pub(super) struct Common {
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// Who orders it, where the type needs somebody
    #[arg(long, value_name = "ID", env = "COUNTERSIGN_OPERATOR")]
    pub(super) operator: Option<String>,
    /// Your own name for this order: given again with it, the first answer comes again and nothing is paid
    #[arg(long, value_name = "KEY")]
    pub(super) idempotency_key: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let Common { description, operator, idempotency_key, json } = &arguments.common;
    let pay = || {
        ledger::settle(&arguments.source, |engine, settings| {
            let kind = Kind::parse(&arguments.kind);
            let (from, to) = parties(arguments, kind)?;
            let operator_id = match kind.and_then(Kind::needs_operator) {
                Some(true) => Some(ledger::operator(operator.as_ref(), settings)?),
                // One of the environment is for the orders that need one.
                Some(false) => None,
                None => operator.clone(),
            };
            let order = Order {
                kind: arguments.kind.clone(),
                sender_id: from,
                receiver_id: to,
                currency: Some(arguments.currency.clone()),
                amount: Some(arguments.amount.clone()),
                tax_type: arguments.tax_type.clone(),
                operator_id,
                reference_id: arguments.reference.clone(),
                description: description.clone(),
                ..Order::default()
            };
            ledger::order(engine, order, idempotency_key.clone())
        })
    };
    answer::give(*json, pay, receipt::words)
}

/// Both ends, where the type knows the one that was not said.
fn parties(arguments: &Arguments, kind: Option<Kind>) -> Result<(String, String), Failure> {
    let (from, to) = match kind {
        Some(Kind::SystemMint | Kind::Reward) => (Some(SYSTEM), None),
        Some(Kind::SystemBurn) => (None, Some(SYSTEM)),
        Some(Kind::TaxCollection) => (None, Some(TREASURY)),
        Some(Kind::TaxWithdrawal) => (Some(TREASURY), None),
        _ => (None, None),
    };
    let end = |said: &Option<String>, known: Option<&str>, flag: &str| {
        let end = said.clone().or_else(|| known.map(str::to_owned));
        end.ok_or_else(|| Failure::new(flag, format_args!("{} needs it", arguments.kind)))
    };
    Ok((end(&arguments.from, from, "--from")?, end(&arguments.to, to, "--to")?))
}
