//! Deleting what is in the trash: objects by the thousand, folders page by page, uploads one by one.
//!
//! In scope: asking the bucket, and filing what it said. Out of scope: what is to go ([`crate::store::trash`]);
//! nothing is deleted here that is not on file there.

use crate::error::Error;
use crate::ports::{Desk, Ports};
use crate::store::Statement;
use crate::store::trash::{self, Item};
use crate::storj::sign::SignError;
use crate::storj::trouble::Trouble;
use crate::storj::{folder, multipart, removal};

/// Works off the first of `due` and whatever goes with it in one request, and files what came of it. Answers how
/// many rows are gone, with the rows of `next`, a statement of the caller's for the same batch.
///
/// # Errors
/// 503 when D1 does not answer. Trouble with the bucket is none: it is tried again later.
pub async fn work_off<P: Ports>(desk: &Desk<'_, P>, due: &[Item], next: Statement) -> Result<(usize, Vec<Item>), Error> {
    let Some(first) = due.first() else { return Ok((0, vec![])) };
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
    let (mut statements, gone) = match refused {
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
            (statements, gone.len())
        }
        Ok(None) => (vec![trash::goes_on(first.id, now)], 0),
        Err(trouble) => {
            desk.trail.decided(format!("trash: {} not deleted ({}); tried again later", group.len(), trouble.code()));
            (vec![trash::stays(&ids(&group), trouble.code(), now)], 0)
        }
    };
    let at = statements.len();
    statements.push(next);
    let results = desk.batch(statements).await?;
    Ok((gone, desk.rows(&results, at)?))
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
