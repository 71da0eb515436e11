//! The answers to requests that carried an id: a repetition gets the first one, for a day.

use std::fmt::Display;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::env::Env;
use crate::intent::Intent;

/// How long an answer is kept: nobody repeats a request for longer.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How often old answers are looked for.
const SWEEP: Duration = Duration::from_secs(60 * 60);

/// A request id was used for another request before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reused {
    /// The id.
    pub id: Uuid,
}

/// The first answer to `intent`, if it is a repetition. `kept` finds the answer under an id, with the fingerprint of
/// what it answered.
///
/// # Errors
/// [`Reused`] if that is not the fingerprint of this request.
pub fn repeated<T>(
    intent: &Intent,
    fingerprint: u64,
    kept: impl FnOnce(&Uuid) -> Option<(u64, T)>,
) -> Result<Option<T>, Reused> {
    let Some((id, (answered, answer))) = intent.request_id.and_then(|id| Some((id, kept(&id)?))) else {
        return Ok(None);
    };
    if answered == fingerprint { Ok(Some(answer)) } else { Err(Reused { id }) }
}

/// Lets `forget` delete the answers that were given before an instant, again and again; never ends.
pub async fn sweep<E, F>(env: &Env, forget: impl Fn(Timestamp) -> F)
where
    E: Display,
    F: Future<Output = Result<(), E>>,
{
    loop {
        env.sleep(SWEEP).await;
        let before = env.now().saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
        if let Err(error) = forget(before).await {
            tracing::warn!(%error, "old answers are still kept; trying again in the next sweep");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::Mode;

    fn intent(request_id: Option<Uuid>) -> Intent {
        let caller = crate::caller(&tonic::Request::new(()));
        Intent { caller, request_id, mode: Mode::Commit, reason: String::new() }
    }

    #[test]
    fn a_repetition_gets_the_first_answer_and_another_request_under_its_id_none() {
        let id = Uuid::from_u128(7);
        let kept = |asked: &Uuid| (*asked == id).then_some((9, "first"));
        assert_eq!(repeated(&intent(Some(id)), 9, kept), Ok(Some("first")));
        assert_eq!(repeated(&intent(Some(id)), 8, kept), Err(Reused { id }));
        assert_eq!(repeated(&intent(Some(Uuid::from_u128(8))), 9, kept), Ok(None));
        assert_eq!(repeated(&intent(None), 9, kept), Ok(None));
    }
}
