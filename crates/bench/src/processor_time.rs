//! How long the processor has worked for a process.

use std::fs;
use std::time::Duration;

/// The length of a tick in which Linux tells times to processes: 10 ms, whatever the kernel counts in itself.
const TICK: Duration = Duration::from_millis(10);

/// The time that all threads of this process have spent on a core so far; zero where the system does not tell.
pub fn spent() -> Duration {
    spent_by(std::process::id())
}

/// The same of the process with the number `process`.
pub fn spent_by(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field, the name of the program, is in parentheses and may hold anything; fields 14 and 15 are the
    // ticks of its own code and those of the kernel for it.
    let behind_the_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u32 =
        behind_the_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    TICK * ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn work_is_counted() {
        let before = spent();
        let mut sum = 0_u64;
        while spent() == before {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(spent() > before);
    }
}
