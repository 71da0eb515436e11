//! Keys of an issuer that are fetched from the web.

use crate::*;

/// An issuer's key set on the web, which answers with what it is told to; silent at first.
struct Issuer {
    address: std::net::SocketAddr,
    answer: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicU32>,
}

impl Issuer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer: Arc<Mutex<Option<String>>> = Arc::default();
        let asked: Arc<AtomicU32> = Arc::default();
        let (said, counted) = (answer.clone(), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                counted.fetch_add(1, Ordering::Relaxed);
                if let Some(answer) = said.lock().unwrap().clone() {
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        Self { address, answer, asked }
    }

    fn says(&self, status: &str, body: &str) {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        *self.answer.lock().unwrap() = Some(head + body);
    }
}

#[tokio::test]
async fn keys_on_the_web_are_waited_for_kept_and_renewed() {
    let issuer = Issuer::start();
    let address = format!("http://{}/keys", issuer.address);
    let place = place_with(|_| slipway_chassis::access::key_source::parse(&address).unwrap());
    let following = tokio::spawn(place.access.clone().follow());
    let (one, two) = (signed(&claims(), 1, Some("one")), signed(&claims(), 2, Some("two")));
    becomes_true(|| place.of_token(&one) == Err("KEYS_UNAVAILABLE")).await;
    issuer.says("200 OK", &key_set(&[(1, "one")]));
    becomes_true(|| place.of_token(&one) == Ok("jwt:ada".to_owned())).await;
    // Nothing that is no key set takes the good one's place, and nobody is sent elsewhere for it.
    let elsewhere = "302 Found\r\nlocation: http://127.0.0.1:1/";
    for (status, body) in [("200 OK", "{}"), (elsewhere, "")] {
        issuer.says(status, body);
        let asked = issuer.asked.load(Ordering::Relaxed);
        becomes_true(|| {
            assert_eq!(place.of_token(&two), Err("CREDENTIALS_INVALID"));
            issuer.asked.load(Ordering::Relaxed) > asked + 1
        })
        .await;
    }
    assert_eq!(place.of_token(&one), Ok("jwt:ada".to_owned()));
    // A new key is fetched when the first token that names it is seen.
    issuer.says("200 OK", &key_set(&[(2, "two")]));
    becomes_true(|| place.of_token(&two) == Ok("jwt:ada".to_owned())).await;
    assert_eq!(place.of_token(&one), Err("CREDENTIALS_INVALID"), "the old key was taken back");
    following.abort();
}
