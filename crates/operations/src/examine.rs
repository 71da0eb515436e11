//! A look at a data folder without a running service: what it is, whether it is whole, and what to do.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use slipway_chassis::data_dir;
use slipway_store::embedded::inspect::{FoundState, Inspection, inspect};

/// Free space below this is told, in bytes: the journal and a snapshot need room.
const LITTLE_ROOM: u64 = 1 << 30;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// As it should be.
    Fine,
    /// It works, and should be looked at.
    Warning,
    /// It does not work.
    Failure,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub gravity: Gravity,
    /// What was found.
    pub what: String,
    /// What to do about it; empty if nothing.
    pub advice: String,
}

impl Finding {
    /// As it should be.
    pub fn fine(what: impl Into<String>) -> Self {
        Self { gravity: Gravity::Fine, what: what.into(), advice: String::new() }
    }

    /// It works, and should be looked at.
    pub fn warning(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { gravity: Gravity::Warning, what: what.into(), advice: advice.into() }
    }

    /// It does not work.
    pub fn failure(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { gravity: Gravity::Failure, what: what.into(), advice: advice.into() }
    }
}

/// Looks at the data folder `dir`, which should be of `service`, and changes nothing in it.
#[must_use]
pub fn folder(dir: &Path, service: Option<&str>) -> Vec<Finding> {
    let found = match std::fs::metadata(dir) {
        Ok(found) if found.is_dir() => found,
        Ok(_) => return vec![Finding::failure("it is no folder", "name the folder that the setting data-dir names")],
        Err(error) => {
            let advice = "name the folder that the setting data-dir names; a service makes it when it starts first";
            return vec![Finding::failure(format!("it can't be looked at: {error}"), advice)];
        }
    };
    let mut findings = vec![permissions(found.permissions().mode(), dir)];
    findings.extend(room(dir));
    match inspect(dir) {
        Ok(inspection) => {
            findings.extend(foreign(&inspection, service));
            findings.extend(contents(&inspection));
        }
        Err(error) => findings.push(Finding::failure(error.to_string(), "run as the user whose folder it is")),
    }
    findings
}

fn permissions(mode: u32, dir: &Path) -> Finding {
    let mode = mode & 0o777;
    if mode & 0o077 == 0 {
        return Finding::fine(format!("nobody else may look into it ({mode:03o})"));
    }
    Finding::warning(format!("others may look into it ({mode:03o})"), format!("chmod 700 {}", dir.display()))
}

fn room(dir: &Path) -> Option<Finding> {
    let free = data_dir::free_bytes(dir)?;
    let what = format!("{} MiB are free on its disk", free >> 20);
    let advice = "make room: without it nothing can be written, and every change is refused";
    Some(if free < LITTLE_ROOM { Finding::warning(what, advice) } else { Finding::fine(what) })
}

/// That the folder is another service's.
fn foreign(inspection: &Inspection, service: Option<&str>) -> Option<Finding> {
    let (found, service) = (inspection.service.as_deref()?, service?);
    let what = format!("it is the data folder of the service {found}, which {service} refuses to open");
    (found != service).then(|| Finding::failure(what, "name the folder of the service as data-dir"))
}

/// What an inspection says to a person.
fn contents(inspection: &Inspection) -> Vec<Finding> {
    let Inspection {
        format, service, in_use, revision, segments, snapshots, torn_bytes, state, bytes, problems, ..
    } = inspection;
    let mut findings = Vec::new();
    match format {
        Some(format) => {
            let of = service.as_ref().map(|service| format!(" of the service {service}")).unwrap_or_default();
            findings.push(Finding::fine(format!("store {}{of}, rows of layout {}", format.store, format.rows)));
        }
        None if problems.is_empty() && segments.is_empty() => {
            findings.push(Finding::fine("it holds no store yet; the service makes one when it starts"));
            return findings;
        }
        None => {}
    }
    if *in_use {
        findings.push(Finding::fine("a service has it open, so what is found may be the middle of a change"));
    }
    if problems.is_empty() {
        // What was restored a moment ago has no journal yet.
        let revision = snapshots.iter().map(|snapshot| snapshot.last).max().max(*revision).unwrap_or_default();
        let (journal, copies) = (segments.len(), snapshots.len());
        findings.push(Finding::fine(format!(
            "journal and snapshots are whole up to revision {revision}: {journal} + {copies} files, {} KiB in all",
            bytes >> 10
        )));
    }
    let advice = if *in_use {
        "stop the service and look again"
    } else {
        "keep a copy of the folder, then `slipway restore` a backup into an empty one"
    };
    findings.extend(problems.iter().map(|problem| Finding::failure(problem.to_string(), advice)));
    if *torn_bytes > 0 {
        let what = format!("{torn_bytes} bytes at the journal's end were never acknowledged");
        findings.push(Finding::fine(format!("{what}; they are cut off at the next start")));
    }
    findings.push(Finding::fine(match state {
        FoundState::Trusted => "the state beside the journal is believed",
        FoundState::Untrusted => {
            "the state beside the journal is made again at the next start: the machine was started since"
        }
        FoundState::Absent => "the state beside the journal is made at the next start",
    }));
    findings
}

#[cfg(test)]
mod tests {
    use slipway_store::embedded::{Embedded, Options};
    use slipway_store::{Store, Txn};

    use super::*;

    fn gravest(dir: &Path) -> Gravity {
        folder(dir, None).iter().map(|finding| finding.gravity).max().unwrap()
    }

    #[tokio::test]
    async fn a_whole_folder_is_fine_an_open_one_is_warned_of_and_a_damaged_one_fails() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("data");
        let store = Embedded::open(&dir, Options::default()).unwrap();
        for number in 0..3 {
            store.txn(Txn::new().put("a", number.to_string())).await.unwrap();
        }
        store.close().await;
        let mode = |mode| std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o700);
        let fine = folder(&dir, None);
        assert!(fine.iter().any(|finding| finding.what.contains("up to revision 3")), "{fine:?}");
        mode(0o755);
        let open = folder(&dir, None);
        assert!(open.iter().any(|finding| finding.advice.starts_with("chmod 700")), "{open:?}");
        mode(0o700);
        let journal = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
        let journal = journal.into_iter().find(|path| path.to_string_lossy().contains("journal-")).unwrap();
        let mut bytes = std::fs::read(&journal).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&journal, bytes).unwrap();
        assert_eq!(gravest(&dir), Gravity::Failure);
    }

    #[test]
    fn the_folder_of_another_service_fails() {
        let place = tempfile::tempdir().unwrap();
        let options = Options { service: Some("health".to_owned()), ..Options::default() };
        drop(Embedded::open(place.path(), options).unwrap());
        let told = |service| folder(place.path(), service).iter().any(|finding| finding.what.contains("refuses"));
        assert!(told(Some("registry")) && !told(Some("health")) && !told(None));
    }

    #[test]
    fn what_is_no_folder_fails_and_an_empty_one_is_fine() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(gravest(&place.path().join("none")), Gravity::Failure);
        let file = place.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(gravest(&file), Gravity::Failure);
    }
}
