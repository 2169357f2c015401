//! The file store that the settings name.

use anyhow::Result;
use platen_shared::ports::blobs::{Blobs, Keys};
use secrecy::ExposeSecret;

use crate::config::Config;

/// Opens it, with the keys of the settings if there are any.
pub(crate) fn blobs(config: &Config) -> Result<Blobs> {
    let settings = &config.blobs;
    let keys = (!settings.access_key_id.is_empty()).then(|| Keys {
        access_key_id: settings.access_key_id.clone(),
        secret_access_key: settings.secret_access_key.clone(),
        session_token: (!settings.session_token.expose_secret().is_empty()).then(|| settings.session_token.clone()),
    });
    Ok(Blobs::connect(&settings.url, keys.as_ref())?)
}
