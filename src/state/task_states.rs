//! What the tasks of an allocation do, in little room. Allocations of a group go through the same, each at
//! its own instants: all but these is shared by those that say the same.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::IndexMap;

use super::fast_map::FastHasher;
use crate::model::{TaskEvent, TaskState};
use crate::time::Timestamp;

/// How many sayings that were seen last are tried for what is said next.
const RECENT: usize = 16;

/// Documents of tasks by name.
type Documents = IndexMap<String, TaskState>;

/// What the tasks of an allocation do, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaskStates {
    pub(super) told: Option<Arc<Told>>,
}

/// What was said.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// The documents, with 1970 in place of every instant.
    pub(super) saying: Arc<Documents>,
    /// The instants, in the order in which the documents have them.
    pub(super) instants: Box<[i64]>,
}

/// A hash of documents of tasks, the same for those that are equal.
pub(super) fn hash_of_tasks(documents: &IndexMap<String, TaskState>) -> u64 {
    let mut hasher = FastHasher::default();
    for (name, state) in documents {
        (name, &state.state, state.failed, state.restarts, state.events.len()).hash(&mut hasher);
    }
    hasher.finish()
}

/// What was said lately, the latest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sayings(Arc<Vec<Arc<Documents>>>);

/// The instants of a task that matter to the scheduler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaskTimes {
    pub(crate) last_restart: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
}

impl TaskStates {
    pub(super) fn of(saying: Arc<Documents>, instants: Vec<i64>) -> TaskStates {
        TaskStates { told: Some(Arc::new(Told { saying, instants: instants.into() })) }
    }

    /// How many instants documents have.
    pub(super) fn count_instants(saying: &Documents) -> usize {
        instants_of(saying).len()
    }

    /// Whether every task has ended and did not fail; false if nothing is known of any.
    pub(crate) fn ran_successfully(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.saying.values().all(TaskState::is_successful))
    }

    /// When each of the tasks was started and ended.
    pub(crate) fn times(&self) -> impl Iterator<Item = TaskTimes> {
        self.told.iter().flat_map(|told| {
            let mut instants = told.instants.iter().copied();
            told.saying.values().map(move |state| {
                let mut next = |is_known: bool| {
                    let instant = if is_known { instants.next() } else { None };
                    instant.map(Timestamp::from_nanos)
                };
                let times = TaskTimes {
                    last_restart: next(state.last_restart.is_some()),
                    started_at: next(state.started_at.is_some()),
                    finished_at: next(state.finished_at.is_some()),
                };
                state.events.iter().for_each(|_| _ = instants.next());
                times
            })
        })
    }

    /// The same of one of them.
    pub(crate) fn times_of(&self, task: &str) -> Option<TaskTimes> {
        let at = self.told.as_ref()?.saying.get_index_of(task)?;
        self.times().nth(at)
    }

    /// The documents.
    pub(crate) fn documents(&self) -> Documents {
        let Some(told) = &self.told else { return Documents::new() };
        let mut documents = Documents::clone(&told.saying);
        let mut instants = told.instants.iter();
        for_each_instant(documents.values_mut(), |instant| {
            *instant = instants.next().copied().unwrap_or_default();
        });
        documents
    }

    /// Whether the documents are these.
    pub(crate) fn are(&self, documents: &Documents) -> bool {
        match &self.told {
            None => documents.is_empty(),
            Some(told) if *told.instants == *instants_of(documents) => {
                say_the_same(&told.saying, documents) || self.documents() == *documents
            }
            // Tasks may come in another order.
            Some(told) => told.saying.len() == documents.len() && self.documents() == *documents,
        }
    }
}

impl From<&Documents> for TaskStates {
    fn from(documents: &Documents) -> TaskStates {
        Sayings::default().shared(documents)
    }
}

impl PartialEq for TaskStates {
    fn eq(&self, other: &TaskStates) -> bool {
        match (&self.told, &other.told) {
            (None, None) => true,
            (Some(a), Some(b)) => a.instants == b.instants && a.saying == b.saying,
            _ => false,
        }
    }
}

impl Sayings {
    /// Documents in little room, with what was said lately if they say the same.
    pub(crate) fn shared(&mut self, documents: &Documents) -> TaskStates {
        if documents.is_empty() {
            return TaskStates::default();
        }
        let found = self.0.iter().position(|known| say_the_same(known, documents));
        let saying = match found.and_then(|at| self.0.get(at)) {
            Some(known) => known.clone(),
            None => {
                let mut saying = documents.clone();
                for_each_instant(saying.values_mut(), |instant| *instant = 0);
                Arc::new(saying)
            }
        };
        if found != Some(0) {
            let recent = Arc::make_mut(&mut self.0);
            match found {
                Some(at) => _ = recent.remove(at),
                None => recent.truncate(RECENT - 1),
            }
            recent.insert(0, saying.clone());
        }
        TaskStates::of(saying, instants_of(documents))
    }
}

/// The instants of documents, in the order in which they are kept.
fn instants_of(documents: &Documents) -> Vec<i64> {
    let mut instants = Vec::new();
    for state in documents.values() {
        let times = [state.last_restart, state.started_at, state.finished_at];
        instants.extend(times.into_iter().flatten().map(Timestamp::as_nanos));
        instants.extend(state.events.iter().map(|event| event.time));
    }
    instants
}

/// Shows every instant, to be changed, in the same order.
fn for_each_instant<'a>(
    states: impl Iterator<Item = &'a mut TaskState>,
    mut change: impl FnMut(&mut i64),
) {
    for state in states {
        let times = [&mut state.last_restart, &mut state.started_at, &mut state.finished_at];
        for time in times.into_iter().flatten() {
            let mut instant = time.as_nanos();
            change(&mut instant);
            *time = Timestamp::from_nanos(instant);
        }
        state.events.iter_mut().for_each(|event| change(&mut event.time));
    }
}

/// Whether documents say the same of the same tasks in the same order, whenever that was.
fn say_the_same(a: &Documents, b: &Documents) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && states_say_the_same(a.1, b.1))
}

fn states_say_the_same(a: &TaskState, b: &TaskState) -> bool {
    let TaskState { state, failed, restarts, events, last_restart, started_at, finished_at, extra } =
        a;
    let are_known = [last_restart.is_some(), started_at.is_some(), finished_at.is_some()];
    are_known == [b.last_restart.is_some(), b.started_at.is_some(), b.finished_at.is_some()]
        && (*failed, *restarts) == (b.failed, b.restarts)
        && *state == b.state
        && *extra == b.extra
        && events.len() == b.events.len()
        && events.iter().zip(&b.events).all(|(a, b)| events_say_the_same(a, b))
}

fn events_say_the_same(a: &TaskEvent, b: &TaskEvent) -> bool {
    let TaskEvent { event_type, time: _, display_message, details, exit_code, extra } = a;
    *exit_code == b.exit_code
        && *event_type == b.event_type
        && *display_message == b.display_message
        && *details == b.details
        && *extra == b.extra
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(at: i64) -> TaskState {
        let event = |event_type: &str, at: i64| TaskEvent {
            event_type: event_type.into(),
            time: at,
            ..TaskEvent::default()
        };
        TaskState {
            state: "running".into(),
            events: vec![event("Received", at), event("Started", at + 5)],
            started_at: Some(Timestamp::from_nanos(at + 5)),
            ..TaskState::default()
        }
    }

    fn documents(states: &[(&str, TaskState)]) -> Documents {
        states.iter().map(|(name, state)| ((*name).to_owned(), state.clone())).collect()
    }

    #[test]
    fn documents_come_back_as_they_were() {
        let ended = TaskState {
            state: "dead".into(),
            finished_at: Some(Timestamp::from_nanos(-3)),
            ..state(7)
        };
        let all = documents(&[("web", state(1)), ("log", ended.clone())]);
        let mut sayings = Sayings::default();
        let states = sayings.shared(&all);
        assert_eq!(states.documents(), all);
        assert!(states.are(&all) && !states.ran_successfully());
        assert!(states.are(&documents(&[("log", ended.clone()), ("web", state(1))])));
        assert!(!states.are(&documents(&[("web", state(2)), ("log", ended.clone())])));
        assert!(!states.are(&documents(&[("web", state(1))])));
        let times: Vec<TaskTimes> = states.times().collect();
        let started = |nanos: i64| Some(Timestamp::from_nanos(nanos));
        assert_eq!((times[0].started_at, times[0].finished_at), (started(6), None));
        assert_eq!((times[1].started_at, times[1].finished_at), (started(12), started(-3)));
        assert!(sayings.shared(&documents(&[("log", ended)])).ran_successfully());
        let none = sayings.shared(&Documents::new());
        assert!(!none.ran_successfully() && none.are(&Documents::new()));
        assert!(none.documents().is_empty() && none.times().count() == 0);
    }

    #[test]
    fn what_is_said_again_is_kept_once() {
        let mut sayings = Sayings::default();
        let first = sayings.shared(&documents(&[("web", state(1))]));
        for at in 0..RECENT - 1 {
            sayings.shared(&documents(&[(&at.to_string(), state(2))]));
        }
        let again = sayings.shared(&documents(&[("web", state(3))]));
        let saying = |states: &TaskStates| states.told.as_ref().map(|told| told.saying.clone());
        let (a, b) = (saying(&first).unwrap(), saying(&again).unwrap());
        assert!(Arc::ptr_eq(&a, &b) && first != again);
        assert_eq!(sayings.0.len(), RECENT);
        assert_eq!(again, TaskStates::from(&documents(&[("web", state(3))])));
        let other = TaskState { restarts: 1, ..state(1) };
        assert_ne!(sayings.shared(&documents(&[("web", other)])), first);
    }
}
