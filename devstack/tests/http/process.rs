//! The process itself: how it begins and ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::Request;

use crate::devstack::{Devstack, send};

#[tokio::test]
async fn an_address_in_use_is_told_with_its_own_code() {
    let devstack = Devstack::start(&[]);
    let address = devstack.livekit.trim_start_matches("http://");
    let second =
        Command::new(env!("CARGO_BIN_EXE_devstack")).args(["--livekit", address, "--no-s3"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(second.status.code(), Some(98));
    let line = String::from_utf8(second.stderr).unwrap();
    assert!(line.contains(address) && line.lines().count() == 1, "{line}");
}

#[test]
fn it_ends_with_its_parent() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_devstack"))
        .args(["--livekit", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--with-parent"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none());
    drop(child.stdin.take());
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(since.elapsed() < Duration::from_secs(3), "still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn its_objects_are_new_and_go_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let entries = || std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    let start = || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_devstack"))
            .args(["--no-livekit", "--s3", "127.0.0.1:0", "--with-parent"])
            .env("TMPDIR", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        child
    };
    // A killed one leaves its objects. The system gives its number to another process some day, and that one must
    // not find them: so the number is no part of the name.
    let mut killed = start();
    let number = killed.id().to_string();
    killed.kill().unwrap();
    killed.wait().unwrap();
    let left = entries();
    assert_eq!(left.len(), 1);
    assert_ne!(left[0].to_str(), Some(format!("devstack-{number}").as_str()));
    let mut ended = start();
    assert_eq!(entries().len(), 2);
    drop(ended.stdin.take());
    assert!(ended.wait().unwrap().success());
    assert_eq!(entries(), left);
}

#[tokio::test]
async fn a_wrong_flag_is_told() {
    let output = Command::new(env!("CARGO_BIN_EXE_devstack")).arg("--spead").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn the_root_answers_ok() {
    let devstack = Devstack::start(&[]);
    let answer = send(Request::get(&devstack.livekit), "").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "OK"));
}
