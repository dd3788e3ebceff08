//! SHA-256 of many independent messages, several at a time on one core.
//!
//! A processor with SHA instructions waits for each of them most of the time, and a browser has none:
//! both do more where several messages are hashed side by side. Inside: two interleaved streams on
//! x86-64 ([`pair`]), four vector lanes on WebAssembly ([`four`]). Everywhere else, and as the
//! reference that the tests hold these to: the `sha2` crate.

use sha2::{Digest, Sha256};

#[cfg(any(test, all(target_arch = "wasm32", target_feature = "simd128")))]
mod four;
mod padding;
#[cfg(target_arch = "x86_64")]
mod pair;

/// The digests of messages `0..count`, in their order, appended to `digests`.
///
/// On WebAssembly messages of like length should stand together.
pub fn digest_all<'a>(count: usize, message: impl Fn(usize) -> &'a [u8], digests: &mut Vec<[u8; 32]>) {
    #[cfg(target_arch = "x86_64")]
    if pair::is_available() {
        pair::digest_all(count, message, digests);
        return;
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    let done = four::digest_fours(count, &message, digests);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    let done = 0;
    digests.extend((done..count).map(|i| <[u8; 32]>::from(Sha256::digest(message(i)))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reference(messages: &[Vec<u8>]) -> Vec<[u8; 32]> {
        messages.iter().map(|m| Sha256::digest(m).into()).collect()
    }

    proptest! {
        #[test]
        fn all_are_sha256(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12)) {
            let mut digests = Vec::new();
            digest_all(messages.len(), |i| &messages[i], &mut digests);
            prop_assert_eq!(digests, reference(&messages));
        }

        #[test]
        fn four_lanes_are_sha256(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12)) {
            let mut digests = Vec::new();
            let done = four::digest_fours(messages.len(), |i| &messages[i], &mut digests);
            prop_assert_eq!(done, messages.len() / 4 * 4);
            prop_assert_eq!(digests, reference(&messages[..done]));
        }
    }

    #[test]
    fn every_length_around_a_block() {
        let messages: Vec<Vec<u8>> = (0..200).map(|n| vec![b'x'; n]).collect();
        let mut digests = Vec::new();
        digest_all(messages.len(), |i| &messages[i], &mut digests);
        assert_eq!(digests, reference(&messages));
    }
}
