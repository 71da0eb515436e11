//! Makes JSON web tokens: good ones, and ones that nobody should accept.

use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// An Ed25519 key from a seed: its PKCS #8 form is a fixed beginning and the seed (RFC 8410, section 7).
pub fn key(seed: u8) -> EncodingKey {
    const BEGINNING: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let der: Vec<u8> = BEGINNING.into_iter().chain([seed; 32]).collect();
    EncodingKey::from_ed_der(&der)
}

pub fn public(seed: u8, id: &str) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(&key(seed), Algorithm::EdDSA).unwrap();
    jwk.common.key_id = Some(id.to_owned());
    jwk
}

/// The public keys of these seeds, as the issuer shows them.
pub fn key_set(keys: &[(u8, &str)]) -> String {
    let keys = keys.iter().map(|(seed, id)| public(*seed, id)).collect();
    serde_json::to_string(&JwkSet { keys }).unwrap()
}

/// What the issuer says of `subject` ten minutes long.
pub fn claims(subject: &str, now: Timestamp) -> Value {
    let now = now.as_second();
    json!({ "iss": "https://id.acme", "aud": "slipway", "sub": subject, "exp": now + 600, "nbf": now - 600 })
}

pub fn signed(claims: &Value, seed: u8, id: Option<&str>) -> String {
    let header = Header { kid: id.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
    encode(&header, claims, &key(seed)).unwrap()
}

/// A token by the key `id` that is signed with the public half of it, taken for a shared secret.
pub fn confused(claims: &Value, seed: u8, id: &str) -> String {
    let secret = serde_json::to_value(public(seed, id)).unwrap()["x"].as_str().unwrap().to_owned();
    let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::HS256) };
    encode(&header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

/// A token that names an algorithm and has any signature.
pub fn unsigned(algorithm: &str, claims: &Value, signature: &str) -> String {
    let header = base64(json!({ "alg": algorithm, "kid": "one", "typ": "JWT" }).to_string().as_bytes());
    format!("{header}.{}.{signature}", base64(claims.to_string().as_bytes()))
}

/// Base64 as tokens are written, RFC 4648 section 5 without padding.
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        (0..=chunk.len()).for_each(|at| text.push(LETTERS[(bits >> (18 - 6 * at) & 63) as usize] as char));
    }
    text
}
