//! The pages as they are answered: what the Worker writes into a file of `web/` before a browser gets it.
//!
//! That is the operator's settings that a page has to know, and for a public recording or stream what chat programs and
//! search engines read. Whatever a person typed is escaped here, once.

use serde_json::{Value, json};

use super::{Html, Reply, Request};
use crate::config::Config;
use crate::ports::Ports;
use crate::site::Page;
use crate::store::lists::{self, Recording};
use crate::store::streams::{self, Stream};
use crate::store::{Statement, read, row::FromRow};
use crate::time::Millis;

/// A page. What the database does not tell is left out: the page asks again by itself.
pub async fn show<P: Ports>(ports: &P, config: Option<&Config>, page: &Page, request: &Request) -> Reply {
    if *page == Page::Home {
        return Reply { status: 302, headers: vec![("location", "/discover".to_owned())], ..Reply::default() };
    }
    let preview = match page {
        Page::Watch(id) => first::<_, Recording>(ports, lists::recording(id)).await.and_then(|row| recording(&row)),
        Page::WatchLive(id) => first::<_, Stream>(ports, streams::by_id(id)).await.and_then(|row| stream(&row)),
        _ => None,
    };
    let mut head = settings(config);
    if let Some(preview) = &preview {
        let origin = config.and_then(|c| c.public_url.as_deref()).unwrap_or(&request.origin);
        preview.write(&mut head, &format!("{origin}{}", request.path));
    }
    Reply {
        status: if *page == Page::Nowhere { 404 } else { 200 },
        headers: page.headers(config),
        html: Some(Html { file: page.file(), title: preview.map_or_else(String::new, |p| format!("{} · ", escape(&p.title))), head }),
        ..Reply::default()
    }
}

async fn first<P: Ports, T: FromRow>(ports: &P, statement: Statement) -> Option<T> {
    let results = ports.batch(vec![statement]).await.ok()?;
    read(&results, 0).ok()?.into_iter().next()
}

/// What the pages have to know of the configuration. Nothing of it is secret.
fn settings(config: Option<&Config>) -> String {
    let told = json!({
        "configured": config.is_some(),
        "signInUrl": config.and_then(|c| c.sign_in_url.as_deref()),
        // Somebody else's sign-in page, or Cloudflare Access before this Worker.
        "access": config.is_some_and(|c| c.auth_jwks_url.is_some() && c.sign_in_url.is_none()),
        "anonymousViewers": config.is_some_and(|c| c.anonymous_viewers),
        "quality": config.map(|c| c.default_quality.name()),
        "visibility": config.map(|c| c.default_visibility.name()),
    });
    format!("<meta name=\"settings\" content=\"{}\">", escape(&crate::json::write(&told)))
}

/// What is told about a public recording or stream where its link is pasted.
struct Preview {
    title: String,
    created_at: Millis,
    duration_ms: Option<i64>,
    live: bool,
}

fn recording(row: &Recording) -> Option<Preview> {
    let shown = row.visibility == "public" && row.status == "ready";
    shown.then(|| Preview { title: row.title.clone(), created_at: row.created_at, duration_ms: row.duration_ms, live: false })
}

fn stream(row: &Stream) -> Option<Preview> {
    (row.visibility == "public" && row.status == "live").then(|| Preview {
        title: row.title.clone(),
        created_at: row.created_at,
        duration_ms: None,
        live: true,
    })
}

impl Preview {
    /// Open Graph (ogp.me) and, of a recording, schema.org's `VideoObject`.
    fn write(&self, head: &mut String, url: &str) {
        let date = self.created_at.iso();
        let description = match (self.live, self.duration_ms) {
            (true, _) => "Live".to_owned(),
            (false, ms) => format!("{} · {}", clock(ms.unwrap_or(0)), date.get(..10).unwrap_or_default()),
        };
        for (name, value) in [
            ("og:type", if self.live { "website" } else { "video.other" }),
            ("og:title", &self.title),
            ("og:description", &description),
            ("og:url", url),
        ] {
            head.push_str(&format!("<meta property=\"{name}\" content=\"{}\">", escape(value)));
        }
        if !self.live {
            let video = json!({
                "@context": "https://schema.org",
                "@type": "VideoObject",
                "name": self.title,
                "description": description,
                "uploadDate": date,
                "duration": self.duration_ms.map(|ms| format!("PT{}S", ms / 1_000)),
                "url": url,
            });
            head.push_str(&format!("<script type=\"application/ld+json\">{}</script>", data(&video)));
        }
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

/// JSON in a data block, which nothing but `</script` or `<!--` could leave.
fn data(value: &Value) -> String {
    crate::json::write(value).replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_title_never_leaves_its_place() {
        let title = "</title><!--\"><script>alert(1)</script>'&";
        let preview = Preview { title: title.to_owned(), created_at: Millis(0), duration_ms: Some(62_000), live: false };
        let mut head = String::new();
        preview.write(&mut head, "https://rec.example/watch/r");
        let (tags, json) = head.split_once("<script type=\"application/ld+json\">").unwrap();
        assert!(!tags.contains("<script") && !tags.contains("<!--") && !tags.contains("</title"), "{tags}");
        assert!(tags.contains("og:title\" content=\"&lt;/title&gt;&lt;!--&quot;&gt;"), "{tags}");
        let json = json.strip_suffix("</script>").unwrap();
        assert!(!json.contains('<'), "{json}");
        let video: Value = serde_json::from_str(json).unwrap();
        assert_eq!((&video["name"], &video["duration"]), (&json!(title), &json!("PT62S")));
    }

    #[test]
    fn lengths_read_as_on_a_player() {
        for (ms, text) in [(0, "0:00"), (59_999, "0:59"), (62_000, "1:02"), (3_600_000, "1:00:00"), (36_061_000, "10:01:01")] {
            assert_eq!(clock(ms), text);
        }
    }
}
