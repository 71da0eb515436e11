//! What Linux tells a process about itself, under `/proc/self`. Elsewhere nothing is known.

use std::fs;

/// How many ticks a second has in which Linux tells times to processes, whatever the kernel counts in itself.
const TICKS: f64 = 100.0;

/// The places of fields behind the name of the program, in `/proc/self/stat`: the ticks of its own code, those of the
/// kernel for it, and the tick after the machine's start at which it began.
const USER: usize = 11;
const KERNEL: usize = 12;
const BEGAN: usize = 19;

/// Seconds that all threads of this process have spent on a core.
pub(super) fn processor_seconds() -> Option<f64> {
    let stat = stat()?;
    Some((field(&stat, USER)? + field(&stat, KERNEL)?) / TICKS)
}

/// When this process began, in seconds since 1970.
pub(super) fn began() -> Option<f64> {
    let machine = fs::read_to_string("/proc/stat").ok()?;
    let booted: f64 = machine.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(booted + field(&stat()?, BEGAN)? / TICKS)
}

/// The memory that this process holds, in bytes.
pub(super) fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    Some(kibibytes.parse::<f64>().ok()? * 1024.0)
}

/// How many files and sockets this process has open.
pub(super) fn open_files() -> Option<f64> {
    // The listing has itself open.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

/// How many it may have open.
pub(super) fn most_open_files() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

fn stat() -> Option<String> {
    fs::read_to_string("/proc/self/stat").ok()
}

/// The field at `place` behind the name of the program, which is in parentheses and may hold anything.
fn field(stat: &str, place: usize) -> Option<f64> {
    stat.rsplit(')').next()?.split_whitespace().nth(place)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_what_it_takes() {
        assert!(processor_seconds().unwrap() >= 0.0);
        assert!(resident_bytes().unwrap() > 100_000.0);
        assert!(open_files().unwrap() >= 1.0);
        assert!(most_open_files().unwrap() > open_files().unwrap());
    }

    #[test]
    fn a_process_began_after_the_machine_and_before_now() {
        let now = fs::metadata("/proc/self/stat").unwrap().modified().unwrap();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        let age = now - began().unwrap();
        assert!((-2.0..3600.0).contains(&age), "{age} seconds old");
    }

    #[test]
    fn a_name_with_parentheses_moves_no_field() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 4200 0";
        assert_eq!(field(stat, USER), Some(250.0));
        assert_eq!(field(stat, KERNEL), Some(50.0));
        assert_eq!(field(stat, BEGAN), Some(4200.0));
    }
}
