//! Durability: the result of a successful `store` is there, after many at the same time and after a kill at any time.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::common;
use crate::common::{Home, credentials, found};

/// Starts a `store` and writes its input, without waiting for its exit.
fn start_store(home: &Home, key: &str, user: &str, secret: &str) -> Child {
    let mut command = Command::new(common::program());
    command.env_clear().env("HOME", home.path()).arg("store");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(credentials(key, user, secret).as_bytes()).expect("it reads");
    child
}

#[test]
fn fifty_concurrent_stores_are_all_kept() {
    let home = Home::new();
    let name = |number: usize| {
        (format!("r{}.example", number % 10), format!("user{number}"), format!("secret {number}"))
    };
    let started: Vec<Child> = (0..50)
        .map(|number| {
            let (key, user, secret) = name(number);
            start_store(&home, &key, &user, &secret)
        })
        .collect();
    for mut child in started {
        assert!(child.wait().expect("it ends").success());
    }
    assert_eq!(home.files(), ["key", "vault"]);
    for number in 0..50 {
        let (key, user, secret) = name(number);
        home.run(["use", &format!("{user}@{key}")]).success();
        assert_eq!(home.get(&key), found(&user, &secret));
    }
}

#[test]
fn no_acknowledged_secret_is_lost_in_300_kills() {
    const KILLS: u32 = 300;
    let home = Home::new();
    home.store("warm-up.example", "user", "x");
    let start = Instant::now();
    home.store("warm-up.example", "user", "y");
    let mut usual = start.elapsed();
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    let (mut killed, mut finished) = (0, 0);
    for number in 0..KILLS {
        let (key, secret) = (format!("r{}.example", number % 7), format!("{number}-{}", "s".repeat(200)));
        let mut child = start_store(&home, &key, "user", &secret);
        // From immediately to well after its exit, in no particular order.
        thread::sleep(usual * (number * 37 % 100) / 50);
        child.kill().expect("killed, or ended already");
        if child.wait().expect("it ends").success() {
            finished += 1;
            // On a machine of any load, about half of them are killed.
            usual = usual * 19 / 20;
            acknowledged.insert(key.clone(), secret.clone());
        } else {
            killed += 1;
            usual = usual * 20 / 19;
        }
        match (home.get(&key), acknowledged.get(&key)) {
            (Ok((_, now)), _) if now == secret => drop(acknowledged.insert(key, secret)),
            (now, Some(before)) => assert_eq!(now, found("user", before), "kill {number}"),
            (now, None) => assert_eq!(now, common::not_found(), "kill {number}"),
        }
    }
    assert!(
        killed > KILLS / 10 && finished > KILLS / 10,
        "{killed} killed, {finished} finished: the delays fit"
    );
    for (key, secret) in &acknowledged {
        assert_eq!(home.get(key), found("user", secret), "{key}");
    }
    home.store("last.example", "user", "x");
    assert_eq!(home.files(), ["key", "vault"], "no stray files");
}

#[test]
fn a_vault_and_its_key_survive_a_kill_while_they_are_made() {
    for number in 0..60 {
        let home = Home::new();
        let mut child = start_store(&home, "ghcr.io", "user", "first");
        thread::sleep(Duration::from_micros(number * 150));
        child.kill().expect("killed, or ended already");
        let is_acknowledged = child.wait().expect("it ends").success();
        match home.get("ghcr.io") {
            Ok(answer) => assert_eq!(Ok(answer), found("user", "first")),
            error => assert!(!is_acknowledged, "{error:?}"),
        }
        home.store("ghcr.io", "user", "second");
        assert_eq!(home.get("ghcr.io"), found("user", "second"));
        assert_eq!(home.files(), ["key", "vault"]);
    }
}

#[test]
fn a_reader_during_writes_sees_a_complete_vault() {
    let home = Home::new();
    home.store("ghcr.io", "user", "0");
    thread::scope(|scope| {
        let writer =
            scope.spawn(|| (1..40).for_each(|number| home.store("ghcr.io", "user", &number.to_string())));
        let mut last = 0;
        while !writer.is_finished() {
            let (_, secret) = home.get("ghcr.io").expect("always one");
            let now: u32 = secret.parse().expect("a whole secret");
            assert!(now >= last, "never an older one");
            last = now;
        }
    });
}
