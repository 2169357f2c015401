//! The other two languages in which the canonical form of designs is written: Node and Python.

use anyhow::Result;

use crate::servers::{Server, Servers, find_or_install};

/// Finds or installs both; a test runs them.
pub(crate) fn find(_: &Servers) -> Result<Server> {
    let node = find_or_install("node", "nodejs", "Node")?;
    let python = find_or_install("python3", "python3", "Python")?;
    let exports = [("TEST_NODE", node), ("TEST_PYTHON", python)];
    let exports = exports.map(|(name, path)| (name, path.display().to_string())).into();
    Ok(Server { exports, process: None })
}
