//! As much of XML as S3's answers need: the text of elements that have no children, and the reverse.

/// The text of the first `<name>`; `None` where there is none, or it does not end.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    elements(xml, name).next()
}

/// What stands between each `<name>` and its `</name>`, in order.
pub(super) fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(open.as_str())?;
        let (inner, next) = after.split_once(close.as_str())?;
        rest = next;
        Some(inner)
    })
}

/// The characters that XML has names for. `&amp;` comes last when reading and first when writing.
const NAMED: [(&str, &str); 7] =
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")];

/// An element's text as it is meant.
pub(super) fn unescape(text: &str) -> String {
    NAMED.iter().fold(text.to_owned(), |text, (named, meant)| text.replace(named, meant))
}

/// A text as it is written.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
