//! One variable at a time: trimmed, empty as unset, each fault remembered.

use super::Fault;

/// Reads variables and remembers what is wrong with them.
pub(super) struct Values<F> {
    var: F,
    faults: Vec<Fault>,
}

impl<F: Fn(&str) -> Option<String>> Values<F> {
    pub(super) const fn new(var: F) -> Self {
        Self { var, faults: Vec::new() }
    }

    fn text(&self, name: &str) -> Option<String> {
        (self.var)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub(super) fn fault(&mut self, name: &'static str, expected: impl Into<String>) {
        self.faults.push(Fault { name, expected: expected.into() });
    }

    pub(super) fn is_faulty(&self, name: &str) -> bool {
        self.faults.iter().any(|fault| fault.name == name)
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub(super) fn optional<T>(&mut self, name: &'static str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        if value.is_none() {
            self.fault(name, expected);
        }
        value
    }

    pub(super) fn required<T>(&mut self, name: &'static str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        if self.text(name).is_none() {
            self.fault(name, format!("{expected} (it is not set)"));
        }
        self.optional(name, expected, read)
    }

    pub(super) fn required_pair(&mut self, first: &'static str, second: &'static str) -> Option<(String, String)> {
        for name in [first, second] {
            if self.text(name).is_none() {
                self.fault(name, "it is not set");
            }
        }
        Some((self.text(first)?, self.text(second)?))
    }

    /// Two values that were read, both or neither.
    pub(super) fn both(
        &mut self,
        first: &'static str,
        a: Option<String>,
        second: &'static str,
        b: Option<String>,
    ) -> Option<(String, String)> {
        for (missing, there) in [(first, second), (second, first)] {
            if self.text(missing).is_none() && self.text(there).is_some() {
                self.fault(missing, format!("both it and {there}, or neither"));
            }
        }
        a.zip(b)
    }

    pub(super) fn optional_pair(&mut self, first: &'static str, second: &'static str) -> Option<(String, String)> {
        match (self.text(first), self.text(second)) {
            (Some(a), Some(b)) => Some((a, b)),
            (None, None) => None,
            (None, Some(_)) => {
                self.fault(first, format!("both it and {second}, or neither"));
                None
            }
            (Some(_), None) => {
                self.fault(second, format!("both it and {first}, or neither"));
                None
            }
        }
    }

    /// Comma-separated.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// Comma-separated origins, or `*`.
    pub(super) fn origins(&mut self, name: &'static str) -> Vec<String> {
        let items = self.list(name);
        let read = |item: &String| if item == "*" { Some(item.clone()) } else { http_origin(item) };
        let origins: Vec<String> = items.iter().filter_map(read).collect();
        if origins.len() != items.len() {
            self.fault(name, "origins such as https://example.com, separated by commas, or *");
        }
        origins
    }
}

/// `https://host[:port]`, lower case, without the trailing slash. No path, no user, no query: each
/// would end up in a signed URL or a header where nobody looks for it.
pub(super) fn http_origin(text: &str) -> Option<String> {
    let lower = text.trim_end_matches('/').to_ascii_lowercase();
    let host = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"))?;
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let bracketed = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    let name_fits = match bracketed {
        Some(v6) => !v6.is_empty() && v6.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
        None => !name.is_empty() && name.bytes().all(plain),
    };
    let port_fits = port.is_none_or(|p| p.parse::<u16>().is_ok_and(|n| n > 0));
    (name_fits && port_fits).then_some(lower)
}

/// A Go duration of the units that make sense for an object's life: `h`, `m`, `s`. Storj's gateway
/// reads it with Go's `time.ParseDuration`, which knows no days.
pub(super) fn go_duration_ms(text: &str) -> Option<i64> {
    let (mut rest, mut total) = (text, 0_i64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..=digits)?;
        let ms = match unit {
            "h" => crate::time::HOUR,
            "m" => crate::time::MINUTE,
            "s" => crate::time::SECOND,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(ms)?)?;
        rest = rest.get(digits + 1..)?;
    }
    (total > 0).then_some(total)
}
