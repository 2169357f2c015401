//! A private mail server for the letters' tests: aiosmtpd (PyPI), which keeps what it takes as files of a Maildir.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::install;
use crate::launch::Launch;
use crate::models::{need, run};
use crate::servers::{Server, Servers};

const PACKAGE: &str = "aiosmtpd==1.4.6";

/// Starts it; `TEST_SMTP_MAILS` is the folder where letters arrive, and `TEST_SMTP_PYTHON` starts others like it.
pub(crate) fn start(servers: &Servers) -> Result<Server> {
    let tools = install::target_folder().join("tools");
    fs::create_dir_all(&tools)?;
    let home = tools.canonicalize()?.join("aiosmtpd");
    let python = home.join("bin/python");
    if !has_it(&python) {
        need("python3", "python3-venv", "Python 3 with venv")?;
        println!("{PACKAGE} is missing: installing it through pip");
        run(Command::new("python3").args(["-m", "venv"]).arg(&home), "a virtual environment of Python")?;
        run(
            Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]),
            PACKAGE,
        )?;
    }
    if !has_it(&python) {
        bail!("{PACKAGE} was installed, yet it cannot be used by {}", python.display());
    }
    let folder = servers.folder();
    let place = folder.path().join("smtp");
    fs::create_dir(&place)?;
    let mails = place.join("mails");
    let launch = Launch { name: "smtp", log: &place.join("log"), port_taken: "already in use" };
    let command = |port: u16| {
        let mut command = Command::new(&python);
        command.args(["-m", "aiosmtpd", "--nosetuid", "--listen", &format!("127.0.0.1:{port}")]);
        command.args(["--class", "aiosmtpd.handlers.Mailbox"]).arg(&mails);
        Ok(folder.guarded("smtp", &command))
    };
    let (port, process) = launch.on_free_port(command, answers)?;
    let exports = vec![
        ("TEST_SMTP_URL", format!("smtp://127.0.0.1:{port}")),
        ("TEST_SMTP_MAILS", mails.display().to_string()),
        ("TEST_SMTP_PYTHON", python.display().to_string()),
    ];
    Ok(Server { exports, process: Some(process) })
}

fn has_it(python: &Path) -> bool {
    let mut ask = Command::new(python);
    let ask = ask.args(["-c", "import aiosmtpd"]).stdout(Stdio::null()).stderr(Stdio::null());
    ask.status().is_ok_and(|status| status.success())
}

fn answers(port: u16) -> bool {
    let greet = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).ok()?;
        Some(&greeting == b"220")
    };
    greet().unwrap_or(false)
}
