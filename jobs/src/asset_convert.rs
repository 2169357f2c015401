//! Makes of an uploaded picture what pages show: `picture.webp`, at most 1600 pixels a side, and `thumbnail.png`, 200 by 200.
//!
//! Twice is harmless: the same picture and press version give the same bytes, blobs are named by their content, and the artefact's row is
//! written once per key. Fatal means that the upload is no picture (a PDF has none) or is damaged; a person looks at the file.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::ledger::Queue;
use platen_shared::store::artefacts;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::render_preview::{Rendered, same_press};

/// Which picture.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssetConvert {
    /// The upload's hash.
    pub sha256: String,
    /// The press that is meant; another one's worker leaves the job alone.
    pub press_version: String,
}

impl Job for AssetConvert {
    const KIND: &'static str = "asset_convert";
    const QUEUE: Queue = Queue::Previews;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(60);
    const POINTS: &'static [&'static str] = &["stored"];
    type Output = Rendered;

    fn key(&self) -> Key {
        Key::effect(format!("{}:asset", self.sha256), &self.press_version)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Rendered, Failure> {
        same_press(ctx, &self.press_version)?;
        let picture = ctx.ports.blobs.get(ctx.tenant, &self.sha256).await?;
        let mut stored = Vec::new();
        for file in ctx.ports.press.convert(picture).await? {
            stored.push(files::store(ctx, file).await?);
        }
        ctx.point("stored").await;
        Ok(Rendered { files: stored })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Rendered) -> db::Result<()> {
        artefacts::put(tx, done.business_now, done.tenant, Self::KIND, &self.key().text, done.job, &out.files).await
    }
}
