//! Events that are kept, as they are written.

use crate::engine::event::{Cause, Event, Payload, Topic};
use crate::engine::kept_event::KeptEvent;
use crate::state::State;
use crate::state::codec::{
    Flaw, Reader, Saved, Writer, load_json, save_json, save_unshared, saved_as_number,
};

saved_as_number!(Topic {
    Allocation = 0,
    Deployment = 1,
    Evaluation = 2,
    Job = 3,
    JobSummary = 4,
    Namespace = 5,
    Node = 6,
    NodePool = 7,
    Operator = 8,
});

// Events have texts of their causes, which are found by trying all of them: the numbers follow each other.
saved_as_number!(Cause {
    JobRegistration = 0,
    JobDeregistration = 1,
    JobChange = 2,
    NodeRegistration = 3,
    NodeDeregistration = 4,
    NodeStatus = 5,
    NodeEligibility = 6,
    NodeDrain = 7,
    ClientUpdate = 8,
    DesiredUpdate = 9,
    DeploymentStatus = 10,
    DeploymentPromotion = 11,
    DeploymentHealth = 12,
    Plan = 13,
    Evaluations = 14,
    Settings = 15,
    Garbage = 16,
    SettingsRemoval = 17,
});

impl KeptEvent {
    /// Writes the event with its payload.
    pub(in crate::engine) fn save(&self, state: &State, out: &mut Writer) {
        let event = self.whole(state);
        if !self.is_made_late() {
            return event.save(out);
        }
        event.save_bare(out);
        event.payload.is_some().save(out);
        if let Some(payload) = &event.payload {
            save_unshared(&**payload, out);
        }
    }
}

impl Event {
    /// Writes all but its payload.
    fn save_bare(&self, out: &mut Writer) {
        let Event {
            index,
            topic,
            event_type,
            key,
            namespace,
            filter_keys,
            job_id,
            node_id,
            evaluation_id,
            is_gone,
            payload: _,
        } = self;
        index.save(out);
        topic.save(out);
        out.blob(event_type.as_bytes());
        key.save(out);
        namespace.save(out);
        filter_keys.save(out);
        job_id.save(out);
        node_id.save(out);
        evaluation_id.save(out);
        is_gone.save(out);
    }
}

impl Saved for Event {
    fn save(&self, out: &mut Writer) {
        self.save_bare(out);
        self.payload.save(out);
    }

    fn load(input: &mut Reader<'_>) -> Result<Event, Flaw> {
        let index = Saved::load(input)?;
        let topic = Saved::load(input)?;
        let text = input.text()?;
        let event_type = event_type(topic, text).ok_or(Flaw::Unknown("type of event"))?;
        Ok(Event {
            index,
            topic,
            event_type,
            key: Saved::load(input)?,
            namespace: Saved::load(input)?,
            filter_keys: Saved::load(input)?,
            job_id: Saved::load(input)?,
            node_id: Saved::load(input)?,
            evaluation_id: Saved::load(input)?,
            is_gone: Saved::load(input)?,
            payload: Saved::load(input)?,
        })
    }
}

/// The type of event that has a text.
fn event_type(topic: Topic, text: &str) -> Option<&'static str> {
    let causes = (0..=u8::MAX).map_while(|it| Cause::load(&mut Reader::new(&[it], 0)).ok());
    causes.map(|cause| cause.event_type(topic)).find(|it| *it == text)
}

impl Saved for Payload {
    fn save(&self, out: &mut Writer) {
        match self {
            Payload::Allocation(it) => save_as(0, it, out),
            Payload::Deployment(it) => save_as(1, it, out),
            Payload::Evaluation(it) => save_as(2, it, out),
            Payload::Job(it) => save_as(3, it, out),
            Payload::JobSummary(it) => save_as(4, it, out),
            Payload::Namespace(it) => save_as(5, it, out),
            Payload::Node(it) => save_as(6, it, out),
            Payload::NodePool(it) => save_as(7, it, out),
        }
    }

    fn load(input: &mut Reader<'_>) -> Result<Payload, Flaw> {
        Ok(match input.byte()? {
            0 => Payload::Allocation(load_json(input)?),
            1 => Payload::Deployment(load_json(input)?),
            2 => Payload::Evaluation(load_json(input)?),
            3 => Payload::Job(load_json(input)?),
            4 => Payload::JobSummary(load_json(input)?),
            5 => Payload::Namespace(load_json(input)?),
            6 => Payload::Node(load_json(input)?),
            7 => Payload::NodePool(load_json(input)?),
            _ => return Err(Flaw::Unknown("kind of payload")),
        })
    }
}

fn save_as<T: serde::Serialize>(number: u8, document: &T, out: &mut Writer) {
    out.byte(number);
    save_json(document, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_all_causes_are_found() {
        let is_last = |it: u8| Cause::load(&mut Reader::new(&[it], 0)).is_err();
        let causes = (0..=u8::MAX).take_while(|it| !is_last(*it)).count();
        assert!((0..=u8::MAX).skip(causes).all(is_last), "the numbers follow each other");
        let mut out = Writer::default();
        Cause::SettingsRemoval.save(&mut out);
        assert_eq!(out.take(), [causes as u8 - 1]);
        assert_eq!(event_type(Topic::Node, "NodeDrain"), Some("NodeDrain"));
        assert_eq!(event_type(Topic::Job, "NodeDrain"), None);
    }
}
