//! The draft that a submission makes and releases: what is noted of it, which of several is the one, and how long it is good for.

use std::sync::Arc;

use platen_shared::db::At;
use platen_shared::domain::money::Money;
use platen_shared::ports::PortError;
use platen_shared::ports::links::{FETCHED_WITHIN, PROVIDER_TTL};
use platen_shared::ports::provider::{Part, PrintProvider, Staged};
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure};

/// What must not be forgotten before a release: the draft, the quote it was made after, and until when its files can be fetched.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Draft {
    #[serde(flatten)]
    pub(crate) staged: Staged,
    #[serde(default)]
    pub(crate) quoted: Option<Money>,
    #[serde(default)]
    pub(crate) links_until: Option<At>,
}

impl Draft {
    /// Whether the printer could fetch the files for long enough after a release now. A draft that nobody noted is as old as the job that
    /// made it, at the most.
    pub(crate) fn lasts(&self, ctx: &Ctx) -> bool {
        let until = self.links_until.unwrap_or_else(|| ctx.enqueued_at().plus(PROVIDER_TTL));
        ctx.wall().plus(FETCHED_WITHIN) < until
    }
}

/// Of several drafts (an earlier create answered late) keeps the one we checkpointed, else the oldest, and deletes the others. Search may show
/// another one before it: what we checkpointed may be released already, so it is asked for by its own ids before another takes its place.
pub(crate) async fn adopt(
    ctx: &Ctx,
    provider: &Arc<dyn PrintProvider>,
    mut drafts: Vec<Staged>,
) -> Result<Draft, Failure> {
    let saved: Option<Draft> = ctx.saved();
    let is_saved =
        |draft: &Staged| saved.as_ref().is_some_and(|s| draft.ids.iter().any(|id| s.staged.ids.contains(id)));
    let kept = match (drafts.iter().position(is_saved), &saved) {
        (Some(shown), _) => drafts.swap_remove(shown),
        (None, Some(saved)) if is_there(provider, &saved.staged).await? => saved.staged.clone(),
        (None, _) => drafts.swap_remove(0),
    };
    let quoted = saved.as_ref().and_then(|draft| draft.quoted);
    let draft = |staged: Staged| {
        let links_until = saved.as_ref().filter(|_| is_saved(&staged)).and_then(|saved| saved.links_until);
        Draft { staged, quoted, links_until }
    };
    for surplus in drafts {
        match provider.discard(&surplus).await {
            Ok(()) => {}
            // Its production has begun already, so it is the one.
            Err(PortError::Conflict(_)) => return Ok(draft(surplus)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(draft(kept))
}

/// Whether the printer knows a part of a draft, released or not.
async fn is_there(provider: &Arc<dyn PrintProvider>, staged: &Staged) -> Result<bool, Failure> {
    any_part(provider, staged, |_| true).await
}

/// Whether a part of a draft is none any more.
pub(crate) async fn released(provider: &Arc<dyn PrintProvider>, staged: &Staged) -> Result<bool, Failure> {
    any_part(provider, staged, |part| part.released).await
}

async fn any_part(
    provider: &Arc<dyn PrintProvider>,
    staged: &Staged,
    is: impl Fn(&Part) -> bool,
) -> Result<bool, Failure> {
    for id in &staged.ids {
        match provider.get(id).await {
            Ok(part) if is(&part) => return Ok(true),
            Ok(_) | Err(PortError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}
