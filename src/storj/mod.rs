//! Storj's side as plain data: object names, signatures, and requests to its S3 gateway. No I/O.

pub mod key;
pub mod object;
pub mod sign;
pub mod sigv4;
pub mod url;
