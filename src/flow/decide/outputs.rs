//! With which outputs the next part of a recording is asked for.

use super::View;
use crate::store::egresses::Job;

/// What the bucket refused in this session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::flow) struct RefusedOutputs {
    /// A part with a picture ended because of it.
    pub picture: bool,
    /// One without a picture and with segments did.
    pub safety_copy: bool,
}

/// A part of this session ended because the bucket refused one of its outputs: LiveKit ends the whole recording then
/// (seen). Which one it was is not told, and a key that could write refuses no MP4. So the next part goes without the
/// picture, which is worth the least, and if that is refused too, without segments.
pub(in crate::flow) fn refused_outputs(view: &View, session_sid: &str) -> RefusedOutputs {
    let refused = |job: &&Job| job.session_sid == session_sid && job.error.as_deref() == Some("storage_refused");
    let any = |what: fn(&Job) -> bool| view.jobs.iter().filter(refused).any(what);
    RefusedOutputs { picture: any(|job| job.picture), safety_copy: any(|job| !job.picture && job.segments != "off") }
}
