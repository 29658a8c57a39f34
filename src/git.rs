//! What git knows of files: which ones changed, and what they held before.
//!
//! git is the `git` program. It is told to take no locks, so that nothing is
//! written, and paths travel between NUL bytes, so that every name passes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use rustc_hash::{FxHashMap, FxHashSet};
use thiserror::Error;

/// Why git could not say what was asked.
#[derive(Debug, Error)]
pub enum GitError {
    #[error("the program `git` was not found; what changed cannot be told without it")]
    Missing,
    #[error("`{0}` lies in no git repository")]
    NoRepository(String),
    #[error(
        "`{0}` lies in a bare git repository; what changed is told where files are checked out"
    )]
    Bare(String),
    #[error("`{path}` lies outside the git repository `{root}`")]
    Outside { path: String, root: String },
    #[error("git knows no revision `{revision}`{}", remedy(*.shallow))]
    UnknownRevision { revision: String, shallow: bool },
    #[error("`{revision}` and HEAD have no commit in common{}", remedy(*.shallow))]
    NoMergeBase { revision: String, shallow: bool },
    #[error("`git {command}` failed: {message}")]
    Failed { command: String, message: String },
    #[error("git cannot be run: {0}")]
    Io(#[from] io::Error),
}

fn remedy(shallow: bool) -> &'static str {
    if shallow {
        "; this clone is shallow: run `git fetch --unshallow`, or set `fetch-depth: 0` where CI checks out"
    } else {
        ""
    }
}

/// A repository with files checked out.
#[derive(Clone, Debug)]
pub struct Repository {
    root: PathBuf,
    shallow: bool,
}

/// A file as the revision had it.
#[derive(Clone, Debug)]
pub struct Before {
    pub path: String,
    /// `None` where the text is the same, and where no one asked for it.
    pub bytes: Option<Vec<u8>>,
    pub same: bool,
}

/// What became of a file.
#[derive(Clone, Debug)]
pub enum Change {
    Added,
    Changed(Before),
}

/// The files that are not as a revision has them, by their path of now, below
/// the repository's root.
#[derive(Clone, Debug)]
pub struct Changes {
    pub repository: Repository,
    /// The revision as the user wrote it.
    pub revision: String,
    pub files: FxHashMap<String, Change>,
}

/// What would be committed, where that is not what lies on disk.
#[derive(Clone, Debug)]
pub struct Index {
    pub repository: Repository,
    tracked: FxHashSet<String>,
    texts: FxHashMap<String, Vec<u8>>,
}

impl Index {
    /// Is the file in the index at all?
    pub fn holds(&self, path: &str) -> bool {
        self.tracked.contains(path)
    }

    /// The text in the index, where the one on disk is another.
    pub fn text(&self, path: &str) -> Option<&[u8]> {
        self.texts.get(path).map(Vec::as_slice)
    }

    /// The files whose text on disk is another, or gone.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }
}

impl Repository {
    /// The repository that holds all of some paths.
    ///
    /// # Errors
    /// [`GitError`] without git, outside a repository, in a bare one, and for
    /// paths in different ones.
    pub fn around(paths: &[PathBuf]) -> Result<Self, GitError> {
        let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
        let repository = Self::at(&folder_of(first), &first.to_string_lossy())?;
        for path in paths {
            let Ok(real) = path.canonicalize() else {
                continue;
            };
            if !real.starts_with(&repository.root) {
                return Err(GitError::Outside {
                    path: path.to_string_lossy().into_owned(),
                    root: repository.root.to_string_lossy().into_owned(),
                });
            }
        }
        Ok(repository)
    }

    fn at(folder: &Path, named: &str) -> Result<Self, GitError> {
        let output = git(
            folder,
            &[
                "rev-parse",
                "--is-bare-repository",
                "--is-shallow-repository",
                "--show-toplevel",
            ],
        )?;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = told.splitn(3, '\n');
        let bare = lines.next() == Some("true");
        let shallow = lines.next() == Some("true");
        let root = lines.next().unwrap_or("").trim_end_matches(['\n', '\r']);
        if output.status.success() && !root.is_empty() {
            let root = Path::new(root).canonicalize()?;
            return Ok(Self { root, shallow });
        }
        let message = words(&output.stderr);
        Err(if bare {
            GitError::Bare(named.into())
        } else if message.contains("not a git repository") {
            GitError::NoRepository(named.into())
        } else {
            failed("rev-parse", &output)
        })
    }

    /// What changed since the last commit that a revision and HEAD have in
    /// common, in commits, in the index, and on disk. `wanted` tells of which
    /// files the text before is needed.
    ///
    /// # Errors
    /// [`GitError`] for a revision that does not exist, or has nothing in common
    /// with HEAD.
    pub fn since(
        &self,
        revision: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Changes, GitError> {
        let base = self.base(revision)?;
        let raw = self.run(&["diff", "--raw", "-z", "-M", "--no-abbrev", &base, "--"])?;
        let mut entries = entries(&raw);
        let untracked = self.run(&["ls-files", "--others", "--exclude-standard", "-z"])?;
        self.follow(&mut entries, paths(&untracked))?;
        self.changes(revision, entries, wanted)
    }

    /// What is staged, and what the index holds where the disk does not.
    ///
    /// # Errors
    /// [`GitError`] when git fails.
    pub fn staged(&self, wanted: impl Fn(&str) -> bool) -> Result<(Changes, Index), GitError> {
        let raw = self.run(&["diff", "--cached", "--raw", "-z", "-M", "--no-abbrev", "--"])?;
        let changes = self.changes("HEAD", entries(&raw), &wanted)?;
        let raw = self.run(&["diff", "--raw", "-z", "--no-renames", "--no-abbrev", "--"])?;
        let tracked = self.run(&["ls-files", "--cached", "-z"])?;
        let mut index = Index {
            repository: self.clone(),
            tracked: paths(&tracked).collect(),
            texts: FxHashMap::default(),
        };
        let mut asked = Vec::new();
        for entry in entries(&raw) {
            match (entry.status, entry.before) {
                // Announced by `git add --intent-to-add`, and not yet there.
                (b'A', _) => {
                    index.tracked.remove(&entry.path);
                }
                (b'M' | b'D' | b'T', Some(blob)) if wanted(&entry.path) => {
                    asked.push((entry.path, blob));
                }
                _ => {}
            }
        }
        let texts = self.blobs(asked.iter().map(|(_, blob)| blob.as_str()))?;
        index.texts = asked.into_iter().map(|(path, _)| path).zip(texts).collect();
        Ok((changes, index))
    }

    /// Finds paths on disk in the repository.
    pub fn places(&self) -> Places<'_> {
        Places {
            root: &self.root,
            folders: FxHashMap::default(),
        }
    }

    /// The commit to compare with; the empty tree for the branch that HEAD names
    /// as long as it has no commit.
    fn base(&self, revision: &str) -> Result<String, GitError> {
        // No name of a revision begins so, and an option of git's would.
        if !revision.starts_with('-') {
            let output = git(&self.root, &["merge-base", "HEAD", revision])?;
            if output.status.success() {
                return Ok(words(&output.stdout));
            }
        }
        if !self.knows("HEAD")? && self.is_unborn(revision)? {
            return Ok(words(&self.run(&[
                "hash-object",
                "-t",
                "tree",
                "--stdin",
            ])?));
        }
        let shallow = self.shallow;
        let revision = revision.to_owned();
        Err(if revision.starts_with('-') || !self.knows(&revision)? {
            GitError::UnknownRevision { revision, shallow }
        } else {
            GitError::NoMergeBase { revision, shallow }
        })
    }

    /// Is this the branch, without a commit yet, that HEAD names?
    fn is_unborn(&self, revision: &str) -> Result<bool, GitError> {
        let branch = git(&self.root, &["symbolic-ref", "--short", "--quiet", "HEAD"])?;
        Ok(revision == "HEAD" || words(&branch.stdout) == revision)
    }

    fn knows(&self, revision: &str) -> Result<bool, GitError> {
        let commit = format!("{revision}^{{commit}}");
        let output = git(&self.root, &["rev-parse", "--verify", "--quiet", &commit])?;
        Ok(output.status.success())
    }

    /// A file that git does not know yet, with the text of one that is gone, is
    /// that one under a new name.
    fn follow(
        &self,
        entries: &mut Vec<Entry>,
        untracked: impl Iterator<Item = String>,
    ) -> Result<(), GitError> {
        let untracked: Vec<String> = untracked.collect();
        let mut gone: FxHashMap<String, String> = entries
            .iter()
            .filter(|entry| entry.status == b'D')
            .filter_map(|entry| Some((entry.before.clone()?, entry.path.clone())))
            .collect();
        let blobs = if gone.is_empty() {
            vec![None; untracked.len()]
        } else {
            self.hashes(&untracked)?
        };
        for (path, blob) in untracked.into_iter().zip(blobs) {
            let from = blob.as_ref().and_then(|blob| gone.remove(blob));
            entries.push(Entry {
                status: if from.is_some() { b'R' } else { b'A' },
                same: from.is_some(),
                before: blob,
                from,
                path,
            });
        }
        Ok(())
    }

    /// What the files would be called in the object database.
    fn hashes(&self, files: &[String]) -> Result<Vec<Option<String>>, GitError> {
        let passes = |path: &&String| !path.contains('\n') && self.root.join(path).is_file();
        let asked: Vec<&String> = files.iter().filter(passes).collect();
        let list: String = asked.iter().flat_map(|path| [path, "\n"]).collect();
        let told = self.feed(&["hash-object", "--stdin-paths"], list)?;
        let told = String::from_utf8_lossy(&told).into_owned();
        let mut lines = told.lines();
        Ok(files
            .iter()
            .map(|path| {
                let was_asked = passes(&path);
                was_asked.then(|| lines.next().map(str::to_owned)).flatten()
            })
            .collect())
    }

    fn changes(
        &self,
        revision: &str,
        entries: Vec<Entry>,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Changes, GitError> {
        let is_asked = |entry: &&Entry| {
            entry.is_change() && !entry.same && entry.before.is_some() && wanted(&entry.path)
        };
        let asked = entries.iter().filter(is_asked);
        let texts = self.blobs(asked.filter_map(|entry| entry.before.as_deref()))?;
        let mut texts = texts.into_iter();
        let mut files = FxHashMap::default();
        for entry in &entries {
            let bytes = is_asked(&entry).then(|| texts.next()).flatten();
            match entry.status {
                b'D' => {}
                b'A' => {
                    files.insert(entry.path.clone(), Change::Added);
                }
                _ => {
                    let before = Before {
                        path: entry.from.as_ref().unwrap_or(&entry.path).clone(),
                        bytes,
                        same: entry.same,
                    };
                    // A file in conflict is listed twice.
                    let change = files.entry(entry.path.clone());
                    change
                        .and_modify(|known| {
                            if before.bytes.is_some() {
                                *known = Change::Changed(before.clone());
                            }
                        })
                        .or_insert(Change::Changed(before));
                }
            }
        }
        Ok(Changes {
            repository: self.clone(),
            revision: revision.into(),
            files,
        })
    }

    /// The contents of objects, in order.
    fn blobs<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<Vec<Vec<u8>>, GitError> {
        let names: Vec<&str> = names.collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let list: String = names.iter().flat_map(|name| [name, "\n"]).collect();
        let told = self.feed(&["cat-file", "--batch"], list)?;
        let mut rest = told.as_slice();
        names
            .iter()
            .map(|name| {
                next_blob(&mut rest).ok_or_else(|| GitError::Failed {
                    command: "cat-file --batch".into(),
                    message: format!("the object {name} is missing"),
                })
            })
            .collect()
    }

    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = git(&self.root, arguments)?;
        succeeded(arguments, output)
    }

    fn feed(&self, arguments: &[&str], input: String) -> Result<Vec<u8>, GitError> {
        let mut child = command(&self.root, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(not_run)?;
        let stdin = child.stdin.take();
        let output = thread::scope(|scope| {
            // Where git stops reading, its exit code says why.
            scope.spawn(move || stdin.map(|mut pipe| pipe.write_all(input.as_bytes())));
            child.wait_with_output()
        })?;
        succeeded(arguments, output)
    }
}

/// Finds paths on disk in a repository, through links of folders.
#[derive(Debug)]
pub struct Places<'a> {
    root: &'a Path,
    folders: FxHashMap<PathBuf, Option<String>>,
}

impl Places<'_> {
    /// The path of a file below the repository's root, `/`-separated.
    pub fn file(&mut self, path: &Path) -> Option<String> {
        let name = path.file_name()?.to_string_lossy();
        let folder = path.parent().unwrap_or(Path::new(""));
        let known = match self.folders.get(folder) {
            Some(known) => known,
            None => {
                let found = self.folder(folder);
                self.folders.entry(folder.into()).or_insert(found)
            }
        };
        match known.as_deref()? {
            "" => Some(name.into_owned()),
            folder => Some(format!("{folder}/{name}")),
        }
    }

    /// The path of a folder; empty for the root itself.
    pub fn folder(&self, folder: &Path) -> Option<String> {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let real = folder.canonicalize().ok()?;
        let below = real.strip_prefix(self.root).ok()?.to_string_lossy();
        Some(if cfg!(windows) {
            below.replace('\\', "/")
        } else {
            below.into_owned()
        })
    }
}

/// One file in the output of `git diff --raw`.
#[derive(Debug)]
struct Entry {
    status: u8,
    /// The name of the text before.
    before: Option<String>,
    from: Option<String>,
    path: String,
    /// It has a new name and the same text.
    same: bool,
}

impl Entry {
    fn is_change(&self) -> bool {
        !matches!(self.status, b'A' | b'D')
    }
}

/// Reads `:mode mode object object status NUL path NUL`, for a rename with both
/// paths.
fn entries(raw: &[u8]) -> Vec<Entry> {
    let mut fields = paths(raw);
    let mut found = Vec::new();
    while let Some(head) = fields.next() {
        let mut head = head.trim_start_matches(':').split(' ').skip(2);
        let before = head.next().unwrap_or("");
        let status = head.nth(1).unwrap_or("");
        let Some(first) = fields.next() else { break };
        let renamed = status.starts_with(['R', 'C']);
        let second = if renamed { fields.next() } else { None };
        let (from, path) = match second {
            Some(path) => (Some(first), path),
            None => (None, first),
        };
        found.push(Entry {
            status: status.bytes().next().unwrap_or(b'M'),
            before: before
                .bytes()
                .any(|byte| byte != b'0')
                .then(|| before.to_owned()),
            from,
            path,
            same: status == "R100",
        });
    }
    found
}

/// What stands between NUL bytes.
fn paths(raw: &[u8]) -> impl Iterator<Item = String> {
    let fields = raw
        .split(|byte| *byte == 0)
        .filter(|field| !field.is_empty());
    fields.map(|field| String::from_utf8_lossy(field).into_owned())
}

/// Takes one object off the output of `git cat-file --batch`.
fn next_blob(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = memchr::memchr(b'\n', rest)?;
    let head = std::str::from_utf8(&rest[..end]).ok()?;
    let size: usize = head.rsplit(' ').next()?.parse().ok()?;
    let start = end + 1;
    let blob = rest.get(start..start.checked_add(size)?)?.to_vec();
    *rest = rest.get(start + size + 1..)?;
    Some(blob)
}

/// The nearest folder that exists.
fn folder_of(path: &Path) -> PathBuf {
    let here = Path::new(".");
    path.ancestors()
        .find(|folder| folder.is_dir())
        .unwrap_or(here)
        .to_path_buf()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Output, GitError> {
    command(folder, arguments).output().map_err(not_run)
}

fn not_run(error: io::Error) -> GitError {
    match error.kind() {
        io::ErrorKind::NotFound => GitError::Missing,
        _ => GitError::Io(error),
    }
}

fn succeeded(arguments: &[&str], output: Output) -> Result<Vec<u8>, GitError> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(failed(arguments.first().unwrap_or(&""), &output))
}

fn failed(command: &str, output: &Output) -> GitError {
    GitError::Failed {
        command: command.into(),
        message: match words(&output.stderr) {
            silent if silent.is_empty() => output.status.to_string(),
            message => message,
        },
    }
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_differences_are_read() {
        let zero = "0".repeat(40);
        let one = "1".repeat(40);
        let raw = format!(
            ":000000 100644 {zero} {one} A\0a b.sql\0:100644 100644 {one} {zero} R100\0x\ny.sql\0ü.sql\0:100644 000000 {one} {zero} D\0d.sql\0"
        );
        let told: Vec<String> = entries(raw.as_bytes())
            .iter()
            .map(|e| {
                let status = char::from(e.status);
                format!("{status} {:?} {} {}", e.from, e.path, e.before.is_some())
            })
            .collect();
        assert_eq!(
            told,
            [
                "A None a b.sql false",
                "R Some(\"x\\ny.sql\") ü.sql true",
                "D None d.sql true"
            ]
        );
    }

    #[test]
    fn objects_are_told_apart_by_their_size() {
        let mut rest: &[u8] = b"aa blob 3\na\nb\nbb blob 0\n\ncc missing\n";
        assert_eq!(next_blob(&mut rest).as_deref(), Some(&b"a\nb"[..]));
        assert_eq!(next_blob(&mut rest).as_deref(), Some(&b""[..]));
        assert_eq!(next_blob(&mut rest), None);
    }
}
