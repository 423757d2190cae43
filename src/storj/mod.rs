//! Storj's side as plain data: object names, signatures, and requests to its S3 gateway. No I/O.

mod canonical;
pub mod copy;
pub mod folder;
pub mod key;
pub mod multipart;
pub mod object;
pub mod removal;
pub mod sign;
pub mod sigv4;
pub mod trouble;
pub mod url;
mod xml;
