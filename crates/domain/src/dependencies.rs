//! What models depend on: that nothing depends on itself in the end, and what a change reaches.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::name::ModelName;

/// The most models that one model depends on by itself.
pub const MOST: usize = 64;

/// So many names of a circle are told at its beginning, and one at its end.
const TOLD: usize = 8;

/// The shortest way from `from` to `to` along what models depend on, both ends included; none if there is none.
pub fn way<'a>(
    from: &'a ModelName,
    to: &'a ModelName,
    dependencies: impl Fn(&ModelName) -> Option<&'a BTreeSet<ModelName>>,
) -> Option<Vec<&'a ModelName>> {
    let mut came_from: BTreeMap<&ModelName, Option<&ModelName>> = BTreeMap::from([(from, None)]);
    let mut waiting = VecDeque::from([from]);
    while let Some(here) = waiting.pop_front() {
        if here == to {
            let mut way: Vec<_> =
                std::iter::successors(Some(here), |at| came_from.get(at).copied().flatten()).collect();
            way.reverse();
            return Some(way);
        }
        for next in dependencies(here).into_iter().flatten() {
            came_from.entry(next).or_insert_with(|| {
                waiting.push_back(next);
                Some(here)
            });
        }
    }
    None
}

/// A circle as a person reads it, of a long one its beginning and its end.
#[must_use]
pub fn circle(names: &[&str]) -> String {
    let (head, tail) = names.split_at(names.len().min(TOLD));
    let mut told: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
    if let Some((last, between)) = tail.split_last() {
        told.extend((!between.is_empty()).then(|| format!("{} more", between.len())));
        told.push((*last).to_owned());
    }
    told.join(" → ")
}

/// All that `starts` depend on in the end, themselves included, up to `most`; none if there are more.
pub fn reached<'a>(
    starts: impl IntoIterator<Item = &'a ModelName>,
    most: usize,
    dependencies: impl Fn(&ModelName) -> Option<&'a BTreeSet<ModelName>>,
) -> Option<BTreeSet<&'a ModelName>> {
    let (mut found, mut waiting) = (BTreeSet::new(), Vec::new());
    let mut take = |name: &'a ModelName, waiting: &mut Vec<&'a ModelName>| {
        if found.insert(name) {
            waiting.push(name);
        }
        found.len() <= most
    };
    for start in starts {
        if !take(start, &mut waiting) {
            return None;
        }
    }
    while let Some(here) = waiting.pop() {
        for next in dependencies(here).into_iter().flatten() {
            if !take(next, &mut waiting) {
                return None;
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Edges = BTreeMap<ModelName, BTreeSet<ModelName>>;

    fn name(number: usize) -> ModelName {
        ModelName::parse(&format!("namespaces/default/models/m{number}")).unwrap()
    }

    fn chain(length: usize) -> Edges {
        (0..length).map(|number| (name(number), BTreeSet::from([name(number + 1)]))).collect()
    }

    #[test]
    fn a_way_is_found_along_a_deep_chain_and_not_against_it() {
        let edges = chain(1000);
        let (first, last) = (name(0), name(1000));
        let found = way(&first, &last, |at| edges.get(at)).unwrap();
        assert_eq!((found.len(), found[0], found[1000]), (1001, &first, &last));
        assert_eq!(way(&last, &first, |at| edges.get(at)), None);
        assert_eq!(way(&first, &first, |at| edges.get(at)), Some(vec![&first]));
    }

    #[test]
    fn a_long_circle_is_told_by_its_ends() {
        let names: Vec<_> = (0..20).map(name).collect();
        let told = |count: usize| circle(&names.iter().take(count).map(|name| name.model.as_str()).collect::<Vec<_>>());
        assert_eq!(told(2), "m0 → m1");
        assert_eq!(told(9), "m0 → m1 → m2 → m3 → m4 → m5 → m6 → m7 → m8");
        assert_eq!(told(20), "m0 → m1 → m2 → m3 → m4 → m5 → m6 → m7 → 11 more → m19");
    }

    #[test]
    fn what_is_reached_has_a_bound() {
        let edges = chain(10);
        let first = name(0);
        assert_eq!(reached([&first], 11, |at| edges.get(at)).map(|found| found.len()), Some(11));
        assert_eq!(reached([&first], 10, |at| edges.get(at)), None);
    }
}
