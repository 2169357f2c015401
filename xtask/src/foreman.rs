//! The Procfile's runner: `foreman`, the one whose format it is.

use anyhow::Result;

use crate::servers::{Server, Servers, find_or_install};

/// Finds or installs it; a test runs it.
pub(crate) fn find(_: &Servers) -> Result<Server> {
    let program = find_or_install("foreman", "ruby-foreman", "the Procfile runner foreman")?;
    Ok(Server { exports: vec![("TEST_FOREMAN", program.display().to_string())], process: None })
}
