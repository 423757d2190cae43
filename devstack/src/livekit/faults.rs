//! What goes wrong on purpose: `POST /dev/faults` merges into this set, `{"reset": true}` clears it.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::fault_rules::{Rule, RuleSet};
use crate::pace;
use crate::storage::StorageFaults;

/// How the next starts fail.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StartFault {
    /// No answer for 60 s and nothing happens: no recorder is connected.
    Hang,
    /// 503 "no response from servers".
    Unavailable,
    /// The recording starts and webhooks come; the answer never does.
    AcceptThenHang,
    Unauthenticated,
    Internal,
    ResourceExhausted,
}

/// How stops fail; the recording goes on.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StopFault {
    Timeout,
    Unavailable,
}

/// How ListEgress, ListRooms, ListParticipants and GetParticipant fail.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ListFault {
    Internal,
    Hang,
}

/// The current set, as `/dev/faults` answers it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct FaultSet {
    pub(crate) start: Option<StartFault>,
    /// How many more starts it concerns; `null` is all of them.
    pub(crate) times: Option<u32>,
    pub(crate) stop: Option<StopFault>,
    pub(crate) lists: Option<ListFault>,
    pub(crate) drop_webhooks: Vec<String>,
    pub(crate) delay_webhooks_ms: u64,
    pub(crate) duplicate_webhooks: bool,
    /// LiveKit's clock is off by so many seconds when it signs webhooks.
    pub(crate) livekit_clock_s: i64,
    /// LiveKit's clock is off by so many seconds when it checks the tokens of calls.
    pub(crate) token_clock_s: i64,
    /// Calls, called `livekit.Egress/StopEgress`.
    pub(crate) calls: Vec<Rule>,
    /// Webhooks, called by their event and an egress's status: `egress_updated EGRESS_ACTIVE`.
    pub(crate) webhooks: Vec<Rule>,
    /// The S3 server's clock is off by so many seconds.
    pub(crate) storage_clock_s: i64,
    /// A key of the S3 server can be written so often, in real milliseconds; 0 is as often as one likes.
    pub(crate) storage_rewrite_ms: u64,
    /// Requests to the S3 server, called `METHOD /bucket/key by ACCESS_KEY`.
    pub(crate) storage: Vec<Rule>,
}

/// A change: what is absent stays, `null` goes back to normal.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FaultChange {
    reset: bool,
    #[serde(deserialize_with = "present")]
    start: Option<Option<StartFault>>,
    #[serde(deserialize_with = "present")]
    times: Option<Option<u32>>,
    #[serde(deserialize_with = "present")]
    stop: Option<Option<StopFault>>,
    #[serde(deserialize_with = "present")]
    lists: Option<Option<ListFault>>,
    #[serde(deserialize_with = "present")]
    drop_webhooks: Option<Option<Vec<String>>>,
    #[serde(deserialize_with = "present")]
    delay_webhooks_ms: Option<Option<u64>>,
    #[serde(deserialize_with = "present")]
    duplicate_webhooks: Option<Option<bool>>,
    #[serde(deserialize_with = "present")]
    livekit_clock_s: Option<Option<i64>>,
    #[serde(deserialize_with = "present")]
    token_clock_s: Option<Option<i64>>,
    #[serde(deserialize_with = "present")]
    calls: Option<Option<Vec<Rule>>>,
    #[serde(deserialize_with = "present")]
    webhooks: Option<Option<Vec<Rule>>>,
    #[serde(deserialize_with = "present")]
    storage_clock_s: Option<Option<i64>>,
    #[serde(deserialize_with = "present")]
    storage_rewrite_ms: Option<Option<u64>>,
    #[serde(deserialize_with = "present")]
    storage: Option<Option<Vec<Rule>>>,
}

/// Tells `null` from absent.
fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    set: Mutex<FaultSet>,
    pub(crate) calls: RuleSet,
    pub(crate) webhooks: RuleSet,
    storage: Arc<StorageFaults>,
}

impl Faults {
    /// `storage`: those of the S3 server.
    pub(crate) fn new(storage: Arc<StorageFaults>) -> Self {
        Self { storage, ..Self::default() }
    }

    fn set(&self) -> MutexGuard<'_, FaultSet> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn merge(&self, change: FaultChange) -> FaultSet {
        let mut set = self.set();
        if change.reset {
            *set = FaultSet::default();
            self.clear_rules();
        }
        for (rules, change) in [(&self.calls, change.calls), (&self.webhooks, change.webhooks), (&self.storage.rules, change.storage)] {
            if let Some(change) = change {
                rules.replace(change.unwrap_or_default());
            }
        }
        replace(&mut set.livekit_clock_s, change.livekit_clock_s.map(Option::unwrap_or_default));
        replace(&mut set.token_clock_s, change.token_clock_s.map(Option::unwrap_or_default));
        if let Some(seconds) = change.storage_clock_s {
            self.storage.clock_s.store(seconds.unwrap_or_default(), Relaxed);
        }
        if let Some(ms) = change.storage_rewrite_ms {
            self.storage.rewrite_ms.store(ms.unwrap_or_default(), Relaxed);
        }
        if let Some(start) = change.start {
            set.start = start;
            set.times = None;
        }
        replace(&mut set.times, change.times);
        replace(&mut set.stop, change.stop);
        replace(&mut set.lists, change.lists);
        replace(&mut set.drop_webhooks, change.drop_webhooks.map(Option::unwrap_or_default));
        replace(&mut set.delay_webhooks_ms, change.delay_webhooks_ms.map(Option::unwrap_or_default));
        replace(&mut set.duplicate_webhooks, change.duplicate_webhooks.map(Option::unwrap_or_default));
        FaultSet {
            calls: self.calls.show(),
            webhooks: self.webhooks.show(),
            storage_clock_s: self.storage.clock_s.load(Relaxed),
            storage_rewrite_ms: self.storage.rewrite_ms.load(Relaxed),
            storage: self.storage.rules.show(),
            ..set.clone()
        }
    }

    pub(crate) fn clear(&self) {
        *self.set() = FaultSet::default();
        self.clear_rules();
    }

    fn clear_rules(&self) {
        self.calls.replace(Vec::new());
        self.webhooks.replace(Vec::new());
        self.storage.clear();
    }

    /// Seconds since 1970 by LiveKit's clock, when it signs.
    pub(crate) fn livekit_now_s(&self) -> i64 {
        pace::now_s() + self.set().livekit_clock_s
    }

    /// The same when it checks a token.
    pub(crate) fn token_now_s(&self) -> i64 {
        pace::now_s() + self.set().token_clock_s
    }

    /// The fault of the start that is happening now; counts it.
    pub(crate) fn take_start(&self) -> Option<StartFault> {
        let mut set = self.set();
        let fault = set.start?;
        if let Some(times) = set.times {
            if times == 0 {
                set.start = None;
                return None;
            }
            set.times = Some(times - 1);
        }
        Some(fault)
    }

    pub(crate) fn stop(&self) -> Option<StopFault> {
        self.set().stop
    }

    pub(crate) fn lists(&self) -> Option<ListFault> {
        self.set().lists
    }

    pub(crate) fn drops(&self, event: &str) -> bool {
        self.set().drop_webhooks.iter().any(|dropped| dropped == event)
    }

    pub(crate) fn webhook_delay(&self) -> Duration {
        Duration::from_millis(self.set().delay_webhooks_ms)
    }

    /// How often each webhook is delivered.
    pub(crate) fn webhook_copies(&self) -> usize {
        if self.set().duplicate_webhooks { 2 } else { 1 }
    }
}

fn replace<T>(current: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *current = value;
    }
}
