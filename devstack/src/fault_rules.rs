//! Rules of what goes wrong: which requests, how many of them, and how.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// One rule; the first that fits a request is used. Without any effect it lets pass what a later rule would spoil.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rule {
    /// Words that must all occur in what a request is called, such as `PUT /recordings/a/s_00001.ts`. None: every request.
    on: String,
    /// How many are let through first.
    skip: u32,
    /// How many it concerns; `null` is all of them.
    times: Option<u32>,
    /// Waits so long, in real milliseconds, before anything else.
    pub(crate) delay_ms: u64,
    /// Answers this; `null` answers as usual.
    pub(crate) status: Option<u16>,
    /// The error's code in that answer; empty: the usual one.
    pub(crate) code: String,
    /// Calls: how that answer is written.
    pub(crate) form: Form,
    /// The connection ends without an answer.
    pub(crate) cut: bool,
    /// It is done all the same, before the answer is spoilt.
    pub(crate) acts: bool,
    /// Calls: it is done all the same, so many real milliseconds after the answer.
    pub(crate) acts_late_ms: Option<u64>,
    /// Objects: only so many bytes of what is written are kept.
    pub(crate) keep_bytes: Option<u64>,
    /// Webhooks: never sent.
    pub(crate) lose: bool,
    /// Webhooks: sent so many times more.
    pub(crate) repeat: usize,
    /// Webhooks: sent so many real milliseconds later, while later ones pass by.
    pub(crate) late_ms: Option<u64>,
}

/// How a refusal is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// As Twirp does.
    #[default]
    Json,
    /// Plain text that repeats the token, as LiveKit does before Twirp sees a call.
    Plain,
    /// A proxy's page.
    Html,
}

impl Rule {
    /// Whether the answer is another one than usual.
    pub(crate) fn spoils(&self) -> bool {
        self.cut || self.status.is_some()
    }

    fn fits(&self, request: &str) -> bool {
        self.times != Some(0) && self.on.split_whitespace().all(|word| request.contains(word))
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    rules: Mutex<Vec<Rule>>,
}

impl RuleSet {
    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn replace(&self, rules: Vec<Rule>) {
        *self.rules() = rules;
    }

    /// With what is left of their counts.
    pub(crate) fn show(&self) -> Vec<Rule> {
        self.rules().clone()
    }

    /// The rule for a request that happens now; counts it.
    pub(crate) fn take(&self, request: &str) -> Option<Rule> {
        for rule in self.rules().iter_mut().filter(|rule| rule.fits(request)) {
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.times = rule.times.map(|times| times - 1);
            return Some(rule.clone());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Rule, RuleSet};

    #[test]
    fn a_rule_skips_then_counts_then_is_spent() {
        let rules = RuleSet::default();
        let rule = Rule { on: "PUT .ts".into(), skip: 1, times: Some(2), ..Default::default() };
        rules.replace(vec![rule, Rule { on: "GET".into(), ..Default::default() }]);
        let asked = ["PUT /a.mp4", "PUT /a.ts", "PUT /b.ts", "PUT /c.ts", "PUT /d.ts", "GET /d.ts", "GET /"];
        let taken = asked.map(|request| rules.take(request).is_some());
        assert_eq!(taken, [false, false, true, true, false, true, true]);
    }
}
