//! Imports go down only. The table is the map of `src/lib.rs`; a new module is a new word in it.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// From top to bottom; a room may import from its own floor and from those below.
const LAYERS: [&[&str]; 10] = [
    &["cli"],
    &["command"],
    &["doctor"],
    &["coding", "hub"],
    &["verify"],
    &["vault"],
    &["client", "docker", "http", "usage"],
    &["inventory", "provider", "resolve"],
    &["system"],
    &["model"],
];
const DECISIONS: usize = 7;
const MECHANICS: usize = 8;

#[test]
fn imports_go_down_only() {
    for (file, module, imported) in imports() {
        let (from, to) = (layer_of(&module), layer_of(&imported));
        assert!(from <= to, "{} imports {imported}, which is above it", file.display());
        assert!((from, to) != (DECISIONS, MECHANICS), "{}: decisions do no I/O", file.display());
    }
}

#[test]
fn every_module_has_its_place_on_the_map() {
    let map = fs::read_to_string("src/lib.rs").expect("the map");
    let mapped: Vec<_> =
        map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(mapped, LAYERS.concat());
}

#[test]
fn every_file_of_tests_is_in_the_binary() {
    let main = fs::read_to_string("tests/it/main.rs").expect("the test binary");
    let mut files: Vec<_> = sources(Path::new("tests/it"))
        .iter()
        .filter(|path| path.parent() == Some(Path::new("tests/it")))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .filter(|name| name != "main")
        .map(|name| format!("mod {name};"))
        .collect();
    files.push("mod common;".to_owned());
    for line in &files {
        assert!(main.lines().any(|declared| declared == line), "tests/it/main.rs lacks `{line}`");
    }
}

#[test]
fn imports_are_written_one_to_a_line_and_from_the_root() {
    for path in sources(Path::new("src")) {
        let text = fs::read_to_string(&path).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().map(str::trim) {
            assert!(
                !line.starts_with("use super::") && !line.contains("use crate::{"),
                "{}: {line}",
                path.display()
            );
        }
    }
}

fn layer_of(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| layer.contains(&module))
        .unwrap_or_else(|| panic!("module {module} has no layer yet"))
}

/// Returns each file with its module and each module that it names.
fn imports() -> Vec<(PathBuf, String, String)> {
    let mut imports = Vec::new();
    for path in sources(Path::new("src")) {
        let below = path.strip_prefix("src").expect("below src");
        let first = below.iter().next().expect("a name").to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        for part in text.split("crate::").skip(1) {
            let imported: String =
                part.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            imports.push((path.clone(), module.clone(), imported));
        }
    }
    assert!(imports.len() > 50, "the sources were found");
    imports
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
