//! The pages as the Worker answers them: what a link preview may tell, and to whom.

use livekit_storj::api::serve::serve;
use livekit_storj::api::{Html, Reply, Request};
use livekit_storj::config::Config;
use livekit_storj::ports::Trail;

use super::world::{World, run};

const EVIL: &str = "</title><img src=x onerror=alert(1)>\"'";

fn page(world: &World, path: &str, accept: &str) -> Reply {
    world.send_raw("GET", path, vec![("accept".to_owned(), accept.to_owned())], vec![])
}

fn html(reply: Reply) -> Html {
    reply.html.expect("a page")
}

fn recording(world: &World, id: &str, visibility: &str, status: &str) {
    let sql = "INSERT INTO assets (id, job_id, title, room_name, owner_id, part, status, visibility, object_key, bucket, endpoint, region, quality, created_at, duration_ms) \
               VALUES (?1, ?1, ?2, 'r', 'alice', 1, ?3, ?4, 'k', 'b', 'e', 'x', '1080p', 1795390100000, 62000)";
    world.db.execute(sql, [id, EVIL, status, visibility]).unwrap();
}

#[test]
fn a_public_recording_is_previewed_and_what_was_typed_stays_text() {
    let world = World::new();
    recording(&world, "open", "public", "ready");
    let html = html(page(&world, "/watch/open", "*/*"));
    assert!(html.title.starts_with("&lt;/title&gt;"), "{}", html.title);
    assert!(html.head.contains("<meta property=\"og:url\" content=\"https://rec.example/watch/open\">"), "{}", html.head);
    assert!(html.head.contains("VideoObject") && html.head.contains("1:02"), "{}", html.head);
    assert!(!html.head.contains("<img") && !html.title.contains('<'), "{}", html.head);
}

#[test]
fn a_preview_shows_the_picture_of_what_it_is_of() {
    let world = World::new();
    recording(&world, "open", "public", "ready");
    let head = |id: &str| html(page(&world, &format!("/watch/{id}"), "*/*")).head;
    assert!(!head("open").contains("og:image"), "there is none");
    world.db.execute("UPDATE assets SET thumbnail_key = 'thumbnails/alice/open_17.jpg'", []).unwrap();
    let address = "https://rec.example/api/recordings/open/thumbnail?v=17";
    let told = head("open");
    assert!(told.contains(&format!("<meta property=\"og:image\" content=\"{address}\">")), "{told}");
    assert!(told.contains(&format!("\"thumbnailUrl\":\"{address}\"")), "{told}");
}

#[test]
fn a_private_recording_has_the_page_of_one_that_never_was() {
    let world = World::new();
    recording(&world, "mine", "private", "ready");
    recording(&world, "gone", "public", "deleting");
    let told = |id: &str| {
        let reply = page(&world, &format!("/watch/{id}"), "text/html");
        let (status, headers) = (reply.status, reply.headers.clone());
        let html = html(reply);
        (status, headers, html.title, html.head)
    };
    assert_eq!(told("mine"), told("never"));
    assert_eq!(told("gone"), told("never"));
}

#[test]
fn a_stream_is_previewed_while_it_is_live_and_public() {
    let world = World::new();
    for (id, visibility, status) in [("s1", "public", "live"), ("s2", "private", "live"), ("s3", "public", "ended")] {
        let sql = "INSERT INTO live_streams (id, title, room_name, owner_id, visibility, status, record, quality, created_at, ended_at) \
                   VALUES (?1, 'A talk', ?1, 'alice', ?2, ?3, 0, '1080p', 1, 1)";
        world.db.execute(sql, [id, visibility, status]).unwrap();
    }
    let previewed = |id: &str| html(page(&world, &format!("/watch/live/{id}"), "*/*")).head.contains("og:title");
    assert_eq!(["s1", "s2", "s3", "s4"].map(previewed), [true, false, false, false]);
}

#[test]
fn a_lost_browser_gets_a_page_and_a_program_gets_json() {
    let world = World::new();
    let lost = page(&world, "/nowhere", "text/html,application/xhtml+xml");
    assert_eq!((lost.status, html(lost).file), (404, "/pages/nowhere"));
    assert!(page(&world, "/nowhere", "application/json").html.is_none());
    let api = page(&world, "/api/nowhere", "text/html");
    assert!(api.status == 404 && api.html.is_none(), "the API speaks JSON to everybody");
    assert!(world.send_raw("POST", "/nowhere", vec![("accept".to_owned(), "text/html".to_owned())], vec![]).html.is_none());
    let home = page(&world, "/", "text/html");
    assert!(home.status == 302 && home.headers.contains(&("location", "/discover".to_owned())));
}

#[test]
fn the_pages_are_there_before_anything_is_configured() {
    let world = World::new();
    let request = Request { method: "GET".to_owned(), path: "/setup".to_owned(), ..Request::default() };
    let reply = run(serve(&world, &Err(Config::read(|_| None).unwrap_err()), &Trail::default(), "test", &request));
    assert_eq!(reply.status, 200);
    assert_eq!(html(reply).head, "<meta name=\"settings\">");
}

/// Access's assertions are signed with keys that only WebCrypto reads; who asks is found by the same rules for any token.
#[test]
fn behind_access_a_page_names_who_asks_and_is_kept_by_nobody() {
    let jwks = ("AUTH_JWKS_URL", "https://team.cloudflareaccess.com/cdn-cgi/access/certs");
    let team = [jwks, ("AUTH_ISSUER", "https://team.cloudflareaccess.com"), ("AUTH_AUDIENCE", "tag")];
    let told = |vars: &[(&str, &str)], token: fn(&World) -> String| {
        let world = World::with(vars);
        let reply = world.send_raw("GET", "/live", vec![("cf-access-jwt-assertion".to_owned(), token(&world))], vec![]);
        let kept = reply.headers.iter().find(|(name, _)| *name == "cache-control").unwrap().1.clone();
        (reply.status, html(reply).head.contains(" data-user=\"&quot;&gt;&lt;b&gt;\""), kept)
    };
    let evil = |world: &World| world.token("\"><b>");
    assert_eq!(told(&team, evil), (200, true, "no-store".to_owned()));
    assert_eq!(told(&team, |_| "garbage".to_owned()), (200, false, "no-cache".to_owned()));
    assert_eq!(told(&[], evil), (200, false, "no-cache".to_owned()), "without keys there is no Access");
    let signs_in = [&team[..], &[("SIGN_IN_URL", "https://sign-in.example/")]].concat();
    assert_eq!(told(&signs_in, evil), (200, false, "no-cache".to_owned()), "people sign in elsewhere");
}

#[test]
fn a_database_that_is_silent_costs_the_preview_and_not_the_page() {
    let world = World::new();
    recording(&world, "open", "public", "ready");
    world.fail_batch.set(Some(0));
    let reply = page(&world, "/watch/open", "*/*");
    assert_eq!(reply.status, 200);
    assert!(!html(reply).head.contains("og:title"));
}
