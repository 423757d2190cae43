//! The pages as they are answered: what the Worker writes into a file of `web/` before a browser gets it.
//!
//! That is the operator's settings that a page has to know, and for a public recording or stream what chat programs and
//! search engines read. Whatever a person typed is escaped here, once.

use serde_json::Value;

use super::{Html, Reply, Request, caller, thumbnail};
use crate::auth::caller::Caller;
use crate::batch;
use crate::config::Config;
use crate::ports::{Desk, Ports, Trail};
use crate::site::Page;
use crate::store::thumbnails::Of;
use crate::store::{Statement, previews, read};
use crate::time::Millis;

/// A page. What the database does not tell is left out: the page asks again by itself. So is who asks, if that cannot be
/// told: whoever is behind an assertion that does not count may still see what everybody may.
pub async fn show<P: Ports>(ports: &P, config: Option<&Config>, trail: &Trail, page: &Page, request: &Request) -> Reply {
    if *page == Page::Home {
        return Reply { status: 302, headers: vec![("location", "/discover".to_owned())], ..Reply::default() };
    }
    let preview = match page {
        Page::Watch(id) => preview(ports, previews::recording(id)).await,
        Page::WatchLive(id) => preview(ports, previews::stream(id)).await,
        _ => None,
    };
    let caller = match (config, request.header(caller::ASSERTION)) {
        (Some(config), Some(assertion)) if is_behind_access(config) => {
            // Access's cookie is not for scripts to read: who is signed in by it, a page knows from here alone.
            caller::by_token(&Desk { ports, config, trail }, assertion).await.ok()
        }
        _ => None,
    };
    let mut head = settings(config, caller.as_ref());
    let mut title = String::new();
    if let Some(preview) = &preview {
        let origin = config.and_then(|c| c.public_url.as_deref()).unwrap_or(&request.origin);
        let of = match page {
            Page::WatchLive(id) => Some(Of::Stream(id)),
            Page::Watch(id) => Some(Of::Recording(id)),
            _ => None,
        };
        let picture = config.zip(of).zip(preview.thumbnail_key.as_deref());
        // What is previewed is public, so its picture needs no signature and its address stays the same.
        let picture = picture.map(|((config, of), key)| thumbnail::address(config, origin, of, "public", key, ports.now()));
        preview.write(&mut head, &format!("{origin}{}", request.path), picture.as_deref());
        title = escape(&preview.title) + " · ";
    }
    let mut headers = page.headers(config);
    if caller.is_none() {
        // Asked for again each time: the policy may change when the file does not. With somebody's name in it, a page is
        // not kept at all.
        headers.push(("cache-control", "no-cache".to_owned()));
    }
    Reply {
        status: if *page == Page::Nowhere { 404 } else { 200 },
        headers,
        html: Some(Html { file: page.file(), title, head }),
        ..Reply::default()
    }
}

async fn preview<P: Ports>(ports: &P, statement: Statement) -> Option<Preview> {
    let results = ports.batch(batch![statement]).await.ok()?;
    let row: Value = read(&results, 0).ok()?.into_iter().next()?;
    let created_at = Millis(row.get("created_at")?.as_i64()?);
    let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Preview {
        title: text("title")?,
        created_at,
        duration_ms: row.get("duration_ms").and_then(Value::as_i64),
        thumbnail_key: text("thumbnail_key"),
    })
}

/// Whether somebody else signs people in before they get here: Cloudflare Access, mostly.
const fn is_behind_access(config: &Config) -> bool {
    config.sign_in_url.is_none() && config.auth_jwks_url.is_some()
}

/// What the pages have to know of the configuration and of who asks, as `data-` attributes. Nothing of it is secret.
fn settings(config: Option<&Config>, caller: Option<&Caller>) -> String {
    let mut meta = "<meta name=\"settings\"".to_owned();
    let mut say = |name: &str, value: &str| {
        for part in [" data-", name, "=\"", &escape(value), "\""] {
            meta.push_str(part);
        }
    };
    if let Some(config) = config {
        say("quality", config.default_quality.name());
        say("visibility", config.default_visibility.name());
        if let Some(url) = &config.sign_in_url {
            say("sign-in-url", url);
        } else if is_behind_access(config) {
            say("access", "");
        }
        if let Some(Caller::User { id, name, .. }) = caller {
            say("user", id);
            if let Some(name) = name {
                say("name", name);
            }
        }
        if config.anonymous_viewers {
            say("anonymous-viewers", "");
        }
    }
    meta + ">"
}

/// What is told about a public recording or a public live stream where its link is pasted.
struct Preview {
    title: String,
    created_at: Millis,
    /// Of a recording.
    duration_ms: Option<i64>,
    /// If there is a picture of it.
    thumbnail_key: Option<String>,
}

impl Preview {
    /// Open Graph (ogp.me) and, of a recording, schema.org's `VideoObject`.
    fn write(&self, head: &mut String, url: &str, picture: Option<&str>) {
        let date = self.created_at.iso();
        let description = match self.duration_ms {
            Some(ms) => format!("{} · {}", clock(ms), date.get(..10).unwrap_or_default()),
            None => "Live".to_owned(),
        };
        let kind = if self.duration_ms.is_some() { "video.other" } else { "website" };
        let mut tags = vec![("type", kind), ("title", &*self.title), ("description", &*description), ("url", url)];
        tags.extend(picture.map(|picture| ("image", picture)));
        for (name, value) in tags {
            for part in ["<meta property=\"og:", name, "\" content=\"", &escape(value), "\">"] {
                head.push_str(part);
            }
        }
        let Some(ms) = self.duration_ms else { return };
        head.push_str("<script type=\"application/ld+json\">{\"@context\":\"https://schema.org\",\"@type\":\"VideoObject\"");
        let duration = format!("PT{}S", ms / 1_000);
        let mut members =
            vec![("name", &*self.title), ("description", &*description), ("uploadDate", &*date), ("duration", &*duration), ("url", url)];
        members.extend(picture.map(|picture| ("thumbnailUrl", picture)));
        for (name, value) in members {
            for part in [",\"", name, "\":", &data(value)] {
                head.push_str(part);
            }
        }
        head.push_str("}</script>");
    }
}

/// `1:02:03`, or `2:03` below an hour.
fn clock(ms: i64) -> String {
    let seconds = ms / 1_000;
    let (hours, rest) = (seconds / 3_600, format!("{:02}", seconds % 60));
    let minutes = seconds / 60 % 60;
    if hours > 0 { format!("{hours}:{minutes:02}:{rest}") } else { format!("{minutes}:{rest}") }
}

/// Text inside an element or a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text as JSON in a data block, which nothing but `</script` or `<!--` could leave.
fn data(text: &str) -> String {
    crate::json::write(&Value::from(text)).replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_title_never_leaves_its_place() {
        let title = "</title><!--\"><script>alert(1)</script>'&";
        let preview = Preview { title: title.to_owned(), created_at: Millis(0), duration_ms: Some(62_000), thumbnail_key: None };
        let mut head = String::new();
        preview.write(&mut head, "https://rec.example/watch/r", Some("https://rec.example/p?v=1&w=2"));
        let (tags, json) = head.split_once("<script type=\"application/ld+json\">").unwrap();
        assert!(!tags.contains("<script") && !tags.contains("<!--") && !tags.contains("</title"), "{tags}");
        assert!(tags.contains("og:title\" content=\"&lt;/title&gt;&lt;!--&quot;&gt;"), "{tags}");
        assert!(tags.contains("og:image\" content=\"https://rec.example/p?v=1&amp;w=2\">"), "{tags}");
        let json = json.strip_suffix("</script>").unwrap();
        assert!(!json.contains('<'), "{json}");
        let video: Value = serde_json::from_str(json).unwrap();
        assert_eq!((&video["name"], &video["duration"]), (&json!(title), &json!("PT62S")));
        assert_eq!(video["thumbnailUrl"], json!("https://rec.example/p?v=1&w=2"));
    }

    #[test]
    fn lengths_read_as_on_a_player() {
        for (ms, text) in [(0, "0:00"), (59_999, "0:59"), (62_000, "1:02"), (3_600_000, "1:00:00"), (36_061_000, "10:01:01")] {
            assert_eq!(clock(ms), text);
        }
    }
}
