//! As whom the server runs. Postgres refuses to run as root, so root lends it an account without rights.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

/// The account the server runs under.
pub(crate) enum Account {
    /// Ourselves: we are not root.
    Own,
    /// Another one, reached through `lend`, a command line that ends where the program's name begins.
    Lent { uid: u32, gid: u32, lend: Vec<String> },
}

impl Account {
    /// Ourselves when we are not root; else `postgres` if there is such a user, else `nobody`.
    pub(crate) fn choose() -> Result<Account> {
        if !is_root()? {
            return Ok(Account::Own);
        }
        for user in ["postgres", "nobody"] {
            let (Some(uid), Some(gid)) = (id(&["-u", user]), id(&["-g", user])) else { continue };
            let lend = if on_path("setpriv") {
                vec![
                    "setpriv".into(),
                    format!("--reuid={uid}"),
                    format!("--regid={gid}"),
                    "--clear-groups".into(),
                    "--".into(),
                ]
            } else if on_path("runuser") {
                vec!["runuser".into(), "-u".into(), user.into(), "--".into()]
            } else {
                bail!(
                    "Postgres refuses to run as root, and neither `setpriv` nor `runuser` is here to run it as `{user}`; install util-linux or run this as another user"
                );
            };
            return Ok(Account::Lent { uid, gid, lend });
        }
        bail!(
            "Postgres refuses to run as root, and there is neither a user `postgres` nor `nobody` to run it as; run this as another user"
        )
    }

    /// A command that runs `program` as this account.
    pub(crate) fn command(&self, program: &Path) -> Command {
        match self {
            Account::Own => Command::new(program),
            Account::Lent { lend, .. } => {
                let mut words = lend.iter().map(OsString::from);
                let mut command = Command::new(words.next().unwrap_or_default());
                command.args(words).arg(program);
                command
            }
        }
    }

    /// Gives `folder` to this account alone.
    pub(crate) fn own(&self, folder: &Path) -> Result<()> {
        if let Account::Lent { uid, gid, .. } = self {
            chown(folder, Some(*uid), Some(*gid))
                .with_context(|| format!("{} could not be given to the server's user", folder.display()))?;
        }
        Ok(fs::set_permissions(folder, Permissions::from_mode(0o700))?)
    }
}

/// True when this process has root's rights.
pub(crate) fn is_root() -> Result<bool> {
    Ok(id(&["-u"]).context("`id -u` gave no user number")? == 0)
}

/// True when `program` is found along PATH.
pub(crate) fn on_path(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn id(args: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(args).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
