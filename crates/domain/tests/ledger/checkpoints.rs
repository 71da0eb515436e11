//! Checkpoints as signed notes: what was signed is read, and what was changed is not.

use slipway_domain::ledger::checkpoint::{Checkpoint, Error};
use slipway_domain::ledger::note::{Error as NoteError, Signer, Verifier};

use crate::{head, tree};

/// The example in the documentation of Go's `golang.org/x/mod/sumdb/note`.
const KEY_OF_GO: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE_OF_GO: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
/// The key of Go's checksum database.
const SUMDB: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

const ORIGIN: &str = "slipway-registry/7";

fn signer() -> Signer {
    Signer::new(ORIGIN, &[7; 32]).unwrap()
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), head: head(&tree(size), size) }
}

#[test]
fn keys_and_a_note_of_go_are_understood() {
    for key in [KEY_OF_GO, SUMDB] {
        assert_eq!(Verifier::parse(key).unwrap().to_string(), key);
    }
    let verifier = Verifier::parse(KEY_OF_GO).unwrap();
    let text = verifier.open(NOTE_OF_GO).unwrap();
    assert!(text.starts_with("If you think") && text.ends_with("problem is.\n"), "{text:?}");
}

#[test]
fn what_is_signed_is_read_again() {
    let signer = signer();
    for size in [0, 1, 70] {
        let note = checkpoint(size).sign(&signer);
        assert_eq!(Checkpoint::open(&note, signer.verifier()), Ok(checkpoint(size)));
        let lines: Vec<_> = note.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[1], lines[3]), (5, ORIGIN, &*size.to_string(), ""));
        assert!(lines[4].starts_with("\u{2014} slipway-registry/7 "), "{note}");
    }
    let again = Verifier::parse(&signer.verifier().to_string()).unwrap();
    assert_eq!(&again, signer.verifier());
}

#[test]
fn a_note_with_any_bit_changed_is_refused() {
    let signer = signer();
    let note = checkpoint(70).sign(&signer).into_bytes();
    for bit in 0..note.len() * 8 {
        let mut other = note.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = String::from_utf8(other) {
            assert!(Checkpoint::open(&other, signer.verifier()).is_err(), "{other}");
        }
    }
    let note = String::from_utf8(note).unwrap();
    for cut in note.char_indices().map(|(at, _)| at) {
        assert!(Checkpoint::open(&note[..cut], signer.verifier()).is_err());
    }
}

#[test]
fn a_key_with_any_bit_changed_is_refused() {
    let text = signer().verifier().to_string().into_bytes();
    for bit in 0..text.len() * 8 {
        let mut other = text.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = String::from_utf8(other) {
            assert!(Verifier::parse(&other).is_err(), "{other}");
        }
    }
}

#[test]
fn the_signature_of_another_key_is_told_from_none_at_all() {
    let other = Signer::new(ORIGIN, &[8; 32]).unwrap();
    let note = checkpoint(3).sign(&signer());
    let unsigned = NoteError::Unsigned { key: other.verifier().short() };
    assert_eq!(Checkpoint::open(&note, other.verifier()), Err(Error::Note(unsigned)));
    // A signature more changes nothing: it is how witnesses countersign.
    let theirs = checkpoint(3).sign(&other);
    let both = format!("{note}{}\n", theirs.lines().last().unwrap());
    for verifier in [signer().verifier(), other.verifier()] {
        assert_eq!(Checkpoint::open(&both, verifier), Ok(checkpoint(3)));
    }
}

#[test]
fn a_checkpoint_of_another_ledger_is_refused_whoever_signed_it() {
    let foreign = Checkpoint { origin: "elsewhere".to_owned(), ..checkpoint(3) };
    let wrong = Checkpoint::open(&foreign.sign(&signer()), signer().verifier());
    assert_eq!(wrong, Err(Error::Origin { found: "elsewhere".to_owned(), wanted: ORIGIN.to_owned() }));
}

#[test]
fn only_the_one_way_to_write_a_checkpoint_is_read() {
    let text = checkpoint(12).to_string();
    assert_eq!(Checkpoint::parse(&text), Ok(checkpoint(12)));
    assert_eq!(Checkpoint::parse(&format!("{text}an extension\n")), Ok(checkpoint(12)));
    let wrong = [
        text.trim_end().to_owned(),
        text.replace("\n12\n", "\n012\n"),
        text.replace("\n12\n", "\n+12\n"),
        text.replace("\n12\n", "\n-12\n"),
        text.replace("=\n", "\n"),
        text.replace(ORIGIN, ""),
        format!("{text}\n"),
        String::new(),
    ];
    for text in wrong {
        assert!(matches!(Checkpoint::parse(&text), Err(Error::Form(_))), "{text:?}");
    }
}

#[test]
fn a_name_that_would_not_be_read_again_names_no_key() {
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b"] {
        assert!(matches!(Signer::new(name, &[1; 32]), Err(NoteError::Name(_))), "{name:?}");
    }
}
