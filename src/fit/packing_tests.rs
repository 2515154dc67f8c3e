use super::{Cell, Problem};
use crate::rng::Rng;

/// What looking through all possibilities in order finds first.
fn first_of_all(problem: &Problem, chosen: &mut Vec<usize>) -> bool {
    let request = chosen.len();
    if request == problem.counts.len() {
        return true;
    }
    problem.candidates[request].iter().any(|&group| {
        chosen.push(group);
        let goes_on = can_share(problem, chosen) && first_of_all(problem, chosen);
        if !goes_on {
            chosen.pop();
        }
        goes_on
    })
}

/// Whether the groups chosen so far have enough, by the theorem of Hall: any requests together want no
/// more than there is of what any of them may have.
fn can_share(problem: &Problem, chosen: &[usize]) -> bool {
    (0..1_u32 << chosen.len()).all(|some| {
        let some = || (0..chosen.len()).filter(move |at| some >> at & 1 == 1);
        let wanted: usize = some().map(|at| problem.counts[at]).sum();
        let is_for_any = |(cell, it): &(usize, &Cell)| {
            some().any(|at| chosen[at] == it.group && problem.may_have[at].contains(cell))
        };
        let cells = problem.cells.iter().enumerate().filter(is_for_any);
        wanted <= cells.map(|(_, cell)| cell.free).sum()
    })
}

fn problem(rng: &mut Rng) -> Problem {
    let mut below = |limit: u64| rng.below(limit) as usize;
    let groups = 1 + below(4);
    let requests = 1 + below(6);
    let most = 1 + below(3) as u64;
    let mut cells = Vec::new();
    for group in 0..groups {
        for _ in 0..1 + below(2) {
            cells.push(Cell { group, free: below(2 + most) });
        }
    }
    let mut made =
        Problem { counts: Vec::new(), candidates: Vec::new(), cells, may_have: Vec::new() };
    for _ in 0..requests {
        let mut candidates: Vec<usize> = (0..groups).filter(|_| below(4) > 0).collect();
        if below(2) == 0 {
            candidates.reverse();
        }
        let cells = 0..made.cells.len();
        let may_have =
            cells.filter(|&it| candidates.contains(&made.cells[it].group) && below(5) > 0);
        let may_have = may_have.collect();
        made.counts.push(1 + below(most));
        made.candidates.push(candidates);
        made.may_have.push(may_have);
    }
    made
}

#[test]
fn it_finds_what_looking_through_everything_finds_first() {
    let mut rng = Rng::for_key(1, &[]);
    let mut solved = 0;
    for _ in 0..20_000 {
        let problem = problem(&mut rng);
        let mut chosen = Vec::new();
        let expected = first_of_all(&problem, &mut chosen).then_some(chosen);
        solved += usize::from(expected.is_some());
        assert_eq!(problem.solve(), expected, "{problem:?}");
    }
    assert!((4_000..16_000).contains(&solved), "{solved}");
}

/// Groups of one cell each that any request may have.
fn plain(free: &[usize], counts: &[usize]) -> Problem {
    let cells = free.iter().enumerate().map(|(group, &free)| Cell { group, free });
    let all: Vec<usize> = (0..free.len()).collect();
    Problem {
        counts: counts.to_vec(),
        candidates: vec![all.clone(); counts.len()],
        cells: cells.collect(),
        may_have: vec![all; counts.len()],
    }
}

#[test]
fn many_requests_for_one_device_are_matched() {
    let mut problem = plain(&[1; 200], &[1; 200]);
    problem.candidates[199] = vec![0];
    problem.may_have[199] = vec![0];
    let groups: Vec<usize> = (1..200).chain([0]).collect();
    assert_eq!(problem.solve(), Some(groups));
}

#[test]
fn what_only_just_fits_is_packed_and_what_only_just_does_not_is_refused() {
    let counts = [7, 6, 6, 5, 5, 4, 4, 4, 3, 3, 3, 3, 3, 2, 2];
    assert!(plain(&[15, 15, 15, 15], &counts).solve().is_some());
    assert_eq!(plain(&[15, 15, 15, 14], &counts).solve(), None);
    // Twelve times three, of which each group has room for one only.
    assert_eq!(plain(&[5; 12], &[3; 12]).solve(), Some((0..12).collect()));
    assert_eq!(plain(&[5; 12], &[3; 13]).solve(), None);
}
