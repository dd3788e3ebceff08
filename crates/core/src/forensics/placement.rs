//! Which role each entry of the file has in the chain that was found, and the hash that it had there.

use super::chain::Joint;
use super::examination::Examination;
use super::role::{Named, Role};
use crate::entry::Entry;
use crate::hash::Hash;

impl Examination {
    /// The role of the entry at this line.
    fn role(&mut self) -> Role {
        while self.runs.get(self.run).is_some_and(|run| self.line >= run.line + run.count) {
            self.run += 1;
        }
        let Some(run) = self.runs.get(self.run).filter(|run| self.line >= run.line) else { return Role::Outside };
        let piece = self.pieces[self.run].map(|p| (p, &self.chain.pieces[p]));
        let at = piece.and_then(|(_, piece)| (self.line - run.line).checked_sub(piece.skip));
        let Some(((p, piece), at)) = piece.zip(at).filter(|((_, piece), at)| *at < piece.take) else {
            return self.aside_role();
        };
        let follower = self.chain.pieces.get(p + 1);
        let named = match (at + 1 == piece.take, piece.last, follower.map(|f| f.joint)) {
            (false, ..) | (_, None, Some(Joint::Linked | Joint::Diverted)) => Named::Own,
            (_, None, Some(Joint::Disagrees(_))) => Named::Disputed,
            (true, Some(hash), _) => Named::Other(hash),
            (.., None) => Named::End,
            _ => Named::Nobody,
        };
        Role::Genuine { seq: piece.base + at, joint: (at == 0).then_some(piece.joint), named }
    }

    /// The same, where the ledger may be found to end with this entry though others follow in its run.
    pub(super) fn role_of(&mut self, entry: &Entry<'_>) -> Role {
        let role = self.role();
        let (Role::Genuine { seq, .. }, Some(end)) = (role, self.end) else { return role };
        let is_end = |stated: Hash| stated == end.hash || entry.content_hash() == end.hash;
        if seq != end.seq || !is_end(Hash::parse(entry.current_hash).unwrap_or_default()) {
            return role;
        }
        let is_last = self.pieces[self.run].is_some_and(|piece| piece + 1 == self.chain.pieces.len());
        if is_last {
            self.chain.end_at(&self.runs, seq);
        }
        self.role()
    }

    fn aside_role(&self) -> Role {
        let at = self.chain.asides.partition_point(|aside| aside.line <= self.line).checked_sub(1);
        at.map_or(Role::Outside, |at| Role::Aside(self.chain.asides[at].line))
    }

    /// The hash that the ledger had for an entry; `None` where nothing says which that was.
    pub(super) fn genuine_hash(&self, entry: &Entry<'_>, seq: u64, named: Named) -> Option<Hash> {
        let (stated, content) = (Hash::parse(entry.current_hash), entry.content_hash());
        match named {
            // What is no hash was taken for that of the content, and an entry that names this bears it out.
            Named::Own => Some(stated.unwrap_or(content)),
            Named::Disputed | Named::Nobody => stated,
            Named::Other(hash) => Some(hash),
            Named::End => Some(self.end_hash(seq, stated, content)),
        }
    }

    /// The hash of the last entry: that which a checkpoint confirms, else its own where the content
    /// gives it, else the trailer's head.
    fn end_hash(&self, seq: u64, stated: Option<Hash>, content: Hash) -> Hash {
        let head = self.trailer().filter(|trailer| trailer.last_seq == seq).map(|trailer| trailer.head);
        let leaves = self.leaves_so_far();
        let confirmed = |hash: &Hash| leaves.root_with(seq, *hash).is_some_and(|root| self.statements.say(seq, root));
        let own = stated.filter(|stated| *stated == content).or(head).or(stated).unwrap_or(content);
        [stated, head, Some(content)].into_iter().flatten().find(confirmed).unwrap_or(own)
    }
}
