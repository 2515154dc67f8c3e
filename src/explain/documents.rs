//! Explanations as JSON: data for programs, as `prose` is text for people.

use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::checks::{Measure, NodeCheck, NodeExplanation};
use super::fixes::fix::Fix;
use super::verdicts::{Explanation, NodeVerdict, Shortage, Verdict};
use crate::feasibility::base::NotCandidate;
use crate::feasibility::reason::FilterReason;
use crate::fit::exhausted::Dimension;

/// A verdict with all its keys, so that nobody who reads one has to ask first; only shortages are left
/// out where there are none.
#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct VerdictDocument<'a> {
    #[serde(rename = "NodeID", skip_serializing_if = "Option::is_none")]
    node_id: Option<&'a str>,
    verdict: &'static str,
    reasons: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shortages: Vec<&'a Shortage>,
    scores: IndexMap<&'a str, f64>,
    /// `null` for a node that is not ranked.
    norm_score: Option<f64>,
    preempts: &'a [String],
}

impl<'a> VerdictDocument<'a> {
    fn of(verdict: &'a Verdict, node_id: Option<&'a str>) -> VerdictDocument<'a> {
        let named = |name| VerdictDocument {
            node_id,
            verdict: name,
            reasons: Vec::new(),
            shortages: Vec::new(),
            scores: IndexMap::new(),
            norm_score: None,
            preempts: &[],
        };
        match verdict {
            Verdict::NotCandidate(reasons) => VerdictDocument {
                reasons: reasons.iter().map(ToString::to_string).collect(),
                ..named("not-candidate")
            },
            Verdict::Filtered(reasons) => VerdictDocument {
                reasons: reasons.iter().map(ToString::to_string).collect(),
                ..named("filtered")
            },
            Verdict::Exhausted(shortages) => VerdictDocument {
                reasons: shortages.iter().map(|it| it.dimension.to_string()).collect(),
                // Those that come in amounts.
                shortages: shortages.iter().filter(|it| it.asked.is_some()).collect(),
                ..named("exhausted")
            },
            Verdict::Ranked { scores, norm_score, preempts } => VerdictDocument {
                scores: scores.iter().copied().collect(),
                norm_score: Some(*norm_score),
                preempts,
                ..named("ranked")
            },
        }
    }
}

/// `Verdict` (`not-candidate`, `filtered`, `exhausted` or `ranked`), `Reasons`, `Shortages`, `Scores`,
/// `NormScore` and `Preempts`.
impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        VerdictDocument::of(self, None).serialize(serializer)
    }
}

/// The keys of its [`Verdict`], after `NodeID`.
impl Serialize for NodeVerdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        VerdictDocument::of(self.verdict(), Some(&self.node().id)).serialize(serializer)
    }
}

/// `Dimension`, `Asked`, `Used` and `Free`, `null` for what does not come in amounts.
impl Serialize for Shortage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Shortage", 4)?;
        document.serialize_field("Dimension", &self.dimension)?;
        document.serialize_field("Asked", &self.asked)?;
        document.serialize_field("Used", &self.used)?;
        document.serialize_field("Free", &self.free)?;
        document.end()
    }
}

/// `JobID`, `TaskGroup`, `Nodes`, `NodesWithPreemption` (`null` where eviction is of no use) and `Fixes`.
impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Explanation", 5)?;
        document.serialize_field("JobID", self.job_id())?;
        document.serialize_field("TaskGroup", self.task_group())?;
        document.serialize_field("Nodes", self.nodes())?;
        document.serialize_field("NodesWithPreemption", &self.with_preemption())?;
        document.serialize_field("Fixes", self.fixes())?;
        document.end()
    }
}

/// `JobID`, `TaskGroup`, `NodeID`, `WouldDo`, `Verdict`, `WithPreemption` (`null` where eviction is of no
/// use) and `Checks`.
impl Serialize for NodeExplanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("NodeExplanation", 7)?;
        document.serialize_field("JobID", self.job_id())?;
        document.serialize_field("TaskGroup", self.task_group())?;
        document.serialize_field("NodeID", &self.node().id)?;
        document.serialize_field("WouldDo", &self.would_do())?;
        document.serialize_field("Verdict", self.verdict())?;
        document.serialize_field("WithPreemption", &self.with_preemption())?;
        document.serialize_field("Checks", self.checks())?;
        document.end()
    }
}

/// `Stage` (`candidate`, `feasibility` or `room`), `Check`, `Passes` and `Asked`, then `Found` of what does
/// not come in amounts, `Used`, `Free` and `Unit` of what does.
impl Serialize for NodeCheck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("NodeCheck", 7)?;
        document.serialize_field("Stage", self.stage.as_str())?;
        document.serialize_field("Check", &self.subject)?;
        document.serialize_field("Passes", &self.passes)?;
        match &self.measure {
            Measure::Fact { asked, found } => {
                document.serialize_field("Asked", asked)?;
                document.serialize_field("Found", found)?;
            }
            Measure::Amount { asked, used, free, unit } => {
                document.serialize_field("Asked", asked)?;
                document.serialize_field("Used", used)?;
                document.serialize_field("Free", free)?;
                document.serialize_field("Unit", unit)?;
            }
        }
        document.end()
    }
}

/// `Text`, `Nodes` (how many would then do) and `Actions`.
impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Fix", 3)?;
        document.serialize_field("Text", &self.to_string())?;
        document.serialize_field("Nodes", &self.nodes())?;
        document.serialize_field("Actions", self.actions())?;
        document.end()
    }
}

/// Its text, which is a key of `ConstraintFiltered`.
impl Serialize for FilterReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Its text, which is a key of `DimensionExhausted`.
impl Serialize for Dimension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Its text.
impl Serialize for NotCandidate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
