//! A peer that speaks HTTP/2 byte by byte (RFC 9113), and keeps none of its rules unless it wants to.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use slipway_chassis::env::Env;
use slipway_tls::Client;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::call::connect;
use super::place::{PATIENCE, SECRET};

/// With what every client begins.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames.
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RESET: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GO_AWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// Flags of frames.
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// Why a server ends a connection whose peer asks too much of it.
pub const ENHANCE_YOUR_CALM: u32 = 0xb;

/// How long a peer may leave unread what is written to it before we believe that it does not read.
const DEAF: Duration = Duration::from_secs(2);

/// One frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The stream that a client begins as its `n`th.
pub fn stream(n: usize) -> u32 {
    u32::try_from(2 * n + 1).unwrap()
}

/// An integer of HPACK behind a prefix of `bits` bits, the first bits being `first` (RFC 7541, section 5.1).
pub fn integer(first: u8, bits: u8, mut value: usize) -> Vec<u8> {
    let most = (1 << bits) - 1;
    if value < most {
        return vec![first | u8::try_from(value).unwrap()];
    }
    let mut bytes = vec![first | u8::try_from(most).unwrap()];
    value -= most;
    while value >= 128 {
        bytes.push(u8::try_from(value % 128).unwrap() | 128);
        value /= 128;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

/// A header as HPACK writes it, remembered if `first` says so (RFC 7541, section 6.2).
pub fn header(first: u8, name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [integer(0, 7, text.len()), text.as_bytes().to_vec()].concat();
    [vec![first], text(name), text(value)].concat()
}

/// The headers of a call of `method`, and `more`.
pub fn headers(method: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let first = [
        (":method", "POST"),
        (":scheme", "https"),
        (":path", method),
        (":authority", "registry"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    first.iter().chain(more).flat_map(|(name, value)| header(0, name, value)).collect()
}

/// A connection under TLS on which nothing is said yet.
pub struct Raw(TlsStream<TcpStream>);

/// How a connection ended.
#[derive(Debug, Default)]
pub struct End {
    /// Whether the other side has ended it.
    pub closed: bool,
    /// Why, if it said so.
    pub reason: Option<u32>,
    /// How many pieces were sent until then.
    pub sent: usize,
}

impl Raw {
    /// Connects.
    pub async fn connect(address: SocketAddr, client: &Client) -> io::Result<Self> {
        connect(address, client).await.map(Self)
    }

    /// Connects, and begins as one has to.
    pub async fn begin(address: SocketAddr, client: &Client) -> io::Result<Self> {
        let mut raw = Self::connect(address, client).await?;
        raw.say(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await?;
        Ok(raw)
    }

    pub async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    /// Sends `most` pieces as fast as they are taken, listening, and then listens until the other side closes.
    pub async fn flood(self, most: usize, piece: impl Fn(usize) -> Vec<u8>) -> End {
        self.flood_at(Duration::ZERO, most, piece).await
    }

    /// The same, with a pause after each piece.
    pub async fn flood_at(self, pause: Duration, most: usize, piece: impl Fn(usize) -> Vec<u8>) -> End {
        let (mut reader, mut writer) = tokio::io::split(self.0);
        let (mut sent, mut reason) = (0, None);
        let speaking = async {
            while sent < most && writer.write_all(&piece(sent)).await.is_ok() && writer.flush().await.is_ok() {
                sent += 1;
                if !pause.is_zero() {
                    Env::system().pause(pause).await;
                }
            }
            // It is closed when the other side says so.
            std::future::pending::<()>().await;
        };
        let heard = async {
            tokio::select! {
                () = listen(&mut reader, &mut reason) => {}
                () = speaking => {}
            }
        };
        let closed = tokio::time::timeout(PATIENCE, heard).await.is_ok();
        End { closed, reason, sent }
    }

    /// Sends pieces without listening, until `most` bytes were taken or the other side takes no more; says how many it
    /// took, and leaves the connection open.
    pub async fn flood_deaf(&mut self, most: usize, piece: impl Fn(usize) -> Vec<u8>) -> usize {
        let (mut sent, mut n) = (0, 0);
        while sent < most {
            let piece = piece(n);
            match tokio::time::timeout(DEAF, self.0.write_all(&piece)).await {
                Ok(Ok(())) => sent += piece.len(),
                Ok(Err(_)) | Err(_) => break,
            }
            n += 1;
        }
        sent
    }
}

/// Hears frames until the other side closes, and why it goes. Nothing secret may be said.
async fn listen(reader: &mut (impl AsyncRead + Unpin), reason: &mut Option<u32>) {
    let mut head = [0; 9];
    while reader.read_exact(&mut head).await.is_ok() {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        if reader.read_exact(&mut payload).await.is_err() {
            return;
        }
        assert!(!String::from_utf8_lossy(&payload).contains(SECRET));
        if head[3] == GO_AWAY {
            // After the last stream that was looked at (RFC 9113, section 6.8). The first reason is the reason.
            *reason = reason.or(payload[4..8].try_into().ok().map(u32::from_be_bytes));
        }
    }
}
