//! The house keeps its own rules: modules in pipeline order, the list of rules
//! as the folder has it, and their index.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `src/rules/mod.rs` follows from the folder; this test writes it.
#[test]
fn the_list_of_rules_is_the_folder() {
    let folder = root().join("src/rules");
    let names: Vec<String> = stems("src/rules", ".rs").into_iter().collect();
    let mut text =
        String::from("//! Every rule; written by a test from the files of this folder.\n\n");
    for name in &names {
        text.push_str(&format!("pub mod {name};\n"));
    }
    text.push_str("\nuse crate::rule::Rule;\n\npub static ALL: &[&Rule] = &[\n");
    for name in &names {
        text.push_str(&format!("    &{name}::RULE,\n"));
    }
    text.push_str("];\n");
    let file = folder.join("mod.rs");
    let committed = fs::read_to_string(&file).unwrap_or_default();
    if committed != text {
        fs::write(&file, &text).unwrap();
        panic!("src/rules/mod.rs was out of date and is written anew: look at it and commit it");
    }
}

/// `docs/rules.md` follows from the pages; this test writes it.
#[test]
fn the_index_of_rules_is_fresh() {
    let output = Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(["rules", "--format", "markdown"])
        .output()
        .unwrap();
    let file = root().join("docs/rules.md");
    if fs::read(&file).unwrap_or_default() != output.stdout {
        fs::write(&file, output.stdout).unwrap();
        panic!("docs/rules.md was out of date and is written anew: look at it and commit it");
    }
}

fn stems(folder: &str, end: &str) -> BTreeSet<String> {
    fs::read_dir(root().join(folder))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(end).map(str::to_owned))
        .filter(|name| name != "mod")
        .collect()
}

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let rules: BTreeSet<String> = stems("src/rules", ".rs")
        .iter()
        .map(|name| name.replace('_', "-"))
        .collect();
    assert_eq!(rules, stems("rules", ".md"));
}

/// Modules of `lib.rs` in order; each uses only those above it.
#[test]
fn modules_use_only_what_stands_above_them() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert!(modules.len() > 15, "lib.rs lists its modules");
    for (place, module) in modules.iter().enumerate() {
        for file in files_of(module) {
            let text = fs::read_to_string(&file).unwrap();
            for used in uses(&text) {
                if let Some(at) = modules.iter().position(|m| *m == used) {
                    assert!(
                        at <= place,
                        "{} uses `{used}`, which stands below `{module}`",
                        file.display()
                    );
                }
            }
        }
    }
}

fn files_of(module: &str) -> Vec<PathBuf> {
    let mut files = vec![root().join(format!("src/{module}.rs"))];
    walk(&root().join("src").join(module), &mut files);
    files.retain(|file| file.is_file());
    files
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

fn word(text: &str) -> String {
    text.trim()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The modules that a file names by `crate::…`, its tests left out.
fn uses(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or("");
    let mut found = BTreeSet::new();
    for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
        for (at, prefix) in line.match_indices("crate::") {
            let rest = &line[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(list) => found.extend(list.split(',').map(word)),
                None => {
                    found.insert(word(rest));
                }
            }
        }
    }
    found
}
