//! One connection that was taken: plain or under TLS, and whose it is.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::server::TlsStream;

use super::Connections;
use super::activity::{Activity, Busy};
use crate::access::Certificate;
use crate::env::Env;

/// Whose a connection is; among the extensions of every request that came by it.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// Its certificate, which was verified when the connection began.
    pub certificate: Option<Certificate>,
    activity: Arc<Activity>,
}

impl Peer {
    pub(crate) fn new(address: SocketAddr, certificate: Option<Certificate>, env: &Env) -> Self {
        Self { address, certificate, activity: Arc::new(Activity::new(env)) }
    }

    /// Its certificate has ended: a caller who has the next one comes by another connection, so this one is closed as
    /// soon as there is no call on it.
    pub(crate) fn part(&self, env: &Env) {
        self.activity.part(env);
    }

    /// A call begins.
    pub(crate) fn busy(&self, env: &Env) -> Busy {
        self.activity.busy(env)
    }
}

/// The bytes of a connection.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The bytes with which every peer begins (RFC 9113, section 3.4); the shortest request of HTTP/1.1 is about as long.
const PREFACE: usize = 24;

/// A connection, its place among all connections, and how long it may be idle.
pub(crate) struct Connection {
    stream: Stream,
    peer: Peer,
    env: Env,
    patience: Duration,
    /// Ends when it may have been idle for long enough, and before that when its peer should have begun to speak.
    alarm: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// How many bytes its peer has said, up to its preface.
    heard: usize,
    late: Counter<u64>,
    /// Whether its socket takes no more.
    blocked: bool,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// A connection that looks closed once it has been without a call for as long as `terms` say, or when its peer has
    /// not begun to speak in the time of a handshake. That is counted by `late`.
    pub(super) fn new(
        stream: Stream,
        peer: Peer,
        place: OwnedSemaphorePermit,
        (env, terms): (&Env, Connections),
        late: Counter<u64>,
    ) -> Self {
        let alarm = alarm(env, terms.handshake.min(terms.idle), &peer.activity);
        Self {
            stream,
            peer,
            env: env.clone(),
            patience: terms.idle,
            alarm,
            heard: 0,
            late,
            blocked: false,
            _place: place,
        }
    }

    /// Whose it is.
    pub(super) fn peer(&self) -> Peer {
        self.peer.clone()
    }

    /// Notes whether the socket took what was `written`.
    fn note<T>(&mut self, written: Poll<T>) -> Poll<T> {
        if written.is_pending() != self.blocked {
            self.blocked = written.is_pending();
            let activity = &self.peer.activity;
            if self.blocked { activity.block() } else { activity.unblock() }
        }
        written
    }

    /// Ready once the connection was idle for as long as it may be, or when it has not begun in time.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            std::task::ready!(self.alarm.as_mut().poll(context));
            // HTTP/2 asks a peer whether it lives only after its preface: without this, one that says nothing would keep
            // its place for as long as an idle one, before anybody knows who it is.
            if self.heard < PREFACE {
                self.late.add(1, &[KeyValue::new("reason", "late")]);
                return Poll::Ready(());
            }
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
            () = activity.parted() => {}
        }
    })
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        if this.heard < PREFACE {
            this.heard += buffer.filled().len() - before;
        }
        match read {
            // Nothing was read, which says that the peer has closed.
            Poll::Pending => this.poll_idle(context).map(Ok),
            ready @ Poll::Ready(_) => ready,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        };
        this.note(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        };
        this.note(written)
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
