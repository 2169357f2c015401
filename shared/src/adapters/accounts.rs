//! Tenants' accounts at providers: reads the connection's row, opens its credential, and hands out the adapter.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use super::gelato::{self, Gelato};
use super::http::Http;
use crate::db::Read;
use crate::id::TenantId;
use crate::ports::provider::{PrintProvider, Providers};
use crate::ports::{PortError, PortResult};
use crate::secrets::Keyring;
use crate::store::connections;

/// The accounts of this installation.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Where the connections are.
    pub read: Read,
    /// What their credentials are sealed with.
    pub keyring: Keyring,
    /// One client for all.
    pub http: Http,
    /// How Gelato is reached.
    pub gelato: gelato::Settings,
}

#[async_trait]
impl Providers for Accounts {
    async fn open(&self, tenant: TenantId, provider: &str) -> PortResult<Arc<dyn PrintProvider>> {
        if provider != gelato::PROVIDER {
            return Err(PortError::Invalid(format!("there is no adapter for the provider {provider}")));
        }
        let row = connections::get(&mut self.read.clone(), tenant, provider)
            .await
            .map_err(|e| PortError::Transient(format!("the connection could not be read: {e}")))?
            .ok_or_else(|| {
                PortError::Auth(format!("the tenant has no connection to {provider}: PUT /v1/connections/{provider}"))
            })?;
        let key = self
            .keyring
            .open(&row.credential, &connections::bound(tenant, provider))
            .map_err(|e| PortError::Auth(e.to_string()))?;
        Ok(Arc::new(Gelato::new(self.gelato.clone(), SecretString::from(key), tenant, &self.http)))
    }
}
