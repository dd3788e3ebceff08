//! Settles orders: a sequencer over a store, the shield before it, and the watch that audits it.
