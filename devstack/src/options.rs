//! The command line: flags into [`Options`], nothing else.

use std::path::PathBuf;

/// What `--help` and a wrong flag print.
pub(crate) const USAGE: &str = "devstack: a LiveKit stand-in and an S3 server, for development and tests only

  --livekit ADDR            LiveKit listens here (127.0.0.1:7880; port 0 takes a free one)
  --s3 ADDR                 the S3 server listens here (127.0.0.1:9000)
  --no-livekit, --no-s3     leave one of them off
  --api-key K --api-secret S   a LiveKit API key; repeat the pair for more (devkey)
  --webhook-url URL         project webhook, signed with the first key; repeatable
  --webhook-events A,B,C    only these events go to the project webhook (all)
  --s3-dir DIR              objects are kept here (a temporary folder, removed at the end)
  --bucket NAME             made at the start; repeatable (recordings)
  --access-key AK, --secret-key SK   S3 key with every right
  --write-only-key AK:SK    S3 key that may only add new objects
  --writer-key AK:SK        S3 key that may add, overwrite and delete, not read or list
  --speed N                 divides LiveKit's waiting times (1)
  --with-parent             end when standard input ends";

/// A LiveKit API key with its secret.
#[derive(Clone, Debug)]
pub(crate) struct ApiKey {
    pub(crate) name: String,
    pub(crate) secret: String,
}

/// An S3 access key with its secret.
#[derive(Clone, Debug)]
pub(crate) struct S3Key {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
}

/// Everything the command line decides.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) livekit: Option<String>,
    pub(crate) s3: Option<String>,
    pub(crate) api_keys: Vec<ApiKey>,
    pub(crate) webhook_urls: Vec<String>,
    pub(crate) webhook_events: Option<Vec<String>>,
    pub(crate) s3_dir: Option<PathBuf>,
    pub(crate) buckets: Vec<String>,
    pub(crate) full_key: S3Key,
    pub(crate) write_only_key: Option<S3Key>,
    pub(crate) writer_key: Option<S3Key>,
    pub(crate) speed: f64,
    pub(crate) with_parent: bool,
    pub(crate) help: bool,
}

impl Options {
    /// Reads the flags, without the program's own name. The error is one line for a person.
    pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            livekit: Some("127.0.0.1:7880".into()),
            s3: Some("127.0.0.1:9000".into()),
            api_keys: Vec::new(),
            webhook_urls: Vec::new(),
            webhook_events: None,
            s3_dir: None,
            buckets: Vec::new(),
            full_key: S3Key { access_key: "devaccess".into(), secret_key: "devsecretdevsecretdevsecretdevsecret".into() },
            write_only_key: None,
            writer_key: None,
            speed: 1.0,
            with_parent: false,
            help: false,
        };
        let mut key_names = Vec::new();
        let mut key_secrets = Vec::new();
        let mut args = args;
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or(format!("{flag} needs a value"));
            match flag.as_str() {
                "--livekit" => options.livekit = Some(value()?),
                "--s3" => options.s3 = Some(value()?),
                "--no-livekit" => options.livekit = None,
                "--no-s3" => options.s3 = None,
                "--api-key" => key_names.push(value()?),
                "--api-secret" => key_secrets.push(value()?),
                "--webhook-url" => options.webhook_urls.push(value()?),
                "--webhook-events" => options.webhook_events = Some(comma_list(&value()?)),
                "--s3-dir" => options.s3_dir = Some(value()?.into()),
                "--bucket" => options.buckets.push(value()?),
                "--access-key" => options.full_key.access_key = value()?,
                "--secret-key" => options.full_key.secret_key = value()?,
                "--write-only-key" => options.write_only_key = Some(s3_key(&flag, &value()?)?),
                "--writer-key" => options.writer_key = Some(s3_key(&flag, &value()?)?),
                "--speed" => options.speed = speed(&value()?)?,
                "--with-parent" => options.with_parent = true,
                "--help" | "-h" => options.help = true,
                _ => return Err(format!("unknown flag {flag}; see --help")),
            }
        }
        if key_names.len() != key_secrets.len() {
            return Err("each --api-key needs its --api-secret".into());
        }
        if key_names.is_empty() {
            key_names.push("devkey".into());
            key_secrets.push("devsecret-0123456789abcdef0123456789abcdef".into());
        }
        options.api_keys = key_names.into_iter().zip(key_secrets).map(|(name, secret)| ApiKey { name, secret }).collect();
        if options.buckets.is_empty() {
            options.buckets.push("recordings".into());
        }
        Ok(options)
    }
}

fn comma_list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn s3_key(flag: &str, text: &str) -> Result<S3Key, String> {
    match text.split_once(':') {
        Some((access_key, secret_key)) if !access_key.is_empty() && !secret_key.is_empty() => {
            Ok(S3Key { access_key: access_key.into(), secret_key: secret_key.into() })
        }
        _ => Err(format!("{flag} wants ACCESS_KEY:SECRET_KEY")),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed > 0.0 => Ok(speed),
        _ => Err("--speed wants a number above 0".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parse(text: &str) -> Result<Options, String> {
        Options::parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn pairs_of_keys_stay_together() {
        let options = parse("--api-key a --api-secret 1 --api-key b --api-secret 2").ok();
        let names = options.map(|o| o.api_keys.iter().map(|k| format!("{}{}", k.name, k.secret)).collect::<Vec<_>>());
        assert_eq!(names, Some(vec!["a1".to_owned(), "b2".to_owned()]));
    }

    #[test]
    fn wrong_flags_are_told() {
        assert!(parse("--api-key a").is_err());
        assert!(parse("--speed 0").is_err());
        assert!(parse("--livekit").is_err());
        assert!(parse("--nonsense").is_err());
    }
}
