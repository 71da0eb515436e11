//! How many files and sockets a process may have open. Connections that others open must not use them up: then the store
//! could open no file any more.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::server::Connections;

/// What a service has open beside the connections to it: files of its store, connections to others, its log, and operators.
const RESERVE: u64 = 512;

/// Lets this process open as many files as it may, and takes no more connections to each of its services than then fit.
/// To be called before the services start.
pub fn make_room<'a>(services: impl IntoIterator<Item = &'a mut Connections>) {
    raise();
    let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let mut services: Vec<&mut Connections> = services.into_iter().collect();
    let room = room(most, services.len() as u64);
    let asked = services.iter().map(|service| service.most).filter(|most| *most > room).max();
    services.iter_mut().for_each(|service| service.most = service.most.min(room));
    if let Some(max_connections) = asked {
        tracing::info!(
            max_connections,
            taken = room,
            open_files = most,
            "this process may not have as many files open as max-connections asks for: raise its limit of open files"
        );
    }
}

/// How many connections each of `services` services may have in a process that may have `most` files open.
fn room(most: u64, services: u64) -> u32 {
    let each = most / services.max(1);
    u32::try_from(each.saturating_sub(RESERVE).max(each / 2)).unwrap_or(u32::MAX)
}

/// Raises the limit that holds to the one that may not be passed. They are apart for the sake of programs that use
/// `select`, which this is none of.
fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Some systems say that there is no limit and have one: then what holds is what was given.
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connections_leave_room_for_files() {
        assert_eq!(room(65_536, 1), 65_024);
        assert_eq!(room(65_536, 3), 21_333);
        assert_eq!(room(1024, 1), 512);
        assert_eq!(room(256, 1), 128, "half of what there is, where there is little");
        assert_eq!(room(u64::MAX, 1), u32::MAX);
    }
}
