//! LiveKit: is it there, does it take our key, is the secret right, may the key record, and do the clocks agree.

use super::Check;
use crate::http::{Incoming, Unanswered};
use crate::json;
use crate::livekit::token::VideoGrants;
use crate::livekit::{egress, room, twirp};
use crate::object;
use crate::ports::{Desk, Ports};
use crate::time::DAY;

/// No room has this name.
const NO_ROOM: &str = "livekit-storj-doctor";

/// What an answer to a call proves. LiveKit 1.9 refuses in plain text what it cannot authenticate, and in Twirp's
/// JSON what the token does not grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Taken,
    Silent,
    NotLiveKit,
    UnknownKey,
    BadToken,
    NotGranted,
    InTrouble,
}

fn verdict(result: &Result<Incoming, Unanswered>) -> Verdict {
    let Ok(answer) = result else { return Verdict::Silent };
    let text = String::from_utf8_lossy(&answer.body);
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match answer.status {
        200 if body.is_object() => Verdict::Taken,
        401 | 403 if !json::text(&body, &["code"]).is_empty() => Verdict::NotGranted,
        401 | 403 if text.contains("API key") => Verdict::UnknownKey,
        401 if text.contains("token") => Verdict::BadToken,
        _ if !json::text(&body, &["code"]).is_empty() && answer.status != 404 => Verdict::InTrouble,
        _ => Verdict::NotLiveKit,
    }
}

pub(super) async fn checks<P: Ports>(desk: &Desk<'_, P>) -> Vec<Check> {
    let (config, now) = (desk.config, desk.now());
    let Ok(request) = room::find(config, NO_ROOM, now) else { return vec![] };
    let found = verdict(&desk.ports.send(request).await);
    match found {
        Verdict::Silent => {
            return vec![Check::wrong(
                "livekit_url",
                "LiveKit does not answer at LIVEKIT_URL",
                "check LIVEKIT_URL: for LiveKit Cloud it is wss://<project>.livekit.cloud; a server of your own has to be reachable \
                 from Cloudflare",
            )];
        }
        Verdict::NotLiveKit => {
            return vec![Check::wrong(
                "livekit_url",
                "something answers at LIVEKIT_URL that is not LiveKit",
                "check LIVEKIT_URL: it is the project's address, wss://<project>.livekit.cloud, not the dashboard's",
            )];
        }
        Verdict::InTrouble => {
            return vec![Check::wrong(
                "livekit_url",
                "LiveKit answers with an error of its own",
                "see LiveKit's status page or server log",
            )];
        }
        _ => {}
    }
    let mut checks = vec![Check::fine("livekit_url", format!("LiveKit answers at {}", config.project))];
    match found {
        Verdict::UnknownKey => checks.push(Check::wrong(
            "livekit_key",
            "LiveKit does not know the API key LIVEKIT_API_KEY",
            "copy key and secret from LiveKit Cloud, Settings → Keys, of the very project that LIVEKIT_URL names",
        )),
        Verdict::BadToken if is_taken_with_another_clock(desk).await => checks.push(Check::wrong(
            "livekit_clock",
            "LiveKit takes our tokens only when they are valid a day long: its clock is wrong",
            "set the clock of the LiveKit server (NTP); Cloudflare's is right",
        )),
        Verdict::BadToken => checks.push(Check::wrong(
            "livekit_key",
            "LiveKit knows the API key, and LIVEKIT_API_SECRET is not its secret",
            "copy the secret of that key again: LiveKit Cloud, Settings → Keys; without blanks around it",
        )),
        _ => {
            let granted = match egress::list(config, NO_ROOM, now) {
                Ok(request) => verdict(&desk.ports.send(request).await),
                Err(_) => Verdict::InTrouble,
            };
            checks.push(recording(found, granted));
        }
    }
    checks
}

fn recording(rooms: Verdict, egresses: Verdict) -> Check {
    match (rooms, egresses) {
        (Verdict::Taken, Verdict::Taken) => Check::fine("livekit_key", "LiveKit takes key and secret, for rooms and for recordings"),
        (Verdict::NotGranted, _) => Check::wrong(
            "livekit_key",
            "LiveKit takes the key, and does not let it list rooms: the grant roomList is missing",
            "use an API key of the project itself, not one that was restricted",
        ),
        (_, Verdict::NotGranted) => Check::wrong(
            "livekit_key",
            "LiveKit takes the key, and does not let it record: the grant roomRecord is missing",
            "use an API key that may record: an unrestricted one of LiveKit Cloud, Settings → Keys",
        ),
        _ => Check::wrong(
            "livekit_egress",
            "LiveKit answers, and its recording service (Egress) does not",
            "LiveKit Cloud: see its status page; your own: is LiveKit Egress running and connected to the same Redis",
        ),
    }
}

/// Whether a token that is valid from yesterday to tomorrow is taken where one of a minute is not.
async fn is_taken_with_another_clock<P: Ports>(desk: &Desk<'_, P>) -> bool {
    let grants = VideoGrants { room_list: true, ..VideoGrants::default() };
    let body = object!({ "names": [NO_ROOM] });
    let now = desk.now();
    match twirp::call_valid(desk.config, "RoomService", "ListRooms", grants, &body, now.plus(-DAY), now.plus(DAY)) {
        Ok(request) => verdict(&desk.ports.send(request).await) == Verdict::Taken,
        Err(_) => false,
    }
}
