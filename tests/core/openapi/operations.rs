//! Every operation: who may call it, what it takes and what it answers, by the types of the code.

use livekit_storj::api::input::{Input, Member};
use livekit_storj::api::{
    cost, deletion, doctor, download, egress, health, recordings, saving, signed_link, streams, thumbnail, token, users, viewers, views,
    webhook, why,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Who may call it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Who {
    Anyone,
    SignedIn,
    /// Where the operator says so, anyone.
    Viewer,
    Admin,
    /// Whoever has a link with a signature of ours.
    Link,
    LiveKit,
}

/// What a success answers.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// `Location` is a link.
    Redirect,
    /// A text of that type.
    Text(&'static str),
}

/// What a body is.
#[derive(Clone, Copy)]
pub(super) enum Body {
    None,
    Json(Taken),
    Picture,
    Event,
}

/// A body of JSON.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) members: fn(&mut SchemaGenerator) -> Vec<Member>,
    /// Of these one has to be given, and no more.
    pub(super) one_of: &'static [&'static str],
}

pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) who: Who,
    pub(super) about: &'static str,
    pub(super) query: Option<fn(&mut SchemaGenerator) -> Vec<Member>>,
    pub(super) body: Body,
    pub(super) answers: Vec<(u16, Answer)>,
}

impl Operation {
    fn new(route: &'static str, who: Who, about: &'static str) -> Self {
        let (method, path) = route.split_once(' ').unwrap();
        Self { method, path, who, about, query: None, body: Body::None, answers: vec![] }
    }

    fn asks<T: Input>(self) -> Self {
        Self { query: Some(T::members), ..self }
    }

    fn takes<T: Input>(self) -> Self {
        self.takes_one_of::<T>(&[])
    }

    fn takes_one_of<T: Input>(self, one_of: &'static [&'static str]) -> Self {
        Self { body: Body::Json(Taken { name: T::NAME, about: T::ABOUT, members: T::members, one_of }), ..self }
    }

    fn answers<T: JsonSchema>(mut self, statuses: &[u16]) -> Self {
        let json = Answer::Json(SchemaGenerator::subschema_for::<T>);
        self.answers.extend(statuses.iter().map(|status| (*status, json)));
        self
    }

    fn otherwise(mut self, status: u16, answer: Answer) -> Self {
        self.answers.push((status, answer));
        self
    }
}

/// All of them.
#[rustfmt::skip]
pub(super) fn operations() -> Vec<Operation> {
    use Who::{Admin, Anyone, Link, LiveKit, SignedIn, Viewer};
    let of = Operation::new;
    vec![
        of("POST /livekit-egress", SignedIn, "Starts recording.").takes::<egress::StartRecording>().answers::<egress::RecordingStarted>(&[200, 202]),
        of("POST /livekit-egress/stop", SignedIn, "Stops recording.")
            .takes_one_of::<egress::StopRecording>(&["egressId", "roomName"]).answers::<egress::RecordingStopped>(&[200]),
        of("POST /livekit-token", Viewer, "A token to join a room; for a viewer without signing in, with ANONYMOUS_VIEWERS.").takes::<token::MintToken>().answers::<token::MintedToken>(&[201]),
        Operation { body: Body::Event, ..of("POST /livekit-webhook", LiveKit, "What LiveKit tells.").answers::<webhook::WebhookTaken>(&[200]) },
        of("GET /healthz", Anyone, "Whether the Worker can do its work.").answers::<health::Health>(&[200, 503]),
        of("GET /api/doctor", Admin, "Every check, done and not guessed.").answers::<doctor::Examination>(&[200]),
        of("POST /api/doctor/record", Admin, "Ten seconds recorded where somebody publishes now.")
            .takes::<doctor::Rehearsal>().answers::<doctor::Examination>(&[200]),
        of("POST /api/doctor/webhook", Admin, "A webhook signed as LiveKit signs, to be sent.").answers::<doctor::SignedWebhook>(&[200]),
        of("GET /api/estimate", Anyone, "What a month of so many hours costs, line by line.")
            .asks::<cost::EstimateQuery>().answers::<cost::Estimate>(&[200]),
        of("GET /api/usage", Admin, "What each month recorded, kept, gave out and cost.").answers::<cost::Usage>(&[200]),

        of("GET /api/streams", Anyone, "Streams, newest first.").asks::<streams::StreamsQuery>().answers::<streams::Streams>(&[200]),
        of("POST /api/streams", SignedIn, "Makes a stream, or answers the caller's open one of that room.")
            .takes::<streams::CreateStream>().answers::<views::StreamView>(&[201, 200]),
        of("GET /api/streams/{id}", Anyone, "A stream, with the state of its recording.").answers::<views::StreamView>(&[200]),
        of("PATCH /api/streams/{id}", SignedIn, "Changes a stream.")
            .takes::<streams::ChangeStream>().answers::<views::StreamView>(&[200]),
        of("DELETE /api/streams/{id}", SignedIn, "Deletes it; its recordings stay.")
            .asks::<deletion::DeleteStreamQuery>().answers::<deletion::Deleted>(&[200]),
        of("POST /api/streams/{id}/end", SignedIn, "Stops its recording and closes the room.").answers::<views::StreamView>(&[200]),
        of("GET /api/streams/{id}/viewers", Anyone, "How many watched when, in up to 200 points.").answers::<viewers::ViewerSeries>(&[200]),
        of("GET /api/streams/{id}/why", SignedIn, "What happened, what comes next, and the common issues.").answers::<why::Why>(&[200]),

        of("GET /api/recordings", Anyone, "Recordings, newest first.").asks::<recordings::RecordingsQuery>().answers::<recordings::Recordings>(&[200]),
        of("GET /api/recordings/{id}", Anyone, "A recording.").answers::<views::RecordingView>(&[200]),
        of("PATCH /api/recordings/{id}", SignedIn, "Changes a recording.")
            .takes::<recordings::ChangeRecording>().answers::<views::RecordingView>(&[200]),
        of("DELETE /api/recordings/{id}", SignedIn, "Deletes it, its objects first.").answers::<deletion::Deleted>(&[200, 202]),
        of("POST /api/recordings/delete", SignedIn, "Deletes up to 100.")
            .takes::<deletion::DeleteRecordings>().answers::<deletion::DeletedRecordings>(&[200, 202]),
        of("GET /api/recordings/{id}/playback", Anyone, "A link that plays it.").answers::<recordings::Playback>(&[200]),
        of("GET /api/recordings/{id}/download", Anyone, "Leads to a link that saves it.").otherwise(302, Answer::Redirect),
        of("POST /api/recordings/{id}/download", Anyone, "The link that saves it.").answers::<download::DownloadLink>(&[200]),
        of("GET /api/recordings/{id}/playlist.m3u8", Link, "What plays a recording that was made of segments.")
            .asks::<signed_link::SignedLinkQuery>().otherwise(200, Answer::Text("application/vnd.apple.mpegurl")),
        of("GET /api/recordings/{id}/segments/{n}.ts", Link, "Leads to a segment.")
            .asks::<signed_link::SignedLinkQuery>().otherwise(302, Answer::Redirect),
        of("POST /api/recordings/{id}/save", SignedIn, "Saves it for good: a copy that nothing expires.")
            .answers::<saving::LastingCopy>(&[200, 202]),
        of("GET /api/recordings/{id}/why", SignedIn, "What happened, what comes next, and the common issues.")
            .answers::<why::Why>(&[200]),

        picture("GET /api/streams/{id}/thumbnail"),
        picture("PUT /api/streams/{id}/thumbnail"),
        picture("GET /api/recordings/{id}/thumbnail"),
        picture("PUT /api/recordings/{id}/thumbnail"),
        of("DELETE /api/users/{id}", Admin, "Erases everything of a user.").answers::<users::Erased>(&[200, 202]),
    ]
}

fn picture(route: &'static str) -> Operation {
    if route.starts_with("PUT") {
        let put = Operation::new(route, Who::SignedIn, "Its picture, a JPEG or WebP.").answers::<thumbnail::NewThumbnail>(&[200]);
        return Operation { body: Body::Picture, ..put };
    }
    Operation::new(route, Who::Anyone, "Leads to its picture; one of what is private by a signed link.")
        .asks::<signed_link::SignedLinkQuery>()
        .otherwise(302, Answer::Redirect)
}
