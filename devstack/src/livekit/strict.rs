//! Reads a request into one of LiveKit's message types and refuses fields that the type does not
//! have, at any depth.
//!
//! The real server drops unknown fields without a word, so that a misspelt `file_outputs` costs the
//! recording and nobody learns why. The published types drop them too; but they pass the names they
//! know to `deserialize_struct`, and that is where this deserializer looks.

use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde_json::{Error, Value};

/// Reads `value` as a `T`, with every field known to `T`.
pub(crate) fn read<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, Error> {
    T::deserialize(Strict(value))
}

#[derive(Clone, Copy)]
struct Strict<'de>(&'de Value);

impl<'de> IntoDeserializer<'de, Error> for Strict<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut sequence = SeqDeserializer::new(items.iter().map(Strict));
                let result = visitor.visit_seq(&mut sequence)?;
                sequence.end()?;
                Ok(result)
            }
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.as_str(), Strict(value)));
                let mut map = MapDeserializer::new(fields);
                let result = visitor.visit_map(&mut map)?;
                map.end()?;
                Ok(result)
            }
            scalar => scalar.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let fields = self.0.as_object();
        let unknown = fields.and_then(|fields| fields.keys().find(|field| !known.contains(&field.as_str())));
        if let Some(unknown) = unknown {
            let text = format!("unknown field \"{unknown}\" in {name}");
            return Err(Error::custom(text));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use livekit_protocol::RoomCompositeEgressRequest;
    use serde_json::json;

    #[test]
    fn both_spellings_are_known() {
        let value = json!({"room_name": "r", "fileOutputs": [{"fileType": "MP4", "s3": {
            "force_path_style": true, "metadata": {"anything": "goes"}}}]});
        let request = read::<RoomCompositeEgressRequest>(&value);
        assert_eq!(request.map(|r| r.file_outputs.len()).ok(), Some(1));
    }

    #[test]
    fn a_misspelt_field_is_refused_at_any_depth() {
        for value in
            [json!({"room_name": "r", "file_output": []}), json!({"room_name": "r", "file_outputs": [{"s3": {"secret_key": "x"}}]})]
        {
            assert!(read::<RoomCompositeEgressRequest>(&value).is_err(), "{value}");
        }
    }
}
