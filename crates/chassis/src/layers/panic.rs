//! A handler that panics answers its own call with INTERNAL and hurts nobody else; what it said and where is kept for
//! the log.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside of [`guarded`].
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    /// What the last guarded panic of this thread left.
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// What a panic said.
#[derive(Debug)]
pub(crate) struct Panic {
    /// The message and the place in the source.
    pub message: String,
    /// How it came there.
    pub backtrace: Backtrace,
}

/// Keeps what guarded panics say for [`guarded`]. All others go to the log, or where they went before when there is none.
pub(crate) fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let panic = || Panic { message: info.to_string(), backtrace: Backtrace::force_capture() };
            if GUARDED.get() {
                LAST.set(Some(panic()));
            } else if tracing::dispatcher::has_been_set() {
                let Panic { message, backtrace } = panic();
                tracing::error!(%backtrace, "{message}");
            } else {
                previous(info);
            }
        }));
    });
}

/// The result of `work`, or what its panic said.
///
/// What `work` has touched is not used again by its call; state that calls share is protected by its own locks.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    result.map_err(|_| {
        LAST.take().unwrap_or_else(|| Panic {
            message: "a panic without a message".to_owned(),
            backtrace: Backtrace::disabled(),
        })
    })
}

/// The output of `work`, or what it said when it panicked.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Panic> {
    let mut work = pin!(work);
    poll_fn(|context| match guarded(|| work.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => std::task::Poll::Ready(Err(panic)),
    })
    .await
}
