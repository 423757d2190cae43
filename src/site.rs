//! The pages: which file each address shows, and under which headers.
//!
//! In scope: the strict Content-Security-Policy, made from the configuration. Out of scope: what a page says about a
//! recording ([`crate::api::site`]), and the files themselves (`web/`), which the shell reads from the assets binding.

use crate::config::Config;

/// An address that shows a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// `/`: leads to Discover.
    Home,
    /// `/discover`
    Discover,
    /// `/live`
    Live,
    /// `/watch/{recordingId}`
    Watch(String),
    /// `/watch/live/{streamId}`
    WatchLive(String),
    /// `/setup`
    SetUp,
    /// A browser is shown this where there is nothing.
    Nowhere,
}

impl Page {
    /// The asset that it is made of. Without `.html`, for which the assets binding answers a redirect.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        match self {
            Self::Home | Self::Discover => "/pages/discover",
            Self::Live => "/pages/live",
            Self::Watch(_) | Self::WatchLive(_) => "/pages/watch",
            Self::SetUp => "/pages/setup",
            Self::Nowhere => "/pages/nowhere",
        }
    }

    /// The headers of the page, but for how long it may be kept. Without a configuration it may reach nothing but this Worker.
    #[must_use]
    pub fn headers(&self, config: Option<&Config>) -> Vec<(&'static str, String)> {
        let devices = if *self == Self::Live { "(self)" } else { "()" };
        vec![
            ("content-security-policy", self.policy(config)),
            ("permissions-policy", format!("camera={devices}, microphone={devices}, geolocation=(), payment=()")),
            ("referrer-policy", "no-referrer".to_owned()),
            ("cross-origin-opener-policy", "same-origin".to_owned()),
        ]
    }

    /// Scripts and styles from files of ours alone, pictures and video from Storj besides, and LiveKit where a page talks
    /// to it. `hls.js` reads segments by script and plays them from a `blob:`.
    fn policy(&self, config: Option<&Config>) -> String {
        let storj = config.map_or("", |c| c.bucket.endpoint.as_str());
        let watch = matches!(self, Self::Watch(_) | Self::WatchLive(_));
        let livekit = config.filter(|_| watch || *self == Self::Live).map_or_else(String::new, livekit_hosts);
        let (media, segments) = if watch { (" 'self' blob:", storj) } else { ("", "") };
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' {storj}; media-src {storj}{media}; \
             connect-src 'self' {segments}{livekit}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'"
        )
    }
}

/// A browser needs both of LiveKit's schemes: when a socket fails, it asks by https why. LiveKit Cloud hands out hosts of
/// its regions, several labels below (livekit-client 2.23, `isCloud`).
fn livekit_hosts(config: &Config) -> String {
    let (ws, http) = (&config.livekit_ws, &config.livekit_api);
    let cloud = ["livekit.cloud", "livekit.run"].into_iter().find(|domain| {
        let host = config.project.split(':').next().unwrap_or_default();
        host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
    });
    let regions = cloud.map_or_else(String::new, |domain| format!(" https://*.{domain} wss://*.{domain}"));
    format!(" {ws} {http}{regions}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn config(livekit: &str) -> Config {
        Config::read(|name| {
            let value = match name {
                "LIVEKIT_URL" => livekit,
                "STORJ_ENDPOINT" => "https://gateway.storjshare.io",
                "AUTH_JWT_SECRET" => "0123456789abcdef0123456789abcdef",
                "LIVEKIT_API_KEY" | "LIVEKIT_API_SECRET" | "STORJ_ACCESS_KEY_ID" | "STORJ_SECRET_ACCESS_KEY" | "STORJ_BUCKET" => "value",
                _ => return None,
            };
            Some(value.to_owned())
        })
        .unwrap()
    }

    /// The sources of one directive.
    fn sources(page: &Page, config: Option<&Config>, directive: &str) -> Vec<String> {
        let policy = page.policy(config);
        let mut all = policy.split(';').map(|d| d.split_whitespace().collect::<Vec<_>>());
        all.find(|words| words[0] == directive).unwrap()[1..].iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn livekit_may_be_reached_where_people_join_rooms_alone() {
        let config = config("wss://lk.example.org");
        let joins = |page: Page| sources(&page, Some(&config), "connect-src").iter().any(|source| source.contains("lk.example.org"));
        assert!(joins(Page::Live) && joins(Page::WatchLive("s".to_owned())));
        assert!(!joins(Page::Discover) && !joins(Page::SetUp) && !joins(Page::Nowhere));
        let live = sources(&Page::Live, Some(&config), "connect-src");
        assert_eq!(live, ["'self'", "wss://lk.example.org", "https://lk.example.org"]);
    }

    #[test]
    fn the_cloud_has_more_hosts_than_the_one_that_is_configured() {
        let has = |livekit: &str, source: &str| sources(&Page::Live, Some(&config(livekit)), "connect-src").iter().any(|s| s == source);
        assert!(has("wss://demo-1.livekit.cloud", "wss://*.livekit.cloud") && has("wss://demo-1.livekit.cloud", "https://*.livekit.cloud"));
        assert!(has("wss://x.livekit.run", "wss://*.livekit.run"));
        for own in ["wss://lk.example.org", "wss://evil-livekit.cloud", "ws://127.0.0.1:7880"] {
            let all = sources(&Page::Live, Some(&config(own)), "connect-src").join(" ");
            assert!(!all.contains('*'), "{own}: {all}");
        }
    }

    #[test]
    fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
        let config = config("wss://lk.example.org");
        for page in [Page::Discover, Page::Live, Page::Watch("r".to_owned()), Page::SetUp, Page::Nowhere] {
            for config in [Some(&config), None] {
                let policy = page.policy(config);
                assert!(!policy.contains("unsafe") && !policy.contains("https:;") && !policy.contains(" * "), "{policy}");
                assert_eq!(sources(&page, config, "script-src"), ["'self'"]);
                assert_eq!(sources(&page, config, "default-src"), ["'none'"]);
            }
        }
        assert_eq!(sources(&Page::Discover, Some(&config), "media-src"), ["https://gateway.storjshare.io"]);
        let watch = Page::Watch("r".to_owned());
        assert_eq!(sources(&watch, Some(&config), "media-src"), ["https://gateway.storjshare.io", "'self'", "blob:"]);
        assert!(sources(&watch, Some(&config), "connect-src").contains(&"https://gateway.storjshare.io".to_owned()));
        assert!(!sources(&Page::Live, Some(&config), "connect-src").contains(&"https://gateway.storjshare.io".to_owned()));
    }

    #[test]
    fn a_camera_belongs_to_the_live_page() {
        let permissions = |page: Page| page.headers(None).into_iter().find(|(name, _)| *name == "permissions-policy").unwrap().1;
        assert!(permissions(Page::Live).starts_with("camera=(self), microphone=(self)"));
        assert!(permissions(Page::Discover).starts_with("camera=(), microphone=()"));
    }
}
