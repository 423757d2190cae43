//! Time: the wall clock in LiveKit's units, and waiting at the pace that `--speed` sets.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970, as LiveKit's egress writes its times.
pub(crate) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    now_ns() / 1_000_000
}

/// Whole seconds since 1970.
pub(crate) fn now_s() -> i64 {
    now_ns() / 1_000_000_000
}

/// How much faster than LiveKit the stand-in waits. Times written into events stay the real ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    speed: f64,
}

impl Pace {
    /// `speed` is above 0 (the command line makes sure of it).
    pub(crate) fn new(speed: f64) -> Self {
        Self { speed }
    }

    /// LiveKit's waiting time, shortened.
    pub(crate) fn of(self, seconds: f64) -> Duration {
        Duration::try_from_secs_f64(seconds / self.speed).unwrap_or(Duration::MAX)
    }

    /// How many of LiveKit's seconds a real time is.
    pub(crate) fn livekits(self, real: Duration) -> f64 {
        real.as_secs_f64() * self.speed
    }

    /// Sleeps that long.
    pub(crate) async fn sleep(self, seconds: f64) {
        tokio::time::sleep(self.of(seconds)).await;
    }
}
