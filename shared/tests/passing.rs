//! Which troubles of a database pass by themselves: a job must not end over them.

use platen_shared::db::{Db, is_passing};
use tokio::io::AsyncReadExt;

/// As a server that dies, or a balancer whose server is gone: it takes the connection and closes it.
#[tokio::test]
async fn a_connection_that_is_closed_while_it_is_opened_is_a_passing_trouble() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("postgres://platen@{}/platen", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // The question whether it speaks TLS; it closes in place of an answer.
            let _ = stream.read_exact(&mut [0; 8]).await;
        }
    });
    let error = Db::open(&url, 1).await.expect_err("nobody answers");
    assert!(is_passing(&error), "{error:?}");
}
