//! A private Redis that keeps nothing: what it holds in production can be lost as well.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::launch::Launch;
use crate::servers::{Server, Servers, find_or_install};

/// Starts it; tests choose among its databases by number.
pub(crate) fn start(servers: &Servers) -> Result<Server> {
    let program = find_or_install("redis-server", "redis-server", "a Redis server (6.2 or newer)")?;
    let folder = servers.folder();
    let home = folder.path().join("redis");
    fs::create_dir(&home)?;
    let launch = Launch { name: "redis", log: &home.join("log"), port_taken: "Address already in use" };
    let command = |port: u16| {
        let mut command = Command::new(&program);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--databases", "64"]);
        command.args(["--save", "", "--appendonly", "no"]).arg("--dir").arg(&home);
        Ok(folder.guarded("redis", &command))
    };
    let (port, process) = launch.on_free_port(command, answers)?;
    Ok(Server { exports: vec![("TEST_REDIS_URL", format!("redis://127.0.0.1:{port}/0"))], process: Some(process) })
}

fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        stream.write_all(b"PING\r\n").ok()?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).ok()?;
        Some(&answer == b"+PONG")
    };
    ask().unwrap_or(false)
}
