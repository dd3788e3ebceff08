//! What a batch of tasks needs to know.

use std::collections::HashSet;

use countersign_core::books::has_document;
use countersign_core::grammar;
use countersign_core::kind::Kind;
use countersign_core::settle::Order;
use countersign_store::Wanted;

use crate::known::Known;
use crate::shield::velocity::{Velocity, Windows};
use crate::ticket::Task;

/// What tasks need to be told beside what is known, each thing named once. What breaks the grammar no store is asked for.
pub(crate) fn wanted<'a>(
    tasks: impl Iterator<Item = &'a Task>,
    velocity: &Velocity,
    windows: &Windows,
    known: &Known,
) -> Wanted {
    let mut list = List { wanted: Wanted::default(), seen: HashSet::new(), velocity, windows, known };
    for task in tasks {
        match task {
            Task::Settle { order, key } => {
                list.order(order);
                if let Some(key) = key {
                    list.wanted.answers.push(key.text.clone());
                }
            }
            Task::Open { account, .. } => list.account(&account.id),
            Task::Change { id, .. } => list.account(id),
            Task::Halt { .. } | Task::Resume { .. } => {}
        }
    }
    list.wanted.answers.sort_unstable();
    list.wanted.answers.dedup();
    list.wanted
}

struct List<'a> {
    wanted: Wanted,
    seen: HashSet<(&'static str, &'a str)>,
    velocity: &'a Velocity,
    windows: &'a Windows,
    known: &'a Known,
}

impl<'a> List<'a> {
    fn order(&mut self, order: &'a Order) {
        self.account(&order.sender_id);
        self.account(&order.receiver_id);
        let sender = order.sender_id.as_str();
        let is_asked_for = self.velocity.concerns(order) && grammar::is_id(sender) && !self.windows.knows(sender);
        if is_asked_for && self.is_new("sent", sender) {
            self.wanted.sent.push(sender.to_owned());
        }
        let refers = matches!(Kind::parse(&order.kind), Some(Kind::Refund | Kind::Erasure));
        if let Some(id) = order.reference_id.as_deref()
            && refers
            && grammar::uuid(id).is_some()
            && self.is_new("referenced", id)
        {
            self.wanted.referenced.push(id.to_owned());
        }
    }

    fn account(&mut self, id: &'a str) {
        if !self.known.knows(id) && grammar::is_id(id) && has_document(id) && self.is_new("account", id) {
            self.wanted.accounts.push(id.to_owned());
        }
    }

    fn is_new(&mut self, what: &'static str, name: &'a str) -> bool {
        self.seen.insert((what, name))
    }
}
