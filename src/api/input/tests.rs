#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

fn read(text: &str) -> Result<Body, Error> {
    let request = Request { body: text.as_bytes().to_vec(), ..Request::default() };
    body(&request, &["roomName", "room_name", "record", "participant_attributes"])
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
        "unknown field `room`, expected one of `roomName`, `room_name`, `record`, `participant_attributes`"
    );
    assert_eq!(refused(r#"{"record":true,"record":true}"#), "`record` is given twice");
    assert_eq!(refused(r#"["a",true]"#), "the body is not a JSON object");
    assert_eq!(refused(r#""a""#), "the body is not a JSON object");
    assert_eq!(refused("\r\n "), "the body is empty");
    assert!(refused(r#"{"record":true}{}"#).starts_with("the body is not JSON: trailing characters"));
}

#[test]
fn fields_are_read_by_either_name_and_refused_with_it() {
    let names = ["roomName", "room_name"];
    assert_eq!(read(r#"{"room_name":"a"}"#).unwrap().text(&names), Ok(Some("a".to_owned())));
    assert_eq!(read(r#"{"room_name":null}"#).unwrap().text(&names), Ok(None));
    let wrong = |text, names: &[&str]| read(text).unwrap().text(names).unwrap_err().message.to_string();
    assert_eq!(wrong(r#"{"room_name":1}"#, &names), "`room_name`: expected a string");
    assert_eq!(wrong(r#"{"room_name":"a","roomName":null}"#, &names), "`roomName` is given twice");
    let flags = read(r#"{"record":"yes"}"#).unwrap();
    assert_eq!(flags.flag(&["record"]).unwrap_err().message, "`record`: expected true or false");
    assert!(flags.mentions("record") && !flags.mentions("roomName"));
    let texts = |value: &str| read(&format!(r#"{{"participant_attributes":{value}}}"#)).unwrap().texts(&["participant_attributes"]);
    assert_eq!(texts(r#"{"a":"b"}"#).unwrap().len(), 1);
    assert_eq!(texts("null"), Ok(Map::new()));
    assert_eq!(texts(r#"{"a":1}"#).unwrap_err().message, "`participant_attributes.a`: expected a string");
    assert_eq!(texts("[]").unwrap_err().message, "`participant_attributes`: expected an object of strings");
}

#[test]
fn control_characters_are_refused_at_the_ends_too() {
    for bad in ["a\n", "\ta", "a\u{85}", "\u{2028}a", "a\u{0}b", "a\u{7f}", "\u{c}"] {
        assert!(title(Some(bad.to_owned())).is_err(), "{bad:?}");
        assert!(room_name(Some(bad.to_owned())).is_err(), "{bad:?}");
    }
    assert_eq!(title(Some(" a b\u{a0}".to_owned())), Ok(Some("a b".to_owned())));
    assert_eq!(description(Some("\n a\r\n\tb\n")), Ok(Some("a\r\n\tb".to_owned())));
    assert_eq!((description(None), description(Some(" \n"))), (Ok(None), Ok(None)));
    assert!(description(Some("a\u{85}")).is_err() && description(Some("\u{b}")).is_err());
}
