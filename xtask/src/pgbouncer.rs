//! A private PgBouncer in transaction mode before the private Postgres: the strictest of the poolers that a URL may name.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;

use anyhow::{Context, Result};

use crate::launch::Launch;
use crate::postgres::{Account, SUPERUSER};
use crate::servers::{Server, Servers, find_or_install};

const SETTINGS: &str = "pgbouncer.ini";
const USERS: &str = "users.txt";

/// Starts it with its default settings, but for the pool's mode and who may come in.
pub(crate) fn start(servers: &Servers) -> Result<Server> {
    let postgres = servers.port_of("TEST_DATABASE_URL").context("pgbouncer needs postgres: start both")?;
    let program = find_or_install("pgbouncer", "pgbouncer", "the pooler PgBouncer")?;
    let home = servers.folder().path().join("pgbouncer");
    fs::create_dir(&home)?;
    fs::write(home.join(USERS), format!("\"{SUPERUSER}\" \"\"\n"))?;
    // It refuses to run as root, like Postgres.
    let account = Account::choose()?;
    let launch = Launch {
        name: "pgbouncer",
        log: &servers.folder().path().join("pgbouncer.log"),
        port_taken: "Address already in use",
    };
    let (port, process) = launch.on_free_port(
        |port| {
            fs::write(home.join(SETTINGS), settings(&home, port, postgres))?;
            account.own(&home)?;
            let mut command = account.command(&program);
            command.arg(home.join(SETTINGS));
            Ok(servers.folder().guarded("pgbouncer", &command))
        },
        |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok(),
    )?;
    let way = format!("pooler=true&direct=127.0.0.1:{postgres}");
    let url = format!("postgres://{SUPERUSER}@127.0.0.1:{port}/postgres?{way}");
    Ok(Server { exports: vec![("TEST_POOLER_URL", url)], process: Some(process) })
}

fn settings(home: &Path, port: u16, postgres: u16) -> String {
    let users = home.join(USERS);
    format!(
        "[databases]\n* = host=127.0.0.1 port={postgres}\n\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
         unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\nmax_client_conn = 1000\n\
         default_pool_size = 10\n",
        users.display()
    )
}
