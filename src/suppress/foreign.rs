//! The comments of other linters, where the configuration lets them count.

use super::Ignore;
use super::reader::Reader;
use crate::config::Foreign;
use crate::source::Span;

impl Reader<'_> {
    /// `squawk-ignore a, b` and `squawk-ignore-file [a]`
    pub(super) fn squawk(&mut self, comment: Span, span: Span) {
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
    pub(super) fn atlas(&mut self, comment: Span, span: Span) {
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
