//! What is logged of refused calls: a line a second for each caller and reason, which says how many it stands for, so that
//! a flood of calls is no flood of lines. How many there were altogether is a figure.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use crate::env::{Env, Stopwatch};

/// How often one caller's refusals for one reason are logged.
const EVERY: Duration = Duration::from_secs(1);

/// How many callers and reasons are told apart. Beyond that, those that were not heard of lately are forgotten; if none
/// are, so many lines were logged within [`EVERY`] that one more tells nobody anything.
const MOST: usize = 256;

/// The log is the process's, and so is this.
static LOGGED: LazyLock<Mutex<Refusals>> = LazyLock::new(Mutex::default);

/// Whether a refusal of `caller` for `reason` is to be logged now: then how many were passed over since the last one was.
pub(crate) fn due(reason: &'static str, caller: &str) -> Option<u64> {
    LOGGED.lock().unwrap_or_else(PoisonError::into_inner).due(reason, caller, &Env::system())
}

/// What was logged lately, by caller and reason.
#[derive(Debug, Default)]
struct Refusals(HashMap<(Box<str>, &'static str), Logged>);

#[derive(Debug)]
struct Logged {
    since: Stopwatch,
    passed_over: u64,
}

impl Logged {
    fn is_due(&self) -> bool {
        self.since.elapsed() >= EVERY
    }
}

impl Refusals {
    fn due(&mut self, reason: &'static str, caller: &str, env: &Env) -> Option<u64> {
        let key = (Box::from(caller), reason);
        if let Some(logged) = self.0.get_mut(&key) {
            if !logged.is_due() {
                logged.passed_over += 1;
                return None;
            }
            let passed_over = logged.passed_over;
            *logged = Logged { since: env.stopwatch(), passed_over: 0 };
            return Some(passed_over);
        }
        if self.0.len() >= MOST {
            self.0.retain(|_, logged| !logged.is_due());
        }
        if self.0.len() >= MOST {
            return None;
        }
        self.0.insert(key, Logged { since: env.stopwatch(), passed_over: 0 });
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_refusals_are_logged_once_a_second_and_say_how_many_they_stand_for() {
        let (mut refusals, env) = (Refusals::default(), Env::system());
        let (begun, mut passed_over) = (env.stopwatch(), 0);
        assert_eq!(refusals.due("RATE_EXCEEDED", "jwt:ada", &env), Some(0));
        assert_eq!(refusals.due("RATE_EXCEEDED", "jwt:ben", &env), Some(0), "another caller has lines of its own");
        assert_eq!(refusals.due("PERMISSION_DENIED", "jwt:ada", &env), Some(0), "and so has another reason");
        let told = loop {
            match refusals.due("RATE_EXCEEDED", "jwt:ada", &env) {
                None => passed_over += 1,
                Some(told) => break told,
            }
        };
        assert!(begun.elapsed() >= EVERY);
        assert_eq!(told, passed_over);
    }

    #[test]
    fn callers_without_number_take_no_room_without_end() {
        let (mut refusals, env) = (Refusals::default(), Env::system());
        let begun = env.stopwatch();
        let logged = (0..10 * MOST).filter(|n| refusals.due("CREDENTIALS_INVALID", &n.to_string(), &env).is_some());
        let logged = logged.count();
        let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
        assert!(refusals.0.len() <= MOST && logged <= MOST * (seconds + 1), "{logged} lines in {seconds} s");
    }
}
