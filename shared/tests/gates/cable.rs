//! A cable to Redis that a test can cut: what a process sees of a server that died and came back.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections while it is whole.
pub(crate) struct Cable {
    /// The server behind it, as a URL of its own.
    pub(crate) url: String,
    whole: Arc<watch::Sender<bool>>,
}

impl Cable {
    /// A whole cable to the server of a URL `redis://HOST:PORT/DB`.
    pub(crate) async fn to(url: &str) -> Cable {
        let rest = url.strip_prefix("redis://").unwrap();
        let (server, db) = rest.split_once('/').unwrap_or((rest, "0"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/{db}", listener.local_addr().unwrap());
        let whole = Arc::new(watch::Sender::new(true));
        tokio::spawn(forward(listener, server.to_owned(), whole.clone()));
        Cable { url, whole }
    }

    /// Ends every connection, and every new one at once.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets new connections through again.
    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn forward(listener: TcpListener, server: String, whole: Arc<watch::Sender<bool>>) {
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let (server, mut state) = (server.clone(), whole.subscribe());
        tokio::spawn(async move {
            if !*state.borrow_and_update() {
                return;
            }
            let Ok(mut far) = TcpStream::connect(server).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = state.wait_for(|whole| !whole) => {}
            }
        });
    }
}
