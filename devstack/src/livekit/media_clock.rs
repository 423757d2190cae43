//! How much of a recording there is: the real time since its first frame times `--speed`, and what `/dev/recorder` lets
//! it leap ahead.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::pace::Pace;

#[derive(Clone, Copy, Debug)]
struct State {
    began: Instant,
    /// Seconds.
    ahead: f64,
    /// Where it ended, in seconds.
    end: Option<f64>,
}

/// Runs from when it is made until [`MediaClock::end`].
#[derive(Debug)]
pub(super) struct MediaClock {
    pace: Pace,
    state: watch::Sender<State>,
}

impl MediaClock {
    pub(super) fn start(pace: Pace) -> Self {
        let state = State { began: Instant::now(), ahead: 0.0, end: None };
        Self { pace, state: watch::Sender::new(state) }
    }

    /// Seconds recorded so far.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds_of(*self.state.borrow())
    }

    fn seconds_of(&self, state: State) -> f64 {
        state.end.unwrap_or_else(|| self.pace.livekits(state.began.elapsed()) + state.ahead)
    }

    /// As if so many more seconds had been recorded.
    pub(super) fn leap(&self, seconds: f64) {
        self.state.send_modify(|state| state.ahead += seconds);
    }

    /// The last frame; answers how many seconds there are. Only the first call counts.
    pub(super) fn end(&self) -> f64 {
        let seconds = self.seconds();
        self.state.send_modify(|state| state.end = Some(seconds));
        seconds
    }

    /// Waits until so many seconds are recorded; with the end, when that comes first.
    pub(super) async fn reaches(&self, seconds: f64) -> Result<(), f64> {
        let mut changes = self.state.subscribe();
        loop {
            let state = *changes.borrow_and_update();
            let now = self.seconds_of(state);
            if now >= seconds {
                return Ok(());
            }
            if let Some(end) = state.end {
                return Err(end);
            }
            // A millisecond more, because the difference is rounded.
            let wait = self.pace.of(seconds - now) + Duration::from_millis(1);
            // The sender lives as long as this does.
            let _ = tokio::time::timeout(wait, changes.changed()).await;
        }
    }
}
