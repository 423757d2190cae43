//! What Storj's answers prove: documents as S3's pages show them and MinIO writes them.

use livekit_storj::http::{Incoming, Unanswered};
use livekit_storj::storj::trouble::Trouble;
use livekit_storj::storj::{copy, folder, multipart, removal};

type Answer = Result<Incoming, Unanswered>;

fn answer(status: u16, body: &str) -> Answer {
    Ok(Incoming { status, body: body.as_bytes().to_vec(), ..Incoming::default() })
}

fn refusal(status: u16, code: &str) -> Answer {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    answer(status, &format!("{head}<Error><Code>{code}</Code><Message>no</Message><Key>k</Key><HostId></HostId></Error>"))
}

#[test]
fn an_upload_has_the_id_that_it_was_given() {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                <Bucket>recordings</Bucket><Key>k</Key><UploadId>VXBs&amp;b2Fk</UploadId></InitiateMultipartUploadResult>";
    assert_eq!(multipart::created(&answer(200, body)), Ok("VXBs&b2Fk".to_owned()));
    for empty in ["", "<UploadId></UploadId>", "<UploadId>cut"] {
        assert_eq!(multipart::created(&answer(200, empty)), Err(Trouble::Unknown), "{empty}");
    }
    assert_eq!(multipart::created(&Err(Unanswered::Timeout)), Err(Trouble::Unknown));
}

#[test]
fn a_part_is_taken_when_its_etag_is_told() {
    let taken = |etag: Option<&str>| multipart::taken(&Ok(Incoming { status: 200, etag: etag.map(str::to_owned), ..Incoming::default() }));
    assert_eq!(taken(Some("\"5d41\"")), Ok("\"5d41\"".to_owned()));
    assert_eq!((taken(None), taken(Some(""))), (Err(Trouble::Unknown), Err(Trouble::Unknown)));
    assert_eq!(multipart::taken(&refusal(404, "NoSuchUpload")), Err(Trouble::Absent));
}

#[test]
fn a_200_whose_body_is_an_error_is_none() {
    let late = refusal(200, "InternalError");
    assert_eq!((multipart::completed(&late), copy::copied(&late)), (Err(Trouble::Unknown), Err(Trouble::Unknown)));
    let slow = refusal(200, "SlowDown");
    assert_eq!((multipart::completed(&slow), copy::copied(&slow)), (Err(Trouble::Busy), Err(Trouble::Busy)));
    assert_eq!(copy::copied(&refusal(200, "AccessDenied")), Err(Trouble::Forbidden));
    // White space that keeps the connection alive, and then nothing.
    for cut in ["", "<?xml version=\"1.0\"?>\n     ", "<CopyObjectResult><ETag>\"5d"] {
        assert_eq!(
            (multipart::completed(&answer(200, cut)), copy::copied(&answer(200, cut))),
            (Err(Trouble::Unknown), Err(Trouble::Unknown))
        );
    }
    let done =
        answer(200, "<CompleteMultipartUploadResult><Location>l</Location><ETag>&#34;5d-2&#34;</ETag></CompleteMultipartUploadResult>");
    assert_eq!(multipart::completed(&done), Ok(()));
    assert_eq!(copy::copied(&answer(200, "<CopyObjectResult><ETag>\"5d\"</ETag></CopyObjectResult>")), Ok(()));
}

#[test]
fn every_refusal_is_one_of_ours() {
    for (status, code, trouble) in [
        (404, "NoSuchKey", Trouble::Absent),
        (404, "", Trouble::Absent),
        (404, "NoSuchBucket", Trouble::NoBucket),
        (403, "AccessDenied", Trouble::Forbidden),
        (403, "StorageLimitExceeded", Trouble::Forbidden),
        (401, "", Trouble::Forbidden),
        (429, "SlowDown", Trouble::Busy),
        (503, "", Trouble::Busy),
        (500, "InternalError", Trouble::Unknown),
        (502, "", Trouble::Unknown),
        (400, "InvalidPart", Trouble::Refused),
        (302, "", Trouble::Refused),
    ] {
        assert_eq!(copy::copied(&refusal(status, code)), Err(trouble), "{status} {code}");
    }
    assert_eq!(copy::copied(&Err(Unanswered::Network)), Err(Trouble::Unknown));
}

#[test]
fn an_upload_that_is_not_there_is_aborted() {
    assert_eq!(multipart::aborted(&answer(204, "")), Ok(()));
    assert_eq!(multipart::aborted(&refusal(404, "NoSuchUpload")), Ok(()));
    assert_eq!(multipart::aborted(&refusal(404, "NoSuchBucket")), Err(Trouble::NoBucket));
    assert_eq!(multipart::aborted(&Err(Unanswered::Timeout)), Err(Trouble::Unknown));
}

fn listing(rest: &str) -> Answer {
    answer(200, &format!("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>{rest}</ListBucketResult>"))
}

#[test]
fn a_page_of_a_folder() {
    let object = |key: &str, size: &str| {
        format!("<Contents><Key>{key}</Key><LastModified>x</LastModified><ETag>&#34;e&#34;</ETag><Size>{size}</Size></Contents>")
    };
    let some = format!("{}{}", object("a/s_00000.ts", "188"), object("a/&lt;&amp;amp;&gt;", "0"));
    let page = folder::listed(&listing(&format!("<IsTruncated>false</IsTruncated>{some}")), "a/").unwrap();
    assert_eq!(page.objects, [("a/s_00000.ts".to_owned(), 188), ("a/<&amp;>".to_owned(), 0)]);
    assert_eq!(page.next, None);
    let more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;2</NextContinuationToken>";
    assert_eq!(folder::listed(&listing(more), "a/").unwrap().next.as_deref(), Some("t&2"));
    // What the bucket says of others is never taken for ours.
    let foreign = format!("{}{}{}", object("b/x", "1"), object("a/", "0"), object("a", "1"));
    assert_eq!(folder::listed(&listing(&foreign), "a/").unwrap().objects, []);
}

#[test]
fn a_page_that_proves_nothing() {
    for unclear in [answer(200, ""), answer(200, "<html></html>"), listing("<IsTruncated>true</IsTruncated>"), Err(Unanswered::TooLong)] {
        assert_eq!(folder::listed(&unclear, "a/"), Err(Trouble::Unknown), "{unclear:?}");
    }
    assert_eq!(folder::listed(&refusal(404, "NoSuchBucket"), "a/"), Err(Trouble::NoBucket));
}

#[test]
fn of_many_keys_some_may_stay() {
    let error = |key: &str, code: &str| format!("<Error><Key>{key}</Key><Code>{code}</Code><Message>no</Message></Error>");
    let result = |rest: &str| removal::deleted(&answer(200, &format!("<DeleteResult xmlns=\"x\">{rest}</DeleteResult>")));
    assert_eq!(result(""), Ok(vec![]));
    assert_eq!(removal::deleted(&answer(200, "<DeleteResult/>")), Ok(vec![]));
    assert_eq!(result("<Deleted><Key>a/1</Key></Deleted>"), Ok(vec![]));
    let some = format!("{}{}{}", error("a/1", "AccessDenied"), error("a/&amp;", "SlowDown"), error("a/3", "NoSuchKey"));
    assert_eq!(result(&some), Ok(vec![("a/1".to_owned(), Trouble::Forbidden), ("a/&".to_owned(), Trouble::Busy)]));
    // Nothing is known of any of them.
    assert_eq!(removal::deleted(&answer(200, "")), Err(Trouble::Unknown));
    assert_eq!(removal::deleted(&refusal(400, "MissingContentMD5")), Err(Trouble::Refused));
    assert_eq!(removal::deleted(&refusal(404, "NoSuchBucket")), Err(Trouble::NoBucket));
}
