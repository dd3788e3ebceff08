//! SHA-256 of many independent messages, several at a time on one core; and of one long one ([`Hasher`]).
//!
//! A processor with SHA instructions waits for each of them most of the time, and an older one or a browser
//! has none: all do more where several messages are hashed side by side. Inside: sixteen vector lanes on x86-64
//! with AVX-512 ([`sixteen`]), two interleaved streams of SHA instructions for fewer messages or without such
//! vectors ([`pair`]), eight lanes on x86-64 with neither ([`eight`]), four on WebAssembly ([`four`]). Everywhere
//! else, and as the reference that the tests hold these to: the `sha2` crate.

use sha2::{Digest, Sha256};

use padding::{Block, pad, padded};

#[cfg(target_arch = "x86_64")]
mod eight;
#[cfg(any(test, all(target_arch = "wasm32", target_feature = "simd128")))]
mod four;
mod long;
mod padding;
#[cfg(target_arch = "x86_64")]
mod pair;
#[cfg(any(test, target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
mod rounds;
#[cfg(target_arch = "x86_64")]
mod sixteen;

pub use long::Hasher;

/// Messages to be hashed together, end to end in one buffer, each padded.
#[derive(Debug, Default)]
pub struct Batch {
    /// What they fill, and behind it memory for more.
    bytes: Vec<u8>,
    /// How much they fill: whole blocks.
    filled: usize,
    messages: Vec<Message>,
    /// Blocks of the longest.
    longest: usize,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    start: usize,
    length: usize,
}

impl Batch {
    /// Appends a message.
    #[inline]
    pub fn push(&mut self, message: &[u8]) {
        self.push_with(message.len(), |out| {
            out[..message.len()].copy_from_slice(message);
            message.len()
        });
    }

    /// Appends a message that `write` puts at the start of what it is given, which has `most` bytes of no meaning; it says
    /// how long the message is.
    ///
    /// # Panics
    /// Where it says that the message is longer than `most`.
    #[inline]
    pub fn push_with(&mut self, most: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        let (start, end) = (self.filled, self.filled + padded(most));
        if self.bytes.len() < end {
            self.bytes.resize(end.next_power_of_two(), 0);
        }
        let room = &mut self.bytes[start..end];
        let length = write(&mut room[..most]);
        assert!(length <= most, "a message of {length} bytes, where {most} are the most");
        let whole = pad(room, length);
        self.filled += whole;
        self.longest = self.longest.max(whole / size_of::<Block>());
        self.messages.push(Message { start, length });
    }

    /// The message of this number, counted from 0.
    #[must_use]
    pub fn message(&self, number: usize) -> &[u8] {
        let Message { start, length } = self.messages[number];
        &self.bytes[start..start + length]
    }

    /// Forgets every message.
    pub fn clear(&mut self) {
        self.filled = 0;
        self.messages.clear();
        self.longest = 0;
    }

    /// The digests of all messages, in their order, into `digests`, whose content is replaced.
    pub fn digest_into(&self, digests: &mut Vec<[u8; 32]>) {
        digests.clear();
        digests.resize(self.messages.len(), [0; 32]);
        self.digest(digests);
    }

    #[cfg(target_arch = "x86_64")]
    fn digest(&self, digests: &mut [[u8; 32]]) {
        // Sixteen take as long as some ten messages do by SHA instructions, and four otherwise.
        let sixteen_pay = self.fills(if pair::is_available() { 10 } else { 4 });
        if sixteen_pay && sixteen::is_available() {
            sixteen::digest(self.blocks(), self.streams(), digests);
        } else if pair::is_available() {
            pair::digest(self.blocks(), self.streams(), digests);
        } else if self.fills(2) && eight::is_available() {
            eight::digest(self.blocks(), self.streams(), digests);
        } else {
            self.digest_singly(digests);
        }
    }

    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    fn digest(&self, digests: &mut [[u8; 32]]) {
        if self.fills(1) {
            four::digest(self.blocks(), self.streams(), digests);
        } else {
            self.digest_singly(digests);
        }
    }

    #[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
    fn digest(&self, digests: &mut [[u8; 32]]) {
        self.digest_singly(digests);
    }

    /// Whether there is work for more than so many lanes on an average: those that stand idle cost as much as those at
    /// work, and the one with the longest message is at work to the end.
    fn fills(&self, lanes: usize) -> bool {
        self.blocks().len() > lanes * self.longest
    }

    fn digest_singly(&self, digests: &mut [[u8; 32]]) {
        for (digest, Message { start, length }) in digests.iter_mut().zip(&self.messages) {
            *digest = Sha256::digest(&self.bytes[*start..start + length]).into();
        }
    }

    /// All messages, block by block.
    fn blocks(&self) -> &[Block] {
        self.bytes[..self.filled].as_chunks().0
    }

    /// Which of the blocks are each message's. All are padded, and so begin with a block.
    #[cfg(any(test, target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
    fn streams(&self) -> impl Iterator<Item = Stream> {
        const SIZE: usize = size_of::<Block>();
        self.messages.iter().enumerate().map(|(number, Message { start, length })| {
            let next = start / SIZE;
            Stream { number, next, end: next + padded(*length) / SIZE }
        })
    }
}

/// A message on its way: which block is hashed next, and which is no more of it.
#[derive(Clone, Copy)]
struct Stream {
    number: usize,
    next: usize,
    end: usize,
}

#[cfg(any(test, target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
impl Stream {
    /// Blocks that are left.
    const fn length(&self) -> usize {
        self.end - self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reference(messages: &[Vec<u8>]) -> Vec<[u8; 32]> {
        messages.iter().map(|m| Sha256::digest(m).into()).collect()
    }

    fn batch(messages: &[Vec<u8>]) -> Batch {
        let mut batch = Batch::default();
        messages.iter().for_each(|message| batch.push(message));
        batch
    }

    fn all_ways(messages: &[Vec<u8>]) -> Vec<Vec<[u8; 32]>> {
        let batch = batch(messages);
        let by = |digest: &dyn Fn(&mut [[u8; 32]])| {
            let mut digests = vec![[0; 32]; messages.len()];
            digest(&mut digests);
            digests
        };
        let mut ways = vec![by(&|d| four::digest(batch.blocks(), batch.streams(), d)), by(&|d| batch.digest_singly(d))];
        #[cfg(target_arch = "x86_64")]
        {
            if pair::is_available() {
                ways.push(by(&|d| pair::digest(batch.blocks(), batch.streams(), d)));
            }
            if eight::is_available() {
                ways.push(by(&|d| eight::digest(batch.blocks(), batch.streams(), d)));
            }
            if sixteen::is_available() {
                ways.push(by(&|d| sixteen::digest(batch.blocks(), batch.streams(), d)));
            }
        }
        ways.push(vec![[1; 32]]);
        batch.digest_into(ways.last_mut().unwrap());
        ways
    }

    #[test]
    fn nothing_stays_of_earlier_messages() {
        let mut batch = Batch::default();
        let mut digests = Vec::new();
        for length in [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 300] {
            for count in [1, 3, 40] {
                // More than the message is written, and more room asked for.
                (0..40).for_each(|_| batch.push(&[0xff; 500]));
                batch.clear();
                let messages: Vec<Vec<u8>> = (0..count).map(|n| vec![n; length]).collect();
                for message in &messages {
                    batch.push_with(length + 90, |out| {
                        out.fill(0xee);
                        out[..length].copy_from_slice(message);
                        length
                    });
                }
                batch.digest_into(&mut digests);
                assert_eq!(digests, reference(&messages), "{count} of {length}");
                batch.clear();
            }
        }
    }

    #[test]
    #[should_panic(expected = "a message of 20 bytes, where 10 are the most")]
    fn no_message_is_longer_than_its_most() {
        Batch::default().push_with(10, |_| 20);
    }

    proptest! {
        #[test]
        fn all_are_sha256(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..40)) {
            for digests in all_ways(&messages) {
                prop_assert_eq!(digests, reference(&messages));
            }
        }
    }

    #[test]
    fn every_length_around_a_block() {
        let messages: Vec<Vec<u8>> = (0..200).map(|n| vec![b'x'; n]).collect();
        for digests in all_ways(&messages) {
            assert_eq!(digests, reference(&messages));
        }
    }
}
