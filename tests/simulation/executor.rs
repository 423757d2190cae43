//! A single-threaded executor whose time is virtual: everything is a task, and time passes only while all
//! of them wait.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// A task's number.
pub type Task = usize;

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// Tasks, timers and the clock.
#[derive(Default)]
pub struct Executor {
    now: Cell<i64>,
    timers: RefCell<BTreeSet<(i64, u64, Task)>>,
    order: Cell<u64>,
    tasks: RefCell<Vec<Option<Work>>>,
    killed: RefCell<BTreeSet<Task>>,
    current: Cell<Task>,
    polls: Cell<u64>,
}

/// A history that goes on longer than this is in a loop.
const MOST_POLLS: u64 = 3_000_000;

impl Executor {
    pub fn now(&self) -> i64 {
        self.now.get()
    }

    pub fn start_at(&self, now: i64) {
        self.now.set(now);
    }

    /// The task that runs now.
    pub fn current(&self) -> Task {
        self.current.get()
    }

    /// Starts a task; it is polled for the first time at the present moment, after those already due.
    pub fn spawn(&self, work: impl Future<Output = ()> + 'static) -> Task {
        let mut tasks = self.tasks.borrow_mut();
        tasks.push(Some(Box::pin(work)));
        let task = tasks.len() - 1;
        drop(tasks);
        self.wake(task);
        task
    }

    /// Polls a task again at the present moment.
    pub fn wake(&self, task: Task) {
        self.wake_at(task, self.now());
    }

    pub fn wake_at(&self, task: Task, at: i64) {
        self.order.set(self.order.get() + 1);
        self.timers.borrow_mut().insert((at, self.order.get(), task));
    }

    /// The task is dropped where it stands, between two of its steps.
    pub fn kill(&self, task: Task) {
        self.killed.borrow_mut().insert(task);
        self.wake(task);
    }

    pub fn is_killed(&self, task: Task) -> bool {
        self.killed.borrow().contains(&task)
    }

    /// Waits until then.
    pub async fn until(&self, at: i64) {
        self.wake_at(self.current(), at);
        poll_fn(|_| if self.now() >= at { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    pub async fn sleep(&self, ms: i64) {
        self.until(self.now() + ms).await;
    }

    /// Waits until somebody wakes this task and `ready` holds, or until `at`.
    pub async fn park<T>(&self, at: Option<i64>, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
        if let Some(at) = at {
            self.wake_at(self.current(), at);
        }
        poll_fn(|_| match ready() {
            Some(value) => Poll::Ready(Some(value)),
            None if at.is_some_and(|at| self.now() >= at) => Poll::Ready(None),
            None => Poll::Pending,
        })
        .await
    }

    /// Lets everything happen that is due until `end`.
    pub fn run_until(&self, end: i64) {
        loop {
            let due = self.timers.borrow().first().copied().filter(|(at, ..)| *at <= end);
            let Some(next @ (at, _, task)) = due else { break };
            self.timers.borrow_mut().remove(&next);
            self.now.set(at.max(self.now()));
            self.poll(task);
        }
        self.now.set(end.max(self.now()));
    }

    fn poll(&self, task: Task) {
        self.polls.set(self.polls.get() + 1);
        assert!(self.polls.get() < MOST_POLLS, "the history never ends");
        let Some(mut work) = self.tasks.borrow_mut()[task].take() else { return };
        if self.is_killed(task) {
            return;
        }
        self.current.set(task);
        let pending = work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
        if pending && !self.is_killed(task) {
            self.tasks.borrow_mut()[task] = Some(work);
        }
    }

    /// Drops every task: they hold the world that holds them.
    pub fn clear(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
    }
}
