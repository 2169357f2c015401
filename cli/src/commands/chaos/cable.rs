//! The way from a worker to a server: a small proxy that can be cut and slowed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// How it is just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    cut: bool,
    delay: Duration,
}

/// Forwards every connection while it is whole; gone when dropped.
pub(super) struct Cable {
    /// Where to reach the server through it.
    pub(super) near: SocketAddr,
    state: Arc<watch::Sender<State>>,
    task: AbortHandle,
}

impl Cable {
    /// A whole cable to a server that may be there or not.
    pub(super) async fn to(host: IpAddr, far: SocketAddr) -> Result<Cable> {
        let listener = TcpListener::bind((host, 0)).await.context("a proxy has no port to listen on")?;
        let near = listener.local_addr().context("a proxy has no address")?;
        let state = Arc::new(watch::Sender::new(State::default()));
        let task = tokio::spawn(forward(listener, far, state.clone())).abort_handle();
        Ok(Cable { near, state, task })
    }

    /// Ends every connection, and every new one at once, for this long.
    pub(super) async fn cut(&self, span: Duration) {
        self.state.send_modify(|state| state.cut = true);
        tokio::time::sleep(span).await;
        self.state.send_modify(|state| state.cut = false);
    }

    /// Is whole and quick again.
    pub(super) fn mend(&self) {
        self.state.send_replace(State::default());
    }

    /// Makes every piece on its way later by `by`, for this long.
    pub(super) async fn delay(&self, by: Duration, span: Duration) {
        self.state.send_modify(|state| state.delay = by);
        tokio::time::sleep(span).await;
        self.state.send_modify(|state| state.delay = Duration::ZERO);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.state.send_modify(|state| state.cut = true);
        self.task.abort();
    }
}

async fn forward(listener: TcpListener, far: SocketAddr, state: Arc<watch::Sender<State>>) {
    loop {
        let Ok((near, _)) = listener.accept().await else { continue };
        let mut seen = state.subscribe();
        tokio::spawn(async move {
            if seen.borrow_and_update().cut {
                return;
            }
            let Ok(far) = TcpStream::connect(far).await else { return };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
            let (there, back) = (copy(from_near, to_far, seen.clone()), copy(from_far, to_near, seen.clone()));
            tokio::select! {
                _ = async { tokio::join!(there, back) } => {}
                _ = seen.wait_for(|state| state.cut) => {}
            }
        });
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: watch::Receiver<State>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut piece).await {
        let delay = state.borrow().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&piece[..n]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn forwards_until_it_is_cut_and_again_afterwards() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let cable = Cable::to(Ipv4Addr::LOCALHOST.into(), server.local_addr().unwrap()).await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                tokio::spawn(async move {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).await.is_ok() && stream.write_all(&byte).await.is_ok() {}
                });
            }
        });
        let echo = async |stream: &mut TcpStream| {
            let mut byte = [0];
            stream.write_all(b"x").await?;
            stream.read_exact(&mut byte).await.map(|_| byte)
        };
        let mut first = TcpStream::connect(cable.near).await.unwrap();
        assert_eq!(&echo(&mut first).await.unwrap(), b"x");
        let cutting = cable.cut(Duration::from_millis(200));
        let trying = async {
            let mut byte = [0];
            assert!(first.read_exact(&mut byte).await.is_err(), "what was open is closed");
            let mut second = TcpStream::connect(cable.near).await.unwrap();
            assert!(echo(&mut second).await.is_err(), "what is new is closed at once");
        };
        tokio::join!(cutting, trying);
        let mut third = TcpStream::connect(cable.near).await.unwrap();
        assert_eq!(&echo(&mut third).await.unwrap(), b"x");
    }
}
