//! Directives: comments in SQL that speak to bowline.
//!
//! `-- bowline: ignore drop-column reason="…"` and its kin. A directive begins
//! its comment (in a block comment, its line). One that is misspelt is a
//! finding, because a directive that silently does nothing is worse than none;
//! prose that mentions bowline is left alone.

use memchr::memmem;
use rustc_hash::FxHashMap;

use crate::config::{Foreign, nearest};
use crate::finding::{Confidence, Edit, Finding, Fix, Severity};
use crate::phase::Phase;
use crate::project::SourceId;
use crate::report::Suppressed;
use crate::source::Span;

pub const UNKNOWN_DIRECTIVE: &str = "unknown-directive";
pub const UNEXPLAINED_SUPPRESSION: &str = "unexplained-suppression";
pub const UNUSED_SUPPRESSION: &str = "unused-suppression";

/// What directives may speak of.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'a> {
    /// The ids of all rules.
    pub rules: &'a [&'a str],
    /// Other linters whose comments count.
    pub foreign: &'a [Foreign],
}

/// An `approve` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub what: String,
    pub reason: Option<String>,
    pub by: Option<String>,
    pub ticket: Option<String>,
    pub span: Span,
}

/// An `ignore` or `ignore-file` directive, or another linter's like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The rules and where each is named; empty means every rule, which only
    /// another linter's comment can say.
    pub rules: Vec<(String, Span)>,
    pub file: bool,
    /// The statement, or the whole file; empty where no statement follows.
    pub covers: Span,
    pub reason: Option<String>,
    pub by: Option<String>,
    /// The directive itself.
    pub span: Span,
    /// Whose comment it is, unless it is our own.
    pub foreign: Option<Foreign>,
}

/// A mistake in a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    pub rule: &'static str,
    pub span: Span,
    pub message: String,
    pub help: String,
    /// The word that was probably meant.
    pub meant: Option<String>,
}

impl Slip {
    pub fn finding(self, source: SourceId) -> Finding {
        let fix = self.meant.map(|word| Fix {
            title: format!("Write `{word}`"),
            // A guess, however near.
            safe: false,
            about: self.span,
            edits: vec![Edit {
                source,
                span: self.span,
                text: word,
            }],
        });
        Finding {
            rule: self.rule,
            severity: Severity::Warning,
            confidence: Confidence::High,
            message: self.message,
            help: self.help,
            source,
            span: self.span,
            related: Vec::new(),
            fix,
            fingerprint: String::new(),
        }
    }
}

/// What the comments of one file say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    pub phase: Option<(Phase, Span)>,
    pub approvals: Vec<Approval>,
    pub checkpoint: Option<(String, Span)>,
    pub release: Option<String>,
    pub ignores: Vec<Ignore>,
    pub slips: Vec<Slip>,
}

impl Directives {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Does a directive approve, with a reason, of what cannot be taken back?
    pub fn approves_irreversible(&self) -> bool {
        self.approvals.iter().any(|a| a.reason.is_some())
    }
}

/// Reads the directives of a file. Comments and statements are in the order of
/// the text; a statement's span leaves out its semicolon.
pub fn directives(
    text: &str,
    comments: &[Span],
    statements: &[Span],
    vocabulary: &Vocabulary<'_>,
) -> Directives {
    let mut reader = Reader {
        text,
        statements,
        vocabulary,
        ours: memmem::Finder::new("bowline: ignore"),
        line: Span::default(),
        last: Default::default(),
        near: FxHashMap::default(),
        out: Directives::default(),
    };
    for comment in comments {
        reader.comment(*comment);
    }
    reader.out
}

/// What is left of findings once directives had their say.
#[derive(Debug, Default)]
pub struct Applied {
    pub kept: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    /// `unused-suppression` findings.
    pub unused: Vec<Finding>,
}

/// Takes out the findings that a directive covers: those of a rule that it
/// names, in the same file, that begin within what it covers. `can_report`
/// tells of each rule whether it was on at all; a directive for one that was
/// not is no mistake.
pub fn apply(
    findings: Vec<Finding>,
    directives: &[(SourceId, Directives)],
    can_report: impl Fn(&str) -> bool,
) -> Applied {
    let mut tables: FxHashMap<SourceId, Table<'_>> = directives
        .iter()
        .filter(|(_, directives)| !directives.ignores.is_empty())
        .map(|(source, directives)| (*source, Table::new(&directives.ignores)))
        .collect();
    let mut applied = Applied::default();
    for finding in findings {
        let table = tables.get_mut(&finding.source);
        match table.and_then(|table| table.claim(finding.rule, finding.span.start)) {
            None => applied.kept.push(finding),
            Some(ignore) => applied.suppressed.push(Suppressed {
                finding,
                reason: ignore.reason.clone(),
                by: ignore.by.clone(),
            }),
        }
    }
    for (source, _) in directives {
        if let Some(table) = tables.remove(source) {
            let unused = table.unused(&can_report);
            applied
                .unused
                .extend(unused.map(|slip| slip.finding(*source)));
        }
    }
    applied
}

/// The ignores of a file, one row for each rule that they name, sorted for
/// binary search.
struct Table<'a> {
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    /// Empty for every rule.
    rule: &'a str,
    /// Directives for the whole file sort as if they began at its start.
    file: bool,
    ignore: &'a Ignore,
    named: Span,
    used: bool,
}

impl Row<'_> {
    fn key(&self) -> (&str, bool, u32) {
        (self.rule, self.file, self.ignore.covers.start)
    }
}

impl<'a> Table<'a> {
    fn new(ignores: &'a [Ignore]) -> Self {
        let row = |ignore: &'a Ignore, rule: &'a str, named: Span| Row {
            rule,
            file: ignore.file,
            ignore,
            named,
            used: false,
        };
        let mut rows: Vec<_> = ignores
            .iter()
            .flat_map(|ignore| {
                let every = ignore
                    .rules
                    .is_empty()
                    .then(|| row(ignore, "", ignore.span));
                let named = ignore.rules.iter();
                every
                    .into_iter()
                    .chain(named.map(move |(rule, span)| row(ignore, rule, *span)))
            })
            .collect();
        rows.sort_by(|a, b| a.key().cmp(&b.key()));
        Self { rows }
    }

    /// The directive that covers a rule's finding at a place, from the nearest
    /// to the widest.
    fn claim(&mut self, rule: &str, at: u32) -> Option<&'a Ignore> {
        let found = [(rule, false), ("", false), (rule, true), ("", true)]
            .into_iter()
            .find_map(|(rule, file)| self.find(rule, file, at))?;
        let row = &mut self.rows[found];
        row.used = true;
        Some(row.ignore)
    }

    fn find(&self, rule: &str, file: bool, at: u32) -> Option<usize> {
        let behind = self
            .rows
            .partition_point(|row| row.key() <= (rule, file, at));
        let candidate = self.rows[..behind].last()?;
        if candidate.rule != rule
            || candidate.file != file
            || !(file || candidate.ignore.covers.contains(at))
        {
            return None;
        }
        // Of several for the same statement the first is the one in use.
        let key = candidate.key();
        Some(self.rows.partition_point(|row| row.key() < key))
    }

    fn unused(self, can_report: impl Fn(&str) -> bool) -> impl Iterator<Item = Slip> {
        let mut rows: Vec<_> = self
            .rows
            .into_iter()
            .filter(|row| !row.used && row.ignore.foreign.is_none() && can_report(row.rule))
            .collect();
        rows.sort_by_key(|row| row.named);
        rows.into_iter().map(|row| {
            let place = match (row.file, row.ignore.covers.is_empty()) {
                (true, _) => "in this file",
                (false, true) => "here: no statement follows",
                (false, false) => "in the statement it covers",
            };
            Slip {
                rule: UNUSED_SUPPRESSION,
                span: row.named,
                message: format!("`{}` reports nothing {place}", row.rule),
                help: format!("Remove `{}` from the directive", row.rule),
                meant: None,
            }
        })
    }
}

const VERBS: [&str; 6] = [
    "ignore",
    "ignore-file",
    "phase",
    "approve",
    "checkpoint",
    "release",
];
const KEYS: [&str; 3] = ["reason", "by", "ticket"];
const PHASES: [&str; 3] = ["expand", "migrate", "contract"];
const IRREVERSIBLE: &str = "irreversible";

struct Reader<'a> {
    text: &'a str,
    statements: &'a [Span],
    vocabulary: &'a Vocabulary<'a>,
    ours: memmem::Finder<'static>,
    /// The line that was looked for last.
    line: Span,
    /// The comment whose statement was looked for last, and the statement.
    last: (Span, Span),
    /// Suggestions that were looked for.
    near: FxHashMap<&'a str, Option<&'a str>>,
    out: Directives,
}

impl<'a> Reader<'a> {
    fn comment(&mut self, comment: Span) {
        let body = comment.of(self.text);
        if !body.starts_with("/*") {
            return self.line(comment, comment);
        }
        let end = comment.end - if body.ends_with("*/") { 2 } else { 0 };
        let mut start = comment.start;
        while start < end {
            let rest = Span::new(start, end).of(self.text);
            let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()) as u32;
            self.line(comment, Span::new(start, start + length));
            start += length + 1;
        }
    }

    /// One line of a comment.
    fn line(&mut self, comment: Span, line: Span) {
        let whole = line.of(self.text);
        let body = whole.trim_start_matches(|c: char| c.is_whitespace() || "-#/*!".contains(c));
        let start = line.end - body.len() as u32;
        let body = body.trim_end();
        let span = Span::new(start, start + body.len() as u32);
        match body.as_bytes().first() {
            Some(b'b' | b'B') => self.first_word(comment, span),
            Some(b's') => self.squawk(comment, span),
            Some(b'a') => self.atlas(comment, span),
            _ => {}
        }
        self.misplaced(span);
    }

    fn first_word(&mut self, comment: Span, span: Span) {
        let body = span.of(self.text);
        let length = body.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (name, rest) = body.split_at(length);
        let is_ours = name.eq_ignore_ascii_case("bowline");
        if !is_ours && (name.len() > 10 || nearest(name, ["bowline"]).is_none()) {
            return;
        }
        let arguments = rest.strip_prefix(':');
        match arguments {
            Some(_) if is_ours => {
                let start = span.start + length as u32 + 1;
                self.directive(comment, span, Span::new(start, span.end));
            }
            Some(arguments) => self.misspelt_name(span, name, arguments),
            None => self.missing_colon(span, name, rest),
        }
    }

    /// `bowlin: ignore …`
    fn misspelt_name(&mut self, span: Span, name: &str, arguments: &str) {
        let verb = arguments.split_whitespace().next().unwrap_or("");
        if nearest(verb, VERBS).is_some() {
            let place = Span::new(span.start, span.start + name.len() as u32);
            self.unknown(
                place,
                format!("`{name}:` is not a directive"),
                format!("Did you mean `bowline: {}`?", arguments.trim()),
            );
        }
    }

    /// `bowline ignore …`: a slip only when what follows could not be prose.
    fn missing_colon(&mut self, span: Span, name: &str, rest: &'a str) {
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || ":=,;.-_".contains(c));
        let mut words = rest.split(|c: char| c.is_whitespace() || c == ',');
        let verb = words.next().unwrap_or("");
        let next = words.find(|word| !word.is_empty()).unwrap_or("");
        let names_rule = next.contains('-') && self.nearest_rule(next).is_some();
        let meant = match verb {
            "ignore" | "ignore-file" => names_rule || next.starts_with("reason="),
            "phase" => PHASES.contains(&next),
            "approve" => next == IRREVERSIBLE,
            "checkpoint" => next.starts_with('"'),
            "release" => {
                next.starts_with(|c: char| c.is_ascii_digit())
                    && rest.split_whitespace().count() == 2
            }
            _ => false,
        };
        if meant {
            let place = Span::new(span.start, span.start + name.len() as u32);
            self.unknown(
                place,
                format!("`{name} {verb}` is not a directive"),
                format!("Write `bowline: {rest}`"),
            );
        }
    }

    /// The rule that a word may have meant. A file with more unknown words
    /// than this is no longer one of typos.
    fn nearest_rule(&mut self, word: &'a str) -> Option<&'a str> {
        const TYPOS: usize = 100;
        if let Some(known) = self.near.get(word) {
            return *known;
        }
        if self.near.len() == TYPOS {
            return None;
        }
        let near = nearest(word, self.vocabulary.rules.iter().copied());
        self.near.insert(word, near);
        near
    }

    /// A directive in the middle of a comment does nothing.
    fn misplaced(&mut self, span: Span) {
        let body = span.of(self.text);
        let mut places = self.ours.find_iter(body.as_bytes()).filter(|at| *at > 0);
        let Some(at) = places.next() else {
            return;
        };
        let rest = body[at..].trim_start_matches("bowline: ignore");
        let rest = rest.strip_prefix("-file").unwrap_or(rest);
        let rule = rest
            .split(|c: char| c.is_whitespace() || c == ',')
            .find(|word| !word.is_empty())
            .unwrap_or("");
        let is_quoted = body[..at].ends_with(['`', '"', '\'']);
        if !is_quoted && self.vocabulary.rules.contains(&rule) {
            let start = span.start + at as u32;
            self.unknown(
                Span::new(start, start + "bowline".len() as u32),
                "a directive in the middle of a comment has no effect".into(),
                "Begin a comment of its own with it".into(),
            );
        }
    }

    /// `arguments` is what follows the colon.
    fn directive(&mut self, comment: Span, span: Span, arguments: Span) {
        let mut words = Words::new(self.text, arguments);
        let Some(verb) = words.next_bare() else {
            return self.unknown(
                span,
                "the directive says nothing".into(),
                format!("Use one of `{}`", VERBS.join("`, `")),
            );
        };
        match verb.of(self.text) {
            "ignore" => self.ignore(comment, span, words, false),
            "ignore-file" => self.ignore(comment, span, words, true),
            "phase" => self.phase(span, words),
            "approve" => self.approve(span, words),
            "checkpoint" => self.checkpoint(span, words),
            "release" => self.release(span, words),
            other => {
                let near = nearest(other, VERBS);
                let message = format!("unknown directive `{other}`");
                self.unknown_word(verb, message, near, || {
                    format!("Use one of `{}`", VERBS.join("`, `"))
                });
            }
        }
    }

    fn ignore(&mut self, comment: Span, span: Span, words: Words<'_>, file: bool) {
        let mut said = self.arguments(words);
        let known = &self.vocabulary.rules;
        let (rules, strange): (Vec<_>, Vec<_>) = std::mem::take(&mut said.words)
            .into_iter()
            .partition(|word| known.contains(&word.of(self.text)));
        self.unknown_rules(&strange, said.reason.is_none());
        if rules.is_empty() {
            if strange.is_empty() {
                self.unknown(
                    span,
                    "the directive names no rule".into(),
                    "Name the rules that it is for, as in `ignore drop-column`".into(),
                );
            }
            return;
        }
        if said.reason.is_none() {
            let first = rules.first().map_or("", |rule| rule.of(self.text));
            self.unexplained(
                span,
                format!("`{first}` is ignored without a reason"),
                "Add `reason=\"…\"`: say why it is safe here".into(),
            );
        }
        let covers = if file {
            Span::new(0, self.text.len() as u32)
        } else {
            self.covered(comment)
        };
        let rules = rules
            .into_iter()
            .map(|rule| (rule.of(self.text).to_owned(), rule))
            .collect();
        self.out.ignores.push(Ignore {
            rules,
            file,
            covers,
            reason: said.reason,
            by: said.by,
            span,
            foreign: None,
        });
    }

    /// Words that are near a rule's name are told one by one; a run of others
    /// is a reason without its key.
    fn unknown_rules(&mut self, words: &[Span], could_be_reason: bool) {
        let mut prose: Option<Span> = None;
        for word in words {
            let name = word.of(self.text);
            match self.nearest_rule(name) {
                Some(near) => {
                    let message = format!("unknown rule `{name}`");
                    self.unknown_word(*word, message, Some(near), String::new);
                }
                None => prose = Some(prose.map_or(*word, |before| before.to(*word))),
            }
        }
        let Some(prose) = prose else {
            return;
        };
        let text = prose.of(self.text);
        let help = if could_be_reason && text.contains(char::is_whitespace) {
            format!("If it is the reason, write `reason=\"{text}\"`")
        } else {
            "`bowline rules` lists all rules".into()
        };
        self.unknown(prose, format!("unknown rule `{text}`"), help);
    }

    fn phase(&mut self, span: Span, words: Words<'_>) {
        let said = self.arguments(words);
        let Some(word) = said.words.first() else {
            return self.unknown(
                span,
                "the directive names no phase".into(),
                "Say `expand`, `migrate` or `contract`".into(),
            );
        };
        let name = word.of(self.text);
        match name.parse() {
            Err(_) => {
                let message = format!("unknown phase `{name}`");
                self.unknown_word(*word, message, nearest(name, PHASES), || {
                    "Say `expand`, `migrate` or `contract`".into()
                });
            }
            Ok(phase) => match self.out.phase {
                Some((first, _)) if first != phase => self.unknown(
                    *word,
                    format!("the file already declares the phase `{}`", first.name()),
                    "Declare one phase, and move the rest to a migration of its own".into(),
                ),
                Some(_) => {}
                None => self.out.phase = Some((phase, span)),
            },
        }
        self.too_many(&said.words[1..]);
    }

    fn approve(&mut self, span: Span, words: Words<'_>) {
        let said = self.arguments(words);
        let what = said.words.first().map_or("", |word| word.of(self.text));
        if what != IRREVERSIBLE {
            let place = said.words.first().copied().unwrap_or(span);
            let message = match what {
                "" => "the directive does not say what it approves".into(),
                _ => format!("`{what}` is nothing that can be approved"),
            };
            let near = nearest(what, [IRREVERSIBLE]);
            return self.unknown_word(place, message, near, || {
                "Write `approve irreversible reason=\"…\"`".into()
            });
        }
        self.too_many(&said.words[1..]);
        if said.reason.is_none() {
            self.unexplained(
                span,
                "the approval gives no reason".into(),
                "Add `reason=\"…\"`: say why it may never be taken back".into(),
            );
        }
        self.out.approvals.push(Approval {
            what: what.to_owned(),
            reason: said.reason,
            by: said.by,
            ticket: said.ticket,
            span,
        });
    }

    fn checkpoint(&mut self, span: Span, words: Words<'_>) {
        let said = self.arguments(words);
        let bare = said.words.first().zip(said.words.last());
        if let Some((first, last)) = bare {
            let words = first.to(*last);
            self.unknown(
                words,
                "the checkpoint's description has no quotes".into(),
                format!("Write `checkpoint \"{}\"`", words.of(self.text)),
            );
        }
        let text = said
            .quoted
            .or(said.reason)
            .or_else(|| bare.map(|(first, last)| first.to(*last).of(self.text).to_owned()));
        match text {
            Some(text) => self.out.checkpoint = Some((text, span)),
            None => self.unexplained(
                span,
                "the checkpoint does not say what it is".into(),
                "Name the backup or restore point, as in `checkpoint \"snapshot before deploy\"`"
                    .into(),
            ),
        }
    }

    fn release(&mut self, span: Span, words: Words<'_>) {
        let said = self.arguments(words);
        let name = said
            .quoted
            .or_else(|| said.words.first().map(|word| word.of(self.text).to_owned()));
        self.too_many(said.words.get(1..).unwrap_or_default());
        match name {
            Some(name) => self.out.release = Some(name),
            None => self.unknown(
                span,
                "the directive names no release".into(),
                "Name it, as in `release 1.4`".into(),
            ),
        }
    }

    fn arguments(&mut self, words: Words<'_>) -> Said {
        let mut said = Said::default();
        let mut unquoted: Option<Span> = None;
        for word in words {
            match word {
                Word::Bare(span) => match &mut unquoted {
                    Some(value) => value.end = span.end,
                    None => said.words.push(span),
                },
                Word::Quoted(span) => said.quoted = non_empty(span.of(self.text)),
                Word::Pair { key, value, quoted } => {
                    self.missing_quotes(unquoted.take(), &mut said);
                    if !said.set(key.of(self.text), value.of(self.text)) {
                        self.unknown_key(key);
                    }
                    if !quoted {
                        unquoted = Some(key.to(value));
                    }
                }
                Word::Unclosed { key, value } => {
                    if let Some(key) = key {
                        said.set(key.of(self.text), value.of(self.text));
                    }
                    self.unknown(
                        value,
                        "a quote is not closed".into(),
                        "Close it on the same line".into(),
                    );
                }
            }
        }
        self.missing_quotes(unquoted, &mut said);
        said
    }

    /// `reason=we need it`: the words behind the first belong to the value.
    fn missing_quotes(&mut self, pair: Option<Span>, said: &mut Said) {
        let Some(pair) = pair else {
            return;
        };
        let Some((key, value)) = pair.of(self.text).split_once('=') else {
            return;
        };
        if value.contains(char::is_whitespace) && said.set(key, value) {
            self.unknown(
                pair,
                format!("the value of `{key}` has no quotes"),
                format!("Write `{key}=\"{value}\"`"),
            );
        }
    }

    fn unknown_key(&mut self, key: Span) {
        let name = key.of(self.text);
        let message = format!("unknown key `{name}`");
        self.unknown_word(key, message, nearest(name, KEYS), || {
            format!("Use `{}`", KEYS.join("`, `"))
        });
    }

    fn too_many(&mut self, words: &[Span]) {
        if let Some(word) = words.first() {
            self.unknown(
                *word,
                format!("`{}` is one word too many", word.of(self.text)),
                "Put explanations in `reason=\"…\"`".into(),
            );
        }
    }

    /// Something that is nearly a word, or else is helped by `help`.
    fn unknown_word(
        &mut self,
        span: Span,
        message: String,
        near: Option<&str>,
        help: impl FnOnce() -> String,
    ) {
        let asked = near.map(|near| format!("Did you mean `{near}`?"));
        self.unknown(span, message, asked.unwrap_or_else(help));
        if let Some(slip) = self.out.slips.last_mut() {
            slip.meant = near.map(str::to_owned);
        }
    }

    fn unknown(&mut self, span: Span, message: String, help: String) {
        self.slip(UNKNOWN_DIRECTIVE, span, message, help);
    }

    fn unexplained(&mut self, span: Span, message: String, help: String) {
        self.slip(UNEXPLAINED_SUPPRESSION, span, message, help);
    }

    fn slip(&mut self, rule: &'static str, span: Span, message: String, help: String) {
        self.out.slips.push(Slip {
            rule,
            span,
            message: brief(message),
            help: brief(help),
            meant: None,
        });
    }

    /// The statement that a comment is about: the one that it stands in, the
    /// one that ends on its line, or the next.
    fn covered(&mut self, comment: Span) -> Span {
        if self.last.0 != comment {
            self.last = (comment, self.statement_of(comment));
        }
        self.last.1
    }

    fn statement_of(&mut self, comment: Span) -> Span {
        let next = self.statements.partition_point(|s| s.start < comment.start);
        let following = self.statements.get(next).copied();
        let line_start = self.line_around(comment.start).start;
        let line_end = self.line_around(comment.end).end;
        if let Some(before) = next.checked_sub(1).map(|index| self.statements[index]) {
            let follows_on_line = following.is_some_and(|s| s.start < line_end);
            if before.end >= comment.end || (before.end > line_start && !follows_on_line) {
                return before;
            }
        }
        following.unwrap_or(Span::new(comment.end, comment.end))
    }

    /// The line that holds a place. Places come in order, so that all lines
    /// are searched once.
    fn line_around(&mut self, at: u32) -> Span {
        if at >= self.line.end {
            let bytes = self.text.as_bytes();
            let (from, at) = (self.line.end as usize, at as usize);
            let back = memchr::memrchr(b'\n', &bytes[from..at]);
            let ahead = memchr::memchr(b'\n', &bytes[at..]);
            self.line = Span::new(
                back.map_or(from, |back| from + back + 1) as u32,
                ahead.map_or(bytes.len() + 1, |ahead| at + ahead + 1) as u32,
            );
        }
        self.line
    }

    /// `squawk-ignore a, b` and `squawk-ignore-file [a]`
    fn squawk(&mut self, comment: Span, span: Span) {
        let Some(rest) = self.foreign(Foreign::Squawk, span, "squawk-ignore") else {
            return;
        };
        let (file, names) = match rest.of(self.text).strip_prefix("-file") {
            Some(names) => (true, names),
            None => (false, rest.of(self.text)),
        };
        let rules = ours(names, span, squawk_rule);
        if rules.is_empty() && !(file && names.trim().is_empty()) {
            return;
        }
        self.push_foreign(Foreign::Squawk, comment, span, rules, file);
    }

    /// `atlas:nolint [classes or codes]`; above an empty line at the top of
    /// the file it is for all of it.
    fn atlas(&mut self, comment: Span, span: Span) {
        let Some(rest) = self.foreign(Foreign::Atlas, span, "atlas:nolint") else {
            return;
        };
        let names = rest.of(self.text);
        let rules = ours(names, span, atlas_rule);
        if rules.is_empty() && !names.trim().is_empty() {
            return;
        }
        let below = &self.text[comment.end as usize..];
        let mut lines = below
            .lines()
            .skip(usize::from(below.starts_with(['\n', '\r'])));
        let first = self.statements.first();
        let is_header = first.is_none_or(|first| comment.end <= first.start)
            && lines.next().is_some_and(|line| line.trim().is_empty());
        self.push_foreign(Foreign::Atlas, comment, span, rules, is_header);
    }

    /// What follows another linter's keyword, where its comments count.
    fn foreign(&self, whose: Foreign, span: Span, keyword: &str) -> Option<Span> {
        if !self.vocabulary.foreign.contains(&whose) {
            return None;
        }
        let rest = span.of(self.text).strip_prefix(keyword)?;
        Some(Span::new(span.end - rest.len() as u32, span.end))
    }

    fn push_foreign(
        &mut self,
        whose: Foreign,
        comment: Span,
        span: Span,
        rules: Vec<(String, Span)>,
        file: bool,
    ) {
        let covers = if file {
            Span::new(0, self.text.len() as u32)
        } else {
            self.covered(comment)
        };
        self.out.ignores.push(Ignore {
            rules,
            file,
            covers,
            reason: None,
            by: None,
            span,
            foreign: Some(whose),
        });
    }
}

fn ours(
    names: &str,
    span: Span,
    translate: fn(&str) -> &'static [&'static str],
) -> Vec<(String, Span)> {
    names
        .split(|c: char| c.is_whitespace() || c == ',')
        .flat_map(translate)
        .map(|rule| ((*rule).to_owned(), span))
        .collect()
}

/// What the arguments of a directive said.
#[derive(Default)]
struct Said {
    words: Vec<Span>,
    quoted: Option<String>,
    reason: Option<String>,
    by: Option<String>,
    ticket: Option<String>,
}

impl Said {
    fn set(&mut self, key: &str, value: &str) -> bool {
        let slot = match key {
            "reason" => &mut self.reason,
            "by" => &mut self.by,
            "ticket" => &mut self.ticket,
            _ => return false,
        };
        *slot = non_empty(value);
        true
    }
}

/// A message of bearable length, whatever it quotes.
fn brief(mut text: String) -> String {
    const LONGEST: usize = 240;
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Dots are a place to fill in, and say nothing yet.
fn non_empty(text: &str) -> Option<String> {
    let text = text.trim();
    let says_nothing = text.chars().all(|c| matches!(c, '.' | '…'));
    (!says_nothing).then(|| text.to_owned())
}

/// A piece of a directive; spans leave out quotes.
enum Word {
    Bare(Span),
    Quoted(Span),
    Pair {
        key: Span,
        value: Span,
        quoted: bool,
    },
    /// A quote that nothing closes, and the key before it.
    Unclosed {
        key: Option<Span>,
        value: Span,
    },
}

/// The pieces of a directive, separated by blanks and commas.
struct Words<'a> {
    text: &'a str,
    at: u32,
    end: u32,
}

impl<'a> Words<'a> {
    fn new(text: &'a str, span: Span) -> Self {
        Self {
            text,
            at: span.start,
            end: span.end,
        }
    }

    fn rest(&self) -> &'a str {
        Span::new(self.at, self.end).of(self.text)
    }

    fn next_bare(&mut self) -> Option<Span> {
        match self.next()? {
            Word::Bare(span) => Some(span),
            _ => None,
        }
    }

    /// Takes the characters up to the first that is not wanted.
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> Span {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length as u32;
        Span::new(start, self.at)
    }

    /// The text behind an opening quote, `Err` when none closes it.
    fn quoted(&mut self) -> Option<Result<Span, Span>> {
        let quote = self.rest().chars().next().filter(|c| "\"'".contains(*c))?;
        self.at += 1;
        let value = self.take(|c| c != quote);
        if self.at == self.end {
            return Some(Err(value));
        }
        self.at += 1;
        Some(Ok(value))
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        self.take(|c| c.is_whitespace() || c == ',');
        if self.at >= self.end {
            return None;
        }
        if let Some(quoted) = self.quoted() {
            return Some(match quoted {
                Ok(span) => Word::Quoted(span),
                Err(value) => Word::Unclosed { key: None, value },
            });
        }
        let word = self.take(|c| !c.is_whitespace() && c != ',' && c != '=');
        if !self.rest().starts_with('=') {
            return Some(Word::Bare(word));
        }
        self.at += 1;
        let pair = |value, quoted| Word::Pair {
            key: word,
            value,
            quoted,
        };
        Some(match self.quoted() {
            Some(Ok(value)) => pair(value, true),
            Some(Err(value)) => Word::Unclosed {
                key: Some(word),
                value,
            },
            None => pair(self.take(|c| !c.is_whitespace()), false),
        })
    }
}

/// What squawk's rules are called here, where the meaning is the same.
fn squawk_rule(name: &str) -> &'static [&'static str] {
    match name {
        "adding-field-with-default" => &["volatile-default-rewrite", "default-rewrite"],
        "adding-foreign-key-constraint" => &["add-foreign-key", "add-foreign-key-scan"],
        "adding-not-nullable-field" => &["set-not-null", "set-not-null-scan"],
        "adding-required-field" => &["add-column-not-null"],
        "adding-serial-primary-key-field" => &["add-primary-key-blocking", "serial-column-rewrite"],
        "ban-alter-domain-with-add-constraint" => &["domain-check-scan"],
        "ban-char-field" => &["char-type"],
        "ban-concurrent-index-creation-in-transaction" => &["nontransactional-in-transaction"],
        "ban-drop-column" => &["drop-column"],
        "ban-drop-database" => &["drop-database"],
        "ban-drop-not-null" => &["drop-not-null"],
        "ban-drop-table" => &["drop-table"],
        "ban-truncate-cascade" => &["truncate"],
        "changing-column-type" => &["change-column-type", "type-change-rewrite"],
        "constraint-missing-not-valid" => &["add-check-scan", "add-foreign-key-scan"],
        "disallowed-unique-constraint" => &["add-unique", "add-unique-blocking"],
        "prefer-big-int" | "prefer-bigint-over-int" | "prefer-bigint-over-smallint" => {
            &["short-integer-key"]
        }
        "prefer-identity" => &["serial-instead-of-identity"],
        "prefer-robust-stmts" => &["not-rerunnable"],
        "prefer-text-field" => &["varchar-limit"],
        "prefer-timestamp-tz" | "prefer-timestamptz" => &["timestamp-without-zone"],
        "renaming-column" => &["rename-column"],
        "renaming-table" => &["rename-table"],
        "require-concurrent-index-creation" => &["create-index-blocking"],
        "require-concurrent-index-deletion" => &["drop-index-blocking"],
        "require-timeout-settings" => &["missing-lock-timeout", "missing-statement-timeout"],
        "transaction-nesting" => &["transaction-control"],
        _ => &[],
    }
}

/// What Atlas's classes and codes are called here.
fn atlas_rule(name: &str) -> &'static [&'static str] {
    match name {
        "destructive" => &["drop-schema", "drop-table", "drop-column"],
        "DS101" => &["drop-schema"],
        "DS102" => &["drop-table"],
        "DS103" => &["drop-column"],
        "MF101" | "MF102" => &["add-unique"],
        "MF103" => &["add-column-not-null"],
        "MF104" => &["set-not-null"],
        "data_depend" => &["add-unique", "add-column-not-null", "set-not-null"],
        "BC101" => &["rename-table"],
        "BC102" => &["rename-column"],
        "incompatible" => &["rename-table", "rename-column"],
        "CD101" => &["drop-constraint"],
        "PG101" => &["create-index-blocking"],
        "PG102" => &["drop-index-blocking"],
        "PG103" => &["nontransactional-in-transaction"],
        "concurrent_index" => &[
            "create-index-blocking",
            "drop-index-blocking",
            "nontransactional-in-transaction",
        ],
        "PG301" => &["type-change-rewrite"],
        "PG302" => &["volatile-default-rewrite"],
        "PG303" => &["set-not-null-scan"],
        "PG304" => &["add-primary-key-blocking"],
        "PG305" => &["add-check-scan"],
        "PG306" => &["add-foreign-key-scan"],
        "PG307" => &["add-unique-blocking"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::{SplitOptions, split};

    const RULES: [&str; 5] = [
        "drop-column",
        "drop-table",
        "truncate",
        "create-index-blocking",
        "set-not-null",
    ];

    fn read(text: &str) -> Directives {
        let range = Span::new(0, text.len() as u32);
        let split = split(text, range, SplitOptions::default());
        let statements: Vec<_> = split.statements.iter().map(|s| s.span).collect();
        let vocabulary = Vocabulary {
            rules: &RULES,
            foreign: &[Foreign::Squawk, Foreign::Atlas],
        };
        directives(text, &split.comments, &statements, &vocabulary)
    }

    fn slips(text: &str) -> Vec<String> {
        read(text)
            .slips
            .iter()
            .map(|s| {
                format!(
                    "{} at `{}`: {}; {}",
                    s.rule,
                    s.span.of(text),
                    s.message,
                    s.help
                )
            })
            .collect()
    }

    /// Findings at each occurrence of `@rule`, written in the SQL itself.
    fn outcome(text: &str) -> (Vec<&str>, Vec<String>, Vec<String>) {
        let findings = text.match_indices('@').map(|(at, _)| {
            let name = text[at + 1..]
                .split(|c: char| !c.is_alphabetic() && c != '-')
                .next();
            let rule = RULES.iter().find(|rule| Some(**rule) == name);
            Finding {
                rule: rule.expect("a rule"),
                ..Slip {
                    rule: "",
                    span: Span::new(at as u32, at as u32 + 1),
                    message: String::new(),
                    help: String::new(),
                    meant: None,
                }
                .finding(0)
            }
        });
        let applied = apply(findings.collect(), &[(0, read(text))], |_| true);
        (
            applied.kept.iter().map(|f| f.rule).collect(),
            applied
                .suppressed
                .iter()
                .map(|s| {
                    format!(
                        "{} ({})",
                        s.finding.rule,
                        s.reason.as_deref().unwrap_or("-")
                    )
                })
                .collect(),
            applied.unused.into_iter().map(|f| f.message).collect(),
        )
    }

    #[test]
    fn directives_are_read() {
        let text = "-- Bowline: phase contract\n/* bowline: approve irreversible reason=\"unused since 1.3\" by=ann ticket='OPS-7'\n * bowline: checkpoint \"snapshot\"\n */\n-- bowline:release 1.4\nSELECT 1;";
        let read = read(text);
        assert_eq!(read.slips, []);
        assert_eq!(read.phase.map(|(phase, _)| phase), Some(Phase::Contract));
        assert_eq!(read.release.as_deref(), Some("1.4"));
        assert_eq!(read.checkpoint.map(|c| c.0).as_deref(), Some("snapshot"));
        let approval = &read.approvals[0];
        assert_eq!(approval.reason.as_deref(), Some("unused since 1.3"));
        assert_eq!(approval.by.as_deref(), Some("ann"));
        assert_eq!(approval.ticket.as_deref(), Some("OPS-7"));
        assert!(approval.span.of(text).ends_with("ticket='OPS-7'"));
    }

    #[test]
    fn an_ignore_covers_one_statement_or_the_file() {
        type Case = (
            &'static str,
            &'static [&'static str],
            &'static [&'static str],
            usize,
        );
        let cases: [Case; 10] = [
            (
                "-- bowline: ignore drop-column reason=\"r\"\nA @drop-column;\nB @drop-column;",
                &["drop-column"],
                &["drop-column (r)"],
                0,
            ),
            (
                "-- bowline: ignore drop-column, drop-table reason=\"r\"\n\n-- why\n/* x */ A @drop-column @drop-table @truncate;",
                &["truncate"],
                &["drop-column (r)", "drop-table (r)"],
                0,
            ),
            (
                "A @drop-table; -- bowline: ignore drop-table reason=\"r\"\nB @drop-table;",
                &["drop-table"],
                &["drop-table (r)"],
                0,
            ),
            (
                "A @drop-table -- bowline: ignore drop-table reason=\"r\"\n;B;",
                &[],
                &["drop-table (r)"],
                0,
            ),
            (
                "A\n-- bowline: ignore drop-table reason=\"r\"\n, @drop-table;",
                &[],
                &["drop-table (r)"],
                0,
            ),
            (
                "A; /* bowline: ignore drop-table reason='r' */ B @drop-table;",
                &[],
                &["drop-table (r)"],
                0,
            ),
            (
                "A @truncate;\n-- bowline: ignore-file truncate reason=\"r\"\nB @truncate;",
                &[],
                &["truncate (r)", "truncate (r)"],
                0,
            ),
            (
                "-- bowline: ignore drop-table, truncate reason=\"r\"\nA @truncate;",
                &[],
                &["truncate (r)"],
                1,
            ),
            (
                "A @truncate;\n-- bowline: ignore truncate reason=\"r\"\n",
                &["truncate"],
                &[],
                1,
            ),
            (
                "-- bowline: ignore truncate reason=\"1\"\n-- bowline: ignore truncate reason=\"2\"\nA @truncate;",
                &[],
                &["truncate (1)"],
                1,
            ),
        ];
        for (text, kept, suppressed, unused) in cases {
            let outcome = outcome(text);
            assert_eq!(outcome.0, kept, "{text}");
            assert_eq!(outcome.1, suppressed, "{text}");
            assert_eq!(outcome.2.len(), unused, "{text}: {:?}", outcome.2);
            assert_eq!(slips(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn other_linters_comments_count_where_asked_for() {
        let cases: [(&str, &[&str]); 7] = [
            (
                "-- squawk-ignore ban-drop-column, ban-drop-table\nA @drop-column @drop-table;B @drop-column;",
                &["drop-column"],
            ),
            (
                "-- squawk-ignore prefer-robust-stmts\nA @drop-column;",
                &["drop-column"],
            ),
            ("-- squawk-ignore-file\nA; B @drop-column;", &[]),
            (
                "-- squawk-ignore-file ban-drop-table\nA; B @drop-column @drop-table;",
                &["drop-column"],
            ),
            (
                "-- atlas:nolint DS103\nA @drop-column @drop-table;",
                &["drop-table"],
            ),
            (
                "-- atlas:nolint\nA @drop-column;\nB @drop-column;",
                &["drop-column"],
            ),
            (
                "-- atlas:nolint destructive\n\nA @drop-column;\nB @drop-column @truncate;",
                &["truncate"],
            ),
        ];
        for (text, kept) in cases {
            let outcome = outcome(text);
            assert_eq!(outcome.0, kept, "{text}");
            assert_eq!(outcome.2, [""; 0], "{text}");
        }
    }

    #[test]
    fn slips_are_found() {
        let cases = [
            "-- bowlin: ignore drop-column reason=\"r\"",
            "-- bowline ignore drop-column reason=\"r\"",
            "-- bowline-ignore drop-column",
            "-- bowline phase contract",
            "-- bowline: ingore drop-column",
            "-- bowline: this goes away soon",
            "-- bowline:",
            "-- bowline: ignore drop-colum reason=\"r\"",
            "-- bowline: ignore drop-column because nobody reads it",
            "-- bowline: ignore drop-column reason=nobody reads it by=ann",
            "-- bowline: ignore drop-column reason=\"nobody",
            "-- bowline: ignore drop-column raeson=\"r\"",
            "-- bowline: ignore reason=\"r\"",
            "-- bowline: ignore drop-column",
            "-- bowline: ignore drop-column reason=\"\"",
            "-- bowline: phase contrct",
            "-- bowline: phase",
            "-- bowline: phase expand\n-- bowline: phase contract",
            "-- bowline: phase expand first",
            "-- bowline: approve",
            "-- bowline: approve ireversible reason=\"r\"",
            "-- bowline: approve irreversible",
            "-- bowline: checkpoint",
            "-- bowline: checkpoint nightly dump",
            "-- bowline: release",
            "-- dead since 1.3, bowline: ignore drop-column reason=\"r\"",
        ];
        let shown: Vec<_> = cases
            .iter()
            .map(|case| {
                let text = format!("{case}\nSELECT 1;");
                format!("{case}\n    {}", slips(&text).join("\n    "))
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    #[test]
    fn prose_is_left_alone() {
        let cases = [
            "-- bowline reports this, see #12",
            "-- Bowline ignores this column",
            "-- bowline ignore list is kept elsewhere",
            "-- bowline release notes say 1.4",
            "-- bowline phase detection is too eager here",
            "-- the bowline: ignore directive does not work here",
            "-- as in `bowline: ignore drop-column`",
            "-- boolean: phase of the order",
            "-- baseline: release 3",
            "-- bowling: alleys",
            "/* a knot\n   called bowline */",
            "-- squawk-ignorance\n-- atlas:txmode none",
        ];
        for case in cases {
            let read = read(&format!("{case}\nSELECT 1;"));
            assert!(read.is_empty(), "{case}: {read:?}");
        }
    }
}
