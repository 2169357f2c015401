//! The private servers of one run. One server, one file: it says how it is found or installed, started, and which
//! variables the tests find it by.

use std::process::{Child, Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::folder::Folder;
use crate::launch::pause;
use crate::{chromium, foreman, judges, languages, models, pgbouncer, postgres, redis, s3, smtp};

/// How a server is started; it may look at those that run already.
type Start = fn(&Servers) -> Result<Server>;

/// All of them, in the order in which they start: later ones may stand on earlier ones.
const SERVERS: &[(&str, Start)] = &[
    ("postgres", postgres::start),
    ("pgbouncer", pgbouncer::start),
    ("redis", redis::start),
    ("s3", s3::start),
    ("smtp", smtp::start),
    ("foreman", foreman::find),
    ("chromium", chromium::find),
    ("languages", languages::find),
    ("models", models::find),
    ("judges", judges::find),
];

/// One server, or another program that tests need.
pub(crate) struct Server {
    /// Variables and their values.
    pub(crate) exports: Vec<(&'static str, String)>,
    /// The process to watch, where there is one.
    pub(crate) process: Option<Child>,
}

/// Those that run. The folder's guard ends them, however this process ends.
pub(crate) struct Servers {
    folder: Folder,
    running: Vec<(&'static str, Server)>,
}

impl Servers {
    /// Starts the named servers, or all.
    pub(crate) fn start(names: &[String]) -> Result<Servers> {
        let known: Vec<&str> = SERVERS.iter().map(|(name, _)| *name).collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
            bail!("`{unknown}` is no server of ours; there are {}", known.join(", "));
        }
        let mut servers = Servers { folder: Folder::create()?, running: Vec::new() };
        for (name, start) in SERVERS {
            if names.is_empty() || names.iter().any(|wanted| wanted == name) {
                let server = start(&servers)?;
                servers.running.push((name, server));
            }
        }
        Ok(servers)
    }

    /// Where they, and the tests, may leave files.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Every variable of every server.
    pub(crate) fn exports(&self) -> impl Iterator<Item = &(&'static str, String)> {
        self.running.iter().flat_map(|(_, server)| &server.exports)
    }

    /// The port in the URL that a variable holds, once its server runs.
    pub(crate) fn port_of(&self, variable: &str) -> Option<u16> {
        let (_, url) = self.exports().find(|(name, _)| *name == variable)?;
        url.rsplit_once(':')?.1.split('/').next()?.parse().ok()
    }

    /// Gives a command all that the tests find the servers by.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.envs(self.exports().map(|(name, value)| (name, value)));
    }

    /// The first server that ended by itself.
    pub(crate) fn ended(&mut self) -> Option<&'static str> {
        let ended = |server: &mut Server| server.process.as_mut().is_some_and(|p| !matches!(p.try_wait(), Ok(None)));
        self.running.iter_mut().find_map(|(name, server)| ended(server).then_some(*name))
    }
}

/// `cargo xtask servers`: the same servers for a developer, until Ctrl-C.
pub(crate) fn stay(names: &[String]) -> Result<ExitCode> {
    let mut servers = Servers::start(names)?;
    println!();
    for (name, value) in servers.exports() {
        println!("  export {name}={value}");
    }
    println!("\nCtrl-C stops them and removes their data.");
    loop {
        if let Some(name) = servers.ended() {
            bail!("{name} ended by itself");
        }
        pause(500);
    }
}

/// The program along PATH (or in `/usr/sbin`, which is not on everybody's), installed from Debian's `package` if need be.
pub(crate) fn find_or_install(program: &str, package: &str, what: &str) -> Result<std::path::PathBuf> {
    let find = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([std::path::PathBuf::from("/usr/sbin")]);
        folders.map(|folder| folder.join(program)).find(|file| file.is_file())
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    crate::install::package(package, what)?;
    find().with_context(|| {
        format!("`{package}` was installed, yet there is no `{program}` on PATH; install {what} by hand")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_server_is_refused_with_the_list() {
        let error = Servers::start(&["oracle".into()]).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("`oracle` is no server of ours; there are postgres, pgbouncer, "), "{error}");
    }
}
