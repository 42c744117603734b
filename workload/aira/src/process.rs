//! What this process uses, from /proc: memory and processor time. Zeros where there is no /proc.
//! <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>

/// Linux tells user space its times in hundredths of a second, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// What is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Used {
    /// Memory that is in RAM.
    pub resident_bytes: u64,
    /// Processor time since the start.
    pub cpu_seconds: f64,
}

/// Right now.
pub fn used() -> Used {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    Used {
        resident_bytes: resident(&read("/proc/self/status")).unwrap_or(0),
        cpu_seconds: cpu(&read("/proc/self/stat")).unwrap_or(0.0),
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// The program's name, in brackets, may hold anything: what counts comes after the last one.
fn cpu(stat: &str) -> Option<f64> {
    let mut rest = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let (user, system) = (rest.next()?.parse::<f64>().ok()?, rest.next()?.parse::<f64>().ok()?);
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read() {
        assert_eq!(resident("Name: aira\nVmRSS:\t    1234 kB\n"), Some(1234 * 1024));
        let stat = "42 (a) b) R 1 1 1 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 4 0";
        assert_eq!(cpu(stat), Some(2.0));
        assert!(used().resident_bytes > 0);
    }
}
