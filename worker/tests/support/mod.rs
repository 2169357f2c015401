//! What the suites over whole workers share: a press that does what a test says, and the settings of a worker on the wall's clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use futures::channel::mpsc::Receiver;
use platen_shared::clock::{Clock, SystemClock};
use platen_shared::ledger::{Ledger, Queue};
use platen_shared::ports::press::{
    AssetBytes, BundleHead, FileName, Packed, Part, Press, PressError, PressFile, PrintFiles, Printer,
};
use platen_shared::testing::DEADLINE;
use platen_worker::{Lane, Settings, Setup};
use tokio::sync::Notify;

use crate::world::World;

/// A press that does what a test says.
#[derive(Clone, Default)]
pub(crate) struct StubPress {
    pub(crate) panics: bool,
    pub(crate) refuses: bool,
    pub(crate) hold: Option<Arc<(Notify, Notify)>>,
    pub(crate) calls: Arc<AtomicUsize>,
    pub(crate) open: Arc<AtomicBool>,
}

impl StubPress {
    /// From now on nothing is held, and what was is let go.
    pub(crate) fn let_go(&self) {
        self.open.store(true, Ordering::SeqCst);
        if let Some(hold) = &self.hold {
            hold.1.notify_waiters();
        }
    }

    /// Holds again, as at the beginning.
    pub(crate) fn hold_again(&self) {
        self.open.store(false, Ordering::SeqCst);
        self.calls.store(0, Ordering::SeqCst);
        if let Some(hold) = &self.hold {
            // A ring that nobody waited for belongs to the time before.
            let _ = hold.0.notified().now_or_never();
        }
    }

    async fn files(&self) -> Result<Vec<PressFile>, PressError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics, "a planted panic");
        if self.refuses {
            return Err(PressError("the zone is empty".into()));
        }
        if let Some(hold) = self.hold.as_ref().filter(|_| !self.open.load(Ordering::SeqCst)) {
            let released = hold.1.notified();
            hold.0.notify_one();
            released.await;
        }
        Ok(vec![PressFile { path: "preview.png".into(), media_type: "image/png".into(), bytes: "png".into() }])
    }
}

#[async_trait]
impl Press for StubPress {
    fn version(&self) -> &'static str {
        "stub"
    }

    async fn judge(&self, _: &str, _: &serde_json::Value) -> Result<(), PressError> {
        Ok(())
    }

    async fn render(&self, _: &str, _: &str, _: AssetBytes) -> Result<Vec<PressFile>, PressError> {
        self.files().await
    }

    async fn convert(&self, _: Bytes) -> Result<Vec<PressFile>, PressError> {
        self.files().await
    }

    async fn print_files(&self, _: &str, _: AssetBytes, _: Printer<'_>) -> Result<PrintFiles, PressError> {
        Ok(PrintFiles { files: self.files().await?, zones: serde_json::Value::Null })
    }

    fn sends(&self, _: Printer<'_>) -> Result<&'static str, PressError> {
        Ok("pdf")
    }

    async fn refused(
        &self,
        _: &str,
        _: Printer<'_>,
        _: Vec<(String, Bytes)>,
    ) -> Result<Vec<(String, String)>, PressError> {
        Ok(Vec::new())
    }

    fn file_name(&self, _: Option<&str>, file: &FileName<'_>) -> Result<String, PressError> {
        Ok(format!("{}/{}", file.item, file.file))
    }

    async fn pack(&self, _: BundleHead, _: Receiver<Part>) -> Result<Packed, PressError> {
        Err(PressError("a stub packs nothing".to_owned()))
    }
}

/// A worker of this world, on the wall's clock.
pub(crate) fn setup(world: &World, ledger: &Ledger) -> Setup {
    let wall: Arc<dyn Clock> = Arc::new(SystemClock::new());
    Setup {
        ledger: ledger.clone(),
        ledger_clock: wall.clone(),
        clock: wall,
        speed: 1,
        find: platen_jobs::find,
        ports: world.ports.clone(),
        timeouts: HashMap::new(),
        dice: Arc::new(|| 0.5),
        hook: None,
        lone: None,
    }
}

/// All queues alike, so many jobs of each and in all.
pub(crate) fn settings(world: &World, of_each: usize, in_all: usize) -> Settings {
    let lane = |queue: &Queue| Lane { queue: *queue, concurrency: of_each, timeout: DEADLINE, priority: 1 };
    Settings {
        lanes: Queue::ALL.iter().map(lane).collect(),
        concurrency: in_all,
        database_url: world.test.url.clone(),
        redis: None,
        drain: Duration::from_secs(25),
        lines: Vec::new(),
        host: "here".into(),
        release: "1".into(),
    }
}
