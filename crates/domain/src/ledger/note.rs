//! Signed notes, as Go's checksum database and Sigstore use them (<https://c2sp.org/signed-note>): a text, a blank line,
//! and a line for each signature, made with Ed25519.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// The kind of a key, in front of its bytes: Ed25519.
const ED25519: u8 = 1;
/// What a line with a signature begins with.
const DASH: &str = "\u{2014} ";

/// Why something is no key, or no note of its signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no verifier key.
    #[error("{0:?} is no verifier key; one looks like NAME+HASH+KEY, as `slipway ledger key` prints it")]
    Key(String),
    /// The name of a key is empty, or has a plus, white space or control characters in it.
    #[error("{0:?} can't name a key: it must have neither a plus nor white space in it")]
    Name(String),
    /// It has not the form of a signed note.
    #[error("it is no signed note: {0}")]
    Form(&'static str),
    /// Nobody signed it under the name and the hash of the key.
    #[error("it is not signed with the key {key}")]
    Unsigned {
        /// The name and the hash of the key.
        key: String,
    },
    /// The signature under the name and the hash of the key is not by it, or of another text.
    #[error("its signature is not by {key}, or the text was changed since")]
    Forged {
        /// The name and the hash of the key.
        key: String,
    },
}

/// Tells whether a note was signed by the holder of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    hash: [u8; 4],
    key: VerifyingKey,
}

impl Verifier {
    fn new(name: &str, key: VerifyingKey) -> Result<Self, Error> {
        let unfit = |letter: char| letter == '+' || letter.is_whitespace() || letter.is_control();
        if name.is_empty() || name.contains(unfit) {
            return Err(Error::Name(name.to_owned()));
        }
        let digest = Sha256::digest([name.as_bytes(), b"\n", &[ED25519], key.as_bytes()].concat());
        Ok(Self { name: name.to_owned(), hash: [digest[0], digest[1], digest[2], digest[3]], key })
    }

    /// Reads a key from its text, as `name+hash+key`.
    ///
    /// # Errors
    /// [`Error::Key`] if it is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Key(text.chars().take(200).collect());
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let bytes = STANDARD.decode(key).map_err(|_| wrong())?;
        let Some((&ED25519, key)) = bytes.split_first() else { return Err(wrong()) };
        let key: [u8; 32] = key.try_into().map_err(|_| wrong())?;
        let verifier = Self::new(name, VerifyingKey::from_bytes(&key).map_err(|_| wrong())?).map_err(|_| wrong())?;
        if verifier.hash_text() == hash { Ok(verifier) } else { Err(wrong()) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name and its hash, which tell it from other keys.
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}+{}", self.name, self.hash_text())
    }

    fn hash_text(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The text of `note`, which the holder of this key signed. Signatures by others are passed over.
    ///
    /// # Errors
    /// [`Error`] if it has not the form of a note, or is not signed by that holder.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, Error> {
        let (text, signatures) = split(note)?;
        let mut is_signed = false;
        for line in signatures.lines() {
            let (name, bytes) = signature(line)?;
            if name != self.name || bytes[..4] != self.hash {
                continue;
            }
            let forged = |_| Error::Forged { key: self.short() };
            let signature = Signature::from_slice(&bytes[4..]).map_err(forged)?;
            self.key.verify_strict(text.as_bytes(), &signature).map_err(forged)?;
            is_signed = true;
        }
        if is_signed { Ok(text) } else { Err(Error::Unsigned { key: self.short() }) }
    }
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = STANDARD.encode([&[ED25519], self.key.as_bytes().as_slice()].concat());
        write!(f, "{}+{}+{key}", self.name, self.hash_text())
    }
}

/// Signs notes. It can't be printed.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    verifier: Verifier,
}

impl Signer {
    /// The signer called `name`, whose key is made of 32 bytes that nobody else knows.
    ///
    /// # Errors
    /// [`Error::Name`] if the name can't be one.
    pub fn new(name: &str, secret: &[u8; 32]) -> Result<Self, Error> {
        let key = SigningKey::from_bytes(secret);
        Ok(Self { verifier: Verifier::new(name, key.verifying_key())?, key })
    }

    /// Tells its signatures from those of others.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The signed note with the text `text`, which ends in a line break.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let signature = STANDARD.encode([self.verifier.hash.as_slice(), &signature].concat());
        format!("{text}\n{DASH}{} {signature}\n", self.verifier.name)
    }
}

/// The text of a note with its last line break, and its lines with signatures.
fn split(note: &str) -> Result<(&str, &str), Error> {
    if note.chars().any(|letter| letter.is_ascii_control() && letter != '\n') {
        return Err(Error::Form("it has control characters in it"));
    }
    let Some(at) = note.rfind("\n\n") else { return Err(Error::Form("there is no blank line before signatures")) };
    let (text, signatures) = (&note[..=at], &note[at + 2..]);
    if signatures.is_empty() || !signatures.ends_with('\n') {
        return Err(Error::Form("it does not end in a line with a signature"));
    }
    Ok((text, signatures))
}

/// The name of a signature's key, and the key's hash with the signature.
fn signature(line: &str) -> Result<(&str, Vec<u8>), Error> {
    let malformed = Error::Form("a line with a signature is malformed");
    let parts = line.strip_prefix(DASH).and_then(|rest| rest.split_once(' '));
    let Some((name, encoded)) = parts.filter(|(name, _)| !name.is_empty()) else { return Err(malformed) };
    match STANDARD.decode(encoded) {
        Ok(bytes) if bytes.len() > 4 => Ok((name, bytes)),
        Ok(_) | Err(_) => Err(malformed),
    }
}
