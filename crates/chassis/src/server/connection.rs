//! One connection that was taken: plain or under TLS, and whose it is.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::access::Certificate;
use crate::env::{Env, Stopwatch};

/// How long a connection lives on after a caller was told that its certificate has ended: for the words on their way.
const FAREWELL: Duration = Duration::from_millis(250);

/// Whose a connection is; among the extensions of every request that came by it.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// Its certificate, which was verified when the connection began.
    pub certificate: Option<Certificate>,
    activity: Arc<Activity>,
}

/// Whether calls are under way on a connection.
#[derive(Debug)]
struct Activity {
    state: Mutex<State>,
    /// Told when the connection has to part.
    parting: Notify,
}

#[derive(Debug)]
struct State {
    calls: usize,
    /// Since the last call ended, or since the connection was taken.
    quiet: Stopwatch,
    /// Whether its certificate has ended, which only another connection mends.
    over: bool,
}

/// A call under way on a connection; the connection is not idle before this is dropped.
#[derive(Debug)]
pub(crate) struct Busy {
    activity: Arc<Activity>,
    env: Env,
}

impl Peer {
    pub(super) fn new(address: SocketAddr, certificate: Option<Certificate>, env: &Env) -> Self {
        let state = State { calls: 0, quiet: env.stopwatch(), over: false };
        let activity = Activity { state: Mutex::new(state), parting: Notify::new() };
        Self { address, certificate, activity: Arc::new(activity) }
    }

    /// Its certificate has ended: a caller who has the next one comes by another connection, so this one is closed as
    /// soon as there is no call on it.
    pub(crate) fn part(&self, env: &Env) {
        let mut state = self.activity.state();
        if !state.over {
            (state.over, state.quiet) = (true, env.stopwatch());
            self.activity.parting.notify_one();
        }
    }

    /// A call begins.
    pub(crate) fn busy(&self, env: &Env) -> Busy {
        self.activity.state().calls += 1;
        Busy { activity: Arc::clone(&self.activity), env: env.clone() }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.calls -= 1;
        state.quiet = self.env.stopwatch();
    }
}

impl Activity {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much longer the connection may be without a call, if it may be so for `patience`.
    fn left(&self, patience: Duration) -> Duration {
        let state = self.state();
        let patience = if state.over { patience.min(FAREWELL) } else { patience };
        let quiet = if state.calls > 0 { Duration::ZERO } else { state.quiet.elapsed() };
        patience.saturating_sub(quiet)
    }
}

/// The bytes of a connection.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection, its place among all connections, and how long it may be idle.
pub(crate) struct Connection {
    stream: Stream,
    peer: Peer,
    env: Env,
    patience: Duration,
    /// Ends when it may have been idle for long enough.
    alarm: Pin<Box<dyn Future<Output = ()> + Send>>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// A connection that looks closed once it has been without a call for `patience`.
    pub(super) fn new(
        stream: Stream,
        peer: Peer,
        place: OwnedSemaphorePermit,
        (env, patience): (&Env, Duration),
    ) -> Self {
        let alarm = alarm(env, patience, &peer.activity);
        Self { stream, peer, env: env.clone(), patience, alarm, _place: place }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.peer.address
    }

    /// Ready once the connection was idle for as long as it may be.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            std::task::ready!(self.alarm.as_mut().poll(context));
            let left = self.peer.activity.left(self.patience);
            if left.is_zero() {
                return Poll::Ready(());
            }
            self.alarm = alarm(&self.env, left, &self.peer.activity);
        }
    }
}

/// Ends after `patience`, or when the connection has to part.
fn alarm(env: &Env, patience: Duration, activity: &Arc<Activity>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let (env, activity) = (env.clone(), Arc::clone(activity));
    Box::pin(async move {
        tokio::select! {
            () = env.pause(patience) => {}
            () = activity.parting.notified() => {}
        }
    })
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        match read {
            // Nothing was read, which says that the peer has closed.
            Poll::Pending => this.poll_idle(context).map(Ok),
            ready @ Poll::Ready(_) => ready,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
