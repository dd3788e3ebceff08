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
        fn digest_streams(blocks: &[Block], mut streams: impl Iterator<Item = Stream>, digests: &mut [[u8; 32]]) {
            let Some(idle) = blocks.first() else { return };
            let mut at_work: [Stream; N] = std::array::from_fn(|_| streams.next().unwrap_or(Stream::IDLE));
            let mut busy = at_work.iter().filter(|stream| !stream.is_idle()).count();
            let initial = INITIAL.map(|word| splat(word));
            let mut state = initial;
            while busy > 0 {
                let mut now = [idle; N];
                for (block, stream) in now.iter_mut().zip(&mut at_work) {
                    debug_assert!(stream.is_idle() || stream.next < blocks.len(), "a message ends within the blocks");
                    *block = blocks.get(stream.next).unwrap_or(idle);
                    stream.next += 1;
                }
                state = compress(state, now);
                let ended = at_work.each_ref().map(|stream| if stream.next == stream.end { u32::MAX } else { 0 });
                if ended == [0; N] {
                    continue;
                }
                let words = state.map(|word| lanes(word));
                // A lane whose message ends takes the next at once, so that all are always at work.
                for (lane, stream) in at_work.iter_mut().enumerate().filter(|(lane, _)| ended[*lane] != 0) {
                    let out = digests[stream.number].as_chunks_mut().0;
                    out.iter_mut().zip(&words).for_each(|(out, word)| *out = word[lane].to_be_bytes());
                    *stream = streams.next().unwrap_or(Stream::IDLE);
                    busy -= usize::from(stream.is_idle());
                }
                let ended = of(ended);
                for (word, first) in state.iter_mut().zip(initial) {
                    *word = select(ended, first, *word);
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
