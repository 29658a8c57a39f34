//! `bowline.toml`: what a project says about itself.
//!
//! Every key is optional, and a key that is not known is an error: a typo that
//! silently switches a check off is worse than a run that stops. Globs are
//! matched against paths relative to the file's folder.

mod schema;

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rustc_hash::{FxHashMap, FxHashSet};
use strum::IntoEnumIterator;
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::dialect::Dialect;
use crate::finding::Severity;
use crate::phase::Phase;
use crate::project::{Layout, Transaction};

pub use schema::{about, json_schema};

/// The name of the file.
pub const FILE_NAME: &str = "bowline.toml";

/// What is said about one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Off,
    /// With the severity that the rule itself gives.
    On,
    As(Severity),
}

/// The least severe finding that makes a run fail.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum FailOn {
    #[default]
    Error,
    Warning,
    Info,
    Never,
}

impl FailOn {
    /// Does a finding of this severity make the run fail?
    pub fn is_reached_by(self, severity: Severity) -> bool {
        match self {
            FailOn::Error => severity >= Severity::Error,
            FailOn::Warning => severity >= Severity::Warning,
            FailOn::Info => severity >= Severity::Info,
            FailOn::Never => false,
        }
    }
}

/// Another linter whose comments are understood.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Foreign {
    Squawk,
    Atlas,
}

/// A mistake in the file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{file}:{line}: {message}")]
pub struct ConfigError {
    pub file: String,
    pub line: usize,
    pub message: String,
}

/// What `bowline.toml` says; the default is what holds without one.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file it was read from.
    pub file: Option<PathBuf>,
    pub dialect: Option<Dialect>,
    pub layout: Option<Layout>,
    /// How files of no known tool are run.
    pub transaction: Option<Transaction>,
    /// What to check when no paths are given, relative to the file's folder.
    pub paths: Vec<String>,
    pub fail_on: Option<FailOn>,
    /// The file of findings that are accepted, relative to the file's folder.
    pub baseline: Option<String>,
    /// Rules that are off by default are on.
    pub pedantic: bool,
    pub suppressions_of: Vec<Foreign>,
    base: Base,
    exclude: GlobSet,
    phases: Globs<Phase>,
    rules: FxHashMap<String, Level>,
    sections: Vec<Section>,
    section_globs: Globs<usize>,
    /// The rules that any section mentions.
    by_path: FxHashSet<String>,
}

/// A `[[path]]` section.
#[derive(Clone, Debug, Default)]
struct Section {
    rules: FxHashMap<String, Level>,
    phase: Option<Phase>,
    ignore: Option<bool>,
}

/// One set of globs, each standing for a value.
#[derive(Clone, Debug)]
struct Globs<T> {
    set: GlobSet,
    values: Vec<T>,
}

impl<T> Default for Globs<T> {
    fn default() -> Self {
        Self {
            set: GlobSet::empty(),
            values: Vec::new(),
        }
    }
}

impl<T: Copy> Globs<T> {
    /// The values of the globs that match, in their order.
    fn of(&self, path: &str) -> impl DoubleEndedIterator<Item = T> {
        let matches = if self.values.is_empty() {
            Vec::new()
        } else {
            self.set.matches(path)
        };
        matches.into_iter().map(|index| self.values[index])
    }
}

impl Config {
    /// The nearest file in a folder or above it.
    pub fn find(start: &Path) -> Option<PathBuf> {
        let mut folder = PathBuf::new();
        for part in std::path::absolute(start).ok()?.components() {
            match part {
                Component::ParentDir => {
                    folder.pop();
                }
                part => folder.push(part),
            }
        }
        folder
            .ancestors()
            .map(|folder| folder.join(FILE_NAME))
            .find(|file| file.is_file())
    }

    /// Reads the text of the file at `path`.
    ///
    /// # Errors
    /// [`ConfigError`] for what is not TOML, an unknown key, rule or word, and
    /// a glob that is none.
    pub fn parse(text: &str, path: &Path, known_rules: &[&str]) -> Result<Self, ConfigError> {
        let reader = Reader {
            text,
            path,
            rules: known_rules,
        };
        reader.config()
    }

    /// The folder of the file; empty without one.
    pub fn root(&self) -> &Path {
        self.file
            .as_deref()
            .and_then(Path::parent)
            .unwrap_or(Path::new(""))
    }

    /// How severe a finding is that a rule makes in a file, `None` when it is
    /// off. `own` is the severity that the finding came with, `on` whether the
    /// rule's page has it on.
    pub fn severity(&self, rule: &str, path: &str, own: Severity, on: bool) -> Option<Severity> {
        match self.level(rule, path) {
            Some(Level::Off) => None,
            Some(Level::On) => Some(own),
            Some(Level::As(severity)) => Some(severity),
            None => (on || self.pedantic).then_some(own),
        }
    }

    /// Can the rule report anywhere at all?
    pub fn may_report(&self, rule: &str, on: bool) -> bool {
        self.by_path.contains(rule)
            || match self.rules.get(rule) {
                Some(level) => *level != Level::Off,
                None => on || self.pedantic,
            }
    }

    /// Is the rule switched on by name, for any path?
    pub fn asks_for(&self, rule: &str) -> bool {
        let on = |rules: &FxHashMap<String, Level>| {
            rules.get(rule).is_some_and(|level| *level != Level::Off)
        };
        on(&self.rules) || self.sections.iter().any(|section| on(&section.rules))
    }

    /// The phase that a file's path stands for.
    pub fn phase_for(&self, path: &str) -> Option<Phase> {
        if self.sections.is_empty() && self.phases.values.is_empty() {
            return None;
        }
        let path = self.base.relative(path);
        self.sections_of(&path)
            .find_map(|section| section.phase)
            .or_else(|| self.phases.of(&path).next_back())
    }

    /// Is the file not to be read at all?
    pub fn excludes(&self, path: &str) -> bool {
        !self.exclude.is_empty() && self.exclude.is_match(&*self.base.relative(path))
    }

    /// Is the file only history: read, and never reported on?
    pub fn ignores(&self, path: &str) -> bool {
        if self.sections.is_empty() {
            return false;
        }
        let path = self.base.relative(path);
        self.sections_of(&path)
            .find_map(|section| section.ignore)
            .unwrap_or(false)
    }

    fn level(&self, rule: &str, path: &str) -> Option<Level> {
        if self.by_path.contains(rule) {
            let path = self.base.relative(path);
            let level = self
                .sections_of(&path)
                .find_map(|section| section.rules.get(rule));
            if level.is_some() {
                return level.copied();
            }
        }
        self.rules.get(rule).copied()
    }

    /// The sections that concern a path, the last of the file first.
    fn sections_of(&self, path: &str) -> impl Iterator<Item = &Section> {
        self.section_globs
            .of(path)
            .rev()
            .map(|index| &self.sections[index])
    }
}

/// Leads from paths as reports show them, relative to the current folder, to
/// paths relative to the file's folder.
#[derive(Clone, Debug, Default)]
struct Base {
    /// Both absolute and `/`-separated; equal where nothing is to be done.
    here: String,
    root: String,
}

impl Base {
    fn new(file: &Path) -> Self {
        let absolute = |path: &Path| {
            std::path::absolute(path)
                .map(|path| normal(&path.to_string_lossy().replace('\\', "/")))
                .unwrap_or_default()
        };
        let root = absolute(file);
        Self {
            here: absolute(Path::new(".")),
            root: root.rsplit_once('/').map_or("", |(root, _)| root).into(),
        }
    }

    fn relative<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let path = path.strip_prefix("./").unwrap_or(path);
        let is_absolute = path.starts_with('/') || path.get(1..3) == Some(":/");
        let climbs = path.starts_with("../");
        if !is_absolute && !climbs && self.here == self.root {
            return Cow::Borrowed(path);
        }
        let full = if is_absolute {
            normal(path)
        } else {
            normal(&format!("{}/{path}", self.here))
        };
        full.strip_prefix(self.root.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .map_or(Cow::Borrowed(path), |rest| Cow::Owned(rest.to_owned()))
    }
}

/// Takes `.` and `..` out of an absolute path.
fn normal(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.len() > 1 => {
                parts.pop();
            }
            ".." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The candidate that a misspelt word most likely meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= limit)
        .map(|candidate| (strsim::osa_distance(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `unknown key …`, with the nearest candidate, or all of a few.
pub fn unknown(what: &str, word: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(near) => format!("unknown {what} `{word}`; did you mean `{near}`?"),
        None if candidates.len() <= 12 => {
            format!("unknown {what} `{word}`; expected {}", one_of(candidates))
        }
        None => format!("unknown {what} `{word}`"),
    }
}

fn one_of(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Every key at the top of the file.
pub const KEYS: [&str; 12] = [
    "engine",
    "layout",
    "transaction",
    "exclude",
    "paths",
    "fail-on",
    "baseline",
    "pedantic",
    "suppressions-of",
    "phases",
    "rules",
    "path",
];
const PHASES: [&str; 3] = ["expand", "migrate", "contract"];
const LEVELS: [&str; 5] = ["error", "warning", "info", "on", "off"];
/// Every key of a `[[path]]` section.
pub const SECTION_KEYS: [&str; 4] = ["globs", "rules", "phase", "ignore"];

type Value<'i> = Spanned<DeValue<'i>>;

struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    rules: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn config(&self) -> Result<Config, ConfigError> {
        let text = self.text.strip_prefix('\u{feff}').unwrap_or(self.text);
        let document = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.error(at, error.message())
        })?;
        let mut config = Config {
            file: Some(self.path.to_owned()),
            base: Base::new(self.path),
            ..Config::default()
        };
        for (key, value) in document.get_ref() {
            match key.get_ref().as_ref() {
                "baseline" => config.baseline = Some(self.string(value)?.into()),
                "engine" => config.dialect = Some(self.dialect(value)?),
                "layout" => config.layout = Some(self.layout(value)?),
                "transaction" => config.transaction = Some(self.word(value, "transaction")?),
                "exclude" => config.exclude = self.globs(&[(value, ())])?.set,
                "paths" => {
                    config.paths = self
                        .strings(value)?
                        .into_iter()
                        .map(|(s, _)| s.into())
                        .collect()
                }
                "fail-on" => config.fail_on = Some(self.word(value, "severity")?),
                "pedantic" => config.pedantic = self.bool(value)?,
                "suppressions-of" => config.suppressions_of = self.foreign(value)?,
                "phases" => config.phases = self.phases(value)?,
                "rules" => config.rules = self.levels(value)?,
                "path" => self.sections(value, &mut config)?,
                other => return self.fail(key.span().start, unknown("key", other, &KEYS)),
            }
        }
        Ok(config)
    }

    fn dialect(&self, value: &Value<'_>) -> Result<Dialect, ConfigError> {
        self.string(value)?
            .parse()
            .map_err(|error| self.error(value.span().start, format!("{error}")))
    }

    fn layout(&self, value: &Value<'_>) -> Result<Layout, ConfigError> {
        let word = self.string(value)?;
        Layout::iter().find(|l| l.name() == word).ok_or_else(|| {
            let names: Vec<_> = Layout::iter().map(Layout::name).collect();
            self.error(value.span().start, unknown("layout", word, &names))
        })
    }

    fn foreign(&self, value: &Value<'_>) -> Result<Vec<Foreign>, ConfigError> {
        self.items(value)
            .into_iter()
            .map(|item| self.word(item, "linter"))
            .collect()
    }

    fn phases(&self, value: &Value<'_>) -> Result<Globs<Phase>, ConfigError> {
        let mut globs = Vec::new();
        for (key, value) in self.table(value)? {
            let word = key.get_ref().as_ref();
            let phase = word
                .parse()
                .map_err(|_| self.error(key.span().start, unknown("phase", word, &PHASES)))?;
            globs.push((value, phase));
        }
        globs.sort_by_key(|(_, phase)| *phase);
        self.globs(&globs)
    }

    fn levels(&self, value: &Value<'_>) -> Result<FxHashMap<String, Level>, ConfigError> {
        let mut levels = FxHashMap::default();
        for (key, value) in self.table(value)? {
            let rule = key.get_ref().as_ref();
            if !self.rules.contains(&rule) {
                return self.fail(key.span().start, unknown("rule", rule, self.rules));
            }
            levels.insert(rule.to_owned(), self.level(value)?);
        }
        Ok(levels)
    }

    fn level(&self, value: &Value<'_>) -> Result<Level, ConfigError> {
        Ok(match self.string(value)? {
            "off" => Level::Off,
            "on" => Level::On,
            "error" => Level::As(Severity::Error),
            "warning" => Level::As(Severity::Warning),
            "info" => Level::As(Severity::Info),
            other => return self.fail(value.span().start, unknown("level", other, &LEVELS)),
        })
    }

    fn sections(&self, value: &Value<'_>, config: &mut Config) -> Result<(), ConfigError> {
        let mut globs = Vec::new();
        for (index, item) in self.items(value).into_iter().enumerate() {
            let mut section = Section::default();
            let before = globs.len();
            for (key, value) in self.table(item)? {
                match key.get_ref().as_ref() {
                    "globs" => globs.push((value, index)),
                    "rules" => section.rules = self.levels(value)?,
                    "phase" => section.phase = Some(self.phase(value)?),
                    "ignore" => section.ignore = Some(self.bool(value)?),
                    other => {
                        return self.fail(key.span().start, unknown("key", other, &SECTION_KEYS));
                    }
                }
            }
            if globs.len() == before {
                return self.fail(item.span().start, "`globs` is missing");
            }
            config.by_path.extend(section.rules.keys().cloned());
            config.sections.push(section);
        }
        config.section_globs = self.globs(&globs)?;
        Ok(())
    }

    fn phase(&self, value: &Value<'_>) -> Result<Phase, ConfigError> {
        let word = self.string(value)?;
        word.parse()
            .map_err(|_| self.error(value.span().start, unknown("phase", word, &PHASES)))
    }

    /// Compiles lists of globs, each list with its value.
    fn globs<T: Copy>(&self, lists: &[(&Value<'_>, T)]) -> Result<Globs<T>, ConfigError> {
        let mut set = GlobSetBuilder::new();
        let mut values = Vec::new();
        for (list, value) in lists {
            for (pattern, at) in self.strings(list)? {
                for pattern in spellings(pattern) {
                    let glob = GlobBuilder::new(&pattern)
                        .literal_separator(true)
                        .build()
                        .map_err(|error| self.error(at, format!("{}", error.kind())))?;
                    set.add(glob);
                    values.push(*value);
                }
            }
        }
        let set = set
            .build()
            .map_err(|error| self.error(0, error.to_string()))?;
        Ok(Globs { set, values })
    }

    fn word<T>(&self, value: &Value<'_>, what: &str) -> Result<T, ConfigError>
    where
        T: std::str::FromStr + strum::VariantNames,
    {
        let word = self.string(value)?;
        word.parse()
            .map_err(|_| self.error(value.span().start, unknown(what, word, T::VARIANTS)))
    }

    fn bool(&self, value: &Value<'_>) -> Result<bool, ConfigError> {
        value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.expected(value, "`true` or `false`"))
    }

    fn string<'v>(&self, value: &'v Value<'_>) -> Result<&'v str, ConfigError> {
        value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.expected(value, "a string"))
    }

    fn table<'v, 'i>(&self, value: &'v Value<'i>) -> Result<&'v DeTable<'i>, ConfigError> {
        value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.expected(value, "a table"))
    }

    /// The strings of a list, or one string alone, and where they stand.
    fn strings<'v>(&self, value: &'v Value<'_>) -> Result<Vec<(&'v str, usize)>, ConfigError> {
        self.items(value)
            .into_iter()
            .map(|item| Ok((self.string(item)?, item.span().start)))
            .collect()
    }

    fn items<'v, 'i>(&self, value: &'v Value<'i>) -> Vec<&'v Value<'i>> {
        match value.get_ref().as_array() {
            Some(items) => items.iter().collect(),
            None => vec![value],
        }
    }

    fn expected(&self, value: &Value<'_>, what: &str) -> ConfigError {
        let found = value.get_ref().type_str();
        self.error(
            value.span().start,
            format!("expected {what}, found {found}"),
        )
    }

    fn error(&self, at: usize, message: impl Into<String>) -> ConfigError {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        ConfigError {
            file: self.path.to_string_lossy().replace('\\', "/"),
            line: memchr::memchr_iter(b'\n', before).count() + 1,
            message: message.into(),
        }
    }

    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Result<T, ConfigError> {
        Err(self.error(at, message))
    }
}

/// A glob without a slash matches at any depth, and one that names a folder
/// matches all that is in it.
fn spellings(pattern: &str) -> [String; 2] {
    let trimmed = pattern.trim_end_matches('/');
    let trimmed = trimmed.strip_prefix("./").unwrap_or(trimmed);
    let own = match trimmed.strip_prefix('/') {
        Some(anchored) => anchored.to_owned(),
        None if trimmed.contains('/') => trimmed.to_owned(),
        None => format!("**/{trimmed}"),
    };
    let inside = format!("{own}/**");
    [own, inside]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [&str; 3] = ["drop-column", "drop-table", "char-type"];

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("bowline.toml"), &RULES)
    }

    fn config(text: &str) -> Config {
        parse(text).expect("a config that is right")
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let cases = [
            (
                "\nenigne = \"postgres\"",
                2,
                "unknown key `enigne`; did you mean `engine`?",
            ),
            (
                "fail_on = \"error\"",
                1,
                "unknown key `fail_on`; did you mean `fail-on`?",
            ),
            (
                "[rules]\ndrop-colum = \"off\"",
                2,
                "unknown rule `drop-colum`; did you mean `drop-column`?",
            ),
            (
                "[rules]\ndrop-table = \"eror\"",
                2,
                "unknown level `eror`; did you mean `error`?",
            ),
            (
                "[rules]\ndrop-table = true",
                2,
                "expected a string, found boolean",
            ),
            (
                "engine = \"oracle\"",
                1,
                "unknown engine `oracle`; bowline checks `postgres`",
            ),
            (
                "layout = \"gose\"",
                1,
                "unknown layout `gose`; did you mean `goose`?",
            ),
            (
                "transaction = \"files\"",
                1,
                "unknown transaction `files`; did you mean `file`?",
            ),
            (
                "[phases]\nexpnd = []",
                2,
                "unknown phase `expnd`; did you mean `expand`?",
            ),
            (
                "fail-on = \"fatal\"",
                1,
                "unknown severity `fatal`; expected `error`, `warning`, `info` or `never`",
            ),
            ("[[path]]\nphase = \"expand\"", 1, "`globs` is missing"),
            (
                "[[path]]\nglob = \"a\"",
                2,
                "unknown key `glob`; did you mean `globs`?",
            ),
            (
                "exclude = [\n\"a\",\n\"{b\"]",
                3,
                "unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
            ),
            (
                "suppressions-of = [\"squak\"]",
                1,
                "unknown linter `squak`; did you mean `squawk`?",
            ),
        ];
        for (text, line, message) in cases {
            let error = parse(text).expect_err(text);
            assert_eq!(
                (error.line, error.message.as_str()),
                (line, message),
                "{text}"
            );
        }
        let broken = parse("pedantic = true\nengine = = 1").expect_err("not TOML");
        assert_eq!(broken.line, 2);
        assert!(broken.to_string().starts_with("bowline.toml:2: "));
    }

    #[test]
    fn keys_are_read() {
        let config = config(
            "engine = \"postgres@15\"\nlayout = \"goose\"\ntransaction = \"all-pending\"\npaths = [\"db\"]\nfail-on = \"warning\"\nsuppressions-of = [\"squawk\", \"atlas\"]\n",
        );
        assert_eq!(config.dialect, Some(Dialect::postgres(15)));
        assert_eq!(config.layout, Some(Layout::Goose));
        assert_eq!(config.transaction, Some(Transaction::AllPending));
        assert_eq!(config.paths, ["db"]);
        assert_eq!(config.fail_on, Some(FailOn::Warning));
        assert_eq!(config.suppressions_of, [Foreign::Squawk, Foreign::Atlas]);
    }

    #[test]
    fn the_last_section_that_speaks_of_a_rule_decides() {
        let config = config(
            r#"
            [rules]
            drop-column = "warning"
            char-type = "on"
            [[path]]
            globs = "legacy"
            rules = { drop-column = "off" }
            [[path]]
            globs = ["legacy/new_*.sql"]
            rules = { drop-column = "error", drop-table = "off" }
            "#,
        );
        let level = |rule, path| config.severity(rule, path, Severity::Info, true);
        assert_eq!(level("drop-column", "db/1.sql"), Some(Severity::Warning));
        assert_eq!(level("drop-column", "legacy/1.sql"), None);
        assert_eq!(
            level("drop-column", "./legacy/new_1.sql"),
            Some(Severity::Error)
        );
        assert_eq!(level("drop-table", "legacy/new_1.sql"), None);
        assert_eq!(level("drop-table", "legacy/1.sql"), Some(Severity::Info));
        assert_eq!(
            config.severity("char-type", "x", Severity::Info, false),
            Some(Severity::Info)
        );
        assert!(config.asks_for("char-type") && config.asks_for("drop-column"));
        assert!(!config.asks_for("drop-table"));
        assert!(config.may_report("drop-table", false));
    }

    #[test]
    fn rules_that_are_off_wait_to_be_asked() {
        let quiet = Config::default();
        assert_eq!(
            quiet.severity("char-type", "x", Severity::Info, false),
            None
        );
        assert!(!quiet.may_report("char-type", false));
        let loud = config("pedantic = true");
        assert!(loud.may_report("char-type", false));
        let off = config("pedantic = true\n[rules]\nchar-type = \"off\"");
        assert!(!off.may_report("char-type", false));
    }

    #[test]
    fn phases_and_ignored_files_go_by_path() {
        let config = config(
            r#"
            exclude = ["vendor", "*.down.sql", "/seed/*.sql"]
            [phases]
            contract = "**/contract/*.sql"
            expand = ["db/pre/"]
            [[path]]
            globs = "old"
            ignore = true
            [[path]]
            globs = "old/9*.sql"
            ignore = false
            phase = "migrate"
            "#,
        );
        assert_eq!(config.phase_for("db/pre/1.sql"), Some(Phase::Expand));
        assert_eq!(config.phase_for("contract/1.sql"), Some(Phase::Contract));
        assert_eq!(config.phase_for("old/91.sql"), Some(Phase::Migrate));
        assert_eq!(config.phase_for("db/1.sql"), None);
        for path in ["a/vendor/1.sql", "vendor", "x/1.down.sql", "seed/1.sql"] {
            assert!(config.excludes(path), "{path}");
        }
        for path in ["a/seed/1.sql", "vendors/1.sql", "old/1.sql"] {
            assert!(!config.excludes(path), "{path}");
        }
        assert!(config.ignores("old/1.sql"));
        assert!(!config.ignores("old/91.sql") && !config.ignores("new/1.sql"));
    }

    #[test]
    fn paths_lead_from_the_current_folder_to_the_files() {
        let base = |here: &str, root: &str| Base {
            here: here.into(),
            root: root.into(),
        };
        let cases = [
            ("/r", "/r", "a/1.sql", "a/1.sql"),
            ("/r/db", "/r", "a/1.sql", "db/a/1.sql"),
            ("/r/db", "/r", "../a/1.sql", "a/1.sql"),
            ("/r", "/r/db", "db/1.sql", "1.sql"),
            ("/r", "/r", "/r/a/./1.sql", "a/1.sql"),
            ("/r", "/r", "../x/1.sql", "../x/1.sql"),
            ("/r", "/r", "/rest/1.sql", "/rest/1.sql"),
        ];
        for (here, root, path, expected) in cases {
            assert_eq!(
                base(here, root).relative(path),
                expected,
                "{here} {root} {path}"
            );
        }
    }
}
