//! What every store must do, as checks that each adapter passes.
//!
//! A check gets a ledger without entries, and may open it as often as it likes. It fails by panicking. Entries are
//! settled and sealed as an engine does it: see [`desk`].

#![expect(clippy::unwrap_used, reason = "a check that fails panics")]

mod acts;
mod atomicity;
mod basis;
mod chain;
pub mod desk;
mod documents;
mod histories;
mod making;
mod notes;
mod personal;
mod snapshots;
mod threads;
mod trees;

use crate::store::Store;

/// Opens one ledger, once more at every call.
pub type Open = dyn Fn() -> Box<dyn Store> + Sync;

/// One check: its name, and what it does.
pub type Check = (&'static str, fn(&Open));

macro_rules! checks {
    ($($module:ident: $($name:ident),+;)+) => {
        &[$($((concat!(stringify!($module), "::", stringify!($name)), $module::$name as fn(&Open))),+),+]
    };
}

/// All checks.
pub const CHECKS: &[Check] = checks! {
    documents: a_new_ledger_is_empty, a_ledger_in_use_is_protected, what_is_written_is_read_again, a_stale_account_is_named,
        a_stale_treasury_is_named, an_account_that_is_not_there_has_version_0, an_account_is_opened_once,
        the_classic_race, the_largest_sums_stay_exact, a_halt_stays_until_it_is_lifted, the_first_halt_stands_and_is_kept_as_an_act,
        a_halt_takes_the_place_of_the_one_it_names, whether_it_could_be_halted_is_tried_and_taken_back;
    basis: another_head_of_the_same_version_is_damage, another_treasury_of_the_same_version_is_damage,
        another_account_of_the_same_version_is_damage, a_treasury_that_was_written_meanwhile_is_named,
        what_a_commit_left_is_built_upon_unread;
    chain: of_two_who_extend_one_fails, what_does_not_follow_is_refused, any_commit_moves_the_version,
        texts_come_back_as_they_were;
    atomicity: a_repeated_id_undoes_all, an_earlier_id_is_found_too, a_stale_head_undoes_all,
        every_part_is_undone;
    making: a_batch_is_written_while_it_is_made, every_part_of_it_is_written, of_a_batch_that_is_given_up_nothing_is_written,
        a_batch_that_fails_while_it_is_made_is_undone;
    histories: each_query_pages_through_its_entries, frozen_accounts_are_listed, sent_times_ascend,
        refunds_are_summed;
    snapshots: a_snapshot_stays_as_it_was, who_is_handed_entries_may_give_up, accounts_come_in_order,
        an_export_verifies;
    trees: roots_of_every_size, proofs_from_kept_nodes, a_node_that_is_not_kept_is_told;
    personal: an_erasure_takes_one_block_only, no_block_goes_without_its_erasure, a_block_goes_once;
    notes: answers_are_kept_and_forgotten, the_oldest_answers_go_first_and_not_all_at_once, a_key_is_answered_once, the_latest_checkpoint_of_a_size,
        checkpoints_are_kept_once, no_checkpoint_of_what_is_not_there;
    acts: acts_are_kept_in_order, acts_are_undone_with_their_batch;
    threads: many_writers_make_one_chain, who_reads_sees_whole_commits;
};

/// Runs every check, each on a ledger of its own. `fresh` makes one, named `conformance/ledger`.
///
/// # Panics
/// Where the store does not do what it must.
pub fn run(fresh: &dyn Fn() -> Box<Open>) {
    for (name, check) in CHECKS {
        eprintln!("conformance: {name}");
        check(&*fresh());
    }
}
