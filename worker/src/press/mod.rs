//! The press port over the `press` crate: rendering on a bounded number of threads, never on the reactor.

mod pack;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::channel::mpsc::Receiver;
use platen_press::preflight::{Rules, refused, rules_of};
use platen_press::text::{check_rules, judge};
use platen_press::{Assets, Cmyk, File, Named, Naming, Profile, from_canonical};
use platen_shared::ports::press::{
    AssetBytes, BundleHead, FileName, Packed, Part, Press, PressError, PressFile, PrintFiles, Printer,
};
use tokio::sync::Semaphore;

/// Renders in this process.
#[derive(Clone, Debug)]
pub struct LocalPress {
    previews: Arc<Semaphore>,
    print_files: Arc<Semaphore>,
    inks: Option<Arc<Cmyk>>,
}

impl LocalPress {
    /// At most so many previews at a time (the number of cores is right), and beside them half as many print files: places of their own,
    /// so that a preview never waits behind a bundle.
    #[must_use]
    pub fn new(slots: usize) -> LocalPress {
        let places = |n: usize| Arc::new(Semaphore::new(n.max(1)));
        LocalPress { previews: places(slots), print_files: places(slots / 2), inks: None }
    }

    /// The same, with a printing condition for the kinds of products that are printed in CMYK.
    #[must_use]
    pub fn with_inks(self, inks: Option<Arc<Cmyk>>) -> LocalPress {
        LocalPress { inks, ..self }
    }

    async fn on_a_slot<T: Send + 'static>(
        slots: &Arc<Semaphore>,
        work: impl FnOnce() -> Result<T, platen_press::PressError> + Send + 'static,
    ) -> Result<T, PressError> {
        let slot = slots.clone().acquire_owned().await.map_err(|e| PressError(e.to_string()))?;
        let done = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work()
        });
        done.await
            .map_err(|_| PressError("the press panicked on this design".to_owned()))?
            .map_err(|e| PressError(e.to_string()))
    }
}

#[async_trait]
impl Press for LocalPress {
    fn version(&self) -> &'static str {
        platen_press::version()
    }

    async fn judge(&self, canonical: &str, rules: &serde_json::Value) -> Result<(), PressError> {
        let (canonical, rules) = (canonical.to_owned(), rules.clone());
        LocalPress::on_a_slot(&self.previews, move || {
            let spec = read(&canonical)?;
            let judged = check_rules(&rules, spec.zones()).map(|rules| judge(&spec, &rules));
            let problems = judged.unwrap_or_else(|problems| problems);
            if problems.is_empty() { Ok(()) } else { Err(platen_press::PressError::Invalid(problems)) }
        })
        .await
    }

    async fn render(&self, profile: &str, canonical: &str, assets: AssetBytes) -> Result<Vec<PressFile>, PressError> {
        let profile = Profile::named(profile).ok_or_else(|| PressError(format!("there is no profile `{profile}`")))?;
        let canonical = canonical.to_owned();
        // What takes long has places of its own, so that a flat preview never waits behind it.
        let slots = if profile == Profile::Preview { &self.previews } else { &self.print_files };
        LocalPress::on_a_slot(slots, move || {
            let files = platen_press::render(&read(&canonical)?, &load(assets)?, profile)?;
            Ok(files.into_iter().map(press_file).collect())
        })
        .await
    }

    async fn convert(&self, picture: Bytes) -> Result<Vec<PressFile>, PressError> {
        LocalPress::on_a_slot(&self.previews, move || {
            Ok(platen_press::convert(&picture)?.into_iter().map(press_file).collect())
        })
        .await
    }

    async fn print_files(
        &self,
        canonical: &str,
        assets: AssetBytes,
        printer: Printer<'_>,
    ) -> Result<PrintFiles, PressError> {
        let (canonical, inks) = (canonical.to_owned(), self.inks.clone());
        let rules = rules(printer)?;
        LocalPress::on_a_slot(&self.print_files, move || {
            let spec = read(&canonical)?;
            let in_inks = rules.cmyk_kinds.iter().any(|kind| kind == spec.product_kind());
            let inks = inks.as_deref().filter(|_| in_inks);
            let printed = platen_press::print_files(&spec, &load(assets)?, inks)?;
            Ok(PrintFiles { files: printed.files.into_iter().map(press_file).collect(), zones: printed.zones })
        })
        .await
    }

    fn sends(&self, printer: Printer<'_>) -> Result<&'static str, PressError> {
        Ok(rules(printer)?.sends(printer.uid).ending())
    }

    async fn refused(
        &self,
        canonical: &str,
        printer: Printer<'_>,
        files: Vec<(String, Bytes)>,
    ) -> Result<Vec<(String, String)>, PressError> {
        let (canonical, rules, uid) = (canonical.to_owned(), rules(printer)?, printer.uid.to_owned());
        // They are read, not drawn: an order that leaves never waits behind a bundle.
        LocalPress::on_a_slot(&self.previews, move || refused(&read(&canonical)?, &files, rules, &uid)).await
    }

    fn file_name(&self, template: Option<&str>, file: &FileName<'_>) -> Result<String, PressError> {
        let naming =
            template.map_or_else(|| Ok(Naming::default()), Naming::new).map_err(|e| PressError(e.to_string()))?;
        let (zone, kind) = file.file.rsplit_once('.').unwrap_or((file.file, ""));
        let FileName { order, item, product, quantity, hash, .. } = *file;
        Ok(naming.of(&Named { order, item, product, zone, quantity, hash, kind }))
    }

    async fn pack(&self, head: BundleHead, parts: Receiver<Part>) -> Result<Packed, PressError> {
        // It waits for files to come, so it takes no place of those that draw.
        let packed = tokio::task::spawn_blocking(move || pack::pack(&head, parts)).await;
        packed.map_err(|_| PressError("the press panicked on this bundle".to_owned()))?
    }
}

fn rules(printer: Printer<'_>) -> Result<&'static Rules, PressError> {
    rules_of(printer.provider)
        .ok_or_else(|| PressError(format!("nobody knows what the provider {} takes", printer.provider)))
}

fn read(canonical: &str) -> Result<platen_press::Spec, platen_press::PressError> {
    from_canonical(canonical).map_err(|problem| platen_press::PressError::Invalid(vec![problem]))
}

fn load(bytes: AssetBytes) -> Result<Assets, platen_press::PressError> {
    let mut assets = Assets::new();
    for (href, bytes) in bytes {
        assets.insert(&href, &bytes)?;
    }
    Ok(assets)
}

fn press_file(file: File) -> PressFile {
    PressFile { path: file.path, media_type: file.media_type.to_owned(), bytes: file.bytes.into() }
}
