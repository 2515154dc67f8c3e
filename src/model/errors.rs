//! Errors of whole documents: everything that is wrong with one.

use std::fmt;

use super::problem::Problem;
use super::read_error::ReadError;

/// Defines the error of one kind of document: a list of problems that is never empty.
macro_rules! errors {
    ($(#[$meta:meta])* pub struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            // INVARIANT: not empty.
            problems: Vec<Problem>,
        }

        impl $name {
            /// The problems, in the order of the document; at least one.
            pub fn problems(&self) -> &[Problem] {
                &self.problems
            }

            /// The same problems of a document that is part of a larger one: every path begins with
            /// the document's own, `[3]` for instance. Nothing changes where that is nothing.
            #[must_use]
            pub fn within(mut self, path: &str) -> Self {
                self.problems.iter_mut().for_each(|problem| problem.move_within(path));
                self
            }

            /// Is it an error? It is if there are problems.
            pub(crate) fn check(problems: Vec<Problem>) -> Result<(), Self> {
                if problems.is_empty() { Ok(()) } else { Err($name { problems }) }
            }
        }

        impl From<ReadError> for $name {
            fn from(error: ReadError) -> Self {
                $name { problems: vec![error.into_problem()] }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (i, problem) in self.problems.iter().enumerate() {
                    let separator = if i == 0 { "" } else { "\n" };
                    write!(f, "{separator}{problem}")?;
                }
                Ok(())
            }
        }

        impl std::error::Error for $name {}
    };
}

errors! {
    /// Everything that is wrong with a job. Displays all problems, one a line.
    ///
    /// ```
    /// use stowplan::model::Job;
    ///
    /// let errors = Job::builder("").priority(101).build().unwrap_err();
    /// assert_eq!(errors.problems().len(), 3);
    /// assert!(errors.to_string().contains("Priority: expected 1 to 100, found `101`\n"));
    /// ```
    pub struct JobErrors;
}

errors! {
    /// Everything that is wrong with a node. Displays all problems, one a line.
    ///
    /// ```
    /// use stowplan::model::Node;
    ///
    /// let errors = Node::from_json(r#"{"ID": "n1"}"#).unwrap_err();
    /// assert_eq!(errors.problems()[0].to_string(), "Datacenter: a node needs a datacenter");
    /// assert_eq!(errors.within("[3]").problems()[0].path(), "[3].Datacenter");
    /// ```
    pub struct NodeErrors;
}

errors! {
    /// Everything that is wrong with an allocation. Displays all problems, one a line.
    ///
    /// ```
    /// use stowplan::model::read;
    ///
    /// let errors = read::valid_allocations(r#"[{"NodeID": "n1"}]"#).unwrap_err();
    /// assert_eq!(errors.problems()[0].path(), "[0].ID");
    /// ```
    pub struct AllocationErrors;
}

errors! {
    /// Everything that is wrong with a plan. Displays all problems, one a line.
    ///
    /// ```
    /// use stowplan::Cluster;
    /// use stowplan::model::Plan;
    ///
    /// let plan = Plan { eval_id: "e1".into(), ..Plan::default() };
    /// let errors = Cluster::default().read_plan(&plan).unwrap_err();
    /// assert_eq!(errors.to_string(), "EvalID: there is no evaluation with the ID `e1`");
    /// ```
    pub struct PlanErrors;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::problem::{Problems, ROOT};

    #[test]
    fn errors_list_every_problem_on_a_line_of_its_own() {
        let mut problems = Problems::default();
        problems.add(ROOT, "first");
        problems.add(ROOT.key("Meta").key("a\nb"), "second `\u{1b}`");
        let error = JobErrors::check(problems.into_vec()).unwrap_err();
        assert_eq!(error.to_string(), "first\nMeta.a\\nb: second `\\u{1b}`");
        assert_eq!(error.problems().len(), 2);
        assert_eq!(error.clone().within(""), error);
        assert_eq!(error.within("[3]").to_string(), "[3]: first\n[3].Meta.a\\nb: second `\\u{1b}`");
        assert_eq!(JobErrors::check(Vec::new()), Ok(()));
    }
}
