//! Many worlds, one after the other, each from its seed.

use slipway_domain::launch::log::verify;

use super::{Weather, World};

/// A number from the environment.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs `check` over worlds of `count` seeds that `weather` went over. `LAUNCH_HISTORIES` asks for another count and
/// `LAUNCH_SEED` for one seed alone.
pub fn over_histories(count: u64, weather: Weather, check: impl Fn(&mut World)) {
    let first = asked("LAUNCH_SEED");
    let count = if first.is_some() { 1 } else { asked("LAUNCH_HISTORIES").unwrap_or(count) };
    let first = first.unwrap_or(0);
    for seed in first..first + count {
        let mut world = World::new(seed, weather);
        world.run(300);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&mut world)));
        if let Err(panic) = outcome {
            println!("replay with LAUNCH_SEED={seed}: {} events, at {:?}", world.entries.len(), world.launch.stage);
            for entry in &world.entries[world.entries.len().saturating_sub(40)..] {
                println!("  {} {:?} {} → {}", entry.sequence, entry.at, entry.description, entry.state);
            }
            std::panic::resume_unwind(panic);
        }
    }
}

/// The ordinary end of a story: the log is whole.
pub fn log_is_whole(world: &World) {
    assert_eq!(verify(&world.entries, world.launch.log), Ok(()));
}
