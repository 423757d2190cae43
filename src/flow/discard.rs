//! Deleting what is in the trash: objects by the thousand, folders page by page, uploads one by one.
//!
//! In scope: asking the bucket, and filing what it said. Out of scope: what is to go ([`crate::store::trash`]);
//! nothing is deleted here that is not on file there.

use crate::batch;
use crate::error::Error;
use crate::ports::{Desk, Ports};
use crate::store::Statement;
use crate::store::tombstones::{self, Doomed};
use crate::store::trash::{self, Item};
use crate::storj::sign::SignError;
use crate::storj::trouble::Trouble;
use crate::storj::{folder, multipart, removal};

/// What came of one request to the bucket.
#[derive(Debug, Default)]
pub struct Worked {
    /// So many rows are gone.
    pub gone: usize,
    /// The bucket did not do all of it.
    pub failed: bool,
    /// What the statement for the same batch found.
    pub next: Vec<Item>,
}

/// A deletion that somebody waits for takes at most so many requests to the bucket: its objects, its folder, an
/// upload. The schedule does the rest.
const WHILE_SOMEBODY_WAITS: usize = 5;

/// Makes recordings ones that are being deleted, and deletes them as far as the bucket does it at once. Answers the
/// ids of those that are still there.
///
/// # Errors
/// 503 when D1 does not answer.
pub async fn recordings<P: Ports>(desk: &Desk<'_, P>, doomed: &[&Doomed], why: &str) -> Result<Vec<String>, Error> {
    let ids: Vec<&str> = doomed.iter().map(|one| one.id.as_str()).collect();
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let mut statements = tombstones::recordings(doomed, why, desk.now());
    let last = statements.len();
    statements.push(trash::due_of(&ids, desk.now()));
    let results = desk.batch(statements).await?;
    let mut worked = Worked { next: desk.rows(&results, last)?, ..Worked::default() };
    for _ in 0..WHILE_SOMEBODY_WAITS {
        // Nobody waits for a bucket that is away.
        if worked.failed || worked.next.is_empty() {
            break;
        }
        worked = work_off(desk, &worked.next, trash::due_of(&ids, desk.now())).await?;
    }
    let results = desk.batch(batch![tombstones::left(&ids)]).await?;
    let left: Vec<serde_json::Value> = desk.rows(&results, 0)?;
    Ok(left.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect())
}

/// Works off the first of `due` and whatever goes with it in one request, and files what came of it.
/// `next` is a statement of the caller's for the same batch.
///
/// # Errors
/// 503 when D1 does not answer. Trouble with the bucket is none: it is tried again later.
pub async fn work_off<P: Ports>(desk: &Desk<'_, P>, due: &[Item], next: Statement) -> Result<Worked, Error> {
    let Some(first) = due.first() else { return Ok(Worked::default()) };
    // Objects of one bucket go in one request; folders and uploads each for themselves.
    let together = |item: &&Item| {
        let same = |a: &Item| (a.kind == first.kind) && a.endpoint == first.endpoint && a.bucket == first.bucket;
        item.id == first.id || (first.kind == "object" && same(item))
    };
    let group: Vec<&Item> = due.iter().filter(together).take(removal::MOST_KEYS).collect();
    let refused = match first.kind.as_str() {
        "folder" => empty_folder(desk, first).await,
        "upload" => abort(desk, first).await,
        _ => delete(desk, &group).await,
    };
    let now = desk.now();
    let ids = |items: &[&Item]| items.iter().map(|item| item.id).collect::<Vec<_>>();
    let (mut statements, gone, failed) = match refused {
        Ok(Some(refused)) => {
            let is_left = |item: &&&Item| refused.iter().any(|(key, _)| *key == item.object_key);
            let gone: Vec<&Item> = group.iter().filter(|item| !is_left(item)).copied().collect();
            let why = refused.first().map_or(Trouble::Unknown, |(_, why)| *why);
            let stay: Vec<&Item> = group.iter().filter(is_left).copied().collect();
            let mut statements = trash::gone(&gone, now);
            if !stay.is_empty() {
                desk.trail.decided(format!("trash: {} not deleted ({}); tried again later", stay.len(), why.code()));
                statements.push(trash::stays(&ids(&stay), why.code(), now));
            }
            (statements, gone.len(), !stay.is_empty())
        }
        Ok(None) => (vec![trash::goes_on(first.id, now)], 0, false),
        Err(trouble) => {
            desk.trail.decided(format!("trash: {} not deleted ({}); tried again later", group.len(), trouble.code()));
            (vec![trash::stays(&ids(&group), trouble.code(), now)], 0, true)
        }
    };
    let at = statements.len();
    statements.push(next);
    let results = desk.batch(statements).await?;
    Ok(Worked { gone, failed, next: desk.rows(&results, at)? })
}

/// Keys that were refused, each with why; `None`: done so far, and there is more.
type Outcome = Result<Option<Vec<(String, Trouble)>>, Trouble>;

async fn delete<P: Ports>(desk: &Desk<'_, P>, group: &[&Item]) -> Outcome {
    let Some(first) = group.first() else { return Ok(Some(vec![])) };
    let keys: Vec<&str> = group.iter().map(|item| item.object_key.as_str()).collect();
    let request = removal::delete(desk.config, &first.bucket(), &keys, desk.now()).map_err(unsignable)?;
    removal::deleted(&desk.ports.send(request).await).map(Some)
}

/// A page of the folder a time.
async fn empty_folder<P: Ports>(desk: &Desk<'_, P>, item: &Item) -> Outcome {
    let bucket = item.bucket();
    let request = folder::list(desk.config, &bucket, &item.object_key, None, desk.now()).map_err(unsignable)?;
    let page = folder::listed(&desk.ports.send(request).await, &item.object_key)?;
    let keys: Vec<&str> = page.objects.iter().map(|(key, _)| key.as_str()).take(removal::MOST_KEYS).collect();
    if keys.is_empty() {
        return Ok(page.next.is_none().then(Vec::new));
    }
    let request = removal::delete(desk.config, &bucket, &keys, desk.now()).map_err(unsignable)?;
    match removal::deleted(&desk.ports.send(request).await)?.first() {
        Some((_, why)) => Err(*why),
        None => Ok(page.next.is_none().then(Vec::new)),
    }
}

async fn abort<P: Ports>(desk: &Desk<'_, P>, item: &Item) -> Outcome {
    let request = multipart::abort(desk.config, &item.bucket(), &item.object_key, &item.upload_id, desk.now()).map_err(unsignable)?;
    multipart::aborted(&desk.ports.send(request).await).map(|()| Some(vec![]))
}

/// A key that cannot be signed cannot be in the bucket under our hand either; it is told, and asked again in case
/// the configuration is at fault.
fn unsignable(_: SignError) -> Trouble {
    Trouble::Refused
}
