//! The documentation: links lead somewhere, commands exist, samples show what the program writes, words stay plain.

mod page;
mod samples;

use std::fs;
use std::path::Path;

use crate::common::Home;
use page::{Page, anchors, pages, words_of};

const README_LINES: usize = 170;
const PAGE_LINES: usize = 200;

/// Words that make a reader stumble, and how often all pages together may have each.
const RARE_WORDS: [(&str, usize); 12] = [
    ("tells", 2),
    ("told", 2),
    ("gives out", 0),
    ("given out", 0),
    ("goes on", 0),
    ("go on", 0),
    ("is no", 0),
    ("are no", 0),
    ("whatever", 0),
    ("whoever", 0),
    ("by which", 0),
    ("all the same", 0),
];

#[test]
fn every_link_leads_to_a_page_and_an_anchor() {
    let mut results = Vec::new();
    for page in pages() {
        for link in page.links().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = page.path.parent().unwrap_or(Path::new(""));
            let target = if file.is_empty() { page.path.clone() } else { folder.join(file) };
            let is_anchor =
                || anchors(&fs::read_to_string(&target).unwrap_or_default()).contains(&anchor.to_owned());
            let leads = target.exists() && (anchor.is_empty() || is_anchor());
            results.push(if leads { Ok(()) } else { Err(format!("{page}: {link}")) });
        }
    }
    assert_all(results, 60);
}

#[test]
fn every_page_is_linked_and_short() {
    let pages = pages();
    let index = fs::read_to_string("docs/README.md").expect("the index");
    for page in &pages {
        let lines = page.text.lines().count();
        match page.path.to_str().expect("a name") {
            "README.md" | "README.zh-CN.md" => assert!(lines <= README_LINES, "{page}: {lines} lines"),
            "CHANGELOG.md" => {}
            path => {
                assert!(lines <= PAGE_LINES, "{page}: {lines} lines");
                let name = path.strip_prefix("docs/").filter(|name| *name != "README.md");
                assert!(
                    name.is_none_or(|name| index.contains(&format!("]({name})"))),
                    "{page} is not in the index"
                );
            }
        }
    }
}

#[test]
fn words_that_make_a_reader_stumble_are_rare() {
    let pages = pages();
    for (word, most) in RARE_WORDS {
        let wanted: Vec<_> = word.split(' ').collect();
        let places = |page: &Page| {
            let words = words_of(&page.text.replace("is no longer", "").replace("here is no ", ""));
            let hits = words.windows(wanted.len()).filter(|found| found == &wanted).count();
            (hits > 0).then(|| format!("{page}: {hits}"))
        };
        let found: Vec<_> = pages.iter().filter_map(places).collect();
        let count: usize =
            found.iter().filter_map(|place| place.rsplit(' ').next()?.parse::<usize>().ok()).sum();
        assert!(count <= most, "\"{word}\" is on {found:?}");
    }
}

#[test]
fn every_command_in_a_block_exists_with_its_options() {
    let home = Home::new();
    let mut results = Vec::new();
    for page in pages() {
        for line in page.blocks().iter().flat_map(page::Block::commands) {
            let Some(mut args) = samples::arguments(&line) else { continue };
            // The program checks all that precedes --help. What follows these words is another command.
            let end = args.iter().position(|word| word == "--" || word == "command").unwrap_or(args.len());
            args.truncate(end);
            let output = home.program([]).args(&args).arg("--help").output().expect("the program");
            let error = format!("{page}: {line}: {}", String::from_utf8_lossy(&output.stderr));
            results.push(if output.status.success() { Ok(()) } else { Err(error) });
        }
    }
    assert_all(results, 45);
}

#[test]
fn samples_show_what_the_program_writes() {
    assert_all(pages().iter().flat_map(samples::run).collect(), 25);
}

#[test]
fn a_sample_is_compared_but_for_dates_gaps_and_hidden_columns() {
    let written = "NAME  STATE   USED\na     in use  2026-11-26 (today)\nb     -       -\n2 tokens\n";
    for (sample, is_shown) in [
        ("NAME  STATE   USED\na     in use  2027-01-31 (today)\nb     -       -\n2 tokens", true),
        ("NAME  STATE\na     in use\nb     -\n2 tokens", true),
        ("NAME  STATE\na     in use\nb     in use\n2 tokens", false),
        ("NAME  STATE\na     in use\n2 tokens", false),
        ("NAME  KIND\na     pat\nb     pat\n2 tokens", false),
        ("…\n2 tokens", true),
        ("…\n2 …", true),
        ("…\n3 …", false),
        ("…\nb     -       -", false),
        ("", false),
    ] {
        let lines: Vec<&str> = sample.lines().collect();
        assert_eq!(samples::is_shown(&lines, &written.lines().collect::<Vec<_>>()), is_shown, "{sample}");
    }
}

/// Fails with all errors, or if there are fewer results than were known when the test was written.
fn assert_all(results: Vec<Result<(), String>>, least: usize) {
    let count = results.len();
    let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert!(errors.is_empty(), "\n{}", errors.join("\n"));
    assert!(count >= least, "{count} were checked");
}
