//! A git repository of its own for a test, gone with it.

// Each test uses a part of it.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub const CREATE: &str = "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n";
pub const INDEX: &str = "CREATE INDEX users_email ON users (email);\n";
pub const DROP: &str = "ALTER TABLE users DROP COLUMN email;\n";

pub struct Scratch(tempfile::TempDir);

impl Scratch {
    /// A repository without a commit.
    pub fn new() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        scratch.git(&["init", "--quiet", "--initial-branch=main"]);
        scratch.write("bowline.toml", "");
        scratch
    }

    /// A repository whose `main` holds some files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let scratch = Self::new();
        for (name, text) in files {
            scratch.write(name, text);
        }
        scratch.commit();
        scratch
    }

    /// A table, and an index that blocks, in the history of `main`.
    pub fn with_history() -> Self {
        Self::with(&[("db/0001_init.sql", CREATE), ("db/0002_index.sql", INDEX)])
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        git_in(self.0.path(), arguments)
    }

    pub fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=x"]);
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_in("", arguments)
    }

    pub fn run_in(&self, folder: &str, arguments: &[&str]) -> Run {
        let output = bowline(&self.path(folder)).args(arguments).output();
        Run::from(output.unwrap())
    }

    /// `path:line rule` of each finding.
    pub fn found(&self, arguments: &[&str]) -> Vec<String> {
        let run = self.run(&[&["check", "--format", "json"], arguments].concat());
        assert!(run.code < 2, "{run:?}");
        run.findings("findings")
    }

    /// The paths of the migrations that were judged.
    pub fn judged(&self, arguments: &[&str]) -> Vec<String> {
        let run = self.run(&[&["check", "--format", "json"], arguments].concat());
        assert!(run.code < 2, "{run:?}");
        run.judged()
    }
}

pub fn bowline(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
    command.current_dir(folder).env_remove("GITHUB_WORKSPACE");
    quiet(&mut command);
    command
}

pub fn git_in(folder: impl AsRef<Path>, arguments: &[impl AsRef<OsStr>]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    quiet(&mut command);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the machine is set to does not matter.
fn quiet(command: &mut Command) {
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@example.org"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@example.org"),
    ] {
        command.env(name, value);
    }
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "NO_COLOR"] {
        command.env_remove(name);
    }
}

#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("an exit code, not a signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("JSON: {self:?}"))
    }

    /// `path:line rule` of what a list of the report holds.
    pub fn findings(&self, list: &str) -> Vec<String> {
        let json = self.json();
        let list = json[list].as_array().unwrap().iter();
        list.map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            let line = &finding["range"]["start"]["line"];
            format!("{}:{line} {}", text("path"), text("rule"))
        })
        .collect()
    }

    pub fn judged(&self) -> Vec<String> {
        self.texts("migrations", "path")
    }

    /// One member of each entry of a list.
    pub fn texts(&self, list: &str, key: &str) -> Vec<String> {
        let json = self.json();
        let list = json[list].as_array().unwrap().iter();
        list.map(|entry| entry[key].as_str().unwrap().to_owned())
            .collect()
    }
}
