//! Circles in a graph: the sets of nodes each of which leads to every other.

use std::collections::BTreeSet;

/// The circles among nodes `0..count`, each sorted.
pub(in crate::tidy) fn circles(count: usize, arrows: &BTreeSet<(usize, usize)>) -> Vec<Vec<usize>> {
    let reach: Vec<BTreeSet<usize>> = (0..count).map(|from| reached(from, arrows)).collect();
    let mut found: BTreeSet<Vec<usize>> = BTreeSet::new();
    for from in 0..count {
        let circle: Vec<usize> = (0..count)
            .filter(|to| reach[from].contains(to) && reach[*to].contains(&from))
            .collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

/// Nodes that one or more arrows lead to from this one.
fn reached(from: usize, arrows: &BTreeSet<(usize, usize)>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut left = vec![from];
    while let Some(node) = left.pop() {
        for (_, to) in arrows.range((node, 0)..=(node, usize::MAX)) {
            if found.insert(*to) {
                left.push(*to);
            }
        }
    }
    found
}

/// The longest way along arrows, in nodes; a circle is one floor.
pub(in crate::tidy) fn floors(count: usize, arrows: &BTreeSet<(usize, usize)>) -> usize {
    let mut stands_for: Vec<usize> = (0..count).collect();
    for circle in circles(count, arrows) {
        for &node in &circle {
            stands_for[node] = circle[0];
        }
    }
    let straight: BTreeSet<(usize, usize)> = arrows
        .iter()
        .map(|&(from, to)| (stands_for[from], stands_for[to]))
        .filter(|(from, to)| from != to)
        .collect();
    let mut height = vec![1_usize; count];
    // A way has at most as many arrows as there are nodes.
    for _ in 0..count {
        for &(from, to) in &straight {
            height[from] = height[from].max(height[to] + 1);
        }
    }
    height.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_circle_is_found_once() {
        let arrows = BTreeSet::from([(0, 1), (1, 2), (2, 0), (2, 3), (4, 5), (5, 4), (6, 6)]);
        assert_eq!(circles(7, &arrows), [vec![0, 1, 2], vec![4, 5]]);
        let straight = BTreeSet::from([(0, 1), (1, 2), (0, 2)]);
        assert_eq!(circles(3, &straight), [[0; 0]; 0]);
        assert_eq!((floors(3, &straight), floors(0, &BTreeSet::new())), (3, 0));
        assert_eq!(floors(7, &arrows), 2, "the first circle, then node 3");
    }
}
