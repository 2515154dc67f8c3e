//! `stowplan explain`: what is one node to one group, or every node to every group?

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use stowplan::model::{Job, Node};
use stowplan::{Cluster, Explanation, Measure, NodeCheck, NodeExplanation, PlaceOptions, Verdict};

use crate::choice::Choice;
use crate::exit::{BAD_INPUT, NOT_ALL_PLACED, SUCCESS};
use crate::files::{self, Files, Input, Variables};
use crate::output::{Output, complain, complain_unwritten};
use crate::tables::{Look, Sheet, Tone};
use crate::verdicts;
use crate::words::{names, nearest, number, printable};

/// Say what a node is to a group, check by check, or what every node is.
///
/// It is the group's next allocation that is asked for, on the nodes with what `--allocs` puts on them;
/// nothing is placed before it, neither of other groups nor of other jobs.
#[derive(Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Explain {
    /// Nodes, as JSON: a node or a list of nodes; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    nodes: Vec<PathBuf>,

    /// Jobs, as JSON: `{"Job": {...}}`, a bare job, or a list of either, or job files in HCL (feature
    /// `hcl`); may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    job: Vec<PathBuf>,

    /// What is on the nodes already, as JSON: a list of allocations
    #[arg(long, value_name = "FILE")]
    allocs: Vec<PathBuf>,

    /// The group; without it all groups are explained
    #[arg(long, value_name = "NAME")]
    group: Option<String>,

    /// The node, by its ID, its name, or the beginning of its ID; without it all nodes are
    #[arg(long, value_name = "NODE")]
    node: Option<String>,

    #[command(flatten)]
    variables: Variables,

    #[command(flatten)]
    choice: Choice,

    /// Refuse job files with keys that nobody knows instead of warning of them
    #[arg(long)]
    strict: bool,

    /// Write one JSON object instead of tables
    #[arg(long)]
    json: bool,

    /// Print every node, however many there are
    #[arg(long, conflicts_with_all = ["json", "node"])]
    full: bool,
}

const AFTER_HELP: &str = r#"Exit status:
  0  for every group that was asked for, the node, or one of the nodes, would do
  2  for one of them none would
  1  the input or the command line is wrong

Examples:
  Why does this group not go to that node?
    stowplan explain --nodes nodes.json --allocs allocs.json --job web.json --group front --node n1

  What does it lack, as a list?
    stowplan explain --nodes nodes.json --job web.json --group front --node n1 --json \
      | jq '.Explanations[].Checks[] | select(.Passes | not)'"#;

/// What is asked.
struct Question<'a> {
    cluster: Cluster,
    input: &'a Input,
    options: PlaceOptions,
    /// The jobs with their groups, all or those of the name.
    groups: Vec<(&'a Job, &'a str)>,
    node: Option<&'a Node>,
}

impl Explain {
    /// Runs the subcommand and gives the exit status.
    pub(crate) fn run(&self) -> u8 {
        let files = Files {
            nodes: &self.nodes,
            jobs: &self.job,
            variables: &self.variables,
            allocations: &self.allocs,
            is_strict: self.strict,
            is_placed: true,
        };
        let input = match files::read(&files) {
            Ok(input) => input,
            Err(problems) => {
                complain(&problems);
                return BAD_INPUT;
            }
        };
        for warning in &input.warnings {
            complain(&format_args!("warning: {warning}\n"));
        }
        let question = match self.question(&input) {
            Ok(question) => question,
            Err(message) => {
                complain(&format_args!("{}\n", printable(&message)));
                return BAD_INPUT;
            }
        };
        let mut output = Output::stdout();
        let is_empty = question.groups.is_empty() && !self.json;
        let written = match (self.json, question.node) {
            _ if is_empty => {
                writeln!(output, "the job has no groups, so there is nothing to explain")
                    .map(|()| true)
            }
            (false, Some(node)) => question.write_node(node, &mut output),
            (false, None) => question.write_nodes(self.full, &mut output),
            (true, Some(node)) => question.write_json(question.of_node(node), &mut output),
            (true, None) => question.write_json(question.of_nodes(), &mut output),
        };
        match written.and_then(|would_do| output.finish().map(|()| would_do)) {
            Ok(true) => SUCCESS,
            Ok(false) => NOT_ALL_PLACED,
            Err(error) => {
                complain_unwritten(&error);
                BAD_INPUT
            }
        }
    }

    fn question<'a>(&self, input: &'a Input) -> Result<Question<'a>, String> {
        let all = || {
            let groups = |job: &'a Job| job.task_groups.iter().map(|group| group.name.as_str());
            input.jobs.iter().flat_map(move |job| groups(job).map(move |group| (job, group)))
        };
        let is_asked = |name: &str| self.group.as_deref().is_none_or(|group| group == name);
        let groups: Vec<(&Job, &str)> = all().filter(|(_, name)| is_asked(name)).collect();
        if let Some(group) = self.group.as_ref().filter(|_| groups.is_empty()) {
            let known: Vec<&str> = all().map(|(_, name)| name).collect();
            return Err(unknown("group", group, &known));
        }
        let node = self.node.as_ref().map(|name| find(input.inventory.nodes(), name));
        Ok(Question {
            cluster: Cluster::from_inventory(&input.inventory, self.choice.seed),
            input,
            options: self.choice.options(),
            groups,
            node: node.transpose()?,
        })
    }
}

/// The node of an ID or a name, or of the beginning of either.
fn find<'a>(nodes: &'a [Node], asked: &str) -> Result<&'a Node, String> {
    if let Some(node) = nodes.iter().find(|node| node.id == asked) {
        return Ok(node);
    }
    let named = nodes.iter().filter(|node| node.name == asked);
    let mut found: Vec<&Node> = named.collect();
    if found.is_empty() && !asked.is_empty() {
        // Identities are written in either letter case.
        let begins = |text: &str| {
            text.get(..asked.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(asked))
        };
        found.extend(nodes.iter().filter(|node| begins(&node.id) || node.name.starts_with(asked)));
    }
    match found.as_slice() {
        [node] => Ok(node),
        [] => {
            let known = nodes.iter().map(|node| match node.name.is_empty() {
                true => node.id.as_str(),
                false => node.name.as_str(),
            });
            Err(unknown("node", asked, &known.collect::<Vec<&str>>()))
        }
        several => {
            let ids = several.iter().map(|node| node.id.as_str());
            let ids = names(ids, several.len());
            Err(format!("`{asked}` may be any of {} nodes: {ids}", number(several.len() as u64)))
        }
    }
}

/// What is said of a name that nothing has.
fn unknown(noun: &str, asked: &str, known: &[&str]) -> String {
    let near = nearest(asked, known.iter().copied());
    match (near, known.is_empty()) {
        (_, true) => format!("there are no {noun}s"),
        (Some(near), _) => format!("there is no {noun} `{asked}`; did you mean `{near}`?"),
        (None, _) => {
            let known = names(known.iter().copied(), known.len());
            format!("there is no {noun} `{asked}`; there are {known}")
        }
    }
}

/// The answer as JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a, T> {
    explanations: Vec<T>,
    warnings: &'a [String],
}

/// What says whether its group could be placed.
trait WouldDo: Serialize {
    fn would_do(&self) -> bool;
}

impl WouldDo for NodeExplanation {
    fn would_do(&self) -> bool {
        NodeExplanation::would_do(self)
    }
}

impl WouldDo for Explanation {
    fn would_do(&self) -> bool {
        let nodes = self.nodes().iter().chain(self.with_preemption().into_iter().flatten());
        nodes.into_iter().any(|node| matches!(node.verdict(), Verdict::Ranked { .. }))
    }
}

impl Question<'_> {
    fn of_node(&self, node: &Node) -> impl Iterator<Item = NodeExplanation> {
        let explain = |(job, group): &(&Job, &str)| {
            self.cluster.explain_node(job, group, &node.id, &self.options)
        };
        self.groups.iter().filter_map(explain)
    }

    fn of_nodes(&self) -> impl Iterator<Item = Explanation> {
        let explain = |(job, group): &(&Job, &str)| self.cluster.explain(job, group, &self.options);
        self.groups.iter().filter_map(explain)
    }

    fn write_json<T: WouldDo>(
        &self,
        explanations: impl Iterator<Item = T>,
        to: &mut Output,
    ) -> io::Result<bool> {
        let answer =
            Answer { explanations: explanations.collect(), warnings: &self.input.warnings };
        serde_json::to_writer(&mut *to, &answer)?;
        writeln!(to)?;
        Ok(answer.explanations.iter().all(WouldDo::would_do))
    }

    fn write_nodes(&self, is_full: bool, to: &mut Output) -> io::Result<bool> {
        let look = Look::of_stdout();
        let mut would_do = true;
        for explanation in self.of_nodes() {
            would_do &= explanation.would_do();
            let job = explanation.job_id().to_owned();
            verdicts::write(&job, &explanation, &self.cluster, is_full, look, to)?;
        }
        Ok(would_do)
    }

    fn write_node(&self, node: &Node, to: &mut Output) -> io::Result<bool> {
        let look = Look::of_stdout();
        let mut would_do = true;
        for explanation in self.of_node(node) {
            would_do &= explanation.would_do();
            let name = if node.name.is_empty() { &node.id } else { &node.name };
            let (job, group) = (explanation.job_id(), explanation.task_group());
            let (_, verdict, tone) = verdicts::kind(explanation.verdict());
            look.heading(&format!("{name} for {job}.{group}: {verdict}"), tone, to)?;
            let mut sheet = Sheet::new(look, &["Check", "", "Asked", "Used ", "Free ", "Found"]);
            for check in explanation.checks() {
                let (mark, tone) =
                    if check.passes { ("ok", Tone::Good) } else { ("no", Tone::Bad) };
                sheet.toned_row(tone, 1, row(check, mark));
            }
            sheet.write(to)?;
            if let Verdict::Ranked { .. } = explanation.verdict() {
                let why = verdicts::why(explanation.verdict(), &self.cluster, true);
                let norm_score = verdicts::norm_score(explanation.verdict());
                writeln!(to, "It would do, with the score {norm_score}: the mean of {why}")?;
            }
            if let Some(verdict) = explanation.with_preemption() {
                let why = verdicts::why(verdict, &self.cluster, true);
                let (_, kind, _) = verdicts::kind(verdict);
                writeln!(to, "With eviction it is {kind}: {}", printable(&why))?;
            }
        }
        Ok(would_do)
    }
}

/// A check as a row.
fn row(check: &NodeCheck, mark: &str) -> [String; 6] {
    let (subject, mark) = (check.subject.clone(), mark.to_owned());
    let none = String::new;
    match &check.measure {
        Measure::Fact { asked, found } => {
            [subject, mark, asked.clone(), none(), none(), found.clone()]
        }
        Measure::Amount { asked, used, free, unit } => {
            let asked = format!("{} {unit}", number(*asked));
            [subject, mark, asked.trim_end().to_owned(), number(*used), number(*free), none()]
        }
        _ => [subject, mark, none(), none(), none(), none()],
    }
}
