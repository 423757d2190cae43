//! Properties of object keys.

use livekit_storj::storj::key::{clean, recording_key};
use livekit_storj::time::Millis;
use proptest::prelude::*;

/// Texts that meet often: few letters, short, around the limit of length.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a /.]{0,2}", "[a.~ /_-]{0,4}", "[ab~-]{60,70}", "[a-b]{0,2}~[0-9a-f]{12}",]
}

proptest! {
    #[test]
    fn cleaning_is_injective(a in part(), b in part()) {
        prop_assert_eq!(clean(&a) == clean(&b), a == b);
        // What was cleaned is not taken for what needs no cleaning.
        prop_assert_eq!(clean(&clean(&a)) == clean(&a), !clean(&a).contains('~'));
    }

    #[test]
    fn cleaned_parts_are_plain(part in part()) {
        let cleaned = clean(&part);
        prop_assert!((1..=77).contains(&cleaned.len()));
        prop_assert!(!cleaned.starts_with('.'));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
        prop_assert!(cleaned.bytes().all(plain), "{}", cleaned);
        prop_assert_eq!(cleaned.contains('~'), cleaned != part);
        prop_assert!(cleaned.matches('~').count() <= 1);
    }

    #[test]
    fn keys_of_different_attempts_differ(
        a in (part(), part(), 0..3_i64), b in (part(), part(), 0..3_i64),
    ) {
        let key = |it: &(String, String, i64)| recording_key(&it.0, &it.1, Millis(it.2));
        prop_assert_eq!(key(&a) == key(&b), a == b);
    }
}
