//! Checks the structure of the sources: imports go down only, without cycles. The table repeats the map in
//! `src/lib.rs`; a new module is a new word in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from top to bottom. A module may import from its own layer and from those below.
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
fn no_modules_import_each_other() {
    let modules: Vec<String> = sources(Path::new("src")).iter().map(|path| module_path(path)).collect();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(Path::new("src")) {
        let from = module_path(&path);
        for import in imported_paths(&path) {
            let known = modules.iter().filter(|module| is_below(&import, module));
            let Some(to) = known.max_by_key(|module| module.len()) else { continue };
            // A folder's module declares its files, and the files use the module's items.
            if !is_below(&from, to) && !is_below(to, &from) {
                imports.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    // Modules that import none of the remaining ones are removed, until only cycles remain.
    while !imports.is_empty() {
        let ends: Vec<String> = imports
            .iter()
            .filter(|(_, to)| !to.iter().any(|to| imports.contains_key(to)))
            .map(|(from, _)| from.clone())
            .collect();
        assert!(!ends.is_empty(), "these import each other: {imports:#?}");
        imports.retain(|from, _| !ends.contains(from));
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
fn a_type_name_stands_for_one_type() {
    let mut owners: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in sources(Path::new("src")) {
        let text = fs::read_to_string(&path).expect("a source file");
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for line in code.lines() {
            let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
            if !matches!(words.next(), Some("struct" | "enum" | "trait" | "type")) {
                continue;
            }
            let name: String = words
                .next()
                .unwrap_or_default()
                .chars()
                .take_while(|letter| letter.is_alphanumeric())
                .collect();
            let other = owners.insert(name.clone(), path.clone());
            // An associated type is not a name of its own.
            let is_associated = line.starts_with(' ') && line.contains("type ");
            assert!(other.is_none() || is_associated, "{name} is in {} and in {other:?}", path.display());
        }
    }
    assert!(owners.len() > 100, "the types were found");
}

#[test]
fn the_places_that_contributing_names_exist() {
    let text = fs::read_to_string("CONTRIBUTING.md").expect("CONTRIBUTING.md");
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let is_path = |word: &str| word.contains('/') && !word.contains([' ', '\n', '~']);
    let find = |word: &str| [Path::new("src").join(word), word.into()].into_iter().find(|path| path.exists());
    let paths: Vec<_> = quoted.iter().filter(|word| is_path(word)).collect();
    assert!(paths.len() > 30, "the paths were found");
    for word in paths {
        assert!(find(word).is_some(), "CONTRIBUTING.md names {word}, which does not exist");
    }
    // "`HEADS` and `row` in `command/ls.rs`": the names before the path are in that file.
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let mut names = Vec::new();
        for (at, part) in line.split('`').enumerate() {
            let is_quoted = at % 2 == 1;
            if !is_quoted && !matches!(part, " in " | " and ") {
                names.clear();
            } else if is_quoted && !is_path(part) {
                names.push(part);
            } else if is_quoted && let Some(file) = find(part).filter(|path| path.is_file()) {
                let code = fs::read_to_string(&file).expect("a source file");
                for name in &names {
                    assert!(code.contains(*name), "{name} is not in {}", file.display());
                }
            }
        }
    }
}

/// `system/disk` checks whose the folders and links of a path are before it writes.
#[test]
fn only_the_disk_module_writes_files() {
    const WRITES: [&str; 14] = [
        "fs::write(",
        "fs::rename(",
        "fs::remove_",
        "fs::copy(",
        "fs::hard_link(",
        "fs::create_dir",
        "fs::set_permissions(",
        "fs::DirBuilder",
        "::symlink(",
        "File::create",
        "File::options",
        "set_permissions(",
        "tempfile::",
        "chown(",
    ];
    let mut writers = BTreeSet::new();
    let is_test = |path: &PathBuf| path.to_string_lossy().ends_with("tests.rs");
    for path in sources(Path::new("src")).into_iter().filter(|path| !is_test(path)) {
        let text = fs::read_to_string(&path).expect("a source file");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        if lines.clone().any(|line| WRITES.iter().any(|write| line.contains(write))) {
            writers.insert(path.clone());
        }
        let opens = lines.filter(|line| line.contains("OpenOptions::new()")).count();
        // The terminal is opened for writing, and no other file.
        if opens > 0 && !path.ends_with("system/tty.rs") {
            writers.insert(path);
        }
    }
    let (inside, outside): (Vec<_>, Vec<_>) =
        writers.into_iter().partition(|path| path.starts_with("src/system/disk"));
    assert!(outside.is_empty(), "these write without system/disk: {outside:?}");
    assert!(inside.len() > 2, "the writing functions were found");
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
fn the_linker_script_names_what_exists() {
    let script = fs::read_to_string("packaging/verbs.ld").expect("the script");
    let mut count = 0;
    for pattern in script.split("docker_credential_pat").skip(1) {
        // Mangled names hold each part with its length in front, or all parts with `..` between them.
        let end = pattern.find(['*', ' ', ')']).expect("the end of a pattern");
        let names: Vec<&str> = match pattern[..end].strip_prefix("..") {
            Some(names) => names.split("..").collect(),
            None => pattern[..end]
                .split(|letter: char| letter.is_ascii_digit())
                .filter(|name| !name.is_empty())
                .collect(),
        };
        let path = names.iter().fold(PathBuf::from("src"), |path, name| path.join(name));
        let is_module = |path: &Path| path.is_dir() || path.with_extension("rs").is_file();
        // The last name may be that of a function or a type.
        let is_item = || {
            let (module, name) = (path.parent().expect("a module"), names.last().expect("a name"));
            let files = [module.with_extension("rs"), module.join("mod.rs")];
            let text: String = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
            ["fn", "struct"].iter().any(|kind| text.contains(&format!("{kind} {name}")))
        };
        assert!(is_module(&path) || is_item(), "no module, function or type {}", path.display());
        count += 1;
    }
    assert!(count > 15, "the patterns were found");
}

#[test]
fn imports_are_grouped_and_from_the_root() {
    for path in sources(Path::new("src")) {
        let text = fs::read_to_string(&path).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let mut last = 0;
        for line in code.lines() {
            let Some(import) = line.trim_start_matches("pub ").strip_prefix("use ") else { continue };
            let group = match import.split("::").next().unwrap_or_default() {
                "std" => 1,
                "crate" => 3,
                _ => 2,
            };
            let is_rooted = !import.starts_with("super::") && !import.starts_with("crate::{");
            assert!(is_rooted, "{}: {line}", path.display());
            assert!(group >= last, "{}: {line} stands below the next group", path.display());
            last = group;
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

/// Returns `vault::keys` for `src/vault/keys/mod.rs`.
fn module_path(file: &Path) -> String {
    let below = file.strip_prefix("src").expect("below src").with_extension("");
    let names: Vec<_> =
        below.iter().map(|name| name.to_string_lossy()).filter(|name| name != "mod").collect();
    names.join("::")
}

/// Returns each path below `crate` that a file names.
fn imported_paths(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a source file");
    let mut paths = Vec::new();
    for part in text.split("crate::").skip(1) {
        let is_path = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':');
        let path = part.split(|letter| !is_path(letter)).next().unwrap_or_default();
        let list = part[path.len()..].strip_prefix('{').and_then(|rest| rest.split('}').next());
        match list {
            Some(names) => paths.extend(names.split(',').map(|name| format!("{path}{}", name.trim()))),
            None => paths.push(path.to_owned()),
        }
    }
    paths
}

/// True for a module's own path and the paths of its items.
fn is_below(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
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
