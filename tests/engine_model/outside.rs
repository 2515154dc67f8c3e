//! Evaluations that are with a scheduler outside, by section 6.

use std::collections::BTreeMap;

use stowplan::engine::{
    Applied, Command, CreateEvaluation, Dequeue, EvaluationCommandError, UpdateEvaluation,
};
use stowplan::model::Evaluation;
use stowplan::{Span, Timestamp};

use crate::facts::Facts;
use crate::model::{Answer, Model};

/// How often an evaluation is given out before it counts as failed, and for how long.
const LIMIT: i64 = 3;
const TIMEOUT: Span = Span::from_secs(60);

/// What is out, or came back undone.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// Whether batch jobs are left to a scheduler outside.
    pub(crate) has_batch: bool,
    deliveries: BTreeMap<String, Delivery>,
    /// What the latest command asked for.
    asked: Option<Vec<String>>,
}

#[derive(Debug)]
struct Delivery {
    /// None while it waits to go out again.
    token: Option<String>,
    count: i64,
    due: Option<Timestamp>,
    /// Whether its scheduler said what has become of it, in a plan or by itself.
    is_told: bool,
    /// Whether it has ended by that; only that it is done was not said.
    has_ended: bool,
}

impl Delivery {
    /// Takes an evaluation back that was not done; false if it does not go out again.
    fn give_back(&mut self, at: Timestamp) -> bool {
        let seconds = if self.count <= 1 { 1 } else { 20 * (self.count - 1) };
        (self.token, self.due) = (None, Some(at + Span::from_secs(seconds)));
        !self.has_ended && self.count < LIMIT
    }
}

impl Model {
    pub(crate) fn tell_of_evaluations(&mut self, command: &Command, facts: &Facts) -> Answer {
        let refusal = match command {
            Command::Dequeue(body) => self.dequeue(body),
            Command::Ack(body) => {
                let refusal = self.held(&body.evaluation_id, &body.token);
                if refusal.is_none() {
                    self.outside.deliveries.remove(&body.evaluation_id);
                }
                refusal
            }
            Command::Nack(body) => {
                let refusal = self.held(&body.evaluation_id, &body.token);
                if refusal.is_none() {
                    self.give_back(&body.evaluation_id, self.now);
                }
                refusal
            }
            Command::SubmitPlan(body) => {
                let refusal = self.out(&body.plan.eval_id, &body.token);
                if refusal.is_none()
                    && let Some(it) = self.outside.deliveries.get_mut(&body.plan.eval_id)
                {
                    (it.due, it.is_told) = (Some(self.now + TIMEOUT), true);
                }
                refusal
            }
            Command::UpdateEvaluation(body) => {
                self.out(&body.evaluation.id, &body.token).or_else(|| self.update_of(body, facts))
            }
            Command::CreateEvaluation(body) => self
                .out(&body.evaluation.previous_eval, &body.token)
                .or_else(|| self.created(body, facts)),
            other => panic!("{other:?} is not of a scheduler outside"),
        };
        refusal.map_or(Answer::Accepted, Answer::refused)
    }

    fn dequeue(&mut self, body: &Dequeue) -> Option<EvaluationCommandError> {
        if let Some(text) = body.types.iter().find(|it| *it == "_core") {
            return Some(EvaluationCommandError::UnknownType { text: text.clone() });
        }
        self.outside.asked = Some(body.types.clone());
        None
    }

    /// Why an evaluation does not come back.
    fn held(&self, id: &str, token: &str) -> Option<EvaluationCommandError> {
        let known = self.outside.deliveries.get(id).and_then(|it| it.token.as_deref());
        match known {
            None => Some(EvaluationCommandError::NotOutstanding),
            Some(known) if known != token => Some(EvaluationCommandError::WrongToken),
            Some(_) => None,
        }
    }

    /// Why nothing is taken of an evaluation.
    fn out(&self, id: &str, token: &str) -> Option<EvaluationCommandError> {
        match self.outside.deliveries.get(id).map(|it| it.token.as_deref()) {
            None => Some(EvaluationCommandError::IsNotOut),
            Some(None) => Some(EvaluationCommandError::IsOverdue),
            Some(Some(known)) if known != token => Some(EvaluationCommandError::IsOutOtherwise),
            Some(Some(_)) => None,
        }
    }

    fn update_of(
        &mut self,
        body: &UpdateEvaluation,
        facts: &Facts,
    ) -> Option<EvaluationCommandError> {
        let id = &body.evaluation.id;
        let status = body.evaluation.status.as_str();
        let before = facts.evaluations.get(id).map(|it| it.status.as_str());
        match status {
            "blocked" if before != Some("blocked") => {
                return Some(EvaluationCommandError::NotBlocked { id: id.clone() });
            }
            "asleep" => {
                let status = status.to_owned();
                return Some(stowplan::EvaluationError::UnknownStatus { status }.into());
            }
            _ => {}
        }
        if let Some(it) = self.outside.deliveries.get_mut(id) {
            it.is_told = true;
        }
        None
    }

    fn created(
        &mut self,
        body: &CreateEvaluation,
        facts: &Facts,
    ) -> Option<EvaluationCommandError> {
        let Evaluation { id, status, .. } = &body.evaluation;
        let (id, status) = (id.clone(), status.clone());
        match status.as_str() {
            _ if facts.evaluations.contains_key(&id) => {
                Some(EvaluationCommandError::AlreadyExists { id })
            }
            "complete" => Some(EvaluationCommandError::NotNew { id, status }),
            _ => None,
        }
    }

    fn give_back(&mut self, id: &str, at: Timestamp) {
        let goes_again = self.outside.deliveries.get_mut(id).is_some_and(|it| it.give_back(at));
        if !goes_again {
            self.outside.deliveries.remove(id);
        }
    }

    /// What was not done in time comes back, and what came back may go out again.
    pub(crate) fn miss_deliveries(&mut self, at: Timestamp) {
        let is_due = |it: &Delivery| it.due.is_some_and(|due| due <= at);
        let due = self.outside.deliveries.iter().filter(|(_, it)| is_due(it));
        let due: Vec<String> = due.map(|(id, _)| id.clone()).collect();
        for id in due {
            match self.outside.deliveries.get_mut(&id) {
                Some(it) if it.token.is_none() => it.due = None,
                _ => self.give_back(&id, at),
            }
        }
    }

    /// Takes over what has become of evaluations that are out without their scheduler.
    pub(crate) fn follow_deliveries(&mut self, facts: &Facts) {
        self.outside.deliveries.retain(|id, it| {
            match facts.evaluations.get(id).map(|it| it.status.as_str()) {
                None | Some("canceled") => false,
                Some("pending" | "blocked") => true,
                Some(_) => {
                    it.has_ended = true;
                    it.is_told
                }
            }
        });
    }

    /// Takes over which evaluation went out, and says if it must not have, or another one should have.
    pub(crate) fn note_delivery(&mut self, applied: &Applied, facts: &Facts) -> Result<(), String> {
        let Some(types) = self.outside.asked.take() else {
            return match &applied.dequeued {
                Some(id) => Err(format!("{id} goes out unasked")),
                None => Ok(()),
            };
        };
        let is_left = |it: &Evaluation| {
            self.outside.has_batch
                && it.evaluation_type == "batch"
                && types.contains(&it.evaluation_type)
        };
        let is_in_hand = |other: &Evaluation| {
            let delivery = self.outside.deliveries.get(&other.id);
            delivery.is_some_and(|it| it.token.is_some() || it.due.is_some())
        };
        let may_go = |it: &Evaluation| {
            let mut of_job = facts
                .evaluations
                .values()
                .filter(|other| (&other.namespace, &other.job_id) == (&it.namespace, &it.job_id));
            let begins = it.wait_until.unwrap_or(Timestamp::from_nanos(it.create_time) + it.wait);
            is_left(it) && begins <= self.now && !of_job.any(is_in_hand)
        };
        let Some(id) = &applied.dequeued else {
            let missed = facts.evaluations.values().find(|it| it.status == "pending" && may_go(it));
            return missed.map_or(Ok(()), |it| Err(format!("{} is ready, and stays", it.id)));
        };
        let given = facts.evaluations.get(id).ok_or_else(|| format!("{id} is not there"))?;
        if !may_go(given) || !matches!(given.status.as_str(), "pending" | "blocked") {
            return Err(format!("{id} goes out, which is {}", given.status));
        }
        let count = self.outside.deliveries.get(id).map_or(0, |it| it.count) + 1;
        let due = Some(self.now + TIMEOUT);
        let token = Some(applied.token.clone());
        let delivery = Delivery { token, count, due, is_told: false, has_ended: false };
        self.outside.deliveries.insert(id.clone(), delivery);
        Ok(())
    }
}
