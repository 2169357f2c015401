//! The release: the only calls that cost money.

use super::orders::is_of;
use super::{Gelato, wire};
use crate::domain::order::Stage;
use crate::ports::provider::{Part, Staged};
use crate::ports::{PortError, PortResult};

impl Gelato {
    /// Promotes every part that is still a draft and reads all of them back. Called again with the same ids, it goes on where it
    /// stopped: a part that was promoted before costs nothing more.
    pub(super) async fn release_order(&self, staged: &Staged) -> PortResult<Vec<Part>> {
        if staged.ids.is_empty() {
            return Err(PortError::Invalid("there is no draft to release".into()));
        }
        let mut done = self.survey(&staged.ids).await?;
        let (mut connected, mut reference) = (Vec::new(), String::new());
        for id in &staged.ids {
            if !done.contains(id) {
                let part = self.promote(id).await.map_err(|error| half_done(error, !done.is_empty()))?;
                connected.extend(part.connected);
                reference = part.reference;
                done.push(id.clone());
            }
        }
        // A part that the create call did not name is still a part of the order, unless it is somebody else's.
        for id in connected {
            if !done.contains(&id) {
                let part = self.read(&id).await.map_err(|error| half_done(error, true))?;
                if !is_of(&part, &reference) {
                    tracing::warn!("gelato names somebody else's order as a part of ours; it is left alone");
                    continue;
                }
                self.promote(&id).await.map_err(|error| half_done(error, true))?;
                done.push(id);
            }
        }
        self.read_back(&done).await.map_err(|error| half_done(error, true))
    }

    /// Before the first euro of a split order is spent: all parts are there, alive and can travel. Answers those that are promoted.
    /// A single draft needs no look: its one PATCH tells as much.
    async fn survey(&self, ids: &[String]) -> PortResult<Vec<String>> {
        if ids.len() < 2 {
            return Ok(Vec::new());
        }
        let parts = self.read_some(ids).await?;
        let named: Vec<&str> = parts.iter().filter_map(|(_, part)| Some(part.as_ref()?.reference.as_str())).collect();
        if named.iter().any(|reference| !reference.is_empty() && *reference != named[0]) {
            return Err(PortError::Conflict("the parts of this draft are not of one order".into()));
        }
        let released = parts.iter().filter(|(_, part)| part.as_ref().is_some_and(|part| part.released));
        let released: Vec<String> = released.map(|(id, _)| id.clone()).collect();
        for (_, part) in &parts {
            match part {
                None if released.is_empty() => {
                    return Err(PortError::NotFound("a part of this draft is not there any more".into()));
                }
                None => {
                    return Err(PortError::Conflict(
                        "a part of this order is gone while another is in production".into(),
                    ));
                }
                Some(part) if part.released => {}
                Some(part) if matches!(part.stage, Some(Stage::Failed | Stage::Canceled)) => {
                    return Err(PortError::Conflict(format!("a part of this draft is {}", part.status)));
                }
                Some(part) if wire::has_made_up_method(part) => {
                    return Err(PortError::Invalid("gelato found no carrier for a part of this order".into()));
                }
                Some(_) => {}
            }
        }
        Ok(released)
    }

    /// Promotes one draft; one that is promoted already (with its sibling, or by a call whose answer was lost) is fine.
    async fn promote(&self, id: &str) -> PortResult<Part> {
        let error = match self.ask_promote(id).await {
            Ok(part) => return Ok(part),
            Err(error @ (PortError::Conflict(_) | PortError::Invalid(_) | PortError::Ambiguous(_))) => error,
            Err(error) => return Err(error),
        };
        match self.read(id).await {
            Ok(part) if part.released => Ok(part),
            // The look tells what is so now; a PATCH that is still under way there could yet succeed.
            _ => Err(error),
        }
    }

    async fn read_back(&self, ids: &[String]) -> PortResult<Vec<Part>> {
        let mut parts = Vec::with_capacity(ids.len());
        for (_, part) in self.read_some(ids).await? {
            match part {
                Some(part) if part.released => parts.push(part),
                Some(_) => return Err(PortError::Ambiguous("a promoted part still reads as a draft".into())),
                None => return Err(PortError::Ambiguous("a promoted part cannot be read back yet".into())),
            }
        }
        Ok(parts)
    }
}

/// Once money was spent, "nothing was changed" and "wrong request" are not true of the order any more: the caller must look.
fn half_done(error: PortError, spent: bool) -> PortError {
    const SO_FAR: &str = "a part of the order is in production, and then";
    match error {
        PortError::Transient(text) | PortError::NotFound(text) if spent => {
            PortError::Ambiguous(format!("{SO_FAR}: {text}"))
        }
        PortError::Invalid(text) | PortError::Conflict(text) if spent => {
            PortError::Conflict(format!("{SO_FAR}: {text}"))
        }
        error => error,
    }
}
