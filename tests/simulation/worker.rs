//! Invocations of the Worker: each is a task over the core's [`Ports`], which can be killed before and
//! after every effect.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use livekit_storj::api::serve::{follow_up, serve};
use livekit_storj::api::{Reply, Request};
use livekit_storj::auth::jwks::JwksCache;
use livekit_storj::auth::token::Algorithm;
use livekit_storj::flow::sweep::sweep;
use livekit_storj::http::{Incoming, Outgoing, Unanswered, Unpiped};
use livekit_storj::ports::{DatabaseFailed, Desk, Guard, Ports, Trail, calls_of_pipe};
use livekit_storj::store::{Rows, Statement};
use livekit_storj::time::Millis;

use super::executor::Task;
use super::fault::{Edge, Fault};
use super::plan::Outage;
use super::world::World;

/// Cloudflare stops what goes on behind an answer after so long.
const BEHIND_THE_ANSWER_MS: i64 = 30_000;
/// What a run of the schedule may use on a free plan.
const MOST_CALLS: u32 = 50;

/// The ports of one invocation.
struct Invocation {
    world: Rc<World>,
    /// By which its effects are named.
    name: String,
    effects: Cell<u32>,
    draws: Cell<u32>,
    batches: Cell<u32>,
    sends: Cell<u32>,
}

impl Invocation {
    fn new(world: &Rc<World>, name: &str) -> Self {
        let zero = || Cell::new(0);
        Self { world: world.clone(), name: name.to_owned(), effects: zero(), draws: zero(), batches: zero(), sends: zero() }
    }

    fn place(&self) -> String {
        self.effects.set(self.effects.get() + 1);
        format!("{}/{}", self.name, self.effects.get())
    }

    async fn wait(&self, place: &str, which: &str, least: i64, most: i64, fault: Option<Fault>) {
        let most = if fault == Some(Fault::Slow) && which == "before" { 9_000 } else { most };
        self.world.exec.sleep(self.world.dice.ms(place, which, least, most)).await;
    }

    /// The Worker dies here, if the fault says so.
    async fn dies(&self, fault: Option<Fault>, at: Fault) {
        if fault == Some(at) {
            self.world.exec.kill(self.world.exec.current());
            std::future::pending::<()>().await;
        }
    }
}

/// Where a request of the core's goes.
fn edge(request: &Outgoing) -> Edge {
    match request.url.rsplit('/').next().unwrap_or_default() {
        "StartRoomCompositeEgress" => Edge::Start,
        "StopEgress" => Edge::Stop,
        "DeleteRoom" => Edge::Room,
        "ListEgress" | "ListRooms" | "ListParticipants" => Edge::List,
        _ if request.method == "PUT" && request.url.contains("/_probe/") => Edge::Probe,
        _ if request.method == "POST" && request.url.ends_with("?delete=") => Edge::Delete,
        _ => Edge::Head,
    }
}

impl Ports for Invocation {
    fn now(&self) -> Millis {
        Millis(self.world.now())
    }

    fn random(&self) -> [u8; 16] {
        self.draws.set(self.draws.get() + 1);
        let of = format!("{}#{}", self.name, self.draws.get());
        let (high, low) = (self.world.dice.roll(&of, "high"), self.world.dice.roll(&of, "low"));
        ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, DatabaseFailed> {
        let world = &self.world;
        let place = self.place();
        let fault = world.fault(&place, Edge::Batch);
        self.batches.set(self.batches.get() + 1);
        self.wait(&place, "before", 1, 30, fault).await;
        self.dies(fault, Fault::KilledBefore).await;
        let failed = || Err(DatabaseFailed { message: "made to fail".to_owned() });
        if fault == Some(Fault::FailsBefore) || world.is_away(Outage::D1) {
            self.wait(&place, "failing", 1, 400, None).await;
            return failed();
        }
        let mut rows = world.db.batch(&statements);
        if fault == Some(Fault::DoneTwice) {
            self.wait(&place, "again", 50, 200, None).await;
            rows = world.db.batch(&statements);
        }
        self.wait(&place, "after", 1, 15, None).await;
        self.dies(fault, Fault::KilledAfter).await;
        if fault == Some(Fault::FailsAfter) { failed() } else { Ok(rows) }
    }

    fn batches(&self) -> u32 {
        self.batches.get()
    }

    async fn send(&self, request: Outgoing) -> Result<Incoming, Unanswered> {
        let world = &self.world;
        let place = self.place();
        let edge = edge(&request);
        let fault = world.fault(&place, edge);
        self.sends.set(self.sends.get() + 1);
        self.wait(&place, "before", 5, 60, fault).await;
        self.dies(fault, Fault::KilledBefore).await;
        let asked = world.now();
        let silence = || async {
            world.exec.until(asked + i64::from(request.timeout_ms)).await;
            Err(Unanswered::Timeout)
        };
        let answer = |status: u16, body: &str| Ok(Incoming { status, body: body.as_bytes().to_vec(), ..Incoming::default() });
        let livekit = matches!(edge, Edge::Start | Edge::Stop | Edge::List | Edge::Room);
        // With no recorder connected nothing answers at all.
        let nobody = edge == Edge::Start && world.is_away(Outage::Recorders);
        if nobody || world.is_away(if livekit { Outage::LiveKit } else { Outage::Storj }) || fault == Some(Fault::SilentBefore) {
            return silence().await;
        }
        match fault {
            Some(Fault::Internal) => return answer(500, r#"{"code":"internal","msg":"made to fail"}"#),
            Some(Fault::Overloaded) => return answer(503, r#"{"code":"unavailable","msg":"made to fail"}"#),
            Some(Fault::NoRecorder) => return answer(503, r#"{"code":"unavailable","msg":"no response from servers"}"#),
            Some(Fault::Limit) => return answer(429, r#"{"code":"resource_exhausted","msg":"made to fail"}"#),
            Some(Fault::Refused) => return answer(403, "<Error><Code>AccessDenied</Code></Error>"),
            Some(Fault::TakenLate | Fault::TakenVeryLate) => {
                let (world, request) = (world.clone(), request.clone());
                let wait = if fault == Some(Fault::TakenLate) { 60_000 } else { 150_000 };
                world.clone().exec.spawn(async move {
                    world.exec.sleep(wait).await;
                    let _ = super::livekit_api::answer(&world, &request);
                });
                return silence().await;
            }
            Some(Fault::InPart) => return super::storj::delete_in_part(world, &request),
            Some(Fault::Emptied) if world.may_be_emptied(&request) => return answer(200, "{}"),
            _ => {}
        }
        let answered = if livekit { super::livekit_api::answer(world, &request) } else { super::storj::answer(world, &request) };
        let (least, most) = if edge == Edge::Start { (540, 610) } else { (5, 40) };
        match fault {
            Some(Fault::SilentAfter) => return silence().await,
            Some(Fault::BreaksAfter) => {
                self.wait(&place, "after", least, most, None).await;
                return Err(Unanswered::Network);
            }
            _ => {}
        }
        self.wait(&place, "after", least, most, None).await;
        self.dies(fault, Fault::KilledAfter).await;
        answered
    }

    async fn pipe(&self, sources: Vec<Outgoing>, length: u64, sink: Outgoing) -> Result<Incoming, Unpiped> {
        let (world, place) = (&self.world, self.place());
        let fault = world.fault(&place, Edge::Pipe);
        self.sends.set(self.sends.get() + calls_of_pipe(&sources));
        self.wait(&place, "before", 500, 9_000, fault).await;
        self.dies(fault, Fault::KilledBefore).await;
        if world.is_away(Outage::Storj) || matches!(fault, Some(Fault::SilentBefore | Fault::Overloaded)) {
            return Err(Unpiped::Broken { source: 0 });
        }
        let answered = super::storj::pipe(world, &sources, length, &sink);
        self.dies(fault, Fault::KilledAfter).await;
        if fault == Some(Fault::SilentAfter) { Err(Unpiped::Sink(Unanswered::Timeout)) } else { answered }
    }

    fn calls(&self) -> u32 {
        self.sends.get()
    }

    async fn allows(&self, _: Guard, _: &str) -> bool {
        true
    }

    async fn pause(&self, ms: u32) {
        self.world.exec.sleep(i64::from(ms)).await;
    }

    async fn verifies(&self, _: Algorithm, _: &str, _: &[u8], _: &[u8]) -> bool {
        false
    }

    fn plain(&self, text: &str) -> String {
        text.to_lowercase()
    }

    fn jwks<T>(&self, with: impl FnOnce(&mut JwksCache) -> T) -> T {
        with(&mut JwksCache::default())
    }
}

impl World {
    /// A list that is emptied twice within minutes is believed, and rightly: no server does that by
    /// mistake. So that is not done here.
    fn may_be_emptied(&self, request: &Outgoing) -> bool {
        let of = format!("{} {}", request.url, String::from_utf8_lossy(&request.body));
        let last = self.emptied.borrow_mut().insert(of, self.now());
        last.is_none_or(|at| self.now() - at > 30 * 60_000)
    }
}

/// Sends a request to the Worker. `None`: the connection broke before the answer.
pub async fn request(world: &Rc<World>, name: &str, request: Request) -> Option<Reply> {
    let answer: Rc<RefCell<Option<Reply>>> = Rc::default();
    let client = world.exec.current();
    let task = {
        let (world, name, answer) = (world.clone(), name.to_owned(), answer.clone());
        world.clone().exec.spawn(async move {
            let (ports, trail) = (Invocation::new(&world, &name), Trail::default());
            let mut reply = serve(&ports, &world.config, &trail, &name, &request).await;
            let work = reply.background.take();
            world.trace(&name, || trail.line());
            if reply.status == 500 {
                world.violated("no answer is a fault of ours", format!("{name}: {}", trail.line()));
            }
            *answer.borrow_mut() = Some(reply);
            world.exec.wake(client);
            let Some(work) = work else { return };
            watch(&world, world.exec.current(), BEHIND_THE_ANSWER_MS);
            follow_up(&ports, world.config(), &trail, &work).await;
            world.trace(&name, || format!("behind the answer: {}", trail.line()["decided"]));
        })
    };
    // Whoever waits notices at the next moment that the Worker is gone.
    loop {
        let ready = || answer.borrow().is_some().then_some(());
        if world.exec.park(Some(world.now() + 1_000), ready).await.is_some() {
            return answer.borrow_mut().take();
        }
        if world.exec.is_killed(task) {
            return None;
        }
    }
}

fn watch(world: &Rc<World>, task: Task, ms: i64) {
    let world = world.clone();
    world.clone().exec.spawn(async move {
        world.exec.sleep(ms).await;
        world.exec.kill(task);
    });
}

/// One run of the schedule.
pub async fn run_of_schedule(world: Rc<World>, name: String) {
    let (ports, trail) = (Invocation::new(&world, &name), Trail::default());
    let desk = Desk { ports: &ports, config: world.config(), trail: &trail };
    let began_in_calm = world.calm.get();
    let done = sweep(&desk).await;
    world.trace(&name, || trail.line());
    world.count("schedule runs");
    if began_in_calm && done.is_err() {
        world.violated("the schedule runs without faults", format!("{name}: {done:?}"));
    }
    if ports.batches.get() > MOST_CALLS || ports.sends.get() > MOST_CALLS {
        let (batches, sends) = (ports.batches.get(), ports.sends.get());
        world.violated("a run stays within its calls", format!("{name}: {batches} batches, {sends} requests"));
    }
}
