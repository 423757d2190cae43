//! Looking at the safety copy: which segments of a recording lie in the bucket.

use super::verdict::Copy;
use crate::error::Error;
use crate::hls::Reel;
use crate::ports::{Desk, Ports};
use crate::storj::key::{INDEX, folder_of, segment_number};
use crate::storj::sign::Bucket;
use crate::storj::{folder, object};

/// A page is 1,000 segments, 1 h 40 min: 25 h. A step may cost as many calls, see [`super::sweep`].
const MOST_PAGES: usize = 15;

/// Lists the folder beside a recording's key, and asks LiveKit's playlist how long each segment is.
pub(super) async fn look<P: Ports>(desk: &Desk<'_, P>, bucket: &Bucket, object_key: &str) -> Result<Copy, Error> {
    let prefix = folder_of(object_key);
    let (mut listed, mut token) = (vec![], None);
    for _ in 0..MOST_PAGES {
        let request = folder::list(desk.config, bucket, &prefix, token.as_deref(), desk.now()).map_err(|_| Error::internal())?;
        let Ok(page) = folder::listed(&desk.ports.send(request).await, &prefix) else {
            desk.trail.decided("the bucket's list of segments did not come");
            return Ok(Copy::Unclear);
        };
        let segments =
            page.objects.iter().filter_map(|(key, size)| Some((segment_number(key.strip_prefix(&prefix)?)?, i64::try_from(*size).ok()?)));
        listed.extend(segments);
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    if listed.is_empty() {
        return Ok(Copy::Nothing);
    }
    let request = object::whole(desk.config, bucket, &format!("{prefix}{INDEX}"), desk.now()).map_err(|_| Error::internal())?;
    let index = match &desk.ports.send(request).await {
        Ok(answer) if answer.status == 200 => String::from_utf8_lossy(&answer.body).into_owned(),
        // Without it each segment is taken to be as long as it was asked for.
        answer if object::confirms_absence(answer) => String::new(),
        _ => {
            desk.trail.decided("the segments' playlist did not come");
            return Ok(Copy::Unclear);
        }
    };
    Ok(Reel::of(&index, &listed).map_or(Copy::Nothing, Copy::Holds))
}
