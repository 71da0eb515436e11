//! Cores that two sides don't share, so that neither takes from the other unseen.

/// The core of the service.
pub const SERVICE: usize = 0;

/// The core of the load.
pub const LOAD: usize = 1;

/// Does `work` with this thread, and all that it starts, on the core `place` of those that it may use; on any of them
/// where there are fewer, or where the system does not let a program choose.
pub fn pinned<T>(place: usize, work: impl FnOnce() -> T) -> T {
    pin(place);
    work()
}

#[cfg(target_os = "linux")]
fn pin(place: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    let Some(core) = cores.nth(place) else { return };
    let mut one = CpuSet::new();
    one.set(core);
    // Where it is not allowed the two sides share what there is, which the shares of their cores tell.
    let _ = sched_setaffinity(None, &one);
}

#[cfg(not(target_os = "linux"))]
fn pin(_: usize) {}
