//! A browser for the status page's tests: Debian's Chromium with its driver, which each test starts for itself.

use anyhow::Result;

use crate::servers::{Server, Servers, find_or_install};

/// Finds both programs; nothing runs until a test starts the driver.
pub(crate) fn find(_: &Servers) -> Result<Server> {
    let what = "Chromium with its driver";
    let driver = find_or_install("chromedriver", "chromium-driver", what)?;
    let browser = find_or_install("chromium", "chromium", what)?;
    let exports = [("TEST_CHROMIUM", browser), ("TEST_CHROMEDRIVER", driver)];
    let exports = exports.map(|(name, path)| (name, path.display().to_string())).into();
    Ok(Server { exports, process: None })
}
