//! One run of a job as the scheduler holds it: it goes from one gate to the next and no further, and nobody else moves meanwhile.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

thread_local! {
    /// The gate of the run that is being polled.
    static CURRENT: RefCell<Option<Gate>> = const { RefCell::new(None) };
}

/// Where a run stands, and whether it may go on.
#[derive(Clone, Default)]
struct Gate(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    stands_at: Option<String>,
    open: bool,
}

impl Gate {
    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A gate: the run that comes here stands still until its next step.
pub(crate) async fn gate(name: String) {
    let Some(gate) = CURRENT.with(|current| current.borrow().clone()) else { return };
    gate.with(|state| (state.stands_at, state.open) = (Some(name), false));
    std::future::poll_fn(|_| if gate.with(|state| state.open) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// A job's run on a worker; dropped, it is as if its process had died there.
pub(crate) struct Run {
    /// What runs, for the schedule.
    pub(crate) name: String,
    gate: Gate,
    future: Pin<Box<dyn Future<Output = ()>>>,
}

impl Run {
    pub(crate) fn new(name: String, future: impl Future<Output = ()> + 'static) -> Run {
        Run { name, gate: Gate::default(), future: Box::pin(future) }
    }

    /// Goes on to the next gate, and says which; `None` at the end.
    pub(crate) async fn step(&mut self) -> Option<String> {
        self.gate.with(|state| (state.stands_at, state.open) = (None, true));
        let Run { gate, future, .. } = self;
        std::future::poll_fn(|cx| {
            CURRENT.set(Some(gate.clone()));
            let polled = future.as_mut().poll(cx);
            CURRENT.set(None);
            match (polled, gate.with(|state| state.stands_at.clone())) {
                (Poll::Ready(()), _) => Poll::Ready(None),
                (Poll::Pending, Some(name)) => Poll::Ready(Some(name)),
                (Poll::Pending, None) => Poll::Pending,
            }
        })
        .await
    }
}
