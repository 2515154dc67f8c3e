//! A real cluster of 1,523 nodes and 8,152 jobs, where it is at hand.

use super::Folder;

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn a_real_cluster_is_placed_in_one_run() {
    let folder = crate::shared::folder("data/openb");
    let files = format!("--nodes {0}/nodes.json --job {0}/jobs.json", folder.display());
    let answer = Folder::new("openb").run(&format!("place {files}"));
    assert_eq!((answer.status, answer.stderr.as_str()), (2, ""));
    let totals = answer.stdout.lines().last().unwrap();
    let words = |after: &str| totals.split(after).nth(1).and_then(|rest| rest.split(' ').next());
    let figure = |text: Option<&str>| text.unwrap().replace(',', "").parse::<u32>().unwrap();
    let placed = figure(words("8,152 jobs: "));
    let missing = figure(words("1,523 nodes, "));
    assert_eq!(placed + missing, 8_152, "{totals}");
    // A pod that asks for a part of a GPU is given a whole one here, so that many find none.
    assert!((1_500..2_000).contains(&missing), "{totals}");
    // A report that a person can read is not longer than this.
    assert!(answer.stdout.lines().count() < 250, "{} lines", answer.stdout.lines().count());
}
