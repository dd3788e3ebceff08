//! Which runs follow on which by their links, and how far one comes.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::hash::Hash;
use crate::segment::Run;

/// Which runs follow on which.
#[derive(Debug, Default)]
pub(super) struct Followers {
    /// Runs by the hash that their first entry names, in the order of the file.
    pub(super) linked: HashMap<Hash, Vec<usize>>,
    /// Runs by the hash that their first entry states and its content does not give: an altered copy of the
    /// entry that has it, on which the second follows.
    copied: HashMap<Hash, Vec<usize>>,
}

impl Followers {
    pub(super) fn of(runs: &[Run]) -> Self {
        let mut followers = Self::default();
        for (i, run) in runs.iter().enumerate() {
            followers.linked.entry(run.first_previous).or_default().push(i);
            if is_behind_copy(run) {
                followers.copied.entry(run.first_hash).or_default().push(i);
            }
        }
        followers
    }

    pub(super) fn after(&self, run: &Run) -> impl Iterator<Item = usize> {
        let copied = self.copied.get(&run.last_hash).filter(|_| run.last_content == run.last_hash);
        let linked = self.linked.get(&run.last_hash);
        linked.into_iter().chain(copied).flatten().copied()
    }
}

/// Whether a run's first entry may be an altered copy of the genuine one that the second follows.
const fn is_behind_copy(run: &Run) -> bool {
    !run.first_agrees && run.count > 1
}

/// How far one comes from each run by links. Runs later in the ledger are settled first; a hostile
/// circle of links ends where it meets a run that is not settled.
pub(super) fn reach(runs: &[Run], followers: &Followers) -> Vec<u64> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    // Of two with one number, that which another may come to by its second entry.
    order.sort_unstable_by_key(|&i| (Reverse(runs[i].first_seq), !is_behind_copy(&runs[i])));
    let mut reach: Vec<u64> = runs.iter().map(Run::next_seq).collect();
    for i in order {
        reach[i] = followers.after(&runs[i]).filter(|&n| n != i).map(|n| reach[n]).fold(reach[i], u64::max);
    }
    reach
}

/// Which runs lead by links to one that ends with this hash; where the content of one gives it, to that. Where no run ends
/// with a hash that is named, one whose content gives it does: the hash that it states was overwritten.
pub(super) fn leads(runs: &[Run], head: Hash) -> Vec<bool> {
    let (mut by_last, mut by_content) = (HashMap::<Hash, Vec<usize>>::new(), HashMap::<Hash, Vec<usize>>::new());
    for (i, run) in runs.iter().enumerate() {
        by_last.entry(run.last_hash).or_default().push(i);
        if run.last_content != run.last_hash {
            by_content.entry(run.last_content).or_default().push(i);
        }
    }
    let ends = by_last.get(&head).cloned().unwrap_or_default();
    let proven: Vec<usize> = ends.iter().copied().filter(|&i| runs[i].last_content == head).collect();
    let mut reached = if proven.is_empty() { ends } else { proven };
    let mut leads = vec![false; runs.len()];
    while let Some(i) = reached.pop() {
        if !std::mem::replace(&mut leads[i], true) {
            let named = by_last.get(&runs[i].first_previous).or_else(|| by_content.get(&runs[i].first_previous));
            reached.extend(named.into_iter().flatten().filter(|&&n| !leads[n]));
            let copied = by_last.get(&runs[i].first_hash).filter(|_| is_behind_copy(&runs[i]));
            let proven = |n: &&usize| runs[**n].last_content == runs[**n].last_hash;
            reached.extend(copied.into_iter().flatten().filter(proven));
        }
    }
    leads
}
