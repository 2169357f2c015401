//! A private S3-speaking server for the file store's tests: `s3s-fs`, over a folder.
//!
//! It comes from the registry that the build uses anyway and is one small program. It checks signatures for real, honours
//! `If-None-Match` on whole and on multipart uploads, and is maintained beside a library with a conformance suite of its own.
//! (`moto` was looked at: it takes any signature unless told otherwise, and needs a Python of the right age.)

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;

use anyhow::Result;

use crate::install;
use crate::launch::Launch;
use crate::servers::{Server, Servers};

const VERSION: &str = "0.14.1";
const BUCKET: &str = "prints";
const ACCESS_KEY_ID: &str = "platen";
const SECRET_ACCESS_KEY: &str = "only-of-this-run";

/// Starts it with one bucket; tests take a prefix each.
pub(crate) fn start(servers: &Servers) -> Result<Server> {
    let program = install::from_registry("s3s-fs", VERSION, &["--features", "binary"])?;
    let folder = servers.folder();
    let home = folder.path().join("s3");
    fs::create_dir_all(home.join("data").join(BUCKET))?;
    let launch = Launch { name: "s3", log: &home.join("log"), port_taken: "Address already in use" };
    let command = |port: u16| {
        let mut command = Command::new(&program);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--access-key", ACCESS_KEY_ID, "--secret-key", SECRET_ACCESS_KEY]).arg(home.join("data"));
        Ok(folder.guarded("s3", &command))
    };
    let (port, process) =
        launch.on_free_port(command, |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
    let exports = vec![
        ("TEST_S3_URL", format!("s3://{BUCKET}?endpoint=http://127.0.0.1:{port}")),
        ("TEST_S3_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
        ("TEST_S3_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
    ];
    Ok(Server { exports, process: Some(process) })
}
