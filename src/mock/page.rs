//! Cutting lists into pages.

/// One page of a list that is walked by cursor.
#[derive(Clone, Debug)]
pub(super) struct Slice<T> {
    pub(super) items: Vec<T>,
    /// Whether anything follows.
    pub(super) more: bool,
    /// Where the next page goes on: the place of the last item here. `None` on an empty page.
    pub(super) next: Option<u64>,
}

/// The page after the place `after` of items that come with their places, at most `size` long.
///
/// A cursor names a place, not a number of items to skip: nothing is shown twice or skipped when items come or go
/// between two pages.
pub(super) fn slice<T>(
    items: impl Iterator<Item = (u64, T)>,
    after: Option<u64>,
    size: usize,
    falling: bool,
) -> Slice<T> {
    let beyond = |place: u64| match after {
        Some(after) if falling => place < after,
        Some(after) => place > after,
        None => true,
    };
    let mut rest = items.filter(|(place, _)| beyond(*place));
    let taken: Vec<(u64, T)> = rest.by_ref().take(size).collect();
    Slice {
        next: taken.last().map(|(place, _)| *place),
        more: rest.next().is_some(),
        items: taken.into_iter().map(|(_, item)| item).collect(),
    }
}

/// A cursor that says nothing to the one who carries it.
pub(super) fn cursor(place: u64) -> String {
    format!("c{:016x}", place.rotate_left(17) ^ MASK)
}

/// The place behind a cursor; `None` if it is not one of ours.
pub(super) fn place(cursor: &str) -> Option<u64> {
    let digits = cursor
        .strip_prefix('c')
        .filter(|digits| digits.len() == 16 && !digits.starts_with('+'))?;
    let mixed = u64::from_str_radix(digits, 16).ok()?;
    Some((mixed ^ MASK).rotate_right(17))
}

const MASK: u64 = 0x5be1_93d2_7a64_c80f;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back() {
        for at in [0, 1, 77, u64::MAX] {
            assert_eq!(place(&cursor(at)), Some(at));
        }
        for text in [
            "",
            "c",
            "abc",
            "c123",
            "c+00000000000001",
            "d0000000000000001",
        ] {
            assert_eq!(place(text), None, "{text}");
        }
    }

    #[test]
    fn a_walk_sees_everything_once_though_items_go() {
        let mut places: Vec<u64> = (1..=7).rev().collect();
        let list = |places: &[u64], after| {
            slice(
                places
                    .iter()
                    .map(|at| (*at, *at))
                    .collect::<Vec<_>>()
                    .into_iter(),
                after,
                3,
                true,
            )
        };
        let first = list(&places, None);
        assert_eq!(
            (first.items.as_slice(), first.more),
            ([7, 6, 5].as_slice(), true)
        );
        places.retain(|at| *at != 5);
        let second = list(&places, first.next);
        assert_eq!(
            (second.items.as_slice(), second.more),
            ([4, 3, 2].as_slice(), true)
        );
        let third = list(&places, second.next);
        assert_eq!(
            (third.items.as_slice(), third.more, third.next),
            ([1].as_slice(), false, Some(1))
        );
    }

    #[test]
    fn a_full_last_page_says_that_nothing_follows() {
        let places = [3, 2, 1];
        let page = |size| slice(places.iter().map(|at| (*at, ())), None, size, true);
        assert_eq!((page(3).items.len(), page(3).more), (3, false));
        assert_eq!((page(2).items.len(), page(2).more), (2, true));
    }
}
