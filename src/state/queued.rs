//! How many allocations of each group are still to be placed, as evaluations say it.

use indexmap::IndexMap;
use smol_str::SmolStr;

use super::small_list::SmallList;

/// Numbers by group, in the order in which the groups came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Queued {
    pub(super) by_group: SmallList<(SmolStr, i64)>,
}

impl Queued {
    /// The numbers of a document.
    pub(crate) fn of(document: &IndexMap<String, i64>) -> Queued {
        document.iter().map(|(group, queued)| (group.as_str().into(), *queued)).collect()
    }

    /// The numbers as documents have them.
    pub(crate) fn document(&self) -> IndexMap<String, i64> {
        self.iter().map(|(group, queued)| (group.to_owned(), queued)).collect()
    }

    /// The groups and their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.by_group.iter().map(|(group, queued)| (group.as_str(), *queued))
    }

    /// Counts more of a group.
    pub(crate) fn add(&mut self, group: &str, more: i64) {
        match self.by_group.iter().position(|(known, _)| known == group) {
            Some(at) => {
                if let Some((_, queued)) = self.by_group.get_mut(at) {
                    *queued += more;
                }
            }
            None => self.by_group.push((group.into(), more)),
        }
    }
}

/// Each group is there once.
impl FromIterator<(SmolStr, i64)> for Queued {
    fn from_iter<I: IntoIterator<Item = (SmolStr, i64)>>(numbers: I) -> Queued {
        let mut queued = Queued::default();
        queued.by_group.extend(numbers);
        queued
    }
}

#[cfg(test)]
mod tests {
    use super::Queued;

    #[test]
    fn numbers_add_up_by_group_in_the_order_in_which_they_came() {
        let mut queued = Queued::default();
        for (group, more) in [("web", 2), ("db", 1), ("web", 3)] {
            queued.add(group, more);
        }
        assert_eq!(queued.iter().collect::<Vec<_>>(), [("web", 5), ("db", 1)]);
        assert_eq!(Queued::of(&queued.document()), queued);
        assert!(Queued::of(&Default::default()).document().is_empty());
    }
}
