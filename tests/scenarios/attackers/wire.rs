//! Bytes that break the rules of HTTP/2 and gRPC, or keep them and ask for more than anybody gets.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use slipway_sdk::pb;

use super::call::{INTERNAL, LIST_MODELS, OK, OUT_OF_RANGE, UNIMPLEMENTED, all_models, call, framed};
use super::place::Place;
use super::raw::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, PING, RESET, Raw, SETTINGS, WINDOW_UPDATE,
    frame, header, headers, stream,
};

/// What is sent as the `n`th.
type Piece = fn(usize) -> Vec<u8>;

/// What is sent again and again, and how often; a server that is well ends the connection long before.
struct Flood {
    what: &'static str,
    most: usize,
    piece: Piece,
}

/// A connection is over at each of them, and at none but it: for the reason that its peer asks too much.
const FLOODS: [Flood; 5] = [
    Flood { what: "streams that are begun and taken back (CVE-2023-44487)", most: 50_000, piece: taken_back },
    Flood { what: "headers without end (CVE-2024-27316)", most: 10_000, piece: |n| continued(n, &header(0, "x", "y")) },
    Flood { what: "headers of nothing without end", most: 10_000, piece: |n| continued(n, &[]) },
    Flood { what: "streams that break the protocol", most: 20_000, piece: broken },
    Flood { what: "headers that blow up", most: 1000, piece: blown_up },
];

fn taken_back(n: usize) -> Vec<u8> {
    const CANCEL: [u8; 4] = [0, 0, 0, 8];
    let head = frame(HEADERS, END_HEADERS, stream(n), &headers(LIST_MODELS, &[]));
    [head, frame(RESET, 0, stream(n), &CANCEL)].concat()
}

fn continued(n: usize, block: &[u8]) -> Vec<u8> {
    match n {
        0 => frame(HEADERS, END_STREAM, 1, &headers(LIST_MODELS, &[])),
        _ => frame(CONTINUATION, 0, 1, block),
    }
}

/// A connection is no matter of a request (RFC 9113, section 8.2.2).
fn broken(n: usize) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &headers(LIST_MODELS, &[("connection", "close")]))
}

/// One header of three thousand bytes, which is remembered, and named ten thousand times by one byte.
fn blown_up(n: usize) -> Vec<u8> {
    const REMEMBERED: u8 = 0x40;
    const THE_LAST: u8 = 0x80 | 62;
    let long = header(REMEMBERED, "x-long", &"x".repeat(3000));
    let block = [headers(LIST_MODELS, &[]), long, vec![THE_LAST; 10_000]].concat();
    frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &block)
}

/// Bytes that look like nothing, the same in every run.
fn garbage(n: usize) -> Vec<u8> {
    let mut state = n as u32 + 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..4096).map(|_| next()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_ends_its_own_connection_and_nobody_elses() {
    let place = Place::start(&[]).await;
    let honest = place.honest_caller();
    // Who is known is given no more than who is not.
    for client in [place.client(None), place.client(Some("ben"))] {
        for Flood { what, most, piece } in FLOODS {
            let end = Raw::begin(place.listen, &client).await.unwrap().flood(most, piece).await;
            assert!(end.closed && end.sent < most, "{what}: {end:?}");
            assert!(end.reason.is_none_or(|reason| reason == ENHANCE_YOUR_CALM), "{what}: {end:?}");
            honest.is_answered(what).await;
            place.is_well(what).await;
        }
    }
    let end = Raw::begin(place.listen, &place.client(None)).await.unwrap().flood(1000, garbage).await;
    assert!(end.closed, "{end:?}");
    let end = Raw::connect(place.listen, &place.client(None)).await.unwrap().flood(1000, garbage).await;
    assert!(end.closed, "{end:?}");
    place.is_well("garbage").await;
    honest.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_or_would_blow_up_is_refused_before_it_is_held() {
    let place = Place::start(&[]).await;
    let (honest, ben) = (place.honest_caller(), place.client(Some("ben")));
    let ask = async |headers: &[(&str, &str)], body: Vec<u8>| {
        call((place.listen, &ben), LIST_MODELS, headers, body).await.unwrap()
    };
    assert_eq!(ask(&[], all_models()).await.code, OK);
    let long = "x".repeat(40 << 10);
    let answer = ask(&[("x-long", &long)], all_models()).await;
    assert_eq!((answer.http, answer.code), (431, None), "{answer:?}");
    let answer = ask(&[], framed(0, u32::MAX, b"the first of four gibibytes")).await;
    assert_eq!(answer.code, OUT_OF_RANGE, "{answer:?}");
    let answer = ask(&[], framed(0, 64 << 20, &vec![0; 64 << 20])).await;
    assert_eq!(answer.code, OUT_OF_RANGE, "{answer:?}");
    place.is_well("long messages").await;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    (0..256).for_each(|_| bomb.write_all(&[0; 1 << 20]).unwrap());
    let bomb = bomb.finish().unwrap();
    let length = u32::try_from(bomb.len()).unwrap();
    let answer = ask(&[("grpc-encoding", "gzip")], framed(1, length, &bomb)).await;
    assert_eq!(answer.code, UNIMPLEMENTED, "{answer:?}");
    assert!(answer.message().contains("gzip") && answer.text().contains("identity"), "{answer:?}");
    let answer = ask(&[], framed(1, length, &bomb)).await;
    assert_eq!(answer.code, INTERNAL, "compressed by nothing: {answer:?}");
    for (what, body) in
        [("a flag that is none", framed(7, 4, b"none")), ("no message", framed(0, 4, b"\xff\xff\xff\xff"))]
    {
        assert_eq!(ask(&[], body).await.code, INTERNAL, "{what}");
    }
    place.is_well("messages that blow up").await;
    honest.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_not_written_to_without_end() {
    const MOST: usize = 64 << 20;
    let place = Place::start(&[]).await;
    let honest = place.honest_caller();
    let ada = place.honest_client();
    for n in 0..200 {
        let model = pb::Model { owner: "ads".to_owned(), description: "x".repeat(4000), ..Default::default() };
        let (parent, model_id) = ("namespaces/default".to_owned(), format!("long-{n}"));
        let request = pb::CreateModelRequest { parent, model_id, model: Some(model), ..Default::default() };
        ada.create_model(request).await.unwrap();
    }
    let mut held = Vec::new();
    let floods: [(&str, Piece); 2] = [
        ("pings", |n| frame(PING, 0, 0, &(n as u64).to_be_bytes()).repeat(1000)),
        ("settings", |_| frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]).repeat(1000)),
    ];
    for (what, piece) in floods {
        let mut raw = Raw::begin(place.listen, &place.client(None)).await.unwrap();
        let taken = raw.flood_deaf(MOST, piece).await;
        assert!(taken < MOST, "{what}: all of {taken} bytes were taken");
        held.push(raw);
        honest.is_answered(what).await;
        place.is_well(what).await;
    }
    // Answers of almost a mebibyte each, and a window with room for none of them, for a byte, or for all: whoever says that
    // he has room for all of them, and does not read, is written to as far as his socket takes it.
    for window in [0, 1, i32::MAX] {
        let (what, window) = (format!("answers that nobody reads in a window of {window}"), window.to_be_bytes());
        let mut raw = Raw::begin(place.listen, &place.client(Some("ben"))).await.unwrap();
        raw.say(&frame(SETTINGS, 0, 0, &[&[0, 4][..], &window].concat())).await.unwrap();
        raw.say(&frame(WINDOW_UPDATE, 0, 0, &(i32::MAX - 65_535).to_be_bytes())).await.unwrap();
        let body = all_models();
        let asked = |n| {
            let head = frame(HEADERS, END_HEADERS, stream(n), &headers(LIST_MODELS, &[]));
            [head, frame(DATA, END_STREAM, stream(n), &body)].concat()
        };
        for n in 0..900 {
            raw.say(&asked(n)).await.unwrap();
        }
        held.push(raw);
        honest.is_answered(&what).await;
        place.is_well(&what).await;
    }
    honest.end().await;
}
