//! The right to make one call, and what is told to the gate afterwards.

use std::sync::Arc;
use std::time::Duration;

use super::gate::{Gate, Outcome};
use super::machine::{Step, Verdict};

/// The right to make one call; what became of it must be reported.
#[derive(Debug)]
pub struct Permit {
    gate: Arc<Gate>,
    /// The probe's lease, or 0.
    probe: i64,
    /// Nothing was wrong with the account when it was given.
    sound: bool,
    /// What the gate had counted then.
    troubles: u64,
    reported: bool,
}

impl Permit {
    pub(super) fn new(gate: Arc<Gate>, probe: i64, sound: bool, troubles: u64) -> Permit {
        Permit { gate, probe, sound, troubles, reported: false }
    }

    /// Tells the gate; after a 429 it answers how long the account rests now.
    pub async fn report(mut self, outcome: Outcome) -> Option<Duration> {
        self.reported = true;
        let step = match outcome {
            // The usual case: nothing was wrong and nothing went wrong, so there is nothing to write.
            Outcome::Answered if self.sound && self.gate.troubles() == self.troubles => return None,
            Outcome::Answered => Step::Answered { probe: self.probe },
            Outcome::Failed => Step::Failed { probe: self.probe },
            Outcome::Throttled(asked) => {
                let asked = asked.map_or(-1, |pause| i64::try_from(pause.as_micros()).unwrap_or(i64::MAX));
                Step::Throttled { probe: self.probe, asked }
            }
        };
        if outcome != Outcome::Answered {
            self.gate.hear_of_trouble();
        }
        match self.gate.step(|_| step).await.verdict {
            Verdict::Noted { pause: pause @ 1.. } => Some(self.gate.real(pause)),
            _ => None,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let (gate, probe) = (self.gate.clone(), self.probe);
        // Without this the next probe would have to wait until the lease runs out.
        if let (false, 1.., Ok(runtime)) = (self.reported, probe, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { gate.step(|_| Step::Abandoned { probe }).await });
        }
    }
}
