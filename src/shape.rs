//! Answers as JSON, declared so that their schema is made of them. Derived writers would do the same and take 6 kB gzip more.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// What can be told as JSON.
pub trait ToJson {
    /// As it is told.
    fn to_json(&self) -> Value;
}

/// Declares what an answer is: structs, each member with its name in JSON. `openapi.json` has their schema.
#[macro_export]
macro_rules! shape {
    ($(
        $(#[$about:meta])*
        pub struct $kind:ident $(<$life:lifetime>)? { $($(#[$of:meta])* $name:literal => $seen:vis $member:ident: $type:ty,)* }
    )*) => {$(
        #[derive(Debug, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        $(#[$about])*
        pub struct $kind $(<$life>)? { $($(#[$of])* #[schemars(rename = $name)] $seen $member: $type,)* }

        impl $(<$life>)? $crate::shape::ToJson for $kind $(<$life>)? {
            #[inline(never)]
            fn to_json(&self) -> serde_json::Value {
                $crate::object!({ $($name: self.$member,)* })
            }
        }
    )*};
}

/// An object of these members: what serde_json's `json!` makes of one, of a third of the code. That one is written out in
/// place for each member, with a way out for a panic. An object within is an `object!` of its own.
#[macro_export]
macro_rules! object {
    ({ $($name:literal : $value:expr),* $(,)? }) => {{
        let mut members = serde_json::Map::new();
        $($crate::shape::put(&mut members, $name, &$value);)*
        serde_json::Value::Object(members)
    }};
}

/// For [`object!`].
#[inline(never)]
pub fn put(members: &mut Map<String, Value>, name: &str, value: &dyn ToJson) {
    members.insert(name.to_owned(), value.to_json());
}

#[inline(never)]
fn add(list: &mut Vec<Value>, one: &dyn ToJson) {
    list.push(one.to_json());
}

macro_rules! plain {
    ($($kind:ty),*) => {$(
        impl ToJson for $kind {
            fn to_json(&self) -> Value {
                Value::from(self.clone())
            }
        }
    )*};
}

plain!(bool, i32, i64, u64, usize, f64, String, &str, Value, Cow<'_, str>);

impl<T: ToJson> ToJson for &T {
    fn to_json(&self) -> Value {
        (**self).to_json()
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, ToJson::to_json)
    }
}

impl<T: ToJson> ToJson for &[T] {
    fn to_json(&self) -> Value {
        let mut list = Vec::new();
        for one in *self {
            add(&mut list, one);
        }
        Value::Array(list)
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Value {
        self.as_slice().to_json()
    }
}

impl<T: ToJson, const N: usize> ToJson for [T; N] {
    fn to_json(&self) -> Value {
        self.as_slice().to_json()
    }
}
