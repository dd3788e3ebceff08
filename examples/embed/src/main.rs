//! Settles a payment as a backend would: in its own process, durable when `settle` returns.
use countersign_core::settle::Order;
use countersign_engine::{Config, Engine, Request};
use countersign_store::{Location, open};
use std::{env, error::Error, sync::Arc};

fn main() -> Result<(), Box<dyn Error>> {
    let [db, from, to, amount] = env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| USAGE)?;
    let store = open(&Location::parse(&db)?, None)?;
    let engine = Engine::start(Arc::from(store), Config::default())?;
    let order = Order {
        kind: "TRANSFER".to_owned(),
        sender_id: from,
        receiver_id: to,
        currency: Some("EURO".to_owned()),
        amount: Some(amount),
        ..Order::default()
    };
    let receipt = engine.settle(Request::of(order))?;
    println!("entry {}: {} paid, {} tax, {} received", receipt.seq, receipt.gross, receipt.tax, receipt.net);
    engine.shutdown();
    Ok(())
}

const USAGE: &str = "usage: embed-example DB FROM TO AMOUNT";
