//! Connections by the thousand, and such as say what they have to say as slowly as they can.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use slipway_chassis::env::Env;

use super::place::{PATIENCE, Place};
use super::raw::{HEADERS, PREFACE, Raw, SETTINGS, frame, headers};

/// How many connections are opened at once.
const AT_ONCE: usize = 64;

/// As many files as this process may have open.
fn raise_limit() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where there is no such number, what holds is enough.
    let _ = setrlimit(Resource::Nofile, limit);
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX))
}

/// Opens `most` connections that say nothing after their beginning; those that are not refused.
async fn crowd(place: &Place, most: usize) -> Vec<Raw> {
    let opened = tokio::time::timeout(2 * PATIENCE, open(place, most)).await;
    opened.expect("every connection is taken or refused")
}

async fn open(place: &Place, most: usize) -> Vec<Raw> {
    let client = Arc::new(place.client(None));
    let (address, mut opening, mut opened) = (place.listen, JoinSet::new(), Vec::new());
    for _ in 0..most {
        if opening.len() == AT_ONCE {
            opened.extend(opening.join_next().await.unwrap().unwrap());
        }
        let client = Arc::clone(&client);
        opening.spawn(async move { Raw::begin(address, &client).await.ok() });
    }
    opened.extend(opening.join_all().await.into_iter().flatten());
    opened
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_take_nothing_from_an_honest_caller() {
    // The rest of this process, and the service, need some files, too.
    let most = raise_limit().saturating_sub(2000).min(10_000);
    let place = Place::start(&[]).await;
    let honest = place.honest_caller();
    let before = place.mebibytes().unwrap_or_default();
    let crowd = crowd(&place, most).await;
    honest.is_answered("so many connections").await;
    let held = place.mebibytes().unwrap_or_default() - before;
    assert_eq!(crowd.len(), most);
    assert!(place.figure("process_open_fds") >= most as f64);
    assert!(held <= most as u64 * 64 / 1024, "{held} MiB for {most} connections");
    drop(crowd);
    honest.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_leave_the_store_its_files() {
    let place = Place::start_under("ulimit -n 600", &[]).await;
    assert!(place.log().contains("raise its limit of open files"), "{}", place.log());
    let honest = place.honest_caller();
    honest.is_answered("nothing yet").await;
    let crowd = crowd(&place, 700).await;
    assert!(crowd.len() < 350, "{} connections were taken", crowd.len());
    assert!(place.figure("connections_refused_total{reason=\"full\"}") >= 350.0);
    assert!(place.figure("process_open_fds") < 500.0);
    honest.is_answered("all places are taken").await;
    drop(crowd);
    place.is_well("a crowd").await;
    honest.end().await;
}

/// Says one byte a second, and more of the last one, until the other side closes; how many bytes it has heard.
async fn drip(mut socket: TcpStream, bytes: &[u8]) -> usize {
    let mut said = 0;
    let closed = async {
        loop {
            let next = bytes.get(said).or(bytes.last());
            if let Some(next) = next
                && socket.write_all(&[*next]).await.is_err()
            {
                return;
            }
            said += 1;
            let read = Env::system().patience(Duration::from_secs(1), socket.read(&mut [0])).await;
            if matches!(read, Ok(Ok(0) | Err(_))) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.expect("it is closed");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_too_slowly_is_not_waited_for() {
    const HELLO: [u8; 5] = [22, 3, 1, 2, 0];
    let place = Place::start(&["--tls.handshake-timeout=2s"]).await;
    let honest = place.honest_caller();
    let client = place.client(None);
    let socket = async || TcpStream::connect(place.listen).await.unwrap();
    let raw = async || Raw::connect(place.listen, &client).await.unwrap();
    let second = Duration::from_secs(1);
    // A frame that is never whole: nobody can say anything else before it is, not even that he lives.
    let slow = [frame(SETTINGS, 0, 0, &[]), frame(HEADERS, 0, 1, &headers("/slow", &[]))].concat();
    let mut slow_headers = raw().await;
    slow_headers.say(PREFACE).await.unwrap();
    slow_headers.say(&slow[..20]).await.unwrap();
    let ends = tokio::join!(
        drip(socket().await, &[]),
        drip(socket().await, &HELLO),
        raw().await.flood(0, |_| Vec::new()),
        raw().await.flood_at(second, 100, |n| vec![PREFACE[n % PREFACE.len()]]),
        slow_headers.flood_at(second, 200, |_| vec![b'x']),
    );
    let (silent, hello, begun, preface, headers) = ends;
    assert!(silent < 20 && hello < 20, "{silent} and {hello} seconds");
    assert!(begun.closed && preface.closed && preface.sent < 20 && headers.closed, "{begun:?} {preface:?} {headers:?}");
    assert_eq!(place.figure("connections_refused_total{reason=\"late\"}"), 4.0);
    honest.is_answered("slow peers").await;
    place.is_well("slow peers").await;
    honest.end().await;
}
