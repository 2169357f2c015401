//! Renders a design by a profile: flat preview, mock-up, print resolution, proof sheet, 3D model; each with its thumbnail.
//!
//! Twice is harmless: the same spec and press version give the same bytes, blobs are named by their content, and the artefact's row is
//! written once per key. Fatal means that the spec or an asset cannot be rendered at all; a person looks at the sentence and the design.

use std::time::Duration;

use futures::future::try_join_all;
use platen_shared::db::{self, Tx};
use platen_shared::ledger::{Queue, Waiting, finish::Trouble};
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::notices;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};

/// Which design, and for what.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenderPreview {
    /// The design.
    pub spec_hash: String,
    /// What it is rendered as: `preview`, `mockup`, `final`, `proof`, `proof-fr`, `model`.
    pub profile: String,
    /// The press that is meant; another one's worker leaves the job alone.
    pub press_version: String,
}

/// The files made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rendered {
    /// A picture that shows the design first, `thumbnail.png` last.
    pub files: Vec<StoredFile>,
}

impl Job for RenderPreview {
    const KIND: &'static str = "render_preview";
    const QUEUE: Queue = Queue::Previews;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(60);
    const POINTS: &'static [&'static str] = &["stored"];
    type Output = Rendered;

    fn key(&self) -> Key {
        Key::pure(&self.spec_hash, &self.profile, &self.press_version)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Rendered, Failure> {
        same_press(ctx, &self.press_version)?;
        let design = files::design(ctx, &self.spec_hash).await?;
        let rendered = ctx.ports.press.render(&self.profile, &design.canonical, design.assets).await?;
        // Together: each waits for the disk, and there are two or three.
        let stored = try_join_all(rendered.into_iter().map(|file| files::store(ctx, file))).await?;
        ctx.point("stored").await;
        Ok(Rendered { files: stored })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Rendered) -> db::Result<()> {
        let (now, key) = (done.business_now, self.key().text);
        artefacts::put(tx, now, done.tenant, Self::KIND, &key, done.job, &out.files).await?;
        notices::render_ready(tx, now, done.tenant, &key, &self.spec_hash, &self.profile).await
    }
}

/// A payload of another release waits for a worker of that release.
pub(crate) fn same_press(ctx: &Ctx, wanted: &str) -> Result<(), Failure> {
    if wanted == ctx.ports.press.version() {
        return Ok(());
    }
    Err(Failure::After {
        wait: Duration::from_secs(60),
        why: Waiting::NotReady,
        trouble: Trouble::new(
            "other_press",
            format!("waits for a worker with press version {wanted}; this one has {}", ctx.ports.press.version()),
        ),
    })
}
