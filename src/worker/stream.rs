//! A body, read chunk by chunk and never past a limit.

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader};

use super::js;

/// Why a body was not read to its end.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is longer than the limit.
    TooLong,
    /// It broke off.
    Broken,
}

impl From<JsValue> for Unread {
    fn from(_: JsValue) -> Self {
        Self::Broken
    }
}

/// The whole of a body; no body is an empty one. Of one longer than `limit`, `spill` more bytes are read
/// and thrown away: who is still sending when the connection closes never gets to read a refusal.
pub(super) async fn whole(stream: Option<ReadableStream>, limit: usize, spill: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    let Some(stream) = stream else { return Ok(body) };
    let reader = ReadableStreamDefaultReader::new(&stream)?;
    let mut length = 0;
    loop {
        let step = JsFuture::from(reader.read()).await?;
        if js::get(&step, "done").is_truthy() {
            return if length > limit { Err(Unread::TooLong) } else { Ok(body) };
        }
        let chunk: Uint8Array = js::get(&step, "value").unchecked_into();
        length += chunk.length() as usize;
        if length <= limit {
            body.extend_from_slice(&chunk.to_vec());
        } else if length > limit + spill {
            let _ = JsFuture::from(reader.cancel()).await;
            return Err(Unread::TooLong);
        }
    }
}
