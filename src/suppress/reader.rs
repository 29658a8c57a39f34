//! Reads what a comment says, and what it seems to mean where it is misspelt.

use memchr::memmem;
use rustc_hash::FxHashMap;

use super::words::{Word, Words};
use super::{
    Approval, Directives, Ignore, Slip, UNEXPLAINED_SUPPRESSION, UNKNOWN_DIRECTIVE, Vocabulary,
};
use crate::config::nearest;
use crate::source::Span;

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

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) statements: &'a [Span],
    pub(super) vocabulary: &'a Vocabulary<'a>,
    ours: memmem::Finder<'static>,
    /// The line that was looked for last.
    line: Span,
    /// The comment whose statement was looked for last, and the statement.
    last: (Span, Span),
    /// Suggestions that were looked for.
    near: FxHashMap<&'a str, Option<&'a str>>,
    pub(super) out: Directives,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        text: &'a str,
        statements: &'a [Span],
        vocabulary: &'a Vocabulary<'a>,
    ) -> Self {
        Self {
            text,
            statements,
            vocabulary,
            ours: memmem::Finder::new("bowline: ignore"),
            line: Span::default(),
            last: Default::default(),
            near: FxHashMap::default(),
            out: Directives::default(),
        }
    }

    pub(super) fn comment(&mut self, comment: Span) {
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
    pub(super) fn covered(&mut self, comment: Span) -> Span {
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
