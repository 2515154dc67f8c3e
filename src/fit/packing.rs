//! Which group of devices each of several requests is met from, where looking through the possibilities
//! one by one takes too long (docs/placement.md, section 5.3).
//!
//! In: how many each request wants and what it may have. Out: a group for each, so that all are met:
//! the one that looking through the possibilities in the order of the requests would find first.
//!
//! Requests for one device each are matched to devices, which takes few steps and never fails to find
//! a way. A request for several has to have them from one group. That is bin packing: its requests are
//! given their groups one after the other, and a choice is given up as soon as the others could not be
//! met even if they were allowed to take from several groups. Alike requests and alike groups stand for
//! each other, and what led nowhere once is not tried again.

use indexmap::IndexSet;

/// Steps after which no more possibilities are looked through, a step being one look at what one
/// request may have. Matching has no limit. Packing that takes more than this has dozens of requests for
/// several devices each that only just fit or only just do not.
const MAX_STEPS: usize = 10_000_000;

/// Devices of one group that no request tells apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) group: usize,
    pub(super) free: usize,
}

/// What is wanted and what there is. Requests, groups and cells are numbered.
#[derive(Debug)]
pub(super) struct Problem {
    /// How many each request wants.
    pub(super) counts: Vec<usize>,
    /// The groups that each request could be met from, the one it likes best first.
    pub(super) candidates: Vec<Vec<usize>>,
    pub(super) cells: Vec<Cell>,
    /// The cells that each request may take from, in order.
    pub(super) may_have: Vec<Vec<usize>>,
}

impl Problem {
    /// A group for each request; `None` if there is no way.
    pub(super) fn solve(&self) -> Option<Vec<usize>> {
        if self.candidates.iter().any(Vec::is_empty) {
            return None;
        }
        let mut search = Search::new(self);
        let shares = search.shares_of_all()?;
        search.steps = 0;
        let mut shares = search.whole(shares)?;
        // There is a way. Each request in its turn gets the group that it likes best of those that
        // leave a way for the others.
        for request in 0..self.counts.len() {
            let found = self.group_of(request, &shares);
            let better = self.candidates[request].iter().take_while(|&&group| group != found);
            let better =
                better.copied().find_map(|group| search.whole_with(request, group, &shares));
            shares = better.unwrap_or(shares);
            search.fixed[request] = Some(self.group_of(request, &shares));
        }
        Some((0..self.counts.len()).map(|request| self.group_of(request, &shares)).collect())
    }

    /// The group from which a request takes, the first one if from several.
    fn group_of(&self, request: usize, shares: &Shares) -> usize {
        let cells = self.may_have[request].iter();
        let mut taken = cells.filter(|&&cell| shares.taken[request][cell] > 0);
        let group = taken.next().map(|&cell| self.cells[cell].group);
        group.or(self.candidates[request].first().copied()).unwrap_or_default()
    }

    /// How many a request takes from a group.
    fn taken_from(&self, request: usize, group: usize, shares: &Shares) -> usize {
        let cells = self.may_have[request].iter();
        let of_group = cells.filter(|&&cell| self.cells[cell].group == group);
        of_group.map(|&cell| shares.taken[request][cell]).sum()
    }
}

/// Who takes how many from where, in which a request may take from several groups.
#[derive(Clone, Debug)]
struct Shares {
    /// By cell.
    left: Vec<usize>,
    /// By request and cell.
    taken: Vec<Vec<usize>>,
}

struct Search<'a> {
    problem: &'a Problem,
    /// The groups that requests have to be met from, by request.
    fixed: Vec<Option<usize>>,
    /// For each request the first that is like it.
    kinds: Vec<usize>,
    /// For each group the first that is like it; only groups of a single cell are like others.
    likes: Vec<usize>,
    /// By group.
    cells_of: Vec<Vec<usize>>,
    /// What was found to lead nowhere.
    hopeless: IndexSet<Vec<usize>>,
    steps: usize,
}

impl<'a> Search<'a> {
    fn new(problem: &'a Problem) -> Search<'a> {
        let groups = problem.cells.iter().map(|cell| cell.group + 1).max().unwrap_or(0);
        let of_candidates = problem.candidates.iter().flatten().map(|group| group + 1).max();
        let groups = groups.max(of_candidates.unwrap_or(0));
        let mut cells_of = vec![Vec::new(); groups];
        for (at, cell) in problem.cells.iter().enumerate() {
            cells_of[cell.group].push(at);
        }
        let same_request = |a: usize, b: usize| {
            problem.counts[a] == problem.counts[b] && problem.may_have[a] == problem.may_have[b]
        };
        let takers = |group: usize| -> Vec<usize> {
            let may_have = problem.may_have.iter().enumerate();
            let cell = cells_of[group].first();
            let takers = may_have.filter(|(_, cells)| cell.is_some_and(|it| cells.contains(it)));
            takers.map(|(request, _)| request).collect()
        };
        let takers: Vec<Vec<usize>> = (0..groups).map(takers).collect();
        let same_group = |a: usize, b: usize| {
            cells_of[a].len() == 1 && cells_of[b].len() == 1 && takers[a] == takers[b]
        };
        Search {
            problem,
            fixed: vec![None; problem.counts.len()],
            kinds: firsts(problem.counts.len(), same_request),
            likes: firsts(groups, same_group),
            cells_of,
            hopeless: IndexSet::new(),
            steps: 0,
        }
    }

    /// Meets all requests, from several groups where need be.
    fn shares_of_all(&mut self) -> Option<Shares> {
        let requests = self.problem.counts.len();
        let cells = &self.problem.cells;
        let mut shares = Shares {
            left: cells.iter().map(|cell| cell.free).collect(),
            taken: vec![vec![0; cells.len()]; requests],
        };
        (0..requests).all(|request| self.meet(request, &mut shares)).then_some(shares)
    }

    /// Meets all requests, each from one group, beginning with a way to meet them from several.
    fn whole(&mut self, shares: Shares) -> Option<Shares> {
        let Some(request) = self.next_split(&shares) else { return Some(shares) };
        let state = self.state();
        if self.hopeless.contains(&state) {
            return None;
        }
        let mut groups = self.problem.candidates[request].clone();
        let taken = |group: &usize| self.problem.taken_from(request, *group, &shares);
        groups.sort_by_key(|group| std::cmp::Reverse(taken(group)));
        let mut tried: Vec<(usize, usize)> = Vec::new();
        for group in groups {
            let alike = (self.likes[group], self.room_in(group));
            if tried.contains(&alike) {
                continue;
            }
            tried.push(alike);
            let found = self.whole_with(request, group, &shares);
            if found.is_some() {
                return found;
            }
        }
        if !self.is_out_of_steps() {
            self.hopeless.insert(state);
        }
        None
    }

    /// The same with a request met from a given group.
    fn whole_with(&mut self, request: usize, group: usize, shares: &Shares) -> Option<Shares> {
        if self.is_out_of_steps() || self.room_in(group) < self.problem.counts[request] {
            return None;
        }
        self.fixed[request] = Some(group);
        let mut moved = shares.clone();
        self.steps += moved.left.len() * moved.taken.len();
        for (cell, taken) in moved.taken[request].iter_mut().enumerate() {
            if self.problem.cells[cell].group != group {
                moved.left[cell] += std::mem::take(taken);
            }
        }
        let found = if self.meet(request, &mut moved) { self.whole(moved) } else { None };
        self.fixed[request] = None;
        found
    }

    /// Whether nothing more is tried. Matching never comes to that.
    fn is_out_of_steps(&self) -> bool {
        self.steps >= MAX_STEPS && self.problem.counts.iter().any(|&count| count > 1)
    }

    /// Of the requests that are free to choose, one with the fewest groups to choose from; none if all
    /// are met from one group as it is.
    fn next_split(&self, shares: &Shares) -> Option<usize> {
        let counts = &self.problem.counts;
        let open = (0..counts.len()).filter(|&at| self.fixed[at].is_none() && counts[at] > 1);
        let is_split = |request: usize| {
            let group = self.problem.group_of(request, shares);
            self.problem.taken_from(request, group, shares) < counts[request]
        };
        if !open.clone().any(is_split) {
            return None;
        }
        let choices = |request: usize| {
            let groups = self.problem.candidates[request].iter();
            groups.filter(|&&group| self.room_in(group) >= counts[request]).count()
        };
        open.min_by_key(|&request| (choices(request), std::cmp::Reverse(counts[request])))
    }

    /// How many the requests with a fixed group leave in one.
    fn room_in(&self, group: usize) -> usize {
        let free: usize = self.cells_of[group].iter().map(|&it| self.problem.cells[it].free).sum();
        let fixed = self.fixed.iter().zip(&self.problem.counts);
        let taken = fixed.filter(|(fixed, _)| **fixed == Some(group)).map(|(_, count)| count);
        free.saturating_sub(taken.sum())
    }

    /// All that decides whether the requests without a group can still be met.
    fn state(&self) -> Vec<usize> {
        const END: usize = usize::MAX;
        let kinds = self.fixed.iter().zip(&self.kinds);
        let open = kinds.clone().filter(|(fixed, _)| fixed.is_none());
        let mut state: Vec<usize> = open.map(|(_, &kind)| kind).collect();
        state.sort_unstable();
        state.push(END);
        let (single, other): (Vec<usize>, Vec<usize>) =
            (0..self.cells_of.len()).partition(|&group| self.cells_of[group].len() == 1);
        let room = single.into_iter().map(|group| (self.likes[group], self.room_in(group)));
        let mut room: Vec<(usize, usize)> = room.collect();
        room.sort_unstable();
        state.extend(room.into_iter().flat_map(|(like, room)| [like, room]));
        // Which devices of these are left depends on who chose them.
        for group in other {
            state.push(END);
            let choosers = kinds.clone().filter(|(fixed, _)| **fixed == Some(group));
            let mut choosers: Vec<usize> = choosers.map(|(_, &kind)| kind).collect();
            choosers.sort_unstable();
            state.extend(choosers);
        }
        state
    }

    /// Has a request take what it lacks, and others take from elsewhere what it takes then.
    fn meet(&mut self, request: usize, shares: &mut Shares) -> bool {
        let mut lacks = self.problem.counts[request] - shares.taken[request].iter().sum::<usize>();
        for &cell in &self.problem.may_have[request] {
            if self.may_take(request, cell) {
                let taken = lacks.min(shares.left[cell]);
                shares.left[cell] -= taken;
                shares.taken[request][cell] += taken;
                lacks -= taken;
            }
        }
        (0..lacks).all(|_| self.take_one_more(request, shares))
    }

    fn may_take(&self, request: usize, cell: usize) -> bool {
        self.fixed[request].is_none_or(|group| group == self.problem.cells[cell].group)
    }

    /// One more for a request: an augmenting path, the shortest one.
    fn take_one_more(&mut self, request: usize, shares: &mut Shares) -> bool {
        let requests = self.problem.counts.len();
        // Who would take from a cell, and for whose sake a request would leave one.
        let mut takers: Vec<Option<usize>> = vec![None; shares.left.len()];
        let mut leaves: Vec<Option<usize>> = vec![None; requests];
        let mut waiting = vec![request];
        let mut next = 0;
        while let Some(&taker) = waiting.get(next) {
            next += 1;
            for &cell in &self.problem.may_have[taker] {
                self.steps += 1;
                if takers[cell].is_some() || !self.may_take(taker, cell) {
                    continue;
                }
                takers[cell] = Some(taker);
                if shares.left[cell] > 0 {
                    shares.pass_on(cell, &takers, &leaves);
                    return true;
                }
                self.steps += requests;
                for other in (0..requests).filter(|&it| it != request) {
                    if leaves[other].is_none() && shares.taken[other][cell] > 0 {
                        leaves[other] = Some(cell);
                        waiting.push(other);
                    }
                }
            }
        }
        false
    }
}

impl Shares {
    /// Has everyone on the path to a cell take from there, and leave what others take then.
    fn pass_on(&mut self, cell: usize, takers: &[Option<usize>], leaves: &[Option<usize>]) {
        self.left[cell] -= 1;
        let mut cell = cell;
        while let Some(taker) = takers[cell] {
            self.taken[taker][cell] += 1;
            let Some(left) = leaves[taker] else { break };
            self.taken[taker][left] -= 1;
            cell = left;
        }
    }
}

/// For each of some things the first that is the same.
fn firsts(count: usize, is_same: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    (0..count).map(|at| (0..at).find(|&first| is_same(first, at)).unwrap_or(at)).collect()
}

#[cfg(test)]
#[path = "packing_tests.rs"]
mod tests;
