//! What the Worker itself noted: webhooks that came and those it refused, the schedule, keys that are still in use,
//! and what it could not tell.

use super::Check;
use crate::config::Config;
use crate::livekit::signature::Refused;
use crate::ports::{Desk, Ports};
use crate::store::doctor::{self, Beat, Noted, Refusal};
use crate::store::schedule;
use crate::storj::object::proof_id;
use crate::time::{DAY, HOUR, MINUTE, Millis};

/// As `/healthz` has it.
const SCHEDULE_LATE_MS: i64 = 5 * MINUTE;

/// Whether an address is of the very machine that calls it.
pub(super) fn loopback(url: &str) -> bool {
    ["//127.", "//localhost", "//[::1]"].iter().any(|host| url.contains(host))
}

/// Whether LiveKit can reach this Worker.
pub(super) fn public_url(config: &Config, worker: &str) -> Check {
    const NAME: &str = "public_url";
    let remedy = format!("set PUBLIC_URL to the address where LiveKit reaches this Worker, such as {worker}");
    match &config.public_url {
        None => Check::wrong(NAME, "PUBLIC_URL is not set: recordings that the schedule starts cannot tell how they went", remedy),
        Some(url) if loopback(url) && !loopback(&config.livekit_api) => {
            Check::wrong(NAME, format!("PUBLIC_URL is {url}, which LiveKit cannot reach from where it is"), remedy)
        }
        Some(url) if url.starts_with("http://") && !loopback(url) => {
            Check::advice(NAME, format!("PUBLIC_URL is {url}: webhooks come in clear"), "use https://")
        }
        Some(url) => Check::fine(NAME, format!("LiveKit is told to send webhooks to {url}/livekit-webhook")),
    }
}

pub(super) async fn checks<P: Ports>(desk: &Desk<'_, P>) -> Vec<Check> {
    let (config, now) = (desk.config, desk.now());
    let storage = proof_id(&config.bucket, &config.storj_egress);
    let statements =
        vec![schedule::health(), doctor::refusals(now.plus(-DAY), 10), doctor::noted(&storage, now.plus(7 * DAY)), doctor::beats()];
    let Ok(results) = desk.batch(statements).await else { return vec![] };
    let health: Option<schedule::Health> = desk.rows(&results, 0).unwrap_or_default().into_iter().next();
    let refusals: Vec<Refusal> = desk.rows(&results, 1).unwrap_or_default();
    let noted: Option<Noted> = desk.rows(&results, 2).unwrap_or_default().into_iter().next();
    let beats: Vec<Beat> = desk.rows(&results, 3).unwrap_or_default();
    let (Some(health), Some(noted)) = (health, noted) else { return vec![] };
    let beat = |name: &str| beats.iter().find(|beat| beat.name == name);

    let mut checks = vec![webhooks_seen(config, health.webhook_at, &noted, now)];
    checks.extend(refusals.iter().map(|refusal| refused(config, refusal)));
    checks.push(schedule_runs(health.schedule_at, now));
    checks.push(storage_keys(&noted));
    checks.extend(previous_key(config, beat("previous_key").map(|beat| beat.at), now));
    checks.push(expiring(&noted));
    checks.extend(new_retention(config, &noted, now));
    checks.extend(told(config, beat("notify_delivered"), beat("notify_failed"), beat("notify_given_up")));
    checks
}

fn webhooks_seen(config: &Config, newest: Option<Millis>, noted: &Noted, now: Millis) -> Check {
    const NAME: &str = "webhooks_seen";
    let remedy = format!(
        "LiveKit Cloud, Settings → Webhooks → Add: {}/livekit-webhook, signed with the API key {}",
        config.public_url.as_deref().unwrap_or("https://<this Worker>"),
        config.livekit_key.key
    );
    match newest {
        None if noted.any_webhook_at.is_some() => Check::wrong(NAME, "a webhook sent for a try came, and none of LiveKit's ever", remedy),
        None => Check::wrong(NAME, "no webhook of LiveKit's has ever come", remedy),
        // The session was found by looking, and nothing was told of it.
        Some(at) if noted.newest_session_at.is_some_and(|began| began.since(at) > MINUTE) => {
            Check::wrong(NAME, format!("a room opened after the last webhook, {}", ago(at, now)), remedy)
        }
        Some(at) => Check::fine(NAME, format!("the last webhook came {}", ago(at, now))),
    }
}

fn refused(config: &Config, refusal: &Refusal) -> Check {
    let signer = &refusal.signer;
    let ours = &config.livekit_key.key;
    let remedy = if refusal.why == Refused::UnknownKey.to_string() {
        format!(
            "in LiveKit's webhook settings choose the API key {ours}; or {signer} is the right one, and LIVEKIT_API_KEY is to be set to it"
        )
    } else if refusal.why == Refused::BadSignature.to_string() {
        format!("LIVEKIT_API_SECRET is not the secret of {signer}: copy it again from LiveKit Cloud, Settings → Keys")
    } else if refusal.why == Refused::Expired.to_string() || refusal.why == Refused::NotYetValid.to_string() {
        "LiveKit's clock is wrong: set it (NTP); Cloudflare's is right".to_owned()
    } else if refusal.why == Refused::BodyAltered.to_string() {
        "something between LiveKit and this Worker changes the body: let it pass as it is".to_owned()
    } else {
        "LiveKit signs every webhook: somebody else calls this address, or a proxy takes the header Authorization away".to_owned()
    };
    let times = if refusal.times == 1 { "once" } else { "several times" };
    Check::wrong(
        "webhooks_refused",
        format!("webhooks signed with {signer} were refused within a day, {times} ({}): {}", refusal.times, refusal.why),
        remedy,
    )
}

fn schedule_runs(at: Option<Millis>, now: Millis) -> Check {
    const NAME: &str = "schedule";
    let remedy = "is `crons = [\"* * * * *\"]` under [triggers] in wrangler.toml, and was it deployed? Locally `npm run dev` runs it";
    match at {
        None => Check::wrong(NAME, "the schedule has never run: what webhooks do not tell is found out by nobody", remedy),
        Some(at) if now.since(at) > SCHEDULE_LATE_MS => Check::wrong(NAME, format!("the schedule ran last {}", ago(at, now)), remedy),
        Some(at) => Check::fine(NAME, format!("the schedule ran {}", ago(at, now))),
    }
}

/// A key that recordings under way were started with is not to be revoked before they have ended: LiveKit uploads with
/// the key that it was handed.
fn storage_keys(noted: &Noted) -> Check {
    const NAME: &str = "storage_key_in_use";
    match noted.with_another_key {
        0 => Check::fine(NAME, "every recording under way uploads with the present key"),
        n => Check::wrong(
            NAME,
            format!("{n} recordings under way upload with a storage key that is not the present one any more"),
            "do not revoke the former key before they have ended, or stop them first: their files would be lost",
        ),
    }
}

fn previous_key(config: &Config, used_at: Option<Millis>, now: Millis) -> Option<Check> {
    const NAME: &str = "previous_key";
    config.livekit_key_previous.as_ref()?;
    Some(match used_at.filter(|at| now.since(*at) < DAY) {
        Some(at) => Check::wrong(
            NAME,
            format!("LiveKit still signs with the previous key: last {}", ago(at, now)),
            "choose the new key in LiveKit's webhook settings, and wait a day before you revoke the old one",
        ),
        None => Check::advice(
            NAME,
            "no webhook was signed with LIVEKIT_API_KEY_PREVIOUS for a day",
            "remove it and its secret: what is not accepted cannot be abused",
        ),
    })
}

/// A value that is a typo is mended within its week, if anybody hears of it.
fn new_retention(config: &Config, noted: &Noted, now: Millis) -> Option<Check> {
    let (days, ends) = (config.retention_days?, noted.grace_ends_at.filter(|ends| *ends > now)?);
    let hours = ends.since(now) / HOUR;
    Some(Check::advice(
        "retention_days",
        format!("RETENTION_DAYS={days} is new: it deletes nothing for {} days and {} hours more", hours / 24, hours % 24),
        "is it a typo? Put back until then, it has deleted nothing; what is to stay in any case: POST /api/recordings/{id}/save",
    ))
}

fn expiring(noted: &Noted) -> Check {
    const NAME: &str = "retention";
    match noted.expiring {
        0 => Check::fine(NAME, "no recording expires within a week"),
        n => Check::advice(
            NAME,
            format!("{n}{} recordings expire within a week", if n >= doctor::MOST_COUNTED { " or more" } else { "" }),
            "what is to stay: POST /api/recordings/{id}/save, or a longer RETENTION_DAYS",
        ),
    }
}

fn told(config: &Config, delivered: Option<&Beat>, failed: Option<&Beat>, given_up: Option<&Beat>) -> Option<Check> {
    const NAME: &str = "notify";
    config.notify.as_ref()?;
    let last = [delivered, failed, given_up].into_iter().flatten().max_by_key(|beat| beat.at);
    let bad = |beat: &Beat| if beat.note == "0" { "did not answer".to_owned() } else { format!("answered {}", beat.note) };
    Some(match last {
        None => Check::fine(NAME, "nothing was to be told at NOTIFY_URL yet"),
        Some(beat) if beat.name == "notify_delivered" => Check::fine(NAME, "NOTIFY_URL took the last message"),
        Some(beat) => Check::wrong(
            NAME,
            format!("NOTIFY_URL {} to the last message", bad(beat)),
            "it has to answer 2xx within 10 s, without redirecting; messages are tried again for three days",
        ),
    })
}

fn ago(at: Millis, now: Millis) -> String {
    let minutes = now.since(at).max(0) / MINUTE;
    match minutes {
        0 => "within the last minute".to_owned(),
        1..=119 => format!("{minutes} minutes ago"),
        _ => format!("{} hours ago", minutes / 60),
    }
}
