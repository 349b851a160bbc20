//! When to merge segments, and which: a pure function of their levels and sizes.

use core::ops::Range;

/// A segment of so many facts is final and is never merged again.
pub(crate) const FINAL: usize = 32_768;
/// So many segments of one level become one of the next.
pub(crate) const FAN: usize = 8;

/// What to merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Merge {
    /// Which segments: neighbours, in the catalog's order.
    pub(crate) segments: Range<usize>,
    /// The level of what they become.
    pub(crate) level: u8,
}

/// Decides what to merge after a commit. `segments` are the (level, weight) of all segments, the
/// oldest first; a commit adds one of level 0 at the end.
///
/// Only neighbours are merged, so that a retirement never comes to stand before the record that it
/// retires. They are merged when there are [`FAN`] of a level, or as soon as together they are
/// final: one merge never takes in much more than [`FINAL`] facts.
pub(crate) fn plan(segments: &[(u8, usize)]) -> Option<Merge> {
    let mut end = segments.len();
    while end > 0 {
        let (level, weight) = *segments.get(end - 1)?;
        let mut start = end - 1;
        let mut sum = weight;
        while weight < FINAL && sum < FINAL && end - start < FAN && start > 0 {
            match segments.get(start - 1) {
                Some((l, w)) if *l == level && *w < FINAL => {
                    // Numbers of a manifest: whoever can write in a partition says them.
                    sum = sum.saturating_add(*w);
                    start -= 1;
                }
                _ => break,
            }
        }
        if weight < FINAL && (end - start == FAN || (sum >= FINAL && end - start > 1)) {
            return Some(Merge { segments: start..end, level: level.saturating_add(1) });
        }
        end = start;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn eight_of_a_level_and_never_a_final_one() {
        assert_eq!(plan(&[]), None);
        assert_eq!(plan(&[(0, 1); 7]), None);
        assert_eq!(plan(&[(0, 1); 8]), Some(Merge { segments: 0..8, level: 1 }));
        assert_eq!(plan(&[(0, FINAL); 20]), None);
        assert_eq!(plan(&[(1, 5), (0, 1), (0, 1)]), None);
        // As soon as the sum is final, with the newest.
        assert_eq!(plan(&[(1, 9000), (1, 9000), (1, 9000), (1, 9000)]), Some(Merge { segments: 0..4, level: 2 }));
        // A final segment parts those before it from those behind it.
        let mut parted = vec![(0, 1); 7];
        parted.push((0, FINAL));
        parted.extend([(0, 1); 7]);
        assert_eq!(plan(&parted), None);
        parted.push((0, 1));
        assert_eq!(plan(&parted), Some(Merge { segments: 8..16, level: 1 }));
    }

    proptest! {
        /// Whatever the commits, merging ends, work per merge is bounded, few segments remain, and
        /// every fact is merged at most about log8(32768) times.
        #[test]
        fn keeps_few_segments_with_little_work(sizes in prop::collection::vec(1usize..3000, 1..400)) {
            let mut segments: Vec<(u8, usize)> = Vec::new();
            let (mut work, mut total) = (0, 0);
            for size in sizes {
                segments.push((0, size));
                total += size;
                while let Some(m) = plan(&segments) {
                    let merged: usize = segments[m.segments.clone()].iter().map(|s| s.1).sum();
                    prop_assert!(merged < 2 * FINAL);
                    work += merged;
                    segments.splice(m.segments, [(m.level, merged)]);
                }
            }
            prop_assert_eq!(segments.iter().map(|s| s.1).sum::<usize>(), total);
            prop_assert!(work <= 6 * total);
            let finals = segments.iter().filter(|s| s.1 >= FINAL).count();
            prop_assert!(finals <= total / FINAL);
            prop_assert!(segments.len() <= finals + 7 * 6, "{segments:?}");
        }
    }
}
