//! The api as a process of its own, on a free port of the loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use platen_shared::id::TenantId;
use platen_shared::ledger::Ledger;
use platen_shared::store::keys::{self, ApiKey};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::super::place::{Place, new_tenant};

/// Far above what it takes.
const DEADLINE: Duration = Duration::from_secs(30);

/// What it seals with.
pub(in super::super) const SECRET: &str = "of a benchmark: it seals what the benchmark made up";

/// A running api, and the key of a tenant.
pub(in super::super) struct Api {
    pub(super) address: SocketAddr,
    pub(super) key: String,
    pub(in super::super) tenant: TenantId,
    child: Child,
}

impl Api {
    pub(in super::super) async fn start(place: &Place, ledger: &Ledger) -> Result<Api> {
        let tenant = new_tenant(ledger, "bench").await?;
        let (key, token) = ApiKey::mint(tenant, "bench", &["read", "operate"], ledger.now())?;
        let mut tx = ledger.db.begin("bench_key").await?;
        keys::insert(&mut tx, &key).await?;
        tx.commit().await?;
        let address = free_address().await?;
        let mut command = Command::new(std::env::current_exe().context("this program's own file is gone")?);
        // Nothing comes from the environment: a benchmark must not meet an installation.
        command.env_clear().arg("api").args(["--port", &address.port().to_string()]);
        command.env("DATABASE_URL", place.url()).env("BLOB_URL", format!("file://{}", place.path("blobs").display()));
        command.env("PLATEN_SECRETS__KEY", SECRET);
        command.env("PLATEN_HTTP__REQUESTS_PER_SECOND_PER_KEY", "1000000").env("PLATEN_LOG__LEVEL", "warn");
        let child = command.stdin(Stdio::null()).kill_on_drop(true).spawn().context("the api could not be started")?;
        let mut api = Api { address, key: token, tenant, child };
        api.until_it_listens().await?;
        Ok(api)
    }

    async fn until_it_listens(&mut self) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect(self.address).await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the api ended by itself ({status}); what it said stands above");
            }
            if began.elapsed() > DEADLINE {
                bail!("the api did not listen within {DEADLINE:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    pub(in super::super) async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(pid) = pid {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        tokio::time::timeout(DEADLINE, self.child.wait()).await.context("the api did not stop")??;
        Ok(())
    }
}

async fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port of the loopback is free")?;
    listener.local_addr().context("the listener has no address")
}
