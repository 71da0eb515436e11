//! Time, chance and statuses of the wire have one door each. A wall is what must not be called elsewhere; the few places
//! that may are named here, each with its reason.

use super::source::Source;
use super::tree::{Complaint, Tree};

/// Something that has a door.
struct Wall {
    /// The calls, as the words of the code.
    calls: &'static [&'static [&'static str]],
    /// Where to go instead.
    instead: &'static str,
    /// Files (without `.rs`) and folders that may call it.
    doors: &'static [&'static str],
    /// Whether tests may call it too.
    tests: Tests,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tests {
    May,
    /// Only in a file whose clock is paused, where a sleep lets time pass instead of hoping for a fact.
    MayPaused,
}

/// The one door to time and chance.
const ENV: &str = "crates/chassis/src/env";

/// A client has no chassis: its patience runs on tokio's clock, which its tests pause, and its request ids and jitter
/// are its own. It decides nothing from them but when to call again.
const SDK: &str = "crates/sdk/src";

/// What gives up a call before it is sent can say so by a status alone, which never reaches a wire.
const INTERCEPTOR: &str = "crates/sdk/src/authorize";

/// The engine on disk knows nothing of the chassis: it measures its syncs, dates its snapshots for people, and tells the
/// files of two stores apart. No answer of the store depends on it.
const ENGINE: &str = "crates/store/src/embedded";

/// Delays that a seed asks for; simulations run them on a paused clock.
const FAULTS: &str = "crates/store/src/faults";

/// They measure this machine.
const BENCH: &str = "crates/bench";
const XTASK: &str = "crates/xtask/src/verify";

/// Tests of real processes on the real clock: they ask again every few milliseconds, up to a bound.
const PROCESSES: &str = "crates/chassis/tests/process";

/// A handler that takes its time, and the proof that a driven clock stands still while real time passes.
const SLOW_HANDLER: &str = "crates/chassis/tests/support/echo";
const DRIVEN_CLOCK: &str = "crates/chassis/tests/env";

/// Kills and power cuts at moments of real time that nobody chose.
const DISASTERS: &str = "crates/store/tests/survival";

const WALLS: [Wall; 4] = [
    Wall {
        calls: &[
            &["SystemTime", "::", "now"],
            &["Instant", "::", "now"],
            &["Timestamp", "::", "now"],
            &["Zoned", "::", "now"],
        ],
        instead: "ask chassis::env for the time, so that a test can set it",
        doors: &[ENV, SDK, ENGINE, BENCH, XTASK],
        tests: Tests::May,
    },
    Wall {
        calls: &[&["time", "::", "sleep"], &["time", "::", "interval"], &["thread", "::", "sleep"]],
        instead: "sleep through chassis::env, or wait for the fact itself",
        doors: &[ENV, SDK, FAULTS, BENCH, PROCESSES, SLOW_HANDLER, DRIVEN_CLOCK, DISASTERS],
        tests: Tests::MayPaused,
    },
    Wall {
        calls: &[
            &["Uuid", "::", "new_v4"],
            &["Uuid", "::", "now_v7"],
            &["rand", "::", "rng"],
            &["rand", "::", "random"],
            &["thread_rng"],
            &["from_os_rng"],
            &["from_entropy"],
        ],
        instead: "ask chassis::env for chance, so that a seed can replay it",
        doors: &[ENV, SDK, ENGINE, BENCH],
        tests: Tests::May,
    },
    Wall {
        calls: &[
            &["Status", "::", "new"],
            &["Status", "::", "cancelled"],
            &["Status", "::", "unknown"],
            &["Status", "::", "invalid_argument"],
            &["Status", "::", "deadline_exceeded"],
            &["Status", "::", "not_found"],
            &["Status", "::", "already_exists"],
            &["Status", "::", "permission_denied"],
            &["Status", "::", "resource_exhausted"],
            &["Status", "::", "failed_precondition"],
            &["Status", "::", "aborted"],
            &["Status", "::", "out_of_range"],
            &["Status", "::", "unimplemented"],
            &["Status", "::", "internal"],
            &["Status", "::", "unavailable"],
            &["Status", "::", "data_loss"],
            &["Status", "::", "unauthenticated"],
            &["Status", "::", "with_error_details"],
            &["Status", "::", "with_details"],
            &["Status", "::", "from_error"],
        ],
        instead: "return a Fault: chassis::status makes the status of it",
        doors: &["crates/chassis/src/status", INTERCEPTOR],
        tests: Tests::May,
    },
];

/// Calls through a wall.
pub fn walls(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for wall in &WALLS {
        for source in tree.sources.iter().filter(|source| !wall.doors.iter().any(|door| opens(door, &source.path))) {
            complaints.extend(through(wall, source));
        }
    }
    complaints
}

fn through(wall: &Wall, source: &Source) -> Vec<Complaint> {
    let paused = source.find(&["start_paused"]).chain(source.find(&["time", "::", "pause"])).next().is_some();
    let tests_may = wall.tests == Tests::May || paused;
    let mut complaints = Vec::new();
    for call in wall.calls {
        for line in source.find(call) {
            if !(source.is_test(line) && tests_may) {
                complaints.push(source.complain(line, format!("`{}`: {}", call.concat(), wall.instead)));
            }
        }
    }
    complaints
}

/// Whether `path` is the file `door.rs`, or lies in the folder `door`.
fn opens(door: &str, path: &str) -> bool {
    let rest = path.strip_prefix(door);
    rest.is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> usize {
        walls(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn time_chance_sleep_and_statuses_are_walled() {
        for call in ["Instant::now()", "Uuid::new_v4()", "tokio::time::sleep(d)", "tonic::Status::not_found(s)"] {
            assert_eq!(complaints("crates/registry/src/a.rs", &format!("fn f() {{ {call}; }}")), 1, "{call}");
        }
    }

    #[test]
    fn a_wall_is_open_at_its_door_alone() {
        let text = "fn f() { std::time::Instant::now(); }";
        assert_eq!(complaints("crates/chassis/src/env.rs", text), 0);
        assert_eq!(complaints("crates/chassis/src/env/scaled.rs", text), 0);
        assert_eq!(complaints("crates/chassis/src/environment.rs", text), 1);
    }

    #[test]
    fn a_test_may_measure_but_sleep_only_on_a_paused_clock() {
        assert_eq!(complaints("crates/registry/tests/a.rs", "fn f() { Instant::now(); }"), 0);
        assert_eq!(complaints("crates/registry/tests/a.rs", "fn f() { tokio::time::sleep(d); }"), 1);
        let paused = "#[tokio::test(start_paused = true)]\nasync fn f() { tokio::time::sleep(d); }";
        assert_eq!(complaints("crates/registry/tests/a.rs", paused), 0);
        assert_eq!(complaints("crates/registry/src/a.rs", paused), 1, "a service may not, whatever its tests do");
    }

    #[test]
    fn to_read_a_status_is_no_call_through_a_wall() {
        assert_eq!(
            complaints("crates/sdk/src/a.rs", "fn f(s: &tonic::Status) { s.code(); tonic::Status::code(s); }"),
            0
        );
    }
}
