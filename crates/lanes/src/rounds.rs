//! SHA-256 (FIPS 180-4) of as many messages as a vector has lanes, one in each 32-bit lane.
//!
//! Written once, for any vector: functions that only a certain processor can run are each compiled for it, so that
//! they cannot be arguments of a generic one.

/// Makes `digest` of a module that has
///
/// * `Vector`, its number of lanes `N`, and `splat`, `of` and `lanes`: made of one number, of numbers, and back;
/// * `words`, the sixteen words of each lane's block;
/// * `add`, `xor3`, `shift`, `rotate` to the right (by its first parameter, the second is what is left of 32);
/// * `select`, where a bit of the first is set the second's, else the third's; `majority` of three bits.
///
/// The attributes are put before each function.
macro_rules! side_by_side {
    ($(#[$needs:meta])*) => {
        /// The digests of messages, each to its number's place.
        $(#[$needs])*
        fn digest_streams(blocks: &[Block], streams: impl Iterator<Item = Stream>, digests: &mut [[u8; 32]]) {
            // Those of one length begin together and end together.
            let mut streams: Vec<Stream> = streams.collect();
            streams.sort_unstable_by_key(Stream::length);
            for together in streams.chunks(N) {
                digest_together(blocks, together, digests);
            }
        }

        /// The digests of at most as many messages as there are lanes, the longest of them last.
        $(#[$needs])*
        fn digest_together(blocks: &[Block], streams: &[Stream], digests: &mut [[u8; 32]]) {
            let (Some(shortest), Some(longest)) = (streams.first(), streams.last()) else { return };
            let mut messages = [&blocks[longest.next..longest.end]; N];
            for (message, stream) in messages.iter_mut().zip(streams) {
                *message = &blocks[stream.next..stream.end];
            }
            let mut state = INITIAL.map(|word| splat(word));
            for step in 0..longest.length() {
                let mut now = [&blocks[longest.next]; N];
                let mut going = [u32::MAX; N];
                for ((block, going), message) in now.iter_mut().zip(&mut going).zip(messages) {
                    match message.get(step) {
                        Some(next) => *block = next,
                        None => *going = 0,
                    }
                }
                let after = compress(state, now);
                if step < shortest.length() {
                    state = after;
                    continue;
                }
                // What has ended keeps its state.
                let going = of(going);
                for (word, after) in state.iter_mut().zip(after) {
                    *word = select(going, after, *word);
                }
            }
            for (i, word) in state.into_iter().enumerate() {
                for (stream, word) in streams.iter().zip(lanes(word)) {
                    digests[stream.number].as_chunks_mut().0[i] = word.to_be_bytes();
                }
            }
        }

        #[inline]
        $(#[$needs])*
        fn compress(before: [Vector; 8], blocks: [&Block; N]) -> [Vector; 8] {
            let mut w = words(blocks);
            let mut state = before;
            for (sixteen, k) in K.as_chunks::<16>().0.iter().enumerate() {
                // Written out, so that every index is known.
                if sixteen == 0 {
                    state = eight_rounds::<0, false>(state, &mut w, k);
                    state = eight_rounds::<8, false>(state, &mut w, k);
                } else {
                    state = eight_rounds::<0, true>(state, &mut w, k);
                    state = eight_rounds::<8, true>(state, &mut w, k);
                }
            }
            for (word, before) in state.iter_mut().zip(before) {
                *word = add(*word, before);
            }
            state
        }

        /// Rounds `I` to `I` + 7 of sixteen; the words are those of the sixteen rounds before, where there are any.
        #[inline]
        $(#[$needs])*
        fn eight_rounds<const I: usize, const LATER: bool>(
            state: [Vector; 8],
            w: &mut [Vector; 16],
            k: &[u32; 16],
        ) -> [Vector; 8] {
            let [a, b, c, d, e, f, g, h] = state;
            let (d, h) = round::<LATER>([a, b, c, d, e, f, g, h], w, I, k);
            let (c, g) = round::<LATER>([h, a, b, c, d, e, f, g], w, I + 1, k);
            let (b, f) = round::<LATER>([g, h, a, b, c, d, e, f], w, I + 2, k);
            let (a, e) = round::<LATER>([f, g, h, a, b, c, d, e], w, I + 3, k);
            let (h, d) = round::<LATER>([e, f, g, h, a, b, c, d], w, I + 4, k);
            let (g, c) = round::<LATER>([d, e, f, g, h, a, b, c], w, I + 5, k);
            let (f, b) = round::<LATER>([c, d, e, f, g, h, a, b], w, I + 6, k);
            let (e, a) = round::<LATER>([b, c, d, e, f, g, h, a], w, I + 7, k);
            [a, b, c, d, e, f, g, h]
        }

        /// One round: what becomes of its `d` and its `h`.
        #[inline]
        $(#[$needs])*
        fn round<const LATER: bool>(
            [a, b, c, d, e, f, g, h]: [Vector; 8],
            w: &mut [Vector; 16],
            i: usize,
            k: &[u32; 16],
        ) -> (Vector, Vector) {
            if LATER {
                let (w15, w2) = (w[(i + 1) % 16], w[(i + 14) % 16]);
                let s0 = xor3(rotate::<7, 25>(w15), rotate::<18, 14>(w15), shift::<3>(w15));
                let s1 = xor3(rotate::<17, 15>(w2), rotate::<19, 13>(w2), shift::<10>(w2));
                w[i] = add(add(w[i], s0), add(w[(i + 9) % 16], s1));
            }
            let s1 = xor3(rotate::<6, 26>(e), rotate::<11, 21>(e), rotate::<25, 7>(e));
            // What is known before this round's `e` comes first.
            let known = add(h, add(splat(k[i]), w[i]));
            let t1 = add(add(known, select(e, f, g)), s1);
            let s0 = xor3(rotate::<2, 30>(a), rotate::<13, 19>(a), rotate::<22, 10>(a));
            let t2 = add(s0, majority(a, b, c));
            (add(d, t1), add(t1, t2))
        }
    };
}

pub(crate) use side_by_side;
