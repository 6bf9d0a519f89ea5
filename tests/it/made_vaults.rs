//! Unusual vaults: ten thousand tokens, times in the future, names that cannot be entered.

use docker_credential_pat::inventory::{IncomingToken, Inventory};
use docker_credential_pat::model::name::Name;
use docker_credential_pat::model::scope::Scope;
use docker_credential_pat::model::secret::Secret;
use docker_credential_pat::model::timestamp::{DAY, Timestamp};
use docker_credential_pat::model::token::{Origin, Token, TokenKind, UserName};
use docker_credential_pat::system::{disk, env};
use docker_credential_pat::vault::draft::Draft;
use docker_credential_pat::vault::keys::Holder;
use docker_credential_pat::vault::keys::key_file::KeyFile;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::common;
use crate::common::{Home, found, not_found, stderr, stdout};

/// A token to write.
struct Made {
    name: String,
    scope: String,
    secret: String,
    expires: Option<Timestamp>,
}

impl Made {
    fn new(name: &str, scope: &str) -> Self {
        Self { name: name.to_owned(), scope: scope.to_owned(), secret: format!("of {name}"), expires: None }
    }

    fn arrival(&self) -> IncomingToken {
        IncomingToken {
            name: Name::parse(&self.name).expect("a name"),
            kind: TokenKind::Pat,
            user: UserName::Named("me".to_owned()),
            scopes: vec![Scope::parse(&self.scope).expect("a scope")],
            keys: Vec::new(),
            label: None,
            permissions: None,
            expires: self.expires,
            origin: Origin::Add,
            profile: None,
            remote: None,
        }
    }
}

/// Writes a vault with these tokens, all created at the same time.
fn home_with(tokens: &[Made], created: Timestamp) -> Home {
    let home = Home::new();
    disk::make_folder(home.vault().parent().expect("a folder")).expect("made");
    let key = KeyFile::new(home.key()).read_or_create().expect("a key");
    let mut draft = Draft::new(home.vault(), key, Holder::KeyFile);
    for made in tokens {
        let id = draft.inventory.add_with_free_name(made.arrival(), created);
        draft.set_secret(id, &Secret::new(Zeroizing::new(made.secret.clone()))).expect("sealed");
    }
    draft.write().expect("written");
    home
}

#[test]
fn every_verb_works_with_ten_thousand_tokens() {
    let made: Vec<_> = (0..10_000)
        .map(|number| {
            // Two thousand tokens for parts of one host, and eight thousand for a host each.
            let scope = if number % 5 == 0 {
                format!("team.example/project-{number}")
            } else {
                format!("r{number}.example")
            };
            Made::new(&format!("t{number}"), &scope)
        })
        .collect();
    let home = home_with(&made, env::now());
    for (key, want) in [
        ("r9999.example", "of t9999"),
        ("r1.example/acme/app", "of t1"),
        ("team.example/project-9995/app", "of t9995"),
        ("team.example", "of t0"),
    ] {
        assert_eq!(home.get(key), found("me", want), "{key}");
    }
    assert_eq!(home.get("team.example/project-1/app"), not_found());
    assert_eq!(home.list().as_object().map(serde_json::Map::len), Some(8_001));
    assert_eq!(home.tokens().len(), 10_000);
    assert_eq!(stdout(&home.run(["ls"]).success().stderr("")).lines().count(), 10_001);
    home.run(["ls", "--registry", "team.example/project-5"]).success();
    let explained = stdout(&home.run(["explain", "team.example/project-9995/app"]).success());
    assert!(explained.contains("\"t9995\" is given"), "{}", &explained[..200]);
    home.run(["use", "t9999"]).success();
    home.run(["use", "t5", "team.example/project-5", "--push"]).success();
    assert!(stdout(&home.run(["show", "t5"]).success()).contains("chosen for"));
    home.run(["edit", "t5", "--name", "new"]).success();
    home.run(["deactivate", "t6", "t7"]).success();
    let rotated = home.program(["rotate", "t8", "--secret-stdin"]).write_stdin("next").assert();
    rotated.success();
    assert_eq!(home.get("r8.example"), found("me", "next"));
    home.run(["rm", "t9", "--yes"]).success();
    home.store("r10.example", "you", "login");
    assert_eq!(home.get("r10.example"), found("you", "login"));
    home.call("erase", "team.example").success();
    assert_eq!(home.get("team.example"), not_found());
}

#[test]
fn ten_thousand_tokens_of_version_0_1_are_upgraded_in_one_change() {
    let home = Home::new();
    disk::make_folder(home.vault().parent().expect("a folder")).expect("made");
    let key = KeyFile::new(home.key()).read_or_create().expect("a key");
    let mut draft = Draft::new(home.vault(), key, Holder::KeyFile);
    for number in 0..10_000 {
        let made = Made::new(&format!("t{number}"), "ghcr.io");
        // Version 0.1 kept the capitals of a scope, and numbered no events.
        let scopes = vec![Scope::parse_stored(&format!("r{number}.example/Acme")).expect("a scope")];
        let id = draft.inventory.add_with_free_name(IncomingToken { scopes, ..made.arrival() }, env::now());
        draft.set_secret(id, &Secret::new(Zeroizing::new(made.secret))).expect("sealed");
    }
    let tokens = draft.inventory.tokens().iter().map(|token| Token { turns: None, ..token.clone() });
    draft.inventory = Inventory::new(tokens.collect(), Vec::new(), draft.inventory.counters());
    draft.write().expect("written");
    let assert_answers = || {
        for number in [0, 1, 4_999, 9_999] {
            let want = found("me", &format!("of t{number}"));
            assert_eq!(home.get(&format!("r{number}.example/ACME/app")), want, "{number}");
        }
    };
    assert_answers();
    let has_capitals = || {
        let vault = std::fs::read(home.vault()).expect("the vault");
        vault.windows(13).filter(|window| window == b".example/Acme").count()
    };
    assert_eq!(has_capitals(), 10_000);
    home.run(["edit", "t1", "--label", "x"]).success();
    assert_eq!(has_capitals(), 0);
    assert_answers();
}

#[test]
fn the_message_on_a_thousand_expired_tokens_is_short() {
    let expired =
        |number| Made { expires: Some(Timestamp(1)), ..Made::new(&format!("t{number}"), "ghcr.io") };
    let made: Vec<_> = (0..1_000).map(expired).collect();
    let home = home_with(&made, Timestamp(0));
    let message = stderr(&home.call("get", "ghcr.io").code(1).stdout(common::NOT_FOUND));
    assert!(!message.is_empty() && message.lines().count() <= 20, "{} lines", message.lines().count());
}

#[test]
fn tokens_created_in_the_future_are_used_like_others() {
    let now = env::now();
    for (created, expires) in [
        (Timestamp(now.0 + 400 * DAY), Some(Timestamp(now.0 + 500 * DAY))),
        (Timestamp(now.0 + 400 * DAY), Some(Timestamp(now.0 + 2 * DAY))),
        (Timestamp(i64::MAX), None),
        (Timestamp(i64::MAX), Some(Timestamp(i64::MAX))),
        (Timestamp(i64::MIN), Some(Timestamp(i64::MAX - 1))),
    ] {
        let home = home_with(&[Made { expires, ..Made::new("ci", "ghcr.io") }], created);
        assert_eq!(home.get("ghcr.io"), found("me", "of ci"), "{created} {expires:?}");
        assert_eq!(home.token("ci")["state"], "active", "{created} {expires:?}");
        for args in [
            &["ls"][..],
            &["show", "ci"],
            &["explain", "ghcr.io"],
            &["use", "ci"],
            &["use", "ci", "--push"],
            &["edit", "ci", "--label", "x"],
            &["deactivate", "ci"],
            &["activate", "ci"],
        ] {
            let run = home.program([]).args(args).assert().success();
            assert!(!stderr(&run).contains("panicked"), "{args:?}: {}", stderr(&run));
        }
        let rotated = home.program(["rotate", "ci", "--secret-stdin"]).write_stdin("new").assert();
        rotated.success();
        assert_eq!(home.get("ghcr.io"), found("me", "new"), "{created} {expires:?}");
        home.call("erase", "ghcr.io").success();
        home.store("ghcr.io", "me", "new");
        assert_eq!(home.get("ghcr.io"), found("me", "new"), "{created} {expires:?}");
    }
}

#[test]
fn a_token_that_expired_before_any_calendar_is_expired() {
    let home = home_with(
        &[Made { expires: Some(Timestamp(i64::MIN)), ..Made::new("ci", "ghcr.io") }],
        Timestamp(i64::MIN),
    );
    assert_eq!(home.get("ghcr.io"), not_found());
    assert_eq!(home.token("ci")["state"], "expired");
    home.run(["show", "ci"]).success();
}

#[test]
fn a_name_that_cannot_be_entered_is_found_shown_and_changed() {
    // The last name is in decomposed form, as a client may store a user name.
    for name in ["a\u{200b}b", "\u{202e}x", "cafe\u{301}", "\u{1100}\u{1161}@ghcr.io"] {
        let home = home_with(&[Made::new(name, "ghcr.io")], env::now());
        for args in [&["ls"][..], &["ls", "--json"], &["explain", "ghcr.io"]] {
            let listing = stdout(&home.program([]).args(args).assert().success());
            assert!(!listing.contains(['\u{200b}', '\u{202e}']), "{listing:?}");
        }
        home.run(["show", name]).success();
        home.run(["use", name, "--push"]).success();
        home.run(["edit", name, "--name", "plain"]).success();
        assert_eq!(home.tokens()[0]["name"], Value::from("plain"));
    }
}

#[test]
fn composed_and_decomposed_forms_of_a_name_are_the_same() {
    // Korean letters, composed and decomposed, as two systems send the same user name.
    let home = Home::new();
    home.store("ghcr.io", "\u{1100}\u{1161}", "s");
    home.run(["show", "\u{1100}\u{1161}@ghcr.io"]).success();
    home.run(["show", "\u{ac00}@ghcr.io"]).success();
    home.bring("\u{ac00}@ghcr.io", "ghcr.io", "me", "s", &[]).code(1);
}
