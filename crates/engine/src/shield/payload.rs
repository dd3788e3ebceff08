//! What a request may carry, beyond the grammar of an entry.

use countersign_core::settle::Order;
use serde::{Deserialize, Serialize};

use super::ShieldRefusal;
use super::velocity::OPERATOR;
use crate::halting::WATCH;

/// Least that may be configured: what an order needs that describes nothing, of any origin.
const LEAST_BYTES: usize = 1024;

/// What a request may carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Payload {
    /// All its texts together are at most so many bytes, so that a queue of requests is bounded; at least 1,024.
    pub max_bytes: usize,
    /// Whether a request must say what it is sent by.
    pub require_user_agent: bool,
    /// Whether it must come from an address.
    pub require_address: bool,
}

impl Default for Payload {
    /// 4,096 bytes; nothing more is required.
    fn default() -> Self {
        Self { max_bytes: 4096, require_user_agent: false, require_address: false }
    }
}

impl Payload {
    /// Lets everything through that an entry can say.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { max_bytes: usize::MAX, require_user_agent: false, require_address: false }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.max_bytes < LEAST_BYTES {
            return Err(format!("shield.payload: max_bytes is at least {LEAST_BYTES}"));
        }
        Ok(())
    }

    /// Holds an order, its origin written into it, to these rules.
    pub(crate) fn admit(&self, order: &Order) -> Result<(), ShieldRefusal> {
        let refused = |field, reason| Err(ShieldRefusal::Payload { field, reason });
        if bytes(order) > self.max_bytes {
            return refused("request", "its texts are too long together");
        }
        if self.require_user_agent && order.user_agent.is_none() {
            return refused("user_agent", "a request must have one");
        }
        if self.require_address && order.ip_address.is_none() {
            return refused("ip_address", "a request must come from one");
        }
        // A freeze by the shield must be the shield's, and what stands by the watch's name the watch's.
        match order.operator_id.as_deref() {
            Some(OPERATOR) => refused("operator_id", "this name is the shield's own"),
            Some(WATCH) => refused("operator_id", "this name is the watch's own"),
            _ => Ok(()),
        }
    }
}

fn bytes(order: &Order) -> usize {
    let optional = [
        &order.currency,
        &order.amount,
        &order.tax_type,
        &order.operator_id,
        &order.reference_id,
        &order.description,
        &order.ip_address,
        &order.user_agent,
    ];
    let required = order.kind.len() + order.sender_id.len() + order.receiver_id.len();
    required + optional.into_iter().flatten().map(String::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_refuses_what_breaks_it() {
        let order = |agent: Option<&str>, address: Option<&str>| Order {
            user_agent: agent.map(str::to_owned),
            ip_address: address.map(str::to_owned),
            ..Order::default()
        };
        let strict = Payload { require_user_agent: true, require_address: true, max_bytes: 100 };
        strict.admit(&order(Some("game/7"), Some("192.0.2.1"))).unwrap();
        let field = |order| match strict.admit(&order) {
            Err(ShieldRefusal::Payload { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(order(None, Some("192.0.2.1"))), "user_agent");
        assert_eq!(field(order(Some("game/7"), None)), "ip_address");
        assert_eq!(field(Order { description: Some("x".repeat(101)), ..Order::default() }), "request");
        assert_eq!(
            field(Order { operator_id: Some("shield".to_owned()), ..order(Some("a"), Some("b")) }),
            "operator_id"
        );
    }
}
