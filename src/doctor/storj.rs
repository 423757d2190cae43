//! Storj: is the gateway there, is the bucket, and what may each of the two keys do: tried on an object of a new
//! name, which expires by itself.

use super::Check;
use super::account::loopback;
use crate::http::{Incoming, Unanswered};
use crate::ports::{Desk, Ports};
use crate::storj::key::probe_key;
use crate::storj::object::{self, PROBE};
use crate::storj::sign::{Credentials, signed, signed_bucket};

const TIMEOUT_MS: u32 = 10_000;
/// Storj takes one write a second to a key.
const BETWEEN_WRITES_MS: u32 = 1_100;

/// What a key may do, as it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Rights {
    write: bool,
    overwrite: bool,
    read: bool,
    list: bool,
    delete: bool,
}

impl Rights {
    fn told(self) -> String {
        let rights =
            [("write", self.write), ("overwrite", self.overwrite), ("read", self.read), ("list", self.list), ("delete", self.delete)];
        let those = |wanted: bool| -> Vec<&str> { rights.iter().filter(|(_, may)| *may == wanted).map(|(name, _)| *name).collect() };
        let (may, may_not) = (those(true).join(", "), those(false).join(", "));
        match (may.is_empty(), may_not.is_empty()) {
            (true, _) => format!("may not {may_not}"),
            (_, true) => format!("may {may}"),
            _ => format!("may {may}; may not {may_not}"),
        }
    }
}

/// Which variables a key is made of.
struct Names {
    check: &'static str,
    id: &'static str,
    secret: &'static str,
}

const MAIN: Names = Names { check: "storj_key", id: "STORJ_ACCESS_KEY_ID", secret: "STORJ_SECRET_ACCESS_KEY" };
const EGRESS: Names = Names { check: "storj_egress_key", id: "STORJ_EGRESS_ACCESS_KEY_ID", secret: "STORJ_EGRESS_SECRET_ACCESS_KEY" };

pub(super) async fn checks<P: Ports>(desk: &Desk<'_, P>) -> Vec<Check> {
    let config = desk.config;
    let main = try_out(desk, &config.storj, &MAIN).await;
    let reached = !matches!(&main, Err(check) if check.name != MAIN.check);
    let mut checks = vec![];
    if reached {
        checks.push(endpoint(&config.bucket.endpoint, &config.livekit_api));
    }
    checks.push(main.map_or_else(|check| check, main_key));
    if !reached {
        return checks;
    }
    if config.storj_egress.access_key_id == config.storj.access_key_id {
        checks.push(Check::advice(
            EGRESS.check,
            "LiveKit is handed the main key, which may also read",
            format!("make a second pair {} and set it as STORJ_EGRESS_…: leaked, it reads nothing", enough(config.overwrites())),
        ));
    } else {
        checks.push(
            try_out(desk, &config.storj_egress, &EGRESS).await.map_or_else(|check| check, |rights| egress_key(rights, config.overwrites())),
        );
    }
    checks
}

/// The gateway answers this Worker. LiveKit, which writes the recordings, may be elsewhere.
fn endpoint(endpoint: &str, livekit: &str) -> Check {
    const NAME: &str = "storj_endpoint";
    if loopback(endpoint) && !loopback(livekit) {
        let what = format!("STORJ_ENDPOINT is {endpoint}, which LiveKit cannot reach from where it is: every recording is lost at its end");
        return Check::wrong(NAME, what, "set STORJ_ENDPOINT to a gateway that LiveKit reaches: https://gateway.storjshare.io");
    }
    Check::fine(NAME, format!("the S3 gateway answers at {endpoint}"))
}

fn main_key(rights: Rights) -> Check {
    let told = format!("the main key {}", rights.told());
    if rights.write && rights.read && rights.list && rights.delete {
        Check::fine(MAIN.check, told)
    } else {
        Check::wrong(
            MAIN.check,
            told,
            "make S3 credentials that may read, write, list and delete in STORJ_BUCKET: without reading nothing plays, without deleting \
             nothing expires",
        )
    }
}

/// The least that LiveKit's key has to be allowed.
fn enough(overwrites: bool) -> &'static str {
    if overwrites { "that may write and delete, and not read" } else { "that may only write" }
}

/// `overwrites`: LiveKit is to write the safety copy's playlist, or pictures, again and again.
fn egress_key(rights: Rights, overwrites: bool) -> Check {
    let told = format!("the key that LiveKit is handed {}", rights.told());
    if overwrites && !rights.overwrite {
        Check::advice(
            EGRESS.check,
            told,
            "the safety copy stays off, and so do LiveKit's pictures: it writes them again and again, and on Storj that takes the delete permission. \
             Given up: what was recorded until then, when a recorder dies. Allow it to delete, or set SAFETY_COPY=off",
        )
    } else if rights.read || (rights.delete && !overwrites) {
        Check::advice(EGRESS.check, told, format!("a grant {} is enough: leaked, it does the less", enough(overwrites)))
    } else {
        Check::fine(EGRESS.check, told)
    }
}

/// Tries a key. `Err`: what is wrong with it, or with the gateway before it.
async fn try_out<P: Ports>(desk: &Desk<'_, P>, creds: &Credentials, names: &Names) -> Result<Rights, Check> {
    let (bucket, key) = (&desk.config.bucket, probe_key(&desk.ports.random(), desk.now()));
    let put = || object::probe_with(desk.config, creds, &key, desk.now());
    let ask = |method: &'static str| signed(method, bucket, creds, &key, &[], &[], Vec::new(), desk.now(), TIMEOUT_MS);
    let fault = |_| Check::wrong(names.check, "the key cannot be signed with", "check STORJ_ENDPOINT, STORJ_BUCKET and STORJ_REGION");
    let mut rights = Rights::default();

    // 1. Write it: the first answer also tells about gateway, bucket, key and clock.
    let written = desk.ports.send(put().map_err(fault)?).await;
    match status(&written) {
        200..=299 => rights.write = true,
        _ => return refused(&written, names).map(|()| rights),
    }
    // 2. Write it again.
    for _ in 0..2 {
        desk.ports.pause(BETWEEN_WRITES_MS).await;
        let again = status(&desk.ports.send(put().map_err(fault)?).await);
        rights.overwrite = (200..=299).contains(&again);
        if again != 429 {
            break;
        }
    }
    // 3. Look at it, and read it back.
    let seen = desk.ports.send(ask("HEAD").map_err(fault)?).await;
    let read = desk.ports.send(ask("GET").map_err(fault)?).await;
    rights.read = status(&seen) == 200 && matches!(&read, Ok(answer) if answer.status == 200 && answer.body == PROBE);
    // 4. List the bucket.
    let query = [("list-type", "2"), ("max-keys", "1")];
    let listed = signed_bucket("GET", bucket, creds, &query, &[], Vec::new(), desk.now(), TIMEOUT_MS).map_err(fault)?;
    rights.list = status(&desk.ports.send(listed).await) == 200;
    // 5. Delete it. What may not be deleted expires within the hour.
    rights.delete = matches!(status(&desk.ports.send(ask("DELETE").map_err(fault)?).await), 200 | 204);
    Ok(rights)
}

fn status(result: &Result<Incoming, Unanswered>) -> u16 {
    result.as_ref().map_or(0, |answer| answer.status)
}

/// Why the first write was not taken. `Ok`: the key is right and may not write.
fn refused(result: &Result<Incoming, Unanswered>, names: &Names) -> Result<(), Check> {
    let body = result.as_ref().map_or(String::new(), |answer| String::from_utf8_lossy(&answer.body).into_owned());
    let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    let (what, remedy) = match (status(result), code) {
        (0, _) => {
            return Err(Check::wrong(
                "storj_endpoint",
                "nothing answers at STORJ_ENDPOINT",
                "check STORJ_ENDPOINT: https://gateway.storjshare.io (or gateway.eu1…, gateway.us1…), without the bucket's name in it",
            ));
        }
        (_, "NoSuchBucket") => {
            return Err(Check::wrong(
                "storj_bucket",
                "the bucket STORJ_BUCKET is not there",
                "make it, or correct STORJ_BUCKET: it has to be in the very Storj project that the key is of",
            ));
        }
        (_, "RequestTimeTooSkewed") => {
            return Err(Check::wrong(
                "storj_clock",
                "the S3 gateway's clock and Cloudflare's differ by more than 15 minutes",
                "set the clock of the gateway (NTP); on Storj's own see status.storj.io",
            ));
        }
        (_, "InvalidAccessKeyId") => (
            format!("the S3 gateway does not know the access key {}", names.id),
            format!("copy {} and {} again; a revoked or expired grant is unknown too", names.id, names.secret),
        ),
        (_, "SignatureDoesNotMatch") => (
            format!("the access key is known, and {} is not its secret", names.secret),
            format!("copy {} again, without blanks around it", names.secret),
        ),
        (_, "AccessDenied") => (
            format!("the key {} may not write into STORJ_BUCKET", names.id),
            "make a grant that may write there; it must not have expired, and its project must have quota left".to_owned(),
        ),
        (500.., _) => {
            return Err(Check::wrong("storj_endpoint", "the S3 gateway is in trouble", "see status.storj.io, and ask again"));
        }
        (_, "") => {
            return Err(Check::wrong(
                "storj_endpoint",
                "something answers at STORJ_ENDPOINT that is no S3 gateway",
                "check STORJ_ENDPOINT: https://gateway.storjshare.io, without a path and without the bucket's name",
            ));
        }
        _ => (
            format!("the S3 gateway refused to write with {}", names.id),
            "see the grant and the project's quota in Storj's console".to_owned(),
        ),
    };
    Err(Check::wrong(names.check, what, remedy))
}

#[cfg(test)]
mod tests {
    use super::{Rights, egress_key, endpoint};

    #[test]
    fn a_key_that_may_not_overwrite_costs_the_safety_copy_whatever_else_it_may() {
        for read in [false, true] {
            let rights = Rights { write: true, read, ..Rights::default() };
            assert!(egress_key(rights, true).remedy.is_some_and(|remedy| remedy.contains("safety copy stays off")), "{rights:?}");
        }
    }

    #[test]
    fn a_gateway_that_only_this_machine_reaches_is_none_for_a_livekit_elsewhere() {
        assert!(!endpoint("http://127.0.0.1:9000", "https://p.livekit.cloud").ok);
        assert!(endpoint("http://127.0.0.1:9000", "http://localhost:7880").ok);
        assert!(endpoint("https://gateway.storjshare.io", "https://p.livekit.cloud").ok);
    }

    #[test]
    fn the_least_key_is_fine_and_the_advice_about_a_greater_one_leads_to_it() {
        let adds = Rights { write: true, list: true, ..Rights::default() };
        let deletes = Rights { overwrite: true, delete: true, ..adds };
        assert!(egress_key(deletes, true).remedy.is_none(), "Storj lets no other key write over what is there");
        assert!(egress_key(adds, false).remedy.is_none());
        let advice = |rights, overwrites| egress_key(rights, overwrites).remedy.unwrap_or_default();
        assert!(advice(Rights { read: true, ..deletes }, true).contains("may write and delete, and not read"));
        assert!(advice(deletes, false).contains("may only write"));
        // An S3 server that is no Storj: who may write may overwrite.
        assert!(egress_key(Rights { overwrite: true, ..adds }, true).remedy.is_none());
    }
}
