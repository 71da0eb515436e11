//! Looks at files again and again, and tells of each change once.

use std::time::Duration;

use crate::env::Env;

/// How often files are looked at, in real time.
const LOOK: Duration = Duration::from_secs(1);

/// Reads for ever, and hands every reading that differs from the last one to `changed`; `seen` is the first. A reading may
/// block its thread.
pub(crate) async fn follow<T: PartialEq + Send + 'static>(
    env: &Env,
    mut seen: T,
    read: impl Fn() -> T + Clone + Send + 'static,
    mut changed: impl FnMut(&T),
) {
    loop {
        env.pause(LOOK).await;
        // A reading that panicked was none, and its panic was told.
        let Ok(found) = tokio::task::spawn_blocking(read.clone()).await else { continue };
        if found != seen {
            changed(&found);
            seen = found;
        }
    }
}
