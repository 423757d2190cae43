#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
// What is declared here is for these tests alone.
#![allow(unreachable_pub, dead_code)]

use super::*;
use crate::names::Visibility;

input! {
    /// A body of the tests.
    pub struct Sample {
        /// A room.
        "roomName" | "room_name" => room: Option<String>,
        /// A yes or no.
        "record" => record: Option<bool>,
        /// Texts.
        "attributes" => attributes: Attributes,
        /// A choice.
        "visibility" => visibility: Option<Visibility>,
        /// What may be cleared.
        "about" => about: Change<Description>,
        /// A limit.
        "limit" => limit: Limit,
    }

    /// One with a title, which must be there.
    pub struct Titled {
        /// The title.
        "title" => title: Title,
    }
}

fn read(text: &str) -> Result<Sample, Error> {
    body(&Request { body: text.as_bytes().to_vec(), ..Request::default() })
}

fn refused(text: &str) -> String {
    let error = read(text).unwrap_err();
    assert_eq!(error.status, 400, "{text}");
    error.message.to_string()
}

#[test]
fn a_body_is_an_object_of_known_fields_each_given_once() {
    assert_eq!(
        refused(r#"{"room":"a"}"#),
        "unknown field `room`, expected one of `roomName`, `room_name`, `record`, `attributes`, `visibility`, `about`, `limit`"
    );
    assert_eq!(refused(r#"{"record":true,"record":true}"#), "`record` is given twice");
    assert_eq!(refused(r#"["a",true]"#), "the body is not a JSON object");
    assert_eq!(refused(r#""a""#), "the body is not a JSON object");
    assert_eq!(refused("\r\n "), "the body is empty");
    assert!(refused(r#"{"record":true}{}"#).starts_with("the body is not JSON: trailing characters"));
}

#[test]
fn fields_are_read_by_either_name_and_refused_with_it() {
    assert_eq!(read(r#"{"room_name":"a"}"#).unwrap().room.as_deref(), Some("a"));
    assert_eq!(read(r#"{"room_name":null}"#).unwrap().room, None);
    assert_eq!(refused(r#"{"room_name":1}"#), "`room_name`: expected a string");
    assert_eq!(refused(r#"{"room_name":"a","roomName":null}"#), "`roomName` is given twice");
    assert_eq!(refused(r#"{"record":"yes"}"#), "`record`: expected true or false");
    assert_eq!(refused(r#"{"visibility":"secret"}"#), "`visibility` is one of public, private");
    assert_eq!(read(r#"{"visibility":"private"}"#).unwrap().visibility, Some(Visibility::PRIVATE));
    let missing = body::<Titled>(&Request { body: b"{}".to_vec(), ..Request::default() }).unwrap_err();
    assert_eq!(missing.message, "`title` is missing");
}

#[test]
fn attributes_are_texts_within_their_limits_and_nobody_elses() {
    let attributes = |value: &str| read(&format!(r#"{{"attributes":{value}}}"#));
    assert_eq!(attributes(r#"{"a":"b"}"#).unwrap().attributes.0.len(), 1);
    assert!(attributes("null").unwrap().attributes.0.is_empty());
    let refused = |value: &str| attributes(value).unwrap_err().message.to_string();
    assert_eq!(refused(r#"{"a":1}"#), "`attributes.a`: expected a string");
    assert_eq!(refused("[]"), "`attributes`: expected an object of strings");
    assert_eq!(refused(r#"{"role":"host"}"#), "`attributes.role` is reserved");
    assert_eq!(refused(r#"{"lk.agent":"x"}"#), "`attributes.lk.agent` is reserved");
    assert!(refused(&format!(r#"{{"a":"{}"}}"#, "b".repeat(1_024))).contains("20 entries of 1024 bytes"));
}

#[test]
fn null_clears_and_what_is_left_out_stays() {
    let about = |text: &str| read(text).unwrap().about.0.map(|about| about.0);
    assert_eq!(about("{}"), None);
    assert_eq!(about(r#"{"about":null}"#), Some(None));
    assert_eq!(about(r#"{"about":" a "}"#), Some(Some("a".to_owned())));
}

#[test]
fn a_query_is_read_as_strictly_and_an_empty_parameter_is_none() {
    let read = |text: &str| query::<Sample>(&Request { query: text.to_owned(), ..Request::default() });
    let refused = |text: &str| read(text).unwrap_err().message.to_string();
    assert_eq!(read("limit=&roomName=a+b%C3%A4").unwrap().room.as_deref(), Some("a bä"));
    assert_eq!((read("").unwrap().limit.0, read("limit=7").unwrap().limit.0), (20, 7));
    for bad in ["0", "101", "-1", "1.5", "x"] {
        assert_eq!(refused(&format!("limit={bad}")), "`limit` is a number from 1 to 100", "{bad}");
    }
    assert_eq!(refused("limit=1&limit=2"), "`limit` is given twice");
    assert_eq!(refused("page=1"), "unknown query parameter `page`");
    assert_eq!(refused("limit=%ff"), "a query parameter is not percent-encoded UTF-8");
}

#[test]
fn control_characters_are_refused_at_the_ends_too() {
    fn of<T: Field>(text: &str) -> Result<T, Error> {
        T::of("field", &Value::from(text))
    }
    for bad in ["a\n", "\ta", "a\u{85}", "\u{2028}a", "a\u{0}b", "a\u{7f}", "\u{c}", " "] {
        assert!(of::<Title>(bad).is_err(), "{bad:?}");
        assert!(of::<RoomName>(bad).is_err(), "{bad:?}");
    }
    assert_eq!(of::<Title>(" a b\u{a0}").unwrap().0, "a b");
    assert_eq!(of::<Description>("\n a\r\n\tb\n").unwrap().0.as_deref(), Some("a\r\n\tb"));
    assert!(of::<Description>(" \n").unwrap().0.is_none());
    assert!(of::<Description>("a\u{85}").is_err() && of::<Description>("\u{b}").is_err());
}
